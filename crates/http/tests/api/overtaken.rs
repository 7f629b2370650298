//! Calls that wait for another one, and then find something else than they looked for: they look once more. On SQLite one writes at a time, and
//! looks for the first time when the other is done.

use crate::kit::data;
use crate::relied_on::{begun, call, meanwhile};
use crate::samples::unique;
use firma_auth::access::Create;
use firma_domain::crm::Company;
use firma_services::crud;
use firma_services::identity::erase_person;
use firma_testing::{Firm, on_each};
use serde_json::json;

#[test]
fn an_upsert_finds_the_row_that_was_made_at_once() {
    on_each(|server| {
        let firm = Firm::new(server);
        let other = firm
            .owner
            .post(&firm.at("companies"), json!({"name": "other"}))
            .id();
        let make = call(&firm, firm.owner_id, |work| {
            let grant = work.grant::<Company, Create>()?;
            let value = json!({"name": "first", "external_id": "x"});
            crud::create(work, grant, value).map(drop)
        });
        let making = begun::<Company>(&firm, firm.owner_id, other.parse().unwrap(), make);
        let (made, upserted) = meanwhile(server, making, || {
            let second = json!([{"op": "upsert", "value": {"name": "second", "external_id": "x"}}]);
            let body = json!({"operations": second});
            firm.owner
                .post_once(&firm.at("companies/bulk?atomic=false"), &unique(), body)
        });
        made.unwrap();
        let done = upserted.expect(207);
        let result = &done["results"][0];
        assert_eq!((&result["status"], &result["version"]), (&json!(200), &json!(2)));
        let companies = data(&firm.owner.get(&firm.at("companies?external_id=x")).expect(200));
        assert_eq!(companies.len(), 1);
        assert_eq!(companies[0]["name"], "second");
    });
}

#[test]
fn who_is_added_as_they_are_erased_is_another_person() {
    on_each(|server| {
        let firm = Firm::new(server);
        let email = format!("{}@x.example", unique());
        let before = Firm::user(server, &email);
        let (erased, added) = meanwhile(server, Box::new(move |tx| erase_person(tx, before, "en")), || {
            firm.owner
                .post(&firm.at("members"), json!({"email": email, "name": "New"}))
        });
        erased.unwrap();
        let added = added.expect(201);
        assert_ne!(added["id"], json!(before));
        assert_eq!(added["name"], "New");
        let members = data(&firm.owner.get(&firm.at("members")).expect(200));
        assert!(members.iter().all(|member| member["id"] != json!(before)));
    });
}

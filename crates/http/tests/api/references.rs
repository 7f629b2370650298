//! Ids inside bodies: another organization's is answered as one that names nothing.

use crate::samples::{Place, bare, nothing, unique};
use firma_http::operations;
use firma_testing::{Answer, on_each};
use serde_json::{Value, json};

/// Collection, what makes one, the field, and what it refers to.
pub(crate) const REFERENCES: [(&str, &str, &str, &str); 18] = [
    ("team-members", "create_team_member", "team_id", "teams"),
    ("team-members", "create_team_member", "user_id", "members"),
    ("role-assignments", "create_role_assignment", "user_id", "members"),
    ("companies", "create_company", "parent_id", "companies"),
    ("companies", "create_company", "owner_id", "members"),
    ("stages", "create_stage", "pipeline_id", "pipelines"),
    ("deals", "create_deal", "company_id", "companies"),
    ("deals", "create_deal", "owner_id", "members"),
    ("deals", "create_deal", "pipeline_id", "pipelines"),
    ("deals", "create_deal", "stage_id", "stages"),
    ("contacts", "create_contact", "company_id", "companies"),
    ("contacts", "create_contact", "owner_id", "members"),
    ("deal-contacts", "create_deal_contact", "deal_id", "deals"),
    ("deal-contacts", "create_deal_contact", "contact_id", "contacts"),
    ("activities", "create_activity", "company_id", "companies"),
    ("activities", "create_activity", "contact_id", "contacts"),
    ("activities", "create_activity", "deal_id", "deals"),
    ("activities", "create_activity", "owner_id", "members"),
];

/// Ids that refer to no row of the organization.
const NONE: [&str; 3] = ["external_id", "role_id", "role_organization_id"];

/// References that follow from others, and that no body may name.
const FOLLOWING: [(&str, &str); 1] = [("deal-contacts", "owner_id")];

fn has_bulk(collection: &str) -> bool {
    operations()
        .iter()
        .any(|operation| operation.path.ends_with(&format!("/{collection}/bulk")))
}

/// The answer, without the id, once it is the one that it has to be.
#[track_caller]
fn refused(answer: &Answer, pointer: &str, id: &str) -> (u16, Vec<(String, String)>, String) {
    let body = answer.clone().problem(422, "invalid");
    let errors = body["errors"].as_array().unwrap();
    assert_eq!(errors.len(), 1, "{body}");
    assert_eq!(
        (&errors[0]["pointer"], &errors[0]["code"]),
        (&json!(pointer), &json!("not_found"))
    );
    bare(answer, id)
}

#[test]
fn every_reference_is_known_to_these_tests() {
    on_each(|server| {
        let place = Place::new(server);
        for operation in operations()
            .iter()
            .filter(|operation| operation.id.starts_with("create_"))
        {
            let Some((_, collection)) = operation.path.split_once("{organization}/") else {
                continue;
            };
            let at = place.firm.at(&format!("{collection}/{}", place.row(collection)));
            let row = place.firm.owner.get(&at).expect(200);
            for field in row
                .as_object()
                .unwrap()
                .keys()
                .filter(|field| field.ends_with("_id"))
            {
                let known = REFERENCES
                    .iter()
                    .any(|(of, _, name, _)| (*of, *name) == (collection, field));
                assert!(
                    known
                        || NONE.contains(&field.as_str())
                        || FOLLOWING.contains(&(collection, field.as_str())),
                    "{collection}.{field} is not attacked"
                );
            }
        }
    });
}

#[test]
fn a_reference_to_another_organizations_row_leads_nowhere() {
    on_each(|server| {
        let (place, other) = (Place::new(server), Place::new(server));
        let (firm, owner) = (&place.firm, &place.firm.owner);
        for (collection, create, field, target) in REFERENCES {
            eprintln!("{collection}.{field}");
            let (foreign, nobodys) = (other.row(target).to_owned(), nothing(server));
            let pointer = format!("#/{field}");
            let with = |id: &str| {
                let mut body = place.sample(create);
                body[field] = json!(id);
                body
            };
            let post = |id: &str| refused(&owner.post(&firm.at(collection), with(id)), &pointer, id);
            assert_eq!(post(&foreign), post(&nobodys));
            let at = firm.at(&format!("{collection}/{}", place.row(collection)));
            let patch = |id: &str| refused(&owner.patch(&at, json!({field: id})), &pointer, id);
            assert_eq!(patch(&foreign), patch(&nobodys));
            // The caller's own id is one of a member and of nothing else.
            if target != "members" {
                post(&firm.owner_id.to_string());
                patch(&firm.owner_id.to_string());
            }
            if !has_bulk(collection) {
                continue;
            }
            let total = || {
                let path = firm.at(&format!("{collection}?include=total_count&limit=1"));
                owner.get(&path).expect(200)["pagination"]["total_count"]
                    .as_i64()
                    .unwrap()
            };
            let before = total();
            let bulk = |query: &str, operations: Value| {
                let path = firm.at(&format!("{collection}/bulk{query}"));
                owner.post_once(&path, &unique(), json!({"operations": operations}))
            };
            let right = json!({"op": "update", "id": place.row(collection), "value": {}});
            let row = place.row(collection);
            let kinds = [("create", None), ("update", Some(row))];
            for (op, row) in kinds {
                let wrong = |id: &str| match row {
                    None => json!({"op": op, "value": with(id)}),
                    Some(row) => json!({"op": op, "id": row, "value": {field: id}}),
                };
                let pointer = format!("#/operations/1/value/{field}");
                let whole = |id: &str| refused(&bulk("", json!([right, wrong(id)])), &pointer, id);
                assert_eq!(whole(&foreign), whole(&nobodys));
                let each = |id: &str| {
                    let outcome =
                        bulk("?atomic=false", json!([right, wrong(id)])).expect(207)["results"][1].clone();
                    assert_eq!(outcome["status"], 422, "{outcome}");
                    assert_eq!(outcome["problem"]["errors"][0]["pointer"], json!(pointer));
                    outcome.to_string().replace(id, "OWN")
                };
                assert_eq!(each(&foreign), each(&nobodys));
            }
            assert_eq!(before, total());
        }
    });
}

#[test]
fn bulk_finds_no_row_of_another_organization() {
    on_each(|server| {
        let (place, other) = (Place::new(server), Place::new(server));
        for operation in operations()
            .iter()
            .filter(|operation| operation.path.ends_with("/bulk"))
        {
            let collection = operation.path.rsplit('/').nth(1).unwrap();
            eprintln!("{collection}");
            let foreign = other.firm.at(&format!("{collection}/{}", other.row(collection)));
            let before = other.firm.owner.get(&foreign).expect(200);
            for (op, value) in [("update", json!({})), ("delete", json!(null))] {
                let call = |query: &str, id: &str| {
                    let body = json!({"operations": [{"op": op, "id": id, "value": value}]});
                    let path = place.firm.at(&format!("{collection}/bulk{query}"));
                    place.firm.owner.post_once(&path, &unique(), body)
                };
                let (theirs, nobodys) = (other.row(collection), nothing(server));
                let there = call("", theirs);
                assert_eq!(bare(&there, theirs), bare(&call("", &nobodys), &nobodys));
                there.problem(404, "not_found");
                let there = call("?atomic=false", theirs);
                assert_eq!(
                    bare(&there, theirs),
                    bare(&call("?atomic=false", &nobodys), &nobodys)
                );
                assert_eq!(there.expect(207)["results"][0]["status"], 404);
            }
            assert_eq!(before, other.firm.owner.get(&foreign).expect(200));
        }
    });
}

#[test]
fn an_external_id_of_another_organization_is_free() {
    on_each(|server| {
        let (place, other) = (Place::new(server), Place::new(server));
        for (collection, create) in [
            ("companies", "create_company"),
            ("contacts", "create_contact"),
            ("deals", "create_deal"),
            ("activities", "create_activity"),
        ] {
            for place in [&place, &other] {
                let firm = &place.firm;
                let mut value = place.sample(create);
                value["external_id"] = json!("1");
                let body = json!({"operations": [{"op": "upsert", "value": value}]});
                let path = firm.at(&format!("{collection}/bulk"));
                let made = firm.owner.post_once(&path, &unique(), body).expect(200);
                assert_eq!(made["results"][0]["status"], 201);
            }
        }
    });
}

#[test]
fn a_deleted_row_is_referred_to_by_nothing_new() {
    on_each(|server| {
        let place = Place::new(server);
        let (firm, owner) = (&place.firm, &place.firm.owner);
        for (collection, create, field, target) in REFERENCES {
            if ["members", "stages"].contains(&target) || (collection, field) == ("companies", "parent_id") {
                continue;
            }
            eprintln!("{collection}.{field}");
            let target = format!("{target}/{}", place.row(target));
            owner.delete(&firm.at(&target)).expect(204);
            let mut body = place.sample(create);
            body[field] = json!(target.rsplit('/').next());
            refused(&owner.post(&firm.at(collection), body), &format!("#/{field}"), "");
            owner.act(&firm.at(&format!("{target}/restore"))).expect(200);
        }
    });
}

#[test]
fn a_filter_by_another_organizations_id_finds_nothing() {
    on_each(|server| {
        let (place, other) = (Place::new(server), Place::new(server));
        let owner = &place.firm.owner;
        for (collection, _, field, target) in REFERENCES {
            let listed = |id: &str| {
                let path = place
                    .firm
                    .at(&format!("{collection}?{field}={id}&include=total_count"));
                let answer = owner.get(&path);
                assert_eq!(answer.clone().expect(200)["pagination"]["total_count"], 0);
                bare(&answer, id)
            };
            let (foreign, nobodys) = (other.row(target), nothing(server));
            assert_eq!(listed(foreign), listed(&nobodys), "{collection}.{field}");
        }
    });
}

//! A stage that goes, alone or with its pipeline, while a deal comes into it: whichever was first, no deal is left in a
//! stage that is deleted.

use crate::kit::{data, pointers};
use crate::relied_on::{Writing, begun, meanwhile};
use firma_auth::access::{Create, Delete};
use firma_domain::Id;
use firma_domain::crm::{Company, Deal, Pipeline, Stage};
use firma_services::crud::{self, Expected};
use firma_services::{Refusal, Tx, Work};
use firma_testing::{Firm, on_each};
use serde_json::json;

/// A call of the owner's.
fn call(firm: &Firm<'_>, run: impl Fn(&mut Work<'_, '_>) -> Result<(), Refusal> + Send + 'static) -> Writing {
    let (organization, owner) = (firm.id, firm.owner_id);
    Box::new(move |tx: &mut Tx<'_>| run(&mut Work::resume(tx, organization, owner)?))
}

/// Another pipeline, and its open stage.
fn pipeline(firm: &Firm<'_>) -> (Id, String) {
    let id = firm
        .owner
        .post(&firm.at("pipelines"), json!({"name": "Second"}))
        .id();
    let stage = json!({"name": "There", "pipeline_id": id});
    let stage = firm.owner.post(&firm.at("stages"), stage).id();
    (id.parse().unwrap(), stage)
}

#[test]
fn a_deal_that_names_no_stage_comes_into_none_that_is_deleted_at_once() {
    on_each(|server| {
        let firm = Firm::new(server);
        let first: Id = firm.stage("Prospecting").parse().unwrap();
        let deleting = call(&firm, move |work| {
            let grant = work.grant::<Stage, Delete>()?;
            crud::delete(work, grant, first, &Expected::default()).map(drop)
        });
        let (deleted, made) = meanwhile(server, deleting, || {
            firm.owner.post(&firm.at("deals"), json!({"title": "x"}))
        });
        deleted.unwrap();
        assert_eq!(made.expect(201)["stage_id"], firm.stage("Engaging"));
    });
}

#[test]
fn no_deal_comes_into_a_pipeline_that_is_deleted_at_once() {
    on_each(|server| {
        let firm = Firm::new(server);
        let (id, stage) = pipeline(&firm);
        let deleting = call(&firm, move |work| {
            let grant = work.grant::<Pipeline, Delete>()?;
            crud::delete(work, grant, id, &Expected::default()).map(drop)
        });
        let body = json!({"title": "x", "stage_id": stage});
        let (deleted, refused) = meanwhile(server, deleting, || firm.owner.post(&firm.at("deals"), body));
        deleted.unwrap();
        assert_eq!(pointers(&refused.problem(422, "invalid")), ["#/stage_id"]);
    });
}

#[test]
fn no_pipeline_goes_that_a_deal_comes_into_at_once() {
    on_each(|server| {
        let firm = Firm::new(server);
        let (id, stage) = pipeline(&firm);
        let company = firm.owner.post(&firm.at("companies"), json!({"name": "A"})).id();
        let body = json!({"title": "x", "stage_id": stage});
        let making = call(&firm, move |work| {
            let grant = work.grant::<Deal, Create>()?;
            crud::create(work, grant, body.clone()).map(drop)
        });
        let held = begun::<Company>(&firm, firm.owner_id, company.parse().unwrap(), making);
        let (made, refused) = meanwhile(server, held, || {
            firm.owner.delete(&firm.at(&format!("pipelines/{id}")))
        });
        made.unwrap();
        refused.problem(409, "in_use");
        let deals = firm
            .owner
            .get(&firm.at(&format!("deals?pipeline_id={id}")))
            .expect(200);
        assert_eq!(data(&deals).len(), 1);
    });
}

//! Who owns an organization: one live member with `ceo`, whatever happens at once.

use crate::post::on_each_clock;
use crate::samples::{nothing, role, unique};
use firma_auth::access::{Grant, Joining, Operating, Update};
use firma_domain::organizations::Organization;
use firma_domain::{Id, input};
use firma_services::crud::Expected;
use firma_services::{Refusal, Tx, organizations};
use firma_testing::{Answer, Client, Firm, on_each};
use serde_json::{Value, json};

/// Both clients call at once.
pub(crate) fn at_once<const N: usize>(calls: [&(dyn Fn() -> Answer + Sync); N]) -> Vec<Answer> {
    std::thread::scope(|scope| {
        let calls: Vec<_> = calls.into_iter().map(|call| scope.spawn(call)).collect();
        calls.into_iter().map(|call| call.join().unwrap()).collect()
    })
}

/// What the platform may do to an organization.
pub(crate) fn platform(organization: Id) -> Grant<Organization, Update> {
    Joining::of(organization, Id::NIL).grant().also()
}

/// Something that the platform does to an organization.
type Act<T> = fn(&mut Tx<'_>, Grant<Organization, Update>, &Expected) -> Result<T, Refusal>;

/// Has the platform do something to an organization.
pub(crate) fn by_platform<T: Send + 'static>(firm: &Firm<'_>, act: Act<T>) -> T {
    let organization = firm.id;
    firm.server
        .write(move |tx| act(tx, platform(organization), &Expected::default()))
}

/// How often something stands among the security events of an organization.
pub(crate) fn events(firm: &Firm<'_>, kind: &str) -> i64 {
    let id = firm.server.base.id_literal(firm.id);
    let query =
        format!("SELECT COUNT(*) FROM security_events WHERE type = '{kind}' AND organization_id = {id}");
    firm.server.base.number(&query)
}

/// How often something stands in the log of an organization.
pub(crate) fn entries(firm: &Firm<'_>, action: &str) -> i64 {
    let id = firm.server.base.id_literal(firm.id);
    let query =
        format!("SELECT COUNT(*) FROM audit_entries WHERE action = '{action}' AND organization_id = {id}");
    firm.server.base.number(&query)
}

#[track_caller]
pub(crate) fn pointer(problem: &Value) -> &str {
    problem["errors"][0]["pointer"].as_str().unwrap()
}

pub(crate) fn transfer(client: &Client, firm: &Firm<'_>, to: impl serde::Serialize) -> Answer {
    client.post(&firm.at("transfer"), json!({"owner_id": to}))
}

#[test]
fn an_organization_is_handed_over_to_a_member_who_has_accepted() {
    on_each(|server| {
        let (firm, other) = (Firm::new(server), Firm::new(server));
        let (heir_id, heir) = firm.member(Some("employee"));
        let (gone, _) = firm.member(Some("admin"));
        firm.owner
            .patch(&firm.at(&format!("members/{gone}")), json!({"is_active": false}))
            .expect(200);
        let asked = json!({"email": format!("{}@heir.example", unique()), "name": "Asked"});
        let asked = firm.owner.post(&firm.at("members"), asked).id();
        let (stranger, nobodys) = (other.owner_id.to_string(), nothing(server));
        for wrong in [&gone.to_string(), &asked, &stranger, &nobodys] {
            let problem = transfer(&firm.owner, &firm, wrong).problem(422, "invalid");
            assert_eq!(problem["errors"][0]["code"], "not_found");
            assert_eq!(pointer(&problem), "#/owner_id");
        }
        let same = transfer(&firm.owner, &firm, firm.owner_id).problem(422, "invalid");
        assert_eq!(same["errors"][0]["code"], "same");
        let (ceo_id, ceo) = firm.member(Some("ceo"));
        transfer(&ceo, &firm, ceo_id).problem(403, "owner_required");
        heir.post(&firm.at("transfer"), json!({"owner_id": heir_id}))
            .problem(403, "permission_required");
        let (_, admin) = firm.member(Some("admin"));
        transfer(&admin, &firm, ceo_id).problem(403, "permission_required");
        let after = transfer(&firm.owner, &firm, heir_id).expect(200);
        assert_eq!(after["owner_id"], json!(heir_id));
        assert_eq!(entries(&firm, "organization.transferred"), 1);
        assert_eq!(events(&firm, "organization_transferred"), 1);
        // It is the other's in every way; who was the owner holds ceo until it is taken.
        transfer(&firm.owner, &firm, firm.owner_id).problem(403, "owner_required");
        let held = |user: Id| {
            let held = heir
                .get(&firm.at(&format!("role-assignments?user_id={user}")))
                .expect(200);
            held["data"]
                .as_array()
                .unwrap()
                .iter()
                .filter(|row| row["role_id"] == json!(role("ceo")))
                .map(|row| row["id"].as_str().unwrap().to_owned())
                .collect::<Vec<_>>()
        };
        let (theirs, former) = (held(heir_id), held(firm.owner_id));
        let at = |id: &str| firm.at(&format!("role-assignments/{id}"));
        firm.owner
            .patch(&at(&theirs[0]), json!({"is_active": false}))
            .problem(409, "last_owner");
        heir.patch(&at(&former[0]), json!({"is_active": false}))
            .expect(200);
        let members = |id: Id| firm.at(&format!("members/{id}"));
        ceo.patch(&members(heir_id), json!({"is_active": false}))
            .problem(409, "last_owner");
        heir.patch(&members(firm.owner_id), json!({"is_active": false}))
            .expect(200);
        firm.owner.get(&firm.path).problem(404, "organization_not_found");
    });
}

#[test]
fn who_held_ceo_for_a_while_holds_it_for_good_as_the_owner() {
    on_each(|server| {
        let firm = Firm::new(server);
        let soon = server.read(|tx| Ok(tx.now())).plus_seconds(3_600);
        for change in [json!({"expires_at": soon}), json!({"is_active": false})] {
            let (heir, client) = firm.member(Some("ceo"));
            let held = client
                .get(&firm.at(&format!("role-assignments?user_id={heir}")))
                .expect(200)["data"][0]["id"]
                .clone();
            let at = firm.at(&format!("role-assignments/{}", held.as_str().unwrap()));
            firm.owner.patch(&at, change).expect(200);
            transfer(&firm.owner, &firm, heir).expect(200);
            let held = client.get(&at).expect(200);
            assert_eq!(
                (&held["is_active"], &held["expires_at"]),
                (&json!(true), &json!(null))
            );
            transfer(&client, &firm, firm.owner_id).expect(200);
        }
    });
}

#[test]
fn handing_over_and_deleting_ask_for_the_password_again() {
    on_each_clock(|server, clock| {
        let firm = Firm::new(server);
        let (heir, _) = firm.member(None);
        clock.by(601);
        transfer(&firm.owner, &firm, heir).problem(403, "step_up_required");
        firm.owner.delete(&firm.path).problem(403, "step_up_required");
        let fresh = server.client(firm.owner_id);
        transfer(&fresh, &firm, heir).expect(200);
        server.client(heir).delete(&firm.path).expect(204);
    });
}

/// Whoever came first, there is one owner, who is active and holds `ceo`.
fn is_owned(firm: &Firm<'_>) -> Id {
    let id = firm.server.base.id_literal(firm.id);
    let role = firm.server.base.id_literal(role("ceo").parse().unwrap());
    let query = format!(
        "SELECT COUNT(*) FROM organizations o JOIN tenants t ON t.id = o.id AND t.owner_id = o.owner_id \
         JOIN memberships m ON m.organization_id = o.id AND m.id = o.owner_id AND m.is_active AND m.joined_at IS NOT NULL \
         JOIN role_assignments a ON a.organization_id = o.id AND a.user_id = m.id AND a.is_active \
         AND a.expires_at IS NULL AND a.role_id = {role} WHERE o.id = {id}"
    );
    assert_eq!(firm.server.base.number(&query), 1);
    let organization = firm.id;
    firm.server.read(move |tx| {
        let grant = Operating::on(organization).grant::<Organization>();
        Ok(tx.open(grant)?.find(organization)?.value.owner_id.unwrap())
    })
}

#[test]
fn two_who_hand_over_to_each_other_at_once_leave_one_owner() {
    on_each(|server| {
        for _ in 0..8 {
            let firm = Firm::new(server);
            let (heir_id, heir) = firm.member(Some("ceo"));
            let there = || transfer(&firm.owner, &firm, heir_id);
            let back = || transfer(&heir, &firm, firm.owner_id);
            let mut answers = at_once([&there, &back]);
            let back = answers.pop().unwrap();
            answers.pop().unwrap().expect(200);
            let owner = is_owned(&firm);
            match back.status {
                200 => assert_eq!(owner, firm.owner_id),
                _ => {
                    back.problem(403, "owner_required");
                    assert_eq!(owner, heir_id);
                }
            }
        }
    });
}

#[test]
fn an_organization_goes_to_one_of_two_heirs() {
    on_each(|server| {
        for _ in 0..4 {
            let firm = Firm::new(server);
            let ((one, _), (other, _)) = (firm.member(None), firm.member(None));
            let (first, second) = (
                || transfer(&firm.owner, &firm, one),
                || transfer(&firm.owner, &firm, other),
            );
            let (done, refused): (Vec<_>, Vec<_>) = at_once([&first, &second])
                .into_iter()
                .partition(|answer| answer.status == 200);
            assert_eq!((done.len(), refused.len()), (1, 1));
            refused
                .into_iter()
                .for_each(|answer| drop(answer.problem(403, "owner_required")));
            assert_eq!(done[0].body["owner_id"], json!(is_owned(&firm)));
        }
    });
}

#[test]
fn an_heir_who_is_deactivated_or_loses_ceo_at_once_stays_or_is_none() {
    on_each(|server| {
        for n in 0..8 {
            let firm = Firm::new(server);
            let (heir, _) = firm.member(Some("ceo"));
            let held = firm
                .owner
                .get(&firm.at(&format!("role-assignments?user_id={heir}")))
                .expect(200);
            let held = held["data"][0]["id"].as_str().unwrap();
            let at = match n % 2 {
                0 => firm.at(&format!("members/{heir}")),
                _ => firm.at(&format!("role-assignments/{held}")),
            };
            let hands = || transfer(&firm.owner, &firm, heir);
            let ends = || firm.owner.patch(&at, json!({"is_active": false}));
            let answers = at_once([&hands, &ends]);
            match (answers[0].status, answers[1].status) {
                (200, _) => assert_eq!(is_owned(&firm), heir),
                (422, 200) => assert_eq!(is_owned(&firm), firm.owner_id),
                other => panic!("{other:?}: {} {}", answers[0].text, answers[1].text),
            }
        }
    });
}

#[test]
fn whoever_makes_an_organization_for_another_is_not_its_owner() {
    on_each(|server| {
        let (by, owner) = (
            Firm::user(server, "by@platform.example"),
            Firm::user(server, "owner@platform.example"),
        );
        let body = json!({"name": "Made", "slug": unique()});
        let found = |owner: Id| {
            let organization: Organization = input::read(body.clone()).unwrap();
            server.write(move |tx| {
                Ok(organizations::found_for(tx, by, owner, organization.clone())
                    .map_err(|refusal| refusal.to_string()))
            })
        };
        let nobody = nothing(server).parse().unwrap();
        assert!(found(nobody).is_err());
        let made = found(owner).unwrap();
        assert_eq!((made.created_by, made.value.owner_id), (Some(by), Some(owner)));
        let path = format!("/api/v1/organizations/{}", made.id);
        server.client(owner).get(&path).expect(200);
        server
            .client(by)
            .get(&path)
            .problem(404, "organization_not_found");
    });
}

#[test]
fn an_heir_who_is_erased_at_once_stays_or_is_none() {
    on_each(|server| {
        for _ in 0..8 {
            let firm = Firm::new(server);
            let (heir_id, heir) = firm.member(Some("ceo"));
            let hands = || transfer(&firm.owner, &firm, heir_id);
            let goes = || heir.delete("/api/v1/me");
            let answers = at_once([&hands, &goes]);
            match (answers[0].status, answers[1].status) {
                (200, 409) => assert_eq!(is_owned(&firm), heir_id),
                (422, 204) => assert_eq!(is_owned(&firm), firm.owner_id),
                other => panic!("{other:?}: {} {}", answers[0].text, answers[1].text),
            }
        }
    });
}

#[test]
fn who_has_no_account_any_more_is_neither_brought_back_nor_made_the_owner() {
    on_each(|server| {
        let firm = Firm::new(server);
        let (erased, leaver) = firm.member(Some("manager"));
        leaver.delete("/api/v1/me").expect(204);
        firm.owner
            .patch(&firm.at(&format!("members/{erased}")), json!({"is_active": true}))
            .problem(409, "referred_to");
        let (locked, _) = firm.member(Some("ceo"));
        let (_, admin) = Firm::platform(server, "website_admin");
        let account = format!("/api/v1/platform/users/{locked}");
        admin.act(&format!("{account}/deactivate")).expect(200);
        for wrong in [erased, locked] {
            let problem = transfer(&firm.owner, &firm, wrong).problem(422, "invalid");
            assert_eq!(problem["errors"][0]["code"], "not_found");
        }
        admin.act(&format!("{account}/reactivate")).expect(200);
        transfer(&firm.owner, &firm, locked).expect(200);
    });
}

#[test]
fn a_holder_of_ceo_is_put_out_by_another_alone() {
    on_each(|server| {
        let firm = Firm::new(server);
        let (second, _) = firm.member(Some("ceo"));
        let (_, admin) = firm.member(Some("admin"));
        let put_out = |client: &Client| {
            let member = firm.at(&format!("members/{second}"));
            client.patch(&member, json!({"is_active": false}))
        };
        put_out(&admin).problem(403, "role_not_held");
        // Who holds it for a while holds it.
        let (third, for_a_while) = firm.member(None);
        let given = json!({"user_id": third, "role_id": role("ceo"), "expires_at": "2100-01-01T00:00:00Z"});
        firm.owner.post(&firm.at("role-assignments"), given).expect(201);
        put_out(&for_a_while).expect(200);
    });
}

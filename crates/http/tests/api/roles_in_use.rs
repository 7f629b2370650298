//! What holds for roles beside each other, and beside who holds them, also at once.

use crate::custom_roles::{custom, give, holder};
use crate::kit::{data, pointers, stored};
use crate::post::on_each_clock;
use crate::samples::unique;
use firma_testing::{Firm, on_each};
use serde_json::{Value, json};

#[test]
fn a_role_in_use_stays() {
    on_each(|server| {
        let firm = Firm::new(server);
        let (user, _, role) = holder(&firm, &["deals:read:own"]);
        let at = firm.at(&format!("roles/{role}"));
        let before = stored(server);
        firm.owner.delete(&at).problem(409, "in_use");
        assert_eq!(stored(server), before);
        let held = firm.at(&format!("role-assignments?user_id={user}"));
        let held = data(&firm.owner.get(&held).expect(200))[0]["id"].clone();
        let held = firm.at(&format!("role-assignments/{}", held.as_str().unwrap()));
        firm.owner.patch(&held, json!({"is_active": false})).expect(200);
        firm.owner.delete(&at).expect(204);
        // Nobody comes to hold it any more, in no way.
        for answer in [
            give(&firm.owner, &firm, user, &role),
            firm.owner.patch(&held, json!({"is_active": true})),
        ] {
            assert_eq!(pointers(&answer.problem(422, "invalid")), ["#/role_id"]);
        }
        firm.owner.act(&format!("{at}/restore")).expect(200);
        firm.owner.patch(&held, json!({"is_active": true})).expect(200);
    });
}

#[test]
fn a_role_that_an_open_invitation_gives_stays() {
    on_each_clock(|server, clock| {
        let firm = Firm::new(server);
        let [taken_back, over] = [(); 2].map(|()| {
            let role = custom(&firm, &["deals:read:own"]);
            let body = json!({"email": format!("{}@new.example", unique()), "role_ids": [role]});
            let invitation = firm.owner.post(&firm.at("invitations"), body).id();
            let at = firm.at(&format!("roles/{role}"));
            firm.owner.delete(&at).problem(409, "in_use");
            (at, invitation)
        });
        let revoke = firm.at(&format!("invitations/{}/revoke", taken_back.1));
        firm.owner.act(&revoke).expect(200);
        firm.owner.delete(&taken_back.0).expect(204);
        clock.by(8 * 86_400);
        let owner = firm.owner.with_token(Some(server.token(firm.owner_id, 900)));
        owner.delete(&over.0).expect(204);
    });
}

#[test]
fn of_a_role_that_is_given_and_deleted_at_once_one_wins() {
    on_each(|server| {
        let firm = Firm::new(server);
        for _ in 0..8 {
            let role = custom(&firm, &["deals:read:own"]);
            let (user, _) = firm.member(None);
            let at = firm.at(&format!("roles/{role}"));
            let (given, gone) = std::thread::scope(|scope| {
                let given = scope.spawn(|| give(&firm.owner, &firm, user, &role));
                let gone = scope.spawn(|| firm.owner.clone().delete(&at));
                (given.join().unwrap(), gone.join().unwrap())
            });
            match (given.status, gone.status) {
                (201, _) => drop(gone.problem(409, "in_use")),
                (_, 204) => drop(given.problem(422, "invalid")),
                both => panic!("{both:?}"),
            }
        }
    });
}

#[test]
fn edits_at_once_lose_nothing() {
    on_each(|server| {
        let firm = Firm::new(server);
        let role = custom(&firm, &[]);
        let at = firm.at(&format!("roles/{role}"));
        let sets = [
            vec!["deals:read:own"],
            vec!["deals:read:org", "teams:read:org"],
            vec![],
            vec!["deals:read:team"],
        ];
        std::thread::scope(|scope| {
            for set in &sets {
                let (at, client) = (&at, firm.owner.clone());
                scope.spawn(move || {
                    for _ in 0..5 {
                        client.patch(at, json!({"permissions": set})).expect(200);
                    }
                });
            }
        });
        // What the role says is what stands in the table, and what the log says last.
        let role = firm.owner.get(&at).expect(200);
        let said = role["permissions"].as_array().unwrap().len();
        let id = server
            .base
            .id_literal(role["id"].as_str().unwrap().parse().unwrap());
        let query = format!("SELECT COUNT(*) FROM role_permissions WHERE role_id = {id}");
        assert_eq!(usize::try_from(server.base.number(&query)).unwrap(), said);
        let changes = server.base.lines(&format!(
            "SELECT p.changes FROM audit_payloads p JOIN audit_entries a ON a.organization_id = p.organization_id \
             AND a.id = p.entry_id WHERE a.entity_id = {id} ORDER BY a.number DESC LIMIT 1"
        ));
        let changes: Value = serde_json::from_str(&changes[0]).unwrap();
        assert_eq!(changes["permissions"][1], role["permissions"]);
    });
}

#[test]
fn an_organization_has_no_more_roles_than_it_may() {
    on_each(|server| {
        let firm = Firm::new(server);
        let post = || {
            let body = json!({"name": unique(), "display_name": "x"});
            firm.owner.post(&firm.at("roles"), body)
        };
        for _ in 0..198 {
            post().expect(201);
        }
        let gone = firm.at(&format!("roles/{}", post().id()));
        firm.owner.delete(&gone).expect(204);
        let answers: Vec<_> = std::thread::scope(|scope| {
            let calls: Vec<_> = (0..4).map(|_| scope.spawn(post)).collect();
            calls.into_iter().map(|call| call.join().unwrap()).collect()
        });
        let (made, refused): (Vec<_>, Vec<_>) = answers.into_iter().partition(|answer| answer.status == 201);
        assert_eq!(made.len(), 2);
        refused
            .into_iter()
            .for_each(|answer| drop(answer.problem(409, "role_limit")));
        firm.owner
            .act(&format!("{gone}/restore"))
            .problem(409, "role_limit");
        let page = firm.owner.get(&firm.at("roles?limit=200&include=total_count"));
        let page = page.expect(200);
        assert_eq!(
            (data(&page).len(), &page["pagination"]["total_count"]),
            (200, &json!(209))
        );
    });
}

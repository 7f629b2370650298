//! What becomes of an invitation when who sent it, its roles, its teams or its organization change before it is
//! accepted.

use crate::invitations::{invite, invited};
use crate::invitations_answered::{KIM, PASSWORD, accept, no_good, no_token, register, roles_of};
use crate::kit::{data, rows, texts};
use crate::post::{events, login, mail, on_each_clock, signed_in, token};
use crate::samples::{role, unique};
use firma_domain::Id;
use firma_testing::{Answer, Firm, on_each};
use serde_json::json;

/// Takes the roles of a member, and gives others.
fn demote(firm: &Firm<'_>, user: Id, to: &[&str]) {
    let held = firm
        .owner
        .get(&firm.at(&format!("role-assignments?user_id={user}")))
        .expect(200);
    for id in texts(&data(&held), "id") {
        let at = firm.at(&format!("role-assignments/{id}"));
        firm.owner.patch(&at, json!({"is_active": false})).expect(200);
    }
    for name in to {
        let body = json!({"user_id": user, "role_id": role(name)});
        firm.owner.post(&firm.at("role-assignments"), body).expect(201);
    }
}

#[test]
fn what_who_invited_may_no_longer_give_is_withheld() {
    on_each(|server| {
        let firm = Firm::new(server);
        let (admin_id, admin) = firm.member(Some("admin"));
        let team = firm.team(&[]);
        let invite = |roles: &[&str]| {
            let email = format!("{}@new.example", unique());
            let roles: Vec<_> = roles.iter().map(|name| role(name)).collect();
            let body = json!({"email": email, "role_ids": roles, "team_ids": [team]});
            let id = invite(&admin, &firm, body).id();
            (id, token(&mail(server, &email)), email)
        };
        let (some_id, some, some_mail) = invite(&["admin", "employee"]);
        let (_, all, all_mail) = invite(&["admin", "manager"]);
        demote(&firm, admin_id, &["employee"]);
        let joined = register(server, &some).expect(200);
        assert_eq!(
            (&joined["role_ids"], &joined["withheld_role_ids"]),
            (&json!([role("employee")]), &json!([role("admin")]))
        );
        assert_eq!(
            (&joined["team_ids"], &joined["withheld_team_ids"]),
            (&json!([]), &json!([team]))
        );
        let user = |email: &str| {
            let me = signed_in(server, email, PASSWORD).get("/api/v1/me").expect(200);
            me["user"]["id"].as_str().unwrap().to_owned()
        };
        assert_eq!(roles_of(&firm, &user(&some_mail)), ["employee"]);
        // Of those none is left, and the least is more than who invited may give by now.
        let joined = register(server, &all).expect(200);
        assert_eq!(joined["role_ids"], json!([]));
        assert_eq!(
            joined["withheld_role_ids"],
            json!([role("admin"), role("manager")])
        );
        assert!(roles_of(&firm, &user(&all_mail)).is_empty());
        assert_eq!(events(server, "role_withheld"), 3);
        let kept = firm
            .owner
            .get(&firm.at(&format!("invitations/{some_id}")))
            .expect(200);
        assert_eq!(
            (&kept["withheld_role_ids"], &kept["withheld_team_ids"]),
            (&json!([role("admin")]), &json!([team]))
        );
    });
}

#[test]
fn a_team_that_is_gone_is_not_joined() {
    on_each(|server| {
        let firm = Firm::new(server);
        let (stays, goes) = (firm.team(&[]), firm.team(&[]));
        let (_, token) = invited(server, &firm, KIM, json!({"team_ids": [stays, goes]}));
        firm.owner.delete(&firm.at(&format!("teams/{goes}"))).expect(204);
        let joined = register(server, &token).expect(200);
        assert_eq!(
            (&joined["team_ids"], &joined["withheld_team_ids"]),
            (&json!([stays]), &json!([goes]))
        );
    });
}

#[test]
fn who_left_invites_nobody() {
    on_each(|server| {
        let firm = Firm::new(server);
        let (admin_id, admin) = firm.member(Some("admin"));
        let id = invite(&admin, &firm, json!({"email": KIM})).id();
        let old = token(&mail(server, KIM));
        let at = firm.at(&format!("members/{admin_id}"));
        firm.owner.patch(&at, json!({"is_active": false})).expect(200);
        no_good(server, &firm.owner, &old);
        assert_eq!(rows(server, "users"), 2);
        // Another who sends it once more stands in.
        firm.owner
            .act(&firm.at(&format!("invitations/{id}/resend")))
            .expect(200);
        register(server, &token(&mail(server, KIM))).expect(200);
    });
}

#[test]
fn who_was_deactivated_does_not_come_back_by_an_old_mail() {
    on_each(|server| {
        let firm = Firm::new(server);
        let member = firm
            .owner
            .post(&firm.at("members"), json!({"email": KIM, "name": "Kim"}))
            .id();
        let (_, token) = invited(server, &firm, KIM, json!({"role_ids": [role("admin")]}));
        let at = firm.at(&format!("members/{member}"));
        firm.owner.patch(&at, json!({"is_active": false})).expect(200);
        no_token(register(server, &token));
        no_token(accept(&server.client(member.parse().unwrap()), &token));
        login(server, KIM, PASSWORD).problem(401, "wrong_credentials");
        assert!(roles_of(&firm, &member).is_empty());
    });
}

#[test]
fn a_closed_organization_is_not_joined() {
    on_each(|server| {
        let firm = Firm::new(server);
        let (_, token) = invited(server, &firm, KIM, json!({}));
        let id = server.base.id_literal(firm.id);
        let set = |status: &str| {
            for table in ["tenants", "organizations"] {
                server
                    .base
                    .execute(&format!("UPDATE {table} SET status = '{status}' WHERE id = {id}"));
            }
        };
        set("suspended");
        register(server, &token).problem(403, "organization_suspended");
        invite(&firm.owner, &firm, json!({"email": "ann@new.example"}))
            .problem(403, "organization_suspended");
        assert_eq!(rows(server, "users"), 1);
        set("archived");
        no_good(server, &firm.owner, &token);
        set("active");
        register(server, &token).expect(200);
    });
}

/// Roles for a while, taken up by who has no account.
#[test]
fn roles_that_are_given_for_a_while_end_on_time() {
    on_each_clock(|server, clock| {
        let firm = Firm::new(server);
        let until = |seconds| server.read(move |tx| Ok(tx.now().plus_seconds(seconds)));
        let desk = json!({"name": "desk", "display_name": "Desk", "permissions": ["deals:read:org"]});
        let desk = firm.owner.post(&firm.at("roles"), desk).id();
        let past = json!({"email": KIM, "role_ids": [desk], "roles_expire_at": until(-1)});
        let problem = invite(&firm.owner, &firm, past).problem(422, "invalid");
        assert_eq!(problem["errors"][0]["pointer"], "#/roles_expire_at");
        let end = until(60);
        let body = json!({"role_ids": [desk], "roles_expire_at": end});
        let (_, token) = invited(server, &firm, KIM, body);
        assert_eq!(register(server, &token).expect(200)["role_ids"], json!([desk]));
        let at = firm.at(&format!("role-assignments?role_id={desk}"));
        let held = data(&firm.owner.get(&at).expect(200)).remove(0);
        assert_eq!(held["expires_at"], json!(end));
        let client = server.client(held["user_id"].as_str().unwrap().parse().unwrap());
        clock.by(59);
        client.get(&firm.at("deals")).expect(200);
        clock.by(1);
        client.get(&firm.at("deals")).problem(403, "permission_required");
    });
}

#[test]
fn of_two_who_accept_at_once_one_does() {
    on_each(|server| {
        let firm = Firm::new(server);
        let (_, token) = invited(server, &firm, KIM, json!({"role_ids": [role("employee")]}));
        let answers: Vec<Answer> = std::thread::scope(|scope| {
            let calls: Vec<_> = (0..6).map(|_| scope.spawn(|| register(server, &token))).collect();
            calls.into_iter().map(|call| call.join().unwrap()).collect()
        });
        let (done, refused): (Vec<_>, Vec<_>) = answers.into_iter().partition(|answer| answer.status == 200);
        assert_eq!((done.len(), rows(server, "users")), (1, 2));
        for answer in refused {
            assert!([409, 422].contains(&answer.status), "{}", answer.text);
        }
        assert_eq!(events(server, "invitation_accepted"), 1);
    });
}

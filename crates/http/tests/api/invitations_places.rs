//! The organization's places: members have them, and open invitations; clients have none.

use crate::invitations::{invite, invited};
use crate::invitations_answered::register;
use crate::kit::rows;
use crate::post::{mail, mails, on_each_clock, token};
use crate::samples::role;
use firma_domain::Id;
use firma_testing::{Answer, Firm, Server, on_each};
use serde_json::json;

fn limit(server: &Server, firm: &Firm<'_>, places: i64) {
    let id = server.base.id_literal(firm.id);
    server.base.execute(&format!(
        "UPDATE organizations SET max_users = {places} WHERE id = {id}"
    ));
}

fn add(firm: &Firm<'_>, n: usize) -> Answer {
    let body = json!({"email": format!("added-{n}@limit.example"), "name": "x"});
    firm.owner.post(&firm.at("members"), body)
}

fn ask(firm: &Firm<'_>, n: usize) -> Answer {
    invite(
        &firm.owner,
        firm,
        json!({"email": format!("asked-{n}@limit.example")}),
    )
}

#[test]
fn of_fifty_invitations_at_once_ten_find_a_place() {
    on_each(|server| {
        let firm = Firm::new(server);
        limit(server, &firm, 11);
        let answers: Vec<Answer> = std::thread::scope(|scope| {
            let calls: Vec<_> = (0..50)
                .map(|n| {
                    scope.spawn({
                        let firm = &firm;
                        move || ask(firm, n)
                    })
                })
                .collect();
            calls.into_iter().map(|call| call.join().unwrap()).collect()
        });
        let (done, refused): (Vec<_>, Vec<_>) = answers.into_iter().partition(|answer| answer.status == 201);
        assert_eq!((done.len(), refused.len()), (10, 40));
        for answer in refused {
            answer.problem(409, "member_limit");
        }
        assert_eq!(rows(server, "invitations"), 10);
        assert_eq!(mails(server).len(), 10);
    });
}

#[test]
fn members_and_invitations_at_once_share_the_places() {
    on_each(|server| {
        let firm = Firm::new(server);
        limit(server, &firm, 6);
        let answers: Vec<Answer> = std::thread::scope(|scope| {
            let calls: Vec<_> = (0..20)
                .map(|n| {
                    let firm = &firm;
                    scope.spawn(move || if n % 2 == 0 { add(firm, n) } else { ask(firm, n) })
                })
                .collect();
            calls.into_iter().map(|call| call.join().unwrap()).collect()
        });
        assert_eq!(answers.iter().filter(|answer| answer.status == 201).count(), 5);
        assert_eq!(rows(server, "invitations") + rows(server, "memberships"), 1 + 5);
    });
}

#[test]
fn who_accepts_is_counted_once() {
    on_each_clock(|server, clock| {
        let firm = Firm::new(server);
        limit(server, &firm, 3);
        let (_, first) = invited(
            server,
            &firm,
            "first@limit.example",
            json!({"role_ids": [role("employee")]}),
        );
        let (second, _) = invited(server, &firm, "second@limit.example", json!({}));
        ask(&firm, 3).problem(409, "member_limit");
        add(&firm, 3).problem(409, "member_limit");
        register(server, &first).expect(200);
        ask(&firm, 3).problem(409, "member_limit");
        // Taken back, its place is free.
        firm.owner
            .act(&firm.at(&format!("invitations/{second}/revoke")))
            .expect(200);
        let third = ask(&firm, 3).id();
        mails(server);
        add(&firm, 4).problem(409, "member_limit");
        // Over, its place is free, too; sent once more, it needs one.
        clock.by(7 * 86_400 + 1);
        let owner = server.client(firm.owner_id);
        let again = firm.at(&format!("invitations/{third}/resend"));
        owner.act(&again).expect(200);
        mails(server);
        clock.by(7 * 86_400 + 1);
        let owner = server.client(firm.owner_id);
        let body = json!({"email": "fifth@limit.example", "name": "x"});
        owner.post(&firm.at("members"), body).expect(201);
        owner.act(&again).problem(409, "member_limit");
    });
}

#[test]
fn a_member_who_waits_has_a_place_already() {
    on_each(|server| {
        let firm = Firm::new(server);
        limit(server, &firm, 2);
        add(&firm, 1).expect(201);
        let (_, token) = invited(server, &firm, "added-1@limit.example", json!({}));
        ask(&firm, 2).problem(409, "member_limit");
        register(server, &token).expect(200);
        ask(&firm, 2).problem(409, "member_limit");
    });
}

#[test]
fn clients_take_no_place_until_they_work_here() {
    on_each(|server| {
        let firm = Firm::new(server);
        limit(server, &firm, 1);
        let client = json!({"role_ids": [role("client")]});
        let (_, token) = invited(server, &firm, "client@limit.example", client.clone());
        let body = json!({"email": "other@limit.example", "name": "x", "role_ids": [role("client")]});
        let other = firm.owner.post(&firm.at("members"), body).id();
        register(server, &token).expect(200);
        ask(&firm, 1).problem(409, "member_limit");
        // Another role makes one a member who counts.
        let body = json!({"user_id": other, "role_id": role("employee")});
        let given = || firm.owner.post(&firm.at("role-assignments"), body.clone());
        given().problem(409, "member_limit");
        limit(server, &firm, 2);
        let id = given().id();
        ask(&firm, 1).problem(409, "member_limit");
        // Given up and taken up again, it needs a place again.
        let at = firm.at(&format!("role-assignments/{id}"));
        firm.owner.patch(&at, json!({"is_active": false})).expect(200);
        let asked = ask(&firm, 1).id();
        firm.owner
            .patch(&at, json!({"is_active": true}))
            .problem(409, "member_limit");
        firm.owner
            .act(&firm.at(&format!("invitations/{asked}/revoke")))
            .expect(200);
        firm.owner.patch(&at, json!({"is_active": true})).expect(200);
    });
}

#[test]
fn fewer_places_keep_those_out_who_have_not_come_yet() {
    on_each(|server| {
        let firm = Firm::new(server);
        let body = json!({"email": "asked@limit.example", "role_ids": [role("employee")]});
        invite(&firm.owner, &firm, body).expect(201);
        let token = token(&mail(server, "asked@limit.example"));
        limit(server, &firm, 1);
        register(server, &token).problem(409, "member_limit");
        assert_eq!(rows(server, "users"), 1);
        limit(server, &firm, 2);
        register(server, &token).expect(200);
    });
}

#[test]
fn a_client_comes_back_without_a_place() {
    on_each(|server| {
        let firm = Firm::new(server);
        let ((client, _), (member, _)) = (firm.member(Some("client")), firm.member(None));
        let set = |id: Id, active: bool| {
            let at = firm.at(&format!("members/{id}"));
            firm.owner.patch(&at, json!({"is_active": active}))
        };
        set(client, false).expect(200);
        set(member, false).expect(200);
        limit(server, &firm, 1);
        set(client, true).expect(200);
        set(member, true).problem(409, "member_limit");
    });
}

/// Who was added as a client has no place yet, and is told at once, not once they accept.
#[test]
fn a_client_who_waits_is_asked_to_work_here_only_where_there_is_a_place() {
    on_each(|server| {
        let firm = Firm::new(server);
        let body = json!({"email": "client@limit.example", "name": "C", "role_ids": [role("client")]});
        firm.owner.post(&firm.at("members"), body).expect(201);
        limit(server, &firm, 1);
        let body = || json!({"email": "client@limit.example", "role_ids": [role("employee")]});
        invite(&firm.owner, &firm, body()).problem(409, "member_limit");
        limit(server, &firm, 2);
        invite(&firm.owner, &firm, body()).expect(201);
        let token = token(&mail(server, "client@limit.example"));
        register(server, &token).expect(200);
    });
}

#[test]
fn who_is_a_client_no_longer_takes_a_place() {
    on_each(|server| {
        let firm = Firm::new(server);
        let (client, _) = firm.member(Some("client"));
        limit(server, &firm, 1);
        let held = firm
            .owner
            .get(&firm.at(&format!("role-assignments?user_id={client}")))
            .expect(200);
        let held = firm.at(&format!(
            "role-assignments/{}",
            held["data"][0]["id"].as_str().unwrap()
        ));
        firm.owner
            .patch(&held, json!({"is_active": false}))
            .problem(409, "member_limit");
        limit(server, &firm, 2);
        firm.owner.patch(&held, json!({"is_active": false})).expect(200);
    });
}

#[test]
fn who_is_not_active_loses_a_role_however_many_there_are() {
    on_each(|server| {
        let firm = Firm::new(server);
        let ((client, _), _) = (firm.member(Some("client")), firm.member(None));
        let member = firm.at(&format!("members/{client}"));
        let held = firm.at(&format!("role-assignments?user_id={client}"));
        let held = firm.owner.get(&held).expect(200)["data"][0]["id"].clone();
        let held = firm.at(&format!("role-assignments/{}", held.as_str().unwrap()));
        let set = |path: &str, active: bool| firm.owner.patch(path, json!({"is_active": active}));
        set(&member, false).expect(200);
        limit(server, &firm, 1);
        set(&held, false).expect(200);
        // Without it they would be one more who works here.
        set(&member, true).problem(409, "member_limit");
    });
}

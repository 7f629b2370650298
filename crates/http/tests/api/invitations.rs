//! Inviting by mail: what may be asked for, what the mail says, sending it again and taking it back.

use crate::identity::set_password;
use crate::kit::{data, pointers, rows, stored, texts};
use crate::post::{events, mail, mails, on_each_clock, token};
use crate::samples::{nothing, role, unique};
use firma_domain::Instant;
use firma_domain::source::Clock;
use firma_testing::{Answer, Client, Firm, Server, SystemClock, on_each};
use serde_json::{Value, json};

pub(crate) fn invite(client: &Client, firm: &Firm<'_>, body: Value) -> Answer {
    client.post(&firm.at("invitations"), body)
}

/// Invites, and gives the token of the mail.
#[track_caller]
pub(crate) fn invited(server: &Server, firm: &Firm<'_>, email: &str, body: Value) -> (String, String) {
    let mut body = body;
    body["email"] = json!(email);
    let id = invite(&firm.owner, firm, body).id();
    (id, token(&mail(server, email)))
}

fn act(client: &Client, firm: &Firm<'_>, id: &str, verb: &str) -> Answer {
    client.act(&firm.at(&format!("invitations/{id}/{verb}")))
}

fn in_days(days: i64) -> Instant {
    SystemClock.now().plus_seconds(days * 86_400)
}

#[test]
fn an_invitation_is_for_a_week_and_gives_the_least() {
    on_each(|server| {
        let firm = Firm::new(server);
        let made = invite(&firm.owner, &firm, json!({"email": "Kim@New.example"})).expect(201);
        assert_eq!(
            (&made["email"], &made["role_ids"], &made["status"]),
            (
                &json!("kim@new.example"),
                &json!([role("stakeholder")]),
                &json!("open")
            )
        );
        let at = |field: &str| -> Instant { serde_json::from_value(made[field].clone()).unwrap() };
        assert_eq!(at("expires_at").seconds() - at("sent_at").seconds(), 7 * 86_400);
        assert_eq!(made["invited_by"], json!(firm.owner_id));
        assert_eq!(
            (&made["sent_count"], &made["takes_place"]),
            (&json!(1), &json!(true))
        );
        // Nobody is a member by being asked, and no account is made.
        assert_eq!(rows(server, "memberships"), 1);
        assert_eq!(rows(server, "users"), 1);
        assert_eq!(events(server, "invitation_sent"), 1);
        let path = firm.at("invitations?status=open&email=kim@new.example&sort=-expires_at");
        let listed = firm.owner.get(&path).expect(200);
        assert_eq!(texts(&data(&listed), "id"), [made["id"].as_str().unwrap()]);
        let one = firm.at(&format!("invitations/{}", made["id"].as_str().unwrap()));
        assert_eq!(firm.owner.get(&one).expect(200), made);
    });
}

#[test]
fn a_known_and_an_unknown_address_are_invited_alike() {
    on_each(|server| {
        let firm = Firm::new(server);
        Firm::user(server, "known@account.example");
        set_password(server, "known@account.example", "a password of its own");
        let shape = |email: &str| {
            let answer = invite(&firm.owner, &firm, json!({"email": email, "name": "As Typed"}));
            let names: Vec<_> = answer.headers.iter().map(|(name, _)| name.clone()).collect();
            let mut body = answer.expect(201);
            for own in ["id", "email", "created_at", "updated_at", "sent_at", "expires_at"] {
                body[own] = json!(null);
            }
            (names, body)
        };
        assert_eq!(shape("known@account.example"), shape("unknown@account.example"));
    });
}

#[test]
fn the_mail_is_in_the_language_of_its_reader_else_of_the_organization() {
    on_each(|server| {
        let firm = Firm::new(server);
        let reader = Firm::user(server, "reader@account.example");
        set_password(server, "reader@account.example", "a password of its own");
        server
            .client(reader)
            .patch("/api/v1/me/profile", json!({"locale": "sr-Latn"}))
            .expect(200);
        for (locale, says) in [
            ("en", "invites you to"),
            ("de-AT", "lädt Sie zu"),
            ("tr", "davet ediyor"),
            ("sr", "vas poziva u"),
            ("fr", "invites you to"),
        ] {
            firm.owner
                .patch(&firm.path, json!({"locale": locale}))
                .expect(200);
            let email = format!("{}@new.example", unique());
            let body = json!({"email": email, "name": "Kim <b>", "message": "Hi\nthere & <i>"});
            invite(&firm.owner, &firm, body).expect(201);
            let sent = mail(server, &email);
            assert!(sent.subject.contains(says), "{}", sent.subject);
            assert!(sent.subject.contains(&firm.slug), "{}", sent.subject);
            assert!(sent.text.contains("Kim <b>") && sent.text.contains("Hi\nthere & <i>"));
            assert!(sent.html.contains("Kim &lt;b&gt;") && sent.html.contains("Hi\nthere &amp; &lt;i&gt;"));
            assert!(sent.text.contains("POST /api/v1/auth/register-by-invitation"));
            assert!(!sent.text.contains("accept-invitation"));
        }
        firm.owner.patch(&firm.path, json!({"locale": "de"})).expect(200);
        invite(&firm.owner, &firm, json!({"email": "reader@account.example"})).expect(201);
        let sent = mail(server, "reader@account.example");
        assert!(sent.subject.contains("vas poziva u"), "{}", sent.subject);
        assert!(sent.text.contains("POST /api/v1/auth/accept-invitation"));
        assert!(!sent.text.contains("register-by-invitation"));
    });
}

#[test]
fn what_is_wrong_is_named_and_nothing_is_sent() {
    on_each(|server| {
        let (firm, other) = (Firm::new(server), Firm::new(server));
        let (own, foreign) = (firm.team(&[]), other.team(&[]));
        let gone = firm.team(&[]);
        firm.owner.delete(&firm.at(&format!("teams/{gone}"))).expect(204);
        let (before, sent) = (stored(server), events(server, "invitation_sent"));
        let nobodys = nothing(server);
        for (field, value, pointer, code) in [
            ("email", json!("kim"), "#/email", "invalid_value"),
            ("email", json!("kim@localhost"), "#/email", "invalid_value"),
            ("email", json!(null), "#/email", "invalid_type"),
            (
                "email",
                json!("a@b.example, c@d.example"),
                "#/email",
                "invalid_value",
            ),
            ("name", json!(""), "#/name", "length"),
            ("name", json!("n".repeat(256)), "#/name", "length"),
            ("name", json!("a\u{0}b"), "#/name", "control_character"),
            ("message", json!("m".repeat(1_001)), "#/message", "length"),
            ("role_ids", json!("employee"), "#/role_ids", "invalid_type"),
            ("role_ids", json!(["employee"]), "#/role_ids/0", "invalid_value"),
            ("role_ids", json!(null), "#/role_ids", "invalid_type"),
            (
                "role_ids",
                json!([role("employee"), nobodys]),
                "#/role_ids/1",
                "not_found",
            ),
            (
                "role_ids",
                json!([role("website_owner")]),
                "#/role_ids/0",
                "not_found",
            ),
            (
                "role_ids",
                json!(vec![role("employee"); 21]),
                "#/role_ids",
                "length",
            ),
            ("team_ids", json!([own, foreign]), "#/team_ids/1", "not_found"),
            ("team_ids", json!([nobodys]), "#/team_ids/0", "not_found"),
            ("team_ids", json!([gone]), "#/team_ids/0", "not_found"),
            ("team_ids", json!(vec![own.clone(); 21]), "#/team_ids", "length"),
            ("expires_at", json!(in_days(-1)), "#/expires_at", "past"),
            ("expires_at", json!(in_days(31)), "#/expires_at", "range"),
            ("expires_at", json!("tomorrow"), "#/expires_at", "invalid_value"),
            ("status", json!("accepted"), "#/status", "read_only"),
            ("invited_by", json!(firm.owner_id), "#/invited_by", "read_only"),
            ("takes_place", json!(false), "#/takes_place", "read_only"),
            ("accepted_by", json!(firm.owner_id), "#/accepted_by", "read_only"),
            (
                "organization_id",
                json!(other.id),
                "#/organization_id",
                "unknown_field",
            ),
        ] {
            let mut body = json!({"email": "kim@new.example"});
            body[field] = value.clone();
            let problem = invite(&firm.owner, &firm, body).problem(422, "invalid");
            assert_eq!(pointers(&problem), [pointer], "{field} {value}: {problem}");
            assert_eq!(problem["errors"][0]["code"], code, "{field} {value}");
        }
        let problem = invite(&firm.owner, &firm, json!({})).problem(422, "invalid");
        assert_eq!(problem["errors"][0]["code"], "required");
        invite(&firm.owner, &firm, json!([])).problem(422, "invalid");
        firm.owner
            .post(&firm.at("invitations?x=1"), json!({"email": "kim@new.example"}))
            .problem(400, "unknown_parameter");
        assert_eq!(stored(server), before);
        assert_eq!(events(server, "invitation_sent"), sent);
        assert!(mails(server).is_empty());
        // What is just right: a month at most, ids that come twice are one.
        let body = json!({"email": "kim@new.example", "expires_at": in_days(30).plus_seconds(-60),
            "role_ids": [role("employee"), role("employee")], "team_ids": [own, own]});
        let made = invite(&firm.owner, &firm, body).expect(201);
        assert_eq!(
            (&made["role_ids"], &made["team_ids"]),
            (&json!([role("employee")]), &json!([own]))
        );
    });
}

#[test]
fn nobody_invites_to_more_than_they_hold() {
    on_each(|server| {
        let firm = Firm::new(server);
        let (_, admin) = firm.member(Some("admin"));
        let body =
            |name: &str| json!({"email": format!("{}@new.example", unique()), "role_ids": [role(name)]});
        for name in ["manager", "product_manager", "employee", "stakeholder", "client"] {
            let (_, client) = firm.member(Some(name));
            invite(&client, &firm, body("stakeholder")).problem(403, "permission_required");
        }
        let before = rows(server, "invitations");
        invite(&admin, &firm, body("ceo")).problem(403, "role_not_held");
        assert_eq!(rows(server, "invitations"), before);
        let id = invite(&firm.owner, &firm, body("ceo")).id();
        // Nor does sending it once more give what the sender doesn't hold.
        act(&admin, &firm, &id, "resend").problem(403, "role_not_held");
        act(&admin, &firm, &id, "revoke").expect(200);
        invite(&admin, &firm, body("admin")).expect(201);
    });
}

#[test]
fn an_address_is_invited_once_and_no_member_is() {
    on_each(|server| {
        let firm = Firm::new(server);
        let (member, _) = firm.member(None);
        let email = json!(format!("owner@{}.example", firm.slug));
        let taken = |answer: Answer| {
            let problem = answer.problem(409, "not_unique");
            assert_eq!(problem["errors"][0]["pointer"], "#/email");
        };
        taken(invite(&firm.owner, &firm, json!({"email": email})));
        // One who was deactivated is activated, not invited.
        let at = firm.at(&format!("members/{member}"));
        let member = firm.owner.patch(&at, json!({"is_active": false})).expect(200);
        taken(invite(&firm.owner, &firm, json!({"email": member["email"]})));
        let id = invite(&firm.owner, &firm, json!({"email": "kim@new.example"})).id();
        for again in ["kim@new.example", "KIM@new.example"] {
            taken(invite(&firm.owner, &firm, json!({"email": again})));
            let body = json!({"email": again, "name": "Kim"});
            taken(firm.owner.post(&firm.at("members"), body));
        }
        act(&firm.owner, &firm, &id, "revoke").expect(200);
        invite(&firm.owner, &firm, json!({"email": "kim@new.example"})).expect(201);
        // Another organization may ask, too.
        let other = Firm::new(server);
        invite(&other.owner, &other, json!({"email": "kim@new.example"})).expect(201);
    });
}

#[test]
fn of_several_mails_the_newest_is_good_until_it_is_taken_back() {
    on_each_clock(|server, clock| {
        let firm = Firm::new(server);
        let (admin_id, admin) = firm.member(Some("admin"));
        let (id, first) = invited(server, &firm, "kim@new.example", json!({}));
        let look = |token: &str| {
            server
                .nobody()
                .post("/api/v1/auth/invitation", json!({"token": token}))
        };
        assert_eq!(
            look(&first).expect(200)["invited_by"],
            json!(format!("owner@{}.example", firm.slug))
        );
        clock.by(8 * 86_400);
        let admin = admin.with_token(Some(server.token(admin_id, 900)));
        look(&first).problem(422, "invalid");
        let again = act(&admin, &firm, &id, "resend").expect(200);
        assert_eq!(
            (&again["sent_count"], &again["invited_by"]),
            (&json!(2), &json!(admin_id))
        );
        let second = token(&mail(server, "kim@new.example"));
        look(&first).problem(422, "invalid");
        look(&second).expect(200);
        act(&admin, &firm, &id, "resend").expect(200);
        act(&admin, &firm, &id, "resend").expect(200);
        // Two mails wait to be written, and the older one isn't any more.
        let fourth = token(&mail(server, "kim@new.example"));
        look(&second).problem(422, "invalid");
        look(&fourth).expect(200);
        let revoked = act(&admin, &firm, &id, "revoke").expect(200);
        assert!(revoked["revoked_at"].is_string() && revoked["status"] == "revoked");
        look(&fourth).problem(422, "invalid");
        for verb in ["resend", "revoke"] {
            act(&admin, &firm, &id, verb).problem(409, "transition");
        }
        assert_eq!(
            (
                events(server, "invitation_sent"),
                events(server, "invitation_revoked")
            ),
            (4, 1)
        );
        assert!(mails(server).is_empty());
    });
}

#[test]
fn one_that_is_taken_back_before_its_mail_is_written_is_never_sent() {
    on_each(|server| {
        let firm = Firm::new(server);
        let id = invite(&firm.owner, &firm, json!({"email": "kim@new.example"})).id();
        act(&firm.owner, &firm, &id, "revoke").expect(200);
        assert!(mails(server).is_empty());
        assert_eq!(rows(server, "verification_tokens"), 0);
    });
}

#[test]
fn another_organizations_invitation_is_none() {
    on_each(|server| {
        let (firm, other) = (Firm::new(server), Firm::new(server));
        let id = invite(&other.owner, &other, json!({"email": "kim@new.example"})).id();
        for verb in ["resend", "revoke"] {
            act(&firm.owner, &firm, &id, verb).problem(404, "not_found");
            act(&firm.owner, &firm, &nothing(server), verb).problem(404, "not_found");
            act(&firm.owner, &firm, "none", verb).problem(404, "not_found");
        }
        firm.owner
            .get(&firm.at(&format!("invitations/{id}")))
            .problem(404, "not_found");
        assert_eq!(
            data(&firm.owner.get(&firm.at("invitations")).expect(200)).len(),
            0
        );
    });
}

#[test]
fn a_retried_invitation_is_one() {
    on_each(|server| {
        let firm = Firm::new(server);
        let body = json!({"email": "kim@new.example"});
        let once = || {
            firm.owner
                .post_once(&firm.at("invitations"), "once", body.clone())
        };
        assert_eq!(once().id(), once().id());
        assert_eq!((rows(server, "invitations"), mails(server).len()), (1, 1));
    });
}

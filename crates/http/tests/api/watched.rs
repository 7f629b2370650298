//! What concerns safety: who tried what isn't theirs, who wrote conspicuously much, and who may read of it. And the
//! log of an organization.

use crate::kit::{data, texts, walk};
use crate::samples::unique;
use firma_services::identity::NoticeHandler;
use firma_services::platform::{Worker, WorkerSettings};
use firma_testing::{Client, Firm, Server, on_each};
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;

/// The security events of a firm of one type, once there are so many: what is noted beside a call comes after it.
#[track_caller]
fn noted(client: &Client, firm: &Firm<'_>, kind: &str, count: usize) -> Vec<Value> {
    let list = firm.at(&format!("security-events?type={kind}"));
    for _ in 0..1_000 {
        let found = data(&client.get(&list).expect(200));
        if found.len() >= count {
            assert_eq!(found.len(), count);
            return found;
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    panic!("not {count} of {kind}");
}

#[test]
fn an_attempt_at_what_is_foreign_is_noted_once_where_it_was_aimed() {
    on_each(|server| {
        let (mine, theirs) = (Firm::new(server), Firm::new(server));
        let deal = theirs
            .owner
            .post(&theirs.at("deals"), json!({"title": "Theirs"}))
            .id();
        let (_, member) = theirs.member(Some("employee"));
        let at = mine.at(&format!("deals/{deal}"));
        // What nobody has is no attempt, and nor is what one only doesn't reach.
        let own = mine.owner.post(&mine.at("deals"), json!({"title": "Mine"})).id();
        let (_, colleague) = mine.member(Some("employee"));
        colleague
            .get(&mine.at(&format!("deals/{own}")))
            .problem(404, "not_found");
        mine.owner
            .get(&mine.at(&format!("deals/{}", mine.owner_id)))
            .problem(404, "not_found");
        mine.owner
            .get(&format!("/api/v1/organizations/{}", unique()))
            .problem(404, "organization_not_found");
        for _ in 0..3 {
            mine.owner.get(&at).problem(404, "not_found");
            mine.owner.delete(&at).problem(404, "not_found");
            mine.owner
                .get(&theirs.path)
                .problem(404, "organization_not_found");
            mine.owner
                .get(&theirs.at("deals"))
                .problem(404, "organization_not_found");
        }
        let found = noted(&theirs.owner, &theirs, "foreign_attempt", 2);
        assert!(found.iter().all(|event| event["user_id"] == json!(mine.owner_id)
            && event["severity"] == "warning"
            && event["ip"] == "127.0.0.1"));
        let details: Vec<_> = found.iter().map(|event| event["details"].clone()).collect();
        assert!(details.contains(&json!(format!("deals/{deal}"))) && details.contains(&json!(null)));
        // Who tried isn't told that there is something, and nor is the other organization.
        let told = data(&mine.owner.get("/api/v1/me/security-events?limit=200").expect(200));
        assert!(
            told.iter().all(|event| event["type"] != "foreign_attempt"),
            "{told:?}"
        );
        assert_eq!(noted(&mine.owner, &mine, "foreign_attempt", 0), [] as [Value; 0]);
        // A member without the right reads none of it.
        for list in ["security-events", "audit-entries"] {
            member.get(&theirs.at(list)).problem(403, "permission_required");
        }
    });
}

#[test]
fn more_than_a_hundred_writes_in_an_hour_are_raised_once() {
    on_each(|server| {
        let firm = Firm::new(server);
        let (user, client) = firm.member(Some("manager"));
        let write = || {
            let body = json!({"name": unique()});
            client.post(&firm.at("companies"), body).expect(201);
        };
        (0..99).for_each(|_| write());
        // What is refused, replayed, read or done in bulk isn't counted.
        for _ in 0..10 {
            client
                .post(&firm.at("companies"), json!({}))
                .problem(422, "invalid");
            client.get(&firm.at("companies?limit=1")).expect(200);
        }
        let operations: Vec<_> = (0..50)
            .map(|_| json!({"op": "create", "value": {"name": unique()}}))
            .collect();
        let many = json!({"operations": operations});
        client
            .post_once(&firm.at("companies/bulk"), &unique(), many)
            .expect(200);
        let (key, body) = (unique(), json!({"name": unique()}));
        for _ in 0..5 {
            client
                .post_once(&firm.at("companies"), &key, body.clone())
                .expect(201);
        }
        assert_eq!(noted(&firm.owner, &firm, "many_writes", 0), [] as [Value; 0]);
        (0..30).for_each(|_| write());
        let raised = noted(&firm.owner, &firm, "many_writes", 1);
        assert_eq!(
            (&raised[0]["user_id"], &raised[0]["severity"]),
            (&json!(user), &json!("warning"))
        );
    });
}

#[test]
fn security_events_of_an_organization_are_its_own_and_are_cut() {
    on_each(|server| {
        let (firm, other) = (Firm::new(server), Firm::new(server));
        let (_, admin) = firm.member(Some("admin"));
        let users: Vec<_> = (0..4).map(|_| firm.member(Some("designer")).0).collect();
        let list = |query: &str| {
            data(
                &admin
                    .get(&firm.at(&format!("security-events?{query}")))
                    .expect(200),
            )
        };
        let all = walk(&admin, &firm.at("security-events?limit=2"));
        assert_eq!(all, list("limit=200"));
        assert!(all.iter().all(|event| event["organization_id"] == json!(firm.id)));
        let ids = texts(&all, "id");
        assert!(ids.is_sorted_by(|a, b| a > b));
        let given = list("type=role_assigned&severity=info");
        assert!(given.len() >= 5 && given.iter().all(|event| event["type"] == "role_assigned"));
        let one = list(&format!("user_id={}", users[0]));
        assert_eq!(one.len(), 1);
        let at = one[0]["occurred_at"].as_str().unwrap();
        assert!(list(&format!("occurred_at[gte]={at}")).contains(&one[0]));
        assert!(list(&format!("occurred_at[lte]={at}")).contains(&one[0]));
        assert!(!list(&format!("occurred_at[gt]={at}")).contains(&one[0]));
        assert!(!list(&format!("occurred_at[lt]={at}")).contains(&one[0]));
        assert_eq!(list("occurred_at[lt]=2020-01-01T00:00:00Z"), [] as [Value; 0]);
        assert_eq!(list("severity=critical"), [] as [Value; 0]);
        for wrong in [
            "type=nothing",
            "severity=high",
            "user_id=me",
            "occurred_at=now",
            "limit=0",
        ] {
            admin
                .get(&firm.at(&format!("security-events?{wrong}")))
                .problem(400, "invalid_value");
        }
        admin
            .get(&firm.at(&format!("security-events?organization_id={}", other.id)))
            .problem(400, "unknown_parameter");
        let page = admin.get(&firm.at("security-events?limit=1")).expect(200);
        let cursor = page["pagination"]["next_cursor"].as_str().unwrap();
        other
            .owner
            .get(&other.at(&format!("security-events?limit=1&cursor={cursor}")))
            .problem(400, "invalid_cursor");
        admin
            .get(&firm.at(&format!("security-events?severity=info&cursor={cursor}")))
            .problem(400, "invalid_cursor");
    });
}

#[test]
fn the_log_of_an_organization_says_who_changed_what() {
    on_each(|server| {
        let (firm, other) = (Firm::new(server), Firm::new(server));
        let (user, manager) = firm.member(Some("manager"));
        let (_, admin) = firm.member(Some("admin"));
        let company = manager
            .post(&firm.at("companies"), json!({"name": "Old name"}))
            .id();
        let path = firm.at(&format!("companies/{company}"));
        manager.patch(&path, json!({"name": "New name"})).expect(200);
        manager.delete(&path).expect(204);
        let list = |query: &str| data(&admin.get(&firm.at(&format!("audit-entries?{query}"))).expect(200));
        let all = walk(&admin, &firm.at("audit-entries?limit=3"));
        assert_eq!(all, list("limit=200"));
        let numbers: Vec<_> = all
            .iter()
            .map(|entry| entry["number"].as_i64().unwrap())
            .collect();
        let last = i64::try_from(all.len()).unwrap();
        assert_eq!(numbers, (1..=last).rev().collect::<Vec<_>>());
        let of_it = list(&format!("entity_type=company&entity_id={company}"));
        assert_eq!(
            texts(&of_it, "action"),
            ["company.deleted", "company.updated", "company.created"]
        );
        assert_eq!(of_it[1]["changes"]["name"], json!(["Old name", "New name"]));
        assert_eq!(
            (&of_it[1]["entity_version"], &of_it[1]["ip"]),
            (&json!(2), &json!("127.0.0.1"))
        );
        assert!(of_it.iter().all(|entry| entry["actor_id"] == json!(user)));
        let theirs = list(&format!("actor_id={user}"));
        assert!(theirs.len() >= 3 && theirs.iter().all(|entry| entry["actor_id"] == json!(user)));
        assert_eq!(list("action=company.updated"), [of_it[1].clone()]);
        assert_eq!(list("action=company.updated,company.deleted").len(), 2);
        let at = of_it[1]["occurred_at"].as_str().unwrap();
        assert!(list(&format!("occurred_at[gte]={at}")).contains(&of_it[1]));
        assert!(!list(&format!("occurred_at[gt]={at}")).contains(&of_it[1]));
        for (query, code) in [
            ("entity_type=company", "required"),
            (&*format!("entity_id={company}"), "required"),
            ("entity_type=company&entity_id=none", "invalid_value"),
            ("created_at=2026-01-01T00:00:00Z", "unknown_parameter"),
            ("sort=number", "unknown_parameter"),
        ] {
            admin
                .get(&firm.at(&format!("audit-entries?{query}")))
                .problem(400, code);
        }
        // Another's row is in no log of one's own, and a payload that was erased is none.
        let foreign = format!("audit-entries?entity_type=company&entity_id={company}");
        assert_eq!(
            data(&other.owner.get(&other.at(&foreign)).expect(200)),
            [] as [Value; 0]
        );
        let id = server.base.id_literal(firm.id);
        server.base.execute(&format!(
            "DELETE FROM audit_payloads WHERE organization_id = {id}"
        ));
        let erased = list(&format!("entity_type=company&entity_id={company}"));
        assert_eq!(erased.len(), 3);
        assert!(
            erased
                .iter()
                .all(|entry| entry["changes"].is_null() && entry["ip"].is_null())
        );
    });
}

/// A worker that tells owners.
fn teller(server: &Server) -> Worker {
    let settings = WorkerSettings {
        idle: Duration::from_millis(20),
        ..WorkerSettings::default()
    };
    Worker::start(server.database.clone(), vec![Arc::new(NoticeHandler)], settings).unwrap()
}

#[test]
fn an_owner_is_told_by_mail_if_the_organization_wants_that() {
    on_each(|server| {
        let (loud, quiet) = (Firm::new(server), Firm::new(server));
        quiet
            .owner
            .patch(
                &quiet.path,
                json!({"settings": {"mail": {"security_warnings": false}}}),
            )
            .expect(200);
        for firm in [&loud, &quiet] {
            let (_, client) = firm.member(Some("manager"));
            for _ in 0..101 {
                let body = json!({"name": unique()});
                client.post(&firm.at("companies"), body).expect(201);
            }
            noted(&firm.owner, firm, "many_writes", 1);
        }
        let worker = teller(server);
        let count = |what: &str| {
            server
                .base
                .number(&format!("SELECT COUNT(*) FROM jobs WHERE {what}"))
        };
        for _ in 0..1_000 {
            if count("kind = 'security_notice' AND state = 'SUCCEEDED'") == 2 {
                break;
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        assert_eq!(count("kind = 'security_notice' AND state = 'SUCCEEDED'"), 2);
        worker.stop(Duration::from_secs(60));
        let mails = server.base.lines(
            "SELECT p.payload FROM job_payloads p JOIN jobs j ON j.id = p.job_id WHERE j.kind = 'mail'",
        );
        let [mail] = &mails[..] else { panic!("{mails:?}") };
        let mail: Value = serde_json::from_str(mail).unwrap();
        assert_eq!(mail["to"], json!(format!("owner@{}.example", loud.slug)));
        assert_eq!(mail["template"], "security_warning");
        assert_eq!(mail["variables"]["kind"], "many_writes");
        assert_eq!(mail["variables"]["organization"], json!(loud.slug));
        // By it the mail is found when the person is erased.
        assert!(mail["variables"]["person_id"].is_string());
    });
}

#[test]
fn what_is_raised_is_counted() {
    on_each(|server| {
        let of = |kind: &str| {
            let token = firma_testing::METRICS_TOKEN;
            let text = server
                .nobody()
                .with_token(Some(token.into()))
                .get("/metrics")
                .text;
            let series = format!("firma_security_events_total{{type=\"{kind}\"");
            let line = text.lines().find(|line| line.starts_with(&series));
            line.map_or(0, |line| line.rsplit(' ').next().unwrap().parse::<i64>().unwrap())
        };
        let before = of("sign_in_failed");
        let wrong = json!({"email": "nobody@example.com", "password": "none of anybody's"});
        server
            .nobody()
            .post("/api/v1/auth/login", wrong)
            .problem(401, "wrong_credentials");
        assert_eq!(of("sign_in_failed") - before, 1);
    });
}

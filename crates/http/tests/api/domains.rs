//! An organization's domain: anybody claims one, and who proves it by a DNS record has it. The records stand with a
//! name server of the test's own, which is asked over the network.

use crate::audit::verified;
use crate::kit::data;
use firma_testing::{Answer, Answers, DnsNames, Firm, NameServer, Server, SystemClock, TestDatabase};
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::{Duration, Instant};

const DOMAIN: &str = "acme.example";
const NAME: &str = "_firma.acme.example";

fn asking(base: TestDatabase) -> (NameServer, Server) {
    let names = NameServer::start();
    let dns = Arc::new(DnsNames::new(Some(names.address)));
    (names, Server::start_asking(base, Arc::new(SystemClock), dns))
}

fn verify(firm: &Firm<'_>) -> Answer {
    firm.owner.act(&firm.at("domain/verify"))
}

/// A firm that claims the domain, and what its record has to say.
fn claiming(server: &Server) -> (Firm<'_>, String) {
    let firm = Firm::new(server);
    firm.owner
        .patch(&firm.path, json!({"domain": "Acme.Example"}))
        .expect(200);
    let claimed = firm.owner.get(&firm.at("domain")).expect(200);
    assert_eq!(
        (&claimed["domain"], &claimed["verified_at"]),
        (&json!(DOMAIN), &Value::Null)
    );
    assert_eq!(
        (&claimed["record"]["name"], &claimed["record"]["type"]),
        (&json!(NAME), &json!("TXT"))
    );
    let value = claimed["record"]["value"].as_str().unwrap().to_owned();
    (firm, value)
}

fn is_verified(firm: &Firm<'_>) -> bool {
    let shown = firm.owner.get(&firm.path).expect(200)["domain_verified_at"].clone();
    assert_eq!(
        firm.owner.get(&firm.at("domain")).expect(200)["verified_at"],
        shown
    );
    !shown.is_null()
}

fn events(firm: &Firm<'_>, kind: &str) -> Vec<Value> {
    data(
        &firm
            .owner
            .get(&firm.at(&format!("security-events?type={kind}")))
            .expect(200),
    )
}

fn holders(server: &Server) -> Vec<String> {
    server
        .base
        .lines("SELECT domain || ' ' || slug FROM tenants WHERE domain IS NOT NULL ORDER BY 1")
}

#[test]
fn a_domain_is_claimed_by_anybody_and_had_by_who_proves_it() {
    for base in TestDatabase::each() {
        let (names, server) = asking(base);
        let none = Firm::new(&server);
        none.owner.get(&none.at("domain")).problem(404, "not_found");
        verify(&none).problem(404, "not_found");
        let ((one, ones), (other, others)) = (claiming(&server), claiming(&server));
        assert_ne!(ones, others);
        // No such name; then another's record, and something else.
        verify(&one).problem(409, "domain_not_proved");
        names.set(NAME, &[&["v=spf1 -all"], &[&others], &[&ones[1..]]]);
        let said = verify(&one).problem(409, "domain_not_proved");
        let detail = said["detail"].as_str().unwrap();
        assert!(detail.contains(NAME) && detail.contains(&ones), "{detail}");
        assert!(!is_verified(&one) && holders(&server).is_empty());
        // A record may come in parts.
        let (begin, end) = ones.split_at(20);
        names.set(NAME, &[&["v=spf1 -all"], &[begin, end]]);
        let proved = verify(&one).expect(200);
        assert!(is_verified(&one) && !is_verified(&other));
        assert_eq!(verify(&one).expect(200), proved);
        assert_eq!(events(&one, "domain_verified").len(), 1);
        assert_eq!(holders(&server), [format!("{DOMAIN} {}", one.slug)]);
        // Nobody says so themselves, and only who may change the organization has it looked for.
        one.owner
            .patch(&one.path, json!({"domain_verified_at": "2026-01-01T00:00:00Z"}))
            .problem(422, "invalid");
        let (_, employee) = one.member(Some("employee"));
        employee.get(&one.at("domain")).expect(200);
        employee
            .act(&one.at("domain/verify"))
            .problem(403, "permission_required");
        other
            .owner
            .get(&one.at("domain"))
            .problem(404, "organization_not_found");
        // A second one that proves it takes it; who had it is told, and not by whom.
        names.set(NAME, &[&[&ones], &[&others]]);
        verify(&other).expect(200);
        assert!(!is_verified(&one) && is_verified(&other));
        assert_eq!(one.owner.get(&one.path).expect(200)["domain"], DOMAIN);
        assert_eq!(holders(&server), [format!("{DOMAIN} {}", other.slug)]);
        let lost = events(&one, "domain_lost");
        assert_eq!((lost.len(), &lost[0]["severity"]), (1, &json!("warning")));
        assert_eq!(
            (&lost[0]["details"], &lost[0]["user_id"]),
            (&json!(DOMAIN), &Value::Null)
        );
        let log = one
            .owner
            .get(&one.at("audit-entries?action=organization.domain_lost"));
        let log = data(&log.expect(200));
        assert_eq!((log.len(), &log[0]["actor_id"]), (1, &Value::Null));
        assert!(
            !json!([lost, log])
                .to_string()
                .contains(&other.owner_id.to_string())
        );
        // Another name is another claim.
        other
            .owner
            .patch(&other.path, json!({"domain": "other.example"}))
            .expect(200);
        assert!(!is_verified(&other) && holders(&server).is_empty());
        verify(&other).problem(409, "domain_not_proved");
        verify(&one).expect(200);
        assert!(is_verified(&one) && events(&other, "domain_lost").is_empty());
        for firm in [&one, &other] {
            assert!(verified(firm).broken.is_none());
        }
        // One that is deleted keeps nobody from it, and has it no more when it comes back.
        one.owner.delete(&one.path).expect(204);
        let third = Firm::new(&server);
        third
            .owner
            .patch(&third.path, json!({"domain": DOMAIN}))
            .expect(200);
        let thirds = third.owner.get(&third.at("domain")).expect(200)["record"]["value"].clone();
        names.set(NAME, &[&[thirds.as_str().unwrap()]]);
        verify(&third).expect(200);
        let (_, platform) = Firm::platform(&server, "website_owner");
        let reopened = format!("/api/v1/platform/organizations/{}/restore", one.id);
        platform.act(&reopened).expect(200);
        assert!(!is_verified(&one) && is_verified(&third));
    }
}

#[test]
fn of_many_that_prove_a_domain_at_once_one_has_it() {
    for base in TestDatabase::each() {
        let (names, server) = asking(base);
        let firms: Vec<_> = (0..8).map(|_| claiming(&server)).collect();
        let values: Vec<_> = firms.iter().map(|(_, value)| [value.as_str()]).collect();
        let records: Vec<&[&str]> = values.iter().map(|value| value.as_slice()).collect();
        names.set(NAME, &records);
        for _ in 0..3 {
            let done: Vec<_> = std::thread::scope(|scope| {
                let calls: Vec<_> = firms
                    .iter()
                    .map(|(firm, _)| scope.spawn(|| verify(firm).status))
                    .collect();
                calls.into_iter().map(|call| call.join().unwrap()).collect()
            });
            assert!(done.contains(&200), "{done:?}");
            assert!(
                done.iter().all(|status| [200, 409, 503].contains(status)),
                "{done:?}"
            );
            let proved = "SELECT COUNT(*) FROM organizations WHERE domain_verified_at IS NOT NULL";
            assert_eq!((server.base.number(proved), holders(&server).len()), (1, 1));
        }
        for (firm, _) in &firms {
            assert!(verified(firm).broken.is_none());
        }
    }
}

#[test]
fn a_name_server_that_fails_is_left_alone_for_a_while() {
    let (names, server) = asking(TestDatabase::sqlite());
    let (firm, value) = claiming(&server);
    names.set(NAME, &[&[&value]]);
    names.answers(Answers::Silent);
    let begun = Instant::now();
    let away = verify(&firm);
    assert!(away.header("retry-after").is_some());
    away.problem(503, "names_away");
    assert!(begun.elapsed() < Duration::from_secs(15), "{:?}", begun.elapsed());
    names.answers(Answers::Failing);
    for _ in 0..4 {
        verify(&firm).problem(503, "names_away");
    }
    names.answers(Answers::Well);
    let asked = names.asked();
    verify(&firm).problem(503, "names_away");
    assert_eq!(names.asked(), asked);
    assert!(!is_verified(&firm));
    let ready = server.nobody().get("/health/ready").expect(200);
    assert_eq!(ready["names"], "open");
    // Another server of the same, which knows nothing of that.
    let dns = Arc::new(DnsNames::new(Some(names.address)));
    let fresh = Server::start_asking(TestDatabase::sqlite(), Arc::new(SystemClock), dns);
    let (firm, value) = claiming(&fresh);
    names.set(NAME, &[&[&value]]);
    verify(&firm).expect(200);
}

//! What platform roles reach, and what they don't.

use crate::kit::{data, texts};
use crate::samples::{Place, send, unique, upload};
use firma_auth::access::SYSTEM_ROLES;
use firma_http::{Access, operations};
use firma_testing::{Answer, Client, Firm, Server, TestDatabase, on_each};
use serde_json::{Value, json};
use std::collections::BTreeSet;

pub(crate) const ROOT: &str = "/api/v1/platform";

/// Security events of a type that anybody may see on the platform, once there are so many.
#[track_caller]
pub(crate) fn events(platform: &Client, kind: &str, count: usize) -> Vec<Value> {
    let list = format!("{ROOT}/security-events?type={kind}");
    for _ in 0..3_000 {
        let found = data(&platform.get(&list).expect(200));
        if found.len() >= count {
            return found;
        }
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
    panic!("not {count} of {kind}");
}

#[test]
fn for_everybody_else_there_is_nothing() {
    on_each(|server| {
        let firm = Firm::new(server);
        let (_, admin) = firm.member(Some("admin"));
        let stranger = server.client(Firm::user(server, &format!("{}@nowhere.example", unique())));
        for operation in operations() {
            let Access::Platform(..) = operation.access else {
                continue;
            };
            let path = operation.path.replace("{id}", &firm.id.to_string());
            for client in [&firm.owner, &admin, &stranger] {
                let method = operation.method.as_str();
                let broken = (method == "POST" || method == "PATCH").then_some(&b"{no json"[..]);
                let there = client.send(method, &format!("{path}?unknown=1"), &[], broken);
                let nowhere = client.send(method, &format!("{path}-not"), &[], broken);
                assert_eq!(there.body["detail"], format!("there is nothing at {path}"));
                assert_eq!(nowhere.body["detail"], format!("there is nothing at {path}-not"));
                let without = |answer: &Answer| {
                    // A body that nobody reads ends the connection.
                    let names = answer.headers.iter().map(|(name, _)| name.clone());
                    let names: BTreeSet<_> = names.filter(|name| name != "connection").collect();
                    (answer.status, names, answer.body["type"].clone())
                };
                assert_eq!(without(&there), without(&nowhere), "{}", operation.id);
                there.problem(404, "no_route");
            }
            server
                .nobody()
                .send(operation.method.as_str(), &path, &[], None)
                .problem(401, "unauthenticated");
        }
    });
}

#[test]
fn each_platform_role_may_do_what_it_says() {
    on_each(|server| {
        for role in SYSTEM_ROLES.iter().filter(|role| role.platform) {
            let place = Place::new(server);
            for operation in operations() {
                let Access::Platform(resource, verb) = operation.access else {
                    continue;
                };
                let (_, client) = Firm::platform(server, role.name);
                let permission = firma_auth::access::PlatformPermission { resource, verb };
                let answer = place.call(&client, operation);
                if role.gives_on_platform(permission) {
                    answer.expect(operation.status);
                    continue;
                }
                let named = answer.problem(403, "permission_required")["permission"].clone();
                assert_eq!(named.as_str(), operation.access.name().as_deref());
            }
        }
    });
}

/// Every operation in an organization, by who holds every platform role: there is no such organization.
#[test]
fn no_row_inside_an_organization_is_reached() {
    on_each(|server| {
        let place = Place::new(server);
        for name in ["website_owner", "website_admin"] {
            let (_, client) = Firm::platform(server, name);
            let inside = operations()
                .iter()
                .filter(|operation| operation.path.contains("{organization}"));
            for operation in inside {
                let path = place.path(operation);
                send(&client, operation, &path, place.body(operation)).problem(404, "organization_not_found");
            }
        }
        let (_, client) = Firm::platform(server, "website_owner");
        // Nor do the platform's own paths answer anything that stands in there.
        let secrets = place.all_rows();
        let own = [
            place.firm.id.to_string(),
            place.firm.owner_id.to_string(),
            place.row("members").to_owned(),
        ];
        let reading = operations().iter().filter(|operation| {
            matches!(operation.access, Access::Platform(..)) && operation.method == "GET"
        });
        for operation in reading {
            let lists = match operation.path.contains("{id}") {
                true => continue,
                false => &operation.path,
            };
            let text = client.get(lists).text;
            for secret in secrets.iter().filter(|secret| !own.contains(secret)) {
                assert!(!text.contains(secret.as_str()), "{} shows {secret}", operation.id);
            }
            for row in &secrets {
                let one = format!("{lists}/{row}");
                let answer = client.get(&one);
                let may = own.contains(row) && answer.status == 200;
                let none = matches!(answer.status, 404 | 405);
                assert!(may || none, "{one}: {}", answer.text);
            }
        }
        // The system's jobs are the platform's; an organization's are not.
        let job = place.row("jobs");
        for verb in ["cancel", "retry"] {
            client
                .act(&format!("{ROOT}/jobs/{job}/{verb}"))
                .problem(404, "not_found");
        }
        place
            .firm
            .owner
            .get(&place.firm.at(&format!("jobs/{job}")))
            .expect(200);
    });
}

#[test]
fn the_systems_jobs_are_seen_called_off_and_tried_again() {
    on_each(|server| {
        let (_, admin) = Firm::platform(server, "website_admin");
        let place = Place::new(server);
        let (waiting, dead) = (place.system_job(false), place.system_job(true));
        let list = |query: &str| {
            texts(
                &data(&admin.get(&format!("{ROOT}/jobs?{query}")).expect(200)),
                "id",
            )
        };
        assert!(list("").contains(&waiting) && list("state=FAILED").contains(&dead));
        assert!(!list("").contains(&place.row("jobs").to_owned()));
        assert_eq!(
            admin.get(&format!("{ROOT}/jobs/{waiting}")).expect(200)["state"],
            "QUEUED"
        );
        let off = admin.act(&format!("{ROOT}/jobs/{waiting}/cancel")).expect(200);
        assert_eq!(off["state"], "CANCELLED");
        admin
            .act(&format!("{ROOT}/jobs/{waiting}/cancel"))
            .problem(409, "transition");
        let stats = admin.get(&format!("{ROOT}/stats")).expect(200);
        assert!(stats["jobs"]["failed"].as_i64().unwrap() >= 1);
        let again = admin.act(&format!("{ROOT}/jobs/{dead}/retry")).expect(200);
        assert_eq!(
            (&again["state"], &again["attempts"]),
            (&json!("QUEUED"), &json!(0))
        );
        admin
            .act(&format!("{ROOT}/jobs/{dead}/retry"))
            .problem(409, "transition");
        let waits = &admin.get(&format!("{ROOT}/stats")).expect(200)["jobs"]["waiting"];
        assert!(
            waits
                .as_array()
                .unwrap()
                .iter()
                .any(|kind| kind["kind"] == "dead-system"),
            "{waits}"
        );
    });
}

#[test]
fn counts_are_told_and_nothing_else() {
    on_each(|server| {
        let (_, admin) = Firm::platform(server, "website_admin");
        let stats = || admin.get(&format!("{ROOT}/stats")).expect(200);
        let before = stats();
        let firm = Firm::new(server);
        let bytes = b"some text to count";
        upload(&firm.owner, &firm.at("files"), bytes).expect(201);
        let after = stats();
        let more = |pointer: &str| {
            let of = |stats: &Value| stats.pointer(pointer).and_then(Value::as_i64).unwrap();
            of(&after) - of(&before)
        };
        assert_eq!(more("/users/total"), 1);
        assert_eq!(more("/users/active"), 1);
        assert_eq!(more("/organizations/active"), 1);
        assert_eq!(more("/organizations/suspended"), 0);
        assert_eq!(more("/sessions"), 1);
        assert_eq!(more("/storage/files"), 1);
        assert_eq!(more("/storage/bytes"), i64::try_from(bytes.len()).unwrap());
    });
}

/// The second fence alone knows nothing of who asks, unless a grant of the platform has opened it.
#[test]
fn the_fence_of_the_platform_is_closed_to_others() {
    let Some(base) = TestDatabase::postgres() else {
        return;
    };
    let server = Server::start(base);
    let firm = Firm::new(&server);
    firm.owner
        .post(&firm.at("companies"), json!({"name": "Inside"}))
        .expect(201);
    let counts = |table: &str, platform: &str, what: &str| {
        server.base.execute(&format!(
            "DO $$ BEGIN SET LOCAL ROLE firma_app; PERFORM set_config('app.platform', '{platform}', true); \
             IF NOT (SELECT COUNT(*) {what} FROM {table}) THEN RAISE EXCEPTION '{table}: not {what}'; END IF; END $$"
        ));
    };
    for table in ["users", "organizations", "security_events", "user_words"] {
        counts(table, "", "= 0");
    }
    for table in ["users", "organizations", "user_words", "platform_counts(now())"] {
        counts(table, "on", "> 0");
    }
    counts("platform_counts(now())", "", "= 0");
    let inside = [
        "memberships",
        "companies",
        "pipelines",
        "sessions",
        "user_credentials",
        "role_assignments",
        "audit_entries",
        "audit_payloads",
        "events",
    ];
    for table in inside {
        counts(table, "on", "= 0");
    }
}

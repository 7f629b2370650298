//! What goes wrong on the server's side: counted once for what is the same, read and looked after on the platform.

use crate::kit::{data, texts};
use crate::metrics::series;
use crate::platform::ROOT;
use actix_web::{HttpResponse, web};
use firma_domain::platform::ErrorKind;
use firma_services::installation::{Errors, Incident};
use firma_services::{Fault, Refusal, Tx};
use firma_testing::{Client, Firm, Server, TestDatabase, on_each};
use serde_json::{Value, json};

/// The errors that a query leaves, once all are written down.
fn errors(server: &Server, platform: &Client, query: &str) -> Vec<Value> {
    server.errors.flush(&server.database).unwrap();
    data(&platform.get(&format!("{ROOT}/errors{query}")).expect(200))
}

fn text(error: &Value) -> &str {
    error["id"].as_str().unwrap()
}

fn incident(place: &str, message: &str) -> Incident {
    Incident {
        kind: ErrorKind::Answer,
        place: place.into(),
        message: message.into(),
        request_id: Some("mine".into()),
        route: None,
    }
}

#[test]
fn the_same_error_is_one_row_that_is_resolved_and_comes_again() {
    on_each(|server| {
        let firm = Firm::new(server);
        let (holder, platform) = Firm::platform(server, "website_admin");
        assert_eq!(errors(server, &platform, ""), Vec::<Value>::new());
        server.base.execute("ALTER TABLE companies RENAME TO gone");
        let fail = |asked: &str| firm.owner.get(&firm.at(asked)).problem(500, "internal");
        fail("companies?industry=hats-and-gloves");
        fail("companies");
        let last = fail("companies")["request_id"].clone();

        let found = errors(server, &platform, "");
        let [error] = &found[..] else { panic!("{found:?}") };
        let route = "GET /api/v1/organizations/{organization}/companies";
        for (field, value) in [
            ("kind", json!("ANSWER")),
            ("state", json!("OPEN")),
            ("occurrences", json!(3)),
            ("place", json!(route)),
            ("route", json!(route)),
            ("last_request_id", last),
            ("binary_version", json!(env!("CARGO_PKG_VERSION"))),
            ("resolved_at", Value::Null),
        ] {
            assert_eq!(error[field], value, "{field}");
        }
        assert!(error["first_at"].as_str() < error["last_at"].as_str(), "{error}");
        let said = error.to_string();
        for never in ["hats", "gloves", &firm.slug, &firm.id.to_string()] {
            assert!(!said.contains(never), "{never} in {said}");
        }

        let one = format!("{ROOT}/errors/{}", error["id"].as_str().unwrap());
        assert_eq!(&platform.get(&one).expect(200), error);
        let resolved = platform.act(&format!("{one}/resolve")).expect(200);
        assert_eq!(resolved["state"], "RESOLVED");
        assert_eq!(resolved["resolved_by"], json!(holder));
        // Once is enough.
        assert_eq!(platform.act(&format!("{one}/resolve")).expect(200), resolved);
        assert_eq!(errors(server, &platform, "?state=OPEN"), Vec::<Value>::new());
        // Who did stands in the system's log for good; that it came, or comes again, doesn't.
        let of_it = format!(
            "{ROOT}/audit-entries?entity_type=internal_error&entity_id={}",
            text(error)
        );
        let noted = || data(&platform.get(&of_it).expect(200));
        let before = noted();
        let [entry] = &before[..] else {
            panic!("{before:?}")
        };
        assert_eq!(entry["action"], "internal_error.resolved");
        assert_eq!(entry["actor_id"], json!(holder));
        assert_eq!(entry["changes"]["state"], json!(["OPEN", "RESOLVED"]));
        assert_eq!(entry["changes"]["resolved_by"], json!([null, holder]));

        fail("companies");
        let found = errors(server, &platform, "?state=OPEN");
        let [again] = &found[..] else { panic!("{found:?}") };
        assert_eq!((&again["id"], &again["occurrences"]), (&error["id"], &json!(4)));
        assert_eq!(
            (&again["resolved_at"], &again["resolved_by"]),
            (&Value::Null, &Value::Null)
        );
        assert_eq!(noted(), before);
        let verified = platform
            .get(&format!("{ROOT}/audit-entries/verification"))
            .expect(200);
        assert_eq!(verified["is_whole"], true, "{verified}");
        assert_eq!(
            series(server)["firma_internal_errors_total{kind=\"ANSWER\"}"],
            4.0
        );
    });
}

#[test]
fn several_servers_add_up_and_what_came_before_it_was_resolved_opens_nothing() {
    on_each(|server| {
        let (_, platform) = Firm::platform(server, "website_owner");
        let other = Errors::new(server.database.sources.clock.clone());
        other.note(incident("GET /x", "row 7 is off"));
        server.errors.note(incident("GET /x", "row 8 is off"));
        server.errors.note(incident("GET /x", "row 9 is off"));
        let id = errors(server, &platform, "")[0]["id"]
            .as_str()
            .unwrap()
            .to_owned();
        let resolved = platform.act(&format!("{ROOT}/errors/{id}/resolve")).expect(200);
        assert_eq!(resolved["occurrences"], 2);
        other.flush(&server.database).unwrap();
        let found = errors(server, &platform, "");
        let [error] = &found[..] else { panic!("{found:?}") };
        assert_eq!(
            (&error["occurrences"], &error["message"]),
            (&json!(3), &json!("row # is off"))
        );
        assert_eq!(
            (&error["state"], &error["resolved_at"]),
            (&json!("RESOLVED"), &resolved["resolved_at"])
        );
        assert_eq!(error["last_at"], resolved["last_at"]);
    });
}

#[test]
fn what_cannot_be_written_down_is_kept() {
    on_each(|server| {
        let (_, platform) = Firm::platform(server, "website_admin");
        server.base.execute("ALTER TABLE internal_errors RENAME TO gone");
        server.errors.note(incident("GET /x", "a"));
        assert!(server.errors.flush(&server.database).is_err());
        server.errors.note(incident("GET /x", "a"));
        server.errors.note(incident("GET /x", "b"));
        assert!(server.errors.flush(&server.database).is_err());
        server.base.execute("ALTER TABLE gone RENAME TO internal_errors");
        let found = errors(server, &platform, "?sort=-occurrences");
        assert_eq!(texts(&found, "message"), ["a", "b"]);
        assert_eq!(found[0]["occurrences"], 2);
    });
}

#[test]
fn a_panic_is_one_of_them_wherever_it_is_caught() {
    for database in TestDatabase::each() {
        let server = Server::start_with(database, |more| {
            async fn panics() -> HttpResponse {
                panic!("on purpose, for who@firm.example")
            }
            more.route("/panics/{id}", web::get().to(panics));
        });
        let (_, platform) = Firm::platform(&server, "website_admin");
        server.nobody().get("/panics/7").problem(500, "internal");
        let found = errors(&server, &platform, "?kind=PANIC");
        let [error] = &found[..] else { panic!("{found:?}") };
        assert_eq!(error["message"], "on purpose, for ?");
        assert_eq!(error["route"], "GET /panics/{id}");
        // On a database's thread: nobody is left waiting, and what was said comes along.
        let died = server
            .database
            .read_waiting(|_: &mut Tx<'_>| -> Result<(), Refusal> { panic!("down there") });
        let Err(Refusal::Fault(Fault::Panicked(panicked))) = died else {
            panic!("{died:?}")
        };
        assert_eq!(panicked.message, "down there");
    }
}

#[test]
fn the_list_is_cut_sorted_and_paged_as_others_are() {
    on_each(|server| {
        let (_, platform) = Firm::platform(server, "website_admin");
        for (place, times) in [("GET /a", 3), ("GET /b", 1), ("GET /c", 2), ("GET /d", 5)] {
            (0..times).for_each(|_| server.errors.note(incident(place, "x")));
        }
        assert_eq!(
            texts(&errors(server, &platform, "?sort=-occurrences"), "place"),
            ["GET /d", "GET /a", "GET /c", "GET /b"]
        );
        let mut seen = Vec::new();
        let mut next = format!("{ROOT}/errors?sort=occurrences&limit=3");
        loop {
            let page = platform.get(&next).expect(200);
            seen.extend(texts(&data(&page), "place"));
            let Some(cursor) = page["pagination"]["next_cursor"].as_str() else {
                break;
            };
            next = format!("{ROOT}/errors?sort=occurrences&limit=3&cursor={cursor}");
        }
        assert_eq!(seen, ["GET /b", "GET /c", "GET /a", "GET /d"]);
        let print = errors(server, &platform, "?limit=1")[0]["fingerprint"]
            .as_str()
            .unwrap()
            .to_owned();
        assert_eq!(
            errors(server, &platform, &format!("?fingerprint={print}")).len(),
            1
        );
        assert_eq!(errors(server, &platform, "?kind=PANIC,JOB").len(), 0);
        assert_eq!(
            errors(server, &platform, "?last_at[lt]=2020-01-01T00:00:00Z").len(),
            0
        );
        platform
            .get(&format!("{ROOT}/errors?place=x"))
            .problem(400, "unknown_parameter");
        platform
            .get(&format!("{ROOT}/errors?kind=NONE"))
            .problem(400, "invalid_value");
        platform
            .get(&format!("{ROOT}/errors?sort=message"))
            .problem(400, "unknown_sort");
    });
}

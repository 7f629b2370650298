//! An organization's day is that of its time zone.

use crate::kit::pointers;
use firma_domain::Instant;
use firma_domain::source::Clock;
use firma_testing::{Firm, Server, TestDatabase, on_each};
use serde_json::{Value, json};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

/// Stands until it is set.
#[derive(Default)]
pub(crate) struct Hands(AtomicI64);

impl Hands {
    fn set(&self, at: &str) {
        let at: Instant = serde_json::from_value(at.into()).unwrap();
        self.0.store(at.micros(), Ordering::Relaxed);
    }

    /// Moves on.
    pub(crate) fn later(&self, seconds: i64) {
        self.0.fetch_add(seconds * 1_000_000, Ordering::Relaxed);
    }
}

impl Clock for Hands {
    fn now(&self) -> Instant {
        Instant::from_micros(self.0.load(Ordering::Relaxed)).unwrap()
    }
}

/// Runs a test on each database, each with a server that goes by the test's clock.
pub(crate) fn on_each_at(test: impl Fn(&Server, &Hands)) {
    for database in TestDatabase::each() {
        eprintln!("on {}", database.kind());
        let hands = Arc::new(Hands::default());
        hands.set("2026-01-15T12:00:00Z");
        test(&Server::start_by(database, hands.clone()), &hands);
    }
}

/// A deal that is won now.
fn won(firm: &Firm) -> Value {
    let id = firm.owner.post(&firm.at("deals"), json!({"title": "x"})).id();
    let moved = json!({"stage_id": firm.stage("Won")});
    firm.owner
        .patch(&firm.at(&format!("deals/{id}")), moved)
        .expect(200)
}

fn in_zone<'s>(server: &'s Server, zone: &str) -> Firm<'s> {
    let firm = Firm::new(server);
    let changed = firm
        .owner
        .patch(&firm.path, json!({"timezone": zone}))
        .expect(200);
    assert_eq!(changed["timezone"], zone);
    firm
}

#[test]
fn a_deal_that_is_won_at_one_instant_closes_on_the_day_of_each_organization() {
    on_each_at(|server, hands| {
        hands.set("2026-03-31T23:30:00Z");
        for (zone, day, quarter) in [
            ("UTC", "2026-03-31", "2026-Q1"),
            ("America/Los_Angeles", "2026-03-31", "2026-Q1"),
            ("Europe/Belgrade", "2026-04-01", "2026-Q2"),
            ("Pacific/Auckland", "2026-04-01", "2026-Q2"),
        ] {
            let firm = in_zone(server, zone);
            assert_eq!(won(&firm)["actual_close"], day, "{zone}");
            let report = firm
                .owner
                .get(&firm.at("reports/pipeline?group_by=quarter"))
                .expect(200);
            assert_eq!(report["data"][0]["key"], quarter, "{zone}");
            let within = format!("reports/pipeline?group_by=quarter&from={day}&to={day}");
            assert_eq!(
                firm.owner.get(&firm.at(&within)).expect(200)["total"]["won"],
                1,
                "{zone}"
            );
        }
    });
}

#[test]
fn the_day_follows_the_clocks_of_the_zone() {
    on_each_at(|server, hands| {
        hands.set("2026-03-08T07:59:00Z");
        let firm = in_zone(server, "America/Los_Angeles");
        for (at, day) in [
            // Before the clocks go forward, the day they do, and after.
            ("2026-03-08T07:59:00Z", "2026-03-07"),
            ("2026-03-08T08:00:00Z", "2026-03-08"),
            ("2026-03-09T06:59:59.999999Z", "2026-03-08"),
            ("2026-03-09T07:00:00Z", "2026-03-09"),
            // And back.
            ("2026-11-01T06:59:00Z", "2026-10-31"),
            ("2026-11-01T07:00:00Z", "2026-11-01"),
            ("2026-11-02T07:59:00Z", "2026-11-01"),
            ("2026-11-02T08:00:00Z", "2026-11-02"),
        ] {
            hands.set(at);
            let owner = server.client(firm.owner_id);
            let firm = Firm {
                owner,
                slug: firm.slug.clone(),
                path: firm.path.clone(),
                ..firm
            };
            assert_eq!(won(&firm)["actual_close"], day, "{at}");
        }
        // The next call has the zone that was set.
        hands.set("2026-11-02T08:00:00Z");
        let owner = server.client(firm.owner_id);
        owner
            .patch(&firm.path, json!({"timezone": "Pacific/Honolulu"}))
            .expect(200);
        let firm = Firm { owner, ..firm };
        assert_eq!(won(&firm)["actual_close"], "2026-11-01");
    });
}

#[test]
fn a_history_begins_with_the_first_instant_of_a_day() {
    on_each_at(|server, hands| {
        hands.set("2026-06-01T00:00:00Z");
        for (zone, opened, closed, entered, left) in [
            (
                "UTC",
                "2026-04-05",
                "2026-04-06",
                "2026-04-05T00:00:00.000000Z",
                "2026-04-06T00:00:00.000000Z",
            ),
            // Clocks go back on the fifth, by an hour.
            (
                "Pacific/Auckland",
                "2026-04-05",
                "2026-04-06",
                "2026-04-04T11:00:00.000000Z",
                "2026-04-05T12:00:00.000000Z",
            ),
            // Clocks skip midnight of the 24th.
            (
                "Africa/Cairo",
                "2026-04-24",
                "2026-04-25",
                "2026-04-23T22:00:00.000000Z",
                "2026-04-24T21:00:00.000000Z",
            ),
        ] {
            let firm = in_zone(server, zone);
            let deal = json!({"title": "x", "stage_id": firm.stage("Won"), "opened_on": opened, "actual_close": closed});
            let id = firm.owner.post(&firm.at("deals"), deal).id();
            let history = firm
                .owner
                .get(&firm.at(&format!("deals/{id}/stage-history")))
                .expect(200);
            assert_eq!(history["data"][0]["entered_at"], entered, "{zone}");
            assert_eq!(history["data"][0]["left_at"], left, "{zone}");
        }
    });
}

#[test]
fn zone_and_language_are_checked() {
    on_each(|server| {
        let firm = Firm::new(server);
        let made = firm.owner.get(&firm.path).expect(200);
        assert_eq!(
            (&made["timezone"], &made["locale"], &made["country"]),
            (&json!("UTC"), &json!("en"), &Value::Null)
        );
        for (field, wrong) in [
            ("timezone", json!("Mars/Olympus")),
            ("timezone", json!("+03:00")),
            ("timezone", json!("")),
            ("timezone", json!(3)),
            ("locale", json!("Serbian, please")),
            ("locale", json!("und")),
            ("locale", json!("")),
        ] {
            let problem = firm
                .owner
                .patch(&firm.path, json!({field: wrong}))
                .problem(422, "invalid");
            assert_eq!(pointers(&problem), [format!("#/{field}")], "{wrong}");
        }
        for locale in ["en", "tr", "sr-Latn", "sr-Cyrl", "de", "de-AT"] {
            let set = firm
                .owner
                .patch(&firm.path, json!({"locale": locale}))
                .expect(200);
            assert_eq!(set["locale"], locale);
        }
        let set = firm
            .owner
            .patch(
                &firm.path,
                json!({"locale": "SR-latn", "timezone": "Europe/Istanbul"}),
            )
            .expect(200);
        assert_eq!(
            (&set["locale"], &set["timezone"]),
            (&json!("sr-Latn"), &json!("Europe/Istanbul"))
        );
        let body = json!({"name": "Ada", "slug": format!("{}-ada", firm.slug), "timezone": "Europe/Belgrade", "locale": "sr-Latn"});
        let other = firm.owner.post("/api/v1/organizations", body).expect(201);
        assert_eq!(other["timezone"], "Europe/Belgrade");
    });
}

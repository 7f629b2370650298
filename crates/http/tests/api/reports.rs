//! The pipeline report over a thousand deals, against sums that are made here, to the cent.

use crate::kit::data;
use firma_testing::{Firm, Stop, on_each};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};

/// What the deals of a row come to.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
struct Sums {
    deals: i64,
    won: i64,
    lost: i64,
    open: i64,
    cents: i64,
    days: i64,
    others: i64,
}

/// A deal as it is sent, and what is known of it.
struct Sent {
    body: Value,
    stage: &'static str,
    owner: Option<usize>,
    company: Option<usize>,
    /// Opened and closed on that day of the year 2026
    closed: Option<(i64, i64)>,
    cents: i64,
    is_euro: bool,
}

impl Sent {
    fn add_to(&self, sums: &mut Sums) {
        sums.deals += 1;
        sums.others += i64::from(!self.is_euro);
        match (self.stage, self.closed) {
            ("Won", Some((opened, closed))) => {
                sums.won += 1;
                sums.cents += if self.is_euro { self.cents } else { 0 };
                sums.days += closed - opened;
            }
            ("Lost", _) => sums.lost += 1,
            _ => sums.open += 1,
        }
    }

    fn quarter(&self) -> Option<String> {
        let (_, closed) = self.closed?;
        Some(format!("2026-Q{}", (month(closed) + 2) / 3))
    }
}

const MONTHS: [i64; 12] = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];

fn month(day: i64) -> i64 {
    let mut left = day;
    for (n, days) in MONTHS.iter().enumerate() {
        left -= days;
        if left < 0 {
            return n as i64 + 1;
        }
    }
    panic!("{day} is next year");
}

fn date(day: i64) -> String {
    let before: i64 = MONTHS[..month(day) as usize - 1].iter().sum();
    format!("2026-{:02}-{:02}", month(day), day - before + 1)
}

/// Rounded half away from zero, as a decimal of so many places.
fn ratio(over: i64, under: i64, places: u32) -> Value {
    if under == 0 {
        return Value::Null;
    }
    let one = 10_i64.pow(places);
    let scaled = (2 * over * one + under) / (2 * under);
    let places = places as usize;
    json!(format!("{}.{:0places$}", scaled / one, scaled % one))
}

fn is(row: &Value, sums: &Sums, what: &str) {
    let expected = json!({
        "deals": sums.deals, "won": sums.won, "lost": sums.lost, "open": sums.open,
        "won_value": {"amount": format!("{}.{:02}", sums.cents / 100, sums.cents % 100), "currency": "EUR"},
        "win_rate": ratio(sums.won, sums.won + sums.lost, 4),
        "mean_days_to_won": ratio(sums.days, sums.won, 2),
        "other_currencies": sums.others,
    });
    for (field, value) in expected.as_object().unwrap() {
        assert_eq!(&row[field], value, "{what}: {field}");
    }
}

/// Deals that differ in everything that the report looks at.
fn deals(stages: &BTreeMap<&'static str, String>, owners: &[String], companies: &[String]) -> Vec<Sent> {
    let mut state = 20_261_127_u64;
    let mut roll = move |most: u64| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        ((state >> 33) % most) as i64
    };
    let deal = |n: usize| {
        let stage = ["Won", "Lost", "Open"][roll(3) as usize];
        let closed = (stage != "Open").then(|| {
            let opened = roll(200);
            (opened, opened + roll(160))
        });
        let pick = |n: i64, most: usize| Some(n as usize).filter(|n| *n < most);
        let (owner, company) = (pick(roll(4), owners.len()), pick(roll(5), companies.len()));
        let (cents, is_euro) = (roll(100_000_000), roll(10) > 0);
        let mut body = json!({
            "title": format!("Deal {n}"), "stage_id": stages[stage], "expected_close": "9999-12-31",
            "owner_id": owner.map(|n| &owners[n]), "company_id": company.map(|n| &companies[n]),
            "value": {"amount": format!("{}.{:02}", cents / 100, cents % 100),
                      "currency": if is_euro { "EUR" } else { "USD" }},
        });
        if let Some((opened, closed)) = closed {
            body["opened_on"] = json!(date(opened));
            body["actual_close"] = json!(date(closed));
        }
        if stage == "Lost" {
            body["lost_reason"] = json!("price");
        }
        Sent {
            body,
            stage,
            owner,
            company,
            closed,
            cents,
            is_euro,
        }
    };
    (0..1_000).map(deal).collect()
}

/// The sums by the keys that each deal has.
fn by(sent: &[Sent], keys: impl Fn(&Sent) -> Vec<Option<String>>) -> BTreeMap<Option<String>, Sums> {
    let mut sums = BTreeMap::new();
    for deal in sent {
        for key in keys(deal) {
            deal.add_to(sums.entry(key).or_default());
        }
    }
    sums
}

#[test]
fn a_thousand_deals_are_summed_to_the_cent_however_they_are_grouped() {
    on_each(|server| {
        let firm = Firm::new(server);
        let people: Vec<_> = (0..3).map(|_| firm.member(None).0).collect();
        let owners: Vec<_> = people.iter().map(ToString::to_string).collect();
        // The second is in two teams, the third in none; one is in a team that was left.
        let (one, two) = (firm.team(&people[..2]), firm.team(&people[1..2]));
        let left = firm.team(&people[2..]);
        let of = firm.at(&format!("team-members?team_id={left}"));
        let link = data(&firm.owner.get(&of).expect(200))[0]["id"]
            .as_str()
            .unwrap()
            .to_owned();
        firm.owner
            .delete(&firm.at(&format!("team-members/{link}")))
            .expect(204);
        let company = |n| {
            let body = json!({"name": format!("Company {n}")});
            firm.owner.post(&firm.at("companies"), body).id()
        };
        let companies: Vec<_> = (0..4).map(company).collect();
        let open = firm.owner.get(&firm.at("stages?limit=200")).expect(200);
        let open = data(&open)
            .into_iter()
            .find(|stage| stage["kind"] == "OPEN")
            .unwrap();
        let stages = BTreeMap::from([
            ("Won", firm.stage("Won")),
            ("Lost", firm.stage("Lost")),
            ("Open", open["id"].as_str().unwrap().to_owned()),
        ]);
        let sent = deals(&stages, &owners, &companies);
        let create = |deal: &Sent| json!({"op": "create", "value": deal.body});
        let operations: Vec<_> = sent.iter().map(create).collect();
        firm.owner
            .post_once(
                &firm.at("deals/bulk"),
                "a thousand",
                json!({"operations": operations}),
            )
            .expect(200);

        let report = |query: &str| {
            firm.owner
                .get(&firm.at(&format!("reports/pipeline?{query}")))
                .expect(200)
        };
        let check = |query: &str, expected: BTreeMap<Option<String>, Sums>, total: &Sums| {
            let told = report(query);
            let rows = data(&told);
            assert_eq!(rows.len(), expected.len(), "{query}");
            for row in &rows {
                let key = row["key"].as_str().map(str::to_owned);
                let sums = expected.get(&key).unwrap_or_else(|| panic!("{query}: {row}"));
                is(row, sums, query);
                assert_eq!(row["label"].is_null(), key.is_none(), "{query}: {row}");
            }
            is(&told["total"], total, query);
        };
        let mut total = Sums::default();
        sent.iter().for_each(|deal| deal.add_to(&mut total));
        assert!(total.open > 200 && total.won > 200 && total.lost > 200 && total.others > 50);

        check(
            "group_by=stage",
            by(&sent, |deal| vec![Some(stages[deal.stage].clone())]),
            &total,
        );
        check(
            "group_by=owner",
            by(&sent, |deal| vec![deal.owner.map(|n| owners[n].clone())]),
            &total,
        );
        check(
            "group_by=company",
            by(&sent, |deal| vec![deal.company.map(|n| companies[n].clone())]),
            &total,
        );
        check("group_by=quarter", by(&sent, |deal| vec![deal.quarter()]), &total);
        // A deal counts in each live team of its owner, and once in the total.
        let teams = |deal: &Sent| match deal.owner {
            Some(0) => vec![Some(one.clone())],
            Some(1) => vec![Some(one.clone()), Some(two.clone())],
            _ => vec![None],
        };
        check("group_by=team", by(&sent, teams), &total);

        // Both days are within, and open deals are not.
        let (from, to) = (90, 180);
        let within = |deal: &&Sent| {
            deal.closed
                .is_some_and(|(_, closed)| (from..=to).contains(&closed))
        };
        let mut sums = BTreeMap::new();
        let mut total = Sums::default();
        for deal in sent.iter().filter(within) {
            deal.add_to(sums.entry(Some(stages[deal.stage].clone())).or_default());
            deal.add_to(&mut total);
        }
        assert!(total.open == 0 && sums.len() == 2);
        let query = format!("group_by=stage&from={}&to={}", date(from), date(to));
        check(&query, sums, &total);

        // The last day that there is comes back as it went in, and is found.
        let last = firm
            .owner
            .get(&firm.at("deals?expected_close=9999-12-31&limit=1&sort=-expected_close"));
        assert_eq!(data(&last.expect(200))[0]["expected_close"], "9999-12-31");
        let first = json!({"title": "Old", "expected_close": "0001-01-01"});
        firm.owner.post(&firm.at("deals"), first).expect(201);
        let first = firm
            .owner
            .get(&firm.at("deals?sort=expected_close&limit=1"))
            .expect(200);
        assert_eq!(data(&first)[0]["expected_close"], "0001-01-01");
    });
}

#[test]
fn a_deal_that_closes_later_is_reopened_no_earlier() {
    on_each(|server| {
        let firm = Firm::new(server);
        let won = json!({"title": "Sure", "stage_id": firm.stage("Won"), "opened_on": "2026-01-10",
                         "actual_close": "2199-12-31"});
        let deal = firm.owner.post(&firm.at("deals"), won).id();
        let at = firm.at(&format!("deals/{deal}"));
        let lost = json!({"stage_id": firm.stage("Lost"), "lost_reason": "price"});
        firm.owner.patch(&at, lost).expect(200);
        let history = data(&firm.owner.get(&format!("{at}/stage-history")).expect(200));
        let stages: Vec<_> = history.iter().map(|period| period["stage_id"].clone()).collect();
        assert_eq!(
            stages,
            [Value::Null, json!(firm.stage("Won")), json!(firm.stage("Lost"))]
        );
        for pair in history.windows(2) {
            assert_eq!(pair[0]["left_at"], pair[1]["entered_at"]);
            assert!(pair[0]["entered_at"].as_str() <= pair[1]["entered_at"].as_str());
        }
    });
}

#[test]
fn a_sum_is_exact_beyond_an_amount_and_beyond_64_bits() {
    on_each(|server| {
        let columns = server.base.lines(match server.base.is_postgres() {
            true => "SELECT column_name::text FROM information_schema.columns WHERE table_name = 'deals'",
            false => "SELECT name FROM pragma_table_info('deals')",
        });
        let values = columns
            .iter()
            .map(|column| match (column.as_str(), server.base.is_postgres()) {
                ("id", true) => "gen_random_uuid()",
                ("id", false) => "randomblob(16)",
                (same, _) => same,
            });
        let values = values.collect::<Vec<_>>().join(", ");
        // Amounts of which there are ten thousand, one that is added, and the sum.
        for (many, one, sum) in [
            ("9999999999999.99", "0.01", "99999999999999900.01"),
            ("-9999999999999.99", "10000.02", "-99999999999989899.98"),
        ] {
            let firm = Firm::new(server);
            let won = |amount: &str| {
                let body = json!({
                    "title": "x", "stage_id": firm.stage("Won"), "actual_close": "2026-01-31",
                    "value": {"amount": amount, "currency": "EUR"},
                });
                firm.owner.post(&firm.at("deals"), body).expect(201);
            };
            won(many);
            server.base.execute(&format!(
                "WITH RECURSIVE more (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM more WHERE n < 9999) \
                 INSERT INTO deals ({}) SELECT {values} FROM deals, more WHERE organization_id = {}",
                columns.join(", "),
                server.base.id_literal(firm.id)
            ));
            won(one);
            let report = firm.at("reports/pipeline?group_by=stage");
            let shown = firm.owner.get(&report).expect(200);
            let exact = json!({"amount": sum, "currency": "EUR"});
            assert_eq!(shown["total"]["won_value"], exact);
            assert_eq!(data(&shown)[0]["won_value"], exact);
        }
    });
}

/// Rows and total are two statements, and of one state, whoever writes meanwhile.
#[test]
fn rows_and_total_are_of_one_state() {
    on_each(|server| {
        let firm = Firm::new(server);
        let (deals, report) = (
            firm.at("deals"),
            firm.at("reports/pipeline?group_by=team&from=2026-01-01"),
        );
        let stages = data(&firm.owner.get(&firm.at("stages?limit=100")).expect(200));
        let won = stages.iter().find(|stage| stage["kind"] == "WON").unwrap()["id"].clone();
        let writers: Vec<_> = (0..3).map(|_| server.client(firm.owner_id)).collect();
        let body = json!({
            "title": "x", "stage_id": won, "opened_on": "2026-01-01", "actual_close": "2026-01-31",
            "value": {"amount": "1.01", "currency": "EUR"},
        });
        let done = AtomicBool::new(false);
        let write = |client: &firma_testing::Client| {
            while !done.load(Ordering::Relaxed) {
                client.post(&deals, body.clone()).expect(201);
            }
        };
        let cents = |row: &Value| {
            let amount = row["won_value"]["amount"].as_str().unwrap();
            amount.replace('.', "").parse::<i64>().unwrap()
        };
        std::thread::scope(|scope| {
            let _stop = Stop(&done);
            for client in &writers {
                scope.spawn(|| write(client));
            }
            let mut seen = std::collections::BTreeSet::new();
            while seen.len() < 40 {
                let shown = firm.owner.get(&report).expect(200);
                let rows: i64 = data(&shown).iter().map(|row| row["won"].as_i64().unwrap()).sum();
                let total = shown["total"]["won"].as_i64().unwrap();
                assert_eq!(rows, total);
                let sum: i64 = data(&shown).iter().map(cents).sum();
                assert_eq!((sum, cents(&shown["total"])), (101 * rows, 101 * rows));
                seen.insert(total);
            }
        });
    });
}

//! Companies, and a year of deals with them, each on its way through the pipeline.

use super::dice::Dice;
use super::{Step, change, find, make};
use firma_domain::crm::{Activity, Company, Contact, Deal, DealContact, Stage};
use firma_domain::{Instant, Zone};
use serde_json::{Value, json};

const COMPANIES: i64 = 14;
const DEALS: i64 = 42;
const DAY: i64 = 86_400;

/// Who sells.
const SELLERS: [&str; 4] = ["manager", "employee", "employee", "ceo"];

const PLACES: [&str; 10] = [
    "Adria",
    "Bosphorus",
    "Danube",
    "Elbe",
    "Galata",
    "Kalemegdan",
    "Marmara",
    "Nordwind",
    "Sava",
    "Taurus",
];
const TRADES: [(&str, &str); 8] = [
    ("Logistics", "transport"),
    ("Foods", "food"),
    ("Textiles", "textiles"),
    ("Software", "software"),
    ("Instruments", "manufacturing"),
    ("Timber", "wood"),
    ("Dental", "health"),
    ("Print", "media"),
];
const SIZES: [&str; 4] = ["startup", "small", "medium", "large"];
const TAGS: [&str; 5] = ["partner", "fair", "referral", "newsletter", "key-account"];
const WORK: [&str; 6] = [
    "Yearly contract",
    "Rollout",
    "Training",
    "Pilot",
    "Extension",
    "Support package",
];
const REASONS: [&str; 4] = [
    "price",
    "another supplier",
    "no budget this year",
    "no answer any more",
];
/// Who buys: given and family name.
const PEOPLE: [(&str, &str); 8] = [
    ("Ayşe", "Yılmaz"),
    ("Đorđe", "Petrović"),
    ("Jürgen", "Weiß"),
    ("Милица", "Јовановић"),
    ("Çağla", "Öztürk"),
    ("Željka", "Nikšić"),
    ("Sabine", "Müller"),
    ("Emre", "Işık"),
];
const POSITIONS: [&str; 4] = ["Buyer", "Managing director", "Head of IT", "Office manager"];
const KINDS: [&str; 3] = ["CALL", "MEETING", "EMAIL"];
/// The open stages after the first one.
const STAGES: [&str; 2] = ["Engaging", "Proposal"];

pub(super) fn steps(dice: &mut Dice, begins: Instant, ends: Instant) -> Vec<Step> {
    let mut steps = Vec::new();
    let mut places: Vec<_> = (0..2).flat_map(|_| PLACES).collect();
    let mut trades: Vec<_> = (0..2).flat_map(|_| TRADES).collect();
    for n in 0..COMPANIES {
        let (trade, industry) = dice.draw(&mut trades);
        let body = json!({
            "external_id": company(n),
            "name": format!("{} {trade}", dice.draw(&mut places)),
            "industry": industry,
            "size": dice.pick(&SIZES),
            "tags": [dice.pick(&TAGS)],
        });
        let at = begins.plus_seconds(2 * DAY + n * 1_800);
        steps.push(Step::new(at, dice.pick(&SELLERS), move |work| {
            make::<Company>(work, body.clone()).map(drop)
        }));
        steps.push(contact(dice, n, at.plus_seconds(600)));
    }
    for n in 0..DEALS {
        steps.extend(deal(dice, n, begins, ends));
    }
    steps
}

/// The one person of a company that is known.
fn contact(dice: &mut Dice, n: i64, at: Instant) -> Step {
    let (given, family) = dice.pick(&PEOPLE);
    let body = json!({
        "external_id": person(&company(n)),
        "given_name": given,
        "family_name": family,
        "position": dice.pick(&POSITIONS),
        "emails": [format!("contact{n}@demo.example")],
        "is_primary": true,
    });
    // The owner reaches every company, whoever sells to it.
    Step::new(at, "ceo", move |work| {
        let mut body = body.clone();
        if let Some(fields) = body.as_object_mut() {
            fields.insert(
                "company_id".into(),
                json!(find::<Company>(work, "external_id", &company(n))?),
            );
        }
        make::<Contact>(work, body).map(drop)
    })
}

fn person(company: &str) -> String {
    format!("{company}-contact")
}

fn company(n: i64) -> String {
    format!("demo-company-{n}")
}

/// A deal from its first day on.
fn deal(dice: &mut Dice, n: i64, begins: Instant, ends: Instant) -> Vec<Step> {
    let seller = dice.pick(&SELLERS);
    let mut at = begins.plus_seconds(dice.between(7, 330) * DAY + dice.between(0, 8 * 3_600));
    let (id, of) = (format!("demo-deal-{n}"), company(dice.between(0, COMPANIES - 1)));
    let buyer = of.clone();
    let body = json!({
        "external_id": id,
        "title": dice.pick(&WORK),
        "value": {"amount": format!("{}.00", dice.between(8, 480) * 125), "currency": "EUR"},
        "opened_on": Zone::UTC.day(at).to_string(),
        "expected_close": Zone::UTC.day(at.plus_seconds(dice.between(30, 120) * DAY)).to_string(),
        "tags": [dice.pick(&TAGS)],
    });
    let mut steps = vec![Step::new(at, seller, move |work| {
        let mut body = body.clone();
        // All sellers but the employee reach every company; that one sees those of the team.
        if let (Ok(company), Some(fields)) = (find::<Company>(work, "external_id", &of), body.as_object_mut())
        {
            fields.insert("company_id".into(), json!(company));
        }
        make::<Deal>(work, body).map(drop)
    })];
    steps.push(activity(dice, &id, at.plus_seconds(900)));
    let (deal, buyer) = (id.clone(), person(&buyer));
    steps.push(Step::new(at.plus_seconds(300), "ceo", move |work| {
        let deal = find::<Deal>(work, "external_id", &deal)?;
        let contact = find::<Contact>(work, "external_id", &buyer)?;
        make::<DealContact>(work, json!({"deal_id": deal, "contact_id": contact})).map(drop)
    }));
    for (stage, reason) in way(dice) {
        at = at.plus_seconds(dice.between(4, 30) * DAY + dice.between(0, 3_600));
        if at > ends {
            break;
        }
        let id = id.clone();
        steps.push(Step::new(at, seller, move |work| {
            let mut patch = json!({"stage_id": find::<Stage>(work, "name", stage)?});
            if let (Some(reason), Value::Object(fields)) = (reason, &mut patch) {
                fields.insert("lost_reason".into(), json!(reason));
            }
            let deal = find::<Deal>(work, "external_id", &id)?;
            change::<Deal>(work, deal, patch).map(drop)
        }));
    }
    steps
}

/// What is done about a deal at its beginning: done, or still to be done in a week.
fn activity(dice: &mut Dice, deal: &str, at: Instant) -> Step {
    let (deal, kind, is_done) = (deal.to_owned(), dice.pick(&KINDS), dice.between(0, 2) > 0);
    let external_id = format!("{deal}-activity");
    Step::new(at, "ceo", move |work| {
        let deal = find::<Deal>(work, "external_id", &deal)?;
        let mut body = json!({
            "external_id": external_id, "kind": kind, "subject": "First talk", "deal_id": deal,
            "due_at": at.plus_seconds(7 * DAY),
        });
        if let Some(fields) = body.as_object_mut().filter(|_| is_done) {
            fields.insert("done_at".into(), json!(at));
        }
        make::<Activity>(work, body).map(drop)
    })
}

/// The stages that a deal comes to, and why it is lost where it is.
fn way(dice: &mut Dice) -> Vec<(&'static str, Option<&'static str>)> {
    let end = match dice.between(0, 9) {
        0..=4 => Some(("Won", None)),
        5..=7 => Some(("Lost", Some(dice.pick(&REASONS)))),
        _ => None,
    };
    let open = usize::try_from(dice.between(1, 2)).unwrap_or(1);
    let open = STAGES.iter().take(open).map(|stage| (*stage, None));
    open.chain(end).collect()
}

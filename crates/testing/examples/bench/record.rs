//! The statements of one create: what is looked up, the deal, its history, and its record.

use crate::fill::Place;
use crate::seat::Seat;
use crate::statement::{Any, Bind, sql};
use crate::types::{At, Id, Uid};
use crate::yardstick::uid;
use diesel::sql_types::{BigInt, Binary, Text};
use firma_adapters::{SystemClock, SystemEntropy};
use firma_domain::source::{Clock, Entropy};

type Done<T> = Result<T, String>;

const COMPANY: &str = "SELECT id, name FROM companies WHERE organization_id = ? AND id = ? LIMIT 1";
const COMPANY_HELD: &str =
    "SELECT id, name FROM companies WHERE organization_id = ? AND id = ? LIMIT 1 FOR KEY SHARE";
const STAGE: &str = "SELECT id, name FROM stages WHERE organization_id = ? AND id = ? LIMIT 1";
const STAGE_HELD: &str =
    "SELECT id, name FROM stages WHERE organization_id = ? AND id = ? LIMIT 1 FOR KEY SHARE";
macro_rules! words {
    () => {
        "INSERT INTO search_words (organization_id, entity_type, entity_id, word) VALUES (?, 'deal', ?, 'deal'), \
         (?, 'deal', ?, '1234')"
    };
}
macro_rules! deal {
    () => {
        "INSERT INTO deals (organization_id, id, version, created_at, created_by, updated_at, deleted_at, \
         deletion_id, external_id, title, company_id, pipeline_id, stage_id, status, probability, opened_on, \
         expected_close, actual_close, lost_reason, owner_id, tags, value_minor, value_currency) VALUES (?, ?, ?, ?, ?, \
         ?, NULL, NULL, NULL, ?, ?, ?, ?, ?, NULL, ?, ?, NULL, NULL, ?, ?, ?, ?)"
    };
}
macro_rules! history {
    () => {
        "INSERT INTO stage_periods (organization_id, id, deal_id, stage_id, entered_at, left_at, changed_by) \
         VALUES (?, ?, ?, ?, ?, NULL, ?)"
    };
}
const WORDS: &str = words!();
const DEAL: &str = deal!();
const HISTORY: &str = history!();
const DEAL_AT_ONCE: &str = concat!(
    "WITH word AS (",
    words!(),
    "), period AS (",
    history!(),
    ") ",
    deal!()
);
const ANSWER: &str = "INSERT INTO idempotency_keys (organization_id, actor_id, path, key, request_digest, status, \
    location, etag, body, created_at, expires_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)";
const ENTRY: &str = "INSERT INTO audit_entries (organization_id, number, id, batch_id, occurred_at, actor_id, action, \
    entity_type, entity_id, entity_version, request_id, payload_digest, digest, chain) \
    VALUES (?, ?, ?, ?, ?, ?, 'deal.created', 'deal', ?, 1, ?, ?, ?, ?)";
const PAYLOAD: &str = "INSERT INTO audit_payloads (organization_id, entry_id, salt, changes, ip, user_agent) \
    VALUES (?, ?, ?, ?, '127.0.0.1', NULL)";
const EVENT: &str = "INSERT INTO events (organization_id, number, type, entity_type, entity_id, entity_version, \
    occurred_at, actor_id) VALUES (?, ?, 'deal.created', 'deal', ?, 1, ?, ?)";
const AT_ONCE: &str = "WITH head AS (UPDATE heads SET last_number = last_number + 1, digest = sha256(digest || ?) \
    WHERE organization_id = ? RETURNING organization_id, last_number, digest), \
    payload AS (INSERT INTO audit_payloads (organization_id, entry_id, salt, changes, ip, user_agent) \
    SELECT organization_id, ?, ?, ?, '127.0.0.1', NULL FROM head), \
    answer AS (INSERT INTO idempotency_keys (organization_id, actor_id, path, key, request_digest, status, \
    location, etag, body, created_at, expires_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)), \
    entry AS (INSERT INTO audit_entries (organization_id, number, id, batch_id, occurred_at, actor_id, action, \
    entity_type, entity_id, entity_version, request_id, payload_digest, digest, chain) \
    SELECT organization_id, last_number, ?, ?, ?, ?, 'deal.created', 'deal', ?, 1, ?, ?, ?, digest FROM head) \
    INSERT INTO events (organization_id, number, type, entity_type, entity_id, entity_version, occurred_at, actor_id) \
    SELECT organization_id, last_number, 'deal.created', 'deal', ?, 1, ?, ? FROM head";

fn random<const N: usize>() -> Vec<u8> {
    let mut bytes = [0; N];
    SystemEntropy.fill(&mut bytes);
    bytes.to_vec()
}

fn day() -> Done<chrono::NaiveDate> {
    chrono::NaiveDate::from_ymd_opt(2026, 1, 5).ok_or("no such day".into())
}

/// One deal, in one transaction.
pub fn create(seat: &mut Seat, place: &Place) -> Done<()> {
    let postgres = matches!(seat.conn, Any::Pg(_));
    seat.conn
        .batch(if postgres { "BEGIN" } else { "BEGIN IMMEDIATE" })?;
    let [organization, company, stage] = [uid(&place.id)?, uid(&place.company)?, uid(&place.stages[0])?];
    let slug = place.path.rsplit('/').next().unwrap_or("");
    seat.facts(slug)?;
    let path = format!("{}/deals", place.path);
    let key = seat
        .next()
        .0
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect::<String>();
    let (me, of) = (Bind::Id(seat.user), || Bind::Id(organization));
    // On PostgreSQL a key is taken for new, and looked up where storing the answer finds that it isn't.
    if !postgres {
        let text = "SELECT request_digest, body FROM idempotency_keys WHERE organization_id = ? AND actor_id = ? \
                    AND path = ? AND key = ?";
        let binds = vec![of(), me, Bind::Text(path.clone()), Bind::Text(key.clone())];
        seat.conn
            .rows::<(Binary, Text), (Vec<u8>, String)>(sql(text, binds))?;
    }
    let looked_up = match postgres {
        true => [COMPANY_HELD, STAGE_HELD],
        false => [COMPANY, STAGE],
    };
    for (text, id) in looked_up.into_iter().zip([company, stage]) {
        let found = seat
            .conn
            .rows::<(Id, Text), (Uid, String)>(sql(text, vec![of(), Bind::Id(id)]))?;
        found.first().ok_or("the company or the stage is gone")?;
    }
    let (now, deal) = (SystemClock.now(), seat.next());
    let at = || Bind::At(At(now.micros()));
    let (me, day, said) = (
        |user| Bind::Id(user),
        day()?,
        |text: &str| Bind::Text(text.into()),
    );
    let user = seat.user;
    #[rustfmt::skip]
    let row = vec![
        of(), Bind::Id(deal), Bind::Int(1), at(), me(user), at(), said("Deal 1234"), Bind::Id(company),
        Bind::Id(uid(&place.pipeline)?), Bind::Id(stage), said("OPEN"), Bind::Day(day), Bind::Day(day), me(user),
        said("[]"), Bind::Big(123_450), said("EUR"),
    ];
    let words = vec![of(), Bind::Id(deal), of(), Bind::Id(deal)];
    let (period, entry, batch) = (seat.next(), seat.next(), seat.next());
    let history = vec![
        of(),
        Bind::Id(period),
        Bind::Id(deal),
        Bind::Id(stage),
        at(),
        me(user),
    ];
    if postgres {
        let binds = words.into_iter().chain(history).chain(row).collect();
        seat.conn.run(sql(DEAL_AT_ONCE, binds))?;
    } else {
        for (text, binds) in [(DEAL, row), (WORDS, words), (HISTORY, history)] {
            seat.conn.run(sql(text, binds))?;
        }
    }
    // As long as the real ones: their length is part of the price.
    let (changes, body, request) = ("c".repeat(420), "b".repeat(620), "r".repeat(36));
    let digest = || Bind::Bytes(random::<32>());
    let id = |id: Uid| Bind::Id(id);
    #[rustfmt::skip]
    let answer = vec![
        of(), me(user), said(&path), said(&key), digest(), Bind::Int(201), said(&path), said("\"1\""), said(&body),
        at(), Bind::At(At(now.plus_seconds(86_400).micros())),
    ];
    if postgres {
        let mut binds = vec![
            digest(),
            of(),
            id(entry),
            Bind::Bytes(random::<16>()),
            said(&changes),
        ];
        binds.extend(answer);
        binds.extend([
            id(entry),
            id(batch),
            at(),
            me(user),
            id(deal),
            said(&request),
            digest(),
            digest(),
        ]);
        binds.extend([id(deal), at(), me(user)]);
        seat.conn.run(sql(AT_ONCE, binds))?;
        return seat.conn.batch("COMMIT");
    }
    let head = "SELECT last_number, digest FROM heads WHERE organization_id = ?";
    let head = seat
        .conn
        .rows::<(BigInt, Binary), (i64, Vec<u8>)>(sql(head, vec![of()]))?;
    let number = head.first().ok_or("there is no head")?.0 + 1;
    let no = || Bind::Big(number);
    #[rustfmt::skip]
    seat.conn.run(sql(ENTRY, vec![
        of(), no(), id(entry), id(batch), at(), me(user), id(deal), said(&request), digest(), digest(), digest(),
    ]))?;
    seat.conn.run(sql(
        PAYLOAD,
        vec![of(), id(entry), Bind::Bytes(random::<16>()), said(&changes)],
    ))?;
    seat.conn
        .run(sql(EVENT, vec![of(), no(), id(deal), at(), me(user)]))?;
    let head = "UPDATE heads SET last_number = ?, digest = ? WHERE organization_id = ?";
    seat.conn.run(sql(head, vec![no(), digest(), of()]))?;
    seat.conn.run(sql(ANSWER, answer))?;
    seat.conn.batch("COMMIT")
}

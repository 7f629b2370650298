//! The rows: the log and its chain, whether they are as it says, and what always holds.

use super::Check;
use super::database::remedy;
use crate::audit::{Chain, name};
use firma_auth::keys::Key;
use firma_domain::Instant;
use firma_services::operating::{self, Found, Place};
use firma_services::{Database, Refusal, Tx};
use std::collections::BTreeMap;
use std::path::Path;

/// Seconds that the newest entry may lie ahead of the clock.
const AHEAD: i64 = 5;

pub(super) async fn checks(database: &Database, key: Option<Key>, store: &Path) -> Vec<Check> {
    match examined(database, key).await {
        Err(refusal) => {
            let found = refusal.to_string();
            let remedy = remedy(&found, "see the log of the database");
            vec![Check::wrong("rows", found, remedy)]
        }
        Ok(found) => {
            let mut checks = vec![
                clock(&found, database.sources.clock.now()),
                chains(&found),
                drift(&found),
                files(&found, store),
            ];
            checks.extend(invariants(&found));
            checks.extend(purging(database).await);
            checks
        }
    }
}

async fn examined(database: &Database, key: Option<Key>) -> Result<Vec<(Place, Found)>, Refusal> {
    let mut progress = crate::progress::Progress::of("rows", "organizations");
    let mut all = Vec::new();
    for place in database.read(operating::places).await? {
        let (id, key) = (place.id, key.clone());
        let found = database
            .read(move |tx: &mut Tx<'_>| operating::examine(tx, id, key.as_ref()))
            .await?;
        all.extend(found.map(|found| (place, found)));
        progress.step(1);
    }
    Ok(all)
}

/// Whether each file is there, and as long as it was: a backup also looks at what is in it.
fn files(found: &[(Place, Found)], store: &Path) -> Check {
    let mut count = 0;
    for (key, size) in found.iter().flat_map(|(_, found)| &found.files) {
        count += 1;
        let what = match std::fs::metadata(store.join(key)) {
            Ok(file) if i64::try_from(file.len()).ok() == Some(*size) => continue,
            Ok(file) => format!("{key} has {} bytes, and had {size}", file.len()),
            Err(e) => format!("{key}: {e}"),
        };
        let remedy = "bring it back from a backup: a part of an archive can be restored elsewhere and copied";
        return Check::wrong("files", what, remedy);
    }
    Check::ok("files", format!("{count}, each of its size"))
}

/// A purge that was stopped in between is gone on with by whoever began it.
async fn purging(database: &Database) -> Option<Check> {
    let slugs = database.read(operating::purging).await.ok()?;
    let first = slugs.first()?;
    Some(Check::wrong(
        "purge",
        format!("begun, and not over: {}", slugs.join(", ")),
        format!("unless it runs: `firma purge-organization --organization {first} --yes`"),
    ))
}

fn clock(found: &[(Place, Found)], now: Instant) -> Check {
    let newest = found.iter().filter_map(|(_, found)| found.newest).max();
    match newest {
        Some(newest) if newest > now.plus_seconds(AHEAD) => Check::wrong(
            "clock",
            format!("it is {now}, and the newest entry of the log is of {newest}"),
            "set this machine's clock",
        ),
        _ => Check::ok("clock", format!("{now}, after the newest entry of the log")),
    }
}

fn chains(found: &[(Place, Found)]) -> Check {
    let chains: Vec<_> = found
        .iter()
        .map(|(place, found)| Chain::new(place, found.log.clone()))
        .collect();
    match chains.iter().find(|chain| !chain.is_whole()) {
        None => {
            let entries: i64 = found.iter().map(|(_, found)| found.log.entries).sum();
            Check::ok(
                "audit log",
                format!("{entries} entries, each chain whole to its head"),
            )
        }
        Some(broken) => Check::wrong(
            "audit log",
            broken.line(),
            "see `firma audit verify --all`; compare with a backup",
        ),
    }
}

fn drift(found: &[(Place, Found)]) -> Check {
    let (mut rows, mut off, mut first) = (0, 0, None);
    for (place, found) in found {
        for (table, drift) in &found.drift {
            rows += drift.rows;
            off += drift.off;
            let told = drift.first.as_ref();
            first = first.or(told.map(|(id, how)| format!("{table} {id} of {}: {how}", name(place))));
        }
    }
    match first {
        None => Check::ok("rows and log", format!("{rows} rows are as the log says")),
        Some(first) => Check::wrong(
            "rows and log",
            format!("{off} of {rows} rows were changed behind the application's back; {first}"),
            "find out who did it; change the row over the API, which writes an entry",
        ),
    }
}

fn invariants(found: &[(Place, Found)]) -> Vec<Check> {
    let mut broken: BTreeMap<&str, (i64, Vec<&str>, &str)> = BTreeMap::new();
    let mut held = 0;
    for (place, found) in found {
        held = found.broken.len();
        for (invariant, count) in found.broken.iter().filter(|(_, count)| *count > 0) {
            let entry = broken
                .entry(invariant.name)
                .or_insert((0, Vec::new(), invariant.remedy));
            entry.0 += count;
            entry.1.push(name(place));
        }
    }
    let good = Check::ok("invariants", format!("{} of {held} hold", held - broken.len()));
    let wrong = broken.into_iter().map(|(what, (count, places, remedy))| {
        Check::wrong(
            what,
            format!("{count} rows for which it doesn't hold, in {}", places.join(", ")),
            remedy,
        )
    });
    std::iter::once(good).chain(wrong).collect()
}

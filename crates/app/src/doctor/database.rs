//! The database itself: whether it answers, has this binary's schema, fences the server in, and tells the time.

use super::Check;
use super::rows;
use crate::compose::known_keys;
use crate::config::Config;
use crate::database::{opened, owner, sources, wait};
use firma_auth::keys::Keys;
use firma_persistence::Target;
use firma_persistence::migrations::{MigrationError, Migrator};
use firma_services::identity::{SEALED, unsealable};
use firma_services::{Database, Fault, Tx};
use std::path::Path;

/// Seconds by which two clocks may differ.
const APART: i64 = 5;
const RESTORE: &str = "keep a copy of the file, and restore the last backup";

pub(super) fn checks(config: &Config) -> Vec<Check> {
    let mut checks = Vec::new();
    let current = migrations(config, &mut checks);
    // A secret that can't be read has a line of its own.
    let keys = known_keys(config).ok().flatten();
    match opened(config) {
        Ok(database) => match wait(look(&database, keys, current, &config.data_dir.join("files"))) {
            Ok(more) => checks.extend(more),
            Err(e) => checks.push(away(e)),
        },
        // Where there is none, the line on migrations has said so.
        Err(e) if checks.iter().all(|check| check.remedy.is_none()) => checks.push(away(e)),
        Err(_) => {}
    }
    checks
}

fn away(what: String) -> Check {
    let check = if is_damaged(&what) {
        "integrity"
    } else {
        "database"
    };
    let usual = "see that it runs, that DATABASE_URL and FIRMA_DB_ROLE name it, and that the login was granted that role";
    let remedy = remedy(&what, usual);
    Check::wrong(check, what, remedy)
}

/// Whether SQLite says that its file isn't as it wrote it.
fn is_damaged(what: &str) -> bool {
    let signs = [
        "database disk image is malformed",
        "malformed database schema",
        "file is not a database",
    ];
    signs.iter().any(|sign| what.contains(sign))
}

/// What to do: a damaged file is mended by nothing that is usual.
pub(super) fn remedy(what: &str, usual: &'static str) -> &'static str {
    match is_damaged(what) {
        true => RESTORE,
        false => usual,
    }
}

fn migrations(config: &Config, checks: &mut Vec<Check>) -> bool {
    let checked = owner(config)
        .and_then(Target::there)
        .map(|owner| (check(&owner), owner));
    let (outcome, owner) = match checked {
        Ok(checked) => checked,
        Err(e) => {
            checks.push(Check::wrong(
                "database",
                e,
                "start `firma`, which makes it, or restore a backup",
            ));
            return false;
        }
    };
    let usual = match (&outcome, &owner) {
        (Err(MigrationError::Older(_)), Target::Sqlite(_)) => "start `firma`, or run `firma-migrate run`",
        (Err(MigrationError::Older(_)), Target::Postgres(_)) => "take a backup and run `firma-migrate run`",
        (Err(MigrationError::Unseeded), _) => "run `firma-migrate seed`",
        (Err(MigrationError::Newer(_)), _) => "use the binary that migrated it, or a newer one",
        _ => "see that it runs, and that DATABASE_URL and FIRMA_MIGRATE_DATABASE_URL name it",
    };
    checks.push(match &outcome {
        Ok(count) => Check::ok("migrations", format!("all {count} are there")),
        Err(e) => {
            let found = e.to_string();
            let remedy = self::remedy(&found, usual);
            Check::wrong("migrations", found, remedy)
        }
    });
    matches!(outcome, Ok(_) | Err(MigrationError::Unseeded))
}

fn check(owner: &Target) -> Result<usize, MigrationError> {
    let mut migrator = Migrator::connect(owner, sources().clock.now())?;
    migrator.check()?;
    Ok(migrator.status()?.len())
}

async fn look(database: &Database, keys: Option<Keys>, current: bool, store: &Path) -> Vec<Check> {
    let mut checks = Vec::new();
    match database.read(|tx: &mut Tx<'_>| tx.database_version()).await {
        Ok(version) => checks.push(Check::ok("database", version)),
        Err(fault) => return vec![away(database.said(&fault))],
    }
    for looked in [
        integrity(database).await,
        clock(database).await,
        writes(database).await,
    ] {
        match looked {
            Ok(check) => checks.extend(check),
            Err(fault) => checks.push(away(database.said(&fault))),
        }
    }
    if !current {
        checks.push(Check::note(
            "rows",
            "not looked at, since the schema isn't this binary's",
        ));
        return checks;
    }
    if let Some(keys) = &keys {
        checks.extend(sealed(database, keys).await);
    }
    checks.extend(rows::checks(database, keys.map(|keys| keys.audit), store).await);
    checks
}

/// Of SQLite's file; none on PostgreSQL, which looks at a page when it reads it.
async fn integrity(database: &Database) -> Result<Option<Check>, Fault> {
    let Some(broken) = database.read(|tx: &mut Tx<'_>| tx.integrity()).await? else {
        return Ok(None);
    };
    Ok(Some(match broken.first() {
        None => Check::ok("integrity", "pages, indexes and references"),
        Some(first) => Check::wrong(
            "integrity",
            format!("{} faults, the first: {first}", broken.len()),
            RESTORE,
        ),
    }))
}

/// Whether what is stored encrypted opens: after a restore, another secret would be noticed one by one.
async fn sealed(database: &Database, keys: &Keys) -> Option<Check> {
    let lost = unsealable(database, &keys.sealing, SEALED).await;
    let found = lost.map_err(|refusal| refusal.to_string()).unwrap_or_else(Some)?;
    let remedy = "bring back the secret that the database was used with, or name it in FIRMA_SECRET_PREVIOUS";
    Some(Check::wrong("sealed texts", found, remedy))
}

/// Of PostgreSQL: one that only follows another, or was told to store nothing.
async fn writes(database: &Database) -> Result<Option<Check>, Fault> {
    let is_refusing = database.read(|tx: &mut Tx<'_>| tx.refuses_writes()).await?;
    let remedy = "see which server DATABASE_URL names, and its default_transaction_read_only";
    Ok(is_refusing.then(|| Check::wrong("writing", "nothing can be stored", remedy)))
}

async fn clock(database: &Database) -> Result<Option<Check>, Fault> {
    let Some(theirs) = database.read(|tx: &mut Tx<'_>| tx.database_time()).await? else {
        return Ok(None);
    };
    let apart = theirs.seconds() - database.sources.clock.now().seconds();
    Ok(Some(match apart.abs() {
        0..=APART => Check::ok("clock of the database", "the same as this machine's"),
        _ => Check::wrong(
            "clock of the database",
            format!("{apart} seconds from this machine's"),
            "let both follow a time server",
        ),
    }))
}

//! Takes an organization away for good. Its log is exported, read again and walked before anything is marked. What is
//! stopped in between after that is gone on with when it is called again.

use crate::audit::{Chain, file, signing, told};
use crate::cli::PurgeOrganization;
use crate::config::Config;
use crate::database::{existing, owner, wait};
use crate::exit::{Ended, IN_DOUBT, USAGE};
use crate::progress::Progress;
use firma_domain::Instant;
use firma_services::operating::Place;
use firma_services::organizations::{Closed, Removal, begin_purge, closed, end_purge};
use firma_services::{Database, Origin, Refusal, Tx};
use serde_json::json;
use std::path::Path;

/// Calls that were under way may bring something in right before the end.
const ENDS: usize = 5;

pub(crate) fn purge(config: &Config, asked: &PurgeOrganization) -> Result<(), Ended> {
    let slug = asked.organization.as_str();
    if !asked.yes {
        let what = format!("this takes {slug} away for good, with everything in it: say --yes");
        return Err(Ended::With(USAGE, what));
    }
    let database = existing(config)?;
    let named = slug.to_owned();
    let found = wait(database.read(move |tx: &mut Tx<'_>| closed(tx, &named)))?;
    let organization = found.map_err(|refusal| match refusal {
        Refusal::NotFound => "there is no such organization".to_owned(),
        other => other.to_string(),
    })?;
    let id = organization.id;
    // Whether it can be done is found out before it is begun.
    let mut removal = Removal::open(&owner(config)?.there()?, id)?;
    match (organization.purging_at, asked.audit.as_deref()) {
        (None, Some(path)) => {
            is_due(config, &database, &organization, asked.now)?;
            begin(config, &database, asked, &organization, path)?;
        }
        (None, None) => {
            let what = "its audit log is exported first: say where to, --audit FILE";
            return Err(what.to_owned().into());
        }
        (Some(at), Some(_)) => {
            let what = format!("its purge was begun on {at}, and its log exported then: leave --audit out");
            return Err(what.into());
        }
        (Some(_), None) => {}
    }
    let rows = emptied(&database, &organization, &mut removal)?;
    if asked.output.json {
        let log = asked.audit.as_ref().map(|path| path.display().to_string());
        let answer = json!({"ok": true, "organization_id": id, "rows": rows, "audit": log});
        return Ok(crate::say_json(&answer)?);
    }
    crate::say(format!(
        "{slug} is gone: {rows} rows; the bytes of its files go with the next clean-up"
    ));
    Ok(())
}

/// Deleted, and for long enough.
fn is_due(config: &Config, database: &Database, organization: &Closed, now: bool) -> Result<(), String> {
    let deleted = organization
        .deleted_at
        .ok_or("it isn't deleted: its owner does that, or the platform")?;
    let kept = i64::try_from(config.keep_deleted.as_secs()).unwrap_or(i64::MAX);
    let due: Instant = deleted.plus_seconds(kept);
    match now || due <= database.sources.clock.now() {
        true => Ok(()),
        false => Err(format!(
            "it was deleted on {deleted}, and is kept until {due}: --now doesn't wait"
        )),
    }
}

/// Exports its log, and marks it.
fn begin(
    config: &Config,
    database: &Database,
    asked: &PurgeOrganization,
    organization: &Closed,
    path: &Path,
) -> Result<(), Ended> {
    let place = Place {
        id: organization.id,
        slug: asked.organization.clone(),
    };
    let (exported, end) = wait(file::export(database, &place, path, &signing(config)?))??;
    let chain = Chain::exported(exported);
    if !chain.is_whole() && !asked.in_doubt {
        let what =
            "its log isn't whole, and nothing was purged: look into it, or say --in-doubt, and another file";
        crate::complain(what);
        told(&[chain], asked.output.json)?;
        return Err(Ended::Found(IN_DOUBT));
    }
    let id = organization.id;
    match written(database, move |tx| begin_purge(tx, id, &end))? {
        Ok(()) => Ok(()),
        // Not begun by anybody, so what is in the file is of no use.
        Err(refusal @ Refusal::Conflict { .. }) => {
            let _ = std::fs::remove_file(path);
            Err(format!("nothing was purged: {refusal}").into())
        }
        Err(Refusal::NotFound) => {
            let what = "it was opened again meanwhile, or is being purged by another command";
            Err(what.to_owned().into())
        }
        Err(refusal) => Err(refusal.to_string().into()),
    }
}

/// All rows, and then the organization itself. How many there were.
fn emptied(database: &Database, organization: &Closed, removal: &mut Removal) -> Result<u64, String> {
    let mut progress = Progress::of("purge", "rows");
    let mut rows = 0;
    let mut step = |some| {
        progress.step(some);
        rows += some;
    };
    let id = organization.id;
    for left in (0..ENDS).rev() {
        removal.run(&mut step)?;
        match written(database, move |tx| end_purge(tx, id))? {
            Ok(()) => break,
            Err(Refusal::Conflict { .. }) if left > 0 => {}
            Err(refusal) => return Err(refusal.to_string()),
        }
    }
    // Of what refers to nothing, the end can't know.
    removal.pass(&mut step)?;
    Ok(rows)
}

fn written(
    database: &Database,
    write: impl Fn(&mut Tx<'_>) -> Result<(), Refusal> + Send + 'static,
) -> Result<Result<(), Refusal>, String> {
    wait(database.write(Origin::default(), write))
}

//! Walks the chains of the audit log.

use crate::cli::Verify;
use crate::compose::{existing, known_keys, wait};
use crate::config::Config;
use crate::exit::{Ended, IN_DOUBT};
use firma_auth::keys::Key;
use firma_services::operating::{self, Place};
use firma_services::{Database, Refusal, Tx, Verification};
use serde::Serialize;

/// What concerns no organization has a chain too.
pub(crate) const SYSTEM: &str = "system";

/// One chain, as a script reads it.
#[derive(Serialize)]
pub(crate) struct Chain {
    organization: String,
    id: String,
    /// Entries that are whole, from the first on
    entries: i64,
    /// Entries before them, that were cut
    cut: i64,
    broken: Option<Broken>,
}

#[derive(Serialize)]
struct Broken {
    number: i64,
    what: &'static str,
}

impl Chain {
    pub(crate) fn new(place: &Place, found: Verification) -> Chain {
        Chain {
            organization: name(place).to_owned(),
            id: place.id.to_string(),
            entries: found.entries,
            cut: found.cut,
            broken: found.broken.map(|(number, what)| Broken { number, what }),
        }
    }

    pub(crate) fn is_whole(&self) -> bool {
        self.broken.is_none()
    }

    pub(crate) fn line(&self) -> String {
        let Chain {
            organization,
            entries,
            cut,
            ..
        } = self;
        match &self.broken {
            None if *cut > 0 => {
                format!(
                    "{organization}: ok, {entries} entries after {cut} that were cut, as a checkpoint says"
                )
            }
            None => format!("{organization}: ok, {entries} entries"),
            Some(Broken { number, what }) => {
                format!(
                    "{organization}: entry {number} is the first in doubt: {what} ({entries} before it are whole)"
                )
            }
        }
    }
}

pub(crate) fn name(place: &Place) -> &str {
    match place.slug.as_str() {
        "" => SYSTEM,
        slug => slug,
    }
}

pub(crate) fn verify(config: &Config, asked: &Verify) -> Result<(), Ended> {
    let database = existing(config)?;
    let wanted = |place: &Place| {
        asked
            .organization
            .as_deref()
            .is_none_or(|slug| slug == name(place))
    };
    let key = known_keys(config)?.map(|keys| keys.audit);
    let chains = wait(chains(&database, key, wanted))?.map_err(|refusal| refusal.to_string())?;
    if chains.is_empty() {
        return Err("there is no such organization".to_owned().into());
    }
    let whole = chains.iter().all(Chain::is_whole);
    if asked.output.json {
        crate::say_json(&serde_json::json!({"ok": whole, "organizations": chains}))?;
    } else {
        crate::say(chains.iter().map(Chain::line).collect::<Vec<_>>().join("\n"));
    }
    if whole {
        Ok(())
    } else {
        Err(Ended::Found(IN_DOUBT))
    }
}

/// The chains of the places that are wanted, walked one after the other.
pub(crate) async fn chains(
    database: &Database,
    key: Option<Key>,
    wanted: impl Fn(&Place) -> bool,
) -> Result<Vec<Chain>, Refusal> {
    let places = database.read(operating::places).await?;
    let places: Vec<_> = places.into_iter().filter(wanted).collect();
    let mut progress = crate::progress::Progress::of("audit log", "organizations");
    let mut chains = Vec::with_capacity(places.len());
    for place in places {
        let (id, key) = (place.id, key.clone());
        let found = database
            .read(move |tx: &mut Tx<'_>| operating::verify(tx, id, key.as_ref()))
            .await?;
        chains.push(Chain::new(&place, found));
        progress.step(1);
    }
    Ok(chains)
}

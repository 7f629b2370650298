//! Walks the chains of the audit log, in the database and in files.

pub(crate) mod file;

use crate::cli::{self, Verify};
use crate::compose::known_keys;
use crate::config::Config;
use crate::database::{existing, wait};
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
    /// Of a file: why it may not be as it was written
    #[serde(skip_serializing_if = "Option::is_none")]
    doubt: Option<&'static str>,
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
            doubt: None,
        }
    }

    /// The same of a file.
    pub(crate) fn exported(of: file::Exported) -> Chain {
        Chain {
            doubt: of.doubt,
            ..Chain::new(&of.place, of.found)
        }
    }

    pub(crate) fn is_whole(&self) -> bool {
        self.broken.is_none() && self.doubt.is_none()
    }

    pub(crate) fn line(&self) -> String {
        let Chain {
            organization,
            entries,
            cut,
            ..
        } = self;
        let mut line = match &self.broken {
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
        };
        if let Some(why) = self.doubt {
            line.push_str("; but the file is in doubt: ");
            line.push_str(why);
        }
        line
    }
}

pub(crate) fn name(place: &Place) -> &str {
    match place.slug.as_str() {
        "" => SYSTEM,
        slug => slug,
    }
}

pub(crate) fn verify(config: &Config, asked: &Verify) -> Result<(), Ended> {
    let key = known_keys(config)?.map(|keys| keys.audit);
    if let Some(path) = &asked.file {
        let exported = file::walk(path, key.as_ref())?;
        return told(&[Chain::exported(exported)], asked.output.json);
    }
    let database = existing(config)?;
    let wanted = |place: &Place| {
        asked
            .organization
            .as_deref()
            .is_none_or(|slug| slug == name(place))
    };
    let chains = wait(chains(&database, key, wanted))?.map_err(|refusal| refusal.to_string())?;
    if chains.is_empty() {
        return Err("there is no such organization".to_owned().into());
    }
    told(&chains, asked.output.json)
}

pub(crate) fn told(chains: &[Chain], as_json: bool) -> Result<(), Ended> {
    let whole = chains.iter().all(Chain::is_whole);
    if as_json {
        crate::say_json(&serde_json::json!({"ok": whole, "organizations": chains}))?;
    } else {
        crate::say(chains.iter().map(Chain::line).collect::<Vec<_>>().join("\n"));
    }
    match whole {
        true => Ok(()),
        false => Err(Ended::Found(IN_DOUBT)),
    }
}

/// Writes the log of one place into a file. One that isn't whole is written, too: it may be what is looked into.
pub(crate) fn export(config: &Config, asked: &cli::Export) -> Result<(), Ended> {
    let database = existing(config)?;
    let places = wait(database.read(operating::places))?.map_err(|refusal| refusal.to_string())?;
    let place = places.into_iter().find(|place| name(place) == asked.organization);
    let place = place.ok_or_else(|| "there is no such organization".to_owned())?;
    let (exported, _) = wait(file::export(&database, &place, &asked.file, &signing(config)?))??;
    told(&[Chain::exported(exported)], asked.output.json)
}

/// What an exported log is signed with.
pub(crate) fn signing(config: &Config) -> Result<Key, String> {
    let keys = known_keys(config)?.ok_or("the log is signed with the secret, and there is none here")?;
    Ok(keys.audit)
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
        chains.extend(found.map(|found| Chain::new(&place, found)));
        progress.step(1);
    }
    Ok(chains)
}

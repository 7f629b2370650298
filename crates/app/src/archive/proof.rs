//! Whether an archive can be restored: it is, into a database of its own.

use super::Watch;
use super::files::Restored;
use super::restore::{Counted, load};
use crate::audit::{Chain, chains};
use crate::compose::known_keys;
use crate::config::Config;
use crate::database::{PATIENCE, owner, sources, wait};
use crate::exit::{FAILED, IN_DOUBT};
use firma_persistence::archive::Scratch;
use firma_persistence::{Database, Settings};
use std::fs::File;
use std::path::{Path, PathBuf};

/// What came of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Proof {
    /// It was restored, its rows are there, and the audit log of the copy is whole
    Proved,
    /// It may well be good, but it couldn't be tried, for a reason
    Untried(String),
    /// It was restored, and the audit log of the copy isn't whole, or a file isn't what its row tells
    InDoubt(String),
    /// Something else came out than was put in: it is none
    Differs(String),
}

impl Proof {
    /// The same with what was in doubt as it was written.
    pub(super) fn doubting(self, doubt: Option<String>) -> Proof {
        match (self, doubt) {
            (Proof::Proved | Proof::Untried(_), Some(doubt)) => Proof::InDoubt(doubt),
            (proof, _) => proof,
        }
    }

    /// Why it isn't proved, and with which code a command says so.
    pub(super) fn lacking(&self) -> Option<(u8, &str)> {
        match self {
            Proof::Proved => None,
            Proof::Untried(why) => Some((FAILED, why.as_str())),
            Proof::InDoubt(why) | Proof::Differs(why) => Some((IN_DOUBT, why.as_str())),
        }
    }
}

/// Restores it beside itself, and takes that away again. Files are counted and digested, and not written.
///
/// # Errors
/// It can't be restored.
pub(super) fn prove(
    config: &Config,
    archive: &Path,
    written: &Counted,
    watch: Watch<'_>,
) -> Result<Proof, String> {
    let folder = PathBuf::from(format!("{}.scratch", archive.display()));
    let sources = sources();
    let id = sources.ids.next(sources.clock.now());
    let Some(scratch) = Scratch::open(&owner(config)?.there()?, &folder, id)? else {
        let why =
            "the login that owns the tables may make no database to restore it into: ALTER ROLE … CREATEDB";
        return Ok(Proof::Untried(why.into()));
    };
    let from = File::open(archive).map_err(|e| format!("{}: {e}", archive.display()))?;
    let found = load(&scratch.target, || Ok(Restored::nowhere()), from, watch)?;
    if found != *written {
        let what = format!("{written:?} were written, and {found:?} came back");
        return Ok(Proof::Differs(what));
    }
    // As the role that the migrations make, whatever the server works as: in the copy no other has rights.
    let settings = Settings {
        statement_timeout: PATIENCE,
        ..Settings::new(scratch.target.clone())
    };
    let copy = Database::open(&settings, sources)?;
    let key = known_keys(config)?.map(|keys| keys.audit);
    let chains = wait(chains(&copy, key, |_| true))?.map_err(|refusal| refusal.to_string())?;
    match chains.iter().find(|chain| !chain.is_whole()).map(Chain::line) {
        // So it is in the database itself: another archive would have it too.
        Some(broken) => Ok(Proof::InDoubt(format!("the audit log isn't whole: {broken}"))),
        None => Ok(Proof::Proved),
    }
}

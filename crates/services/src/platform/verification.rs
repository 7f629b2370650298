//! Looking at all logs by itself, so that a broken one is noticed before somebody asks.

use super::running::{Done, Progress, Running, Stop};
use super::worker::{Handler, Recurring};
use crate::refusal::Refusal;
use crate::{identity, operating};
use firma_auth::keys::Key;
use firma_domain::Id;
use firma_domain::identity::SecurityKind;
use firma_persistence::{Stretch, Tx, Verification, Walked};
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::sync::Arc;

/// Seconds that the clocks of servers may be apart.
const APART: i64 = 60;
const KIND: &str = "audit_verification";
/// The fewest entries that one call looks at, where there are so many.
const ENTRIES: i64 = 2_000;

/// Does it.
pub struct VerifyLogs {
    /// Checks where logs were cut
    pub key: Key,
}

/// How far it has come.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
struct Place {
    /// The last organization whose log was looked at
    behind: Option<Id>,
    /// Whose log is being looked at
    #[serde(default)]
    of: Option<Id>,
    /// Up to where that was
    log: Walked,
    logs: i32,
    broken: i32,
}

impl Place {
    fn progress(&self, total: usize) -> Progress {
        Progress {
            done: self.logs,
            total: i32::try_from(total).ok(),
            place: serde_json::to_value(self).unwrap_or_default(),
        }
    }
}

impl VerifyLogs {
    /// So many seconds after the last time, and the first time at once.
    pub fn every(seconds: i64) -> Recurring {
        Recurring {
            kind: KIND,
            next: Arc::new(move |tx| {
                let (now, last) = (tx.now(), tx.verified()?);
                // One that lies ahead was by a clock that was.
                let last = last.filter(|last| last.newest <= now.plus_seconds(APART));
                Ok(Some(
                    last.map_or(now, |last| last.newest.plus_seconds(seconds).max(now)),
                ))
            }),
        }
    }
}

impl Handler for VerifyLogs {
    fn kind(&self) -> &'static str {
        KIND
    }

    fn run(&self, job: &Running<'_>) -> Result<Done, Stop> {
        let mut place: Place = job.place()?.unwrap_or_default();
        let all = job.read(operating::places)?;
        let begun = place.behind;
        for of in all.iter().filter(|of| begun.is_none_or(|id| of.id > id)) {
            let organization = of.id;
            // The one that was being looked at may be gone.
            if place.of.replace(organization) != Some(organization) {
                place.log = Walked::default();
            }
            loop {
                let (key, from) = (self.key.clone(), place.log.clone());
                let found =
                    job.read(move |tx| operating::verify_some(tx, organization, &key, &from, ENTRIES))?;
                match found {
                    // It is being purged, or was: nobody's log any more.
                    None => break,
                    Some(Stretch::On(to)) => {
                        place.log = to;
                        let at = place.progress(all.len());
                        job.step(move |_| Ok((at.clone(), ())))?;
                    }
                    Some(Stretch::End(found)) => {
                        place = Place {
                            behind: Some(organization),
                            of: None,
                            log: Walked::default(),
                            logs: place.logs.saturating_add(1),
                            broken: place.broken.saturating_add(i32::from(found.broken.is_some())),
                        };
                        let at = place.progress(all.len());
                        job.step(move |tx| Ok((at.clone(), note(tx, organization, &found)?)))?;
                        break;
                    }
                }
            }
        }
        let (logs, broken) = (place.logs, place.broken);
        job.commit(move |_| Ok(json!({"logs": logs, "broken": broken})))
    }
}

/// Keeps what was found; a break that wasn't known is raised.
fn note(tx: &mut Tx<'_>, organization: Id, found: &Verification) -> Result<(), Refusal> {
    let is_news = tx.note_verification(organization, found)?;
    let Some((number, what)) = found.broken.filter(|_| is_news) else {
        return Ok(());
    };
    log::error!("the log of {organization} isn't whole: entry {number}: {what}");
    let concerns = Some(organization).filter(|organization| *organization != Id::NIL);
    let details = Some(format!("entry {number}: {what}"));
    identity::noted(tx, concerns, None, SecurityKind::AuditLogBroken, details)
}

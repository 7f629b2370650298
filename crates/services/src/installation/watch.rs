//! What is seen over many calls: who tries what isn't theirs, and who writes conspicuously much. Counted in this
//! server's memory, so that no call needs a statement for it: each server counts for itself, and anew when it starts.

use crate::identity;
use crate::refusal::Refusal;
use crate::remembered::remembered;
use firma_domain::identity::{MANY_WRITES, SecurityKind};
use firma_domain::{Id, Instant};
use firma_persistence::Tx;
use firma_persistence::access::Segment;
use moka::Entry;
use moka::sync::Cache;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

const HOUR: i64 = 3_600;
/// So many are remembered; those that weren't heard of for longest make room.
const REMEMBERED: u64 = 10_000;
/// What follows on the last attempt of an hour that is written down.
const NO_MORE: &str = "; no more of them are written down within the hour";

/// What is looked at of who calls. Each has a budget of its own, so that none of them hides another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Watched {
    /// Something that isn't there was named: the database is asked whose it is
    Absent,
    /// It is another organization's
    Foreign,
    /// What isn't held was to be given
    Escalation,
}

impl Watched {
    /// So many in an hour; more say nothing new.
    fn most(self) -> usize {
        match self {
            Watched::Absent => 100,
            Watched::Foreign | Watched::Escalation => 20,
        }
    }
}

/// Whether an attempt has to be looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum News {
    /// It was within this hour, or too much was
    Old,
    New,
    /// The last one that is news within the hour
    Last,
}

/// An hour that began with its first write.
#[derive(Debug, Clone, Copy)]
struct Hour {
    since: i64,
    writes: u32,
}

/// What was tried, by its name, and when.
type Targets = HashMap<String, i64>;

/// What one server has seen.
pub struct Watch {
    /// By user or key, each by itself
    tried: Cache<(Id, Watched), Arc<Mutex<Targets>>>,
    written: Cache<(Id, Id), Hour>,
}

impl Default for Watch {
    fn default() -> Watch {
        Watch {
            tried: remembered(REMEMBERED),
            written: remembered(REMEMBERED),
        }
    }
}

impl Watch {
    /// Whether an attempt has to be looked at: once an hour for each target of who tries, a user or a key.
    pub fn tried(&self, by: Id, what: Watched, target: String, now: Instant) -> News {
        let now = now.seconds();
        let targets = self.tried.get_with((by, what), Arc::default);
        let mut targets = targets.lock().unwrap_or_else(PoisonError::into_inner);
        targets.retain(|_, at| now.saturating_sub(*at) < HOUR);
        if targets.contains_key(&target) || targets.len() >= what.most() {
            return News::Old;
        }
        targets.insert(target, now);
        match targets.len() == what.most() {
            true => News::Last,
            false => News::New,
        }
    }

    /// Counts a write; whether it is the first of an hour that is one too many.
    pub fn is_too_many(&self, user: Id, organization: Id, now: Instant) -> bool {
        let now = now.seconds();
        let hour = self.written.entry((user, organization)).and_upsert_with(|hour| {
            let hour = hour.map(Entry::into_value);
            let begun = hour.filter(|hour| now.saturating_sub(hour.since) < HOUR);
            let hour = begun.unwrap_or(Hour {
                since: now,
                writes: 0,
            });
            Hour {
                writes: hour.writes.saturating_add(1),
                ..hour
            }
        });
        hour.into_value().writes == MANY_WRITES + 1
    }
}

/// Who named what isn't theirs.
#[derive(Debug, Clone, Copy)]
pub struct Trier {
    pub user: Id,
    /// The key by which it was tried, if it was one, and its one organization: all others are foreign to it
    pub key: Option<(Id, Id)>,
}

impl Trier {
    /// Whose budget it is: of a key its own, so that who stole it can't blind the watch on who made it.
    pub fn by(self) -> Id {
        self.key.map_or(self.user, |(key, _)| key)
    }

    fn foreign(self, tx: &mut Tx<'_>, segment: &Segment) -> Result<Option<Id>, Refusal> {
        Ok(match self.key {
            Some((_, own)) => tx.other_organization(own, segment)?,
            None => tx.foreign_organization(self.user, segment)?,
        })
    }

    /// The other organization whose it is what was named: the organization itself, or a row.
    pub fn aimed_at(
        self,
        tx: &mut Tx<'_>,
        organization: Option<&Segment>,
        row: Option<(&str, Id)>,
    ) -> Result<Option<Id>, Refusal> {
        match (organization, row) {
            (Some(segment), _) => self.foreign(tx, segment),
            (None, Some((collection, id))) => match tx.organization_of_row(collection, id)? {
                Some(owner) => self.foreign(tx, &Segment::Id(owner)),
                None => Ok(None),
            },
            (None, None) => Ok(None),
        }
    }
}

/// What is written down of the last one says so.
fn said(details: Option<String>, news: News) -> Option<String> {
    match news {
        News::Last => Some(details.unwrap_or_default() + NO_MORE),
        _ => details,
    }
}

/// Notes an attempt at what is another organization's, where that is: itself, or a row of it.
pub fn note_foreign(
    tx: &mut Tx<'_>,
    trier: Trier,
    foreign: Id,
    row: Option<(&str, Id)>,
    news: News,
) -> Result<(), Refusal> {
    let details = row.map(|(collection, id)| format!("{collection}/{id}"));
    let details = match (trier.key, details) {
        (None, details) => details,
        (Some(_), None) => Some("by an API key".to_owned()),
        (Some(_), Some(row)) => Some(format!("{row} by an API key")),
    };
    identity::noted(
        tx,
        Some(foreign),
        Some(trier.user),
        SecurityKind::ForeignAttempt,
        said(details, news),
    )
}

/// Notes that a member wanted to give what they don't hold.
pub fn note_escalation(
    tx: &mut Tx<'_>,
    user: Id,
    organization: Id,
    details: &str,
    news: News,
) -> Result<(), Refusal> {
    identity::noted(
        tx,
        Some(organization),
        Some(user),
        SecurityKind::EscalationAttempt,
        said(Some(details.to_owned()), news),
    )
}

/// Notes that a member wrote more than [`MANY_WRITES`] times in an hour.
pub fn note_many_writes(tx: &mut Tx<'_>, user: Id, organization: Id) -> Result<(), Refusal> {
    let details = Some(format!("more than {MANY_WRITES} in an hour"));
    identity::noted(
        tx,
        Some(organization),
        Some(user),
        SecurityKind::ManyWrites,
        details,
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Instant {
        Instant::from_micros(1_700_000_000_000_000)
            .unwrap()
            .plus_seconds(seconds)
    }

    #[test]
    fn the_hundred_and_first_write_of_an_hour_is_one_too_many_and_only_that() {
        let watch = Watch::default();
        let (user, here, there) = (Id::fixed(1, 1), Id::fixed(2, 1), Id::fixed(2, 2));
        let raised: Vec<_> = (1..=250)
            .filter(|n| watch.is_too_many(user, here, at(*n)))
            .collect();
        assert_eq!(raised, [101]);
        assert!((1..=100).all(|n| !watch.is_too_many(user, there, at(n))));
        // Anew when the hour is over.
        let raised: Vec<_> = (3_601..=3_720)
            .filter(|n| watch.is_too_many(user, here, at(*n)))
            .collect();
        assert_eq!(raised, [3_701]);
    }

    #[test]
    fn a_target_is_news_once_an_hour_and_each_budget_is_its_own() {
        use Watched::{Absent, Escalation, Foreign};
        let watch = Watch::default();
        let (user, other) = (Id::fixed(1, 1), Id::fixed(1, 2));
        let tried = |by, what, target: &str, seconds| watch.tried(by, what, target.to_owned(), at(seconds));
        assert_eq!(tried(user, Foreign, "a", 0), News::New);
        assert_eq!(tried(user, Foreign, "a", 3_599), News::Old);
        assert_eq!(tried(user, Foreign, "a", 3_600), News::New);
        let all: Vec<_> = (0..100)
            .map(|n| tried(user, Foreign, &format!("row {n}"), 3_601))
            .collect();
        let most = Foreign.most();
        assert!(all[..most - 2].iter().all(|news| *news == News::New));
        assert_eq!(all[most - 2], News::Last);
        assert!(all[most - 1..].iter().all(|news| *news == News::Old));
        // Nothing of this is taken from another budget, or from another user's or key's.
        assert_eq!(tried(user, Escalation, "a", 3_602), News::New);
        assert_eq!(tried(user, Absent, "a", 3_602), News::New);
        assert_eq!(tried(other, Foreign, "a", 3_602), News::New);
    }

    #[test]
    fn what_is_remembered_has_an_end() {
        let watch = Watch::default();
        let user = |n: u64| Id::fixed(u16::try_from(n >> 8).unwrap(), u16::try_from(n & 0xff).unwrap());
        for n in 0..REMEMBERED + 500 {
            let user = user(n);
            watch.tried(user, Watched::Foreign, "a".into(), at(0));
            watch.is_too_many(user, user, at(0));
        }
        watch.tried.run_pending_tasks();
        watch.written.run_pending_tasks();
        assert!(watch.tried.entry_count() <= REMEMBERED);
        assert!(watch.written.entry_count() <= REMEMBERED);
        // Who is at it is known.
        let last = user(REMEMBERED + 499);
        assert_eq!(watch.tried(last, Watched::Foreign, "a".into(), at(1)), News::Old);
    }
}

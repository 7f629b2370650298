//! What is seen over many calls: who tries what isn't theirs, and who writes conspicuously much. Counted in this
//! server's memory, so that no call needs a statement for it: each server counts for itself, and anew when it starts.

use crate::identity;
use crate::refusal::Refusal;
use firma_domain::identity::{MANY_WRITES, SecurityKind};
use firma_domain::{Id, Instant};
use firma_persistence::Tx;
use firma_persistence::access::Segment;
use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

const HOUR: i64 = 3_600;
/// So many are remembered before those of more than an hour ago are let go.
const REMEMBERED: usize = 10_000;
/// So many attempts of one user are looked at in an hour; more say nothing new.
const ATTEMPTS: usize = 20;

/// An hour that began with its first write.
#[derive(Debug, Clone, Copy)]
struct Hour {
    since: i64,
    writes: u32,
}

/// What one server has seen.
#[derive(Default)]
pub struct Watch {
    /// By user: what was named in vain, an organization, or a row by its collection and id
    tried: Mutex<HashMap<Id, HashMap<String, i64>>>,
    written: Mutex<HashMap<(Id, Id), Hour>>,
}

impl Watch {
    /// Whether what a user named in vain has to be looked at: once an hour for each user and target.
    pub fn is_news(&self, user: Id, target: String, now: Instant) -> bool {
        let now = now.seconds();
        let is_old = |at: &i64| now.saturating_sub(*at) >= HOUR;
        let mut tried = self.tried.lock().unwrap_or_else(PoisonError::into_inner);
        if tried.len() >= REMEMBERED {
            tried.retain(|_, targets| targets.values().any(|at| !is_old(at)));
        }
        let targets = tried.entry(user).or_default();
        targets.retain(|_, at| !is_old(at));
        if targets.contains_key(&target) || targets.len() >= ATTEMPTS {
            return false;
        }
        targets.insert(target, now);
        true
    }

    /// Counts a write; whether it is the first of an hour that is one too many.
    pub fn is_too_many(&self, user: Id, organization: Id, now: Instant) -> bool {
        let now = now.seconds();
        let is_over = |hour: &Hour| now.saturating_sub(hour.since) >= HOUR;
        let mut written = self.written.lock().unwrap_or_else(PoisonError::into_inner);
        if written.len() >= REMEMBERED {
            written.retain(|_, hour| !is_over(hour));
        }
        let new = Hour {
            since: now,
            writes: 0,
        };
        let hour = written.entry((user, organization)).or_insert(new);
        if is_over(hour) {
            *hour = new;
        }
        hour.writes = hour.writes.saturating_add(1);
        hour.writes == MANY_WRITES + 1
    }
}

/// Who named what isn't theirs.
#[derive(Debug, Clone, Copy)]
pub struct Trier {
    pub user: Id,
    /// The one organization of the key by which it was tried, if it was one: all others are foreign to it
    pub key_of: Option<Id>,
}

impl Trier {
    fn foreign(self, tx: &mut Tx<'_>, segment: &Segment) -> Result<Option<Id>, Refusal> {
        Ok(match self.key_of {
            Some(own) => tx.other_organization(own, segment)?,
            None => tx.foreign_organization(self.user, segment)?,
        })
    }
}

/// Notes an attempt at what is another organization's, if it is: at the organization itself, or at a row.
pub fn note_foreign(
    tx: &mut Tx<'_>,
    trier: Trier,
    organization: Option<&Segment>,
    row: Option<(&str, Id)>,
) -> Result<(), Refusal> {
    let user = trier.user;
    let foreign = match (organization, row) {
        (Some(segment), _) => trier.foreign(tx, segment)?,
        (None, Some((collection, id))) => {
            let of_row = tx.organization_of_row(&entity_of(collection), id)?;
            match of_row {
                Some(owner) => trier.foreign(tx, &Segment::Id(owner))?,
                None => None,
            }
        }
        (None, None) => None,
    };
    let Some(foreign) = foreign else {
        return Ok(());
    };
    let details = row.map(|(collection, id)| format!("{collection}/{id}"));
    let details = match (trier.key_of, details) {
        (None, details) => details,
        (Some(_), None) => Some("by an API key".to_owned()),
        (Some(_), Some(row)) => Some(format!("{row} by an API key")),
    };
    identity::noted(
        tx,
        Some(foreign),
        Some(user),
        SecurityKind::ForeignAttempt,
        details,
    )
}

/// Notes that a member wanted to give what they don't hold.
pub fn note_escalation(tx: &mut Tx<'_>, user: Id, organization: Id, details: &str) -> Result<(), Refusal> {
    identity::noted(
        tx,
        Some(organization),
        Some(user),
        SecurityKind::EscalationAttempt,
        Some(details.to_owned()),
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

/// `team-members` as `team_member`.
fn entity_of(collection: &str) -> String {
    let many = collection.replace('-', "_");
    match (many.strip_suffix("ies"), many.strip_suffix('s')) {
        (Some(stem), _) => format!("{stem}y"),
        (None, Some(one)) => one.to_owned(),
        _ => many,
    }
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
    fn a_target_is_news_once_an_hour_and_a_user_has_few_of_them() {
        let watch = Watch::default();
        let (user, other) = (Id::fixed(1, 1), Id::fixed(1, 2));
        assert!(watch.is_news(user, "a".into(), at(0)));
        assert!(!watch.is_news(user, "a".into(), at(3_599)));
        assert!(watch.is_news(other, "a".into(), at(1)));
        assert!(watch.is_news(user, "a".into(), at(3_600)));
        let news = (0..100)
            .filter(|n| watch.is_news(user, format!("row {n}"), at(3_601)))
            .count();
        assert_eq!(news, ATTEMPTS - 1);
    }

    #[test]
    fn what_is_remembered_has_an_end() {
        let watch = Watch::default();
        for n in 0..REMEMBERED {
            let user = Id::fixed(u16::try_from(n >> 8).unwrap(), u16::try_from(n & 0xff).unwrap());
            watch.is_news(user, "a".into(), at(0));
            watch.is_too_many(user, user, at(0));
        }
        watch.is_news(Id::fixed(9, 9), "a".into(), at(HOUR));
        watch.is_too_many(Id::fixed(9, 9), Id::NIL, at(HOUR));
        assert!(watch.tried.lock().unwrap().len() <= 1);
        assert!(watch.written.lock().unwrap().len() <= 1);
    }

    #[test]
    fn an_entity_is_named_by_its_collection() {
        for (collection, entity) in [
            ("companies", "company"),
            ("team-members", "team_member"),
            ("role-assignments", "role_assignment"),
            ("deals", "deal"),
        ] {
            assert_eq!(entity_of(collection), entity);
        }
    }
}

//! What is kept in memory of what was looked up: what custom roles give, who holds what, who called, and what rows are
//! referred to. A role is kept under its version, so what is kept is never old: the version comes from the database, or
//! is proved with what is asked of it.

use super::by_key::KnownKey;
use super::held::Stamps;
use super::presumed::{Caller, Seen};
use crate::fault::Fault;
use crate::store::{Computed, Rows, Tx};
use firma_auth::access::{Assignment, Permissions};
use firma_auth::kept::Kept;
use firma_domain::Id;
use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// What gives permissions, a custom role or an API key, at a version.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct At {
    pub organization: Id,
    pub of: Id,
    pub version: i32,
}

/// How often what was asked for was in memory, and how often it wasn't.
#[derive(Debug, Clone, Copy, Default)]
pub struct Hits {
    pub hits: u64,
    pub misses: u64,
}

#[derive(Debug, Default)]
pub(crate) struct Counted {
    hits: AtomicU64,
    misses: AtomicU64,
}

impl Counted {
    pub(crate) fn count(&self, is_hit: bool) {
        let counted = if is_hit { &self.hits } else { &self.misses };
        counted.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn load(&self) -> Hits {
        Hits {
            hits: self.hits.load(Ordering::Relaxed),
            misses: self.misses.load(Ordering::Relaxed),
        }
    }
}

type Held = (Stamps, Arc<[Assignment]>);

#[derive(Debug, Default)]
pub(crate) struct Memory {
    /// By organization and user: under what it is kept, and what the member holds
    held: Kept<(Id, Id), Held>,
    /// By organization, and role or key: its version, and what it gives
    given: Kept<(Id, Id), (i32, Arc<Permissions>)>,
    /// By prefix: what stands in their table is never changed
    pub(super) keys: Kept<String, Arc<KnownKey>>,
    /// What was known of callers last, which is asked again whenever it is gone by
    pub(super) callers: Kept<Caller, Arc<Seen>>,
    /// What is referred to often
    pub(crate) rows: Rows,
    /// Figures that were summed
    pub(crate) computed: Computed,
    /// Of what members hold
    pub(crate) counted: Counted,
}

impl Memory {
    pub(super) fn get(&self, at: At) -> Option<Arc<Permissions>> {
        let found = self.given.get(&(at.organization, at.of));
        found
            .filter(|(version, _)| *version == at.version)
            .map(|(_, permissions)| permissions)
    }

    pub(super) fn held(&self, organization: Id, user: Id, at: Stamps) -> Option<Arc<[Assignment]>> {
        let found = self.held.get(&(organization, user));
        let found = found.filter(|(under, _)| *under == at).map(|(_, held)| held);
        self.counted.count(found.is_some());
        found
    }

    pub(super) fn keep_held(&self, organization: Id, user: Id, at: Stamps, held: Arc<[Assignment]>) {
        self.held.keep((organization, user), (at, held));
    }

    pub(super) fn keep(&self, at: At, permissions: Arc<Permissions>) {
        self.given
            .keep((at.organization, at.of), (at.version, permissions));
    }
}

impl Tx<'_> {
    /// What these roles of one organization, where the fence stands, give; one statement for all that aren't kept.
    pub(super) fn role_permissions(&mut self, roles: &[At]) -> Result<HashMap<Id, Arc<Permissions>>, Fault> {
        let mut found = HashMap::new();
        let mut missing = Vec::new();
        for at in roles {
            match self.memory().get(*at) {
                Some(permissions) => drop(found.insert(at.of, permissions)),
                None => missing.push(*at),
            }
        }
        let Some(first) = missing.first() else {
            return Ok(found);
        };
        let ids: Vec<_> = missing.iter().map(|at| at.of).collect();
        let mut given = self.permissions_of(first.organization, &ids)?;
        for at in missing {
            let permissions = Arc::new(given.remove(&at.of).unwrap_or_default());
            if self.sees_only_what_is_committed() {
                self.memory().keep(at, permissions.clone());
            }
            found.insert(at.of, permissions);
        }
        Ok(found)
    }
}

//! What custom roles give, kept in memory. A role is kept under its version, so what is kept is never old: the
//! version comes with the facts of each call.

use crate::backend::{Id as IdType, Uid};
use crate::fault::Fault;
use crate::sql::{Sql, Value};
use crate::store::Tx;
use diesel::sql_types::Text;
use firma_auth::access::{Permission, Permissions};
use firma_domain::Id;
use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

/// A custom role at a version.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct At {
    pub organization: Id,
    pub role: Id,
    pub version: i32,
}

/// So many roles; with one more all are asked for again.
const MOST: usize = 10_000;

/// How often what was asked for was there.
#[derive(Debug, Clone, Copy, Default)]
pub struct Hits {
    pub hits: u64,
    pub misses: u64,
}

#[derive(Debug, Default)]
pub(crate) struct RoleCache {
    roles: RwLock<HashMap<(Id, Id), (i32, Arc<Permissions>)>>,
    hits: AtomicU64,
    misses: AtomicU64,
}

impl RoleCache {
    fn get(&self, at: At) -> Option<Arc<Permissions>> {
        let roles = self.roles.read().unwrap_or_else(PoisonError::into_inner);
        let found = roles
            .get(&(at.organization, at.role))
            .filter(|(version, _)| *version == at.version)
            .map(|(_, permissions)| permissions.clone());
        let counted = if found.is_some() { &self.hits } else { &self.misses };
        counted.fetch_add(1, Ordering::Relaxed);
        found
    }

    fn keep(&self, at: At, permissions: Arc<Permissions>) {
        let mut roles = self.roles.write().unwrap_or_else(PoisonError::into_inner);
        if roles.len() >= MOST {
            roles.clear();
        }
        roles.insert((at.organization, at.role), (at.version, permissions));
    }

    pub(crate) fn load(&self) -> Hits {
        Hits {
            hits: self.hits.load(Ordering::Relaxed),
            misses: self.misses.load(Ordering::Relaxed),
        }
    }
}

impl Tx<'_> {
    /// What these roles of one organization, where the fence stands, give; one statement for all that aren't kept.
    pub(super) fn role_permissions(&mut self, roles: &[At]) -> Result<HashMap<Id, Arc<Permissions>>, Fault> {
        let mut found = HashMap::new();
        let mut missing = Vec::new();
        for at in roles {
            match self.roles().get(*at) {
                Some(permissions) => drop(found.insert(at.role, permissions)),
                None => missing.push(*at),
            }
        }
        let Some(first) = missing.first() else {
            return Ok(found);
        };
        let names = Sql::<(IdType, Text)>::text(
            "SELECT g.role_id, p.name FROM role_permissions g JOIN permissions p ON p.id = g.permission_id \
             WHERE g.organization_id = ",
        )
        .bind(first.organization)
        .then(" AND g.role_id IN (")
        .binds(missing.iter().map(|at| Value::from(at.role)).collect())
        .then(")")
        .rows::<(Uid, String)>(self)?;
        for at in missing {
            // What the catalogue doesn't know any more gives nothing.
            let of_role = names.iter().filter(|(role, _)| role.0 == at.role);
            let permissions: Arc<Permissions> =
                Arc::new(of_role.filter_map(|(_, name)| Permission::parse(name)).collect());
            self.roles().keep(at, permissions.clone());
            found.insert(at.role, permissions);
        }
        Ok(found)
    }
}

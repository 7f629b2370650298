//! What is known of a call by an API key.

use super::facts::{Base, BaseRow, Known, Segment, base};
use super::memory::At as Version;
use super::presumed::{By, Caller, Seen};
use crate::backend::{At, Id as IdType, Instant as AtType, Uid};
use crate::fault::Fault;
use crate::sql::{Sql, Value};
use crate::store::Tx;
use diesel::sql_types::{Binary, Bool, Integer, Nullable, Text};
use firma_auth::access::{ByKey, Grant, Permission, Permissions, Writes};
use firma_domain::access::ApiKey;
use firma_domain::{Id, Instant, IpRange};
use std::sync::Arc;

/// Whose a key is and what proves it, found by its prefix.
#[derive(Debug, Clone)]
pub struct KnownKey {
    pub organization: Id,
    pub id: Id,
    /// Who made it, and in whose place it calls
    pub user: Id,
    pub prefix: String,
    /// SHA-256 of the whole key
    pub hash: Vec<u8>,
}

/// A key as it is when a call begins.
pub struct KeyFacts {
    pub revoked_at: Option<Instant>,
    pub expires_at: Option<Instant>,
    pub allowed_ip_ranges: Vec<IpRange>,
    /// Whether the path names the key's own organization
    pub is_at_home: bool,
    /// Whether the member who made it is one, and active
    pub has_creator: bool,
    /// A stranger where the path names another organization
    pub known: Known,
}

type Terms = (Integer, Nullable<AtType>, Nullable<AtType>, Text);
pub(super) type TermsRow = (i32, Option<At>, Option<At>, String);

impl Tx<'_> {
    /// The key of a prefix; without a statement where it was asked for before.
    pub fn key_named(&mut self, prefix: &str) -> Result<Option<Arc<KnownKey>>, Fault> {
        if let Some(known) = self.memory().keys.get(prefix) {
            return Ok(Some(known));
        }
        let found = Sql::<(IdType, IdType, IdType, Binary)>::text(
            "SELECT organization_id, key_id, user_id, hash FROM api_key_prefixes WHERE prefix = ",
        )
        .bind(prefix)
        .look::<(Uid, Uid, Uid, Vec<u8>)>(self)?;
        let known = found.map(|(organization, id, user, hash)| {
            Arc::new(KnownKey {
                organization: organization.0,
                id: id.0,
                user: user.0,
                prefix: prefix.to_owned(),
                hash,
            })
        });
        if let Some(known) = &known {
            self.memory().keys.keep(prefix.to_owned(), known.clone());
        }
        Ok(known)
    }

    /// Makes a key that was stored findable.
    pub fn add_key<A: Writes>(
        &mut self,
        grant: Grant<ApiKey, A>,
        id: Id,
        prefix: &str,
        hash: &[u8; 32],
    ) -> Result<(), Fault> {
        self.unit()?;
        Sql::<()>::text(
            "INSERT INTO api_key_prefixes (prefix, organization_id, key_id, user_id, hash) VALUES (",
        )
        .binds(vec![
            prefix.into(),
            grant.organization().into(),
            id.into(),
            grant.actor().into(),
            Value::Bytes(hash.to_vec()),
        ])
        .then(")")
        .run(self)?;
        Ok(())
    }

    /// Key and membership of its creator, in one statement, which also moves PostgreSQL's fence to the organization
    /// as [`Tx::facts`] does; or as they were last, as there. None where the creator isn't active any more.
    pub fn facts_by_key(&mut self, key: &KnownKey, segment: &Segment) -> Result<Option<KeyFacts>, Fault> {
        let caller = Caller {
            user: key.user,
            by: By::Key(key.organization, key.id),
            segment: segment.clone(),
        };
        if let Some(seen) = self.go_on_as_known(&caller) {
            let known = self.caller_of(key.user, &seen.base)?;
            return self.by_terms(key, &seen, known).map(Some);
        }
        self.identify(key.user)?;
        let row = base::<(Base, Terms)>()
            .then(
                ", k.version, k.revoked_at, k.expires_at, k.allowed_ip_ranges FROM api_keys k JOIN users u \
                 ON u.id = k.created_by AND u.is_active AND u.deleted_at IS NULL LEFT JOIN tenants t \
                 ON t.deleted_at IS NULL AND t.id = k.organization_id AND ",
            )
            .named(segment)
            .then(
                " LEFT JOIN memberships m ON m.organization_id = t.id AND m.id = k.created_by \
                 WHERE k.organization_id = ",
            )
            .bind(key.organization)
            .then(" AND k.id = ")
            .bind(key.id)
            .look::<(BaseRow, TermsRow)>(self)?;
        let seen = row.map(|(base, terms)| Seen {
            base,
            terms: Some(terms),
        });
        let facts = match &seen {
            Some(seen) => {
                let known = self.standing(key.user, &seen.base)?;
                Some(self.by_terms(key, seen, known)?)
            }
            None => None,
        };
        self.keep_caller(caller, seen);
        Ok(facts)
    }

    fn by_terms(&mut self, key: &KnownKey, seen: &Seen, mut known: Known) -> Result<KeyFacts, Fault> {
        let Some((version, revoked, expires, ranges)) = &seen.terms else {
            return Err(Fault::internal("a key without its terms"));
        };
        if let Known::Member(facts, ..) = &mut known {
            facts.key = Some(self.by_key(key.organization, key.id, *version)?);
        }
        Ok(KeyFacts {
            revoked_at: revoked.map(|at| at.0),
            expires_at: expires.map(|at| at.0),
            allowed_ip_ranges: read(ranges)?,
            is_at_home: seen.base.0.0.is_some(),
            has_creator: seen.base.0.3,
            known,
        })
    }

    /// The key by which a job was asked for, if it may still be used.
    pub(super) fn key_of_job(&mut self, organization: Id, key: Id) -> Result<Option<ByKey>, Fault> {
        let now = self.now();
        let version = Sql::<Integer>::text(
            "SELECT version FROM api_keys WHERE revoked_at IS NULL AND (expires_at IS NULL OR expires_at > ",
        )
        .bind(now)
        .then(") AND organization_id = ")
        .bind(organization)
        .then(" AND id = ")
        .bind(key)
        .maybe::<i32>(self)?;
        version
            .map(|version| self.by_key(organization, key, version))
            .transpose()
    }

    /// What a key was given, kept under its version as a role is.
    fn by_key(&mut self, organization: Id, id: Id, version: i32) -> Result<ByKey, Fault> {
        let at = Version {
            organization,
            of: id,
            version,
        };
        if let Some(permissions) = self.memory().get(at) {
            return Ok(ByKey { id, permissions });
        }
        let names = Sql::<Text>::text("SELECT permissions FROM api_keys WHERE organization_id = ")
            .bind(organization)
            .then(" AND id = ")
            .bind(id)
            .one::<String>(self)?;
        let names: Vec<String> = read(&names)?;
        // What the catalogue doesn't know any more gives nothing.
        let permissions: Permissions = names.iter().filter_map(|name| Permission::parse(name)).collect();
        let permissions = Arc::new(permissions);
        if self.sees_only_what_is_committed() {
            self.memory().keep(at, permissions.clone());
        }
        Ok(ByKey { id, permissions })
    }

    /// Notes that a key is in use, unless that was noted less than `seconds` ago.
    pub fn note_key_used(&mut self, key: &KnownKey, seconds: i64) -> Result<(), Fault> {
        self.unit()?;
        self.fenced(key.organization)?;
        let now = self.now();
        Sql::<()>::text("UPDATE api_keys SET last_used_at = ")
            .bind(now)
            .then(" WHERE organization_id = ")
            .bind(key.organization)
            .then(" AND id = ")
            .bind(key.id)
            .then(" AND (last_used_at IS NULL OR last_used_at <= ")
            .bind(now.plus_seconds(-seconds))
            .then(")")
            .run(self)?;
        Ok(())
    }

    /// Whether a security event says, since an instant, that a key was used from a new address, in these words.
    pub fn was_key_told(&mut self, key: &KnownKey, words: &str, since: Instant) -> Result<bool, Fault> {
        self.fenced(key.organization)?;
        // The condition of the index as it stands there, so that SQLite knows it.
        let found = Sql::<Bool>::text(
            "SELECT TRUE FROM security_events WHERE type = 'api_key_new_address' AND organization_id = ",
        )
        .bind(key.organization)
        .then(" AND details = ")
        .bind(words)
        .then(" AND occurred_at > ")
        .bind(since)
        .then(" LIMIT 1")
        .maybe::<bool>(self)?;
        Ok(found.is_some())
    }
}

fn read<T: serde::de::DeserializeOwned>(text: &str) -> Result<T, Fault> {
    serde_json::from_str(text).map_err(|e| Fault::Internal(format!("a key: {e}")))
}

//! Figures over many rows: told again for a minute, as long as nothing that they are of has changed.

use super::repo::Repo;
use super::stored::Stored;
use super::tx::Tx;
use crate::access::Counted;
use crate::fault::Fault;
use crate::sql::{Sql, Value};
use diesel::sql_types::{BigInt, Binary, Nullable};
use firma_auth::access::{Action, Reach};
use firma_domain::{Id, Instant};
use moka::policy::EvictionPolicy;
use moka::sync::Cache;
use std::any::Any;
use std::sync::Arc;
use std::time::Duration;

/// For what has no event: what somebody changes by SQL.
const SECONDS: i64 = 60;
/// Rows of all figures together, a quarter of a kilobyte each.
const MOST: u64 = 100_000;

/// Whose rows, and what was asked of them.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Key {
    organization: Id,
    /// Who asks, where not everybody sees the same
    asker: Option<(Id, Option<Reach>)>,
    asked: String,
}

#[derive(Debug, Clone)]
struct Figures {
    said: Arc<dyn Any + Send + Sync>,
    weight: u32,
    at: Instant,
    /// As far as this the organization's log has nothing that they don't know
    log: Reached,
}

/// The last number of an organization's log, and the digest of the chain there: a database that was brought back to an
/// earlier state gives the number again, to something else.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Reached {
    number: i64,
    digest: Vec<u8>,
}

/// The figures that were told last.
#[derive(Debug)]
pub(crate) struct Computed {
    kept: Cache<Key, Figures>,
    pub(crate) counted: Counted,
}

impl Default for Computed {
    fn default() -> Computed {
        let kept = Cache::builder()
            .max_capacity(MOST)
            // Else what is seldom asked for and has many rows is never let in.
            .eviction_policy(EvictionPolicy::lru())
            .weigher(|_, figures: &Figures| figures.weight)
            .time_to_live(Duration::from_secs(SECONDS.unsigned_abs()));
        Computed {
            kept: kept.build(),
            counted: Counted::default(),
        }
    }
}

/// What is asked.
pub(crate) struct Question<T> {
    /// All that the figures go by but the rows
    pub asked: String,
    /// The entities whose rows they are of
    pub of: Vec<&'static str>,
    /// How many rows they have
    pub weigh: fn(&T) -> usize,
}

impl<E: Stored, A: Action> Repo<'_, '_, E, A> {
    /// Figures over what may be seen, of one state of the database.
    pub(crate) fn computed<T: Send + Sync + 'static>(
        &mut self,
        question: Question<T>,
        compute: impl FnOnce(&mut Tx<'_>) -> Result<T, Fault>,
    ) -> Result<Arc<T>, Fault> {
        let (organization, reach) = (self.grant.organization(), self.grant.seen());
        let key = Key {
            organization,
            asker: (reach != Some(Reach::Org)).then(|| (self.grant.actor(), reach)),
            asked: question.asked,
        };
        let computed = &self.tx.memory().computed;
        if let Some(last) = computed.kept.get(&key)
            && let Some(log) = self.tx.is_as_it_was(organization, &last, &question.of)?
            && let Ok(said) = last.said.clone().downcast()
        {
            computed.counted.count(true);
            // What came since needn't be looked at again.
            if log != last.log {
                computed.kept.insert(key, Figures { log, ..last });
            }
            return Ok(said);
        }
        let (log, said) = self
            .tx
            .still(|tx| Ok::<_, Fault>((tx.log_reached(organization)?, compute(tx)?)))?;
        computed.counted.count(false);
        let weight = u32::try_from((question.weigh)(&said)).unwrap_or(u32::MAX);
        let said = Arc::new(said);
        let figures = Figures {
            said: said.clone(),
            weight: weight.saturating_add(1),
            at: self.tx.now(),
            log,
        };
        computed.kept.insert(key, figures);
        Ok(said)
    }
}

impl Tx<'_> {
    /// How far the log goes, if no row of these entities has changed since.
    fn is_as_it_was(
        &mut self,
        organization: Id,
        figures: &Figures,
        of: &[&'static str],
    ) -> Result<Option<Reached>, Fault> {
        if self.now().seconds() - figures.at.seconds() >= SECONDS {
            return Ok(None);
        }
        let then = &figures.log;
        // The last of them and in their order: so it is looked for in what came after, and nowhere else.
        type Found = (i64, Vec<u8>, Option<Vec<u8>>, Option<i64>);
        let (number, digest, chain, changed): Found =
            Sql::<(BigInt, Binary, Nullable<Binary>, Nullable<BigInt>)>::text(
                "SELECT last_number, digest, (SELECT a.chain FROM audit_entries a WHERE a.organization_id = ",
            )
            .bind(organization)
            .then(" AND a.number = ")
            .bind(Value::Big(then.number))
            .then("), (SELECT e.number FROM events e WHERE e.organization_id = ")
            .bind(organization)
            .then(" AND e.number > ")
            .bind(Value::Big(then.number))
            .then(" AND e.entity_type IN (")
            .binds(of.iter().map(|name| Value::from(*name)).collect())
            .then(") ORDER BY e.number DESC LIMIT 1) FROM heads WHERE organization_id = ")
            .bind(organization)
            .one(self)?;
        let is_same = chain.as_ref() == Some(&then.digest) && changed.is_none();
        Ok(is_same.then_some(Reached { number, digest }))
    }

    fn log_reached(&mut self, organization: Id) -> Result<Reached, Fault> {
        let (number, digest) =
            Sql::<(BigInt, Binary)>::text("SELECT last_number, digest FROM heads WHERE organization_id = ")
                .bind(organization)
                .one(self)?;
        Ok(Reached { number, digest })
    }
}

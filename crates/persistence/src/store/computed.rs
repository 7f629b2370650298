//! Figures over many rows: told again for a minute, as long as nothing that they are of has changed.

use super::repo::Repo;
use super::stored::Stored;
use super::tx::Tx;
use crate::access::Counted;
use crate::fault::Fault;
use crate::sql::{Sql, Value};
use diesel::sql_types::{BigInt, Nullable};
use firma_auth::access::{Action, Reach};
use firma_domain::{Id, Instant};
use moka::sync::Cache;
use std::any::Any;
use std::sync::Arc;
use std::time::Duration;

/// For what has no event: a label that came from somewhere else.
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
    /// The last entry of the organization's log that they know of
    number: i64,
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
        let last = self.tx.memory().computed.kept.get(&key);
        let is_known = match &last {
            Some(last) => self.tx.is_as_it_was(organization, last, &question.of)?,
            None => false,
        };
        self.tx.memory().computed.counted.count(is_known);
        if let Some(said) = last
            .filter(|_| is_known)
            .and_then(|last| last.said.downcast().ok())
        {
            return Ok(said);
        }
        let (number, said) = self
            .tx
            .still(|tx| Ok::<_, Fault>((tx.last_number(organization)?, compute(tx)?)))?;
        let weight = u32::try_from((question.weigh)(&said)).unwrap_or(u32::MAX);
        let said = Arc::new(said);
        let figures = Figures {
            said: said.clone(),
            weight: weight.saturating_add(1),
            at: self.tx.now(),
            number,
        };
        self.tx.memory().computed.kept.insert(key, figures);
        Ok(said)
    }
}

impl Tx<'_> {
    /// Whether no row of these entities has changed since.
    fn is_as_it_was(
        &mut self,
        organization: Id,
        figures: &Figures,
        of: &[&'static str],
    ) -> Result<bool, Fault> {
        if self.now().seconds() - figures.at.seconds() >= SECONDS {
            return Ok(false);
        }
        // The last of them and in their order: so it is looked for in what came after, and nowhere else.
        let (number, changed): (i64, Option<i64>) = Sql::<(BigInt, Nullable<BigInt>)>::text(
            "SELECT last_number, (SELECT e.number FROM events e WHERE e.organization_id = ",
        )
        .bind(organization)
        .then(" AND e.number > ")
        .bind(Value::Big(figures.number))
        .then(" AND e.entity_type IN (")
        .binds(of.iter().map(|name| Value::from(*name)).collect())
        .then(") ORDER BY e.number DESC LIMIT 1) FROM heads WHERE organization_id = ")
        .bind(organization)
        .one(self)?;
        // A database that was brought back to an earlier state has a log that ends earlier.
        Ok(number >= figures.number && changed.is_none())
    }

    fn last_number(&mut self, organization: Id) -> Result<i64, Fault> {
        Sql::<BigInt>::text("SELECT last_number FROM heads WHERE organization_id = ")
            .bind(organization)
            .one(self)
    }
}

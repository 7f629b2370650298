//! One thread's place at the database: its connection, where its fence stands, and the sources.

use super::any::AnyConnection;
use super::database::Sources;
use super::manager::Manager;
use super::meter::Meter;
use crate::access::RoleCache;
use crate::fault::Fault;
use crate::sql::Sql;
use diesel::sql_types::BigInt;
use firma_domain::Id;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Where PostgreSQL's row-level security stands on this connection. Set again only when it moves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Fence {
    pub user: Option<Id>,
    pub organization: Option<Id>,
    /// Whether it stands on the platform, and so on no organization
    pub platform: bool,
}

pub(crate) struct Seat {
    pool: r2d2::Pool<Manager>,
    held: Option<r2d2::PooledConnection<Manager>>,
    /// After a failed attempt nobody waits again until then.
    away_until: Option<Instant>,
    pub fence: Option<Fence>,
    pub sources: Sources,
    pub(super) meter: Arc<Meter>,
    roles: Arc<RoleCache>,
    needs_factor: bool,
}

/// What a call works with.
pub(crate) struct Parts<'s> {
    pub conn: &'s mut AnyConnection,
    pub fence: &'s mut Option<Fence>,
    pub sources: &'s Sources,
    pub roles: &'s RoleCache,
    pub needs_factor: bool,
}

impl Seat {
    pub(super) fn new(
        pool: r2d2::Pool<Manager>,
        sources: Sources,
        meter: Arc<Meter>,
        roles: Arc<RoleCache>,
    ) -> Seat {
        Seat {
            pool,
            held: None,
            away_until: None,
            fence: None,
            sources,
            meter,
            roles,
            needs_factor: false,
        }
    }

    /// The same where everybody needs a second factor, or not.
    pub(super) fn needing_factor(self, needs_factor: bool) -> Seat {
        Seat { needs_factor, ..self }
    }

    /// The connection, a new one if there is none.
    pub(super) fn sit(&mut self) -> Result<(), Fault> {
        if self.held.is_some() {
            return Ok(());
        }
        if self.away_until.is_some_and(|until| Instant::now() < until) {
            return Err(Fault::Away);
        }
        let got = self.pool.get();
        self.meter.connected(got.is_ok());
        match got {
            Ok(held) => {
                self.held = Some(held);
                self.meter.opened();
                self.fence = None;
                self.away_until = None;
                Ok(())
            }
            Err(error) => {
                log::warn!("no connection to the database: {error}");
                self.away_until = Some(Instant::now() + Duration::from_millis(500));
                Err(Fault::Away)
            }
        }
    }

    pub(crate) fn parts(&mut self) -> Result<Parts<'_>, Fault> {
        let held = self.held.as_mut().ok_or(Fault::Away)?;
        Ok(Parts {
            conn: &mut *held,
            fence: &mut self.fence,
            sources: &self.sources,
            roles: &self.roles,
            needs_factor: self.needs_factor,
        })
    }

    pub(super) fn batch(&mut self, statements: &str) -> Result<(), Fault> {
        Ok(self.parts()?.conn.batch(statements)?)
    }

    /// How many rows the connection has changed so far; of SQLite alone.
    pub(super) fn changes(&mut self) -> Result<i64, Fault> {
        Sql::<BigInt>::text("SELECT total_changes()").one_on(self.parts()?.conn)
    }

    /// Gives the connection back, which closes it; the next call gets another.
    pub(super) fn stand_up(&mut self) {
        if self.held.take().is_some() {
            self.meter.closed();
        }
        self.fence = None;
    }

    /// After a fault that says nothing of the connection: whether it still answers.
    pub(super) fn check(&mut self) {
        if self.batch("SELECT 1").is_err() {
            self.stand_up();
        }
    }
}

//! One thread's place at the database: its connection, where its fence stands, and the sources.

use super::any::AnyConnection;
use super::database::Sources;
use super::manager::Manager;
use super::meter::{Meter, Timer};
use crate::access::Memory;
use crate::fault::Fault;
use crate::sql::Sql;
use diesel::sql_types::{BigInt, Bool};
use firma_domain::Id;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

/// So many statements a connection may keep prepared: the server's own, and the usual ones of its callers.
const MOST_PREPARED: u32 = 1_000;

/// Where PostgreSQL's row-level security stands on this connection. Set again only when it moves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Fence {
    pub user: Option<Id>,
    pub organization: Option<Id>,
    /// Whether it stands on the platform, and so on no organization
    pub platform: bool,
}

/// How far the transaction of a call has come, on PostgreSQL.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Stage {
    /// None was begun: each statement is one by itself
    #[default]
    None,
    Open,
    /// None was begun, and one statement was sent that stores by itself
    Sent,
}

pub(crate) struct Seat {
    pool: r2d2::Pool<Manager>,
    held: Option<r2d2::PooledConnection<Manager>>,
    /// After a failed attempt nobody waits again until then.
    away_until: Option<Instant>,
    pub fence: Option<Fence>,
    pub(super) stage: Stage,
    /// How many statements the connection keeps prepared
    prepared: Arc<AtomicU32>,
    pub sources: Sources,
    pub(super) meter: Arc<Meter>,
    memory: Arc<Memory>,
    needs_factor: bool,
}

/// What a call works with.
pub(crate) struct Parts<'s> {
    pub conn: &'s mut AnyConnection,
    pub fence: &'s mut Option<Fence>,
    pub stage: &'s mut Stage,
    pub sources: &'s Sources,
    pub memory: &'s Memory,
    pub needs_factor: bool,
}

impl Seat {
    pub(super) fn new(
        pool: r2d2::Pool<Manager>,
        sources: Sources,
        meter: Arc<Meter>,
        memory: Arc<Memory>,
    ) -> Seat {
        Seat {
            pool,
            held: None,
            away_until: None,
            fence: None,
            stage: Stage::None,
            prepared: Arc::default(),
            sources,
            meter,
            memory,
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
            Ok(mut held) => {
                self.prepared.store(0, Ordering::Relaxed);
                held.watch(Timer::new(self.meter.queries.clone(), self.prepared.clone()));
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
            stage: &mut self.stage,
            sources: &self.sources,
            memory: &self.memory,
            needs_factor: self.needs_factor,
        })
    }

    pub(super) fn batch(&mut self, statements: &str) -> Result<(), Fault> {
        let ran = self.parts()?.conn.batch(statements).map_err(Fault::from);
        ran.inspect_err(|fault| self.failed(fault))
    }

    /// Notes it where a fault says that nothing can be stored.
    pub(super) fn failed(&self, fault: &Fault) {
        if let Fault::Unwritable(_) = fault {
            self.meter.stored(false);
        }
    }

    /// How many rows the connection has changed so far; of SQLite alone.
    pub(super) fn changes(&mut self) -> Result<i64, Fault> {
        Sql::<BigInt>::text("SELECT total_changes()").one_on(self.parts()?.conn)
    }

    /// Whether the transaction has anything to store; of PostgreSQL alone.
    pub(super) fn has_stored(&mut self) -> bool {
        let asked = Sql::<Bool>::text("SELECT pg_current_xact_id_if_assigned() IS NOT NULL");
        self.parts()
            .and_then(|parts| asked.one_on(parts.conn))
            .unwrap_or(false)
    }

    /// Gives the connection back, which closes it; the next call gets another.
    pub(super) fn stand_up(&mut self) {
        if self.held.take().is_some() {
            self.meter.closed();
        }
        self.fence = None;
        self.stage = Stage::None;
    }

    /// After a call. A connection keeps what it has prepared for as long as it lives, and callers have a say in what that
    /// is: filters, sorts, how many rows. So one that keeps too much makes room for a new one.
    pub(super) fn tidy(&mut self) {
        if MOST_PREPARED < self.prepared.load(Ordering::Relaxed) {
            self.stand_up();
        }
    }

    /// After a fault that says nothing of the connection: whether it still answers.
    pub(super) fn check(&mut self) {
        if self.batch("SELECT 1").is_err() {
            self.stand_up();
        }
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::backend::Target;
    use firma_domain::Instant as At;
    use firma_domain::source::{Clock, Entropy, IdSource};

    struct Still;
    impl Clock for Still {
        fn now(&self) -> At {
            At::EPOCH
        }
    }
    impl IdSource for Still {
        fn next(&self, _: At) -> Id {
            Id::NIL
        }
    }
    impl Entropy for Still {
        fn fill(&self, _: &mut [u8]) {}
    }

    pub(in crate::backend) fn seat(path: &std::path::Path) -> Seat {
        let manager = Manager {
            target: Target::Sqlite(path.into()),
            role: String::new(),
            connect_timeout: Duration::from_secs(5),
            statement_timeout: Duration::from_secs(5),
            read_only: false,
        };
        let pool = r2d2::Pool::builder()
            .max_size(1)
            .min_idle(Some(0))
            .build_unchecked(manager);
        let still = Arc::new(Still);
        let sources = Sources {
            clock: still.clone(),
            ids: still.clone(),
            entropy: still,
        };
        Seat::new(pool, sources, Arc::new(Meter::new(1)), Arc::default())
    }

    fn ask(seat: &mut Seat, name: &str) {
        seat.sit().unwrap();
        let sql = Sql::<BigInt>::text("SELECT 1 AS ").quoted(name);
        assert_eq!(sql.one_on::<i64>(seat.parts().unwrap().conn).unwrap(), 1);
        seat.tidy();
    }

    #[test]
    fn a_connection_that_keeps_too_many_statements_is_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let mut seat = seat(&folder.path().join("firma.db"));
        for _ in 0..2 {
            for n in 0..MOST_PREPARED {
                ask(&mut seat, "the same again");
                ask(&mut seat, &n.to_string());
            }
            assert!(seat.held.is_none(), "so many, and one that is always the same");
        }
        ask(&mut seat, "another");
        assert!(seat.held.is_some());
    }
}

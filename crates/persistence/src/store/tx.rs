//! One call at the database: the connection, the fence, the sources, and in a call that writes the unit of work.

use super::audit::Entry;
use super::idempotency::Claim;
use super::owed::Owed;
use super::referring::Referred;
use super::repo::Repo;
use super::stored::Stored;
use crate::access::{Memory, Presumed};
use crate::backend::{AnyConnection, Fence, Parts, Seat, Sources, Stage, Uid};
use crate::fault::{Failure, Fault};
use crate::sql::{Kind, Value};
use firma_auth::access::{Action, Grant};
use firma_domain::identity::SecurityKind;
use firma_domain::{Id, Instant};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

/// Which of the attempts at a call this is. SQLite's writer begins with the last, and may repeat it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Attempt {
    First,
    Another,
    Last,
}

/// Where a call comes from: what the audit's payload keeps.
#[derive(Debug, Clone, Default)]
pub struct Origin {
    pub ip: Option<String>,
    pub user_agent: Option<String>,
    /// Where a trusted proxy says it: ISO 3166, alpha-2
    pub country: Option<String>,
    pub request_id: Option<String>,
}

/// What a call has stored, to be recorded at its end.
pub(crate) struct Unit {
    pub(super) origin: Origin,
    /// By organization, in the order of the ids: the order in which heads are taken.
    pub(super) entries: std::collections::BTreeMap<Id, Vec<Entry>>,
    pub(super) claim: Option<Claim>,
    pub(super) owed: Owed,
    /// What concerned safety
    pub(crate) safety: Vec<SecurityKind>,
}

impl Unit {
    pub(crate) fn new(origin: Origin) -> Unit {
        Unit {
            origin,
            entries: Default::default(),
            claim: None,
            owed: Owed::default(),
            safety: Vec::new(),
        }
    }

    pub(crate) fn origin(&self) -> &Origin {
        &self.origin
    }

    /// Whether all that is to be recorded is one organization's.
    pub(super) fn is_one_log(&self) -> bool {
        self.logs() == 1 && !self.entries.is_empty()
    }

    /// In how many organizations something is to be recorded, or an answer kept.
    pub(super) fn logs(&self) -> usize {
        let alone = |claim: &&Claim| !self.entries.contains_key(&claim.key.organization);
        self.entries.len() + usize::from(self.claim.as_ref().filter(alone).is_some())
    }
}

/// One call. Only this crate reaches the connection in it.
pub struct Tx<'c> {
    conn: &'c mut AnyConnection,
    pub(super) fence: &'c mut Option<Fence>,
    stage: &'c mut Stage,
    sources: &'c Sources,
    memory: &'c Memory,
    needs_factor: bool,
    now: Instant,
    attempt: Attempt,
    /// What the call goes on by and hasn't asked
    pub(super) presumed: Option<Presumed>,
    pub(super) referred: Referred,
    pub(super) unit: Option<Unit>,
}

impl<'c> Tx<'c> {
    pub(crate) fn new(seat: &'c mut Seat, unit: Option<Unit>, attempt: Attempt) -> Result<Tx<'c>, Fault> {
        let Parts {
            conn,
            fence,
            stage,
            sources,
            memory,
            needs_factor,
        } = seat.parts()?;
        let now = sources.clock.now();
        Ok(Tx {
            conn,
            fence,
            stage,
            sources,
            memory,
            needs_factor,
            now,
            attempt,
            presumed: None,
            referred: Referred::default(),
            unit,
        })
    }

    /// The instant of the call.
    pub fn now(&self) -> Instant {
        self.now
    }

    /// What holds a row on PostgreSQL until a call that writes ends; one that only reads holds none.
    pub(crate) fn hold(&self) -> &'static str {
        match self.unit {
            Some(_) => " FOR UPDATE",
            None => "",
        }
    }

    /// The clock's, which has gone on since the call began.
    pub(crate) fn moment(&self) -> Instant {
        self.sources.clock.now()
    }

    /// Whether the call won't be run again because of what it answers.
    pub fn is_last_attempt(&self) -> bool {
        self.attempt == Attempt::Last
    }

    /// Whether it is run for the first time, and will be again if what it stores is there already.
    pub(super) fn is_first_attempt(&self) -> bool {
        self.attempt == Attempt::First
    }

    /// Where the call comes from.
    pub fn origin(&mut self) -> Result<Origin, Fault> {
        Ok(self.unit()?.origin().clone())
    }

    /// A new id.
    pub fn new_id(&self) -> Id {
        self.sources.ids.next(self.now)
    }

    pub(super) fn random<const N: usize>(&self) -> [u8; N] {
        let mut bytes = [0; N];
        self.sources.entropy.fill(&mut bytes);
        bytes
    }

    pub(crate) fn memory(&self) -> &'c Memory {
        self.memory
    }

    /// Whether this installation lets nobody in without a second factor.
    pub fn needs_factor(&self) -> bool {
        self.needs_factor
    }

    /// The connection as it is.
    pub(super) fn bare(&mut self) -> &mut AnyConnection {
        self.conn
    }

    /// Whether a transaction was begun.
    pub(super) fn is_open(&self) -> bool {
        *self.stage == Stage::Open
    }

    /// Begins the transaction, if that was left to the call and hasn't been done. SQLite's writer has.
    pub(super) fn begin(&mut self) -> Result<(), Fault> {
        if self.is_postgres() && !self.is_open() {
            self.conn.batch("BEGIN")?;
            *self.stage = Stage::Open;
        }
        Ok(())
    }

    /// The connection for the one statement that stores: what becomes of it, nobody knows where its answer is lost.
    pub(super) fn alone(&mut self) -> &mut AnyConnection {
        *self.stage = Stage::Sent;
        self.conn
    }

    /// Whether it may store.
    pub(crate) fn writes(&self) -> bool {
        self.unit.is_some()
    }

    /// Whether all that it reads is there for good: neither stored by itself, nor, by SQLite's writer, in the same group.
    pub(crate) fn sees_only_what_is_committed(&self) -> bool {
        match &self.unit {
            None => true,
            Some(unit) => self.is_postgres() && unit.entries.is_empty(),
        }
    }

    pub(crate) fn is_postgres(&self) -> bool {
        matches!(self.conn, AnyConnection::Pg(_))
    }

    /// What the call wrote down that concerns safety.
    pub(crate) fn safety(&mut self) -> Vec<SecurityKind> {
        self.unit
            .as_mut()
            .map(|unit| std::mem::take(&mut unit.safety))
            .unwrap_or_default()
    }

    /// Refuses to store in a call that only reads.
    pub(crate) fn unit(&mut self) -> Result<&mut Unit, Fault> {
        self.unit
            .as_mut()
            .ok_or_else(|| Fault::internal("a call that reads may not store"))
    }

    /// Opens a repository: the only way to rows of an organization.
    pub fn open<E: Stored, A: Action>(&mut self, grant: Grant<E, A>) -> Result<Repo<'_, 'c, E, A>, Fault> {
        self.fenced(grant.organization())?;
        Ok(Repo::new(self, grant))
    }

    /// A part of a transaction that may fail alone: what it stored is undone, the rest goes on.
    pub fn part<T, E: Failure>(&mut self, run: impl FnOnce(&mut Tx<'c>) -> Result<T, E>) -> Result<T, E> {
        let unit = self.unit()?;
        let noted: Vec<_> = unit
            .entries
            .iter()
            .map(|(id, entries)| (*id, entries.len()))
            .collect();
        let told = unit.safety.len();
        self.conn()?.batch("SAVEPOINT part").map_err(Fault::from)?;
        let outcome = run(self);
        match &outcome {
            Ok(_) => self.conn.batch("RELEASE SAVEPOINT part").map_err(Fault::from)?,
            Err(error) => {
                *self.fence = None;
                self.referred.forget();
                let undone = self
                    .conn
                    .batch("ROLLBACK TO SAVEPOINT part; RELEASE SAVEPOINT part");
                if let Err(fault) = undone {
                    // Some faults take the whole transaction with them; then that one is what is wrong.
                    let is_ours = error.fault().is_some_and(Fault::is_ours);
                    return if is_ours {
                        outcome
                    } else {
                        Err(Fault::from(fault).into())
                    };
                }
                let unit = self.unit()?;
                unit.safety.truncate(told);
                let entries = &mut unit.entries;
                entries.retain(|id, _| noted.iter().any(|(known, _)| known == id));
                for (id, length) in noted {
                    entries.entry(id).or_default().truncate(length);
                }
            }
        }
        outcome
    }

    /// Looks at one state of the database, whoever writes meanwhile. For a call that reads.
    pub(crate) fn still<T, E: Failure>(
        &mut self,
        run: impl FnOnce(&mut Tx<'c>) -> Result<T, E>,
    ) -> Result<T, E> {
        if self.unit.is_some() {
            return Err(Fault::internal("a call that writes sees one state anyway").into());
        }
        let begin = match self.is_postgres() {
            true => "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY",
            false => "BEGIN",
        };
        self.looking()?.batch(begin).map_err(Fault::from)?;
        let outcome = catch_unwind(AssertUnwindSafe(|| run(self)));
        // Where the fence was set in the transaction, it is undone with it.
        *self.fence = None;
        self.conn.batch("ROLLBACK").map_err(Fault::from)?;
        outcome.unwrap_or_else(|panic| resume_unwind(panic))
    }
}

/// Who acts, as a column holds it: none for the system.
pub(crate) fn actor(id: Id) -> Option<Id> {
    (id != Id::NIL).then_some(id)
}

pub(crate) fn id_or_null(id: Option<Id>) -> Value {
    id.map_or(Value::Null(Kind::Id), |id| Value::Id(Uid(id)))
}
pub(crate) fn text_or_null(text: Option<&str>) -> Value {
    text.map_or(Value::Null(Kind::Text), Value::from)
}
pub(crate) fn instant_or_null(at: Option<Instant>) -> Value {
    at.map_or(Value::Null(Kind::At), Value::from)
}

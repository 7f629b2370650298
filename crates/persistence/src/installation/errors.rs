//! Errors on our side: counted by what makes them the same, over all servers, and looked after by people.

use crate::fault::Fault;
use crate::sql::{Sql, Value};
use crate::store::columns::*;
use crate::store::{Tx, stored, text_or_null};
use firma_domain::platform::{ErrorKind, ErrorState, InternalError};

stored! {
    InternalError in internal_errors,
    columns {
        fingerprint: Text, kind: Text, place: Text, message: Text, state: Text, occurrences: BigInt, first_at: Instant,
        last_at: Instant, last_request_id: Nullable<Text>, route: Nullable<Text>, binary_version: Text,
        resolved_at: Nullable<Instant>, resolved_by: Nullable<Id>,
    }
    filter { kind: Text, state: Text, fingerprint: Text, first_at: Instant, last_at: Instant }
    sort { occurrences: BigInt, first_at: Instant, last_at: Instant }
}

/// How often one came since it was last written down.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Occurrences {
    pub fingerprint: String,
    pub kind: ErrorKind,
    pub place: String,
    pub message: String,
    pub count: i64,
    pub first_at: firma_domain::Instant,
    pub last_at: firma_domain::Instant,
    pub last_request_id: Option<String>,
    pub route: Option<String>,
    pub binary_version: String,
}

impl Tx<'_> {
    /// Adds to what is known of errors. One that was resolved before it came is open again. In the order of the
    /// fingerprints, or two servers wait for each other.
    pub fn note_errors(&mut self, all: &[Occurrences]) -> Result<(), Fault> {
        self.unit()?;
        self.fenced(firma_domain::Id::NIL)?;
        all.iter().try_for_each(|one| self.note_error(one))
    }

    fn note_error(&mut self, one: &Occurrences) -> Result<(), Fault> {
        let (id, now) = (self.new_id(), self.now());
        Sql::<()>::text(
            "INSERT INTO internal_errors AS e (organization_id, id, version, created_at, updated_at, fingerprint, kind, place, \
             message, state, occurrences, first_at, last_at, last_request_id, route, binary_version) VALUES (",
        )
        .binds(vec![
            firma_domain::Id::NIL.into(),
            id.into(),
            Value::Int(1),
            now.into(),
            now.into(),
            one.fingerprint.as_str().into(),
            one.kind.as_str().into(),
            one.place.as_str().into(),
            one.message.as_str().into(),
            ErrorState::Open.as_str().into(),
            Value::Big(one.count),
            one.first_at.into(),
            one.last_at.into(),
            text_or_null(one.last_request_id.as_deref()),
            text_or_null(one.route.as_deref()),
            one.binary_version.as_str().into(),
        ])
        .then(
            ") ON CONFLICT (organization_id, fingerprint) DO UPDATE SET version = e.version + 1, updated_at = excluded.updated_at, \
             occurrences = e.occurrences + excluded.occurrences, \
             first_at = CASE WHEN excluded.first_at < e.first_at THEN excluded.first_at ELSE e.first_at END, \
             last_at = CASE WHEN excluded.last_at > e.last_at THEN excluded.last_at ELSE e.last_at END, \
             last_request_id = CASE WHEN excluded.last_at < e.last_at THEN e.last_request_id ELSE excluded.last_request_id END, \
             route = CASE WHEN excluded.last_at < e.last_at THEN e.route ELSE excluded.route END, \
             binary_version = CASE WHEN excluded.last_at < e.last_at THEN e.binary_version ELSE excluded.binary_version END, \
             state = CASE WHEN excluded.last_at > e.resolved_at THEN 'OPEN' ELSE e.state END, \
             resolved_by = CASE WHEN excluded.last_at > e.resolved_at THEN NULL ELSE e.resolved_by END, \
             resolved_at = CASE WHEN excluded.last_at > e.resolved_at THEN NULL ELSE e.resolved_at END",
        )
        .run(self)?;
        Ok(())
    }
}

//! Sign-ins at providers that are under way.

use crate::backend::{At, Id as IdType, Instant as AtType, Uid};
use crate::fault::Fault;
use crate::sql::{Sql, Value};
use crate::store::{Tx, id_or_null};
use diesel::sql_types::{Binary, Bool, Nullable, Text};
use firma_domain::{Id, Instant};

/// A sign-in that began.
#[derive(Debug, Clone)]
pub struct Begun {
    pub provider: String,
    /// Whether a program ends it, and not the browser
    pub is_by_program: bool,
    /// SHA-256 of what whoever ends it has to show
    pub proof: Vec<u8>,
    /// Where the browser goes then
    pub return_to: String,
    /// Whether the person has to show anew who they are
    pub is_fresh: bool,
    /// Who is signed in and asks for it, to link an account or to step up: user and session
    pub caller: Option<(Id, Id)>,
    /// Whether who is signed in shows by it anew who they are
    pub is_step_up: bool,
    pub created_at: Instant,
    pub expires_at: Instant,
}

type Columns = (
    (Text, Text, Binary, Text, Bool),
    (Nullable<IdType>, Nullable<IdType>, AtType, AtType, Nullable<Bool>),
);
type Row = (
    (String, String, Vec<u8>, String, bool),
    (Option<Uid>, Option<Uid>, At, At, Option<bool>),
);

const COLUMNS: &str = "provider, transport, proof, return_to, is_fresh, user_id, session_id, created_at, expires_at, \
     is_step_up";

impl Tx<'_> {
    /// Keeps it, under the SHA-256 of its state.
    pub fn add_attempt(&mut self, state: [u8; 32], new: &Begun) -> Result<(), Fault> {
        let transport = if new.is_by_program { "bearer" } else { "cookie" };
        Sql::<()>::text("INSERT INTO provider_attempts (state, ")
            .then(COLUMNS)
            .then(") VALUES (")
            .binds(vec![
                Value::Bytes(state.to_vec()),
                new.provider.as_str().into(),
                transport.into(),
                Value::Bytes(new.proof.clone()),
                new.return_to.as_str().into(),
                Value::Bool(new.is_fresh),
                id_or_null(new.caller.map(|(user, _)| user)),
                id_or_null(new.caller.map(|(_, session)| session)),
                new.created_at.into(),
                new.expires_at.into(),
                Value::Bool(new.is_step_up),
            ])
            .then(")")
            .run(self)?;
        Ok(())
    }

    /// Looks at one.
    pub fn attempt(&mut self, state: [u8; 32]) -> Result<Option<Begun>, Fault> {
        let found = Sql::<Columns>::text("SELECT ")
            .then(COLUMNS)
            .then(" FROM provider_attempts WHERE state = ")
            .bind(Value::Bytes(state.to_vec()))
            .maybe::<Row>(self)?;
        Ok(found.map(read))
    }

    /// Takes one: of many who come with the same state, one gets it.
    pub fn take_attempt(&mut self, state: [u8; 32]) -> Result<Option<Begun>, Fault> {
        let found = Sql::<Columns>::text("DELETE FROM provider_attempts WHERE state = ")
            .bind(Value::Bytes(state.to_vec()))
            .then(" RETURNING ")
            .then(COLUMNS)
            .maybe::<Row>(self)?;
        Ok(found.map(read))
    }
}

fn read((first, (user, session, created, expires, steps_up)): Row) -> Begun {
    let (provider, transport, proof, return_to, is_fresh) = first;
    Begun {
        provider,
        is_by_program: transport == "bearer",
        proof,
        return_to,
        is_fresh,
        caller: user.zip(session).map(|(user, session)| (user.0, session.0)),
        is_step_up: steps_up == Some(true),
        created_at: created.0,
        expires_at: expires.0,
    }
}

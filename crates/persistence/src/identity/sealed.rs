use crate::backend::{Id as IdType, Uid};
use crate::fault::Fault;
use crate::sql::Sql;
use crate::store::Tx;
use diesel::sql_types::{Nullable, Text};
use firma_domain::Id;

/// A column whose texts are sealed, in a table whose key is `user_id`.
#[derive(Debug, Clone, Copy)]
pub struct SealedColumn {
    pub table: &'static str,
    pub column: &'static str,
}

/// All of them. Who seals a further column names it here, so that a new secret reaches it.
pub const SEALED: &[SealedColumn] = &[SealedColumn {
    table: "second_factors",
    column: "secret",
}];

impl Tx<'_> {
    /// Up to `limit` users who sign in, behind one of them, in the order of their ids.
    pub fn users_behind(&mut self, user: Id, limit: i64) -> Result<Vec<Id>, Fault> {
        let rows = Sql::<IdType>::text("SELECT DISTINCT user_id FROM user_logins WHERE user_id > ")
            .bind(user)
            .then(" ORDER BY user_id LIMIT ")
            .bind(crate::sql::Value::Big(limit))
            .rows::<Uid>(self)?;
        Ok(rows.into_iter().map(|id| id.0).collect())
    }

    /// What is sealed in a user's row, held until the call ends.
    pub fn sealed_text(&mut self, column: SealedColumn, user: Id) -> Result<Option<String>, Fault> {
        self.identify(user)?;
        let found = Sql::<Nullable<Text>>::text("SELECT ")
            .then(column.column)
            .then(" FROM ")
            .then(column.table)
            .then(" WHERE user_id = ")
            .bind(user)
            .then_either(" FOR UPDATE", "")
            .maybe::<Option<String>>(self)?;
        Ok(found.flatten())
    }

    /// Puts the same, sealed anew, in its place.
    pub fn set_sealed_text(&mut self, column: SealedColumn, user: Id, sealed: &str) -> Result<(), Fault> {
        self.identify(user)?;
        Sql::<()>::text("UPDATE ")
            .then(column.table)
            .then(" SET ")
            .then(column.column)
            .then(" = ")
            .bind(sealed)
            .then(" WHERE user_id = ")
            .bind(user)
            .run(self)?;
        Ok(())
    }
}

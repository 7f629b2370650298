use crate::backend::{Id as IdType, Uid};
use crate::fault::Fault;
use crate::sql::Sql;
use crate::store::Tx;
use diesel::sql_types::Text;
use firma_domain::Id;

/// A column whose texts are sealed, in a table that belongs to users by `user_id`.
#[derive(Debug, Clone, Copy)]
pub struct SealedColumn {
    pub table: &'static str,
    pub column: &'static str,
    /// The table's key, to whose id a text is bound
    pub key: &'static str,
}

/// All of them. Who seals a further column names it here, so that a new secret reaches it.
pub const SEALED: &[SealedColumn] = &[
    SealedColumn {
        table: "second_factors",
        column: "secret",
        key: "user_id",
    },
    SealedColumn {
        table: "accounts",
        column: "refresh_token",
        key: "id",
    },
];

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

    /// What is sealed in a user's rows, each with the row's id; in a call that writes, held until it ends.
    pub fn sealed_texts(&mut self, column: SealedColumn, user: Id) -> Result<Vec<(Id, String)>, Fault> {
        self.identify(user)?;
        let hold = self.hold();
        let found = Sql::<(IdType, Text)>::text("SELECT ")
            .then(column.key)
            .then(", ")
            .then(column.column)
            .then(" FROM ")
            .then(column.table)
            .then(" WHERE ")
            .then(column.column)
            .then(" IS NOT NULL AND user_id = ")
            .bind(user)
            .then_either(hold, "")
            .rows::<(Uid, String)>(self)?;
        Ok(found.into_iter().map(|(id, text)| (id.0, text)).collect())
    }

    /// Puts the same, sealed anew, in its place.
    pub fn set_sealed_text(
        &mut self,
        column: SealedColumn,
        (user, row): (Id, Id),
        sealed: &str,
    ) -> Result<(), Fault> {
        self.identify(user)?;
        Sql::<()>::text("UPDATE ")
            .then(column.table)
            .then(" SET ")
            .then(column.column)
            .then(" = ")
            .bind(sealed)
            .then(" WHERE user_id = ")
            .bind(user)
            .then(" AND ")
            .then(column.key)
            .then(" = ")
            .bind(row)
            .run(self)?;
        Ok(())
    }
}

use crate::backend::{At, Id as IdType, Instant as AtType, Uid};
use crate::fault::{Failure, Fault};
use crate::sql::Sql;
use crate::store::Tx;
use diesel::sql_types::{BigInt, Bool, Nullable, Text};
use firma_auth::access::Operating;
use firma_domain::{Id, Instant};

impl<'c> Tx<'c> {
    /// Every organization's id and slug, the nil one's too, but not those that are being purged.
    pub fn tenants(&mut self) -> Result<Vec<(Id, String)>, Fault> {
        let rows =
            Sql::<(IdType, Text)>::text("SELECT id, slug FROM tenants WHERE purging_at IS NULL ORDER BY id")
                .rows::<(Uid, String)>(self)?;
        Ok(rows.into_iter().map(|(id, slug)| (id.0, slug)).collect())
    }

    /// Looks into one organization, in one state of it.
    pub fn operate<T, E: Failure>(
        &mut self,
        operating: Operating,
        look: impl FnOnce(&mut Tx<'c>) -> Result<T, E>,
    ) -> Result<T, E> {
        self.still(|tx| {
            tx.fenced(operating.organization())?;
            look(tx)
        })
    }

    /// When the organization's log was last written to.
    pub fn newest_entry(&mut self, operating: Operating) -> Result<Option<Instant>, Fault> {
        let newest = Sql::<Nullable<AtType>>::text(
            "SELECT MAX(occurred_at) FROM audit_entries WHERE organization_id = ",
        )
        .bind(operating.organization())
        .one::<Option<At>>(self)?;
        Ok(newest.map(|at| at.0))
    }

    /// PostgreSQL's own clock; none on SQLite, which has only ours.
    pub fn database_time(&mut self) -> Result<Option<Instant>, Fault> {
        let time = Sql::<Nullable<AtType>>::either("SELECT clock_timestamp()", "SELECT NULL")
            .one::<Option<At>>(self)?;
        Ok(time.map(|at| at.0))
    }

    /// The keys and sizes of an organization's files.
    pub fn stored_files(&mut self, operating: Operating) -> Result<Vec<(String, i64)>, Fault> {
        self.fenced(operating.organization())?;
        Sql::<(Text, BigInt)>::text(
            "SELECT storage_key, size FROM files WHERE deleted_at IS NULL AND organization_id = ",
        )
        .bind(operating.organization())
        .rows(self)
    }

    /// Whether it stores nothing: a PostgreSQL that follows another, or was told so.
    pub fn refuses_writes(&mut self) -> Result<bool, Fault> {
        Sql::<Bool>::either(
            "SELECT pg_is_in_recovery() OR current_setting('default_transaction_read_only')::boolean",
            "SELECT FALSE",
        )
        .one(self)
    }

    /// Which database it is, as it names itself.
    pub fn database_version(&mut self) -> Result<String, Fault> {
        Sql::<Text>::either(
            "SELECT 'PostgreSQL ' || current_setting('server_version')",
            "SELECT 'SQLite ' || sqlite_version()",
        )
        .one(self)
    }

    /// What SQLite finds wrong with its file: pages, indexes, references. None on PostgreSQL, which checks its pages as
    /// it reads them.
    pub fn integrity(&mut self) -> Result<Option<Vec<String>>, Fault> {
        if self.is_postgres() {
            return Ok(None);
        }
        let found = Sql::<Text>::text(
            "SELECT integrity_check FROM pragma_integrity_check WHERE integrity_check <> 'ok' UNION ALL \
             SELECT 'a row of ' || \"table\" || ' refers to a missing row of ' || parent FROM pragma_foreign_key_check",
        );
        found.rows(self).map(Some)
    }
}

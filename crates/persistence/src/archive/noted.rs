use super::Source;
use crate::backend::{At, Instant as AtType, Target, connect_owner};
use crate::fault::Fault;
use crate::sql::Sql;
use crate::store::Tx;
use diesel::sql_types::Text;
use firma_domain::Instant;

/// When the last backup of each kind was made.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Backups {
    /// Restored into a database of its own, and compared
    pub proved: Option<Instant>,
    /// Read again and found whole, and no more than that
    pub unproved: Option<Instant>,
}

impl Source {
    /// Notes that a backup was made at that instant, so that its age can be watched.
    ///
    /// # Errors
    /// The database can't be reached, or the login doesn't own its tables.
    pub fn note(target: &Target, at: Instant, is_proved: bool) -> Result<(), String> {
        let mut conn = connect_owner(target)?;
        Sql::<()>::text("INSERT INTO backups (kind, made_at) VALUES (")
            .bind(if is_proved { "proved" } else { "unproved" })
            .then(", ")
            .bind(at)
            .then(") ON CONFLICT (kind) DO UPDATE SET made_at = excluded.made_at")
            .run_on(&mut conn)
            .map_err(|fault| fault.to_string())?;
        Ok(())
    }
}

impl Tx<'_> {
    /// When the last backups were made.
    pub fn backups(&mut self) -> Result<Backups, Fault> {
        let rows =
            Sql::<(Text, AtType)>::text("SELECT kind, made_at FROM backups").rows::<(String, At)>(self)?;
        let find = |name| rows.iter().find(|(kind, _)| kind == name).map(|(_, at)| at.0);
        Ok(Backups {
            proved: find("proved"),
            unproved: find("unproved"),
        })
    }
}

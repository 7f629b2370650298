use super::Source;
use crate::backend::{At, Instant as AtType, Target, connect_owner};
use crate::fault::Fault;
use crate::sql::Sql;
use crate::store::Tx;
use firma_domain::Instant;

impl Source {
    /// Notes that a backup was good at that instant, so that its age can be watched.
    pub fn note_good(target: &Target, at: Instant) -> Result<(), String> {
        let mut conn = connect_owner(target)?;
        Sql::<()>::text("INSERT INTO backups (kind, made_at) VALUES ('full', ")
            .bind(at)
            .then(") ON CONFLICT (kind) DO UPDATE SET made_at = excluded.made_at")
            .run_on(&mut conn)
            .map_err(|fault| fault.to_string())?;
        Ok(())
    }
}

impl Tx<'_> {
    /// When the last good backup was made.
    pub fn last_backup(&mut self) -> Result<Option<Instant>, Fault> {
        let at = Sql::<AtType>::text("SELECT made_at FROM backups").maybe::<At>(self)?;
        Ok(at.map(|at| at.0))
    }
}

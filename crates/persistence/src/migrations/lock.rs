//! One migration at a time. The lock is the process's: it frees itself when the process dies.

use super::{MigrationError, failed};
use crate::backend::{AnyConnection, Target};
use crate::private::open_file;
use diesel::prelude::*;
use diesel::sql_types::Bool;
use std::fs::{File, TryLockError};
use std::path::Path;
use std::time::Duration;

/// Any number, the same in all versions.
const NUMBER: &str = "SELECT pg_try_advisory_lock(4203716950)";
const TRIES: u32 = 50;
const PAUSE: Duration = Duration::from_millis(100);

/// Held until dropped; on PostgreSQL by the connection, until that ends.
pub(crate) struct Lock {
    _file: Option<File>,
}

impl Lock {
    /// Waits a few seconds for another to be done.
    pub(super) fn take(target: &Target, conn: &mut AnyConnection) -> Result<Lock, MigrationError> {
        let file = match target {
            Target::Postgres(_) => None,
            Target::Sqlite(path) => {
                let mut name = path.clone().into_os_string();
                name.push(".migrating");
                Some(open_file(Path::new(&name)).map_err(failed)?)
            }
        };
        for _ in 0..TRIES {
            let taken = match (&mut *conn, &file) {
                (AnyConnection::Pg(c), _) => {
                    diesel::dsl::sql::<Bool>(NUMBER).get_result(c).map_err(failed)?
                }
                (_, Some(file)) => match file.try_lock() {
                    Ok(()) => true,
                    Err(TryLockError::WouldBlock) => false,
                    Err(TryLockError::Error(e)) => return Err(failed(e)),
                },
                (_, None) => false,
            };
            if taken {
                return Ok(Lock { _file: file });
            }
            std::thread::sleep(PAUSE);
        }
        Err(MigrationError::Locked)
    }
}

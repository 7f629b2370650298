//! SQLite: the copy of the file that is made before a migration, and whether what a migration left holds together.

use super::{MigrationError, Migrator, Outcome, failed, make_private};
use crate::backend::{AnyConnection, Target};
use crate::private::sync_parent;
use crate::sql::Sql;
use diesel::sql_types::Text;
use std::fs::{self, File};
use std::path::{Path, PathBuf};

impl Migrator {
    /// A copy of the file beside it, named after the migration that follows. It gets its name once it is whole, so that
    /// nobody restores a half.
    pub(super) fn back_up(&mut self, before: &str) -> Outcome<Option<PathBuf>> {
        let Target::Sqlite(path) = &self.target else {
            return Ok(None);
        };
        let name = |n: u32| {
            let again = if n > 0 { format!("-{n}") } else { String::new() };
            PathBuf::from(format!("{}.before-{before}{again}", path.display()))
        };
        let copy = (0..)
            .map(name)
            .find(|copy| !copy.exists())
            .unwrap_or_else(|| name(0));
        let draft = PathBuf::from(format!("{}.part", copy.display()));
        let _ = fs::remove_file(&draft); // of who was killed
        let made = self.copy_to(&draft).and_then(|()| {
            fs::rename(&draft, &copy)
                .and_then(|()| sync_parent(&copy))
                .map_err(failed)
        });
        if made.is_err() {
            let _ = fs::remove_file(&draft);
        }
        made.map_err(|e| failed(format!("the backup before the migration failed: {e}")))?;
        Ok(Some(copy))
    }

    fn copy_to(&mut self, draft: &Path) -> Outcome<()> {
        make_private(draft).map_err(failed)?;
        let named = draft.display().to_string().replace('\'', "''");
        self.conn
            .batch(&format!("VACUUM INTO '{named}'"))
            .map_err(failed)?;
        File::open(draft).and_then(|file| file.sync_all()).map_err(failed)
    }

    /// What went wrong, with where the database is as it was before. Where it still is that, its copy goes: who is
    /// started again and again would fill the disk with them.
    pub(super) fn with_copy(
        &mut self,
        error: MigrationError,
        steps: &[String],
        copy: Option<&Path>,
    ) -> MigrationError {
        let Some(copy) = copy else { return error };
        if self.missing().is_ok_and(|missing| missing == steps) {
            let _ = fs::remove_file(copy);
            return error;
        }
        let place = copy.display();
        failed(format!("{error}; the database as it was before is in {place}"))
    }

    /// SQLite migrates without foreign keys, since a table can't be rebuilt with them; so they are checked after.
    pub(crate) fn check_references(&mut self) -> Outcome<()> {
        let AnyConnection::Sqlite(_) = &self.conn else {
            return Ok(());
        };
        let tables = Sql::<Text>::text(
            "SELECT \"table\" || ' (' || COUNT(*) || ')' FROM pragma_foreign_key_check GROUP BY \"table\"",
        );
        let tables: Vec<String> = tables.rows_on(&mut self.conn).map_err(failed)?;
        match tables.is_empty() {
            true => Ok(()),
            false => Err(failed(format!(
                "rows refer to rows that don't exist, in {}; `firma doctor` tells more",
                tables.join(", ")
            ))),
        }
    }
}

//! SQLite: the copy of the file that is made before a migration, and whether what a migration left holds together.

use super::{Migrator, Outcome, failed, make_private};
use crate::backend::{AnyConnection, Target};
use crate::private::sync_parent;
use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::sql_types::Text;
use std::fs::{self, OpenOptions};
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
        let file = OpenOptions::new().write(true).open(draft);
        file.and_then(|file| file.sync_all()).map_err(failed)
    }

    /// The copy goes where nothing was done after all: who is started again and again would fill the disk with them.
    pub(super) fn drop_copy(&mut self, steps: &[String], copy: Option<&Path>) {
        if self.missing().is_ok_and(|missing| missing == steps) {
            copy.into_iter().for_each(|copy| drop(fs::remove_file(copy)));
        }
    }

    /// Whether rows refer to rows that don't exist.
    pub(crate) fn check_references(&mut self) -> Outcome<()> {
        match &mut self.conn {
            AnyConnection::Pg(_) => Ok(()),
            AnyConnection::Sqlite(c) => check_references(c),
        }
    }
}

/// SQLite migrates without foreign keys, since a table can't be rebuilt with them; so they are checked after it, and what
/// doesn't hold together isn't kept.
pub(super) fn whole(
    conn: &mut SqliteConnection,
    migrate: impl FnOnce(&mut SqliteConnection) -> Outcome<()>,
) -> Outcome<()> {
    conn.transaction(|conn| {
        migrate(conn)?;
        check_references(conn)
    })
}

fn check_references(conn: &mut SqliteConnection) -> Outcome<()> {
    let tables = sql::<Text>(
        "SELECT \"table\" || ' (' || COUNT(*) || ')' FROM pragma_foreign_key_check GROUP BY \"table\"",
    );
    let tables: Vec<String> = tables.load(conn)?;
    match tables.is_empty() {
        true => Ok(()),
        false => Err(failed(format!(
            "rows refer to rows that don't exist, in {}; `firma doctor` tells more",
            tables.join(", ")
        ))),
    }
}

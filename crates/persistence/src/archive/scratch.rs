//! An empty database for a while, into which an archive is restored to see whether it can be.

use crate::backend::{AnyConnection, Target, connect_owner};
use crate::private::make_new_folder;
use crate::sql::Sql;
use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::sql_types::{Bool, Text};
use firma_domain::Id;
use std::fs;
use std::path::{Path, PathBuf};

/// The database, until this is dropped. What one that was killed left, the next one takes away.
pub struct Scratch {
    pub target: Target,
    place: Place,
}

enum Place {
    /// A folder with SQLite's files
    Folder(PathBuf),
    Database {
        /// To the database that is backed up: whose login made this one
        of: Target,
        name: String,
        /// As long as somebody is in it, nobody else takes it for one that was left
        _stay: Box<AnyConnection>,
    },
}

/// The names of all that were made for this database, by its number in the cluster.
const PREFIX: &str =
    "SELECT 'firma_scratch_' || oid || '_' FROM pg_database WHERE datname = current_database()";
const MAY: &str = "SELECT rolcreatedb OR rolsuper FROM pg_roles WHERE rolname = current_user";

impl Scratch {
    /// Whether the login may make one.
    ///
    /// # Errors
    /// The database can't be reached.
    pub fn may_open(of: &Target) -> Result<bool, String> {
        match of {
            Target::Sqlite(_) => Ok(true),
            Target::Postgres(_) => Sql::<Bool>::text(MAY)
                .one_on::<bool>(&mut connect_owner(of)?)
                .map_err(said),
        }
    }

    /// Makes one: a folder of that name beside the archive, or a database beside the one that is backed up. None where
    /// the login may not make a database.
    ///
    /// # Errors
    /// The folder can't be made, the database can't be reached, or it makes none although it says that it may.
    pub fn open(of: &Target, folder: &Path, id: Id) -> Result<Option<Scratch>, String> {
        match of {
            Target::Sqlite(_) => in_folder(folder).map(Some),
            Target::Postgres(_) => in_cluster(of, id),
        }
    }
}

fn in_folder(folder: &Path) -> Result<Scratch, String> {
    let said = |e: std::io::Error| format!("{}: {e}", folder.display());
    if folder.exists() {
        fs::remove_dir_all(folder).map_err(said)?;
    }
    make_new_folder(folder).map_err(said)?;
    Ok(Scratch {
        target: Target::Sqlite(folder.join("firma.db")),
        place: Place::Folder(folder.to_owned()),
    })
}

fn in_cluster(of: &Target, id: Id) -> Result<Option<Scratch>, String> {
    let mut conn = connect_owner(of)?;
    if !Sql::<Bool>::text(MAY).one_on::<bool>(&mut conn).map_err(said)? {
        return Ok(None);
    }
    let prefix = Sql::<Text>::text(PREFIX)
        .one_on::<String>(&mut conn)
        .map_err(said)?;
    conn.batch("SET statement_timeout = 0").map_err(said)?;
    for left in named(&mut conn, &prefix)? {
        // One that somebody is in stays.
        let _ = conn.batch(&format!("DROP DATABASE IF EXISTS {left}"));
    }
    let name = format!("{prefix}{}", id.to_string().replace('-', ""));
    let target = of.in_database(&name);
    conn.batch(&format!(
        "CREATE DATABASE {name} TEMPLATE template0 ENCODING 'UTF8' LC_COLLATE 'C' LC_CTYPE 'C' \
         ALLOW_CONNECTIONS false"
    ))
    .map_err(said)?;
    let stay = keep_to_ourselves(&mut conn, &name)
        .and_then(|()| connect_owner(&target))
        .inspect_err(|_| drop_database(of, &name))?;
    Ok(Some(Scratch {
        target,
        place: Place::Database {
            of: of.clone(),
            name,
            _stay: Box::new(stay),
        },
    }))
}

/// Everybody may enter a new database, also those who are kept out of the one whose rows come into it. The proof works
/// with the login that made it, which may; nobody else gets in before the others are shut out.
fn keep_to_ourselves(conn: &mut AnyConnection, name: &str) -> Result<(), String> {
    conn.batch(&format!("REVOKE ALL ON DATABASE {name} FROM PUBLIC"))
        .map_err(said)?;
    conn.batch(&format!("ALTER DATABASE {name} ALLOW_CONNECTIONS true"))
        .map_err(said)
}

/// Databases whose names begin so: letters, digits and underscores, all of them ours.
fn named(conn: &mut AnyConnection, prefix: &str) -> Result<Vec<String>, String> {
    let AnyConnection::Pg(conn) = conn else {
        return Ok(vec![]);
    };
    sql::<Text>("SELECT datname::text FROM pg_database WHERE starts_with(datname, ")
        .bind::<Text, _>(prefix)
        .sql(")")
        .load(conn)
        .map_err(said)
}

fn drop_database(of: &Target, name: &str) {
    // Those who were in it may still be on their way out.
    let dropped = connect_owner(of).and_then(|mut conn| {
        conn.batch("SET statement_timeout = 0").map_err(said)?;
        conn.batch(&format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)"))
            .map_err(said)
    });
    if let Err(e) = dropped {
        log::warn!("the database {name} is left, and goes with the next proof of a backup: {e}");
    }
}

fn said(e: impl std::fmt::Display) -> String {
    e.to_string()
}

impl Drop for Scratch {
    fn drop(&mut self) {
        match &self.place {
            Place::Folder(folder) => {
                if let Err(e) = fs::remove_dir_all(folder) {
                    log::warn!("{} is left: {e}", folder.display());
                }
            }
            Place::Database { of, name, .. } => drop_database(of, name),
        }
    }
}

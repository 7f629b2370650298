//! Whether backups can be made by themselves and proved, where they are wanted.

use super::Check;
use super::machine::is_writable;
use crate::archive::folder;
use crate::config::Config;
use crate::database::{opened, owner, wait};
use firma_persistence::archive::Scratch;
use firma_services::Tx;

pub(super) fn checks(config: &Config) -> Vec<Check> {
    if config.backup_schedule.is_none() {
        return vec![];
    }
    // What is wrong with the database itself, other lines say.
    [Some(place(config)), proof(config), last(config)]
        .into_iter()
        .flatten()
        .collect()
}

fn place(config: &Config) -> Check {
    let folder = folder(config);
    let there = folder.ancestors().find(|path| path.exists());
    match there.is_none_or(is_writable) {
        true => Check::ok("backup folder", folder.display().to_string()),
        false => Check::wrong(
            "backup folder",
            format!("{} can't be written to", folder.display()),
            "run this as the server's user, or give the folder to it",
        ),
    }
}

fn proof(config: &Config) -> Option<Check> {
    let what = "proof of backups";
    match Scratch::may_open(&owner(config).ok()?.there().ok()?).ok()? {
        true => Some(Check::ok(
            what,
            "they can be restored into a database of their own",
        )),
        false => Some(Check::wrong(
            what,
            "the login that owns the tables may make no database to restore them into",
            "ALTER ROLE … CREATEDB, for that login",
        )),
    }
}

fn last(config: &Config) -> Option<Check> {
    let database = opened(config).ok()?;
    let made = wait(database.read(|tx: &mut Tx<'_>| tx.backups())).ok()?.ok()?;
    Some(match made.proved {
        Some(at) => Check::ok(
            "last backup",
            format!("the last that was proved was begun at {at}"),
        ),
        None => Check::note("last backup", "none was proved yet"),
    })
}

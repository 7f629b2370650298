//! The copies that are made before migrations, and what isn't guessed.

use super::{backups, fine, refused};
use diesel::prelude::*;
use diesel::sql_types::Bool;
use firma_testing::TestDatabase;
use std::path::PathBuf;
use std::process::Command;

/// Who is started again and again with a step that fails doesn't fill the disk with copies.
#[test]
fn a_step_that_fails_leaves_a_copy_only_where_something_was_done() {
    for database in TestDatabase::each_empty()
        .iter()
        .filter(|database| !database.is_postgres())
    {
        fine(database, "run");
        let back_to = |step: &str| {
            while fine(database, "status")
                .iter()
                .any(|line| line.starts_with("applied ") && line.contains(step))
            {
                fine(database, "revert");
            }
            backups(database)
                .iter()
                .for_each(|copy| std::fs::remove_file(copy).unwrap());
        };
        back_to("history_key");
        database.execute("CREATE TABLE new_stage_periods (x)");
        for _ in 0..3 {
            let line = refused(database, "run");
            assert!(
                line.contains("new_stage_periods already exists") && !line.contains("before-"),
                "{line}"
            );
            assert_eq!(backups(database), Vec::<PathBuf>::new());
        }
        database.execute("DROP TABLE new_stage_periods");
        fine(database, "run");

        back_to("external_ids");
        database.execute("CREATE TABLE new_stage_periods (x)");
        let line = refused(database, "run");
        let copies = backups(database);
        assert_eq!(copies.len(), 1, "and no draft of one");
        assert!(
            line.ends_with(&format!(
                "the database as it was before is in {}",
                copies[0].display()
            )),
            "{line}"
        );
        let mut copy = SqliteConnection::establish(copies[0].to_str().unwrap()).unwrap();
        let whole = diesel::dsl::sql::<Bool>("SELECT COUNT(*) > 0 FROM roles");
        assert!(whole.get_result::<bool>(&mut copy).unwrap());
    }
}

#[test]
fn a_configuration_that_is_not_read_is_not_passed_over() {
    let folder = tempfile::tempdir().unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_firma-migrate"));
    command
        .env_clear()
        .current_dir(folder.path())
        .env("FIRMA_CONFIG", "firma.toml")
        .arg("run");
    let ended = command.output().unwrap();
    let said = String::from_utf8(ended.stderr).unwrap();
    assert_eq!(ended.status.code(), Some(1), "{said}");
    assert!(
        said.starts_with("firma-migrate: FIRMA_CONFIG isn't read here"),
        "{said}"
    );
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
}

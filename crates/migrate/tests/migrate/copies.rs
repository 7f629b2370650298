//! The copies that are made before migrations, and what isn't guessed.

use super::{backups, fine, refused};
use firma_testing::TestDatabase;
use std::path::PathBuf;
use std::process::Command;

/// Who is started again and again with a step that fails doesn't fill the disk with copies.
#[test]
fn a_step_that_fails_leaves_nothing_and_no_copy() {
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

        // Nor does it where it is the second step: the first one is undone with it.
        back_to("external_ids");
        let missing = fine(database, "status");
        database.execute("CREATE TABLE new_stage_periods (x)");
        refused(database, "run");
        assert_eq!(fine(database, "status"), missing);
        assert_eq!(backups(database), Vec::<PathBuf>::new());
        database.execute("DROP TABLE new_stage_periods");

        // What a migration leaves that doesn't hold together is no more kept than that.
        database.execute(
            "PRAGMA foreign_keys = OFF; INSERT INTO user_credentials (user_id, password_hash, changed_at) \
             VALUES (x'01a22700000070008000000000000001', 'x', 0)",
        );
        let line = refused(database, "run");
        assert!(
            line.contains("rows refer to rows that don't exist, in user_credentials (1)"),
            "{line}"
        );
        assert_eq!(fine(database, "status"), missing);
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

//! What the server is told wrongly: one line for each fault, and exit code 2.

use crate::process::{command, run};
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use tempfile::TempDir;

fn line(environment: &[(&str, &str)], arguments: &[&str]) -> String {
    let folder = TempDir::new().unwrap();
    run(folder.path(), environment, arguments, "").line(2).to_owned()
}

#[test]
fn every_fault_is_one_line() {
    assert_eq!(
        line(&[("FIRMA_BIND", "nowhere")], &[]),
        "firma: FIRMA_BIND: \"nowhere\" is not an address and port, such as 127.0.0.1:8080"
    );
    assert_eq!(
        line(&[("FIRMA_SECRET", "hunter2")], &[]),
        "firma: FIRMA_SECRET: is not exactly 32 bytes in base64"
    );
    assert_eq!(
        line(&[("DATABASE_URL", "mysql://u:hunter2@localhost/firma")], &[]),
        "firma: DATABASE_URL: is neither sqlite://PATH nor postgres://USER@HOST/NAME"
    );
    assert_eq!(
        line(&[("FIRMA_LOG", "")], &[]),
        "firma: FIRMA_LOG: is empty; give a value or leave it out"
    );

    assert_eq!(
        line(&[("FIRMA_LOG", "nonsense")], &[]),
        "firma: FIRMA_LOG: \"nonsense\" is not a log filter, such as info, or warn,firma=debug,rustls=info"
    );

    let folder = TempDir::new().unwrap();
    let wrong = [
        ("FIRMA_BIND", "x"),
        ("FIRMA_BCRYPT_COST", "4"),
        ("DATABASE_URL", "x"),
    ];
    let ran = run(folder.path(), &wrong, &[], "");
    assert_eq!((ran.code, ran.err.lines().count()), (Some(2), 3), "{ran:?}");
    assert!(
        !folder.path().join("data").exists(),
        "nothing is made before all is well"
    );
}

/// As a name that isn't there it would be passed over, and a file be served that nobody asked for.
#[test]
fn what_is_no_text_is_a_fault() {
    let folder = TempDir::new().unwrap();
    let url = OsStr::from_bytes(b"postgres://u:gr\xfcn@127.0.0.1:1/firma");
    let ended = command(folder.path(), &[])
        .env("DATABASE_URL", url)
        .output()
        .unwrap();
    let said = String::from_utf8(ended.stderr).unwrap();
    assert_eq!(
        (ended.status.code(), said.as_str()),
        (Some(2), "firma: DATABASE_URL: is not UTF-8\n")
    );
    assert!(!folder.path().join("data").exists());
}

#[test]
fn a_database_url_that_libpq_could_not_read_is_told_without_it() {
    assert_eq!(
        line(
            &[("DATABASE_URL", "postgres://u:100%hunter2@127.0.0.1/firma")],
            &[]
        ),
        "firma: DATABASE_URL: the database URL isn't well-formed: a % in a name or a password is written %25, and there is no %00"
    );
}

#[test]
fn plain_text_stays_on_this_machine() {
    for url in [
        "postgres://u:hunter2@db.example.com/firma",
        "postgres:///firma?host=10.0.0.5",
    ] {
        assert_eq!(
            line(&[("DATABASE_URL", url)], &[]),
            "firma: DATABASE_URL: this build has no TLS: PostgreSQL has to be on this machine (loopback or a socket), \
             or Firma built with --features tls"
        );
    }
}

#[test]
fn flags_stand_over_the_environment_and_that_over_the_file() {
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("firma.toml");
    std::fs::write(&file, "log = \"file file\"\n").unwrap();
    let file = file.to_str().unwrap();
    let named = ["--config", file];
    assert!(line(&[], &named).starts_with(&format!("firma: {file}, log: \"file file\"")));
    let environment = [("FIRMA_LOG", "environment environment")];
    assert!(line(&environment, &named).starts_with("firma: FIRMA_LOG: \"environment environment\""));
    let flags = ["--config", file, "--log", "flag flag"];
    assert!(line(&environment, &flags).starts_with("firma: --log: \"flag flag\""));
    // And a good one above a bad one is what counts.
    let good = ["--config", file, "--log", "info", "permissions"];
    run(folder.path(), &environment, &good, "").fine();
}

#[test]
fn the_file_has_only_what_is_known() {
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("firma.toml");
    std::fs::write(&file, "bind = \"127.0.0.1:0\"\nbimd = \"hunter2\"\n").unwrap();
    let file = file.to_str().unwrap();
    assert_eq!(
        line(&[("FIRMA_CONFIG", file)], &[]),
        format!("firma: {file}, bimd: is not a setting")
    );
    let missing = line(&[("FIRMA_CONFIG", "nowhere.toml")], &[]);
    assert!(
        missing.starts_with("firma: FIRMA_CONFIG: \"nowhere.toml\" can't be read: "),
        "{missing}"
    );
}

use super::{Config, Database, Fault, Flags, LogFormat, Migrate, load, warnings};
use crate::cli::Cli;
use clap::Parser;
use std::error::Error;
use std::path::{Path, PathBuf};
use std::time::Duration;

type Outcome = Result<(), Box<dyn Error>>;

fn flags(arguments: &[&str]) -> Result<Flags, clap::Error> {
    Cli::try_parse_from(["firma"].iter().chain(arguments)).map(|cli| cli.flags)
}

fn with(arguments: &[&str], variables: &[(&str, &str)]) -> Result<Config, String> {
    let flags = flags(arguments).map_err(|error| error.to_string())?;
    let variable = |name: &str| {
        variables
            .iter()
            .find(|(known, _)| *known == name)
            .map(|(_, value)| (*value).into())
    };
    load(&flags, &variable)
        .map(|(config, _)| config)
        .map_err(|faults| faults.iter().map(Fault::to_string).collect::<Vec<_>>().join("\n"))
}

fn fault(name: &str, value: &str) -> String {
    with(&[], &[(name, value)]).err().unwrap_or_default()
}

fn text(path: &Path) -> String {
    path.display().to_string()
}

#[test]
fn defaults_hold_when_nothing_is_said() -> Outcome {
    let config = with(&[], &[])?;
    assert_eq!(
        config.database(),
        Database::Sqlite(PathBuf::from("./data/firma.db"))
    );
    assert_eq!(config.bind, "127.0.0.1:8080".parse()?);
    assert_eq!(
        (config.log.as_str(), config.log_format),
        ("info", LogFormat::Text)
    );
    assert_eq!(
        (config.migrate, config.migrate_database_url.is_none()),
        (Migrate::Manual, true)
    );
    assert_eq!(
        (config.db_role.as_str(), config.bcrypt_cost, config.db_pool_max),
        ("firma_app", 12, None)
    );
    assert_eq!(config.db_idle_timeout, Duration::from_secs(30));
    assert!(config.least_connections() >= 4 && config.otel_exporter_otlp_endpoint.is_none());
    assert_eq!(config.access_ttl, Duration::from_secs(900));
    assert_eq!(config.refresh_ttl, Duration::from_secs(7 * 86_400));
    assert_eq!(config.session_ttl, Duration::from_secs(30 * 86_400));
    assert_eq!(config.db_connect_timeout, Duration::from_secs(5));
    assert_eq!(config.db_statement_timeout, Duration::from_secs(30));
    assert_eq!(config.max_body, 2_000_000);
    assert!(config.secret.is_none());
    Ok(())
}

#[test]
fn flag_before_variable_before_file_before_default() -> Outcome {
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("firma.toml");
    std::fs::write(
        &file,
        "bind = \"127.0.0.1:3\"\nlog = \"warn\"\nbcrypt-cost = 11\n",
    )?;
    let file = text(&file);
    let config = with(
        &["--bind", "127.0.0.1:1"],
        &[
            ("FIRMA_CONFIG", &file),
            ("FIRMA_BIND", "x"),
            ("FIRMA_LOG", "debug"),
        ],
    )?;
    assert_eq!(
        (config.bind.port(), config.log.as_str(), config.bcrypt_cost),
        (1, "debug", 11)
    );
    let config = with(&["serve", "--config", &file], &[("FIRMA_CONFIG", "/nowhere")])?;
    assert_eq!((config.bind.port(), config.log.as_str()), (3, "warn"));
    Ok(())
}

#[test]
fn all_faults_are_said_at_once() -> Outcome {
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("firma.toml");
    std::fs::write(&file, "colour = 1\nmigrate = \"never\"\n")?;
    let file = text(&file);
    let said = with(
        &["--max-body", "65MB"],
        &[("FIRMA_CONFIG", &file), ("FIRMA_BIND", "x"), ("FIRMA_LOG", "")],
    );
    let expected = [
        format!("{file}, colour: is not a setting"),
        "FIRMA_BIND: \"x\" is not an address and port, such as 127.0.0.1:8080".to_owned(),
        "FIRMA_LOG: is empty; give a value or leave it out".to_owned(),
        format!("{file}, migrate: \"never\" is not manual or auto"),
        "--max-body: \"65MB\" is not between 1 and 64000000 bytes".to_owned(),
    ];
    assert_eq!(said.err().as_deref(), Some(expected.join("\n").as_str()));
    Ok(())
}

#[test]
fn a_variable_may_name_a_file() -> Outcome {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("url");
    std::fs::write(&path, "  postgresql://firma:hunter2@localhost/firma\n")?;
    let path = text(&path);
    let config = with(&[], &[("DATABASE_URL_FILE", &path)])?;
    assert!(
        matches!(config.database(), Database::Postgres(url) if url.reveal().ends_with("@localhost/firma"))
    );
    assert_eq!(
        with(
            &[],
            &[("DATABASE_URL_FILE", &path), ("DATABASE_URL", "sqlite://x")]
        )
        .err()
        .as_deref(),
        Some("DATABASE_URL: is given, and DATABASE_URL_FILE too; one of them has to go")
    );
    assert!(
        fault("FIRMA_SECRET_FILE", "/nowhere").starts_with("FIRMA_SECRET_FILE: \"/nowhere\" can't be read: ")
    );
    assert!(fault("FIRMA_CONFIG", "/nowhere").starts_with("FIRMA_CONFIG: \"/nowhere\" can't be read: "));
    Ok(())
}

#[test]
fn secrets_are_shown_neither_in_debug_nor_in_faults() -> Outcome {
    let secret = "q6urq6urq6urq6urq6urq6urq6urq6urq6urq6urq6s=";
    let config = with(
        &[],
        &[
            ("FIRMA_SECRET", secret),
            ("DATABASE_URL", "postgres://a:hunter2@localhost/d"),
        ],
    )?;
    assert_eq!(
        config.secret.as_ref().map(|secret| *secret.reveal()),
        Some([0xab; 32])
    );
    let shown = format!("{config:?}");
    assert!(
        !shown.contains("hunter2") && !shown.contains("171") && shown.contains("(hidden)"),
        "{shown}"
    );
    assert_eq!(
        fault("FIRMA_SECRET", "hunter2"),
        "FIRMA_SECRET: is not exactly 32 bytes in base64"
    );
    assert!(!fault("DATABASE_URL", "mysql://a:hunter2@h/d").contains("hunter2"));
    Ok(())
}

#[test]
fn unknown_variables_only_warn() {
    let names = [
        "PATH",
        "FIRMA_BIND",
        "FIRMA_BIND_FILE",
        "FIRMA_CONFIG",
        "DATABASE_URL_FILE",
        "FIRMA_BNID",
        "DB_HOST",
    ];
    assert_eq!(
        warnings(names.map(str::to_owned), &[]),
        [
            "DB_HOST: is not read; the database is named by DATABASE_URL",
            "FIRMA_BNID: is not a setting, and has no effect",
        ]
    );
}

#[test]
fn the_least_connections_are_no_more_than_the_most() -> Outcome {
    let more = [("FIRMA_DB_POOL_MIN", "9"), ("FIRMA_DB_POOL_MAX", "8")];
    assert_eq!(
        with(&[], &more).err().as_deref(),
        Some("FIRMA_DB_POOL_MIN: 9 is more than the most connections, 8 (FIRMA_DB_POOL_MAX)")
    );
    let postgres = ("DATABASE_URL", "postgres://localhost/firma");
    let usual = with(&[], &[postgres, ("FIRMA_DB_POOL_MIN", "200")])
        .err()
        .unwrap_or_default();
    assert!(
        usual.starts_with("FIRMA_DB_POOL_MIN: 200 is more than the most connections, "),
        "{usual}"
    );
    // SQLite has readers, and none of them is closed.
    with(&[], &[("FIRMA_DB_POOL_MIN", "200")])?;
    let few = with(&[], &[postgres, ("FIRMA_DB_POOL_MAX", "2")])?;
    assert_eq!(few.least_connections(), 2);
    let document = [postgres, ("FIRMA_DB_POOL_MIN", "5"), ("FIRMA_DB_POOL_MAX", "20")];
    assert_eq!(with(&[], &document)?.least_connections(), 5);
    Ok(())
}

#[test]
fn a_collector_is_named_as_the_specification_says() -> Outcome {
    let config = with(
        &[],
        &[
            ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://localhost:4318"),
            ("OTEL_EXPORTER_OTLP_HEADERS", "authorization=Bearer%20hunter2"),
            ("OTEL_EXPORTER_OTLP_PROTOCOL", "http/protobuf"),
            (
                "OTEL_RESOURCE_ATTRIBUTES",
                "deployment.environment=test,region=eu%20west",
            ),
        ],
    )?;
    let headers = config.otel_exporter_otlp_headers.as_ref().ok_or("no headers")?;
    assert_eq!(
        headers.reveal(),
        &[("authorization".to_owned(), "Bearer hunter2".to_owned())]
    );
    assert!(!format!("{config:?}").contains("hunter2"));
    let attributes = config.otel_resource_attributes.ok_or("no attributes")?;
    assert_eq!(
        attributes.last(),
        Some(&("region".to_owned(), "eu west".to_owned()))
    );
    assert_eq!(
        fault("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc"),
        "OTEL_EXPORTER_OTLP_PROTOCOL: \"grpc\" is not http/protobuf, the only protocol that is spoken"
    );
    assert_eq!(
        fault("OTEL_EXPORTER_OTLP_ENDPOINT", "grpc://u:hunter2@x"),
        "OTEL_EXPORTER_OTLP_ENDPOINT: is not an address such as http://localhost:4318"
    );
    assert!(!fault("OTEL_EXPORTER_OTLP_HEADERS", "hunter2").contains("hunter2"));
    Ok(())
}

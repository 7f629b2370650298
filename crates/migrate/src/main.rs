//! `firma-migrate`: brings a database to the schema of this binary, and back.

mod generate;

use clap::{Parser, Subcommand};
use firma_adapters::{SystemClock, say, unsaid};
use firma_domain::source::Clock;
use firma_persistence::Target;
use firma_persistence::migrations::{Done, MigrationError, Migrator};
use std::env::VarError;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// Migrations of Firma's database.
///
/// It is the one of --database-url, else of FIRMA_MIGRATE_DATABASE_URL, else of DATABASE_URL, else the file firma.db in
/// FIRMA_DATA_DIR or ./data. NAME_FILE names a file with the value of NAME.
#[derive(Parser)]
#[command(version)]
struct Cli {
    /// The database: sqlite://PATH or postgres://…, as its owner
    #[arg(long, global = true, value_name = "URL")]
    database_url: Option<String>,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    #[command(flatten)]
    On(OnDatabase),
    /// Make the files of a new migration, for both databases; none is asked
    Generate {
        /// In small letters, digits and _
        name: String,
        /// Where the folders `postgres` and `sqlite` are
        #[arg(long, default_value = "migrations")]
        folder: PathBuf,
    },
}

#[derive(Subcommand)]
enum OnDatabase {
    /// Apply what is missing, and seed
    Run,
    /// Take the last migration back
    Revert,
    /// Take the last migration back and apply it again
    Redo,
    /// Show each migration, and whether it is applied
    #[command(alias = "show")]
    Status,
    /// Exit with 1 unless the database has just the schema of this binary
    Check,
    /// Put in permissions and system roles; again and again without change
    Seed,
}

fn main() -> ExitCode {
    let cli = Cli::parse();
    let done = match &cli.command {
        Command::Generate { name, folder } => new_migration(folder, name),
        Command::On(command) => {
            target(cli.database_url).and_then(|target| run(command, &target).map_err(|e| e.to_string()))
        }
    };
    match done.and_then(|()| unsaid()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(what) => {
            eprintln!("firma-migrate: {what}");
            ExitCode::FAILURE
        }
    }
}

/// The flag, FIRMA_MIGRATE_DATABASE_URL, DATABASE_URL, or the file that `firma` serves from.
fn target(flag: Option<String>) -> Result<Target, String> {
    let read = |name: &str, url: &str| Target::parse(url).map_err(|e| format!("{name}: {e}"));
    if let Some(url) = flag {
        return read("--database-url", &url);
    }
    for name in ["FIRMA_MIGRATE_DATABASE_URL", "DATABASE_URL"] {
        if let Some(url) = var(name)? {
            return read(name, &url);
        }
    }
    if var("FIRMA_CONFIG")?.is_some() {
        return Err(
            "FIRMA_CONFIG isn't read here, and may name another database: give --database-url or DATABASE_URL".into(),
        );
    }
    let folder = var("FIRMA_DATA_DIR")?.unwrap_or_else(|| "./data".into());
    Ok(Target::Sqlite(Path::new(&folder).join("firma.db")))
}

/// A variable, or what is in the file that NAME_FILE names.
fn var(name: &str) -> Result<Option<String>, String> {
    let given = |name: &str| match std::env::var(name) {
        Ok(value) if value.is_empty() => Err(format!("{name}: is empty; give a value or leave it out")),
        Ok(value) => Ok(Some(value)),
        Err(VarError::NotPresent) => Ok(None),
        Err(VarError::NotUnicode(_)) => Err(format!("{name}: is not UTF-8")),
    };
    match (given(name)?, given(&format!("{name}_FILE"))?) {
        (Some(_), Some(_)) => Err(format!("{name} and {name}_FILE are both given")),
        (None, Some(path)) => match std::fs::read_to_string(&path) {
            Ok(text) => Ok(Some(text.trim().to_owned())),
            Err(e) => Err(format!("{path}: {e}")),
        },
        (value, None) => Ok(value),
    }
}

fn run(command: &OnDatabase, target: &Target) -> Result<(), MigrationError> {
    if !matches!(command, OnDatabase::Run) {
        // What works on what is there, or only looks, makes nothing.
        target.clone().there().map_err(MigrationError::Failed)?;
    }
    let mut migrator = Migrator::connect(target, SystemClock.now())?;
    match command {
        OnDatabase::Run => told("applied", migrator.run()?),
        OnDatabase::Revert => told("taken back", migrator.revert()?),
        OnDatabase::Redo => told("taken back and applied", migrator.redo()?),
        OnDatabase::Check => migrator.check()?,
        OnDatabase::Seed => migrator.seed()?,
        OnDatabase::Status => {
            for step in migrator.status()? {
                let is = match (step.known, step.applied) {
                    (true, true) => "applied",
                    (true, false) => "missing",
                    (false, _) => "unknown",
                };
                say(&format!("{is} {}", step.name));
            }
        }
    }
    Ok(())
}

fn new_migration(folder: &Path, name: &str) -> Result<(), String> {
    for file in generate::generate(folder, name, SystemClock.now())? {
        say(&file.display().to_string());
    }
    Ok(())
}

fn told(what: &str, done: Done) {
    if let Some(backup) = done.backup {
        say(&format!(
            "the database as it was before is in {}",
            backup.display()
        ));
    }
    match done.steps.is_empty() {
        true => say("nothing to do"),
        false => done.steps.iter().for_each(|step| say(&format!("{what}: {step}"))),
    }
}

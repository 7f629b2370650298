//! What is asked for on the command line; `scripts/bench` gives the rest.

use std::path::PathBuf;

pub const USAGE: &str = "usage: scripts/bench [--seconds N] [--only sqlite|postgres] [--large] [--data DIR]";

/// A database to measure.
#[derive(Clone)]
pub enum Kind {
    Sqlite,
    /// URL of an empty database, and the process whose children work for it
    Postgres {
        url: String,
        postmaster: u32,
    },
}

impl Kind {
    pub fn name(&self) -> &'static str {
        match self {
            Kind::Sqlite => "SQLite",
            Kind::Postgres { .. } => "PostgreSQL",
        }
    }

    pub fn is_postgres(&self) -> bool {
        matches!(self, Kind::Postgres { .. })
    }
}

pub struct Options {
    pub seconds: f64,
    pub large: bool,
    pub data: Option<PathBuf>,
    /// The server's binary
    pub server: PathBuf,
    pub kinds: Vec<Kind>,
}

impl Options {
    pub fn read(mut arguments: impl Iterator<Item = String>) -> Result<Options, String> {
        let (mut seconds, mut large, mut data, mut only) = (5.0, false, None, None);
        let (mut server, mut url, mut postmaster, mut version) = (None, None, None, None);
        while let Some(name) = arguments.next() {
            let mut value = || arguments.next().ok_or(format!("{name} needs a value"));
            match name.as_str() {
                "--large" => large = true,
                "--seconds" => seconds = value()?.parse().map_err(|_| "--seconds needs a number")?,
                "--only" => only = Some(value()?),
                "--data" => data = Some(value()?.into()),
                "--server" => server = Some(value()?.into()),
                "--postgres" => url = Some(value()?),
                "--postmaster" => {
                    postmaster = Some(value()?.parse().map_err(|_| "--postmaster needs a pid")?)
                }
                "--postgres-version" => version = Some(value()?),
                _ => return Err(format!("{name} is unknown")),
            }
        }
        if !(1.0..=600.0).contains(&seconds) {
            return Err("--seconds is from 1 to 600".into());
        }
        let mut kinds = vec![Kind::Sqlite];
        if let (Some(url), Some(postmaster)) = (url, postmaster) {
            kinds.push(Kind::Postgres { url, postmaster });
        }
        match only.as_deref() {
            None => {}
            Some("sqlite") => kinds.retain(|kind| !kind.is_postgres()),
            Some("postgres") => kinds.retain(Kind::is_postgres),
            Some(other) => return Err(format!("--only {other}: sqlite or postgres")),
        }
        if kinds.is_empty() {
            return Err("there is no PostgreSQL to measure".into());
        }
        let server = server.ok_or("--server is missing: run scripts/bench")?;
        crate::machine::set_postgres_version(version);
        Ok(Options {
            seconds,
            large,
            data,
            server,
            kinds,
        })
    }
}

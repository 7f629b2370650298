//! What the server is told from outside: flags, then environment, then a TOML file, then defaults.
//! It is read and checked once, at the start, and all that is wrong is said at once.
mod fault;
mod file;
mod given;
mod provider;
mod read;
mod source;
mod table;
mod url;
mod value;

#[cfg(test)]
mod provider_tests;
#[cfg(test)]
mod read_tests;
#[cfg(test)]
mod tests;

pub(crate) use fault::Fault;
pub(crate) use given::Given;
pub(crate) use table::{Config, Flags};
#[cfg(test)]
pub(crate) use value::Hidden;
pub(crate) use value::{Database, LogFormat, Migrate};

use firma_persistence::usual_connections;
use source::{FILE_SUFFIX, Sources};
use std::ffi::OsString;
use table::{CONFIG, SETTINGS};

/// Names that other installations use, and that people therefore try.
const NOT_READ: [&str; 5] = ["DB_HOST", "DB_PORT", "DB_NAME", "DB_USER", "DB_PASSWORD"];

/// Names that our own scripts read, beside the server.
const OTHERS: [&str; 12] = [
    "FIRMA_URL",
    "FIRMA_EMAIL",
    "FIRMA_PASSWORD",
    "FIRMA_PUBLISH",
    "FIRMA_TEST_POSTGRES",
    "FIRMA_REQUIRE_POSTGRES",
    "FIRMA_TEST_CHROMIUM",
    "FIRMA_TEST_CHROMEDRIVER",
    "FIRMA_REQUIRE_CHROMIUM",
    "FIRMA_TEST_OIDC",
    "FIRMA_REQUIRE_OIDC",
    "FIRMA_TEST_PICTURES",
];

/// Reads and checks everything, and says where each value comes from. `variable` looks up one environment variable.
pub(crate) fn load(
    flags: &Flags,
    variable: &dyn Fn(&str) -> Option<OsString>,
) -> Result<(Config, Vec<Given>), Vec<Fault>> {
    let mut faults = Vec::new();
    let named = match (&flags.config, variable(CONFIG)) {
        (Some(path), _) => Some(("--config", path.clone())),
        (None, Some(path)) => Some((CONFIG, path.into())),
        (None, None) => None,
    };
    let file = named.map(|(place, path)| file::read(place, &path, &mut faults));
    let mut sources = Sources {
        variable,
        file: file.unwrap_or_default(),
        faults,
        given: Vec::new(),
    };
    let mut config = Config::from_sources(flags, &mut sources);
    if let Some(config) = &mut config {
        config.providers = provider::read(&mut sources, config.oidc.as_deref().unwrap_or_default());
        if config.lacks_address() {
            let problem = "is needed where FIRMA_OIDC is set: providers send browsers back to it";
            sources.faults.push(Fault::new("FIRMA_PUBLIC_URL", problem));
        }
        if let Some((least, most)) = config.too_few_connections() {
            let problem = format!("{least} is more than the most connections, {most} (FIRMA_DB_POOL_MAX)");
            sources.faults.push(Fault::new("FIRMA_DB_POOL_MIN", problem));
        }
        if config.is_migrated_elsewhere() {
            let problem = "is another kind of database than DATABASE_URL, which is the one that is served";
            sources
                .faults
                .push(Fault::new("FIRMA_MIGRATE_DATABASE_URL", problem));
        }
        if config.access_ttl > config.session_ttl {
            let problem = "is longer than a session lasts (FIRMA_SESSION_TTL)";
            sources.faults.push(Fault::new("FIRMA_ACCESS_TTL", problem));
        }
    }
    match config {
        Some(config) if sources.faults.is_empty() => Ok((config, sources.given)),
        _ => Err(sources.faults),
    }
}

/// What looks like a setting among the names of the environment and isn't one, where these providers are named. No
/// fault, because the environment belongs to others too.
pub(crate) fn warnings(names: impl IntoIterator<Item = String>, providers: &[String]) -> Vec<String> {
    let mut warnings: Vec<String> = names
        .into_iter()
        .filter_map(|name| match name.as_str() {
            known if is_known(known, providers) => None,
            known if NOT_READ.contains(&known) => Some(format!(
                "{name}: is not read; the database is named by DATABASE_URL"
            )),
            known if known.starts_with("FIRMA_") => {
                Some(format!("{name}: is not a setting, and has no effect"))
            }
            _ => None,
        })
        .collect();
    warnings.sort();
    warnings
}

fn is_known(name: &str, providers: &[String]) -> bool {
    let bare = name.strip_suffix(FILE_SUFFIX).unwrap_or(name);
    name == CONFIG
        || provider::is_known(bare, providers)
        || OTHERS.contains(&name)
        || SETTINGS
            .iter()
            .any(|setting| setting.variable == name || setting.variable == bare)
}

impl Config {
    /// Whether no provider would know where to send a browser.
    fn lacks_address(&self) -> bool {
        self.oidc.is_some() && self.public_url.is_none() && !self.bind.ip().is_loopback()
    }

    /// Whether one kind of database would be migrated, and another one served.
    fn is_migrated_elsewhere(&self) -> bool {
        let is_file = |database: &Database| matches!(database, Database::Sqlite(_));
        let migrated = self.migrate_database_url.as_ref();
        migrated.is_some_and(|migrated| is_file(migrated) != is_file(&self.database()))
    }

    /// The connections to PostgreSQL that are always open: as many as are usual, unless there may only be fewer.
    pub(crate) fn least_connections(&self) -> u32 {
        let usual = || usual_connections().min(self.most_connections());
        self.db_pool_min.unwrap_or_else(usual)
    }

    fn most_connections(&self) -> u32 {
        self.db_pool_max.unwrap_or_else(usual_connections)
    }

    /// The least and the most connections, where they contradict each other. SQLite's readers go by the most alone.
    fn too_few_connections(&self) -> Option<(u32, u32)> {
        let counts = self.db_pool_max.is_some() || matches!(self.database(), Database::Postgres(_));
        let (least, most) = (self.db_pool_min?, self.most_connections());
        (counts && least > most).then_some((least, most))
    }

    /// The database to serve: the one that is named, else a file in the data folder.
    pub(crate) fn database(&self) -> Database {
        let own = || Database::Sqlite(self.data_dir.join("firma.db"));
        self.database_url.clone().unwrap_or_else(own)
    }
}

//! Which database: by the scheme of its URL.

use std::path::{Path, PathBuf};

/// Whether libpq is built with TLS.
const TLS: bool = cfg!(feature = "tls");

/// A database, as its URL names it.
#[derive(Clone, PartialEq, Eq)]
pub enum Target {
    /// A file
    Sqlite(PathBuf),
    /// A server: the URL as given
    Postgres(String),
}

impl Target {
    /// Reads a URL: `sqlite://PATH`, `postgres://…` or `postgresql://…`.
    ///
    /// # Errors
    /// Another scheme; what libpq couldn't read, which would say so with the password in it; or a PostgreSQL server that
    /// isn't on this machine, also by the environment, where libpq would send everything as plain text: always in a
    /// build without TLS, otherwise unless the URL asks for TLS.
    pub fn parse(url: &str) -> Result<Target, String> {
        if let Some(path) = url.strip_prefix("sqlite://") {
            return match path {
                "" => Err("sqlite:// names no file".into()),
                // SQLite takes the first two for something else than a file, and other programs what is behind a ?; so
                // that is the name of a file only where there is one.
                _ if path.starts_with(':')
                    || path.starts_with("file:")
                    || path.contains('?') && !Path::new(path).exists() =>
                {
                    Err("sqlite:// is followed by the path of a file, and by nothing else".into())
                }
                path => Ok(Target::Sqlite(path.into())),
            };
        }
        let rest = url
            .strip_prefix("postgres://")
            .or_else(|| url.strip_prefix("postgresql://"))
            .ok_or("a database URL begins with sqlite:// or postgres://")?;
        well_formed(rest)?;
        let surroundings = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
        match stays_here(rest, surroundings) {
            true => Ok(()),
            false => by_tls(rest, TLS),
        }?;
        Ok(Target::Postgres(url.into()))
    }

    /// The same, unless it is a file that isn't there: to open one would make it.
    ///
    /// # Errors
    /// There is no such file, or it isn't known whether there is.
    pub fn there(self) -> Result<Target, String> {
        if let Target::Sqlite(path) = &self {
            match path.try_exists() {
                Ok(true) => {}
                Ok(false) => return Err(format!("there is no database {}", path.display())),
                Err(e) => return Err(format!("{}: {e}", path.display())),
            }
        }
        Ok(self)
    }

    /// Another database of the same server, by the same login; of a file the file itself.
    pub(crate) fn in_database(&self, name: &str) -> Target {
        let Target::Postgres(url) = self else {
            return self.clone();
        };
        let (before, parameters) = url.split_once('?').unwrap_or((url, ""));
        let (scheme, rest) = before.split_once("://").unwrap_or(("postgres", before));
        let authority = rest.split('/').next().unwrap_or_default();
        let others = parameters
            .split('&')
            .filter(|p| !p.is_empty() && !p.starts_with("dbname="));
        let others = others.collect::<Vec<_>>().join("&");
        let glue = if others.is_empty() { "" } else { "?" };
        Target::Postgres(format!("{scheme}://{authority}/{name}{glue}{others}"))
    }
}

impl std::fmt::Debug for Target {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Target::Sqlite(path) => write!(f, "sqlite://{}", path.display()),
            Target::Postgres(_) => f.write_str("postgres://…"),
        }
    }
}

/// What is wrong is told without what stands there: most of it is the password.
fn well_formed(rest: &str) -> Result<(), String> {
    let wrong = |what: &str| Err(format!("the database URL isn't well-formed: {what}"));
    if rest.chars().any(|c| c.is_whitespace() || c.is_control()) {
        return wrong("a blank in it is written %20");
    }
    let is_code = |code: &str| {
        let hex = code
            .get(..2)
            .filter(|hex| hex.bytes().all(|b| b.is_ascii_hexdigit()));
        hex.is_some_and(|hex| hex != "00")
    };
    if !rest.split('%').skip(1).all(is_code) {
        return wrong("a % in a name or a password is written %25, and there is no %00");
    }
    // libpq looks for the @ up to the first /, and not only to a ?.
    let authority = rest.split('/').next().unwrap_or_default();
    let (login, list) = authority.rsplit_once('@').unwrap_or(("", authority));
    if login.contains(['@', '?']) {
        return wrong("a @ or a ? in a name or a password is written %40 or %3F");
    }
    let is_port = |port: &str| port.is_empty() || port.parse::<u16>().is_ok();
    let is_host = |host: &str| match host.strip_prefix('[').map(|v6| v6.split_once(']')) {
        Some(Some((address, behind))) => {
            !address.is_empty() && (behind.is_empty() || behind.strip_prefix(':').is_some_and(is_port))
        }
        Some(None) => false,
        None => host.split_once(':').is_none_or(|(_, port)| is_port(port)),
    };
    let list = list.split('?').next().unwrap_or_default();
    match list.split(',').all(is_host) {
        true => Ok(()),
        false => wrong("a host is NAME:PORT or [ADDRESS]:PORT; a / in a password is written %2F"),
    }
}

/// Whether libpq stays on this machine, by the URL and by what it takes from its surroundings where the URL is silent.
fn stays_here(rest: &str, surroundings: impl Fn(&str) -> Option<String>) -> bool {
    let named = hosts(rest);
    let is_silent = named.iter().all(String::is_empty);
    // An address wins over a host's name, whoever gives it.
    let given = surroundings("PGHOST").filter(|_| is_silent);
    let given = given.into_iter().chain(surroundings("PGHOSTADDR"));
    let mut given = given.flat_map(|list| list.split(',').map(str::to_owned).collect::<Vec<_>>());
    let is_told = parameters(rest).any(|(name, _)| name.contains('%') || name == "service");
    let is_elsewhere = surroundings("PGSERVICE").is_some() || is_told;
    !is_elsewhere && named.iter().all(|host| is_local(host)) && given.all(|host| is_local(&host))
}

fn parameters(rest: &str) -> impl Iterator<Item = (&str, &str)> + Clone {
    let parameters = rest.split_once('?').map_or("", |(_, parameters)| parameters);
    parameters
        .split('&')
        .map(|p| p.split_once('=').unwrap_or((p, "")))
}

/// All hosts that a URL names: in its authority, and in the parameters `host` and `hostaddr`.
fn hosts(rest: &str) -> Vec<String> {
    let (before, parameters) = rest.split_once('?').unwrap_or((rest, ""));
    let authority = before.split('/').next().unwrap_or("");
    let list = authority.rsplit_once('@').map_or(authority, |(_, list)| list);
    let without_port = |host: &str| match host.strip_prefix('[') {
        Some(v6) => v6.split(']').next().unwrap_or("").to_owned(),
        None => host.split(':').next().unwrap_or("").to_owned(),
    };
    let named = parameters
        .split('&')
        .filter_map(|p| p.strip_prefix("host=").or_else(|| p.strip_prefix("hostaddr=")))
        .flat_map(|value| value.split(','))
        .map(str::to_owned);
    list.split(',').map(without_port).chain(named).collect()
}

/// Whether libpq then sends nothing as plain text.
fn by_tls(rest: &str, has_tls: bool) -> Result<(), String> {
    if !has_tls {
        return Err(
            "this build has no TLS: PostgreSQL has to be on this machine (loopback or a socket), or Firma built with \
             --features tls"
                .into(),
        );
    }
    let parameters = parameters(rest);
    // The last one counts, so one that is good isn't enough; and other names mean the same.
    let is_another = |name: &str| name.contains('%') || ["ssl", "service"].contains(&name);
    let is_safe = |mode: &str| ["require", "verify-ca", "verify-full"].contains(&mode);
    let is_safe = |(name, value): (&str, &str)| !is_another(name) && (name != "sslmode" || is_safe(value));
    let asks = parameters.clone().any(|(name, _)| name == "sslmode");
    match asks && parameters.clone().all(is_safe) {
        true => Ok(()),
        false => Err(
            "PostgreSQL is on another machine, or PGHOST, PGHOSTADDR, PGSERVICE or the parameter service may say so: its \
             URL needs ?sslmode=verify-full (and sslrootcert=FILE)"
                .into(),
        ),
    }
}

fn is_local(host: &str) -> bool {
    let socket = host.starts_with('/') || host.to_lowercase().starts_with("%2f");
    let loopback = |ip: std::net::IpAddr| ip.is_loopback();
    host.is_empty() || socket || host == "localhost" || host.parse().is_ok_and(loopback)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_database_of_the_same_server_is_named() {
        for (url, other) in [
            ("postgres:///firma", "postgres:///x"),
            ("postgres://u:p@localhost", "postgres://u:p@localhost/x"),
            (
                "postgresql://u@[::1]:5432/f?a=b",
                "postgresql://u@[::1]:5432/x?a=b",
            ),
            ("postgres:///f?host=/run&dbname=f", "postgres:///x?host=/run"),
        ] {
            let found = Target::Postgres(url.into()).in_database("x");
            assert_eq!(found, Target::Postgres(other.into()), "{url}");
        }
    }

    #[test]
    fn refuses_to_send_plain_text_over_a_network() {
        for local in [
            "postgres:///firma",
            "postgres://u:p@localhost/firma",
            "postgresql://127.0.0.1:5433/firma",
            "postgres://u@[::1]:5432/x",
            "postgres://u@%2Fvar%2Frun/firma",
            "postgres:///firma?host=/tmp",
        ] {
            assert!(Target::parse(local).is_ok(), "{local}");
        }
        for other in [
            "postgres://db.example.com/firma",
            "postgres://db.example.com/firma?sslmode=prefer",
            "postgres://10.0.0.5/firma",
            "postgres:///firma?host=db.example.com",
            "postgres://localhost,db.example.com/firma",
            "mysql://localhost/x",
            "firma.db",
            "sqlite://",
            "sqlite://:memory:",
            "sqlite://file:firma.db",
            "sqlite://firma.db?mode=rwc",
            "postgres://localhost/firma?hostaddr=10.0.0.5",
        ] {
            assert!(Target::parse(other).is_err(), "{other}");
        }
    }

    #[test]
    fn what_is_not_well_formed_is_told_without_the_password() {
        for wrong in [
            "postgres://u:100%secret@127.0.0.1/firma",
            "postgres://u:secret%2@127.0.0.1/firma?a=%zz",
            "postgres://u:sec ret@127.0.0.1/firma",
            "postgres://u:secret\n@127.0.0.1/firma",
            "postgres://u:sec@ret@127.0.0.1/firma",
            "postgres://u:secret@127.0.0.1:abc/firma",
            "postgres://u:secret@127.0.0.1:65536/firma",
            "postgres://u:se/cret@127.0.0.1/firma",
            "postgres://u:se?cret@127.0.0.1/firma",
            "postgres://u:secret@[::1]5432/firma",
            "postgres://u:secret@[]/firma",
            "postgres://u:secret@[::1/firma",
            "postgres://u:sec%00ret@127.0.0.1/firma",
            "postgres://localhost?secret@10.0.0.5/firma",
        ] {
            let told = Target::parse(wrong).unwrap_err();
            assert!(told.contains("well-formed"), "{wrong}: {told}");
            assert!(!told.contains("ret") && !told.contains('\n'), "{wrong}: {told}");
        }
        for fine in [
            "postgres://u:100%25@127.0.0.1:5432/firma",
            "postgres://u:a%40b%2Fc@[::1]:5432,127.0.0.1:5433/firma",
            "postgres://u:p@localhost:/firma?application_name=a%20b",
            "postgres:///firma?host=/tmp&user=u@example.com",
        ] {
            assert!(Target::parse(fine).is_ok(), "{fine}");
        }
    }

    #[test]
    fn what_libpq_takes_from_its_surroundings_counts() {
        let with = |name: &'static str, value: &'static str| {
            move |asked: &str| (asked == name).then(|| value.to_owned())
        };
        let nothing = |_: &str| None;
        assert!(stays_here("/firma", nothing) && stays_here("localhost/firma", nothing));
        for url in ["/firma", "localhost/firma"] {
            assert!(!stays_here(url, with("PGHOSTADDR", "10.0.0.5")), "{url}");
            assert!(!stays_here(url, with("PGSERVICE", "other")), "{url}");
            assert!(stays_here(url, with("PGHOST", "/run/postgresql")), "{url}");
        }
        assert!(!stays_here("/firma", with("PGHOST", "db.example.com")));
        assert!(stays_here("localhost/firma", with("PGHOST", "db.example.com")));
        assert!(!stays_here("/firma?service=other", nothing));
        assert!(!stays_here("/firma?h%6Fst=10.0.0.5", nothing));
    }

    #[test]
    fn another_machine_is_only_reached_by_tls() {
        for mode in ["require", "verify-ca", "verify-full"] {
            let of = format!("db.example.com/firma?sslrootcert=/ca.pem&sslmode={mode}");
            assert!(by_tls(&of, true).is_ok(), "{of}");
            assert!(by_tls(&of, false).is_err(), "{of}");
        }
        for of in [
            "db.example.com/firma",
            "db.example.com/firma?sslmode=",
            "db.example.com/firma?sslmode=disable",
            "db.example.com/firma?sslmode=allow",
            "db.example.com/firma?sslmode=prefer",
            "db.example.com/firma?sslmode=verify-full&sslmode=disable",
            "db.example.com/firma?sslmode=verify-full&ssl%6dode=disable",
            "db.example.com/firma?sslmode=verify-full&ssl=true",
            "db.example.com/firma?sslmode=verify-full&service=other",
            "sslmode=verify-full@db.example.com/firma",
        ] {
            assert!(by_tls(of, true).is_err(), "{of}");
        }
        // As it is built.
        let url = "postgres://db.example.com/firma?sslmode=verify-full";
        assert_eq!(Target::parse(url).is_ok(), TLS);
    }
}

//! The settings that are URLs.
use super::read::{Read, wrong};
use super::value::{Database, Hidden};
use actix_web::http::uri::Authority;
use firma_persistence::Target;

pub(super) fn database(text: &str) -> Read<Database> {
    match text.split_once("://") {
        Some(("sqlite" | "postgres" | "postgresql", rest)) if !rest.is_empty() => {
            Ok(match Target::parse(text)? {
                Target::Sqlite(path) => Database::Sqlite(path),
                Target::Postgres(url) => Database::Postgres(Hidden::new(url)),
            })
        }
        _ => Err("is neither sqlite://PATH nor postgres://USER@HOST/NAME".to_owned()),
    }
}

/// Scheme, host and perhaps a port: the server stands at the root.
pub(super) fn public(text: &str) -> Read<String> {
    let of_host = |c: char| c.is_ascii_alphanumeric() || ".-:[]".contains(c);
    let is_authority = |host: &str| {
        let ends = host.rsplit(']').next().unwrap_or_default();
        let read = host.parse::<Authority>();
        read.is_ok_and(|read| ends.contains(':') == read.port_u16().is_some())
    };
    match text.trim_end_matches('/').split_once("://") {
        Some((scheme @ ("http" | "https"), host)) if host.chars().all(of_host) && is_authority(host) => {
            Ok(format!("{scheme}://{}", host.to_ascii_lowercase()))
        }
        _ => wrong(text, "an address such as https://firma.example.com"),
    }
}

/// Origins between commas.
pub(super) fn origins(text: &str) -> Read<Vec<String>> {
    text.split(',').map(|origin| public(origin.trim())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn other_sites_are_named_one_by_one() {
        let two = origins("https://App.example.com, http://localhost:3000/").unwrap();
        assert_eq!(two, ["https://app.example.com", "http://localhost:3000"]);
        for wrong in [
            "",
            "*",
            "https://*.example.com",
            "https://a.example,",
            "null",
            "app.example.com",
        ] {
            assert!(origins(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn the_public_address_has_no_path() {
        assert_eq!(
            public("https://Firma.example.com/").as_deref(),
            Ok("https://firma.example.com")
        );
        assert_eq!(public("http://[::1]:8080").as_deref(), Ok("http://[::1]:8080"));
        for url in [
            "firma.example.com",
            "https://",
            "ftp://a",
            "https://a/b",
            "https://a?b",
            "https://u:p@a",
            "https://a:b:c",
            "https://a:b",
            "https://a:70000",
            "http://[",
        ] {
            assert!(public(url).is_err(), "{url}");
        }
    }

    #[test]
    fn the_scheme_names_the_database() {
        assert_eq!(
            database("sqlite://data/firma.db"),
            Ok(Database::Sqlite("data/firma.db".into()))
        );
        assert_eq!(
            database("sqlite:///srv/firma.db"),
            Ok(Database::Sqlite("/srv/firma.db".into()))
        );
        for url in [
            "postgres://firma@localhost/firma",
            "postgresql:///firma?host=/run/postgresql",
        ] {
            assert_eq!(database(url), Ok(Database::Postgres(Hidden::new(url.to_owned()))));
        }
        for url in [
            "sqlite://",
            "postgres://",
            "sqlite::memory:",
            "sqlite://:memory:",
            "sqlite://file:firma.db",
            "sqlite://firma.db?mode=rwc",
            "mysql://localhost/firma",
            "postgres://db.example.com/firma",
            "firma.db",
        ] {
            assert!(database(url).is_err(), "{url}");
        }
    }
}

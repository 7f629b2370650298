//! The settings that are URLs.
use super::read::{Read, wrong};
use super::value::{Database, Hidden};
use firma_persistence::Target;

pub(super) fn database(text: &str) -> Read<Database> {
    match text.split_once("://") {
        Some(("sqlite", path)) if !path.is_empty() => Ok(Database::Sqlite(path.into())),
        Some(("postgres" | "postgresql", rest)) if !rest.is_empty() => {
            Target::parse(text).map(|_| Database::Postgres(Hidden::new(text.to_owned())))
        }
        _ => Err("is neither sqlite://PATH nor postgres://USER@HOST/NAME".to_owned()),
    }
}

/// Scheme, host and perhaps a port: the server stands at the root.
pub(super) fn public(text: &str) -> Read<String> {
    let of_host = |c: char| c.is_ascii_alphanumeric() || ".-:[]".contains(c);
    match text.trim_end_matches('/').split_once("://") {
        Some((scheme @ ("http" | "https"), host)) if !host.is_empty() && host.chars().all(of_host) => {
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
            "mysql://localhost/firma",
            "postgres://db.example.com/firma",
            "firma.db",
        ] {
            assert!(database(url).is_err(), "{url}");
        }
    }
}

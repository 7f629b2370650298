//! The settings that are URLs.
use super::read::Read;
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

#[cfg(test)]
mod tests {
    use super::*;

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

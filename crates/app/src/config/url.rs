//! The settings that are URLs.
use super::read::{Read, wrong};
use super::value::{Database, Hidden};

pub(super) fn database(text: &str) -> Read<Database> {
    match text.split_once("://") {
        Some(("sqlite", path)) if !path.is_empty() => Ok(Database::Sqlite(path.into())),
        Some(("postgres" | "postgresql", rest)) if !rest.is_empty() => {
            Ok(Database::Postgres(Hidden::new(text.to_owned())))
        }
        _ => Err("is neither sqlite://PATH nor postgres://USER@HOST/NAME".to_owned()),
    }
}

/// Without a slash at the end, so that paths can be appended.
pub(super) fn public_url(text: &str) -> Read<String> {
    let rest = text
        .strip_prefix("https://")
        .or_else(|| text.strip_prefix("http://"));
    let is_fine = rest.is_some_and(|rest| {
        let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
        let path_is_fine = path
            .chars()
            .all(|c| c.is_ascii_graphic() && !"?#\\\"<>".contains(c));
        is_authority(authority) && path_is_fine
    });
    if is_fine {
        return Ok(text.trim_end_matches('/').to_owned());
    }
    wrong(
        text,
        "an http or https URL without user, query and fragment, such as https://firma.example",
    )
}

fn is_authority(text: &str) -> bool {
    let (host, port) = match text.rsplit_once(':') {
        Some((host, port)) if !port.ends_with(']') => (host, Some(port)),
        _ => (text, None),
    };
    let host_is_fine = match host.strip_prefix('[').and_then(|host| host.strip_suffix(']')) {
        Some(inside) => inside.parse::<std::net::Ipv6Addr>().is_ok(),
        None => {
            !host.is_empty()
                && host
                    .chars()
                    .all(|c| c.is_ascii_alphanumeric() || ".-".contains(c))
        }
    };
    host_is_fine && port.is_none_or(|port| port.parse::<u16>().is_ok_and(|port| port > 0))
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
            "firma.db",
        ] {
            assert!(database(url).is_err(), "{url}");
        }
    }

    #[test]
    fn a_public_url_loses_only_its_last_slash() {
        for (url, read) in [
            ("https://firma.example/", "https://firma.example"),
            ("http://localhost:8080", "http://localhost:8080"),
            ("http://[::1]:8080/office/", "http://[::1]:8080/office"),
            ("https://[::1]", "https://[::1]"),
        ] {
            assert_eq!(public_url(url).as_deref(), Ok(read));
        }
    }

    #[test]
    fn what_is_no_public_url_is_refused() {
        for url in [
            "firma.example",
            "ftp://firma.example",
            "https://",
            "https:///path",
            "https://user@firma.example",
            "https://firma.example:0",
            "https://firma.example:http",
            "https://firma.example/?a=1",
            "https://firma.example/#a",
            "https://fir ma.example",
            "https://[firma]",
            "https://::1",
        ] {
            assert!(public_url(url).is_err(), "{url}");
        }
    }
}

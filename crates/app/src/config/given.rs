//! The settings as they hold, for who asks: each value, and where it comes from. Secrets are only said to be there.
use super::value::{Database, Hidden, LogFormat, Migrate};
use crate::archive::{Keep, Schedule};
use firma_domain::identity::Signup;
use serde::Serialize;
use std::borrow::Cow;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

/// One setting as it holds.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Given {
    pub(crate) setting: Cow<'static, str>,
    pub(crate) variable: Cow<'static, str>,
    /// None when it isn't set and has no default
    pub(crate) value: Option<String>,
    /// A flag, a variable, a file and its key, or `default`
    pub(crate) from: Option<String>,
}

const MASK: &str = "***";

/// How a value is shown, given the text that it was read from. A type that may hold a secret masks it.
pub(super) trait Shown {
    fn shown(&self, text: &str) -> String {
        text.to_owned()
    }
}

macro_rules! plain { ($($plain:ty),*) => { $(impl Shown for $plain {})* } }
plain!(
    PathBuf,
    actix_web::http::header::HeaderName,
    SocketAddr,
    String,
    Vec<String>,
    Vec<(String, String)>,
    Vec<firma_domain::IpRange>,
    LogFormat,
    Migrate,
    Signup,
    bool,
    Keep,
    Schedule,
    u32,
    usize,
    Duration
);

impl<T> Shown for Hidden<T> {
    fn shown(&self, _: &str) -> String {
        MASK.to_owned()
    }
}

impl Shown for Database {
    fn shown(&self, text: &str) -> String {
        match self {
            Database::Sqlite(_) => text.to_owned(),
            Database::Postgres(_) => masked(text),
        }
    }
}

/// The URL without its password, which may stand before the `@` or among the parameters.
fn masked(url: &str) -> String {
    let (before, parameters) = url.split_once('?').unwrap_or((url, ""));
    let before = match (before.split_once("://"), before.rsplit_once('@')) {
        (Some((scheme, _)), Some((who, place))) => {
            let who = who.split_once("://").map_or(who, |(_, who)| who);
            match who.split_once(':') {
                Some((user, _)) => format!("{scheme}://{user}:{MASK}@{place}"),
                None => before.to_owned(),
            }
        }
        _ => before.to_owned(),
    };
    let hide = |parameter: &str| match parameter.split_once('=') {
        Some((name, _)) if name.to_lowercase().contains("pass") => format!("{name}={MASK}"),
        _ => parameter.to_owned(),
    };
    let parameters: Vec<_> = parameters
        .split('&')
        .filter(|p| !p.is_empty())
        .map(hide)
        .collect();
    match parameters.is_empty() {
        true => before,
        false => format!("{before}?{}", parameters.join("&")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_is_shown_without_its_password() {
        for (url, shown) in [
            (
                "postgres://u:hunter2@localhost:5432/f",
                "postgres://u:***@localhost:5432/f",
            ),
            (
                "postgres://u:hun@ter:2@localhost/f",
                "postgres://u:***@localhost/f",
            ),
            ("postgres://u@localhost/f", "postgres://u@localhost/f"),
            (
                "postgresql:///f?host=/run&password=hunter2",
                "postgresql:///f?host=/run&password=***",
            ),
            (
                "postgres:///f?sslpassword=hunter2",
                "postgres:///f?sslpassword=***",
            ),
        ] {
            assert_eq!(masked(url), shown);
        }
    }

    #[test]
    fn what_is_hidden_is_only_said_to_be_there() {
        assert_eq!(Hidden::new([7; 32]).shown("hunter2"), "***");
    }
}

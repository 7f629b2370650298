//! The form of the first owner as a browser sends it, and what every page has.

use firma_auth::setup;
use firma_testing::{Answer, Server};

pub(crate) const PASSWORD: &str = "correct \"horse\" & battery=staple";
/// What a whole form makes a row in, and nothing else does
const TABLES: [&str; 7] = [
    "users",
    "user_logins",
    "user_credentials",
    "tenants",
    "organizations",
    "memberships",
    "audit_entries",
];

pub(crate) fn counts(server: &Server) -> Vec<i64> {
    let count = |table| server.base.number(&format!("SELECT COUNT(*) FROM {table}"));
    TABLES.into_iter().map(count).collect()
}

/// The token of a link that was made so many seconds ago.
pub(crate) fn token(server: &Server, ago: i64) -> String {
    let now = server.database.sources.clock.now();
    setup::issue(&server.signer.keys.setup, now.plus_seconds(-ago))
}

pub(crate) fn whole(token: &str) -> Vec<(&'static str, String)> {
    vec![
        ("token", token.to_owned()),
        ("name", "Ann O'Lee".to_owned()),
        ("email", "Ann.O'Lee@example.com".to_owned()),
        ("password", PASSWORD.to_owned()),
        ("organization", "Größe & Söhne".to_owned()),
        ("slug", String::new()),
    ]
}

pub(crate) fn with(token: &str, field: &str, value: &str) -> Vec<(&'static str, String)> {
    let mut form = whole(token);
    form.iter_mut().find(|(name, _)| *name == field).unwrap().1 = value.to_owned();
    form
}

fn encoded(form: &[(&str, String)]) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric();
    let value = |text: &str| -> String {
        text.bytes()
            .map(|byte| match plain(byte) {
                true => char::from(byte).to_string(),
                false => format!("%{byte:02X}"),
            })
            .collect()
    };
    let pairs: Vec<_> = form
        .iter()
        .map(|(name, text)| format!("{name}={}", value(text)))
        .collect();
    pairs.join("&")
}

pub(crate) fn send_with(server: &Server, form: &[(&str, String)], headers: &[(&str, &str)]) -> Answer {
    let kind = [("content-type", "application/x-www-form-urlencoded")];
    let headers = [&kind, headers].concat();
    server
        .nobody()
        .send("POST", "/setup", &headers, Some(encoded(form).as_bytes()))
}

pub(crate) fn send(server: &Server, form: &[(&str, String)]) -> Answer {
    send_with(server, form, &[("origin", &server.url)])
}

/// A page of that status, with the headers that all pages have.
#[track_caller]
pub(crate) fn page(answer: Answer, status: u16, says: &str) -> String {
    assert_eq!(answer.status, status, "{}", answer.text);
    assert!(answer.text.contains(says), "no {says:?} in {}", answer.text);
    assert_eq!(
        answer.header("content-security-policy"),
        Some(
            "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; frame-ancestors 'none'; \
             base-uri 'none'"
        )
    );
    for (name, value) in [
        ("content-type", "text/html; charset=utf-8"),
        ("cache-control", "no-store"),
        // Tells no path: the token stands in it.
        ("referrer-policy", "strict-origin"),
        ("x-content-type-options", "nosniff"),
        ("x-frame-options", "DENY"),
    ] {
        assert_eq!(answer.header(name), Some(value), "{name}");
    }
    assert!(answer.header("x-request-id").is_some() && answer.header("set-cookie").is_none());
    let markup = answer.text.to_lowercase();
    for foreign in [
        "<script",
        "<style",
        " style=",
        "src=\"http",
        "href=\"http",
        "=\"//",
    ] {
        assert!(!markup.contains(foreign), "{foreign} in {markup}");
    }
    answer.text
}

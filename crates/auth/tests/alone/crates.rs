//! What the two bring with them into a program.

use crate::cargo;
use std::collections::BTreeSet;

/// A program that takes the domain links fewer crates than this.
const MOST: usize = 40;

/// Of web, database, runtime, clock, randomness or cryptography.
const NEVER: [&str; 22] = [
    "actix",
    "axum",
    "hyper",
    "http",
    "tokio",
    "futures",
    "ureq",
    "reqwest",
    "socket2",
    "mio",
    "diesel",
    "r2d2",
    "sqlx",
    "pq-sys",
    "libsqlite3-sys",
    "getrandom",
    "rand",
    "iana-time-zone",
    "bcrypt",
    "hmac",
    "aws-lc",
    "jsonwebtoken",
];

/// The crates that are linked into a program with `package`; itself is not among them. What only the
/// compiler runs (derive macros) isn't linked.
fn linked(package: &str) -> BTreeSet<String> {
    let tree = [
        "tree",
        "-p",
        package,
        "--no-default-features",
        "-e",
        "normal,no-proc-macro",
    ];
    let printed = cargo(&[&tree[..], &["--prefix", "none", "--format", "{p}"]].concat());
    let names = printed.lines().filter_map(|line| line.split(' ').next());
    names
        .filter(|name| !name.is_empty() && *name != package)
        .map(str::to_owned)
        .collect()
}

#[test]
fn the_domain_brings_few_crates() {
    let linked = linked("firma-domain");
    assert!(
        linked.contains("serde") && linked.contains("validator"),
        "{linked:?}"
    );
    assert!(linked.len() < MOST, "{}: {linked:?}", linked.len());
}

#[test]
fn neither_brings_web_database_clock_or_cryptography() {
    for package in ["firma-domain", "firma-auth"] {
        let linked = linked(package);
        let wrong: Vec<_> = linked
            .iter()
            .filter(|name| NEVER.iter().any(|never| name.starts_with(never)))
            .collect();
        assert!(wrong.is_empty(), "{package}: {wrong:?}");
    }
}

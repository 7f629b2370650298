//! The grid: which crate may know which, and how long a file may be.

use std::fs;
use std::path::{Path, PathBuf};
use toml::Table;

/// Each crate of ours, and those of ours that it may depend on. `testing` is for tests alone and may know all.
const MAY_KNOW: &[(&str, &[&str])] = &[
    ("domain", &[]),
    ("auth", &["domain"]),
    ("persistence", &["auth", "domain"]),
    ("services", &["persistence", "auth", "domain"]),
    ("adapters", &["services", "auth", "domain"]),
    ("http", &["services", "auth", "domain"]),
    ("console", &["http", "services", "auth", "domain"]),
    (
        "app",
        &[
            "adapters",
            "console",
            "http",
            "services",
            "persistence",
            "auth",
            "domain",
        ],
    ),
    ("migrate", &["adapters", "persistence", "domain"]),
];

/// Whole families of others' crates that a crate keeps away from.
const KEEPS_AWAY: &[(&str, &[&str])] = &[
    (
        "domain",
        &[
            "diesel",
            "r2d2",
            "pq-sys",
            "libsqlite3-sys",
            "actix",
            "tokio",
            "ureq",
            "futures",
        ],
    ),
    (
        "auth",
        &[
            "diesel",
            "r2d2",
            "pq-sys",
            "libsqlite3-sys",
            "actix",
            "tokio",
            "ureq",
            "futures",
        ],
    ),
    ("persistence", &["actix", "ureq"]),
    (
        "services",
        &["diesel", "r2d2", "pq-sys", "libsqlite3-sys", "actix", "ureq"],
    ),
    ("http", &["diesel", "r2d2", "pq-sys", "libsqlite3-sys", "ureq"]),
    ("console", &["diesel", "r2d2", "pq-sys", "libsqlite3-sys", "ureq"]),
];

const LONGEST: usize = 400;

fn crates() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn folders(of: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(of).unwrap().map(|entry| entry.unwrap().path());
    let mut folders: Vec<_> = entries.filter(|path| path.is_dir()).collect();
    folders.sort();
    folders
}

fn allowed(table: &'static [(&str, &[&str])], name: &str) -> Option<&'static [&'static str]> {
    table
        .iter()
        .find(|(known, _)| *known == name)
        .map(|(_, allowed)| *allowed)
}

/// What a crate is built with, other than for its tests: also for one platform or for the build script.
fn dependencies(manifest: &Table) -> Vec<String> {
    let tables = ["dependencies", "build-dependencies"];
    let per_platform = manifest.get("target").and_then(|value| value.as_table());
    let platforms = per_platform
        .into_iter()
        .flat_map(|t| t.values())
        .filter_map(|value| value.as_table());
    std::iter::once(manifest)
        .chain(platforms)
        .flat_map(|from| tables.iter().filter_map(|name| from.get(*name)?.as_table()))
        .flatten()
        .map(|(name, value)| {
            let renamed = value.as_table().and_then(|value| value.get("package")?.as_str());
            renamed.unwrap_or(name).to_owned()
        })
        .collect()
}

#[test]
fn a_crate_knows_only_what_stands_above_it() {
    let mut wrong = Vec::new();
    for folder in folders(&crates()) {
        let name = folder.file_name().unwrap().to_str().unwrap().to_owned();
        let text = fs::read_to_string(folder.join("Cargo.toml")).unwrap();
        let dependencies = dependencies(&text.parse().unwrap());
        let Some(may_know) = allowed(MAY_KNOW, &name) else {
            if name != "testing" {
                wrong.push(format!("{name} is not in the grid"));
            }
            continue;
        };
        let keeps_away = allowed(KEEPS_AWAY, &name).unwrap_or_default();
        for dependency in &dependencies {
            let is_wrong = match dependency.strip_prefix("firma-") {
                Some(ours) => !may_know.contains(&ours),
                None => {
                    dependency == "firma" || keeps_away.iter().any(|family| dependency.starts_with(family))
                }
            };
            if is_wrong {
                wrong.push(format!("{name} may not depend on {dependency}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn every_crate_of_the_grid_is_there() {
    let there: Vec<_> = folders(&crates());
    for (name, _) in MAY_KNOW {
        assert!(there.iter().any(|folder| folder.ends_with(name)), "{name}");
    }
}

#[test]
fn an_edge_is_found_however_it_is_written() {
    let manifest: Table = "[dependencies]\nours = { package = \"firma-http\", path = \"../http\" }\n\
                           [target.'cfg(unix)'.dependencies]\ndiesel_migrations = \"2\"\n\
                           [build-dependencies]\nactix-web = \"4\"\n[dev-dependencies]\ntokio = \"1\"\n"
        .parse()
        .unwrap();
    let mut found = dependencies(&manifest);
    found.sort();
    assert_eq!(found, ["actix-web", "diesel_migrations", "firma-http"]);
}

fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}

#[test]
fn no_file_is_too_long_to_be_read() {
    let mut files = Vec::new();
    for folder in folders(&crates()) {
        sources(&folder.join("src"), &mut files);
    }
    assert!(files.len() > 100, "{}", files.len());
    let lines = |path: &PathBuf| fs::read_to_string(path).unwrap().lines().count();
    let long: Vec<_> = files.iter().filter(|path| lines(path) > LONGEST).collect();
    assert!(long.is_empty(), "more than {LONGEST} lines: {long:#?}");
}

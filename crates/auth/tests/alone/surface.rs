//! The public surface of both crates stands in a file each, so that a change of it is seen by who makes
//! it and by who reviews it. `scripts/checks/api --update` writes the files.

use crate::{cargo_with, root};
use std::path::PathBuf;

/// Set by the script.
const UPDATE: &str = "FIRMA_UPDATE_API";

/// A line for each public item, sorted: paths, kinds, signatures, fields, variants, implemented traits.
fn surface(package: &str) -> String {
    let rustdoc = root().join("scripts/lib/rustdoc");
    cargo_with(
        &[("RUSTDOC", rustdoc.to_str().unwrap())],
        &[
            "rustdoc",
            "-p",
            package,
            "--lib",
            "--",
            "-Z",
            "unstable-options",
            "--output-format",
            "json",
        ],
    );
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| "target".into(), PathBuf::from);
    let json = format!("doc/{}.json", package.replace('-', "_"));
    let json = root().join(target).join(json);
    let lines = |derived: bool| -> Vec<String> {
        let surface = public_api::Builder::from_rustdoc_json(&json)
            .sorted(true)
            .omit_blanket_impls(true)
            .omit_auto_trait_impls(true)
            .omit_auto_derived_impls(!derived);
        let items = surface.build().unwrap().into_items();
        items.map(|item| item.to_string() + "\n").collect()
    };
    // Of what is derived, that it is says enough.
    let written = lines(false);
    let all = lines(true).into_iter();
    all.filter(|line| line.starts_with("impl") || written.contains(line))
        .collect()
}

fn compare(package: &str, folder: &str) {
    let now = surface(package);
    assert!(now.lines().count() > 100, "{now}");
    let file = root().join("crates").join(folder).join("api.txt");
    if std::env::var_os(UPDATE).is_some() {
        return std::fs::write(file, now).unwrap();
    }
    let before = std::fs::read_to_string(file).unwrap();
    let only = |of: &str, other: &str, mark: &str| -> Vec<String> {
        let lines = of
            .lines()
            .filter(|line| !other.lines().any(|known| known == *line));
        lines.map(|line| format!("{mark} {line}")).collect()
    };
    let changed = [only(&before, &now, "-"), only(&now, &before, "+")].concat();
    assert!(
        now == before,
        "the public surface of {package} changed; if it has to, scripts/checks/api --update:\n{}",
        changed.join("\n")
    );
}

#[test]
fn the_surface_of_the_domain_is_what_it_was() {
    compare("firma-domain", "domain");
}

#[test]
fn the_surface_of_auth_is_what_it_was() {
    compare("firma-auth", "auth");
}

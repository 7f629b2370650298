//! The domain, and the decision without cryptography, as another program would take them: built by
//! themselves, run, counted, and their public surface compared with what it was.

#![allow(clippy::unwrap_used, clippy::expect_used)]

mod crates;
mod examples;
mod surface;

use std::path::{Path, PathBuf};
use std::process::Command;

/// The repository's folder.
fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// What cargo prints, if it went well.
#[track_caller]
fn cargo(arguments: &[&str]) -> String {
    cargo_with(&[], arguments)
}

/// The same with more in its environment.
#[track_caller]
fn cargo_with(environment: &[(&str, &str)], arguments: &[&str]) -> String {
    let mut command = Command::new(env!("CARGO"));
    command.current_dir(root()).arg("--locked").args(arguments);
    let ran = command.envs(environment.iter().copied()).output().unwrap();
    let said = String::from_utf8_lossy(&ran.stderr);
    assert!(ran.status.success(), "cargo {}:\n{said}", arguments.join(" "));
    String::from_utf8(ran.stdout).unwrap()
}

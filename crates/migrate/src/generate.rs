//! A new migration: a folder of the same name for each database, with what it does and what takes it back.

use firma_domain::Instant;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

const DATABASES: [&str; 2] = ["postgres", "sqlite"];

/// The files that were made. The name sorts behind all that are there.
pub(crate) fn generate(folder: &Path, name: &str, now: Instant) -> Result<Vec<PathBuf>, String> {
    let is_plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
    if name.is_empty() || !name.chars().all(is_plain) {
        return Err(format!("{name:?}: a name has small letters, digits and _"));
    }
    let told = |path: &Path, error: io::Error| format!("{}: {error}", path.display());
    let mut last = String::new();
    for database in DATABASES {
        let path = folder.join(database);
        for entry in fs::read_dir(&path).map_err(|e| told(&path, e))? {
            let entry = entry.map_err(|e| told(&path, e))?;
            let name = entry.file_name().to_string_lossy().into_owned();
            if name.starts_with(|c: char| c.is_ascii_digit()) {
                last = last.max(name);
            }
        }
    }
    let version = next(&last, now);
    let mut made = Vec::new();
    for database in DATABASES {
        let path = folder.join(database).join(format!("{version}_{name}"));
        fs::create_dir(&path).map_err(|e| told(&path, e))?;
        for (file, what) in [("up.sql", "What it does."), ("down.sql", "What takes it back.")] {
            let file = path.join(file);
            fs::write(&file, format!("-- {what}\n")).map_err(|e| told(&file, e))?;
            made.push(file);
        }
    }
    Ok(made)
}

/// Today's first, or the one after the last where that is of today or later: `2026-11-28-000001`.
fn next(last: &str, now: Instant) -> String {
    let today = now.to_chrono().format("%Y-%m-%d").to_string();
    let known = last
        .split('_')
        .next()
        .and_then(|version| version.rsplit_once('-'));
    match known {
        Some((day, number)) if today.as_str() <= day => {
            let number = number.parse::<u32>().unwrap_or(0);
            format!("{day}-{:06}", number + 1)
        }
        _ => format!("{today}-000001"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_next_is_todays_first_or_the_one_after_the_last() {
        let now = Instant::from_micros(1_764_288_000_000_000).unwrap();
        for (last, expected) in [
            ("", "2025-11-28-000001"),
            ("2025-11-27-000009_x", "2025-11-28-000001"),
            ("2025-11-28-000009_x_2", "2025-11-28-000010"),
            ("2025-12-01-000001_x", "2025-12-01-000002"),
        ] {
            assert_eq!(next(last, now), expected, "{last}");
        }
    }
}

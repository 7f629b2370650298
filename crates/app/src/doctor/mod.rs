//! Looks at everything that an installation rests on. Each line says ok, or what to do; nothing is changed.

mod backups;
mod database;
mod machine;
mod rows;

use crate::cli::Output;
use crate::config::Config;
use crate::exit::{Ended, UNWELL};
use serde::Serialize;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
enum State {
    Ok,
    /// Worth knowing, and no fault
    Note,
    Wrong,
}

/// One line.
#[derive(Debug, Serialize)]
struct Check {
    check: String,
    state: State,
    found: String,
    /// What to do
    remedy: Option<String>,
}

impl Check {
    fn new(check: impl Into<String>, state: State, found: impl Into<String>) -> Check {
        Check {
            check: check.into(),
            state,
            found: found.into(),
            remedy: None,
        }
    }
    fn ok(check: impl Into<String>, found: impl Into<String>) -> Check {
        Check::new(check, State::Ok, found)
    }
    fn note(check: impl Into<String>, found: impl Into<String>) -> Check {
        Check::new(check, State::Note, found)
    }
    fn wrong(check: impl Into<String>, found: impl Into<String>, remedy: impl Into<String>) -> Check {
        Check {
            remedy: Some(remedy.into()),
            ..Check::new(check, State::Wrong, found)
        }
    }

    fn line(&self) -> String {
        let mark = match self.state {
            State::Ok => "ok   ",
            State::Note => "note ",
            State::Wrong => "WRONG",
        };
        let remedy = self.remedy.iter().map(|remedy| format!("\n      do: {remedy}"));
        format!(
            "{mark} {}: {}{}",
            self.check,
            self.found,
            remedy.collect::<String>()
        )
    }
}

pub(crate) fn run(config: &Config, output: &Output, warnings: &[String]) -> Result<(), Ended> {
    let mut checks = machine::checks(config, warnings);
    checks.extend(database::checks(config));
    checks.extend(backups::checks(config));
    let well = checks.iter().all(|check| check.state != State::Wrong);
    if output.json {
        crate::say_json(&serde_json::json!({"ok": well, "checks": checks}))?;
    } else {
        crate::say(checks.iter().map(Check::line).collect::<Vec<_>>().join("\n"));
    }
    if well { Ok(()) } else { Err(Ended::Found(UNWELL)) }
}

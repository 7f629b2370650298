use crate::entity::Entity;
use crate::spelled;
use crate::value::{Id, Instant};
use serde::{Deserialize, Serialize};
use validator::Validate;

spelled! {
    /// In which way something went wrong on our side.
    ErrorKind {
        /// A call was answered with 500
        Answer = "ANSWER",
        /// The code panicked
        Panic = "PANIC",
        /// An attempt at a job broke
        Job = "JOB",
        /// A job was given up after its last attempt
        DeadLetter = "DEAD_LETTER",
    }
}

spelled! {
    /// Whether somebody has looked after it.
    ErrorState {
        /// It has come since it was last resolved, if it ever was
        Open = "OPEN",
        /// It was resolved and hasn't come again
        Resolved = "RESOLVED",
    }
}

/// Internal errors that are the same but for when they came: of one kind, at one place, with one message.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Validate)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct InternalError {
    /// What makes them the same: a digest of kind, place and message
    pub fingerprint: String,
    /// In which way it went wrong
    pub kind: ErrorKind,
    /// Where: method and route, a line of the code, or the kind of a job
    pub place: String,
    /// What was said, without ids, numbers and what stood in quotes
    pub message: String,
    /// Whether somebody has looked after it
    pub state: ErrorState,
    /// How often it came
    pub occurrences: i64,
    /// When it first came
    pub first_at: Instant,
    /// When it last came
    pub last_at: Instant,
    /// Under which id the last one stands in the server's log: that of a request, or of a job
    #[serde(default)]
    pub last_request_id: Option<String>,
    /// The route of the last one, where it was a call
    #[serde(default)]
    pub route: Option<String>,
    /// The version of the binary in which it last came
    pub binary_version: String,
    /// When it was resolved
    #[serde(default)]
    pub resolved_at: Option<Instant>,
    /// By whom: a user's id
    #[serde(default)]
    pub resolved_by: Option<Id>,
}

impl Entity for InternalError {
    const NAME: &'static str = "internal_error";
    const COLLECTION: &'static str = "errors";
}

/// The most characters of a message.
const LONGEST: usize = 300;
/// A word of so many letters and digits is a token, whatever it says.
const TOKEN: usize = 24;

/// A message without what differs from one time to the next or is somebody's: what stands in quotes is `?`, a word
/// with a digit `#`, an address, a query or a token `?`. One line, at most 300 characters.
pub fn normalised(message: &str) -> String {
    let mut unquoted = String::new();
    let mut rest = message.chars();
    let mut before = ' ';
    while let Some(c) = rest.next() {
        let is_open = match c {
            '"' | '`' | '\u{201c}' | '\u{201e}' | '\u{ab}' => true,
            // Else it is an apostrophe.
            '\'' | '\u{2018}' => !before.is_alphanumeric(),
            _ => false,
        };
        before = c;
        if !is_open {
            unquoted.push(c);
            continue;
        }
        unquoted.push('?');
        let ends = match c {
            '\u{201c}' | '\u{201e}' => ['\u{201d}', '\u{201c}'],
            '\u{ab}' => ['\u{bb}'; 2],
            '\u{2018}' => ['\u{2019}'; 2],
            same => [same; 2],
        };
        let mut escaped = false;
        for inside in rest.by_ref() {
            match inside {
                _ if escaped => escaped = false,
                '\\' => escaped = true,
                end if ends.contains(&end) => break,
                _ => {}
            }
        }
    }
    let words = unquoted
        .split(|c: char| c.is_whitespace() || c.is_control())
        .filter(|word| !word.is_empty());
    let words: Vec<_> = words.map(of_word).collect();
    words.join(" ").chars().take(LONGEST).collect()
}

/// A word with the signs around it.
fn of_word(word: &str) -> String {
    let has_at = word.contains('@');
    let longest = word.split(|c: char| !c.is_alphanumeric()).map(str::len).max();
    if has_at || longest.is_some_and(|letters| letters >= TOKEN) {
        return "?".into();
    }
    if let Some((before, _)) = word.split_once('?').filter(|(_, after)| after.contains('=')) {
        return format!("{}?", of_word(before));
    }
    // In `id=(7)` and `a-7:b` each run of letters and digits by itself; ids are such runs between hyphens.
    let mut said = String::new();
    let mut run = String::new();
    for c in without_ids(word).chars().map(Some).chain([None]) {
        match c {
            Some(c) if c.is_alphanumeric() || c == '_' => run.push(c),
            other => {
                let has_digit = run.contains(|c: char| c.is_ascii_digit());
                said.push_str(if has_digit { "#" } else { &run });
                run.clear();
                said.extend(other);
            }
        }
    }
    // The parts of an id, or of a number with signs in it.
    while let Some(at) = ["#-#", "#.#", "#:#", "##"]
        .iter()
        .find_map(|pair| said.find(pair).map(|at| (at, pair.len())))
    {
        said.replace_range(at.0..at.0 + at.1, "#");
    }
    said
}

/// UUIDs as `#`: a part of one may be letters alone.
fn without_ids(word: &str) -> String {
    let is_id = |text: &str| {
        let at = |(n, c): (usize, char)| match n {
            8 | 13 | 18 | 23 => c == '-',
            _ => c.is_ascii_hexdigit(),
        };
        text.chars().enumerate().all(at)
    };
    let mut word = word.to_owned();
    let begins = |word: &str| {
        let mut places = word.char_indices().map(|(at, _)| at);
        places.find(|at| word.get(*at..at + 36).is_some_and(is_id))
    };
    while let Some(at) = begins(&word) {
        word.replace_range(at..at + 36, "#");
    }
    word
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_differs_from_time_to_time_goes() {
        for (said, kept) in [
            (
                "index out of bounds: the len is 3 but the index is 7",
                "index out of bounds: the len is # but the index is #",
            ),
            (
                "relation \"companies\" does not exist",
                "relation ? does not exist",
            ),
            ("no such table: companies", "no such table: companies"),
            ("row 0198f2aa-7c11-7d6e-9a55-0242ac120002 is off", "row # is off"),
            ("id=abcdefab-abcd-abcd-abcd-abcdefabcdef;", "id=#;"),
            ("it wasn't 'a b' and can't be", "it wasn't ? and can't be"),
            ("it said \"a \\\" b\" and ended", "it said ? and ended"),
            ("at 2026-01-31T10:00:00.5Z, v1.2.3", "at #, #"),
            (
                "GET https://x.example/a?token=abc failed",
                "GET https://x.example/a? failed",
            ),
            ("mail for Ann.O'Hara@firm.example: refused", "mail for ? refused"),
            ("key sk_live_abcdefghijklmnopqrstuvwxyz", "key ?"),
            ("Key (email)=(a@b.c) exists", "Key ? exists"),
            ("two\nlines\tand  blanks", "two lines and blanks"),
            ("an open \"quote that never ends", "an open ?"),
            ("it\u{2019}s \u{201e}Grün\u{201c} now", "it\u{2019}s ? now"),
        ] {
            assert_eq!(normalised(said), kept);
        }
        assert_eq!(normalised(&"ab ".repeat(1_000)).chars().count(), LONGEST);
        assert_eq!(normalised(""), "");
    }

    #[test]
    fn what_is_normalised_stays_so() {
        for said in ["row 7 of \"x\" at a@b.c", "id=(7) is 'y'", "a?b=c"] {
            let once = normalised(said);
            assert_eq!(normalised(&once), once);
        }
    }
}

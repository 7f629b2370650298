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

    fn verb(before: &Self, after: &Self) -> &'static str {
        match (before.state, after.state) {
            (ErrorState::Open, ErrorState::Resolved) => "resolved",
            _ => "updated",
        }
    }
}

/// The most characters of a message.
const LONGEST: usize = 300;
/// So many letters, digits and signs of base64 in a row are a token, whatever they say.
const TOKEN: usize = 24;

/// A message without what differs from one time to the next or is somebody's: what stands in quotes, in parentheses or
/// behind a `=` is `?`, a word with a digit `#`, an address, a query or a token `?`. One line, at most 300 characters.
pub fn normalised(message: &str) -> String {
    let bare = without_values(&without_queries(&unquoted(message)));
    let words = bare
        .split(|c: char| c.is_whitespace() || c.is_control())
        .filter(|word| !word.is_empty());
    let words: Vec<_> = words.map(of_word).collect();
    words.join(" ").chars().take(LONGEST).collect()
}

fn unquoted(message: &str) -> String {
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
    unquoted
}

/// Words up to a `?` that has something behind it; one in parentheses is a mark of ours.
fn without_queries(message: &str) -> String {
    let cut = |word: &str| {
        let mut marks = word.match_indices('?').map(|(at, _)| word.split_at(at));
        let query =
            marks.find(|(before, rest)| !before.ends_with('(') && rest.contains(char::is_alphanumeric));
        query.map_or_else(|| word.to_owned(), |(before, _)| format!("{before}?"))
    };
    // Lines stay apart: a value ends with its own.
    let lines = message.lines().map(|line| {
        line.split(char::is_whitespace)
            .map(cut)
            .collect::<Vec<_>>()
            .join(" ")
    });
    lines.collect::<Vec<_>>().join("\n")
}

/// What stands in parentheses, and behind a `=` up to a comma, a semicolon or the end of the line, as `?`: a value may
/// be several words.
fn without_values(message: &str) -> String {
    let mut bare = String::new();
    let mut depth = 0_usize;
    let mut is_value = false;
    for c in message.chars() {
        match c {
            '(' => {
                if depth == 0 && !is_value {
                    bare.push_str("(?)");
                }
                depth += 1;
            }
            ')' if depth > 0 => depth -= 1,
            _ if depth > 0 => {}
            ',' | ';' | '\n' => {
                is_value = false;
                bare.push(c);
            }
            _ if is_value => {}
            '=' => {
                is_value = true;
                bare.push_str("=?");
            }
            _ => bare.push(c),
        }
    }
    bare
}

/// A word with the signs around it.
fn of_word(word: &str) -> String {
    // Encoded it may be anything, an `@` too.
    let is_encoded = word
        .split('%')
        .skip(1)
        .any(|rest| rest.len() >= 2 && rest.bytes().take(2).all(|c| c.is_ascii_hexdigit()));
    if word.contains('@') || is_encoded {
        return "?".into();
    }
    let word = &without_ids(word);
    if has_token(word) {
        return "?".into();
    }
    // In `a-7:b` each run of letters and digits by itself; ids are such runs between hyphens.
    let mut said = String::new();
    let mut run = String::new();
    for c in word.chars().map(Some).chain([None]) {
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

/// Whether there is a long run of letters and digits in it; one with hyphens or underscores is only a name where it has
/// neither digits nor capitals.
fn has_token(word: &str) -> bool {
    let is_long = |run: &str| run.chars().count() >= TOKEN;
    let is_random = |run: &str| run.contains(|c: char| c.is_numeric() || c.is_uppercase());
    word.split(|c: char| !c.is_alphanumeric()).any(is_long)
        || word
            .split(|c: char| !c.is_alphanumeric() && !"-_+".contains(c))
            .any(|run| is_long(run) && is_random(run))
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
            ("at abcdefab-abcd-abcd-abcd-abcdefabcdef;", "at #;"),
            ("it wasn't 'a b' and can't be", "it wasn't ? and can't be"),
            ("it said \"a \\\" b\" and ended", "it said ? and ended"),
            ("at 2026-01-31T10:00:00.5Z, v1.2.3", "at #, #"),
            (
                "GET https://x.example/a?token=abc failed",
                "GET https://x.example/a? failed",
            ),
            ("mail for Ann.O'Hara@firm.example: refused", "mail for ? refused"),
            ("key sk_live_abcdefghijklmnopqrstuvwxyz", "key ?"),
            ("Key (email)=(a@b.c) exists", "Key (?)=?"),
            ("name=(Ann Smith) (at) home", "name=?"),
            ("of (Ann (called Annie) Smith) in it", "of (?) in it"),
            (
                "name = Ann Smith, town=Nice; it is off",
                "name =?, town=?; it is off",
            ),
            ("an open (Ann Smith", "an open (?)"),
            ("GET /x/ann%40firm.example failed", "GET ? failed"),
            ("100% of it", "#% of it"),
            ("token mF_9.B5f-4.1JqM_dGhpcyBp-cyBh_dG9r-ZW4x off", "token ? off"),
            ("bad aBcDeFg-hIjKlMn_oPqRsTuVwXyZ here", "bad ? here"),
            (
                "the idempotency-key-of-this-call is off",
                "the idempotency-key-of-this-call is off",
            ),
            (
                "GET https://x.example/a?Ann-Smith failed",
                "GET https://x.example/a? failed",
            ),
            ("is it? yes", "is it? yes"),
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
        for said in [
            "row 7 of \"x\" at a@b.c",
            "id=(7) is 'y'",
            "a?b=c",
            "'a'b, (c)d; e=f (g",
            "x (a) y",
        ] {
            let once = normalised(said);
            assert_eq!(normalised(&once), once);
        }
    }
}

//! What a command says to whoever runs it.

use std::io::{ErrorKind, Write};
use std::sync::OnceLock;

/// Why something that was said is lost: the first time that happened.
static LOST: OnceLock<String> = OnceLock::new();

/// Writes a line to standard output.
pub fn say(line: &str) {
    match writeln!(std::io::stdout(), "{line}") {
        // Who reads no further, as `head` does, has what it wants.
        Err(error) if error.kind() != ErrorKind::BrokenPipe => {
            LOST.get_or_init(|| format!("standard output: {error}"));
        }
        _ => {}
    }
}

/// Whether all that was said arrived.
///
/// # Errors
/// Why it didn't: the disk is full, for one.
pub fn unsaid() -> Result<(), String> {
    LOST.get().cloned().map_or(Ok(()), Err)
}

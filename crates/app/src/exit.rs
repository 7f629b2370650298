//! How a command ends, for scripts.

/// It failed; why stands on standard error.
pub(crate) const FAILED: u8 = 1;
/// The command line or the configuration is wrong. clap ends with it too.
pub(crate) const USAGE: u8 = 2;
/// `doctor` found something.
pub(crate) const UNWELL: u8 = 3;
/// The audit log isn't whole, or what came back from a backup isn't what went in.
pub(crate) const IN_DOUBT: u8 = 4;
/// The file was read, and some rows of it were refused.
pub(crate) const SOME_REFUSED: u8 = 5;

pub(crate) const HELP: &str = "Exit codes:\n  \
    0  done\n  \
    1  it failed; why stands on standard error\n  \
    2  the command line or the configuration is wrong\n  \
    3  doctor found something\n  \
    4  the audit log is not whole (audit, purge-organization, restore, backup --prove)\n  \
    5  some rows were refused (import)";

/// Why a command ended otherwise than well.
pub(crate) enum Ended {
    /// With words for who called it
    Failed(String),
    /// The same with another code than [`FAILED`]
    With(u8, String),
    /// What it found it has printed already
    Found(u8),
}

impl From<String> for Ended {
    fn from(what: String) -> Ended {
        Ended::Failed(what)
    }
}

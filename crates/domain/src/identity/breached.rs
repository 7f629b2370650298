use std::io;

/// Passwords that were found in breaches, as somebody else collected them.
pub trait BreachedPasswords: Send + Sync {
    /// Whether the password, as it is typed, is one of them.
    ///
    /// # Errors
    /// The collection can't be read.
    fn has(&self, password: &str) -> io::Result<bool>;
}

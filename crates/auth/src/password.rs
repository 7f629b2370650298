//! Passwords: bcrypt over base64(SHA-256(NFC)), so that nothing of a long one is cut off.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use unicode_normalization::UnicodeNormalization;

/// The fewest characters of a password, without a second factor.
pub const MIN_LENGTH: usize = 15;
/// The most characters that are read.
pub const MAX_LENGTH: usize = 1_000;

/// Why a password is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Weak {
    /// Fewer than [`MIN_LENGTH`] characters.
    #[error("has to be at least {MIN_LENGTH} characters long")]
    Short,
    /// More than [`MAX_LENGTH`] characters.
    #[error("has to be at most {MAX_LENGTH} characters long")]
    Long,
}

/// Whether a new password is good enough.
///
/// # Errors
/// Says in which way it is not.
pub fn check(password: &str) -> Result<(), Weak> {
    match password.chars().count() {
        n if n < MIN_LENGTH => Err(Weak::Short),
        n if n > MAX_LENGTH => Err(Weak::Long),
        _ => Ok(()),
    }
}

fn prepared(password: &str) -> String {
    let normal: String = password.nfc().collect();
    STANDARD.encode(crate::keys::sha256(normal.as_bytes()))
}

/// The bcrypt hash of `password` with a random `salt`. Slow on purpose: about 0.25 s at cost 12.
///
/// # Errors
/// Only for a cost outside bcrypt's 4 to 31.
pub fn hash(password: &str, cost: u32, salt: [u8; 16]) -> Result<String, bcrypt::BcryptError> {
    bcrypt::hash_with_salt(prepared(password), cost, salt).map(|parts| parts.to_string())
}

/// Whether `password` is the one that `hash` was made of. As slow as [`hash`].
pub fn verify(password: &str, hash: &str) -> bool {
    bcrypt::verify(prepared(password), hash).unwrap_or(false)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_cut_off_and_both_ways_to_write_a_letter_are_one() {
        let long = "é".repeat(100);
        let hashed = hash(&long, 4, [7; 16]).unwrap();
        assert!(verify(&"e\u{301}".repeat(100), &hashed));
        assert!(!verify(&format!("{long}x"), &hashed));
        assert!(!verify(&long, "no hash"));
    }
}

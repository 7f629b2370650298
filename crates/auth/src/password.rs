//! Passwords: bcrypt over base64(SHA-256(NFC)), so that nothing of a long one is cut off.

use crate::common;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use unicode_normalization::UnicodeNormalization;

/// The fewest characters of a password, without a second factor.
pub const MIN_LENGTH: usize = 15;
/// The fewest beside a second factor.
pub const MIN_BESIDE_FACTOR: usize = 8;
/// The most characters that are read.
pub const MAX_LENGTH: usize = 1_000;

/// Why a password is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Weak {
    /// Fewer than [`MIN_LENGTH`] characters.
    #[error("has to be at least {MIN_LENGTH} characters long")]
    Short,
    /// Fewer than [`MIN_BESIDE_FACTOR`] characters.
    #[error("has to be at least {MIN_BESIDE_FACTOR} characters long")]
    ShortBesideFactor,
    /// More than [`MAX_LENGTH`] characters.
    #[error("has to be at most {MAX_LENGTH} characters long")]
    Long,
    /// One that everybody tries first, or that is made of such ones and of what is known of the user.
    #[error("is one of those that are tried first, or made of them, of your name or your e-mail")]
    Common,
}

impl Weak {
    /// How it is written.
    pub const fn code(self) -> &'static str {
        match self {
            Weak::Short | Weak::ShortBesideFactor => "short",
            Weak::Long => "long",
            Weak::Common => "common",
        }
    }
}

/// Whether a new password is good enough to stand alone. `about` is what is known of its user: name, e-mail and such.
///
/// # Errors
/// Says in which way it is not.
pub fn check(password: &str, about: &[&str]) -> Result<(), Weak> {
    match stands_alone(password) {
        true => check_beside_factor(password, about),
        false => Err(Weak::Short),
    }
}

/// Whether a new password is good enough beside a second factor; `about` as for [`check`].
///
/// # Errors
/// Says in which way it is not.
pub fn check_beside_factor(password: &str, about: &[&str]) -> Result<(), Weak> {
    match password.chars().count() {
        n if n < MIN_BESIDE_FACTOR => Err(Weak::ShortBesideFactor),
        n if n > MAX_LENGTH => Err(Weak::Long),
        _ if common::is_common(password, about) => Err(Weak::Common),
        _ => Ok(()),
    }
}

/// Whether a password is long enough without a second factor.
pub fn stands_alone(password: &str) -> bool {
    password.chars().count() >= MIN_LENGTH
}

/// Whether a hash was made with another cost than `cost`.
pub fn is_outdated(hash: &str, cost: u32) -> bool {
    // $2b$12$…
    let found = hash.split('$').nth(2).and_then(|cost| cost.parse::<u32>().ok());
    found != Some(cost)
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
        assert!(!is_outdated(&hashed, 4) && is_outdated(&hashed, 5) && is_outdated("no hash", 4));
    }

    #[test]
    fn a_new_password_is_long_and_not_what_everybody_tries() {
        assert_eq!(check("fourteen chars", &[]), Err(Weak::Short));
        assert_eq!(check("fifteen letters", &[]), Ok(()));
        assert_eq!(check_beside_factor("eight ch", &[]), Ok(()));
        assert_eq!(check_beside_factor("seven c", &[]), Err(Weak::ShortBesideFactor));
        assert_eq!(check_beside_factor("Password1", &[]), Err(Weak::Common));
        assert_eq!(check("passwordpassword", &[]), Err(Weak::Common));
        // Counted as people count: letters, not bytes.
        assert_eq!(check(&"ж".repeat(14), &[]), Err(Weak::Short));
        assert_eq!(check("密码很长而且没有人会猜到它真的", &[]), Ok(()));
        assert_eq!(check(&"ab c".repeat(251), &[]), Err(Weak::Long));
    }
}

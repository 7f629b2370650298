//! What is signed to be proved much later: HMAC-SHA-256, with the id of its key, by which that is found again
//! after the secret was changed.
//!
//! The text is `1.KEY.MARK`: a version, the key's id, and the mark in base64.

use crate::keys::Key;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

const VERSION: &str = "1";

/// Why a signature proves nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Unproved {
    /// It was made with a secret that is neither the current nor the previous one
    #[error("was signed with a secret that is not known here")]
    UnknownKey,
    /// It isn't a signature of ours, or not of this message
    #[error("was forged")]
    Forged,
}

/// The signature of a message.
pub fn sign(key: &Key, message: &[u8]) -> String {
    let mark = URL_SAFE_NO_PAD.encode(key.current.hmac(message));
    format!("{VERSION}.{}.{mark}", key.current.id)
}

/// Whether a signature is this key's, or the previous one's, of the message; compared in constant time.
///
/// # Errors
/// It isn't.
pub fn check(key: &Key, message: &[u8], signature: &str) -> Result<(), Unproved> {
    use subtle::ConstantTimeEq;
    let (id, mark) = parts(signature).ok_or(Unproved::Forged)?;
    let known = key.all().find(|key| key.id == id).ok_or(Unproved::UnknownKey)?;
    let mark = URL_SAFE_NO_PAD.decode(mark).map_err(|_| Unproved::Forged)?;
    match bool::from(known.hmac(message).ct_eq(mark.as_slice())) {
        true => Ok(()),
        false => Err(Unproved::Forged),
    }
}

/// Whether a signature was made with the current secret.
pub fn is_current(key: &Key, signature: &str) -> bool {
    parts(signature).is_some_and(|(id, _)| id == key.current.id)
}

fn parts(signature: &str) -> Option<(&str, &str)> {
    let (id, mark) = signature
        .strip_prefix(VERSION)?
        .strip_prefix('.')?
        .split_once('.')?;
    Some((id, mark))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::keys::Keys;

    #[test]
    fn a_signature_is_of_one_message_and_one_key() {
        let keys = Keys::derive(&[1; 32]);
        let signature = sign(&keys.audit, b"one");
        assert_eq!(check(&keys.audit, b"one", &signature), Ok(()));
        assert_eq!(check(&keys.audit, b"two", &signature), Err(Unproved::Forged));
        assert_eq!(check(&keys.cursor, b"one", &signature), Err(Unproved::UnknownKey));
        let named = signature.replace(&keys.audit.current.id, &keys.cursor.current.id);
        assert_eq!(check(&keys.cursor, b"one", &named), Err(Unproved::Forged));
        let cut = signature.get(..signature.len() - 2).unwrap();
        for bad in ["", "1", "1.", "1..", "2.x.y", cut, &format!("{signature}A")] {
            assert!(check(&keys.audit, b"one", bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn it_stays_good_while_its_secret_is_known() {
        let (before, after) = (Keys::derive(&[1; 32]), Keys::derive(&[2; 32]));
        let both = Keys::rotated(&[2; 32], Some(&[1; 32]));
        let signature = sign(&before.audit, b"x");
        assert_eq!(check(&both.audit, b"x", &signature), Ok(()));
        assert!(!is_current(&both.audit, &signature));
        assert_eq!(check(&after.audit, b"x", &signature), Err(Unproved::UnknownKey));
        assert!(is_current(&both.audit, &sign(&both.audit, b"x")));
    }
}

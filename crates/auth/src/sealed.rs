//! What is stored encrypted: XChaCha20-Poly1305, bound to its table, column and row, with the id of its key.
//!
//! The text is `1.KEY.BYTES`: a version, the key's id, and in base64 24 random bytes before what was encrypted.

use crate::keys::{Bytes, Key};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chacha20poly1305::aead::{Aead, Payload};
use chacha20poly1305::{KeyInit, XChaCha20Poly1305, XNonce};
use firma_domain::Id;
use firma_domain::source::Entropy;

const VERSION: &str = "1";
const NONCE: usize = 24;

/// Where a sealed text stands. One that was moved to another place doesn't open.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place<'a> {
    /// The table
    pub table: &'a str,
    /// The column
    pub column: &'a str,
    /// The row's id
    pub row: Id,
}

/// Why a sealed text doesn't open.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Unsealable {
    /// It isn't of our form
    #[error("is not a sealed text")]
    Malformed,
    /// It was sealed with a secret that is neither the current nor the previous one
    #[error("was sealed with a secret that is not known here")]
    UnknownKey,
    /// It was changed, or belongs to another row or column
    #[error("was changed, or stands in another place")]
    Changed,
}

impl Place<'_> {
    /// A zero byte ends each name, so that no two places are written alike.
    fn written(&self) -> Vec<u8> {
        let names = [self.table.as_bytes(), &[0], self.column.as_bytes(), &[0]].concat();
        [names.as_slice(), self.row.as_bytes()].concat()
    }
}

/// The text to be stored at `place`; `None` only if encrypting itself fails.
pub fn seal(key: &Key, place: Place<'_>, plain: &[u8], entropy: &dyn Entropy) -> Option<String> {
    let mut nonce = [0; NONCE];
    entropy.fill(&mut nonce);
    let payload = Payload {
        msg: plain,
        aad: &place.written(),
    };
    let cipher = XChaCha20Poly1305::new(&key.current.bytes.into());
    let sealed = cipher.encrypt(&XNonce::from(nonce), payload).ok()?;
    let bytes = URL_SAFE_NO_PAD.encode([nonce.as_slice(), &sealed].concat());
    Some(format!("{VERSION}.{}.{bytes}", key.current.id))
}

/// What was sealed.
///
/// # Errors
/// It isn't ours, or it stands where it wasn't sealed for.
pub fn open(key: &Key, place: Place<'_>, text: &str) -> Result<Vec<u8>, Unsealable> {
    let (id, bytes) = parts(text).ok_or(Unsealable::Malformed)?;
    let known: &Bytes = key.all().find(|key| key.id == id).ok_or(Unsealable::UnknownKey)?;
    let bytes = URL_SAFE_NO_PAD.decode(bytes).map_err(|_| Unsealable::Malformed)?;
    let (nonce, sealed) = bytes.split_first_chunk::<NONCE>().ok_or(Unsealable::Malformed)?;
    let payload = Payload {
        msg: sealed,
        aad: &place.written(),
    };
    XChaCha20Poly1305::new(&known.bytes.into())
        .decrypt(&XNonce::from(*nonce), payload)
        .map_err(|_| Unsealable::Changed)
}

/// The same under the current key, where it was sealed with the previous one; `None` where it is already.
///
/// # Errors
/// As those of [`open`].
pub fn reseal(
    key: &Key,
    place: Place<'_>,
    text: &str,
    entropy: &dyn Entropy,
) -> Result<Option<String>, Unsealable> {
    let plain = open(key, place, text)?;
    let is_current = parts(text).is_some_and(|(id, _)| id == key.current.id);
    match is_current {
        true => Ok(None),
        // That encrypting fails is no more than thinkable; then the text stays what it is.
        false => seal(key, place, &plain, entropy)
            .map(Some)
            .ok_or(Unsealable::Malformed),
    }
}

fn parts(text: &str) -> Option<(&str, &str)> {
    text.strip_prefix(VERSION)?.strip_prefix('.')?.split_once('.')
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::keys::Keys;
    use std::sync::atomic::{AtomicU8, Ordering};

    struct Counting(AtomicU8);
    impl Entropy for Counting {
        fn fill(&self, bytes: &mut [u8]) {
            bytes.fill(self.0.fetch_add(1, Ordering::Relaxed));
        }
    }

    const HERE: Place<'static> = Place {
        table: "factors",
        column: "secret",
        row: Id::fixed(1, 1),
    };

    #[test]
    fn opens_where_it_was_sealed_and_nowhere_else() {
        let (ours, other) = (Keys::derive(&[1; 32]), Keys::derive(&[2; 32]));
        let entropy = Counting(AtomicU8::new(1));
        let text = seal(&ours.sealing, HERE, b"a secret", &entropy).unwrap();
        assert!(!text.contains("secret"));
        assert_eq!(open(&ours.sealing, HERE, &text).unwrap(), b"a secret");
        let moved = [
            Place {
                row: Id::fixed(1, 2),
                ..HERE
            },
            Place {
                column: "codes",
                ..HERE
            },
            Place {
                table: "factor",
                column: "ssecret",
                ..HERE
            },
            Place {
                table: "accounts",
                ..HERE
            },
        ];
        for place in moved {
            assert_eq!(
                open(&ours.sealing, place, &text),
                Err(Unsealable::Changed),
                "{place:?}"
            );
        }
        assert_eq!(open(&other.sealing, HERE, &text), Err(Unsealable::UnknownKey));
        assert_eq!(open(&ours.access, HERE, &text), Err(Unsealable::UnknownKey));
        let again = seal(&ours.sealing, HERE, b"a secret", &entropy).unwrap();
        assert_ne!(text, again, "the same twice looks different");
    }

    #[test]
    fn a_letter_that_is_changed_is_noticed() {
        let ours = Keys::derive(&[1; 32]);
        let text = seal(&ours.sealing, HERE, b"a secret", &Counting(AtomicU8::new(1))).unwrap();
        for n in 0..text.len() {
            let mut changed = text.clone().into_bytes();
            changed[n] = if changed[n] == b'A' { b'B' } else { b'A' };
            let changed = String::from_utf8(changed).unwrap();
            assert!(open(&ours.sealing, HERE, &changed).is_err(), "{changed}");
        }
        let id = &ours.sealing.current.id;
        for none in [
            "",
            "1",
            "1.",
            "a secret",
            &format!("1.{id}."),
            &format!("1.{id}.AAAA"),
            &format!("2{}", &text[1..]),
        ] {
            assert!(open(&ours.sealing, HERE, none).is_err(), "{none}");
        }
    }

    #[test]
    fn a_new_secret_opens_the_old_text_and_seals_it_anew() {
        let before = Keys::derive(&[1; 32]);
        let both = Keys::rotated(&[2; 32], Some(&[1; 32]));
        let after = Keys::derive(&[2; 32]);
        let entropy = Counting(AtomicU8::new(1));
        let old = seal(&before.sealing, HERE, b"a secret", &entropy).unwrap();
        assert_eq!(open(&both.sealing, HERE, &old).unwrap(), b"a secret");
        assert_eq!(open(&after.sealing, HERE, &old), Err(Unsealable::UnknownKey));
        let new = reseal(&both.sealing, HERE, &old, &entropy).unwrap().unwrap();
        assert_eq!(open(&after.sealing, HERE, &new).unwrap(), b"a secret");
        assert_eq!(reseal(&both.sealing, HERE, &new, &entropy), Ok(None));
        let moved = Place {
            row: Id::fixed(1, 2),
            ..HERE
        };
        assert_eq!(
            reseal(&both.sealing, moved, &old, &entropy),
            Err(Unsealable::Changed)
        );
    }
}

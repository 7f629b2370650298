//! The keys that are derived from the root secret: HKDF-SHA-256, one label each, so that none tells another.
//! Each has an id, by which what was made with it finds it again after the secret was changed.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};

/// 32 bytes, and the id that names them: 8 letters, the same wherever the same secret is.
#[derive(Clone)]
pub(crate) struct Bytes {
    pub(crate) id: String,
    pub(crate) bytes: [u8; 32],
}

/// A key for one purpose: what is made is made with the current one, what was made with the previous one is still
/// accepted. Never shown.
#[derive(Clone)]
pub struct Key {
    pub(crate) current: Bytes,
    pub(crate) previous: Option<Bytes>,
}

impl std::fmt::Debug for Key {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Key(…)")
    }
}

/// All keys of an installation.
#[derive(Debug, Clone)]
pub struct Keys {
    /// Signs access tokens
    pub access: Key,
    /// Marks refresh tokens as ours
    pub refresh: Key,
    /// Marks the token by which a page of ours proves itself beside a cookie
    pub csrf: Key,
    /// Signs cursors of lists
    pub cursor: Key,
    /// Signs the link to the page that makes the first owner
    pub setup: Key,
    /// Marks a device as known to a user
    pub device: Key,
    /// Marks a sign-in that lacks its second factor
    pub challenge: Key,
    /// Keeps apart what is counted of wrong guesses
    pub guesses: Key,
    /// Makes what a sign-in at a provider has to show of its state
    pub provider: Key,
    /// Makes what a DNS record has to say to prove a domain
    pub domain: Key,
    /// Encrypts what is stored encrypted
    pub sealing: Key,
    /// Signs what is left of an audit log where it was cut
    pub audit: Key,
}

impl Keys {
    /// Derives them from the root secret.
    pub fn derive(root: &[u8; 32]) -> Keys {
        Keys::rotated(root, None)
    }

    /// The same, where the secret was another one before.
    pub fn rotated(root: &[u8; 32], previous: Option<&[u8; 32]>) -> Keys {
        let previous = previous.filter(|previous| *previous != root);
        let key = |label: &str| Key {
            current: Bytes::derive(root, label),
            previous: previous.map(|previous| Bytes::derive(previous, label)),
        };
        Keys {
            access: key("access-token 1"),
            refresh: key("refresh-token 1"),
            csrf: key("csrf-token 1"),
            cursor: key("cursor 1"),
            setup: key("setup-link 1"),
            device: key("device 1"),
            challenge: key("second-factor 1"),
            guesses: key("guesses 1"),
            provider: key("provider 1"),
            domain: key("domain-proof 1"),
            sealing: key("sealed 1"),
            audit: key("audit-checkpoint 1"),
        }
    }
}

impl Bytes {
    fn derive(root: &[u8; 32], label: &str) -> Bytes {
        let mut bytes = [0u8; 32];
        // 32 bytes are far below what HKDF can give, so that expanding can't fail.
        let expanded = hkdf::Hkdf::<Sha256>::new(Some(b"firma"), root).expand(label.as_bytes(), &mut bytes);
        debug_assert!(expanded.is_ok());
        let mut unnamed = Bytes {
            id: String::new(),
            bytes,
        };
        let [a, b, c, d, e, f, ..] = unnamed.mark(b"key id");
        unnamed.id = URL_SAFE_NO_PAD.encode([a, b, c, d, e, f]);
        unnamed
    }

    fn mark(&self, message: &[u8]) -> [u8; 16] {
        let mut mark = [0u8; 16];
        for (to, from) in mark.iter_mut().zip(self.hmac(message)) {
            *to = from;
        }
        mark
    }

    /// All of HMAC-SHA-256.
    pub(crate) fn hmac(&self, message: &[u8]) -> [u8; 32] {
        // HMAC takes keys of any length, so that making one can't fail.
        let mac = Hmac::<Sha256>::new_from_slice(&self.bytes);
        debug_assert!(mac.is_ok());
        mac.map(|mac| mac.chain_update(message).finalize().into_bytes().into())
            .unwrap_or_default()
    }
}

impl Key {
    /// The current one, then the previous one.
    pub(crate) fn all(&self) -> impl Iterator<Item = &Bytes> {
        std::iter::once(&self.current).chain(&self.previous)
    }

    /// The first 16 bytes of HMAC-SHA-256 over `message`: a mark that only this key makes.
    pub fn mark(&self, message: &[u8]) -> [u8; 16] {
        self.current.mark(message)
    }

    /// Whether `mark` is this key's mark of `message`, or the previous one's, compared in constant time.
    pub fn verify(&self, message: &[u8], mark: &[u8]) -> bool {
        use subtle::ConstantTimeEq;
        self.all().any(|key| bool::from(key.mark(message).ct_eq(mark)))
    }
}

/// SHA-256.
pub fn sha256(bytes: &[u8]) -> [u8; 32] {
    Sha256::digest(bytes).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_marked_before_the_secret_changed_is_still_ours() {
        let (before, after) = (Keys::derive(&[1; 32]), Keys::derive(&[2; 32]));
        let both = Keys::rotated(&[2; 32], Some(&[1; 32]));
        let mark = before.cursor.mark(b"x");
        assert!(both.cursor.verify(b"x", &mark) && !after.cursor.verify(b"x", &mark));
        assert_eq!(both.cursor.mark(b"x"), after.cursor.mark(b"x"));
        assert!(!both.cursor.verify(b"y", &mark) && !both.refresh.verify(b"x", &mark));
        let same = Keys::rotated(&[2; 32], Some(&[2; 32]));
        assert!(same.cursor.previous.is_none());
    }

    #[test]
    fn each_key_has_an_id_of_its_own_that_stays() {
        let keys = Keys::derive(&[1; 32]);
        let all = |keys: &Keys| {
            let of = |key: &Key| key.current.id.clone();
            [
                of(&keys.access),
                of(&keys.refresh),
                of(&keys.csrf),
                of(&keys.cursor),
                of(&keys.setup),
                of(&keys.device),
                of(&keys.challenge),
                of(&keys.guesses),
                of(&keys.provider),
                of(&keys.domain),
                of(&keys.sealing),
                of(&keys.audit),
            ]
        };
        let ids = all(&keys);
        assert_eq!(ids, all(&Keys::derive(&[1; 32])));
        let other = all(&Keys::derive(&[2; 32]));
        let distinct: std::collections::HashSet<_> = ids.iter().chain(&other).collect();
        assert_eq!(distinct.len(), 2 * ids.len());
        assert!(ids.iter().all(|id| id.len() == 8));
    }
}

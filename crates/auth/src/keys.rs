//! The keys that are derived from the root secret: HKDF-SHA-256, one label each, so that none tells another.

use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};

/// A key of 32 bytes for one purpose. Never shown.
#[derive(Clone)]
pub struct Key([u8; 32]);

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
    /// Signs cursors of lists
    pub cursor: Key,
    /// Signs the link to the page that makes the first owner
    pub setup: Key,
}

impl Keys {
    /// Derives them from the root secret.
    pub fn derive(root: &[u8; 32]) -> Keys {
        let key = |label: &str| {
            let mut bytes = [0u8; 32];
            // 32 bytes are far below what HKDF can give, so that expanding can't fail.
            let expanded =
                hkdf::Hkdf::<Sha256>::new(Some(b"firma"), root).expand(label.as_bytes(), &mut bytes);
            debug_assert!(expanded.is_ok());
            Key(bytes)
        };
        Keys {
            access: key("access-token 1"),
            refresh: key("refresh-token 1"),
            cursor: key("cursor 1"),
            setup: key("setup-link 1"),
        }
    }
}

impl Key {
    pub(crate) fn bytes(&self) -> &[u8] {
        &self.0
    }

    /// The first 16 bytes of HMAC-SHA-256 over `message`: a mark that only this key makes.
    pub fn mark(&self, message: &[u8]) -> [u8; 16] {
        let mut mark = [0u8; 16];
        if let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(&self.0) {
            mac.update(message);
            for (to, from) in mark.iter_mut().zip(mac.finalize().into_bytes()) {
                *to = from;
            }
        }
        mark
    }

    /// Whether `mark` is this key's mark of `message`, compared in constant time.
    pub fn verify(&self, message: &[u8], mark: &[u8]) -> bool {
        use subtle::ConstantTimeEq;
        bool::from(self.mark(message).ct_eq(mark))
    }
}

/// SHA-256.
pub fn sha256(bytes: &[u8]) -> [u8; 32] {
    Sha256::digest(bytes).into()
}

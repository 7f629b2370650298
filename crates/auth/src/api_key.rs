//! API keys as programs send them: `firma_<prefix>_<secret>`. The prefix names the key, the secret proves it.
//!
//! The secret has 256 random bits, so what is stored is its SHA-256: nobody finds by trying what has that many bits,
//! however fast each try is. bcrypt is slow on purpose, which protects what people choose, and would cost every call
//! a quarter of a second here.

use crate::keys::sha256;
use subtle::ConstantTimeEq;
use totp_rs::Secret;

/// What every key begins with, so that it is known where it lies about.
pub const MARK: &str = "firma_";
/// The random bytes of a key: of its prefix, and of its secret.
pub const RANDOM: usize = PREFIX + 32;
const PREFIX: usize = 8;
const PREFIX_LETTERS: usize = 13;
const SECRET_LETTERS: usize = 52;
/// The letters behind the secret tell a slip of the pen without a look into the database. They prove nothing.
const CHECK_LETTERS: usize = 8;

/// A key that was made, or that somebody sent.
pub struct ApiKeyToken {
    /// What it is found by: 13 of `a-z` and `2-7`
    pub prefix: String,
    hash: [u8; 32],
}

impl ApiKeyToken {
    /// A new one, as it is shown, once.
    pub fn issue(random: &[u8; RANDOM]) -> (String, ApiKeyToken) {
        let (prefix, secret) = random.split_at(PREFIX);
        let said = format!("{MARK}{}_{}", letters(prefix), letters(secret));
        let text = format!("{said}{}", check(&said));
        let token = ApiKeyToken {
            prefix: letters(prefix),
            hash: sha256(text.as_bytes()),
        };
        (text, token)
    }

    /// Whether a token claims to be one.
    pub fn is_one(text: &str) -> bool {
        text.starts_with(MARK)
    }

    /// Reads one that somebody sent; `None` if it has not the form, or was mistyped.
    pub fn read(text: &str) -> Option<ApiKeyToken> {
        let (prefix, secret) = text.strip_prefix(MARK)?.split_once('_')?;
        let is_written = |part: &str, length: usize| {
            part.len() == length && part.bytes().all(|b| matches!(b, b'a'..=b'z' | b'2'..=b'7'))
        };
        if !is_written(prefix, PREFIX_LETTERS) || !is_written(secret, SECRET_LETTERS + CHECK_LETTERS) {
            return None;
        }
        let (said, given) = text.split_at_checked(text.len() - CHECK_LETTERS)?;
        (check(said) == given).then(|| ApiKeyToken {
            prefix: prefix.to_owned(),
            hash: sha256(text.as_bytes()),
        })
    }

    /// What is stored of it: SHA-256 of the whole key.
    pub fn hash(&self) -> [u8; 32] {
        self.hash
    }

    /// Whether it is the key of a stored hash. How long it takes tells nothing.
    pub fn is(&self, hash: &[u8]) -> bool {
        self.hash.as_slice().ct_eq(hash).into()
    }
}

fn letters(bytes: &[u8]) -> String {
    let mut letters = Secret::new(bytes.to_vec().into_boxed_slice()).to_base32();
    letters.make_ascii_lowercase();
    letters
}

fn check(said: &str) -> String {
    let mut check = letters(&sha256(said.as_bytes()));
    check.truncate(CHECK_LETTERS);
    check
}

#[cfg(test)]
mod tests {
    use super::*;

    fn random() -> [u8; RANDOM] {
        std::array::from_fn(|n| u8::try_from(n * 6).unwrap())
    }

    #[test]
    fn a_key_names_itself_and_proves_itself() {
        let (text, token) = ApiKeyToken::issue(&random());
        assert_eq!(text.len(), 80);
        assert!(text.starts_with(&format!("firma_{}_", token.prefix)) && ApiKeyToken::is_one(&text));
        let read = ApiKeyToken::read(&text).unwrap();
        assert_eq!((&read.prefix, read.hash()), (&token.prefix, token.hash()));
        assert!(read.is(&token.hash()) && !read.is(&[0; 32]) && !read.is(&[]));
        // The same prefix with another secret is another key.
        let mut other = random();
        other[RANDOM - 1] ^= 1;
        let (text, other) = ApiKeyToken::issue(&other);
        assert_eq!(other.prefix, token.prefix);
        assert!(!ApiKeyToken::read(&text).unwrap().is(&token.hash()));
    }

    #[test]
    fn a_slip_is_seen() {
        let (text, _) = ApiKeyToken::issue(&random());
        for n in 0..text.len() {
            let mut changed = text.clone().into_bytes();
            changed[n] = if changed[n] == b'a' { b'b' } else { b'a' };
            let changed = String::from_utf8(changed).unwrap();
            assert!(ApiKeyToken::read(&changed).is_none(), "{changed}");
        }
        for none in [
            "",
            MARK,
            "firma__",
            &text[1..],
            &text[..79],
            &format!("{text}a"),
            &format!("{text} "),
            &text.to_uppercase(),
            &"é".repeat(40),
        ] {
            assert!(ApiKeyToken::read(none).is_none(), "{none}");
        }
    }
}

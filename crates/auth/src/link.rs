//! The token in a link of a mail: whose it is, and 32 random bytes. The user stands in front, so that the row it is
//! kept in is found behind that user's own fence.

use crate::keys::sha256;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use firma_domain::Id;

/// A token that was read, or made.
pub struct LinkToken {
    /// The user, or who is to become one by it
    pub user: Id,
    /// SHA-256 of the whole token: what is stored
    pub hash: [u8; 32],
}

impl LinkToken {
    /// A new one, as the mail shows it: 64 letters.
    pub fn issue(user: Id, random: &[u8; 32]) -> (String, LinkToken) {
        let text = URL_SAFE_NO_PAD.encode([user.as_bytes().as_slice(), random].concat());
        let hash = sha256(text.as_bytes());
        (text, LinkToken { user, hash })
    }

    /// Reads one that somebody sent; `None` if it has not the form.
    pub fn read(text: &str) -> Option<LinkToken> {
        if text.len() != 64 {
            return None;
        }
        let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
        let user = bytes.first_chunk::<16>()?;
        Some(LinkToken {
            user: Id::from_bytes(*user),
            hash: sha256(text.as_bytes()),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_its_user_and_hides_the_rest() {
        let user = Id::fixed(1, 2);
        let (text, token) = LinkToken::issue(user, &[7; 32]);
        let read = LinkToken::read(&text).unwrap();
        assert_eq!((text.len(), read.user, read.hash), (64, user, token.hash));
        assert_ne!(LinkToken::issue(user, &[8; 32]).1.hash, token.hash);
        for none in [
            "",
            "x",
            &text[1..],
            &format!("{text}A"),
            &"%".repeat(64),
            &"é".repeat(32),
        ] {
            assert!(LinkToken::read(none).is_none(), "{none}");
        }
    }
}

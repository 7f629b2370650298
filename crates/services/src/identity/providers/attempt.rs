//! One sign-in at a provider. All of its secrets follow from its state, by a key of ours: so none is stored, and who
//! reads the state in an address can't make them.

use super::super::sessions::Signer;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use firma_auth::keys::{Key, sha256};
use firma_domain::Instant;
use firma_domain::identity::Attempt;

/// How long one may take, in seconds.
pub(super) const LIFE: i64 = 600;

/// 32 random bytes as 43 letters.
pub(super) fn random(signer: &Signer) -> String {
    let mut bytes = [0; 32];
    signer.entropy.fill(&mut bytes);
    URL_SAFE_NO_PAD.encode(bytes)
}

/// What is stored of a state, and of a proof.
pub(super) fn digest(text: &str) -> [u8; 32] {
    sha256(text.as_bytes())
}

/// The attempt of a state.
pub(super) fn attempt(key: &Key, state: &str, redirect_uri: &str, fresh_since: Option<Instant>) -> Attempt {
    let mark = |what: &str| key.mark(format!("{what} {state}").as_bytes());
    let verifier = [mark("verifier 1"), mark("verifier 2")].concat();
    Attempt {
        state: state.to_owned(),
        nonce: URL_SAFE_NO_PAD.encode(mark("nonce")),
        verifier: URL_SAFE_NO_PAD.encode(verifier),
        redirect_uri: redirect_uri.to_owned(),
        fresh_since,
    }
}

/// The 32 bytes of a challenge: the SHA-256 of a verifier, in base64url (RFC 7636).
pub(super) fn challenge(text: &str) -> Option<[u8; 32]> {
    URL_SAFE_NO_PAD.decode(text).ok()?.try_into().ok()
}

/// Whether it has the form of what [`random`] gives.
pub(super) fn is_random(text: &str) -> bool {
    challenge(text).is_some()
}

/// An address with one more parameter.
pub(super) fn with(to: &str, name: &str, value: &str) -> String {
    let glue = if to.contains('?') { '&' } else { '?' };
    format!("{to}{glue}{name}={}", encoded(value))
}

/// As it may stand in an address.
pub(super) fn encoded(text: &str) -> String {
    let mut all = String::new();
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => all.push(char::from(byte)),
            _ => all.push_str(&format!("%{byte:02X}")),
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;
    use firma_auth::keys::Keys;

    #[test]
    fn what_an_attempt_shows_follows_from_its_state_and_our_key() {
        let (ours, other) = (Keys::derive(&[1; 32]), Keys::derive(&[2; 32]));
        let of = |keys: &Keys, state: &str| {
            let attempt = attempt(&keys.provider, state, "https://a.example/callback", None);
            (attempt.nonce, attempt.verifier)
        };
        let (nonce, verifier) = of(&ours, "state");
        assert_eq!((nonce.len(), verifier.len()), (22, 43));
        assert_eq!(of(&ours, "state"), (nonce.clone(), verifier.clone()));
        for (another_nonce, another_verifier) in [of(&ours, "other"), of(&other, "state")] {
            assert!(another_nonce != nonce && another_verifier != verifier);
        }
        assert_ne!(verifier[..21], verifier[22..]);
    }

    #[test]
    fn a_challenge_is_a_digest() {
        // The example of RFC 7636, appendix B.
        let verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
        assert_eq!(
            challenge("E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"),
            Some(digest(verifier))
        );
        for wrong in [
            "",
            "x",
            "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM=",
            &"A".repeat(44),
        ] {
            assert_eq!(challenge(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn a_parameter_stays_one() {
        assert_eq!(
            with("http://a/b", "code", "a&b=c d#é"),
            "http://a/b?code=a%26b%3Dc%20d%23%C3%A9"
        );
        assert_eq!(with("http://a/b?c", "d", "e~"), "http://a/b?c&d=e~");
    }
}

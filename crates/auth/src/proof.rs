//! What a client keeps as a proof: that a device is known to a user, or that a sign-in is half done. Nothing of it
//! is stored here; each kind has a key of its own.

use crate::keys::Key;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use firma_domain::{Id, Instant};

/// How long a device is known for after its last sign-in, in seconds: 90 days.
pub const DEVICE_LIFE: i64 = 90 * 86_400;
/// How long the second step of a sign-in may take, in seconds.
pub const CHALLENGE_LIFE: i64 = 300;
/// So many seconds the clocks of two servers may differ.
const SKEW: i64 = 60;

/// A proof for a user.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Proof {
    /// Whose it is
    pub user: Id,
    /// The device, or the sign-in
    pub id: Id,
    /// When it was made, in seconds since 1970
    pub issued: i64,
}

impl Proof {
    /// As the client gets it.
    pub fn write(&self, key: &Key) -> String {
        let issued = self.issued.to_be_bytes();
        let said = [self.user.as_bytes().as_slice(), self.id.as_bytes(), &issued].concat();
        URL_SAFE_NO_PAD.encode([said.as_slice(), &key.mark(&said)].concat())
    }

    /// Reads one that a client sent; `None` if it isn't of this key, or older than `life` seconds.
    pub fn read(text: &str, key: &Key, now: Instant, life: i64) -> Option<Proof> {
        if text.len() > 100 {
            return None;
        }
        let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
        let (said, mark) = bytes.split_at_checked(40)?;
        if mark.len() != 16 || !key.verify(said, mark) {
            return None;
        }
        let id = |part: Option<&[u8]>| -> Option<Id> { Some(Id::from_bytes(part?.try_into().ok()?)) };
        let issued = i64::from_be_bytes(said.get(32..40)?.try_into().ok()?);
        let age = now.seconds().saturating_sub(issued);
        (-SKEW..life).contains(&age).then_some(Proof {
            user: id(said.get(0..16))?,
            id: id(said.get(16..32))?,
            issued,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::keys::Keys;

    #[test]
    fn is_good_for_its_key_and_its_time() {
        let (ours, other) = (Keys::derive(&[1; 32]), Keys::derive(&[2; 32]));
        let now = Instant::from_micros(1_700_000_000_000_000).unwrap();
        let proof = Proof {
            user: Id::fixed(1, 1),
            id: Id::fixed(1, 2),
            issued: now.seconds(),
        };
        let text = proof.write(&ours.device);
        let read = |key: &Key, seconds: i64| Proof::read(&text, key, now.plus_seconds(seconds), 300);
        assert_eq!(read(&ours.device, 0), Some(proof));
        assert_eq!(read(&ours.device, 299), Some(proof));
        assert_eq!(read(&ours.device, 300), None);
        assert_eq!(read(&ours.device, -SKEW - 1), None);
        assert_eq!(read(&ours.challenge, 0), None);
        assert_eq!(read(&other.device, 0), None);
        for n in 0..text.len() {
            let mut changed = text.clone().into_bytes();
            changed[n] = if changed[n] == b'A' { b'B' } else { b'A' };
            let changed = String::from_utf8(changed).unwrap();
            assert_eq!(Proof::read(&changed, &ours.device, now, 300), None, "{changed}");
        }
    }
}

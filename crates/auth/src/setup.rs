//! The token of the link that makes the first owner: until when it holds, and a mark that only this installation
//! makes. No table keeps it: once there is an owner no token is good for anything.

use crate::keys::Key;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use firma_domain::Instant;

/// How long a link holds, in seconds: a day.
pub const LIFETIME: i64 = 86_400;

/// Why a token is not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refused {
    /// We never made it
    Unknown,
    /// It held until now
    Expired,
}

/// The token of a link that is made `now`.
pub fn issue(key: &Key, now: Instant) -> String {
    let end = now.plus_seconds(LIFETIME).seconds().to_be_bytes();
    URL_SAFE_NO_PAD.encode([end.as_slice(), &key.mark(&end)].concat())
}

/// Whether a token holds `now`.
///
/// # Errors
/// It is none of ours, or no longer.
pub fn check(key: &Key, token: &str, now: Instant) -> Result<(), Refused> {
    let bytes = URL_SAFE_NO_PAD.decode(token).map_err(|_| Refused::Unknown)?;
    let (end, mark) = bytes.split_first_chunk::<8>().ok_or(Refused::Unknown)?;
    if !key.verify(end, mark) {
        return Err(Refused::Unknown);
    }
    if now.seconds() >= i64::from_be_bytes(*end) {
        return Err(Refused::Expired);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::keys::Keys;

    #[test]
    fn holds_for_a_day_and_only_as_it_was_made() {
        let (ours, other) = (Keys::derive(&[1; 32]), Keys::derive(&[2; 32]));
        let now = Instant::from_micros(1_700_000_000_000_000).unwrap();
        let token = issue(&ours.setup, now);
        let at = |seconds: i64| check(&ours.setup, &token, now.plus_seconds(seconds));
        assert_eq!((at(0), at(LIFETIME - 1)), (Ok(()), Ok(())));
        assert_eq!(at(LIFETIME), Err(Refused::Expired));
        assert_eq!(check(&other.setup, &token, now), Err(Refused::Unknown));
        assert_eq!(check(&ours.cursor, &token, now), Err(Refused::Unknown));
        for n in 0..token.len() {
            let mut changed = token.clone().into_bytes();
            changed[n] = if changed[n] == b'A' { b'B' } else { b'A' };
            let changed = String::from_utf8(changed).unwrap();
            assert_eq!(
                check(&ours.setup, &changed, now),
                Err(Refused::Unknown),
                "{changed}"
            );
        }
        for none in ["", "AAAA", "AAAAAAAAAAA", &format!("{token}AAAA"), &token[..20]] {
            assert_eq!(check(&ours.setup, none, now), Err(Refused::Unknown), "{none}");
        }
    }
}

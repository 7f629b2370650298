//! The second factor: one-time codes by time (RFC 6238: SHA-1, 6 digits, 30 seconds), and codes to recover.

use crate::keys::sha256;
use firma_domain::{Id, Instant};
use totp_rs::{Builder, Secret, Totp};

/// How many recovery codes there are.
pub const RECOVERY_CODES: usize = 10;
/// The bytes of a secret.
pub const SECRET: usize = 20;
/// The random bytes of a recovery code: so many that a plain hash of it can't be tried out.
pub const RECOVERY: usize = 15;
/// So many steps a clock may be wrong, in both directions.
const STEPS: u16 = 1;
const ISSUER: &str = "Firma";

/// The secret that an authenticator and this installation share.
pub struct Authenticator(Totp);

impl Authenticator {
    /// Of these bytes. `None` if they are too few.
    pub fn of(secret: &[u8]) -> Option<Authenticator> {
        Authenticator::named(secret, "firma")
    }

    /// The same with the account's name, as the authenticator shows it. `None` also for a name with a colon.
    pub fn named(secret: &[u8], account: &str) -> Option<Authenticator> {
        let secret = Secret::new(secret.to_vec().into_boxed_slice());
        let builder = Builder::new()
            .with_secret(secret)
            .with_skew(STEPS)
            .with_account_name(account)
            .with_issuer(Some(ISSUER));
        builder.build().ok().map(Authenticator)
    }

    /// The secret, to be typed: base32.
    pub fn secret(&self) -> String {
        self.0.secret().to_base32()
    }

    /// The same as `otpauth://…`, to be shown as a picture. `None` only if it can't be written.
    pub fn uri(&self) -> Option<String> {
        self.0.to_url().ok()
    }

    /// The step of which `code` is the code, at most one away from `now`.
    pub fn step_of(&self, code: &str, now: Instant) -> Option<i64> {
        let is_code = code.len() == 6 && code.bytes().all(|b| b.is_ascii_digit());
        let seconds = u64::try_from(now.seconds()).ok()?;
        let step = is_code.then(|| self.0.check(code, seconds)).flatten()?;
        i64::try_from(step).ok()
    }
}

/// A recovery code as its user gets it: six groups of four letters, 120 bits.
pub fn recovery_code(random: [u8; RECOVERY]) -> String {
    let letters = Secret::new(random.to_vec().into_boxed_slice()).to_base32();
    let groups: Vec<String> = letters
        .chars()
        .collect::<Vec<_>>()
        .chunks(4)
        .map(|group| group.iter().collect())
        .collect();
    groups.join("-")
}

/// What is stored of a recovery code, however it is typed. It has too many bits to be found by trying.
pub fn recovery_hash(user: Id, code: &str) -> [u8; 32] {
    let letters = code.chars().filter(char::is_ascii_alphanumeric).take(64);
    let plain: String = letters.map(|c| c.to_ascii_uppercase()).collect();
    sha256(&[user.as_bytes().as_slice(), plain.as_bytes()].concat())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gives_the_codes_of_the_standard() {
        // RFC 6238, appendix B: the last six of the eight digits.
        let ours = Authenticator::of(b"12345678901234567890").unwrap();
        for (seconds, code) in [
            (59, "287082"),
            (1_111_111_109, "081804"),
            (1_234_567_890, "005924"),
            (2_000_000_000, "279037"),
        ] {
            let now = Instant::from_micros(seconds * 1_000_000).unwrap();
            let at = |away: i64| ours.step_of(code, now.plus_seconds(away));
            assert_eq!(at(0), Some(seconds / 30), "{code}");
            assert_eq!((at(30), at(-30)), (at(0), at(0)));
            assert_eq!((at(61), at(-61)), (None, None));
        }
        let now = Instant::from_micros(59_000_000).unwrap();
        for none in [
            "",
            "28708",
            "2870820",
            "28708x",
            "287 082",
            "２８７０８２",
            " 287082",
        ] {
            assert_eq!(ours.step_of(none, now), None, "{none}");
        }
        assert!(Authenticator::of(b"short").is_none());
    }

    #[test]
    fn an_authenticator_is_told_whose_it_is() {
        let named = Authenticator::named(&[7; SECRET], "ann@firma.example").unwrap();
        let uri = named.uri().unwrap();
        assert!(
            uri.starts_with("otpauth://totp/Firma:ann%40firma.example?"),
            "{uri}"
        );
        assert!(
            uri.contains(&format!("secret={}", named.secret())) && uri.contains("issuer=Firma"),
            "{uri}"
        );
    }

    #[test]
    fn a_recovery_code_is_read_as_it_is_typed() {
        let (code, user) = (recovery_code([9; RECOVERY]), Id::fixed(1, 1));
        assert_eq!((code.len(), code.matches('-').count()), (29, 5));
        let typed = code.to_lowercase().replace('-', " ");
        assert_eq!(recovery_hash(user, &typed), recovery_hash(user, &code));
        assert_ne!(recovery_hash(Id::fixed(1, 2), &code), recovery_hash(user, &code));
        assert_ne!(recovery_hash(user, &code[1..]), recovery_hash(user, &code));
    }
}

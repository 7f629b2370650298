use crate::spelled;

spelled! {
    /// Where wrong guesses are counted.
    Guessed {
        /// At an account, by whoever isn't known there
        Account = "account",
        /// From an address
        Address = "address",
        /// On a device that is known
        Device = "device",
        /// At the second factor of an account
        Factor = "factor",
        /// In a session, where the password is given again
        Session = "session",
    }
}

/// So many wrong guesses without a quiet hour are worth a warning.
pub const MANY: i32 = 10;
/// After so many quiet seconds the counting begins anew.
pub const QUIET: i64 = 3_600;
/// The longest wait, in seconds.
pub const LONGEST_WAIT: i64 = 900;

impl Guessed {
    /// Seconds until the next try, after so many wrong ones: none at first, then 1, 2, 4 and so on, up to a quarter
    /// of an hour. Behind one address there may be a whole office, so it gets more for nothing.
    pub fn delay(self, failures: i32) -> i64 {
        let free = match self {
            Guessed::Address => 20,
            _ => 5,
        };
        match u32::try_from(failures.saturating_sub(free)) {
            Ok(beyond) => 1i64
                .checked_shl(beyond.min(10))
                .unwrap_or(LONGEST_WAIT)
                .min(LONGEST_WAIT),
            Err(_) => 0,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_wrong_guess_costs_twice_the_one_before() {
        let waits: Vec<_> = (1..=10).map(|n| Guessed::Account.delay(n)).collect();
        assert_eq!(waits, [0, 0, 0, 0, 1, 2, 4, 8, 16, 32]);
        assert_eq!((Guessed::Address.delay(19), Guessed::Address.delay(20)), (0, 1));
        for guessed in Guessed::ALL {
            assert_eq!(guessed.delay(i32::MAX), LONGEST_WAIT);
            assert!((1..2_000).all(|n| guessed.delay(n) <= guessed.delay(n + 1)));
        }
    }
}

//! Guessing: where wrong ones are counted, and how long one has to wait.

use super::sessions::{Signer, about};
use crate::refusal::Refusal;
use firma_domain::Id;
use firma_domain::identity::{Guessed, MANY, QUIET, SecurityKind};
use firma_persistence::Tx;

/// A place where wrong guesses are counted: its kind, and a mark by which only this installation knows it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Count {
    guessed: Guessed,
    subject: [u8; 16],
}

/// The places at which one call guesses.
#[derive(Debug, Clone, Default)]
pub(super) struct Counts(Vec<Count>);

impl Counts {
    /// At an account, known or not, and from an address; on a device that is known to the account on that alone, so
    /// that nobody keeps the user out by guessing.
    pub(super) fn at_account(
        signer: &Signer,
        user: Option<Id>,
        name: &str,
        ip: Option<&str>,
        device: Option<Id>,
    ) -> Counts {
        let mut counts = Counts::default();
        if let Some(device) = device {
            return counts.and(signer, Guessed::Device, device.as_bytes());
        }
        counts = match user {
            Some(user) => counts.and(signer, Guessed::Account, user.as_bytes()),
            None => counts.and(signer, Guessed::Account, name.as_bytes()),
        };
        match ip {
            Some(ip) => counts.and(signer, Guessed::Address, ip.as_bytes()),
            None => counts,
        }
    }

    /// At one place.
    pub(super) fn only(signer: &Signer, guessed: Guessed, what: Id) -> Counts {
        Counts::default().and(signer, guessed, what.as_bytes())
    }

    fn and(mut self, signer: &Signer, guessed: Guessed, what: &[u8]) -> Counts {
        let said = [guessed.as_str().as_bytes(), &[0], what].concat();
        let subject = signer.keys.guesses.mark(&said);
        self.0.push(Count { guessed, subject });
        self
    }

    /// Refuses who has to wait. Whether the guess is right doesn't matter then, and it isn't counted.
    pub(super) fn admit(&self, tx: &mut Tx<'_>) -> Result<(), Refusal> {
        let now = tx.now();
        let mut waits = 0;
        for count in &self.0 {
            if let Some(free) = tx.free_at(count.subject)?.filter(|free| *free > now) {
                let seconds = free.seconds().saturating_sub(now.seconds()).max(1);
                waits = waits.max(seconds);
            }
        }
        match waits {
            0 => Ok(()),
            seconds => Err(Refusal::TooMany(seconds)),
        }
    }

    /// Counts a wrong guess everywhere.
    pub(super) fn wrong(&self, tx: &mut Tx<'_>, user: Option<Id>) -> Result<(), Refusal> {
        let now = tx.now();
        for count in &self.0 {
            // Somebody who tried at the same time was wrong before this one was.
            let failures = tx.count_failure(count.subject, QUIET)?;
            let failures = failures.ok_or(Refusal::TooMany(1))?;
            match count.guessed.delay(failures) {
                0 => {}
                seconds => tx.hold_until(count.subject, now.plus_seconds(seconds))?,
            }
            if failures == MANY {
                let place = format!("at the {}", count.guessed.as_str());
                about(tx, user, SecurityKind::ManySignInFailures, Some(place))?;
            }
        }
        Ok(())
    }

    /// Forgets the wrong guesses, but those from an address: an account of one's own there would wash them off.
    pub(super) fn right(&self, tx: &mut Tx<'_>) -> Result<(), Refusal> {
        for count in &self.0 {
            if count.guessed != Guessed::Address {
                tx.forget_failures(count.subject)?;
            }
        }
        Ok(())
    }
}

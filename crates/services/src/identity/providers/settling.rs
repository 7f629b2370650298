//! Whom a sign-in by a provider signs in: the user whose account it is, one with the same proved e-mail, or a new one.

use super::super::account::{active, is_claimed};
use super::super::letters;
use super::super::sessions::{SignedIn, Signer, about};
use super::super::sign_in::{Outcome, end_replaced, go_on};
use super::super::step_up::SteppedUp;
use super::Provider;
use crate::organizations::join_all;
use crate::refusal::Refusal;
use crate::work::Caller;
use firma_auth::sealed::{self, Place};
use firma_domain::identity::{SecurityKind, Signup, User, Vouched};
use firma_domain::value::text;
use firma_domain::{Email, Id, Instant, input};
use firma_persistence::identity::{Account, Begun, NewAccount};
use firma_persistence::{Fault, Origin, Tx};
use serde_json::json;
use std::sync::Arc;

/// What comes of a sign-in that a provider vouches for. What is refused is stored too, so it is no error yet.
pub enum Settled {
    In(Box<SignedIn>),
    Linked(Id),
    SteppedUp(SteppedUp),
    Refused(Refusal),
}

/// All that it is decided by.
pub(super) struct Desk {
    pub signer: Signer,
    pub device: Option<String>,
    /// The refresh token that the browser forgets if somebody is signed in
    pub replaced: Option<String>,
    pub origin: Origin,
    pub language: String,
    pub provider: Arc<Provider>,
    pub begun: Begun,
    pub vouched: Arc<Vouched>,
    pub signup: Signup,
}

impl Desk {
    pub(super) fn settle(&self, tx: &mut Tx<'_>) -> Result<Settled, Refusal> {
        let known = tx.user_of_account(&self.provider.name, &self.vouched.subject)?;
        match (self.begun.caller, known) {
            (Some(caller), known) if self.begun.is_step_up => self.step_up(tx, caller, known),
            (Some(caller), known) => self.link_asked(tx, caller, known),
            (None, Some(user)) => self.sign_in_known(tx, user),
            (None, None) => self.sign_in_new(tx),
        }
    }

    /// Somebody who is signed in shows anew who they are: by an account of theirs, and by nobody else's.
    fn step_up(
        &self,
        tx: &mut Tx<'_>,
        (user, session): (Id, Id),
        known: Option<Id>,
    ) -> Result<Settled, Refusal> {
        Caller { user, session }.check(tx)?;
        let account = match known == Some(user) {
            true => self.account_of(tx, user)?,
            false => None,
        };
        // The ID token holds only if it says when: `begun` asks for it.
        let (Some(_), Some(at)) = (account, self.vouched.authenticated_at) else {
            let name = Some(self.provider.name.clone());
            about(tx, Some(user), SecurityKind::StepUpFailed, name)?;
            return Ok(Settled::Refused(Refusal::ProviderRefused));
        };
        let at = at.min(tx.now());
        tx.note_authenticated(user, session, at)?;
        Ok(Settled::SteppedUp(SteppedUp::at(at)))
    }

    /// The account at the provider, if it is the user's. Another provider under the same name has other people.
    fn account_of(&self, tx: &mut Tx<'_>, user: Id) -> Result<Option<Account>, Refusal> {
        let account = tx.account(user, &self.provider.name, &self.vouched.subject)?;
        Ok(account.filter(|account| account.issuer == self.provider.port.issuer()))
    }

    /// Somebody who is signed in wants it.
    fn link_asked(
        &self,
        tx: &mut Tx<'_>,
        (user, session): (Id, Id),
        known: Option<Id>,
    ) -> Result<Settled, Refusal> {
        Caller { user, session }.check(tx)?;
        if known.is_some() {
            self.refused(tx, Some(user))?;
            let taken = "this account of the provider is linked already";
            return Ok(Settled::Refused(Refusal::conflict("not_unique", taken)));
        }
        self.link(tx, user, true).map(Settled::Linked)
    }

    fn sign_in_known(&self, tx: &mut Tx<'_>, user: Id) -> Result<Settled, Refusal> {
        let account = self.account_of(tx, user)?;
        let is_active = active(tx, user)?.is_some();
        let Some(account) = account.filter(|_| is_active) else {
            return self.refuse(tx, Some(user), Refusal::ProviderRefused);
        };
        let sealed = self.sealed(account.id)?;
        let token = sealed
            .as_deref()
            .map(|sealed| (sealed, self.vouched.scope.as_deref()));
        tx.note_account_used(user, account.id, self.email(), token)?;
        self.enter(tx, user)
    }

    /// The account isn't known. Only an e-mail that both sides hold as proved joins it to a user: of one that isn't
    /// proved here, somebody else may have the password.
    fn sign_in_new(&self, tx: &mut Tx<'_>) -> Result<Settled, Refusal> {
        let Some(email) = self
            .vouched
            .email
            .as_ref()
            .filter(|_| self.vouched.is_email_verified)
        else {
            return self.refuse(tx, None, Refusal::ProviderRefused);
        };
        let Some(user) = tx.user_of_login(&email.key())? else {
            let may_come = match self.signup {
                Signup::Open => true,
                // As who registers.
                Signup::Invite => tx.is_invited(&email.key())?,
                Signup::Off => false,
            };
            if !may_come {
                return self.refuse(tx, None, Refusal::SignupClosed);
            }
            let user = tx.new_id();
            tx.add_user(user, &self.new_user(email, tx.now()), None)?;
            about(tx, Some(user), SecurityKind::Registered, None)?;
            self.link(tx, user, false)?;
            return self.enter(tx, user);
        };
        let Some(person) = active(tx, user)? else {
            return self.refuse(tx, Some(user), Refusal::ProviderRefused);
        };
        if person.email_verified_at.is_none() {
            // Who was added by somebody and never signed in registers by this, as by a mail.
            if is_claimed(tx, user)? {
                return self.refuse(tx, Some(user), Refusal::ProviderRefused);
            }
            if self.signup == Signup::Off {
                return self.refuse(tx, Some(user), Refusal::SignupClosed);
            }
            tx.note_verified(user)?;
            about(tx, Some(user), SecurityKind::Registered, None)?;
            self.link(tx, user, false)?;
            join_all(tx, user)?;
            return self.enter(tx, user);
        }
        self.link(tx, user, true)?;
        self.enter(tx, user)
    }

    fn enter(&self, tx: &mut Tx<'_>, user: Id) -> Result<Settled, Refusal> {
        let name = Some(self.provider.name.clone());
        about(tx, Some(user), SecurityKind::SignedInByProvider, name)?;
        let device = self.device.as_deref();
        match go_on(tx, &self.signer, user, device, &self.origin, &self.language)? {
            Outcome::In(signed_in) => {
                // The provider may have let in who was known there for long: that is no step-up.
                let long_ago = tx.now().plus_seconds(-crate::work::STEP_UP);
                let at = self.vouched.authenticated_at.unwrap_or(long_ago).min(tx.now());
                tx.note_authenticated(user, signed_in.session, at)?;
                end_replaced(tx, &self.signer, self.replaced.as_deref())?;
                Ok(Settled::In(signed_in))
            }
            Outcome::Halfway(challenge) => Ok(Settled::Refused(Refusal::SecondFactor(challenge))),
            Outcome::Wrong => Ok(Settled::Refused(Refusal::ProviderRefused)),
        }
    }

    /// Who had an account here is told of it.
    fn link(&self, tx: &mut Tx<'_>, user: Id, tells: bool) -> Result<Id, Refusal> {
        // Two changes of how one user signs in come one after the other.
        let person = tx.user_for_change(user)?.value;
        let id = tx.new_id();
        let new = NewAccount {
            id,
            user,
            provider: self.provider.name.clone(),
            subject: self.vouched.subject.clone(),
            issuer: self.provider.port.issuer().to_owned(),
            email: self.email().map(str::to_owned),
            refresh_token: self.sealed(id)?,
            scope: self
                .vouched
                .refresh_token
                .as_ref()
                .and(self.vouched.scope.clone()),
        };
        tx.add_account(&new)?;
        let name = Some(self.provider.name.clone());
        about(tx, Some(user), SecurityKind::AccountLinked, name)?;
        if tells {
            let what = json!({"provider": self.provider.label});
            let (origin, language) = (&self.origin, &self.language);
            letters::tell_of(tx, (user, &person), "account_linked", origin, language, what)?;
        }
        Ok(id)
    }

    fn sealed(&self, account: Id) -> Result<Option<String>, Refusal> {
        let Some(token) = &self.vouched.refresh_token else {
            return Ok(None);
        };
        let place = Place {
            table: "accounts",
            column: "refresh_token",
            row: account,
        };
        let entropy = self.signer.entropy.as_ref();
        let sealed = sealed::seal(&self.signer.keys.sealing, place, token.as_bytes(), entropy);
        let sealed = sealed.ok_or_else(|| Fault::Internal("a token could not be sealed".into()))?;
        Ok(Some(sealed))
    }

    /// The names that the provider says, as far as they are names here.
    fn new_user(&self, email: &Email, now: Instant) -> User {
        let clean = |name: &Option<String>| {
            let name = text::clean(name.as_deref()?, false)?;
            (!name.is_empty()).then_some(name)
        };
        let local = email.as_str().split('@').next().unwrap_or_default().to_owned();
        let plain = User {
            email_verified_at: Some(now),
            ..User::unclaimed(email.clone(), local)
        };
        let named = User {
            name: clean(&self.vouched.name).unwrap_or_else(|| plain.name.clone()),
            given_name: clean(&self.vouched.given_name),
            family_name: clean(&self.vouched.family_name),
            ..plain.clone()
        };
        if input::check(&named).is_ok() {
            named
        } else {
            plain
        }
    }

    fn email(&self) -> Option<&str> {
        self.vouched.email.as_ref().map(Email::as_str)
    }

    fn refuse(&self, tx: &mut Tx<'_>, user: Option<Id>, refusal: Refusal) -> Result<Settled, Refusal> {
        self.refused(tx, user)?;
        Ok(Settled::Refused(refusal))
    }

    fn refused(&self, tx: &mut Tx<'_>, user: Option<Id>) -> Result<(), Refusal> {
        let name = Some(self.provider.name.clone());
        about(tx, user, SecurityKind::ProviderRefused, name)
    }
}

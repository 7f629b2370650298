//! One signed-in call in one organization.

use crate::refusal::Refusal;
use firma_auth::access::{Action, Facts, Grant, Verb};
use firma_domain::identity::SecurityKind;
use firma_domain::{Currency, Day, Entity, Id, Instant, Zone};
use firma_persistence::access::{Known, Segment};
use firma_persistence::identity::SecurityEvent;
use firma_persistence::{Repo, Stored, Tx};

/// Who calls, as the access token says.
#[derive(Debug, Clone, Copy)]
pub struct Caller {
    pub user: Id,
    pub session: Id,
}

/// How long what needs the password again may be done after it was given, in seconds.
pub(crate) const STEP_UP: i64 = 600;

impl Caller {
    /// Refuses where the password was given too long ago, for what a session that was left open may not do.
    pub fn step_up(self, tx: &mut Tx<'_>) -> Result<(), Refusal> {
        let oldest = tx.now().plus_seconds(-STEP_UP);
        match tx.authenticated_at(self.user, self.session)? {
            Some(at) if oldest < at => Ok(()),
            Some(_) => Err(Refusal::StepUp),
            // It has ended since the call began.
            None => Err(Refusal::Unauthenticated),
        }
    }

    /// Refuses who isn't signed in any more, for calls about no organization.
    pub fn check(self, tx: &mut Tx<'_>) -> Result<(), Refusal> {
        if tx.session_lives(self.user, self.session)? {
            Ok(())
        } else {
            Err(Refusal::Unauthenticated)
        }
    }
}

/// Who asked for a job: a member, perhaps by an API key.
#[derive(Debug, Clone, Copy)]
pub struct Asker {
    pub organization: Id,
    pub user: Id,
    pub key: Option<Id>,
}

impl Asker {
    /// A member, without a key.
    pub fn member(organization: Id, user: Id) -> Asker {
        Asker {
            organization,
            user,
            key: None,
        }
    }
}

/// Who knows a former slug of an organization of theirs is told the new one, and nobody else.
fn renamed(tx: &mut Tx<'_>, user: Id, segment: &Segment) -> Result<Refusal, Refusal> {
    let Segment::Slug(former) = segment else {
        return Ok(Refusal::OrganizationNotFound);
    };
    Ok(match tx.slug_of_former(user, former)? {
        Some((_, slug)) => Refusal::Renamed(slug),
        None => Refusal::OrganizationNotFound,
    })
}

/// A call in an organization that the caller is a live member of.
pub struct Work<'t, 'c> {
    pub(crate) tx: &'t mut Tx<'c>,
    facts: Facts,
    currency: Currency,
    zone: Zone,
    /// Of a person who is signed in; none by a key, nor in a job
    session: Option<Id>,
}

impl<'t, 'c> Work<'t, 'c> {
    /// 401 for who isn't signed in, 404 for who is no live member: another's organization doesn't exist.
    pub fn enter(tx: &'t mut Tx<'c>, caller: Caller, segment: &Segment) -> Result<Self, Refusal> {
        match tx.facts(caller.user, caller.session, segment)? {
            Known::Nobody => Err(Refusal::Unauthenticated),
            Known::Stranger => Err(renamed(tx, caller.user, segment)?),
            Known::Member(facts, currency, zone) => {
                facts.enter()?;
                Ok(Work {
                    session: Some(caller.session),
                    ..Work::of(tx, facts, currency, zone)
                })
            }
        }
    }

    /// Goes on with what a member asked for, as far as the member may do it now.
    pub fn resume(tx: &'t mut Tx<'c>, organization: Id, owner: Id) -> Result<Self, Refusal> {
        Work::go_on(tx, Asker::member(organization, owner))
    }

    /// The same for who asked for a job: as far as the key may, too, by which it was asked for.
    pub fn go_on(tx: &'t mut Tx<'c>, asker: Asker) -> Result<Self, Refusal> {
        match tx.facts_of_asker(asker.organization, asker.user, asker.key)? {
            Some((facts, currency, zone)) => Ok(Work::of(tx, facts, currency, zone)),
            None => Err(Refusal::OrganizationNotFound),
        }
    }

    /// A call by a member whose facts are told, not looked up: the people of the demo, who have no session.
    pub(crate) fn of(tx: &'t mut Tx<'c>, facts: Facts, currency: Currency, zone: Zone) -> Self {
        Work {
            tx,
            facts,
            currency,
            zone,
            session: None,
        }
    }

    /// Refuses where the password was given too long ago, and a key, which has none.
    pub fn step_up(&mut self) -> Result<(), Refusal> {
        let (user, session) = (self.user(), self.session.ok_or(Refusal::KeyNotAllowed)?);
        Caller { user, session }.step_up(self.tx)
    }

    /// The decision.
    pub fn grant<E: Entity, A: Action>(&self) -> Result<Grant<E, A>, Refusal> {
        Ok(self.facts.decide()?)
    }

    /// The decision about what is code and stands in no repository.
    pub(crate) fn may(&self, resource: &str, verb: Verb) -> Result<(), Refusal> {
        self.facts.is_for_keys(resource)?;
        match self.facts.scope(resource, verb) {
            Some(_) => Ok(()),
            None => Err(Refusal::Permission(format!("{resource}:{}", verb.as_str()))),
        }
    }

    /// Opens a repository.
    pub(crate) fn open<E: Stored, A: Action>(
        &mut self,
        grant: Grant<E, A>,
    ) -> Result<Repo<'_, 'c, E, A>, Refusal> {
        Ok(self.tx.open(grant)?)
    }

    pub(crate) fn facts(&self) -> &Facts {
        &self.facts
    }
    /// Who calls: a user's id.
    pub fn user(&self) -> Id {
        self.facts.user
    }
    /// Who calls, where two who act as one user are to be told apart: the key's id, if it is one.
    pub(crate) fn caller_id(&self) -> Id {
        self.facts.key.as_ref().map_or(self.facts.user, |key| key.id)
    }
    /// Refuses a key what is for people.
    pub fn not_by_key(&self) -> Result<(), Refusal> {
        match self.facts.key {
            Some(_) => Err(Refusal::KeyNotAllowed),
            None => Ok(()),
        }
    }
    /// The organization.
    pub fn organization(&self) -> Id {
        self.facts.tenant.id
    }
    /// The organization's currency.
    pub fn currency(&self) -> Currency {
        self.currency
    }
    /// The instant of the call.
    pub fn now(&self) -> Instant {
        self.facts.now
    }
    /// The organization's time zone.
    pub fn zone(&self) -> Zone {
        self.zone
    }
    /// The organization's day.
    pub fn today(&self) -> Day {
        self.zone.day(self.facts.now)
    }

    /// Writes down, for those who look after safety, what the caller did, and whom it concerns.
    pub(crate) fn tell(
        &mut self,
        kind: SecurityKind,
        user: Option<Id>,
        details: &str,
    ) -> Result<(), Refusal> {
        let event = SecurityEvent {
            organization: Some(self.organization()),
            user,
            kind,
            details: Some(details.to_owned()),
        };
        let by = self.user();
        Ok(self.tx.security_event_by(event, Some(by))?)
    }

    /// The same call on another hold of its transaction: for a part that may fail alone.
    pub(crate) fn part<T>(
        &mut self,
        run: impl FnOnce(&mut Work<'_, 'c>) -> Result<T, Refusal>,
    ) -> Result<T, Refusal> {
        let (facts, currency, zone, session) = (self.facts.clone(), self.currency, self.zone, self.session);
        self.tx.part(|tx| {
            run(&mut Work {
                tx,
                facts,
                currency,
                zone,
                session,
            })
        })
    }
}

//! What who holds a platform role does: people with an account, organizations' own rows, platform roles, the system's
//! jobs and log, what concerns safety, errors on our side, and counts. None of it reaches a row inside an organization.

mod errors;
mod events;
mod incidents;
mod jobs;
mod organizations;
mod roles;
mod terms;
mod users;
mod watch;

pub use errors::{errors, find_error, resolve_error};
pub use events::{audit_entries, security_events, stats, verify};
pub use incidents::{Errors, Incident, Writing};
pub use jobs::{cancel_job, find_job, jobs, retry_job};
pub use organizations::{
    NewOwned, create, organization, organizations, reactivate, remove, reopen, set_terms, suspend,
};
pub use roles::{GivenRole, PlatformRole, assignments, give, roles, take};
pub(crate) use roles::{is_owned, unless_needed};
pub use users::{set_active, user, users};
pub use watch::{News, Trier, Watch, Watched, note_escalation, note_foreign, note_many_writes};

use crate::refusal::Refusal;
use crate::work::{Caller, Work};
use firma_auth::access::{Action, Facts, OnPlatform, PlatformFacts, PlatformGrant, Tenant};
use firma_domain::identity::SecurityKind;
use firma_domain::organizations::Status;
use firma_domain::{Currency, Id, Zone};
use firma_persistence::Tx;
use firma_persistence::identity::SecurityEvent;
use firma_persistence::installation::PlatformKnown;

/// A call by who holds a platform role.
pub struct Desk<'t, 'c> {
    pub(crate) tx: &'t mut Tx<'c>,
    facts: PlatformFacts,
    caller: Caller,
}

impl<'t, 'c> Desk<'t, 'c> {
    /// 401 for who isn't signed in, 404 for who holds no platform role: for them there is nothing here.
    pub fn enter(tx: &'t mut Tx<'c>, caller: Caller) -> Result<Self, Refusal> {
        match tx.platform_facts(caller.user, caller.session)? {
            PlatformKnown::Nobody => Err(Refusal::Unauthenticated),
            PlatformKnown::Stranger => Err(Refusal::NothingHere),
            PlatformKnown::WithoutFactor => Err(Refusal::FactorMissing),
            PlatformKnown::Holder(facts) => Ok(Desk { tx, facts, caller }),
        }
    }

    /// The decision.
    pub fn grant<E: OnPlatform, A: Action>(&self) -> Result<PlatformGrant<E, A>, Refusal> {
        self.facts.decide().map_err(Refusal::Permission)
    }

    /// Refuses where the password was given too long ago.
    pub fn step_up(&mut self) -> Result<(), Refusal> {
        self.caller.step_up(self.tx)
    }

    /// Who calls: a user's id.
    pub fn user(&self) -> Id {
        self.facts.user
    }

    pub(crate) fn facts(&self) -> &PlatformFacts {
        &self.facts
    }

    /// Writes down, for those who look after safety, what the caller did to a user.
    fn tell(&mut self, kind: SecurityKind, user: Id, details: &str) -> Result<(), Refusal> {
        let event = SecurityEvent {
            organization: None,
            user: Some(user),
            kind,
            details: Some(details.to_owned()),
        };
        Ok(self.tx.security_event_by(event, Some(self.facts.user))?)
    }

    /// The reserved organization, where nobody holds anything: only a grant of the platform does something there.
    pub fn system(&mut self) -> Work<'_, 'c> {
        self.inside(Id::NIL, Status::Active)
    }

    /// The same for one organization, whose own row a grant of the platform may be for.
    pub(crate) fn inside(&mut self, organization: Id, status: Status) -> Work<'_, 'c> {
        let facts = Facts {
            user: self.facts.user,
            tenant: Tenant {
                status,
                ..Tenant::active(organization)
            },
            assignments: [].into(),
            now: self.facts.now,
            key: None,
            lacks_factor: false,
        };
        Work::of(self.tx, facts, Currency::default(), Zone::default())
    }
}

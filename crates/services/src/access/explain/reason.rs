//! What a refusal of the decision is called, and who could do something about it.

use super::Asked;
use super::givers::{Giver, able, all, named};
use crate::refusal::Refusal;
use crate::work::Work;
use firma_auth::access::{Facts, Permission, Refused, Scope, Verb};
use firma_domain::Id;
use serde::Serialize;

/// Why a member may not do something.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// No live member, or no longer
    NotAMember,
    /// The organization is closed
    Archived,
    /// The organization may only be read, and not by keys
    Suspended,
    /// The organization, or the installation, asks for a second factor
    SecondFactorMissing,
    /// The organization does without the module
    ModuleOff,
    /// None of the member's roles gives it
    NoRole,
    /// Not as far as was asked
    ScopeTooNarrow,
    /// Not as far as the row
    OutOfReach,
    /// The key was revoked
    KeyRevoked,
    /// The key has ended
    KeyExpired,
    /// It is for no key
    KeyNotAllowed,
    /// Whom the key acts for may, the key may not
    KeyTooNarrow,
}

impl Reason {
    /// All of them.
    pub const ALL: &'static [Reason] = &[
        Reason::NotAMember,
        Reason::Archived,
        Reason::Suspended,
        Reason::SecondFactorMissing,
        Reason::ModuleOff,
        Reason::NoRole,
        Reason::ScopeTooNarrow,
        Reason::OutOfReach,
        Reason::KeyRevoked,
        Reason::KeyExpired,
        Reason::KeyNotAllowed,
        Reason::KeyTooNarrow,
    ];
}

/// Why not. What refuses a call is asked, in its order; none where it would be let in.
pub(super) fn reason(facts: Option<&Facts>, asked: &Asked, needed: Option<Scope>) -> Option<Reason> {
    let Some(facts) = facts else {
        return Some(Reason::NotAMember);
    };
    let judged = facts
        .enter()
        .and_then(|()| facts.judge(asked.resource.name, asked.verb));
    // How far it would be without the key.
    let own = Facts {
        key: None,
        ..facts.clone()
    };
    let own = own.scope(asked.resource.name, asked.verb);
    let is_cut = |scope: Option<Scope>| scope < own && own >= needed;
    match judged {
        Ok(scope) if needed.is_none_or(|needed| needed <= scope) => None,
        Ok(scope) if is_cut(Some(scope)) => Some(Reason::KeyTooNarrow),
        Ok(scope) if asked.scope.is_some_and(|asked| scope < asked) => Some(Reason::ScopeTooNarrow),
        Ok(_) => Some(Reason::OutOfReach),
        Err(Refused::Archived) => Some(Reason::Archived),
        Err(Refused::Factor) => Some(Reason::SecondFactorMissing),
        Err(Refused::Suspended) => Some(Reason::Suspended),
        Err(Refused::Off(_)) => Some(Reason::ModuleOff),
        Err(Refused::Key) => Some(Reason::KeyNotAllowed),
        Err(Refused::Permission(_)) if is_cut(None) => Some(Reason::KeyTooNarrow),
        Err(Refused::Permission(_)) => Some(Reason::NoRole),
    }
}

impl Reason {
    /// Whether it is a permission that is missing.
    pub(super) fn is_of_roles(self) -> bool {
        matches!(
            self,
            Reason::NoRole | Reason::ScopeTooNarrow | Reason::OutOfReach | Reason::KeyTooNarrow
        )
    }

    /// Who could change it, other than by giving a role. A suspension is ended by the platform alone, and what is for no
    /// key, or was revoked, by nobody.
    pub(super) fn changed_by(
        self,
        work: &mut Work<'_, '_>,
        user: Id,
        owner: Option<Id>,
        missing: Option<Permission>,
    ) -> Result<Vec<Giver>, Refusal> {
        match self {
            // Nobody accepts for another.
            Reason::NotAMember if waits(work, user)? => named(work, &[user]),
            Reason::NotAMember => able(work, all("members", Verb::Update), None),
            Reason::Archived => named(work, owner.as_slice()),
            Reason::ModuleOff => able(work, all("organizations", Verb::Update), None),
            // What the installation asks for, nobody in the organization waives.
            Reason::SecondFactorMissing if work.tx.needs_factor() => named(work, &[user]),
            // Sets one up; or the organization asks for none any more.
            Reason::SecondFactorMissing => {
                let mut those = named(work, &[user])?;
                let others = able(work, all("organizations", Verb::Update), None)?;
                those.extend(others.into_iter().filter(|other| other.user_id != user));
                Ok(those)
            }
            Reason::KeyExpired => able(work, all("api-keys", Verb::Update), None),
            Reason::KeyTooNarrow => able(work, all("api-keys", Verb::Update), missing),
            _ => Ok(vec![]),
        }
    }
}

/// Whether somebody was added and has yet to accept.
fn waits(work: &mut Work<'_, '_>, user: Id) -> Result<bool, Refusal> {
    let members = work.facts().explaining().members();
    let found = work.open(members)?.by_ids(&[user])?;
    let mut waiting = found.iter().map(|member| &member.value);
    Ok(waiting.any(|member| member.is_active && member.joined_at.is_none()))
}

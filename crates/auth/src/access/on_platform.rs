//! The decision on the installation itself: facts about who holds a platform role in, a [`PlatformGrant`] out. It
//! opens what is read below `/platform`, and no row inside an organization.

use super::Given;
use super::action::{Action, Create, Delete, Read, Update};
use super::facts::Assignment;
use super::grant::{Grant, Reach};
use super::platform::{PlatformPermission, platform_permissions};
use super::role::Role;
use firma_domain::access::RoleAssignment;
use firma_domain::identity::{SecurityEvent, User};
use firma_domain::organizations::{Member, Organization};
use firma_domain::platform::{AuditEntry, InternalError, Job, Stats};
use firma_domain::{Entity, Id, Instant};
use std::marker::PhantomData;
use std::sync::Arc;

/// What can be asked for on the platform.
pub trait OnPlatform: Entity {
    /// What permissions call it
    const RESOURCE: &'static str;
}

macro_rules! on_platform { ($($entity:ty: $name:literal),* $(,)?) => {
    $(impl OnPlatform for $entity { const RESOURCE: &'static str = $name; })*
} }
on_platform! {
    User: "users",
    Organization: "organizations",
    RoleAssignment: "roles",
    Job: "jobs",
    SecurityEvent: "security-events",
    AuditEntry: "audit-entries",
    Stats: "stats",
    InternalError: "errors",
}

/// What is known of who holds a platform role when a call begins.
#[derive(Debug, Clone)]
pub struct PlatformFacts {
    /// Who calls: a user's id
    pub user: Id,
    /// The roles that the caller holds on the platform
    pub assignments: Arc<[Assignment]>,
    /// The instant of the call
    pub now: Instant,
}

impl PlatformFacts {
    /// The platform roles that give something now.
    pub fn roles(&self) -> impl Iterator<Item = &'static Role> {
        let live = |assignment: &&Assignment| assignment.expires_at.is_none_or(|end| self.now < end);
        self.assignments.iter().filter(live).filter_map(on_platform)
    }

    /// The decision: the grant to do `A` to `E` on the platform.
    ///
    /// # Errors
    /// The name of the permission that is missing.
    pub fn decide<E: OnPlatform, A: Action>(&self) -> Result<PlatformGrant<E, A>, String> {
        let permission = PlatformPermission {
            resource: E::RESOURCE,
            verb: A::VERB,
        };
        match self.roles().any(|role| role.gives_on_platform(permission)) {
            true => Ok(PlatformGrant {
                actor: self.user,
                of: PhantomData,
            }),
            false => Err(permission.name()),
        }
    }

    /// The first permission of a platform role that the caller doesn't hold until `end`, or for good where that is none:
    /// nobody hands on what they don't hold, nor for longer.
    pub fn lacks_until(&self, given: &Role, end: Option<Instant>) -> Option<PlatformPermission> {
        let lasts = |assignment: &&Assignment| match (assignment.expires_at, end) {
            (None, _) => true,
            (Some(until), Some(end)) => self.now < until && end <= until,
            (Some(_), None) => false,
        };
        let held: Vec<_> = self
            .assignments
            .iter()
            .filter(lasts)
            .filter_map(on_platform)
            .collect();
        let is_held =
            |permission: &PlatformPermission| held.iter().any(|role| role.gives_on_platform(*permission));
        platform_permissions()
            .filter(|permission| given.gives_on_platform(*permission))
            .find(|permission| !is_held(permission))
    }

    /// Whether the caller holds the role of that id.
    pub fn holds_role(&self, role_id: Id) -> bool {
        self.roles().any(|role| role.id == role_id)
    }
}

fn on_platform(assignment: &Assignment) -> Option<&'static Role> {
    match assignment.role {
        Given::System(role) if role.platform => Some(role),
        _ => None,
    }
}

/// The right to do `A` to `E` on the platform. Only the decision makes one.
#[derive(Debug)]
pub struct PlatformGrant<E, A> {
    actor: Id,
    of: PhantomData<fn() -> (E, A)>,
}

impl<E, A> Clone for PlatformGrant<E, A> {
    fn clone(&self) -> Self {
        *self
    }
}
impl<E, A> Copy for PlatformGrant<E, A> {}

impl<E, A> PlatformGrant<E, A> {
    /// Who acts: a user's id.
    pub fn actor(&self) -> Id {
        self.actor
    }

    /// What belongs to no organization: rows of `F` in the reserved one, as declared in [`InSystem`].
    pub fn system<F, B>(&self) -> Grant<F, B>
    where
        (E, A): InSystem<F, B>,
    {
        Grant::new(Id::NIL, self.actor, Some(Reach::Org), Reach::Org)
    }
}

impl<A: Action> PlatformGrant<Organization, A> {
    /// An organization's own row, and nothing else in it.
    pub fn own_row(&self, organization: Id) -> Grant<Organization, A> {
        Grant::new(organization, self.actor, Some(Reach::Org), Reach::Org)
    }
}

/// Says that who may do `A` to `E` on the platform thereby does `B` to rows of `F` that belong to no organization.
/// Implemented for `(E, A)`.
pub trait InSystem<F, B> {}

macro_rules! in_system { ($($e:ty, $a:ty => $f:ty, $b:ty;)*) => { $(impl InSystem<$f, $b> for ($e, $a) {})* } }
in_system! {
    Job, Read => Job, Read;
    Job, Update => Job, Update;
    Job, Update => Job, Create;
    RoleAssignment, Read => RoleAssignment, Read;
    RoleAssignment, Create => RoleAssignment, Create;
    RoleAssignment, Create => RoleAssignment, Update;
    RoleAssignment, Create => Member, Create;
    RoleAssignment, Create => Member, Update;
    RoleAssignment, Delete => RoleAssignment, Update;
    User, Update => RoleAssignment, Read;
    InternalError, Read => InternalError, Read;
    InternalError, Update => InternalError, Update;
    AuditEntry, Read => AuditEntry, Read;
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::access::role_by_name;

    fn facts(roles: &[(&str, Option<i64>)]) -> PlatformFacts {
        let at = |micros| Instant::from_micros(micros).unwrap();
        let held = |(name, end): &(&str, Option<i64>)| Assignment {
            role: Given::System(role_by_name(name).unwrap()),
            expires_at: end.map(at),
        };
        PlatformFacts {
            user: Id::fixed(9, 1),
            assignments: roles.iter().map(held).collect(),
            now: at(100),
        }
    }

    #[test]
    fn an_administrator_does_all_but_give_roles_and_delete_organizations() {
        let admin = facts(&[("website_admin", None)]);
        assert!(admin.decide::<User, Update>().is_ok());
        assert!(admin.decide::<Organization, Update>().is_ok());
        assert_eq!(
            admin.decide::<Organization, Delete>().err().as_deref(),
            Some("organizations:delete:platform")
        );
        assert_eq!(
            admin.decide::<RoleAssignment, Create>().err().as_deref(),
            Some("roles:create:platform")
        );
        let owner = facts(&[("website_owner", None)]);
        assert!(owner.decide::<RoleAssignment, Delete>().is_ok());
        assert!(owner.decide::<Organization, Delete>().is_ok());
    }

    #[test]
    fn a_role_that_has_ended_or_is_of_an_organization_gives_nothing() {
        for roles in [&[][..], &[("website_owner", Some(100))], &[("ceo", None)]] {
            let facts = facts(roles);
            assert!(facts.decide::<Stats, Read>().is_err() && facts.roles().next().is_none());
        }
        assert!(
            facts(&[("website_owner", Some(101))])
                .decide::<Stats, Read>()
                .is_ok()
        );
    }
}

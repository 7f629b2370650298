use super::action::{Action, Read, Verb};
use super::catalogue::Scope;
use super::grant::{Grant, Reach};
use super::role::role_by_id;
use firma_domain::organizations::Status;
use firma_domain::{Entity, Id, Instant};
use std::sync::Arc;

/// A role that the member holds, with its end: kept with its end, so that it ends on time wherever it is cached.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Assignment {
    /// The role
    pub role_id: Id,
    /// From this instant on it gives nothing
    pub expires_at: Option<Instant>,
}

/// The organization that a call is about, as far as the decision needs it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tenant {
    /// Its id
    pub id: Id,
    /// Whether it may be written to, or opened
    pub status: Status,
}

/// What is known of the caller in one organization when a call begins.
#[derive(Debug, Clone)]
pub struct Facts {
    /// Who calls: a user's id
    pub user: Id,
    /// The organization
    pub tenant: Tenant,
    /// The roles that the caller holds there; none for who isn't a live member
    pub assignments: Arc<[Assignment]>,
    /// The instant of the call
    pub now: Instant,
}

/// Why a call may not be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refused {
    /// No role gives the permission; its name without a scope.
    Permission(String),
    /// The organization is suspended and may only be read.
    Suspended,
}

impl Facts {
    /// How far the caller may do `verb` to the resource of that name.
    pub fn scope(&self, resource: &str, verb: Verb) -> Option<Scope> {
        let holds = |a: &&Assignment| a.expires_at.is_none_or(|end| self.now < end);
        self.assignments
            .iter()
            .filter(holds)
            .filter_map(|a| role_by_id(a.role_id)?.scope(resource, verb))
            .max()
    }

    /// The decision: the grant to do `A` to rows of `E`.
    ///
    /// # Errors
    /// [`Refused::Permission`] where no role gives it, [`Refused::Suspended`] where a suspended
    /// organization would be written to.
    pub fn decide<E: Entity, A: Action>(&self) -> Result<Grant<E, A>, Refused> {
        let reach = self
            .scope(E::COLLECTION, A::VERB)
            .ok_or_else(|| Refused::Permission(format!("{}:{}", E::COLLECTION, A::VERB.as_str())))?;
        if A::VERB != Verb::Read && self.tenant.status != Status::Active {
            return Err(Refused::Suspended);
        }
        // What may be acted on is seen, whatever else may be.
        let seen = match A::VERB {
            Verb::Read | Verb::Create => Some(reach),
            _ => self.scope(E::COLLECTION, Verb::Read).max(Some(reach)),
        };
        Ok(Grant::new(self.tenant.id, self.user, seen, reach))
    }

    /// The grant to read rows of `E`, if the caller has it: for references and `expand`.
    pub fn may_read<E: Entity>(&self) -> Option<Grant<E, Read>> {
        let reach: Reach = self.scope(E::COLLECTION, Verb::Read)?;
        Some(Grant::new(self.tenant.id, self.user, Some(reach), reach))
    }

    /// Whether the caller holds the role of that id.
    pub fn holds_role(&self, role_id: Id) -> bool {
        self.assignments
            .iter()
            .any(|a| a.role_id == role_id && a.expires_at.is_none_or(|end| self.now < end))
    }

    /// Whether the caller holds everything that the role of that id gives; what one may hand on.
    pub fn holds_all_of(&self, role_id: Id) -> bool {
        let Some(role) = role_by_id(role_id).filter(|role| !role.platform) else {
            return false;
        };
        super::permissions()
            .all(|p| role.scope(p.resource.name, p.verb) <= self.scope(p.resource.name, p.verb))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::access::{Create, Update, role_by_name};
    use firma_domain::crm::Deal;

    fn facts(roles: &[(&str, Option<i64>)], status: Status) -> Facts {
        let at = |micros| Instant::from_micros(micros).unwrap();
        Facts {
            user: Id::fixed(9, 1),
            tenant: Tenant {
                id: Id::fixed(9, 2),
                status,
            },
            assignments: roles
                .iter()
                .map(|(name, end)| Assignment {
                    role_id: role_by_name(name).unwrap().id,
                    expires_at: end.map(at),
                })
                .collect(),
            now: at(100),
        }
    }

    #[test]
    fn an_expired_role_gives_nothing_from_that_instant_on() {
        assert!(
            facts(&[("ceo", Some(100))], Status::Active)
                .decide::<Deal, Read>()
                .is_err()
        );
        assert!(
            facts(&[("ceo", Some(101))], Status::Active)
                .decide::<Deal, Read>()
                .is_ok()
        );
    }

    #[test]
    fn roles_add_up_and_seeing_is_wider_than_acting() {
        let grant = facts(&[("employee", None)], Status::Active)
            .decide::<Deal, Update>()
            .unwrap();
        assert_eq!((grant.seen(), grant.reach()), (Some(Scope::Team), Scope::Own));
        let both = facts(&[("employee", None), ("manager", None)], Status::Active);
        assert_eq!(both.decide::<Deal, Update>().unwrap().reach(), Scope::Team);
    }

    #[test]
    fn a_suspended_organization_is_read_only() {
        let facts = facts(&[("ceo", None)], Status::Suspended);
        assert!(facts.decide::<Deal, Read>().is_ok());
        assert_eq!(facts.decide::<Deal, Create>().unwrap_err(), Refused::Suspended);
    }

    #[test]
    fn nobody_hands_on_what_they_do_not_hold() {
        let admin = facts(&[("manager", None)], Status::Active);
        let role = |name| role_by_name(name).unwrap().id;
        assert!(admin.holds_all_of(role("employee")));
        assert!(!admin.holds_all_of(role("ceo")));
        assert!(!admin.holds_all_of(role("website_owner")));
    }
}

use super::action::{Action, Read, Verb};
use super::catalogue::{Resource, permissions, resource_named};
use super::grant::{Explaining, Grant, Reach};
use super::permissions::Permissions;
use super::role::{Role, role_by_id};
use super::scope::Scope;
use firma_domain::organizations::Status;
use firma_domain::{Entity, Id, Instant};
use std::sync::Arc;

/// A role as the decision knows it.
#[derive(Debug, Clone)]
pub enum Given {
    /// One of the system's
    System(&'static Role),
    /// One that the organization made for itself
    Custom(Id, Arc<Permissions>),
}

impl Given {
    /// The system role with that id.
    pub fn system(id: Id) -> Option<Given> {
        role_by_id(id).map(Given::System)
    }

    /// Its id.
    pub fn id(&self) -> Id {
        match self {
            Given::System(role) => role.id,
            Given::Custom(id, _) => *id,
        }
    }

    /// How far it gives `verb` to the resource.
    pub fn scope(&self, resource: &Resource, verb: Verb) -> Option<Scope> {
        match self {
            Given::System(role) => role.gives(resource, verb),
            Given::Custom(_, permissions) => permissions.scope(resource, verb),
        }
    }
}

/// A role that the member holds, with its end: kept with its end, so that it ends on time wherever it is cached.
#[derive(Debug, Clone)]
pub struct Assignment {
    /// The role
    pub role: Given,
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
    /// The assignments that give something now.
    pub fn live(&self) -> impl Iterator<Item = &Assignment> {
        let now = self.now;
        self.assignments
            .iter()
            .filter(move |a| a.expires_at.is_none_or(|end| now < end))
    }

    /// The roles that give something now.
    pub fn roles(&self) -> impl Iterator<Item = &Given> {
        self.live().map(|a| &a.role)
    }

    /// The right to be told why something is allowed or refused.
    pub fn explaining(&self) -> Explaining {
        Explaining::of(self.tenant.id, self.user)
    }

    /// How far the caller may do `verb` to the resource of that name: as far as the widest of their roles says.
    pub fn scope(&self, resource: &str, verb: Verb) -> Option<Scope> {
        let resource = resource_named(resource)?;
        self.roles().filter_map(|role| role.scope(resource, verb)).max()
    }

    /// Everything that the caller may do now.
    pub fn permissions(&self) -> Permissions {
        permissions()
            .filter(|p| self.scope(p.resource.name, p.verb) >= Some(p.scope))
            .collect()
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
        self.roles().any(|role| role.id() == role_id)
    }

    /// What of the permissions the caller doesn't hold as far: what one may not hand on.
    pub fn lacks<'p>(&'p self, permissions: &'p Permissions) -> impl Iterator<Item = super::Permission> + 'p {
        permissions
            .iter()
            .filter(|p| self.scope(p.resource.name, p.verb) < Some(p.scope))
    }

    /// Whether the caller holds everything that the role gives; what one may hand on.
    pub fn holds_all_of(&self, role: &Given) -> bool {
        match role {
            Given::System(role) => !role.platform && self.lacks(&role.permissions()).next().is_none(),
            Given::Custom(_, permissions) => self.lacks(permissions).next().is_none(),
        }
    }
}

#[cfg(test)]
mod tests;

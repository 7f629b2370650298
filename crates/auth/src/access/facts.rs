use super::action::{Action, Read, Verb};
use super::catalogue::{Resource, permissions, resource_named};
use super::grant::{Explaining, Grant, Reach};
use super::key::ByKey;
use super::permissions::Permissions;
use super::role::{Role, role_by_id};
use super::scope::Scope;
use firma_domain::organizations::{Feature, Organization, Status};
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

    /// What it gives in an organization.
    pub fn permissions(&self) -> Permissions {
        match self {
            Given::System(role) => role.permissions(),
            Given::Custom(_, permissions) => Permissions::clone(permissions),
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

impl Assignment {
    /// Whether it lasts at least until `end`, or for good where that is none.
    fn lasts_until(&self, end: Option<Instant>) -> bool {
        self.expires_at
            .is_none_or(|own| end.is_some_and(|end| end <= own))
    }
}

/// The organization that a call is about, as far as the decision needs it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tenant {
    /// Its id
    pub id: Id,
    /// Whether it may be written to, or opened
    pub status: Status,
    /// The member who owns it: an archived one is open to nobody else
    pub owner: Option<Id>,
    /// The modules that it does without
    pub off: Vec<Feature>,
}

impl Tenant {
    /// One in use, that does without nothing.
    pub fn active(id: Id) -> Tenant {
        Tenant {
            id,
            status: Status::Active,
            owner: None,
            off: Vec::new(),
        }
    }

    /// Whether it does without that module.
    pub fn is_off(&self, module: &str) -> bool {
        self.off.iter().any(|feature| feature.as_str() == module)
    }
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
    /// The API key by which the call is made, if it is one
    pub key: Option<ByKey>,
    /// Whether the organization asks for a second factor that the caller doesn't have
    pub lacks_factor: bool,
}

/// Why a call may not be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refused {
    /// No role gives the permission; its name without a scope.
    Permission(String),
    /// The organization is suspended and may only be read.
    Suspended,
    /// No API key may do this.
    Key,
    /// The organization is archived: its owner reads it, opens it and deletes it, and that is all.
    Archived,
    /// The organization does without the module of that name.
    Off(&'static str),
    /// The organization asks for a second factor that the caller doesn't have.
    Factor,
}

impl Facts {
    /// Whether it is closed to the caller.
    fn is_shut(&self) -> bool {
        self.tenant.status == Status::Archived && self.tenant.owner != Some(self.user)
    }

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

    /// How far the caller may do `verb` to the resource of that name: as far as the widest of their roles says, and
    /// not at all where the organization is closed to them or does without the module.
    pub fn scope(&self, resource: &str, verb: Verb) -> Option<Scope> {
        let resource = resource_named(resource)?;
        if self.is_shut() || self.tenant.is_off(resource.module) {
            return None;
        }
        self.held(resource, verb)
    }

    /// What the caller's roles give, as far as a key cuts it; also of a module that is off: it may be handed on.
    fn held(&self, resource: &Resource, verb: Verb) -> Option<Scope> {
        self.widest(self.live(), resource, verb)
    }

    /// The same of those roles alone that last until `end`, or for good where that is none.
    fn held_until(&self, resource: &Resource, verb: Verb, end: Option<Instant>) -> Option<Scope> {
        self.widest(self.lasting(end), resource, verb)
    }

    /// The live assignments that last until `end`, or for good where that is none.
    fn lasting(&self, end: Option<Instant>) -> impl Iterator<Item = &Assignment> {
        self.live().filter(move |assignment| assignment.lasts_until(end))
    }

    fn widest<'a>(
        &self,
        assignments: impl Iterator<Item = &'a Assignment>,
        resource: &Resource,
        verb: Verb,
    ) -> Option<Scope> {
        let held = assignments
            .filter_map(|assignment| assignment.role.scope(resource, verb))
            .max()?;
        match &self.key {
            Some(key) => key.cut(resource, verb, held),
            None => Some(held),
        }
    }

    /// Whether the caller is no key, or the resource is for keys too.
    ///
    /// # Errors
    /// [`Refused::Key`] where neither is so.
    pub fn is_for_keys(&self, resource: &str) -> Result<(), Refused> {
        let is_for_keys = resource_named(resource).is_none_or(|resource| resource.is_for_keys());
        match self.key.is_none() || is_for_keys {
            true => Ok(()),
            false => Err(Refused::Key),
        }
    }

    /// Everything that the caller may do now.
    pub fn permissions(&self) -> Permissions {
        permissions()
            .filter(|p| self.scope(p.resource.name, p.verb) >= Some(p.scope))
            .collect()
    }

    /// Whether the caller is let in, whatever is to be done there.
    ///
    /// # Errors
    /// [`Refused::Archived`] where the organization is closed to the caller, which it is to every key,
    /// [`Refused::Factor`] where a second factor is missing, [`Refused::Suspended`] for a key of a suspended one.
    pub fn enter(&self) -> Result<(), Refused> {
        match (self.tenant.status, &self.key) {
            _ if self.is_shut() => Err(Refused::Archived),
            _ if self.lacks_factor => Err(Refused::Factor),
            (Status::Archived, Some(_)) => Err(Refused::Archived),
            (Status::Suspended, Some(_)) => Err(Refused::Suspended),
            _ => Ok(()),
        }
    }

    /// How far who was let in may do `verb` to the resource of that name: the decision before it is a grant.
    ///
    /// # Errors
    /// [`Refused::Key`] where it is nothing for an API key, [`Refused::Archived`] where the organization is closed
    /// to the caller, or for that, [`Refused::Off`] where it does without the module, [`Refused::Permission`] where
    /// no role gives it, [`Refused::Suspended`] where a suspended organization would be written to.
    pub fn judge(&self, resource: &str, verb: Verb) -> Result<Scope, Refused> {
        self.is_for_keys(resource)?;
        let is_own_row = resource == Organization::COLLECTION && verb == Verb::Delete;
        let is_archived = self.tenant.status == Status::Archived;
        if self.is_shut() || is_archived && verb != Verb::Read && !is_own_row {
            return Err(Refused::Archived);
        }
        if let Some(known) = resource_named(resource)
            && self.tenant.is_off(known.module)
        {
            return Err(Refused::Off(known.module));
        }
        let reach = self
            .scope(resource, verb)
            .ok_or_else(|| Refused::Permission(format!("{resource}:{}", verb.as_str())))?;
        match verb != Verb::Read && self.tenant.status == Status::Suspended {
            true => Err(Refused::Suspended),
            false => Ok(reach),
        }
    }

    /// The decision: the grant to do `A` to rows of `E`.
    ///
    /// # Errors
    /// As [`Facts::judge`].
    pub fn decide<E: Entity, A: Action>(&self) -> Result<Grant<E, A>, Refused> {
        let reach = self.judge(E::COLLECTION, A::VERB)?;
        // A row that may not be read isn't there to be acted on, for who may read any.
        let seen = match A::VERB {
            Verb::Read | Verb::Create => None,
            _ => self.scope(E::COLLECTION, Verb::Read),
        };
        let seen = Some(seen.unwrap_or(reach));
        Ok(Grant::new(self.tenant.id, self.user, seen, reach).by_key(self.key.as_ref().map(|key| key.id)))
    }

    /// The grant to read rows of `E`, if the caller has it: for references and `expand`.
    pub fn may_read<E: Entity>(&self) -> Option<Grant<E, Read>> {
        let reach: Reach = self.scope(E::COLLECTION, Verb::Read)?;
        let grant = Grant::new(self.tenant.id, self.user, Some(reach), reach);
        Some(grant.by_key(self.key.as_ref().map(|key| key.id)))
    }

    /// Whether the caller holds the role of that id. A key holds permissions, and no role.
    pub fn holds_role(&self, role_id: Id) -> bool {
        self.key.is_none() && self.roles().any(|role| role.id() == role_id)
    }

    /// Whether they hold it until `end`, or for good where that is none.
    pub fn holds_role_until(&self, role_id: Id, end: Option<Instant>) -> bool {
        self.key.is_none() && self.lasting(end).any(|held| held.role.id() == role_id)
    }

    /// What of the permissions the caller doesn't hold as far: what one may not hand on.
    pub fn lacks<'p>(&'p self, permissions: &'p Permissions) -> impl Iterator<Item = super::Permission> + 'p {
        permissions
            .iter()
            .filter(|p| self.held(p.resource, p.verb) < Some(p.scope))
    }

    /// What of them the caller doesn't hold as far until `end`, or for good where that is none: what one may not hand
    /// on for so long.
    pub fn lacks_until<'p>(
        &'p self,
        permissions: &'p Permissions,
        end: Option<Instant>,
    ) -> impl Iterator<Item = super::Permission> + 'p {
        permissions
            .iter()
            .filter(move |p| self.held_until(p.resource, p.verb, end) < Some(p.scope))
    }
}

#[cfg(test)]
mod tests;

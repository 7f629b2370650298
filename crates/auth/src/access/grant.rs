use super::action::Action;
use super::effect::Touches;
use super::scope::Scope;
use firma_domain::{Entity, Id};
use std::marker::PhantomData;

/// Which rows of an organization.
pub type Reach = Scope;

/// The right to do `A` to rows of `E` in one organization. Only the decision makes one, and a
/// repository opens with nothing else.
#[derive(Debug)]
pub struct Grant<E, A> {
    organization: Id,
    actor: Id,
    key: Option<Id>,
    seen: Option<Reach>,
    reach: Reach,
    of: PhantomData<fn() -> (E, A)>,
}

impl<E, A> Clone for Grant<E, A> {
    fn clone(&self) -> Self {
        *self
    }
}
impl<E, A> Copy for Grant<E, A> {}

impl<E, A> Grant<E, A> {
    pub(super) fn new(organization: Id, actor: Id, seen: Option<Reach>, reach: Reach) -> Self {
        Grant {
            organization,
            actor,
            key: None,
            seen,
            reach,
            of: PhantomData,
        }
    }

    /// The same, where the actor acts by an API key.
    pub(super) fn by_key(self, key: Option<Id>) -> Self {
        Grant { key, ..self }
    }

    /// The tenant.
    pub fn organization(&self) -> Id {
        self.organization
    }
    /// Who acts: a user's id.
    pub fn actor(&self) -> Id {
        self.actor
    }
    /// The API key by which the actor acts, if it is one.
    pub fn key(&self) -> Option<Id> {
        self.key
    }
    /// What the actor may see: a row outside doesn't exist for the actor. None who may only make.
    pub fn seen(&self) -> Option<Reach> {
        self.seen
    }
    /// What the actor may act on: a row that is seen but outside is forbidden.
    pub fn reach(&self) -> Reach {
        self.reach
    }
}

impl<E: Entity, A: Action> Grant<E, A> {
    /// The name of the permission that this grant stands for, as wide as it was given.
    pub fn permission(&self) -> String {
        named::<E, A>(self.reach)
    }

    /// The name of the permission that reaches all rows of the organization; none where this one does.
    pub fn widest(&self) -> Option<String> {
        (self.reach < Reach::Org).then(|| named::<E, A>(Reach::Org))
    }

    /// What the use case also touches: declared beside the entities, in [`Touches`].
    pub fn also<F, B>(&self) -> Grant<F, B>
    where
        (E, A): Touches<F, B>,
    {
        Grant::new(self.organization, self.actor, Some(Reach::Org), Reach::Org).by_key(self.key)
    }
}

fn named<E: Entity, A: Action>(reach: Reach) -> String {
    format!("{}:{}:{}", E::COLLECTION, A::VERB.as_str(), reach.as_str())
}

/// The right to found one organization: to make its own row and what it starts with.
#[derive(Debug)]
pub struct Founding {
    organization: Id,
    actor: Id,
}

impl Founding {
    /// For an organization that doesn't exist yet, by the user who will own it or by the system.
    pub fn of(organization: Id, actor: Id) -> Founding {
        Founding { organization, actor }
    }

    /// The grant to make rows of `E` in it.
    pub fn grant<E: Entity>(&self) -> Grant<E, super::Create> {
        Grant::new(self.organization, self.actor, Some(Reach::Org), Reach::Org)
    }
}

/// The right of a person to take up a membership that was made for them, and to give it up.
#[derive(Debug)]
pub struct Joining {
    organization: Id,
    user: Id,
}

impl Joining {
    /// For the user whose membership it is.
    pub fn of(organization: Id, user: Id) -> Joining {
        Joining { organization, user }
    }

    /// The organization.
    pub fn organization(&self) -> Id {
        self.organization
    }

    /// The user, whose own row alone is to be changed with it.
    pub fn user(&self) -> Id {
        self.user
    }

    /// The grant to end the roles that come with it.
    pub fn roles(&self) -> Grant<firma_domain::access::RoleAssignment, super::Update> {
        Grant::new(self.organization, self.user, Some(Reach::Org), Reach::Org)
    }

    /// The grant to change it.
    pub fn grant(&self) -> Grant<firma_domain::organizations::Member, super::Update> {
        Grant::new(self.organization, self.user, Some(Reach::Org), Reach::Org)
    }
}

/// The right that an invitation is: of who holds its token to look at it, and to take it up or decline it. What taking
/// it up touches besides is given by the one who invited, as far as they may give it then.
#[derive(Debug)]
pub struct Invited {
    organization: Id,
    user: Id,
}

impl Invited {
    /// For the user who takes it up, or the nil id for who only looks or declines.
    pub fn of(organization: Id, user: Id) -> Invited {
        Invited { organization, user }
    }

    /// The grant to answer it.
    pub fn grant(&self) -> Grant<firma_domain::organizations::Invitation, super::Update> {
        Grant::new(self.organization, self.user, Some(Reach::Org), Reach::Org)
    }
}

/// The right of who has proved a domain to take it from the organization that had it so far. It is nobody's of that
/// organization, and so nobody is named there.
#[derive(Debug)]
pub struct Claiming {
    organization: Id,
}

impl Claiming {
    /// From the organization that had it.
    pub fn from(organization: Id) -> Claiming {
        Claiming { organization }
    }

    /// The grant to change that organization's own row.
    pub fn grant(&self) -> Grant<firma_domain::organizations::Organization, super::Update> {
        Grant::new(self.organization, Id::NIL, Some(Reach::Org), Reach::Org)
    }
}

/// The right of a person to files that are the person's own and belong to no organization.
#[derive(Debug)]
pub struct Personal {
    user: Id,
}

impl Personal {
    /// For the user whose files they are, and who alone names them.
    pub fn of(user: Id) -> Personal {
        Personal { user }
    }

    /// The grant to do `A` to them.
    pub fn grant<A: Action>(&self) -> Grant<firma_domain::platform::File, A> {
        Grant::new(Id::NIL, self.user, Some(Reach::Org), Reach::Org)
    }
}

/// The right of a member to be told why something is allowed or refused in their organization: who holds which
/// role, who shares a team with whom. It gives reading of that and nothing else.
#[derive(Debug, Clone, Copy)]
pub struct Explaining {
    organization: Id,
    actor: Id,
}

impl Explaining {
    pub(super) fn of(organization: Id, actor: Id) -> Explaining {
        Explaining { organization, actor }
    }

    fn grant<E>(self) -> Grant<E, super::Read> {
        Grant::new(self.organization, self.actor, Some(Reach::Org), Reach::Org)
    }

    /// The grant to read who holds which role.
    pub fn assignments(self) -> Grant<firma_domain::access::RoleAssignment, super::Read> {
        self.grant()
    }

    /// The grant to read who is a member.
    pub fn members(self) -> Grant<firma_domain::organizations::Member, super::Read> {
        self.grant()
    }

    /// The grant to read who is in which team.
    pub fn teams(self) -> Grant<firma_domain::organizations::TeamMember, super::Read> {
        self.grant()
    }
}

/// The right of who runs the server to look into one organization. It gives reading and nothing else.
#[derive(Debug, Clone, Copy)]
pub struct Operating {
    organization: Id,
}

impl Operating {
    /// For one organization, or the nil one.
    pub fn on(organization: Id) -> Operating {
        Operating { organization }
    }

    /// The organization.
    pub fn organization(self) -> Id {
        self.organization
    }

    /// The grant to read rows of `E` in it.
    pub fn grant<E: Entity>(self) -> Grant<E, super::Read> {
        Grant::new(self.organization, Id::NIL, Some(Reach::Org), Reach::Org)
    }
}

/// The right of the clean-up in one organization: to take away what was deleted long ago, and what its log
/// need not keep any more; and of who runs the server, to take all of it away. It shows no row to anybody.
#[derive(Debug, Clone, Copy)]
pub struct Disposing {
    organization: Id,
}

impl Disposing {
    /// For one organization, or the nil one.
    pub fn of(organization: Id) -> Disposing {
        Disposing { organization }
    }

    /// The organization.
    pub fn organization(self) -> Id {
        self.organization
    }
}

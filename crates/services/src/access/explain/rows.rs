use crate::keeping::Keeping;
use crate::refusal::Refusal;
use crate::rows::is;
use crate::work::Work;
use firma_auth::access::{Read, Resource, Scope};
use firma_domain::Id;
use firma_domain::access::{ApiKey, Role, RoleAssignment};
use firma_domain::crm::{Activity, Company, Contact, Deal, DealContact, Pipeline, Stage};
use firma_domain::organizations::{Invitation, Member, Organization, Team, TeamMember};
use firma_domain::platform::{File, Import, Job};
use serde::Serialize;

/// Where a row stands for a member.
#[derive(Debug, Clone, Serialize)]
pub struct Place {
    pub id: Id,
    pub owner_id: Option<Id>,
    /// The narrowest scope that includes it
    #[serde(serialize_with = "word")]
    pub needs: Scope,
}

fn word<S: serde::Serializer>(scope: &Scope, to: S) -> Result<S::Ok, S::Error> {
    to.serialize_str(scope.as_str())
}

/// Finds a row for the caller, who has to be able to read it, and tells its owner.
type Owner = fn(&mut Work<'_, '_>, Id) -> Result<Option<Id>, Refusal>;

macro_rules! owners { ($($entity:ty),* $(,)?) => { &[$((<$entity as firma_domain::Entity>::COLLECTION, owner::<$entity>)),*] } }

/// A collection that is missing here fails a test that compares it with the operations.
const OWNERS: &[(&str, Owner)] = owners![
    Organization,
    Member,
    Team,
    TeamMember,
    Role,
    Invitation,
    RoleAssignment,
    ApiKey,
    Company,
    Contact,
    Deal,
    DealContact,
    Activity,
    Pipeline,
    Stage,
    File,
    Import,
    Job,
];

fn owner<E: Keeping>(work: &mut Work<'_, '_>, id: Id) -> Result<Option<Id>, Refusal> {
    let grant = work.grant::<E, Read>()?;
    Ok(crate::crud::find(work, grant, id)?.value.owner())
}

/// The names of the collections whose rows can be asked about.
pub fn explained() -> impl Iterator<Item = &'static str> {
    OWNERS.iter().map(|(name, _)| *name)
}

pub(super) fn place(
    work: &mut Work<'_, '_>,
    resource: &Resource,
    row: Id,
    user: Id,
) -> Result<Place, Refusal> {
    let owner = OWNERS.iter().find(|(name, _)| *name == resource.name);
    let (_, owner) = owner.ok_or(Refusal::NotFound)?;
    let owner_id = owner(work, row)?;
    let needs = match (resource.owned, owner_id) {
        (true, Some(owner)) if owner == user => Scope::Own,
        (true, Some(owner)) if share_a_team(work, owner, user)? => Scope::Team,
        _ => Scope::Org,
    };
    Ok(Place {
        id: row,
        owner_id,
        needs,
    })
}

fn share_a_team(work: &mut Work<'_, '_>, one: Id, other: Id) -> Result<bool, Refusal> {
    let grant = work.facts().explaining().teams();
    let mut rows = work.open(grant)?;
    let theirs = rows.some(vec![is::<TeamMember>("user_id", other)], i64::MAX)?;
    let own = rows.some(vec![is::<TeamMember>("user_id", one)], i64::MAX)?;
    Ok(own
        .iter()
        .any(|a| theirs.iter().any(|b| a.value.team_id == b.value.team_id)))
}

use super::changes::{has_second_factor, not_kept, slug_taken};
use super::places::role_id;
use crate::access;
use crate::refusal::Refusal;
use crate::work::Caller;
use firma_auth::access::{Create, Founding, Grant, Joining, Update};
use firma_domain::access::RoleAssignment;
use firma_domain::crm::{Pipeline, Stage, default_stages};
use firma_domain::identity::{Signup, User};
use firma_domain::organizations::{Member, Organization, Status};
use firma_domain::{Id, Record};
use firma_persistence::{Fault, Tx};

/// An organization made by a signed-in user, who becomes its owner.
pub fn found_by(
    tx: &mut Tx<'_>,
    caller: Caller,
    organization: Organization,
    signup: Signup,
) -> Result<Record<Organization>, Refusal> {
    if signup != Signup::Open {
        return Err(Refusal::SignupClosed);
    }
    if tx.user(caller.user)?.value.email_verified_at.is_none() {
        return Err(Refusal::Unverified);
    }
    if organization.settings.second_factor_required {
        has_second_factor(tx, caller.user)?;
    }
    let made = found(tx, caller.user, organization)?;
    tx.note_configured(caller.user)?;
    Ok(made)
}

/// Makes an organization for its owner, who makes it.
pub fn found(
    tx: &mut Tx<'_>,
    owner: Id,
    organization: Organization,
) -> Result<Record<Organization>, Refusal> {
    found_for(tx, owner, owner, organization)
}

/// Makes an organization with what it starts with: its owner as `ceo`, and a pipeline. Whoever may make
/// organizations for others names the owner.
pub fn found_for(
    tx: &mut Tx<'_>,
    by: Id,
    owner: Id,
    organization: Organization,
) -> Result<Record<Organization>, Refusal> {
    let person = match tx.user_for_change(owner) {
        Err(Fault::Missing) => {
            return Err(Refusal::field("owner_id", "not_found", "there is no such user"));
        }
        person => person?.value,
    };
    if organization.logo_id.is_some() {
        let detail = "it has no files yet: set it afterwards";
        return Err(Refusal::field("logo_id", "not_found", detail));
    }
    let founding = Founding::of(tx.new_id(), by);
    let organization = Organization {
        owner_id: Some(owner),
        status: Status::Active,
        ..organization
    };
    tx.found(&founding, &organization).map_err(slug_taken)?;
    let grant = founding.grant::<Organization>();
    not_kept(tx, grant.organization(), &organization.slug)?;
    let record = tx
        .open(grant)?
        .add_as(grant.organization(), organization)
        .map_err(|fault| crate::crud::refused(grant, fault))?;
    join(tx, &founding, (owner, person), "ceo", "founded the organization")?;

    let pipeline = Pipeline {
        name: "Sales".into(),
        is_default: true,
    };
    let pipeline = tx.open(founding.grant::<Pipeline>())?.add(pipeline)?;
    tx.open(founding.grant::<Stage>())?
        .add_many(default_stages(pipeline.id))?;
    tx.identify(by)?;
    Ok(record)
}

const FIRST_OWNER: &str = "first owner of the installation";

/// Gives the first owner of an installation the whole platform. What belongs to no organization stands in the reserved
/// one: nobody can enter it, but who is a member there holds platform roles.
pub(crate) fn own_platform(tx: &mut Tx<'_>, owner: Id) -> Result<(), Refusal> {
    let person = tx.user(owner)?.value;
    let (founding, joining) = (Founding::of(Id::NIL, owner), Joining::of(Id::NIL, owner));
    // Who was on the platform before, perhaps as an owner for a while, is there already.
    seat(tx, founding.grant(), joining.grant(), (owner, person))?;
    let assignment = RoleAssignment {
        assigned_at: Some(tx.now()),
        reason: Some(FIRST_OWNER.into()),
        ..RoleAssignment::of(owner, role_id("website_owner")?)
    };
    let before = access::known(tx, joining.roles(), owner, assignment.role_id)?;
    access::put(tx, founding.grant(), joining.roles(), before, assignment).map(drop)
}

/// Sees to it that a user is a live member.
pub(crate) fn seat(
    tx: &mut Tx<'_>,
    making: Grant<Member, Create>,
    change: Grant<Member, Update>,
    (user, person): (Id, User),
) -> Result<(), Refusal> {
    let joined = Member {
        joined_at: Some(tx.now()),
        ..Member::added(person.email, person.name, None)
    };
    match tx.open(making)?.by_ids(&[user])?.pop() {
        None => drop(tx.open(making)?.add_as(user, joined)?),
        Some(before) if before.value.is_live() => {}
        Some(_) => {
            let mut members = tx.open(change)?;
            let before = members.find_for_change(user)?;
            members.change(&before, joined)?;
        }
    }
    Ok(())
}

/// Makes a user a member, with a role.
fn join(
    tx: &mut Tx<'_>,
    founding: &Founding,
    (user, person): (Id, User),
    role: &str,
    reason: &str,
) -> Result<(), Refusal> {
    let now = tx.now();
    let member = Member {
        joined_at: Some(now),
        ..Member::added(person.email, person.name, None)
    };
    tx.open(founding.grant::<Member>())?.add_as(user, member)?;
    let assignment = RoleAssignment {
        assigned_at: Some(now),
        reason: Some(reason.into()),
        ..RoleAssignment::of(user, role_id(role)?)
    };
    tx.open(founding.grant::<RoleAssignment>())?.add(assignment)?;
    Ok(())
}

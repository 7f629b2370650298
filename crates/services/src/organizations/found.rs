use crate::keeping::Keeping;
use crate::refusal::Refusal;
use crate::work::Caller;
use firma_auth::access::{Founding, role_by_name};
use firma_domain::access::RoleAssignment;
use firma_domain::crm::{Pipeline, Stage, default_stages};
use firma_domain::identity::Signup;
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
    let made = found(tx, caller.user, organization)?;
    tx.note_configured(caller.user)?;
    Ok(made)
}

/// Makes an organization with what it starts with: its owner as `ceo`, and a pipeline.
pub fn found(
    tx: &mut Tx<'_>,
    owner: Id,
    organization: Organization,
) -> Result<Record<Organization>, Refusal> {
    found_for(tx, owner, owner, organization)
}

/// The same for an owner who may be another than who makes it.
pub fn found_for(
    tx: &mut Tx<'_>,
    by: Id,
    owner: Id,
    organization: Organization,
) -> Result<Record<Organization>, Refusal> {
    let founding = Founding::of(tx.new_id(), by);
    let organization = Organization {
        owner_id: Some(owner),
        status: Status::Active,
        ..organization
    };
    tx.found(&founding, &organization).map_err(slug_taken)?;

    let grant = founding.grant::<Organization>();
    let record = tx
        .open(grant)?
        .add_as(grant.organization(), organization)
        .map_err(slug_taken)?;
    join(tx, &founding, owner, "ceo", "founded the organization")?;

    let pipeline = Pipeline {
        name: "Sales".into(),
        is_default: true,
    };
    let pipeline = tx.open(founding.grant::<Pipeline>())?.add(pipeline)?;
    tx.open(founding.grant::<Stage>())?
        .add_many(default_stages(pipeline.id))?;
    Ok(record)
}

/// Gives the first user of an installation the whole platform. What belongs to no organization stands in the reserved
/// one: nobody can enter it, but who is a member there holds platform roles.
pub(crate) fn own_platform(tx: &mut Tx<'_>, owner: Id) -> Result<(), Refusal> {
    let founding = Founding::of(Id::NIL, owner);
    join(
        tx,
        &founding,
        owner,
        "website_owner",
        "first user of the installation",
    )
}

/// Makes a user a member, with a role.
fn join(tx: &mut Tx<'_>, founding: &Founding, user: Id, role: &str, reason: &str) -> Result<(), Refusal> {
    let (person, now) = (tx.user(user)?.value, tx.now());
    let member = Member {
        joined_at: Some(now),
        ..Member::added(person.email, person.name, None)
    };
    tx.open(founding.grant::<Member>())?.add_as(user, member)?;
    let role = role_by_name(role).ok_or_else(|| Fault::Internal(format!("there is no role {role}")))?;
    let assignment = RoleAssignment {
        user_id: user,
        role_id: role.id,
        role_organization_id: None,
        assigned_by: None,
        assigned_at: Some(now),
        expires_at: None,
        is_active: true,
        reason: Some(reason.into()),
    };
    tx.open(founding.grant::<RoleAssignment>())?.add(assignment)?;
    Ok(())
}

pub(super) fn slug_taken(fault: Fault) -> Refusal {
    match fault {
        Fault::Conflict(_) => Refusal::Conflict {
            code: "not_unique",
            field: Some("slug".into()),
            detail: "another organization has the same slug".into(),
        },
        other => other.into(),
    }
}

impl Keeping for Organization {
    fn changing(
        work: &mut crate::Work<'_, '_>,
        grant: firma_auth::access::Grant<Self, firma_auth::access::Update>,
        before: &Record<Self>,
        value: Self,
    ) -> Result<Self, Refusal> {
        let small = |of: &Self| (of.slug.clone(), of.default_currency, of.timezone);
        if small(&value) != small(&before.value) {
            work.tx.update_tenant(grant, &value).map_err(slug_taken)?;
        }
        Ok(value)
    }
}

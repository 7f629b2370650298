use crate::keeping::Keeping;
use crate::refusal::Refusal;
use crate::work::Caller;
use firma_auth::access::{Founding, role_by_name};
use firma_domain::access::RoleAssignment;
use firma_domain::crm::{Pipeline, Stage, default_stages};
use firma_domain::organizations::{Member, Organization, Status};
use firma_domain::{Id, Record};
use firma_persistence::{Fault, Tx};

/// An organization made by a signed-in user, who becomes its owner.
pub fn found_by(
    tx: &mut Tx<'_>,
    caller: Caller,
    organization: Organization,
) -> Result<Record<Organization>, Refusal> {
    if tx.user(caller.user)?.value.email_verified_at.is_none() {
        return Err(Refusal::Unverified);
    }
    found(tx, caller.user, organization)
}

/// Makes an organization with what it starts with: its owner as `ceo`, and a pipeline.
pub fn found(
    tx: &mut Tx<'_>,
    owner: Id,
    organization: Organization,
) -> Result<Record<Organization>, Refusal> {
    let person = tx.user(owner)?.value;
    let founding = Founding::of(tx.new_id(), owner);
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
    let now = tx.now();
    let member = Member {
        joined_at: Some(now),
        ..Member::added(person.email, person.name, None)
    };
    tx.open(founding.grant::<Member>())?.add_as(owner, member)?;

    let ceo = role_by_name("ceo").ok_or_else(|| Fault::Internal("there is no role ceo".into()))?;
    let assignment = RoleAssignment {
        user_id: owner,
        role_id: ceo.id,
        role_organization_id: None,
        assigned_by: None,
        assigned_at: Some(now),
        expires_at: None,
        is_active: true,
        reason: Some("founded the organization".into()),
    };
    tx.open(founding.grant::<RoleAssignment>())?.add(assignment)?;

    let pipeline = Pipeline {
        name: "Sales".into(),
        is_default: true,
    };
    let pipeline = tx.open(founding.grant::<Pipeline>())?.add(pipeline)?;
    tx.open(founding.grant::<Stage>())?
        .add_many(default_stages(pipeline.id))?;
    Ok(record)
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

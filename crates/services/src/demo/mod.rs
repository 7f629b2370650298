//! A small organization to look at: its people, and a year of their work.
//!
//! All of it goes through the use cases, each step as the member who takes it, so there is nothing in it that
//! couldn't have come over the API. Each module gives its own steps; [`steps`] puts them in order.

mod crm;
mod dice;
mod organizations;
mod people;

pub use people::{Person, found, people};

use crate::keeping::Keeping;
use crate::refusal::Refusal;
use crate::rows::is;
use crate::work::Work;
use crate::{crud, crud::Expected};
use dice::Dice;
use firma_auth::access::{Assignment, Create, Facts, Given, Read, Role, Tenant, Update, role_by_name};
use firma_domain::{Currency, Day, Id, Instant, Record, Zone};
use firma_persistence::{Fault, Tx};
use serde_json::Value;

/// The organization's short name.
pub const SLUG: &str = "demo";

type Act = Box<dyn Fn(&mut Work<'_, '_>) -> Result<(), Refusal> + Send + Sync>;

/// Something that a member does at some time.
pub struct Step {
    /// When
    pub at: Instant,
    /// The role of the member
    by: &'static str,
    act: Act,
}

impl Step {
    fn new(
        at: Instant,
        by: &'static str,
        act: impl Fn(&mut Work<'_, '_>) -> Result<(), Refusal> + Send + Sync + 'static,
    ) -> Step {
        Step {
            at,
            by,
            act: Box::new(act),
        }
    }
}

/// When the organization begins, and when the year is over: fixed, so that a seed gives the same each time.
pub fn begins() -> Instant {
    instant("2025-01-06", 8)
}

fn ends() -> Instant {
    instant("2025-12-19", 17)
}

fn instant(day: &str, hour: i64) -> Instant {
    let day = day.parse().unwrap_or(Day::FIRST);
    Zone::UTC.start_of(day).plus_seconds(hour * 3_600)
}

/// The steps that follow from a seed, in their order.
pub fn steps(seed: u64) -> Vec<Step> {
    let mut steps = organizations::steps(begins());
    // Each module throws its own dice, so that a new one leaves the others' figures as they are.
    steps.extend(crm::steps(&mut Dice::new(seed, "crm"), begins(), ends()));
    steps.sort_by_key(|step| step.at);
    steps
}

/// Takes a step.
pub fn play(tx: &mut Tx<'_>, step: &Step) -> Result<(), Refusal> {
    let user = tx
        .user_of_login(&people::email(step.by))?
        .ok_or(Refusal::NotFound)?;
    let organization = tx.tenants()?.into_iter().find(|(_, slug)| slug == SLUG);
    let (organization, _) = organization.ok_or(Refusal::OrganizationNotFound)?;
    (step.act)(&mut member(tx, organization, user, step.by)?)
}

/// A call by a member with that role, who needs no session.
fn member<'t, 'c>(
    tx: &'t mut Tx<'c>,
    organization: Id,
    user: Id,
    role: &'static str,
) -> Result<Work<'t, 'c>, Refusal> {
    let facts = Facts {
        user,
        tenant: Tenant::active(organization),
        assignments: [Assignment {
            role: Given::System(system_role(role)?),
            expires_at: None,
        }]
        .into(),
        now: tx.now(),
        key: None,
        lacks_factor: false,
    };
    Ok(Work::of(tx, facts, Currency::default(), Zone::UTC))
}

fn system_role(name: &str) -> Result<&'static Role, Refusal> {
    role_by_name(name).ok_or_else(|| Fault::Internal(format!("there is no role {name}")).into())
}

fn make<E: Keeping>(work: &mut Work<'_, '_>, body: Value) -> Result<Record<E>, Refusal> {
    let grant = work.grant::<E, Create>()?;
    crud::create(work, grant, body)
}

fn change<E: Keeping>(work: &mut Work<'_, '_>, id: Id, patch: Value) -> Result<Record<E>, Refusal> {
    let grant = work.grant::<E, Update>()?;
    crud::update(work, grant, id, patch, &Expected::default())
}

/// The row in whose column that value stands.
fn find<E: Keeping>(work: &mut Work<'_, '_>, column: &'static str, value: &str) -> Result<Id, Refusal> {
    let grant = work.grant::<E, Read>()?;
    let found = work.open(grant)?.first(vec![is::<E>(column, value)])?;
    Ok(found.ok_or(Refusal::NotFound)?.id)
}

use super::Desk;
use crate::crud::{Expected, Listed};
use crate::identity;
use crate::listing::{self, Parameters};
use crate::organizations::{self as standing, Terms, found_for};
use crate::pages::{self, Row, by_id, oldest_first};
use crate::refusal::Refusal;
use firma_auth::access::{Create, Delete, PlatformGrant, Read, Update};
use firma_auth::keys::Key;
use firma_domain::identity::User;
use firma_domain::input;
use firma_domain::organizations::Organization;
use firma_domain::{Email, Id, Invalid, Record, Slug};
use firma_persistence::installation::OrganizationSearch;
use serde::Deserialize;
use serde_json::Value;

impl Row for Record<Organization> {
    fn has(field: &str) -> bool {
        listing::has_field::<Organization>(field)
    }
}

/// Organizations' own rows, the newest first.
pub fn organizations(
    desk: &mut Desk<'_, '_>,
    grant: PlatformGrant<Organization, Read>,
    parameters: &Parameters,
    key: &Key,
) -> Result<Listed, Refusal> {
    let mut search = OrganizationSearch::default();
    let page =
        pages::filtered::<Record<Organization>>(parameters, Id::NIL, "organizations", key, |name, value| {
            let wrong = |detail| Refusal::parameter(name, "invalid_value", detail);
            match name {
                "status" => {
                    let status = value.parse();
                    search.status =
                        Some(status.map_err(|()| wrong("has to be active, suspended or archived"))?);
                }
                "sort" => search.oldest_first = oldest_first(value)?,
                "slug" => search.slug = Some(Slug::parse(value).ok_or_else(|| wrong("is not a slug"))?),
                _ => return Ok(false),
            }
            Ok(true)
        })?;
    let search = OrganizationSearch {
        before: page.before(),
        rows: page.rows(),
        ..search
    };
    let total = page.total(|| desk.tx.count_organizations(grant, &search))?;
    let found = desk.tx.list_organizations(grant, &search)?;
    page.of(found, total, |organization| by_id(organization.id))
}

/// One of them, whatever its status.
pub fn organization(
    desk: &mut Desk<'_, '_>,
    grant: PlatformGrant<Organization, Read>,
    id: Id,
) -> Result<Record<Organization>, Refusal> {
    Ok(desk.tx.find_organization(grant, id)?)
}

/// An organization and who will own it.
#[derive(Debug, Clone)]
pub struct NewOwned {
    pub organization: Organization,
    owner: Owner,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct Owner {
    email: Email,
    /// Without one, what stands before the `@`; of no matter for who has an account
    #[serde(default)]
    name: Option<String>,
}

impl NewOwned {
    /// From a body: the organization's fields, and `owner`.
    pub fn read(mut body: Value) -> Result<NewOwned, Refusal> {
        let is_object = body.is_object();
        let owner = body.as_object_mut().and_then(|fields| fields.remove("owner"));
        let organization = input::read(body);
        let owner = match owner {
            Some(owner) => input::plain(owner).map_err(|invalid| invalid.below("/owner")),
            None if is_object => Err(Invalid::field("owner", "required", "is needed")),
            None => Err(Invalid(Vec::new())),
        };
        match (organization, owner) {
            (Ok(organization), Ok(owner)) => Ok(NewOwned { organization, owner }),
            (Err(invalid), Err(others)) => Err(invalid.and(others).into()),
            (Err(invalid), _) | (_, Err(invalid)) => Err(invalid.into()),
        }
    }
}

/// Makes an organization for somebody else. Who has no account yet gets one to claim, by the mail that a forgotten
/// password is set anew with.
pub fn create(
    desk: &mut Desk<'_, '_>,
    grant: PlatformGrant<Organization, Create>,
    new: NewOwned,
    language: &str,
    ip: Option<&str>,
) -> Result<Record<Organization>, Refusal> {
    let NewOwned { organization, owner } = new;
    let user = match desk.tx.user_of_login_for_change(&owner.email.key())? {
        Some(user) if user.value.is_active => user.id,
        Some(_) => {
            return Err(Refusal::field(
                "owner/email",
                "inactive",
                "is of an account that is closed",
            ));
        }
        None => {
            let before_at = owner.email.as_str().split('@').next().unwrap_or_default();
            let name = owner.name.unwrap_or_else(|| before_at.to_owned());
            let value = User::unclaimed(owner.email.clone(), name);
            input::check(&value).map_err(|invalid| invalid.below("/owner"))?;
            let (id, by) = (desk.tx.new_id(), desk.user());
            desk.tx.add_user(id, &value, Some(by))?;
            identity::forgot_password(desk.tx, owner.email, language, ip)?;
            id
        }
    };
    found_for(desk.tx, grant.actor(), user, organization)
}

/// Sets what the platform grants it.
pub fn set_terms(
    desk: &mut Desk<'_, '_>,
    grant: PlatformGrant<Organization, Update>,
    id: Id,
    terms: Terms,
    expected: &Expected,
) -> Result<Record<Organization>, Refusal> {
    standing::set_terms(desk.tx, grant.own_row(id), terms, expected)
}

/// Makes it read-only.
pub fn suspend(
    desk: &mut Desk<'_, '_>,
    grant: PlatformGrant<Organization, Update>,
    id: Id,
    expected: &Expected,
) -> Result<Record<Organization>, Refusal> {
    standing::suspend(desk.tx, grant.own_row(id), expected)
}

/// Lets it be written to again.
pub fn reactivate(
    desk: &mut Desk<'_, '_>,
    grant: PlatformGrant<Organization, Update>,
    id: Id,
    expected: &Expected,
) -> Result<Record<Organization>, Refusal> {
    standing::reactivate(desk.tx, grant.own_row(id), expected)
}

/// Opens one that was archived or deleted.
pub fn reopen(
    desk: &mut Desk<'_, '_>,
    grant: PlatformGrant<Organization, Update>,
    id: Id,
    expected: &Expected,
) -> Result<Record<Organization>, Refusal> {
    standing::reopen(desk.tx, grant.own_row(id), expected)
}

/// Deletes it: a flag that shuts it to everybody. Nothing in it is touched.
pub fn remove(
    desk: &mut Desk<'_, '_>,
    grant: PlatformGrant<Organization, Delete>,
    id: Id,
    expected: &Expected,
) -> Result<(), Refusal> {
    standing::remove(desk.tx, grant.own_row(id), expected).map(drop)
}

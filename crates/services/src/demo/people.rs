//! Who works there: a member for each role.

use super::dice::Dice;
use super::{SLUG, member, system_role};
use crate::organizations::{self, NewMember, add_member, join_all};
use crate::refusal::Refusal;
use firma_auth::access::{Create, SYSTEM_ROLES};
use firma_domain::identity::User;
use firma_domain::organizations::{Member, Organization};
use firma_domain::{Email, input};
use firma_persistence::Tx;
use serde_json::json;

/// Someone who works there.
#[derive(Debug, Clone)]
pub struct Person {
    pub role: &'static str,
    pub email: String,
    pub name: String,
}

/// Who owns the organization.
const OWNER: &str = "ceo";
/// Whose members come with what they belong to.
const LATER: &str = "client";

const GIVEN: [&str; 16] = [
    "Ada", "Bora", "Clara", "Deniz", "Elif", "Filip", "Greta", "Hakan", "Irena", "Jonas", "Katarina", "Luka",
    "Mira", "Nikola", "Olga", "Petar",
];
const FAMILY: [&str; 16] = [
    "Aksoy",
    "Bauer",
    "Demir",
    "Fischer",
    "Ivić",
    "Jovanović",
    "Kaya",
    "Keller",
    "Lindgren",
    "Marković",
    "Novak",
    "Öztürk",
    "Petrović",
    "Schäfer",
    "Šimić",
    "Yıldız",
];

pub(super) fn email(role: &str) -> String {
    format!("{role}@{SLUG}.example")
}

/// The people that follow from a seed, the owner first.
pub fn people(seed: u64) -> Vec<Person> {
    let mut dice = Dice::new(seed, "people");
    let (mut given, mut family) = (GIVEN.to_vec(), FAMILY.to_vec());
    let roles = SYSTEM_ROLES
        .iter()
        .filter(|role| !role.platform && role.name != LATER);
    let person = |role: &firma_auth::access::Role| Person {
        role: role.name,
        email: email(role.name),
        name: format!("{} {}", dice.draw(&mut given), dice.draw(&mut family)),
    };
    let mut people: Vec<_> = roles.map(person).collect();
    people.sort_by_key(|person| person.role != OWNER);
    people
}

/// Makes the organization and its members, each with a password of that hash. Refused where anything of it is there.
pub fn found(tx: &mut Tx<'_>, people: &[(Person, String)]) -> Result<(), Refusal> {
    let taken = |what: String| {
        Refusal::conflict(
            "not_unique",
            format!("{what} is there already, and nothing was done"),
        )
    };
    if tx.tenants()?.iter().any(|(_, slug)| slug == SLUG) {
        return Err(taken(format!("the organization {SLUG}")));
    }
    let mut users = Vec::with_capacity(people.len());
    for (person, hash) in people {
        let address = Email::parse(&person.email).ok_or_else(|| taken(person.email.clone()))?;
        if tx.user_of_login(&address.key())?.is_some() {
            return Err(taken(format!("a user {}", person.email)));
        }
        let user = tx.new_id();
        tx.add_user(user, &User::unclaimed(address.clone(), person.name.clone()), None)?;
        tx.set_password(user, hash, false)?;
        users.push((user, address, person));
    }
    let mut users = users.into_iter();
    let (owner, ..) = users.next().ok_or(Refusal::NotFound)?;
    let organization =
        json!({"name": "Demo Company", "slug": SLUG, "description": "Demo organization for testing"});
    let organization: Organization = input::read(organization)?;
    let organization = organizations::found(tx, owner, organization)?;
    for (user, email, person) in users {
        let mut work = member(tx, organization.id, owner, OWNER)?;
        let grant = work.grant::<Member, Create>()?;
        let new = NewMember {
            email,
            name: person.name.clone(),
            title: Some(system_role(person.role)?.display_name.to_owned()),
            department: None,
            role_ids: vec![system_role(person.role)?.id],
        };
        add_member(&mut work, grant, new)?;
        join_all(tx, user)?;
    }
    Ok(())
}

use super::*;
use crate::access::{Create, Delete, Permission, Update, role_by_name};
use firma_domain::crm::Deal;
use serde::{Deserialize, Serialize};
use validator::Validate;

fn facts(roles: &[(&str, Option<i64>)], status: Status) -> Facts {
    let at = |micros| Instant::from_micros(micros).unwrap();
    Facts {
        user: Id::fixed(9, 1),
        tenant: Tenant {
            status,
            ..Tenant::active(Id::fixed(9, 2))
        },
        assignments: roles
            .iter()
            .map(|(name, end)| Assignment {
                role: Given::System(role_by_name(name).unwrap()),
                expires_at: end.map(at),
            })
            .collect(),
        now: at(100),
        key: None,
        lacks_factor: false,
    }
}

#[test]
fn an_expired_role_gives_nothing_from_that_instant_on() {
    assert!(
        facts(&[("ceo", Some(100))], Status::Active)
            .decide::<Deal, Read>()
            .is_err()
    );
    assert!(
        facts(&[("ceo", Some(101))], Status::Active)
            .decide::<Deal, Read>()
            .is_ok()
    );
}

#[test]
fn roles_add_up_and_seeing_is_wider_than_acting() {
    let grant = facts(&[("employee", None)], Status::Active)
        .decide::<Deal, Update>()
        .unwrap();
    assert_eq!((grant.seen(), grant.reach()), (Some(Scope::Team), Scope::Own));
    let both = facts(&[("employee", None), ("manager", None)], Status::Active);
    assert_eq!(both.decide::<Deal, Update>().unwrap().reach(), Scope::Team);
}

#[test]
fn a_suspended_organization_is_read_only() {
    let facts = facts(&[("ceo", None)], Status::Suspended);
    assert!(facts.decide::<Deal, Read>().is_ok());
    assert_eq!(facts.decide::<Deal, Create>().unwrap_err(), Refused::Suspended);
}

#[test]
fn nobody_hands_on_what_they_do_not_hold() {
    let manager = facts(&[("manager", None)], Status::Active);
    let lacks = |name| lacks(&manager, &role_by_name(name).unwrap().permissions());
    assert!(!lacks("employee"));
    assert!(lacks("ceo"));
}

/// Whether it is more than one may hand on for good.
fn lacks(facts: &Facts, given: &Permissions) -> bool {
    facts.lacks_until(given, None).next().is_some()
}

/// A role of the organization's own.
fn custom(names: &[&str]) -> Given {
    let permissions = names.iter().map(|name| Permission::parse(name).unwrap());
    Given::Custom(Id::fixed(9, 3), Arc::new(permissions.collect()))
}

#[test]
fn a_custom_role_gives_what_it_says_and_ends_on_time() {
    let mut facts = facts(&[("stakeholder", None)], Status::Active);
    let auditor = custom(&["deals:read:team", "teams:update:org"]);
    let held = |expires_at| Assignment {
        role: auditor.clone(),
        expires_at,
    };
    facts.assignments = [held(Some(facts.now.plus_seconds(1)))].into();
    assert_eq!(facts.decide::<Deal, Read>().unwrap().reach(), Scope::Team);
    assert!(facts.decide::<Deal, Update>().is_err());
    let lacks = |role: &Given| facts.lacks(&role.permissions()).next().is_some();
    assert!(facts.holds_role(auditor.id()) && !lacks(&auditor));
    assert!(lacks(&custom(&["deals:read:org"])));
    let names: Vec<_> = facts.permissions().iter().map(|p| p.name()).collect();
    assert_eq!(names, ["teams:update:org", "deals:read:team"]);
    facts.assignments = [held(Some(facts.now))].into();
    assert!(facts.decide::<Deal, Read>().is_err() && !facts.holds_role(auditor.id()));
}

#[test]
fn what_ends_is_lacked_beyond_its_end() {
    let role = role_by_name("manager").unwrap();
    let facts = facts(&[("manager", Some(200)), ("employee", None)], Status::Active);
    let at = |micros| Some(Instant::from_micros(micros).unwrap());
    for (end, lasts) in [(at(199), true), (at(200), true), (at(201), false), (None, false)] {
        assert_eq!(facts.holds_role_until(role.id, end), lasts, "{end:?}");
        let given = role.permissions();
        assert_eq!(facts.lacks_until(&given, end).next().is_none(), lasts, "{end:?}");
    }
    let given = role_by_name("employee").unwrap().permissions();
    assert!(facts.lacks_until(&given, None).next().is_none());
}

/// Of a module that an organization may do without.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Validate)]
struct Quote {}

impl Entity for Quote {
    const NAME: &'static str = "quote";
    const COLLECTION: &'static str = "quotes";
}

#[test]
fn a_module_that_is_off_gives_nobody_anything() {
    let mut facts = facts(&[("ceo", None)], Status::Active);
    assert!(facts.decide::<Quote, Create>().is_ok());
    facts.tenant.off = vec![Feature::Work];
    assert!(facts.decide::<Quote, Create>().is_ok());
    facts.tenant.off = vec![Feature::Work, Feature::Sales];
    assert_eq!(facts.decide::<Quote, Read>().unwrap_err(), Refused::Off("sales"));
    assert!(facts.may_read::<Quote>().is_none() && facts.scope("quotes", Verb::Read).is_none());
    let left: std::collections::HashSet<_> = facts.permissions().iter().map(|p| p.resource.module).collect();
    assert!(!left.contains("sales") && !left.contains("work") && left.contains("product"));
    assert!(facts.decide::<Deal, Create>().is_ok());
    // It is handed on all the same: it counts once the module is on.
    assert!(!lacks(&facts, &custom(&["quotes:read:org"]).permissions()));
}

#[test]
fn an_archived_organization_is_open_to_its_owner_for_reading_and_for_opening_it_again() {
    let mut facts = facts(&[("ceo", None)], Status::Archived);
    assert_eq!(facts.decide::<Deal, Read>().unwrap_err(), Refused::Archived);
    assert_eq!(
        facts.decide::<Organization, Delete>().unwrap_err(),
        Refused::Archived
    );
    assert!(facts.may_read::<Deal>().is_none());
    facts.tenant.owner = Some(facts.user);
    assert!(facts.decide::<Deal, Read>().is_ok() && facts.may_read::<Deal>().is_some());
    assert!(facts.decide::<Organization, Delete>().is_ok());
    assert_eq!(facts.decide::<Deal, Update>().unwrap_err(), Refused::Archived);
    assert_eq!(
        facts.decide::<Organization, Update>().unwrap_err(),
        Refused::Archived
    );
}

use super::{Dice, Held, LINES, ROLES, Row, VERBS, includes, some_permissions};
use firma_auth::access::{Assignment, ByKey, Facts, Given, Permission, RESOURCES, Tenant, role_by_name};
use firma_domain::{Id, Instant};
use std::sync::Arc;

#[test]
fn the_table_has_every_permission_and_no_other() {
    assert_eq!(LINES.len(), RESOURCES.len());
    for resource in RESOURCES {
        let cells = &LINES[resource.name];
        assert_eq!(cells.len(), ROLES.len(), "{}", resource.name);
        for cell in cells {
            for (verb, letter) in VERBS.iter().zip(cell.chars()) {
                assert_eq!(letter != '.', resource.verbs.contains(verb), "{}", resource.name);
                assert!(
                    resource.owned || !matches!(letter, 'o' | 't'),
                    "{}",
                    resource.name
                );
            }
        }
    }
}

#[test]
fn a_hundred_thousand_decisions_are_the_oracles() {
    let now = Instant::from_micros(1_800_000_000_000_000).unwrap();
    let mut dice = Dice::new(20_261_127);
    let (mut allowed, mut custom_alone) = (0, 0);
    for n in 0..100_000_u32 {
        let (mut assignments, mut live) = (Vec::new(), Vec::new());
        for k in 0..dice.below(4) {
            let expires_at = match dice.below(6) {
                0 => Some(now.plus_seconds(-1)),
                1 => Some(now),
                2 => Some(now.plus_seconds(1)),
                _ => None,
            };
            let held = match dice.percent(50) {
                true => Held::System(dice.below(ROLES.len())),
                false => Held::Custom(some_permissions(&mut dice, None)),
            };
            let role = match &held {
                Held::System(role) => Given::System(role_by_name(ROLES[*role]).unwrap()),
                Held::Custom(names) => {
                    let permissions = names.iter().map(|name| Permission::parse(name).unwrap());
                    let id = Id::fixed(9, u16::try_from(k).unwrap());
                    Given::Custom(id, Arc::new(permissions.collect()))
                }
            };
            assignments.push(Assignment { role, expires_at });
            if expires_at.is_none_or(|end| end > now) {
                live.push(held);
            }
        }
        // A call by a key has to be allowed by both.
        let key = dice
            .percent(20)
            .then(|| Held::Custom(some_permissions(&mut dice, None)));
        let by_key = match &key {
            Some(Held::Custom(names)) => Some(ByKey {
                id: Id::fixed(9, 7),
                permissions: Arc::new(names.iter().filter_map(|name| Permission::parse(name)).collect()),
            }),
            _ => None,
        };
        let facts = Facts {
            user: Id::fixed(9, 1),
            tenant: Tenant::active(Id::fixed(9, 2)),
            assignments: assignments.into(),
            now,
            key: by_key,
            lacks_factor: false,
        };
        let resource = &RESOURCES[dice.below(RESOURCES.len())];
        let verb = dice.below(VERBS.len());
        let row = match resource.owned {
            true => [Row::Own, Row::OfATeamMate, Row::OfAnother, Row::Nobodys][dice.below(4)],
            false => Row::Nobodys,
        };
        let never_by_key = ["roles", "role-assignments", "api-keys", "invitations"];
        let key_may =
            |key: &Held| !never_by_key.contains(&resource.name) && key.reaches(resource.name, verb, row);
        let oracle = live.iter().any(|held| held.reaches(resource.name, verb, row))
            && key.as_ref().is_none_or(key_may);
        let decided = includes(facts.scope(resource.name, VERBS[verb]), row);
        assert_eq!(
            decided,
            oracle,
            "decision {n}: {} {} on {row:?} with {live:?} by {key:?}",
            VERBS[verb].as_str(),
            resource.name
        );
        allowed += u32::from(oracle);
        custom_alone += u32::from(oracle && live.iter().all(|held| matches!(held, Held::Custom(_))));
    }
    // It would say little if nearly all were refused.
    assert!(allowed > 5_000 && custom_alone > 100, "{allowed}, {custom_alone}");
}

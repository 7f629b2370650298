//! Attempts to give what one doesn't hold, and of keys at what isn't theirs: refused, and written down all the same.

use crate::custom_roles::{custom, holder};
use crate::keys::{key_of, with};
use crate::kit::{data, rows};
use crate::samples::{nothing, role, unique};
use firma_testing::{Client, Firm, on_each};
use serde_json::{Value, json};
use std::time::Duration;

/// The events of a type in a firm, the oldest first, once there are so many.
#[track_caller]
fn noted(firm: &Firm<'_>, kind: &str, count: usize) -> Vec<Value> {
    let list = firm.at(&format!("security-events?limit=200&type={kind}"));
    for _ in 0..1_000 {
        let mut found = data(&firm.owner.get(&list).expect(200));
        if found.len() >= count {
            found.reverse();
            assert_eq!(found.len(), count, "{found:?}");
            return found;
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    panic!("not {count} of {kind}");
}

#[test]
fn who_gives_what_they_do_not_hold_is_written_down() {
    on_each(|server| {
        let (firm, other) = (Firm::new(server), Firm::new(server));
        let clerk = [
            "roles:read:org",
            "roles:create:org",
            "roles:update:org",
            "role-assignments:create:org",
            "invitations:create:org",
            "api-keys:create:org",
            "api-keys:update:org",
            "members:read:org",
            "members:create:org",
            "deals:read:team",
        ];
        let (user, client, _) = holder(&firm, &clerk);
        let (member, _) = firm.member(None);
        let wide = firm
            .owner
            .post(
                &firm.at("roles"),
                json!({"name": "wide-desk", "display_name": "Wide", "permissions": ["deals:read:org"]}),
            )
            .id();
        let narrow = custom(&firm, &["deals:read:own"]);
        let before = [
            "roles",
            "role_assignments",
            "invitations",
            "api_keys",
            "memberships",
        ]
        .map(|table| rows(server, table));
        let mut expected = Vec::new();
        let mut attempt = |what: &str| expected.push(what.to_owned());

        client
            .post(
                &firm.at("roles"),
                json!({"name": "boss", "display_name": "x", "permissions": ["deals:delete:org"]}),
            )
            .problem(403, "role_not_held");
        attempt("roles: the role boss, which gives deals:delete:org");
        let wider = json!({"permissions": ["deals:read:org"], "name": "edited"});
        client
            .patch(&firm.at(&format!("roles/{narrow}")), wider)
            .problem(403, "role_not_held");
        attempt("roles: the role edited, which gives deals:read:org");
        let given = json!({"user_id": member, "role_id": wide});
        client
            .post(&firm.at("role-assignments"), given)
            .problem(403, "role_not_held");
        attempt("role-assignments: the role wide-desk, which gives deals:read:org");
        let address = format!("{}@example.com", unique());
        let invited = json!({"email": address, "role_ids": [wide]});
        client
            .post(&firm.at("invitations"), invited)
            .problem(403, "role_not_held");
        attempt("invitations: the role wide-desk, which gives deals:read:org");
        let added = json!({"email": address, "name": "x", "role_ids": [wide]});
        client
            .post(&firm.at("members"), added)
            .problem(403, "role_not_held");
        attempt("members: the role wide-desk, which gives deals:read:org");
        client
            .post(
                &firm.at("api-keys"),
                with(&["deals:read:org", "companies:read:own"]),
            )
            .problem(403, "permission_not_held");
        attempt("api-keys: companies:read:own, deals:read:org");
        // What is `ceo`'s alone, by one who holds all the rest.
        let (_, admin) = firm.member(Some("admin"));
        let crown = json!({"user_id": member, "role_id": role("ceo")});
        admin
            .post(&firm.at("role-assignments"), crown.clone())
            .problem(403, "role_not_held");
        attempt("role-assignments: the role ceo, which gives organizations:delete:org");
        // Without the right to give at all, and by a key, which has it never.
        let (_, employee) = firm.member(Some("employee"));
        employee
            .post(&firm.at("role-assignments"), crown.clone())
            .problem(403, "permission_required");
        attempt("role-assignments: without role-assignments:create");
        let (_, program) = key_of(&firm, &firm.owner, with(&["members:create:org"]));
        program
            .post(&firm.at("role-assignments"), crown)
            .problem(403, "key_not_allowed");
        attempt("role-assignments by an API key: what is for no key");
        // Looking isn't giving; and what is tried again is no news.
        employee
            .get(&firm.at("roles"))
            .problem(403, "permission_required");
        program.get(&firm.at("roles")).problem(403, "key_not_allowed");
        let again = json!({"user_id": member, "role_id": wide});
        client
            .post(&firm.at("role-assignments"), again)
            .problem(403, "role_not_held");

        let found = noted(&firm, "escalation_attempt", expected.len());
        let mut details: Vec<_> = found
            .iter()
            .map(|event| event["details"].as_str().unwrap().to_owned())
            .collect();
        details.sort();
        expected.sort();
        assert_eq!(details, expected);
        assert!(
            found
                .iter()
                .all(|event| event["severity"] == "warning" && event["ip"] == "127.0.0.1")
        );
        assert_eq!(found[0]["user_id"], json!(user));
        // Neither whom it was for nor to which address is in it.
        let text = json!(found).to_string();
        assert!(!text.contains(&address) && !details.iter().any(|of| of.contains(&member.to_string())));
        let after = [
            "roles",
            "role_assignments",
            "invitations",
            "api_keys",
            "memberships",
        ]
        .map(|table| rows(server, table));
        // The members that were made meanwhile, their roles, and the owner's key.
        assert_eq!(after[0], before[0]);
        assert_eq!(after[1], before[1] + 2);
        assert_eq!(after[2], before[2]);
        assert_eq!(after[3], before[3] + 1);
        assert_eq!(after[4], before[4] + 2);
        assert_eq!(noted(&other, "escalation_attempt", 0), [] as [Value; 0]);
    });
}

#[test]
fn a_key_that_names_what_is_not_its_own_is_written_down_where_it_was_aimed() {
    on_each(|server| {
        let (mine, theirs) = (Firm::new(server), Firm::new(server));
        // Its maker is at home in both, the key in one.
        let both = Firm::of(server, unique(), mine.owner_id);
        let row = |firm: &Firm<'_>| firm.owner.post(&firm.at("deals"), json!({"title": "x"})).id();
        let (own, foreign, others) = (row(&mine), row(&theirs), row(&both));
        let (_, program) = key_of(&mine, &mine.owner, with(&["deals:read:org", "deals:delete:org"]));
        for _ in 0..2 {
            for id in [&foreign, &others] {
                program
                    .get(&mine.at(&format!("deals/{id}")))
                    .problem(404, "not_found");
                program
                    .delete(&mine.at(&format!("deals/{id}")))
                    .problem(404, "not_found");
            }
            for firm in [&theirs, &both] {
                program
                    .get(&firm.at("deals"))
                    .problem(404, "organization_not_found");
            }
        }
        for (firm, id) in [(&theirs, &foreign), (&both, &others)] {
            let found = noted(firm, "foreign_attempt", 2);
            let mut details: Vec<_> = found
                .iter()
                .map(|event| event["details"].as_str().unwrap())
                .collect();
            details.sort_unstable();
            assert_eq!(
                details,
                ["by an API key".to_owned(), format!("deals/{id} by an API key")]
            );
            assert!(found.iter().all(|event| event["user_id"] == json!(mine.owner_id)));
        }
        // What is its own organization's, and what nobody has, is no attempt.
        mine.owner.delete(&mine.at(&format!("deals/{own}"))).expect(204);
        program
            .get(&mine.at(&format!("deals/{own}")))
            .problem(404, "not_found");
        program
            .get(&mine.at(&format!("deals/{}", mine.owner_id)))
            .problem(404, "not_found");
        assert_eq!(noted(&mine, "foreign_attempt", 0), [] as [Value; 0]);
    });
}

#[test]
fn what_is_tried_in_vain_hides_no_escalation_and_nothing_of_another_caller() {
    on_each(|server| {
        let (mine, theirs) = (Firm::new(server), Firm::new(server));
        let (member, _) = mine.member(None);
        let (_, admin) = mine.member(Some("admin"));
        let (_, program) = key_of(&mine, &admin, with(&["deals:read:org"]));
        let crown = json!({"user_id": member, "role_id": role("ceo")});
        let foreign: Vec<_> = (0..25)
            .map(|n| {
                theirs
                    .owner
                    .post(&theirs.at("deals"), json!({"title": n.to_string()}))
                    .id()
            })
            .collect();
        let tries = |client: &Client, id: &str| {
            client
                .get(&mine.at(&format!("deals/{id}")))
                .problem(404, "not_found");
        };
        // Ids that are nobody's take nothing from what is another's, and that nothing from escalations.
        for _ in 0..25 {
            tries(&program, &nothing(server));
        }
        foreign.iter().for_each(|id| tries(&program, id));
        program
            .post(&mine.at("role-assignments"), crown.clone())
            .problem(403, "key_not_allowed");
        noted(&mine, "escalation_attempt", 1);
        let details: Vec<_> = noted(&theirs, "foreign_attempt", 20)
            .iter()
            .map(|event| event["details"].as_str().unwrap().to_owned())
            .collect();
        // That it was the last one is said once.
        let last = "by an API key; no more of them are written down within the hour";
        assert_eq!(
            details.iter().filter(|said| said.ends_with(last)).count(),
            1,
            "{details:?}"
        );
        assert_eq!(
            details
                .iter()
                .filter(|said| said.ends_with("by an API key"))
                .count(),
            19
        );
        // The key that has used its own up has taken nothing from who made it.
        for _ in 0..25 {
            tries(&admin, &nothing(server));
        }
        tries(&admin, &foreign[24]);
        admin
            .post(&mine.at("role-assignments"), crown)
            .problem(403, "role_not_held");
        noted(&mine, "escalation_attempt", 2);
        let found = noted(&theirs, "foreign_attempt", 21);
        assert_eq!(found[20]["details"], json!(format!("deals/{}", foreign[24])));
    });
}

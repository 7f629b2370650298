//! Lists beside those of plain entities: they page, count and leave fields out as all lists do.

use crate::imports::Importer;
use crate::kit::{data, texts, walk};
use crate::platform::ROOT;
use crate::samples::unique;
use firma_testing::{Client, Firm, on_each};
use serde_json::{Value, json};

/// Walks a list in pages of one row and of two, and says whether each cursor is refused where it isn't good. Its path
/// ends where a query goes on.
#[track_caller]
fn paged(client: &Client, path: &str, elsewhere: &[(&Client, String)]) -> Vec<Value> {
    let all = whole(client, path);
    assert!(all.len() > 2, "{path}: {all:?}");
    for limit in [1, 2] {
        assert_eq!(walk(client, &format!("{path}limit={limit}")), all, "{path}");
    }
    let first = client
        .get(&format!("{path}limit=1&include=total_count"))
        .expect(200);
    assert_eq!(first["pagination"]["total_count"], json!(all.len()), "{path}");
    let cursor = first["pagination"]["next_cursor"].as_str().unwrap();
    let other = if cursor.starts_with('A') { "B" } else { "A" };
    let forged = format!("{other}{}", &cursor[1..]);
    let short = &cursor[..cursor.len() - 4];
    for wrong in [&*forged, short, "x", ""] {
        let problem = client.get(&format!("{path}limit=1&cursor={wrong}"));
        let problem = problem.problem(400, "invalid_cursor");
        assert_eq!(problem["parameter"], "cursor", "{path}");
    }
    for (client, path) in elsewhere {
        let answer = client.get(&format!("{path}limit=1&cursor={cursor}"));
        answer.problem(400, "invalid_cursor");
    }
    all
}

/// All rows of a list that fits into a page: how many they are, and each field by itself.
#[track_caller]
fn whole(client: &Client, path: &str) -> Vec<Value> {
    let page = client
        .get(&format!("{path}limit=200&include=total_count"))
        .expect(200);
    let all = data(&page);
    assert_eq!(page["pagination"]["total_count"], json!(all.len()), "{path}");
    let plain = client.get(&format!("{path}limit=200")).expect(200);
    assert!(plain["pagination"].get("total_count").is_none(), "{path}");
    for (wrong, code) in [
        ("limit=0", "invalid_value"),
        ("limit=201", "invalid_value"),
        ("include=everything", "invalid_value"),
        ("fields=nothing", "unknown_field"),
        ("offset=1", "unknown_parameter"),
    ] {
        client.get(&format!("{path}{wrong}")).problem(400, code);
    }
    let Some(first) = all.first().and_then(Value::as_object) else {
        return all;
    };
    for (name, value) in first {
        let page = client.get(&format!("{path}limit=1&fields={name}")).expect(200);
        assert_eq!(page["data"][0], json!({name.as_str(): value}), "{name} of {path}");
    }
    all
}

#[test]
fn a_deals_history_is_paged() {
    on_each(|server| {
        let (firm, other) = (Firm::new(server), Firm::new(server));
        let stages = ["Engaging", "Prospecting"].map(|name| firm.stage(name));
        let made = |firm: &Firm<'_>| firm.owner.post(&firm.at("deals"), json!({"title": "Cars"})).id();
        let (deal, beside, foreign) = (made(&firm), made(&firm), made(&other));
        let at = firm.at(&format!("deals/{deal}"));
        for stage in stages.iter().cycle().take(5) {
            firm.owner.patch(&at, json!({"stage_id": stage})).expect(200);
        }
        let history = |firm: &Firm<'_>, deal: &str| firm.at(&format!("deals/{deal}/stage-history?"));
        let all = paged(
            &firm.owner,
            &history(&firm, &deal),
            &[
                (&firm.owner, history(&firm, &beside)),
                (&firm.owner, firm.at("deals?")),
                (&other.owner, history(&other, &foreign)),
            ],
        );
        assert_eq!(all.len(), 6);
        let places = all
            .windows(2)
            .all(|pair| pair[0]["left_at"] == pair[1]["entered_at"]);
        assert!(places && all[5]["left_at"].is_null(), "{all:?}");
        // Another's deal is none, with a cursor too.
        let path = history(&other, &deal);
        other
            .owner
            .get(&format!("{path}limit=1"))
            .problem(404, "not_found");
    });
}

#[test]
fn refusals_of_an_import_are_paged() {
    on_each(|server| {
        let (firm, other) = (Firm::new(server), Firm::new(server));
        let run = |firm: &Firm<'_>| {
            let text = b"no,what,worth,begun\n1,A,x,y\n2,B,x,y\n3,C,1.50,\n4,D,x,\n";
            let options = json!({
                "entity": "deals", "currency": "EUR",
                "columns": {"no": "external_id", "what": "title", "worth": "value", "begun": "opened_on"},
            });
            let import = Importer::owner(firm).run(text, options);
            firm.at(&format!("imports/{}/refusals?", import["id"].as_str().unwrap()))
        };
        let (path, beside, foreign) = (run(&firm), run(&firm), run(&other));
        let elsewhere = [(&firm.owner, beside), (&other.owner, foreign)];
        let all = paged(&firm.owner, &path, &elsewhere);
        // Several of one line, which a page may part.
        let lines: Vec<_> = all
            .iter()
            .map(|refusal| refusal["line"].as_i64().unwrap())
            .collect();
        assert_eq!(lines, [2, 2, 3, 3, 5]);
        firm.owner
            .get(&format!("{path}after=2"))
            .problem(400, "unknown_parameter");
    });
}

#[test]
fn roles_are_paged() {
    on_each(|server| {
        let (firm, other) = (Firm::new(server), Firm::new(server));
        let mut made = Vec::new();
        for n in 0..4 {
            let body = json!({"name": format!("desk-{n}"), "display_name": "Desk", "permissions": ["deals:read:org"]});
            made.push(firm.owner.post(&firm.at("roles"), body).id());
        }
        let path = firm.at("roles?");
        let elsewhere = [
            (&other.owner, other.at("roles?")),
            (&firm.owner, firm.at("roles?deleted=true&")),
            (&firm.owner, firm.at("members?")),
        ];
        let all = paged(&firm.owner, &path, &elsewhere);
        let (system, own) = all.split_at(all.len() - made.len());
        assert!(system.iter().all(|role| role["is_system"] == true), "{system:?}");
        assert_eq!(texts(own, "id"), made);
        assert!(
            own.iter()
                .all(|role| role["permissions"] == json!(["deals:read:org"]))
        );
        // A page that ends where the system's do.
        let limit = system.len();
        assert_eq!(walk(&firm.owner, &format!("{path}limit={limit}")), all);
        for id in &made[..3] {
            firm.owner.delete(&firm.at(&format!("roles/{id}"))).expect(204);
        }
        let deleted = paged(
            &firm.owner,
            &firm.at("roles?deleted=true&"),
            &[(&firm.owner, path.clone())],
        );
        let newest_first: Vec<_> = made[..3].iter().rev().cloned().collect();
        assert_eq!(texts(&deleted, "id"), newest_first);
        assert_eq!(whole(&firm.owner, &path).len(), all.len() - 3);
    });
}

#[test]
fn a_persons_organizations_are_paged() {
    on_each(|server| {
        let firm = Firm::new(server);
        let (_, other) = firm.member(None);
        // Of the same name, so that their ids tell them apart.
        for name in ["Same", "Žitko", "Same", "Also", "Same"] {
            let body = json!({"name": name, "slug": unique()});
            firm.owner.post("/api/v1/organizations", body).expect(201);
        }
        let list = "/api/v1/organizations?";
        let elsewhere = [
            (&other, list.to_owned()),
            (&firm.owner, "/api/v1/me/sessions?".to_owned()),
        ];
        let all = paged(&firm.owner, list, &elsewhere);
        assert_eq!(all.len(), 6);
        let me = firm.owner.get("/api/v1/me").expect(200);
        assert_eq!(json!(all), me["memberships"]);
        assert!(texts(&all, "name").is_sorted(), "{all:?}");
    });
}

#[test]
fn logs_and_the_platforms_lists_count_and_leave_fields_out() {
    on_each(|server| {
        let firm = Firm::new(server);
        let (_, platform) = Firm::platform(server, "website_owner");
        let (user, kim) = firm.member(None);
        let body = json!({"name": "desk", "display_name": "Desk", "permissions": ["deals:read:org"]});
        let role = firm.owner.post(&firm.at("roles"), body).id();
        let given = json!({"user_id": user, "role_id": role});
        firm.owner.post(&firm.at("role-assignments"), given).expect(201);
        for (client, path) in [
            (&firm.owner, "/api/v1/me/sessions?".to_owned()),
            (&kim, "/api/v1/me/security-events?".to_owned()),
            (&firm.owner, firm.at("security-events?")),
            (&firm.owner, firm.at("security-events?type=role_created&")),
            (&firm.owner, firm.at("audit-entries?")),
            (&firm.owner, firm.at("audit-entries?action=role.created&")),
            (&platform, format!("{ROOT}/users?")),
            (&platform, format!("{ROOT}/users?is_active=true&")),
            (&platform, format!("{ROOT}/organizations?")),
            (&platform, format!("{ROOT}/organizations?status=active&")),
            (&platform, format!("{ROOT}/security-events?")),
            (&platform, format!("{ROOT}/roles?")),
            (&platform, format!("{ROOT}/role-assignments?")),
        ] {
            assert!(!whole(client, &path).is_empty(), "{path}");
        }
        for path in ["audit-entries?", "jobs?", "errors?"] {
            whole(&platform, &format!("{ROOT}/{path}"));
        }
        let roles = format!("{ROOT}/roles?");
        paged(&platform, &roles, &[(&platform, format!("{ROOT}/users?"))]);
    });
}

#[test]
fn the_platforms_lists_are_read_from_either_end() {
    on_each(|server| {
        let firms = [(); 3].map(|()| Firm::new(server));
        firms[1].member(None);
        let (_, platform) = Firm::platform(server, "website_admin");
        for list in ["users", "organizations"] {
            let sorted = |sort: &str| format!("{ROOT}/{list}?sort={sort}&");
            let plain = format!("{ROOT}/{list}?");
            let oldest = paged(&platform, &sorted("created_at"), &[(&platform, plain.clone())]);
            let mut newest = paged(
                &platform,
                &sorted("-created_at"),
                &[(&platform, sorted("created_at"))],
            );
            assert_eq!(newest, whole(&platform, &plain));
            newest.reverse();
            assert_eq!(newest, oldest);
            for sort in ["name", "id", "", "--created_at"] {
                let problem = platform.get(&format!("{plain}sort={sort}"));
                assert_eq!(problem.problem(400, "unknown_sort")["parameter"], "sort");
            }
        }
    });
}

//! The platform finds people by what their profiles say, and doesn't see the profiles.

use crate::kit::{data, texts};
use crate::platform::ROOT;
use firma_domain::Id;
use firma_testing::{Client, Firm, Server, TestDatabase, on_each};
use serde_json::{Value, json};

const PROFILE: &str = "/api/v1/me/profile";

/// Somebody with that profile.
fn somebody(server: &Server, name: &str, profile: Value) -> Id {
    let id = Firm::user(server, &format!("{name}@{}.example", crate::samples::unique()));
    server.client(id).patch(PROFILE, profile).expect(200);
    id
}

fn found(client: &Client, query: &str) -> Vec<String> {
    let mut ids = texts(
        &data(&client.get(&format!("{ROOT}/users?{query}")).expect(200)),
        "id",
    );
    ids.sort();
    ids
}

#[test]
fn people_are_found_by_tags_and_metadata() {
    on_each(|server| {
        let (_, platform) = Firm::platform(server, "website_admin");
        let ann = json!({"bio": "Builds roofs", "tags": ["Wood", "steel"], "metadata": {"size": 9, "city": "Niš", "a.b": "x", "car": {"n": 1}}});
        let bo = json!({"tags": ["wood", "steel"], "metadata": {"size": 43.5, "city": "Novi Sad", "is_here": true}});
        let ann = somebody(server, "ann", ann).to_string();
        let bo = somebody(server, "bo", bo).to_string();
        let both = {
            let mut both = vec![ann.clone(), bo.clone()];
            both.sort();
            both
        };
        for (query, who) in [
            ("tag=Wood", vec![ann.clone()]),
            ("tag=Wood,wood", both.clone()),
            ("tag=iron", vec![]),
            ("tag=steel&metadata.size=9", vec![ann.clone()]),
            ("metadata_key=size", both.clone()),
            ("metadata_key=car,is_here", both.clone()),
            ("metadata_key=n", vec![]),
            ("metadata.city=Ni%C5%A1", vec![ann.clone()]),
            ("metadata.city=Novi%20Sad,Ni%C5%A1", both.clone()),
            ("metadata.a.b=x", vec![ann.clone()]),
            ("metadata.is_here=true", vec![bo.clone()]),
            ("metadata.size[lt]=43.5", vec![ann.clone()]),
            ("metadata.size[gte]=9&metadata.size[lte]=43.5", both.clone()),
            ("metadata.size[gt]=43.499999", vec![bo.clone()]),
            ("tag=steel&is_active=false", vec![]),
        ] {
            assert_eq!(found(&platform, query), who, "{query}");
        }
        // One at a time, by a cursor that is good for this search alone.
        let first = platform
            .get(&format!("{ROOT}/users?tag=steel&limit=1"))
            .expect(200);
        let cursor = first["pagination"]["next_cursor"].as_str().unwrap();
        let next = format!("tag=steel&limit=1&cursor={cursor}");
        assert_eq!(
            [texts(&data(&first), "id"), found(&platform, &next)].concat(),
            [bo.clone(), ann.clone()]
        );
        let other = format!("{ROOT}/users?tag=wood&limit=1&cursor={cursor}");
        platform.get(&other).problem(400, "invalid_cursor");
        // Who they are, and nothing of what they say.
        let shown = platform.get(&format!("{ROOT}/users?tag=steel")).text;
        for said in ["roofs", "Wood", "Novi Sad", "metadata", "tags"] {
            assert!(!shown.contains(said), "{said}");
        }
        // What was given up finds nobody.
        server
            .client(ann.parse().unwrap())
            .patch(PROFILE, json!({"tags": [], "metadata": {"size": null}}))
            .expect(200);
        assert_eq!(found(&platform, "tag=steel"), [bo]);
        assert_eq!(found(&platform, "metadata.size[lt]=43"), Vec::<String>::new());
    });
}

#[test]
fn a_search_that_means_nothing_is_refused_by_name() {
    on_each(|server| {
        let (_, platform) = Firm::platform(server, "website_admin");
        let long = format!("metadata.a={}", "x".repeat(256));
        let many = format!("tag={}", vec!["x"; 101].join(","));
        let nine = (0..9)
            .map(|n| format!("metadata.k{n}=1"))
            .collect::<Vec<_>>()
            .join("&");
        for (query, code) in [
            ("tag=", "invalid_value"),
            ("tag=a%00", "invalid_value"),
            ("metadata_key=a,,b", "invalid_value"),
            ("metadata.a=", "invalid_value"),
            ("metadata.a[gte]=%01", "invalid_value"),
            // What would tell the value of one, by halving or by name.
            ("metadata.city[gte]=No", "invalid_value"),
            ("metadata.born[lt]=1990-05-01", "invalid_value"),
            ("tag=a&login=ann@firm.example", "invalid_value"),
            ("metadata.a=1&q=ann", "invalid_value"),
            ("login=ann@firm.example&metadata_key=a", "invalid_value"),
            (&long, "invalid_value"),
            (&many, "invalid_value"),
            (&nine, "invalid_value"),
            ("metadata.=1", "unknown_parameter"),
            ("metadata=1", "unknown_parameter"),
            ("metadata.a[like]=1", "unknown_parameter"),
            ("metadata.a%00=1", "unknown_parameter"),
            ("tag[gte]=a", "unknown_parameter"),
            ("bio=roofs", "unknown_parameter"),
            ("tag=a&tag=b", "repeated_parameter"),
        ] {
            platform.get(&format!("{ROOT}/users?{query}")).problem(400, code);
        }
    });
}

/// Neither does the application let a member search, nor would the database.
#[test]
fn nobody_else_searches_by_it() {
    on_each(|server| {
        let firm = Firm::new(server);
        firm.owner.patch(PROFILE, json!({"tags": ["wood"]})).expect(200);
        let (_, admin) = firm.member(Some("admin"));
        for client in [&firm.owner, &admin] {
            client
                .get(&format!("{ROOT}/users?tag=wood"))
                .problem(404, "no_route");
            for list in ["members", "teams"] {
                for query in ["tag=wood", "metadata_key=a", "metadata.a=1"] {
                    client
                        .get(&firm.at(&format!("{list}?{query}")))
                        .problem(400, "unknown_parameter");
                }
            }
        }
    });
    let Some(base) = TestDatabase::postgres() else {
        return;
    };
    let server = Server::start(base);
    let firm = Firm::new(&server);
    let said = json!({"bio": "x", "tags": ["wood"], "metadata": {"a": 1}});
    firm.owner.patch(PROFILE, said).expect(200);
    let (other, _) = firm.member(Some("ceo"));
    let holds = |settings: &[(&str, String)], what: &str| {
        let set: String = settings
            .iter()
            .map(|(name, value)| format!("PERFORM set_config('app.{name}', '{value}', true); "))
            .collect();
        server.base.execute(&format!(
            "DO $$ BEGIN SET LOCAL ROLE firma_app; {set} IF NOT ({what}) THEN RAISE EXCEPTION 'not so'; END IF; END $$"
        ));
    };
    let terms = |count: i64| format!("(SELECT COUNT(*) FROM user_profile_terms) = {count}");
    let (organization, other) = (
        ("organization_id", firm.id.to_string()),
        ("user_id", other.to_string()),
    );
    holds(&[], &terms(0));
    holds(&[organization.clone(), other.clone()], &terms(0));
    let own = ("user_id", firm.owner_id.to_string());
    holds(&[own], &terms(2));
    // The platform reads the terms, changes none, and sees no profile.
    let platform = ("platform", "on".to_owned());
    holds(&[platform.clone(), other.clone()], &terms(2));
    holds(
        &[platform.clone(), other],
        "(SELECT COUNT(*) FROM user_profiles) = 0",
    );
    server.base.execute(
        "DO $$ BEGIN SET LOCAL ROLE firma_app; PERFORM set_config('app.platform', 'on', true); \
         DELETE FROM user_profile_terms; UPDATE user_profile_terms SET value = 'x'; END $$",
    );
    holds(&[platform], &terms(2));
}

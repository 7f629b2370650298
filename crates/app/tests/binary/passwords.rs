//! What who runs the server demands of everybody who signs in.

use crate::house::{EMAIL, FIRM, House, PASSWORD, at, sign_in};
use firma_auth::access::role_by_name;
use firma_testing::Client;
use serde_json::json;
use sha1::{Digest, Sha1};

#[test]
fn nobody_enters_without_the_second_factor_that_the_installation_asks_for() {
    for house in House::each() {
        house.found();
        let server = house.start();
        let owner = house.owner(&server);
        owner.get(FIRM).expect(200);
        owner.get("/api/v1/platform/stats").expect(200);
        server.kill();
        let server = house.start_with(&[("FIRMA_SECOND_FACTOR", "required")]);
        // Who was signed in before isn't let in either; nor is who signs in now.
        let owner = sign_in(&server, EMAIL, PASSWORD);
        for path in [FIRM, &at("members"), "/api/v1/platform/stats"] {
            owner.get(path).problem(403, "second_factor_missing");
        }
        let stranger = "/api/v1/organizations/none";
        owner.get(stranger).problem(404, "organization_not_found");
        // One's own is where it is set up.
        owner.get("/api/v1/me").expect(200);
        owner.act("/api/v1/me/second-factor").expect(200);
        owner.get(FIRM).problem(403, "second_factor_missing");
        house
            .database
            .execute("UPDATE second_factors SET confirmed_at = created_at");
        owner.get(FIRM).expect(200);
        owner.get("/api/v1/platform/stats").expect(200);
        owner.get("/api/v1/platform/users").expect(200);
        explained_by_who_may_enter(&house, &owner);
        server.kill();
        let wrong = house.run_with(&[("FIRMA_SECOND_FACTOR", "yes")], &["config"], "");
        assert!(
            wrong.line(2).contains("optional or required"),
            "{}",
            wrong.line(2)
        );
    }
}

/// Who lacks the factor helps nobody else, and nobody in an organization waives what the installation asks for.
fn explained_by_who_may_enter(house: &House, owner: &Client) {
    let admin = role_by_name("admin").unwrap().id;
    let [ann, bo] = [("ann", json!([admin])), ("bo", json!([]))].map(|(name, roles)| {
        let email = format!("{name}@firm.example");
        let body = json!({"email": email, "name": name, "role_ids": roles});
        owner.post(&at("members"), body).id()
    });
    let asked = |user: &str| {
        let path = at(&format!("access/explain?permission=teams:create&user={user}"));
        let told = owner.get(&path).expect(200);
        let named = |by: &str| -> Vec<_> {
            let all = told[by].as_array().unwrap().iter();
            all.map(|who| who["name"].as_str().unwrap().to_owned()).collect()
        };
        let reason = told["reason"].as_str().unwrap().to_owned();
        (reason, named("changed_by"), named("given_by"))
    };
    let only = |name: &str| vec![name.to_owned()];
    // Nobody accepts for another, nor sets up a factor.
    assert_eq!(asked(&ann), ("not_a_member".into(), only("ann"), vec![]));
    house
        .database
        .execute("UPDATE memberships SET joined_at = created_at WHERE joined_at IS NULL");
    assert_eq!(asked(&ann), ("second_factor_missing".into(), only("ann"), vec![]));
    let bo_id = house.database.id_literal(bo.parse().unwrap());
    house.database.execute(&format!(
        "INSERT INTO second_factors (user_id, secret, created_at, confirmed_at) \
         SELECT {bo_id}, secret, created_at, confirmed_at FROM second_factors"
    ));
    let (reason, changed_by, given_by) = asked(&bo);
    assert_eq!((reason.as_str(), changed_by), ("no_role", vec![]));
    assert_eq!(given_by.len(), 1, "{given_by:?}");
    assert_ne!(given_by, only("ann"));
}

#[test]
fn a_password_of_a_breach_is_chosen_by_nobody() {
    for house in House::each() {
        let (breached, fine) = ("lighthouse keepers sing", "lighthouse keepers sang");
        let hex = |password: &str| -> String {
            let digest = Sha1::digest(password.as_bytes());
            digest.iter().map(|byte| format!("{byte:02X}")).collect()
        };
        let mut lines: Vec<_> = (0..500).map(|n| format!("{}:{n}", hex(&n.to_string()))).collect();
        lines.push(format!("{}:2", hex(breached)));
        lines.sort();
        let file = house.folder.path().join("breached.txt");
        std::fs::write(&file, lines.join("\r\n")).unwrap();
        let setting = [("FIRMA_BREACHED_PASSWORDS", file.to_str().unwrap())];
        house.found();
        let set =
            |password: &str| house.run_with(&setting, &["admin", "password", "--email", EMAIL], password);
        assert!(set(breached).line(1).contains("was found in a breach"));
        set(fine).fine();
        let doctor = || house.run_with(&setting, &["doctor"], "");
        assert!(doctor().fine().contains("ok    breached passwords: "));
        let server = house.start_with(&setting);
        let owner = sign_in(&server, EMAIL, fine);
        let register = |password: &str| {
            let body = json!({"email": "kim@firm.example", "name": "Kim", "password": password});
            server.client().post("/api/v1/auth/register", body)
        };
        let problem = register(breached).problem(422, "invalid");
        let error = &problem["errors"][0];
        assert_eq!(
            (&error["pointer"], &error["code"]),
            (&json!("#/password"), &json!("common"))
        );
        register(fine).expect(202);
        let body = json!({"password": breached, "current_password": fine});
        owner
            .post("/api/v1/auth/change-password", body)
            .problem(422, "invalid");
        // Who had it before it was known still signs in, and nobody chooses unseen.
        server.kill();
        house
            .run(&["admin", "password", "--email", EMAIL], breached)
            .fine();
        let server = house.start_with(&setting);
        sign_in(&server, EMAIL, breached).get("/api/v1/me").expect(200);
        std::fs::remove_file(&file).unwrap();
        let body = json!({"email": "bo@firm.example", "name": "Bo", "password": fine});
        server
            .client()
            .post("/api/v1/auth/register", body)
            .problem(500, "internal");
        server.kill();
        let said = doctor();
        assert_eq!(said.code, Some(3), "{said:?}");
        assert!(said.out.contains("WRONG breached passwords: "), "{said:?}");
        let started = house.run_with(&setting, &["serve"], "");
        assert!(
            started.line(1).contains("FIRMA_BREACHED_PASSWORDS"),
            "{}",
            started.line(1)
        );
    }
}

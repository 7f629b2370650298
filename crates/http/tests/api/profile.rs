//! A person's own account and profile.

use crate::identity::{PASSWORD, events, login, owner};
use crate::kit::pointers;
use firma_testing::{Client, Firm, on_each};
use serde_json::{Value, json};

const ME: &str = "/api/v1/me";
const PROFILE: &str = "/api/v1/me/profile";

fn user(client: &Client) -> Value {
    client.get(ME).expect(200)["user"].clone()
}

#[test]
fn a_profile_is_empty_until_something_is_said() {
    on_each(|server| {
        let firm = Firm::new(server);
        let empty = firm.owner.get(PROFILE);
        assert_eq!(empty.header("etag"), Some("\"1\""));
        let empty = empty.expect(200);
        assert_eq!(
            (&empty["tags"], &empty["metadata"], &empty["bio"]),
            (&json!([]), &json!({}), &Value::Null)
        );
        let said = json!({
            "bio": "Builds roofs.\nAnd walls.", "title": "Carpenter", "timezone": "Europe/Belgrade", "locale": "SR-latn",
            "tags": ["wood", "steel"], "metadata": {"shoe_size": 43, "car": {"kind": "van"}, "note": "two\nlines"},
        });
        let after = firm.owner.patch(PROFILE, said);
        assert_eq!(after.header("etag"), Some("\"2\""));
        let after = after.expect(200);
        assert_eq!(
            (&after["id"], &after["locale"]),
            (&json!(firm.owner_id), &json!("sr-Latn"))
        );
        assert_eq!(firm.owner.get(PROFILE).expect(200), after);
        // Of metadata what is named, the rest as it was; the same again is no change.
        let change = json!({"title": null, "metadata": {"car": {"kind": "bus"}, "new": true}});
        let changed = firm.owner.patch(PROFILE, change.clone()).expect(200);
        assert_eq!(
            changed["metadata"],
            json!({"shoe_size": 43, "car": {"kind": "bus"}, "note": "two\nlines", "new": true})
        );
        assert_eq!(
            (&changed["version"], &changed["title"]),
            (&json!(3), &Value::Null)
        );
        assert_eq!(firm.owner.patch(PROFILE, change).expect(200), changed);
        // A null takes away what it names; where nothing is left to take, it is no change.
        let without = json!({"metadata": {"note": null, "car": {"kind": null}}});
        let left = firm.owner.patch(PROFILE, without.clone()).expect(200);
        assert_eq!(left["metadata"], json!({"shoe_size": 43, "car": {}, "new": true}));
        assert_eq!(firm.owner.get(PROFILE).expect(200), left);
        assert_eq!(firm.owner.patch(PROFILE, without).expect(200), left);
        let emptied = firm.owner.patch(PROFILE, json!({"metadata": null})).expect(200);
        assert_eq!(emptied["metadata"], json!({}));
        let (_, other) = firm.member(Some("admin"));
        assert_eq!(other.get(PROFILE).expect(200)["tags"], json!([]));
    });
}

#[test]
fn account_and_profile_have_versions() {
    on_each(|server| {
        let firm = Firm::new(server);
        let known = |path: &str, tag: &str| firm.owner.send("GET", path, &[("if-none-match", tag)], None);
        let same = known(PROFILE, "\"1\"");
        assert_eq!(
            (same.status, same.text.as_str(), same.header("etag")),
            (304, "", Some("\"1\""))
        );
        assert_eq!(known(PROFILE, "\"2\"").status, 200);
        // Of memberships the user's version says nothing.
        let me = known(ME, "\"1\"");
        assert_eq!((me.status, me.header("etag")), (200, Some("\"1\"")));
        let changed = firm.owner.patch(ME, json!({"name": "Kim"}));
        assert_eq!((changed.status, changed.header("etag")), (200, Some("\"2\"")));
        assert_eq!(firm.owner.get(ME).header("etag"), Some("\"2\""));

        let (_, leaving) = firm.member(Some("employee"));
        let delete = |tag: &str| leaving.send("DELETE", ME, &[("if-match", tag)], None);
        delete("\"99\"").problem(412, "changed");
        let tag = leaving.get(ME).header("etag").unwrap().to_owned();
        delete(&tag).expect(204);
    });
}

#[test]
fn a_profile_that_is_wrong_is_refused_with_its_field() {
    on_each(|server| {
        let firm = Firm::new(server);
        let large: Value = json!({"k": "x".repeat(16_384)});
        for (body, pointer) in [
            (json!({"timezone": "Europe/Nowhere"}), "#/timezone"),
            (json!({"timezone": "+01:00"}), "#/timezone"),
            (json!({"locale": "de_DE"}), "#/locale"),
            (json!({"tags": ["a", "a"]}), "#/tags"),
            (json!({"tags": [""]}), "#/tags"),
            (json!({"metadata": large}), "#/metadata"),
            (json!({"metadata": {"": 1}}), "#/metadata"),
            (json!({"metadata": []}), "#/metadata"),
            (json!({"metadata": "x"}), "#/metadata"),
            (json!({"title": "x".repeat(101)}), "#/title"),
            (json!({"title": "a\nb"}), "#/title"),
            (json!({"user_id": firm.id}), "#/user_id"),
        ] {
            let problem = firm.owner.patch(PROFILE, body.clone()).problem(422, "invalid");
            assert_eq!(pointers(&problem), [pointer], "{body}");
        }
        let full = json!({"metadata": {"k": "x".repeat(16_384 - 8)}});
        firm.owner.patch(PROFILE, full).expect(200);
        let stale = [("if-match", "\"1\""), ("content-type", "application/json")];
        firm.owner
            .send("PATCH", PROFILE, &stale, Some(b"{\"title\": \"x\"}"))
            .problem(412, "changed");
    });
}

#[test]
fn tags_and_keys_stand_where_profiles_are_found_by_them() {
    on_each(|server| {
        let firm = Firm::new(server);
        let terms = |condition: &str| {
            let query = format!("SELECT COUNT(*) FROM user_profile_terms WHERE {condition}");
            server.base.number(&query)
        };
        let said = json!({"tags": ["wood", "steel"], "metadata": {"size": 43, "car": {"kind": "van"}}});
        firm.owner.patch(PROFILE, said).expect(200);
        assert_eq!(terms("kind = 'tag' AND term IN ('wood', 'steel')"), 2);
        assert_eq!(terms("kind = 'metadata' AND term = 'size' AND value = '43'"), 1);
        firm.owner
            .patch(PROFILE, json!({"tags": ["steel"], "metadata": {"size": 44}}))
            .expect(200);
        assert_eq!(terms("kind = 'tag' AND term = 'wood'"), 0);
        assert_eq!(terms("kind = 'metadata' AND term = 'size' AND value >= '44'"), 1);
        assert_eq!(terms("1 = 1"), 3);
    });
}

#[test]
fn a_username_signs_in_and_is_nobody_elses() {
    on_each(|server| {
        let (firm, email) = owner(server);
        let (_, other) = firm.member(None);
        let tokens = login(server, &email, PASSWORD).expect(200);
        let client = server
            .nobody()
            .with_token(tokens["access_token"].as_str().map(str::to_owned));
        let name = firm.slug.replace("firm", "Kim");
        let named = client.patch(ME, json!({"username": name})).expect(200);
        assert_eq!(named["user"]["username"], json!(name));
        assert_eq!(named["memberships"][0]["slug"], json!(firm.slug));
        for login_name in [
            name.clone(),
            name.to_lowercase(),
            format!(" {} ", name.to_uppercase()),
            email.clone(),
        ] {
            login(server, &login_name, PASSWORD).expect(200);
        }
        for taken in [name.to_lowercase(), name.to_uppercase()] {
            let problem = other
                .patch(ME, json!({"username": taken}))
                .problem(409, "not_unique");
            assert_eq!(pointers(&problem), ["#/username"]);
        }
        for wrong in [
            "abc",
            "a b c d",
            "kim@firma.example",
            "kim@firma",
            "x/../y",
            &"x".repeat(51),
        ] {
            let problem = other
                .patch(ME, json!({"username": wrong}))
                .problem(422, "invalid");
            assert_eq!(pointers(&problem), ["#/username"], "{wrong}");
        }
        // Another spelling is one's own still; one that is given up is free.
        client
            .patch(ME, json!({"username": name.to_uppercase()}))
            .expect(200);
        client.patch(ME, json!({"username": null})).expect(200);
        login(server, &name, PASSWORD).problem(401, "wrong_credentials");
        other.patch(ME, json!({"username": name})).expect(200);
        assert_eq!(events(server, "username_changed"), 4);
    });
}

#[test]
fn a_username_that_two_want_at_once_goes_to_one() {
    on_each(|server| {
        let firm = Firm::new(server);
        let people: Vec<_> = (0..6).map(|_| firm.member(None).1).collect();
        let name = firm.slug.replace("firm", "same");
        let want = |client: &Client| client.patch(ME, json!({"username": name})).status;
        let answers: Vec<u16> = std::thread::scope(|scope| {
            let calls: Vec<_> = people.iter().map(|client| scope.spawn(|| want(client))).collect();
            calls.into_iter().map(|call| call.join().unwrap()).collect()
        });
        assert_eq!(
            answers.iter().filter(|status| **status == 200).count(),
            1,
            "{answers:?}"
        );
        assert!(
            answers.iter().all(|status| [200, 409].contains(status)),
            "{answers:?}"
        );
    });
}

#[test]
fn the_name_follows_its_parts_and_the_rest_is_not_ones_own_to_set() {
    on_each(|server| {
        let firm = Firm::new(server);
        let made = json!({"given_name": "Kim", "family_name": "Winter", "name": ""});
        let made = firm.owner.patch(ME, made).expect(200);
        assert_eq!(
            (&made["user"]["name"], &made["user"]["version"]),
            (&json!("Kim Winter"), &json!(2))
        );
        let married = firm.owner.patch(ME, json!({"family_name": "Sommer"})).expect(200);
        assert_eq!(married["user"]["name"], "Kim Sommer");
        firm.owner.patch(ME, json!({"name": "K."})).expect(200);
        assert_eq!(
            firm.owner
                .patch(ME, json!({"given_name": "Kimberly"}))
                .expect(200)["user"]["name"],
            "K."
        );
        let nothing = json!({"name": "", "given_name": null, "family_name": null});
        firm.owner.patch(ME, nothing).problem(422, "invalid");
        for field in [
            "email",
            "is_active",
            "is_configured",
            "email_verified_at",
            "last_login_at",
        ] {
            let problem = firm.owner.patch(ME, json!({field: null})).problem(422, "invalid");
            assert_eq!(problem["errors"][0]["code"], "read_only", "{field}");
        }
        for field in ["password_hash", "id", "version"] {
            firm.owner.patch(ME, json!({field: 1})).problem(422, "invalid");
        }
        let stale = [("if-match", "\"1\""), ("content-type", "application/json")];
        firm.owner
            .send("PATCH", ME, &stale, Some(b"{\"name\": \"x\"}"))
            .problem(412, "changed");
    });
}

#[test]
fn somebody_is_configured_with_name_language_zone_and_organization() {
    on_each(|server| {
        let email = format!("new@{}.example", Firm::new(server).slug);
        let id = Firm::user(server, &email);
        let client = server.client(id);
        let is = || user(&client)["is_configured"].clone();
        client.patch(ME, json!({"name": "Ann"})).expect(200);
        client
            .patch(PROFILE, json!({"timezone": "Europe/Belgrade"}))
            .expect(200);
        let slug = email.replace(['@', '.'], "-");
        client
            .post("/api/v1/organizations", json!({"name": "Ann's", "slug": slug}))
            .expect(201);
        assert_eq!(is(), false);
        client.patch(PROFILE, json!({"locale": "sr"})).expect(200);
        assert_eq!(is(), true);

        // In another order: the membership comes last.
        let firm = Firm::new(server);
        let (email, late) = (
            format!("late@{}.example", firm.slug),
            json!({"locale": "de", "timezone": "UTC"}),
        );
        let id = Firm::user(server, &email);
        let client = server.client(id);
        client.patch(PROFILE, late).expect(200);
        client.patch(ME, json!({"name": "Lee"})).expect(200);
        firm.owner
            .post(&firm.at("members"), json!({"email": email, "name": "Lee"}))
            .expect(201);
        assert_eq!(user(&client)["is_configured"], false, "only asked");
        client
            .act(&format!("/api/v1/me/memberships/{}/accept", firm.id))
            .expect(200);
        assert_eq!(user(&client)["is_configured"], true);
    });
}

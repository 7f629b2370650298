//! Everything about a person as an archive, for that person.

use crate::identity::{PASSWORD, set_password};
use crate::post::{auth, events, login, mail, mails, on_each_clock, signed_in};
use crate::samples::{PIXEL, role, unique, upload, upload_image};
use firma_testing::{Client, Firm, Server};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::io::{Cursor, Read};
use std::time::{Duration, Instant};

pub(crate) const ARCHIVE: &str = "/api/v1/me/archive";

/// Each file of the archive.
fn fetched(client: &Client) -> BTreeMap<String, Vec<u8>> {
    let answer = client.get(&format!("{ARCHIVE}/content"));
    assert_eq!(answer.status, 200, "{}", answer.text);
    assert_eq!(answer.header("content-type"), Some("application/zip"));
    let mut zip = zip::ZipArchive::new(Cursor::new(answer.bytes)).unwrap();
    let names: Vec<_> = zip.file_names().map(|name| name.unwrap().into_owned()).collect();
    let mut read = |name: &String| {
        let mut bytes = Vec::new();
        zip.by_name(name).unwrap().read_to_end(&mut bytes).unwrap();
        bytes
    };
    names.iter().map(|name| (name.clone(), read(name))).collect()
}

#[track_caller]
fn rows(archive: &BTreeMap<String, Vec<u8>>, name: &str) -> Vec<Value> {
    let names = || archive.keys().cloned().collect::<Vec<_>>();
    let bytes = archive
        .get(name)
        .unwrap_or_else(|| panic!("no {name} in {:?}", names()));
    let list: Value = serde_json::from_slice(bytes).unwrap();
    list.as_array().unwrap().clone()
}

/// A member who has an account with a password, signed in.
pub(crate) fn person<'s>(firm: &Firm<'s>, role: &str) -> (firma_domain::Id, String, Client) {
    let (user, client) = firm.member(Some(role));
    let email = client.get("/api/v1/me").expect(200)["user"]["email"]
        .as_str()
        .unwrap()
        .to_owned();
    set_password(firm.server, &email, PASSWORD);
    let client = signed_in(firm.server, &email, PASSWORD);
    // What they are told of that is no matter here.
    mails(firm.server);
    (user, email, client)
}

#[test]
fn the_archive_has_everything_about_the_person_and_nothing_else() {
    on_each_clock(|server, _| {
        let (firm, closed) = (Firm::new(server), Firm::new(server));
        let (user, email, client) = person(&firm, "employee");
        let profile = json!({"bio": "Builds roofs", "tags": ["wood"], "metadata": {"size": 43}});
        client.patch("/api/v1/me/profile", profile).expect(200);
        upload_image(&client).expect(200);
        let company = client.post(&firm.at("companies"), json!({"name": "Theirs"})).id();
        let foreign = unique();
        firm.owner
            .post(&firm.at("companies"), json!({"name": foreign}))
            .expect(201);
        upload(&client, &firm.at("files"), b"what they stored").expect(201);
        // Where the person can't enter any more, what concerns the person alone is told.
        let body = json!({"email": email, "name": "Guest"});
        closed.owner.post(&closed.at("members"), body).expect(201);
        client
            .act(&format!("/api/v1/me/memberships/{}/accept", closed.id))
            .expect(200);
        let theirs = closed
            .owner
            .post(&closed.at("companies"), json!({"name": "X"}))
            .id();
        closed
            .owner
            .patch(
                &closed.at(&format!("members/{user}")),
                json!({"is_active": false}),
            )
            .expect(200);

        // An organization that is deleted keeps what is about the person.
        let shut = Firm::new(server);
        let body = json!({"email": email, "name": "Guest", "title": "Roofer"});
        shut.owner.post(&shut.at("members"), body).expect(201);
        client
            .act(&format!("/api/v1/me/memberships/{}/accept", shut.id))
            .expect(200);
        let given = json!({"user_id": user, "role_id": role("employee")});
        shut.owner.post(&shut.at("role-assignments"), given).expect(201);
        client
            .post(&shut.at("companies"), json!({"name": "Shut away"}))
            .expect(201);
        shut.owner.delete(&shut.path).expect(204);
        client.get(&shut.path).problem(404, "organization_not_found");
        // What they are told of that is no matter here.
        mails(server);

        client.get(ARCHIVE).problem(404, "not_found");
        let asked = client.act(ARCHIVE);
        assert_eq!(asked.header("location"), Some(ARCHIVE));
        let asked = asked.expect(202);
        assert_eq!(
            (&asked["state"], &asked["size"]),
            (&json!("QUEUED"), &Value::Null)
        );
        // Asked again it is the same one.
        assert_eq!(client.act(ARCHIVE).expect(202), asked);
        client
            .get(&format!("{ARCHIVE}/content"))
            .problem(404, "not_found");
        assert!(
            mail(server, &email)
                .text
                .contains("GET /api/v1/me/archive/content")
        );
        let ready = client.get(ARCHIVE).expect(200);
        assert_eq!(ready["state"], "SUCCEEDED");
        assert_eq!(events(server, "archive_asked"), 1);

        let archive = fetched(&client);
        assert!(archive.contains_key("README.txt"));
        let one = |name: &str| {
            let mut rows = rows(&archive, name);
            assert_eq!(rows.len(), 1, "{name}");
            rows.remove(0)
        };
        let account = one("account/users.json");
        assert_eq!(
            (&account["id"], &account["email"], &account["is_active"]),
            (&json!(user), &json!(email), &json!(true))
        );
        assert!(account["created_at"].as_str().unwrap().ends_with('Z'));
        let profile = one("account/user_profiles.json");
        assert_eq!(
            (&profile["tags"], &profile["metadata"]),
            (&json!(["wood"]), &json!({"size": 43}))
        );
        let sessions = rows(&archive, "account/sessions.json");
        assert!(sessions.iter().any(|session| session["ip"] == "127.0.0.1"));
        assert!(!rows(&archive, "account/security_events.json").is_empty());
        let there = format!("organizations/{}", firm.slug);
        assert_eq!(one(&format!("{there}/memberships.json"))["email"], json!(email));
        assert_eq!(one(&format!("{there}/role_assignments.json"))["is_active"], true);
        let made = one(&format!("{there}/companies.json"));
        assert_eq!((&made["id"], &made["name"]), (&json!(company), &json!("Theirs")));
        let deeds = rows(&archive, &format!("{there}/audit_entries.json"));
        let created = |deed: &&Value| deed["action"] == "company.created";
        assert_eq!(deeds.iter().filter(created).count(), 1);
        let stored = archive
            .iter()
            .find(|(name, _)| name.starts_with(&format!("{there}/files/")))
            .unwrap();
        assert!(stored.0.ends_with("/sample.txt"));
        assert_eq!(stored.1, b"what they stored");
        let gone = format!("organizations/{}", closed.slug);
        assert_eq!(one(&format!("{gone}/memberships.json"))["is_active"], false);
        assert!(!archive.contains_key(&format!("{gone}/companies.json")));
        let there = format!("closed/{}-{}", shut.slug, shut.id);
        assert_eq!(one(&format!("{there}/memberships.json"))["title"], "Roofer");
        assert_eq!(rows(&archive, &format!("{there}/role_assignments.json")).len(), 1);
        let deeds = rows(&archive, &format!("{there}/audit_entries.json"));
        assert_eq!(deeds.iter().filter(created).count(), 1);
        assert!(!archive.contains_key(&format!("{there}/companies.json")));
        for (name, bytes) in &archive {
            let text = String::from_utf8_lossy(bytes);
            for secret in [
                "Shut away",
                "password_hash",
                "refresh_hash",
                "$2b$",
                &foreign,
                &theirs,
            ] {
                assert!(!text.contains(secret), "{secret} in {name}");
            }
        }
        assert_eq!(archive["account/image.png"], PIXEL);
    });
}

#[test]
fn what_was_tried_elsewhere_isnt_told_of_as_it_would_tell_what_is_there() {
    on_each_clock(|server, _| {
        let (firm, other) = (Firm::new(server), Firm::new(server));
        let (_, email, client) = person(&firm, "employee");
        let deal = other
            .owner
            .post(&other.at("deals"), json!({"title": "Foreign"}))
            .id();
        client
            .get(&firm.at(&format!("deals/{deal}")))
            .problem(404, "not_found");
        client.get(&other.path).problem(404, "organization_not_found");
        // It is noted beside the calls.
        let begun = Instant::now();
        while events(server, "foreign_attempt") < 2 {
            assert!(begun.elapsed() < Duration::from_secs(60), "nothing was noted");
            std::thread::sleep(Duration::from_millis(10));
        }
        client.act(ARCHIVE).expect(202);
        mail(server, &email);
        let archive = fetched(&client);
        assert!(!rows(&archive, "account/security_events.json").is_empty());
        for (name, bytes) in &archive {
            let text = String::from_utf8_lossy(bytes);
            for hidden in ["foreign_attempt", &deal, &other.id.to_string(), &other.slug] {
                assert!(!text.contains(hidden), "{hidden} in {name}");
            }
        }
    });
}

#[test]
fn without_the_second_factor_that_an_organization_asks_for_its_rows_stay_there() {
    on_each_clock(|server, _| {
        let firm = Firm::new(server);
        let (_, email, client) = person(&firm, "employee");
        client
            .post(&firm.at("companies"), json!({"name": "Theirs"}))
            .expect(201);
        upload(&client, &firm.at("files"), b"what they stored").expect(201);
        let id = server.base.id_literal(firm.id);
        let archived = |asks: &str| {
            server.base.execute(&format!(
                "UPDATE tenants SET needs_factor = {asks} WHERE id = {id}"
            ));
            client.act(ARCHIVE).expect(202);
            mail(server, &email);
            fetched(&client)
        };
        let there = format!("organizations/{}", firm.slug);
        let has = |archive: &BTreeMap<String, Vec<u8>>, below: &str| {
            let begins = format!("{there}/{below}");
            archive.keys().any(|name| name.starts_with(&begins))
        };
        let archive = archived("TRUE");
        client
            .get(&firm.at("companies"))
            .problem(403, "second_factor_missing");
        assert!(!has(&archive, "companies.json") && !has(&archive, "files/"));
        // What is about the person alone is the person's.
        assert_eq!(rows(&archive, &format!("{there}/memberships.json")).len(), 1);
        let archive = archived("FALSE");
        assert!(has(&archive, "companies.json") && has(&archive, "files/"));
    });
}

#[test]
fn it_is_the_persons_alone_for_seven_days_and_after_a_fresh_sign_in() {
    on_each_clock(|server, clock| {
        let firm = Firm::new(server);
        let (_, email, client) = person(&firm, "employee");
        clock.by(601);
        client.act(ARCHIVE).problem(403, "step_up_required");
        auth(&client, "step-up", json!({"password": PASSWORD})).expect(200);
        client.act(ARCHIVE).expect(202);
        mail(server, &email);
        let content = format!("{ARCHIVE}/content");
        assert_eq!(client.get(&content).status, 200);
        let other = server.client(firm.owner_id);
        other.get(ARCHIVE).problem(404, "not_found");
        other.get(&content).problem(404, "not_found");
        server.nobody().get(&content).problem(401, "unauthenticated");
        clock.by(601);
        let client = again(server, &email);
        assert_eq!(client.get(&content).status, 200);
        // The next one takes its place.
        client.act(ARCHIVE).expect(202);
        client.get(&content).problem(404, "not_found");
        mail(server, &email);
        assert_eq!(client.get(&content).status, 200);
        assert_eq!(server.base.number("SELECT COUNT(*) FROM file_sweeps"), 1);
        clock.by(7 * 86_400);
        let client = again(server, &email);
        client.get(ARCHIVE).problem(404, "not_found");
        client.get(&content).problem(404, "not_found");
    });
}

fn again(server: &Server, email: &str) -> Client {
    let tokens = login(server, email, PASSWORD).expect(200);
    mails(server);
    server
        .nobody()
        .with_token(tokens["access_token"].as_str().map(str::to_owned))
}

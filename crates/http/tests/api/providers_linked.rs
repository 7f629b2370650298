//! Accounts at providers that somebody links, sees and unlinks.

use crate::identity::set_password;
use crate::kit::{data, texts};
use crate::post::{auth, events, login, mails, signed_in};
use crate::provider::{Browser, CHALLENGE, PROGRAM, Scene, on_each, parameter, person};
use firma_domain::identity::Signup;
use firma_testing::{Answer, Client, Firm};
use serde_json::{Value, json};

const PASSWORD: &str = "grey herons wade slowly";
const ACCOUNTS: &str = "/api/v1/me/accounts";

/// Somebody with a password, signed in.
fn owner(scene: &Scene) -> (String, Client) {
    let firm = Firm::new(&scene.server);
    let email = format!("owner@{}.example", firm.slug);
    set_password(&scene.server, &email, PASSWORD);
    let client = signed_in(&scene.server, &email, PASSWORD);
    (email, client)
}

fn begin(client: &Client) -> Answer {
    let body = json!({"return_to": PROGRAM, "code_challenge": CHALLENGE});
    client.post("/api/v1/auth/oidc/real/link", body)
}

#[track_caller]
fn brought(scene: &Scene, client: &Client, person: &Value) -> (String, String) {
    let begun = begin(client).expect(200);
    let back = scene.visit(begun["authorization_url"].as_str().unwrap(), person);
    (parameter(&back, "state"), parameter(&back, "code"))
}

#[track_caller]
fn link(scene: &Scene, client: &Client, person: &Value) -> Answer {
    let (state, code) = brought(scene, client, person);
    scene.finish(client, "link", &state, &code)
}

#[test]
fn a_program_links_an_account_and_takes_it_away() {
    on_each(Signup::Open, |scene| {
        let (email, ann) = owner(scene);
        let there = person("ann", "private@home.example", false);
        let answer = link(scene, &ann, &there);
        let at = answer.header("location").unwrap().to_owned();
        let account = answer.expect(201);
        assert_eq!(at, format!("{ACCOUNTS}/{}", account["id"].as_str().unwrap()));
        assert_eq!(
            (&account["provider"], &account["label"]),
            (&json!("real"), &json!("The real one"))
        );
        assert_eq!(
            (&account["email"], &account["last_used_at"]),
            (&json!("private@home.example"), &Value::Null)
        );
        let by_it = scene.client(scene.sign_in(&there));
        let me = by_it.get("/api/v1/me").expect(200);
        assert_eq!(me["user"]["email"], json!(email));
        let listed = ann.get(ACCOUNTS).expect(200);
        assert_eq!(texts(&data(&listed), "id"), [account["id"].as_str().unwrap()]);
        assert!(ann.get(&at).expect(200)["last_used_at"].is_string());
        link(scene, &ann, &there).problem(409, "not_unique");
        let (_, other) = owner(scene);
        link(scene, &other, &there).problem(409, "not_unique");
        other.get(&at).problem(404, "not_found");
        other.delete(&at).problem(404, "not_found");
        assert!(data(&other.get(ACCOUNTS).expect(200)).is_empty());
        ann.delete(&at).expect(204);
        ann.delete(&at).problem(404, "not_found");
        assert!(data(&ann.get(ACCOUNTS).expect(200)).is_empty());
        // It signs nobody in any more: its e-mail isn't proved.
        scene.sign_in(&there).problem(403, "provider_refused");
        assert_eq!(
            ["account_linked", "account_unlinked"].map(|kind| events(&scene.server, kind)),
            [1, 1]
        );
        let told: Vec<_> = mails(&scene.server)
            .into_iter()
            .filter(|mail| mail.to.as_str() == email)
            .collect();
        let told = |subject: &str| told.iter().filter(|mail| mail.subject == subject).count();
        assert_eq!(told("Firma: a new way to sign in"), 1);
        assert_eq!(told("Firma: a way to sign in is gone"), 1);
        login(&scene.server, &email, PASSWORD).expect(200);
    });
}

#[test]
fn who_began_to_link_ends_it_in_the_same_session() {
    on_each(Signup::Open, |scene| {
        let there = person("ann", "private@home.example", true);
        let (email, ann) = owner(scene);
        let (_, other) = owner(scene);
        let (state, code) = brought(scene, &ann, &there);
        scene
            .finish(&other, "link", &state, &code)
            .problem(422, "invalid");
        scene.finish(&ann, "link", &state, &code).problem(422, "invalid");
        // What began as linking signs nobody in, and what began as a sign-in links nothing.
        let (state, code) = brought(scene, &ann, &there);
        scene
            .finish(&scene.server.nobody(), "token", &state, &code)
            .problem(422, "invalid");
        let back = scene.visit(&scene.start("real"), &there);
        scene
            .finish(
                &ann,
                "link",
                &parameter(&back, "state"),
                &parameter(&back, "code"),
            )
            .problem(422, "invalid");
        let again = signed_in(&scene.server, &email, PASSWORD);
        let (state, code) = brought(scene, &again, &there);
        again.act("/api/v1/auth/logout").expect(204);
        scene
            .finish(&again, "link", &state, &code)
            .problem(401, "unauthenticated");
        assert_eq!(events(&scene.server, "account_linked"), 0);
    });
}

#[test]
fn a_browser_links_an_account_while_its_session_lives() {
    on_each(Signup::Open, |scene| {
        let (email, _) = owner(scene);
        let mut browser = Browser::at(&scene.server.url);
        let sign_in = |browser: &mut Browser| {
            let body = json!({"email": email, "password": PASSWORD, "transport": "cookie"});
            let signed_in = browser.post("/api/v1/auth/login", body).expect(200);
            browser.csrf = signed_in["csrf_token"].as_str().map(str::to_owned);
        };
        sign_in(&mut browser);
        let begin = |browser: &mut Browser| {
            let body = json!({"transport": "cookie", "return_to": "/me"});
            let begun = browser.post("/api/v1/auth/oidc/real/link", body).expect(200);
            begun["authorization_url"].as_str().unwrap().to_owned()
        };
        let there = person("ann", "private@home.example", false);
        let back = scene.visit(&begin(&mut browser), &there);
        let to = browser.follow(&back);
        let id = to.strip_prefix("/me#linked=").unwrap_or_else(|| panic!("{to}"));
        assert_eq!(
            browser.get(&format!("{ACCOUNTS}/{id}")).expect(200)["provider"],
            "real"
        );
        let back = scene.visit(&begin(&mut browser), &there);
        assert_eq!(browser.follow(&back), "/me#error=not_unique");
        let back = scene.visit(&begin(&mut browser), &person("bo", "bo@home.example", true));
        browser.send("POST", "/api/v1/auth/logout", None).expect(204);
        assert_eq!(browser.follow(&back), "/me#error=unauthenticated");
    });
}

#[test]
fn linking_and_unlinking_need_a_step_up() {
    on_each(Signup::Open, |scene| {
        let (_, ann) = owner(scene);
        let account = link(scene, &ann, &person("ann", "private@home.example", false)).id();
        let at = format!("{ACCOUNTS}/{account}");
        scene.clock.by(601);
        begin(&ann).problem(403, "step_up_required");
        ann.delete(&at).problem(403, "step_up_required");
        ann.post("/api/v1/auth/step-up", json!({"password": PASSWORD}))
            .expect(200);
        begin(&ann).expect(200);
        ann.delete(&at).expect(204);
    });
}

#[test]
fn the_last_way_to_sign_in_stays() {
    on_each(Signup::Open, |scene| {
        let kim = person("kim", "kim@home.example", true);
        // Whom the provider let in without a question has shown nothing here.
        let client = scene.client(scene.sign_in(&kim));
        let account = data(&client.get(ACCOUNTS).expect(200))[0]["id"]
            .as_str()
            .unwrap()
            .to_owned();
        let at = format!("{ACCOUNTS}/{account}");
        client.delete(&at).problem(403, "step_up_required");
        let client = scene.client(scene.signing_in("real", &kim, true));
        client.delete(&at).problem(409, "last_sign_in");
        assert_eq!(data(&client.get(ACCOUNTS).expect(200)).len(), 1);
        // Another account is another way; so is a password.
        scene.signing_in("public", &kim, false).expect(200);
        // But not one at a provider that is no longer known, or that is another one by now.
        for (column, other) in [("provider", "gone"), ("issuer", "https://other.example")] {
            let base = &scene.server.base;
            let kept = base.lines(&format!(
                "SELECT {column} FROM accounts WHERE provider = 'public'"
            ));
            let set = |to: &str, from: &str| {
                base.execute(&format!(
                    "UPDATE accounts SET {column} = '{to}' WHERE {column} = '{from}' AND provider <> 'real'"
                ));
            };
            set(other, &kept[0]);
            client.delete(&at).problem(409, "last_sign_in");
            set(&kept[0], other);
        }
        client.delete(&at).expect(204);
        let rest = data(&client.get(ACCOUNTS).expect(200));
        assert_eq!(texts(&rest, "provider"), ["public"]);
        let at = format!("{ACCOUNTS}/{}", rest[0]["id"].as_str().unwrap());
        client.delete(&at).problem(409, "last_sign_in");
        mails(&scene.server);
        auth(
            &scene.server.nobody(),
            "forgot-password",
            json!({"email": "kim@home.example"}),
        )
        .expect(202);
        let token = crate::post::token(&mails(&scene.server)[0]);
        let body = json!({"token": token, "password": PASSWORD});
        auth(&scene.server.nobody(), "reset-password", body).expect(204);
        signed_in(&scene.server, "kim@home.example", PASSWORD)
            .delete(&at)
            .expect(204);
    });
}

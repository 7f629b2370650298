//! The page that makes the first owner. Its routes stand outside the table of operations: what attacks them is here.

use crate::kit::{PASSWORD, counts, page, send, send_with, token, whole, with};
use firma_auth::setup;
use firma_testing::{Answer, Server, TestDatabase, on_each};
use serde_json::json;

/// The message beside a field.
fn error<'p>(page: &'p str, field: &str) -> Option<&'p str> {
    let (_, rest) = page.split_once(&format!("id=\"{field}-error\">"))?;
    rest.split('<').next()
}

#[test]
fn the_link_makes_one_owner_and_is_used_up() {
    on_each(|server| {
        let token = token(server, 0);
        let link = format!("/setup/{token}");
        let form = page(server.nobody().get(&link), 200, "The first owner");
        assert!(form.contains(&format!("name=\"token\" value=\"{token}\"")));
        for (field, autocomplete) in [
            ("name", "name"),
            ("email", "email"),
            ("password", "new-password"),
            ("organization", "organization"),
            ("slug", "off"),
        ] {
            assert!(form.contains(&format!("<label for=\"{field}\">")), "{field}");
            assert!(
                form.contains(&format!("<input id=\"{field}\" name=\"{field}\"")),
                "{field}"
            );
            assert!(
                form.contains(&format!("autocomplete=\"{autocomplete}\"")),
                "{field}"
            );
        }
        // To be shown the form uses nothing up.
        page(server.nobody().get(&link), 200, "The first owner");

        let done = page(send(server, &whole(&token)), 200, "What next?");
        assert!(
            done.contains("Größe &#38; Söhne") && done.contains("<code>grosse-sohne</code>"),
            "{done}"
        );
        assert!(done.contains("href=\"/docs\""));
        assert!(!done.contains("battery"), "the password is shown");
        assert!(done.contains(&format!("API={}/api/v1", server.url)), "{done}");

        let body = json!({"email": "ann.o'lee@example.com", "password": PASSWORD});
        let signed_in = server.nobody().post("/api/v1/auth/login", body).expect(200);
        let user = &signed_in["user"];
        assert_eq!(
            (&user["name"], &user["email"]),
            (&json!("Ann O'Lee"), &json!("Ann.O'Lee@example.com"))
        );
        assert!(user["email_verified_at"].is_string());
        let owner = server
            .nobody()
            .with_token(signed_in["access_token"].as_str().map(str::to_owned));
        let made = owner.get("/api/v1/organizations/grosse-sohne").expect(200);
        assert_eq!(
            (&made["name"], &made["owner_id"]),
            (&json!("Größe & Söhne"), &user["id"])
        );
        owner.get("/api/v1/organizations/grosse-sohne/stages").expect(200);

        // The first user owns the platform; the reserved organization, where that stands, is nowhere to be seen.
        let held = "SELECT r.name FROM role_assignments a JOIN roles r ON r.id = a.role_id AND r.organization_id = \
                    a.role_organization_id ORDER BY r.name";
        assert_eq!(server.base.lines(held), ["ceo", "website_owner"]);
        let me = owner.get("/api/v1/me").expect(200);
        assert_eq!(me["memberships"].as_array().unwrap().len(), 1, "{me}");
        owner
            .get(&format!("/api/v1/organizations/{}", firma_domain::Id::NIL))
            .problem(404, "organization_not_found");

        let old = |ago| self::token(server, ago);
        let before = counts(server);
        page(server.nobody().get(&link), 410, "firma admin password");
        page(send(server, &whole(&token)), 410, "firma admin password");
        // Nor does one that was never used, or one of yesterday.
        for ago in [10, setup::LIFETIME + 1] {
            page(send(server, &whole(&old(ago))), 410, "The first owner is there");
        }
        assert_eq!(counts(server), before);
    });
}

#[test]
fn two_at_once_make_one_owner() {
    on_each(|server| {
        let beside = match server.base.is_postgres() {
            true => Some(server.beside()),
            false => None,
        };
        let token = token(server, 0);
        let one = |n: usize| {
            let server = beside.as_ref().filter(|_| n % 2 == 1).unwrap_or(server);
            let mut form = with(&token, "email", &format!("owner-{n}@example.com"));
            form.iter_mut().find(|(name, _)| *name == "slug").unwrap().1 = format!("firm-{n}");
            send(server, &form)
        };
        let answers: Vec<Answer> = std::thread::scope(|scope| {
            let calls: Vec<_> = (0..8).map(|n| scope.spawn(move || one(n))).collect();
            calls.into_iter().map(|call| call.join().unwrap()).collect()
        });
        let (made, late): (Vec<_>, Vec<_>) = answers.into_iter().partition(|answer| answer.status == 200);
        assert_eq!(made.len(), 1);
        late.into_iter()
            .for_each(|answer| drop(page(answer, 410, "The first owner is there")));
        // Two tenants and memberships: the reserved one's too.
        assert_eq!(counts(server)[..6], [1, 1, 1, 2, 1, 2]);
    });
}

#[test]
fn a_link_that_is_not_ours_or_no_longer_opens_nothing() {
    on_each(|server| {
        let before = counts(server);
        let good = token(server, 0);
        let mut changed = good.clone();
        let last = if changed.pop() == Some('A') { 'B' } else { 'A' };
        changed.push(last);
        let foreign = setup::issue(
            &firma_auth::keys::Keys::derive(&[8; 32]).setup,
            server.database.sources.clock.now(),
        );
        for unknown in [
            &changed,
            &foreign,
            &good[..20],
            "x",
            "%00",
            "<b>",
            &"A".repeat(5_000),
        ] {
            let at = format!("/setup/{}", unknown.replace('<', "%3C").replace('>', "%3E"));
            page(server.nobody().get(&at), 404, "isn&#39;t valid");
            page(send(server, &whole(unknown)), 404, "isn&#39;t valid");
        }
        page(server.nobody().get("/setup"), 404, "isn&#39;t valid");
        page(send(server, &[]), 404, "isn&#39;t valid");
        for ago in [setup::LIFETIME, setup::LIFETIME + 1, 400 * 86_400] {
            let old = token(server, ago);
            page(server.nobody().get(&format!("/setup/{old}")), 410, "has expired");
            page(send(server, &whole(&old)), 410, "has expired");
        }
        assert_eq!(counts(server), before);
        let nearly = token(server, setup::LIFETIME - 60);
        page(
            server.nobody().get(&format!("/setup/{nearly}")),
            200,
            "The first owner",
        );
    });
}

#[test]
fn a_form_from_elsewhere_is_refused() {
    on_each(|server| {
        let (token, before) = (token(server, 0), counts(server));
        let own = server.url.replace("http://", "");
        for origin in [
            "null",
            "https://evil.example",
            "http://127.0.0.1",
            &format!("http://{own}.evil.example"),
            &format!("ftp://{own}"),
            "",
        ] {
            page(
                send_with(server, &whole(&token), &[("origin", origin)]),
                403,
                "FIRMA_PUBLIC_URL",
            );
        }
        // A name that would end up in a command.
        let host = [("origin", "http://$(id)"), ("host", "$(id)")];
        let answer = send_with(server, &whole(&token), &host);
        assert!(matches!(answer.status, 400 | 403), "{}", answer.text);
        assert_eq!(counts(server), before);
        // A proxy that speaks TLS for us, and passes the name on.
        page(
            send_with(
                server,
                &whole(&token),
                &[("origin", "https://Firma.example"), ("host", "firma.example")],
            ),
            200,
            "API=https://firma.example/api/v1",
        );
    });
}

#[test]
fn what_is_wrong_is_said_beside_its_field_and_nothing_is_made() {
    on_each(|server| {
        let (token, before) = (token(server, 0), counts(server));
        let long = "x".repeat(256);
        for (field, value) in [
            ("name", ""),
            ("name", "  "),
            ("name", "a\u{0}b"),
            ("name", &long),
            ("email", ""),
            ("email", "nobody"),
            ("email", "a b@example.com"),
            ("email", "a@b"),
            ("password", ""),
            ("password", "fourteen chars"),
            ("password", &"x".repeat(1_001)),
            ("password", "passwordpassword"),
            ("organization", " "),
            ("organization", "a\u{7}b"),
            ("organization", &long),
            ("slug", "Big Name"),
            ("slug", "a"),
            ("slug", "-a-"),
            ("slug", "018f3c1e-7000-7000-8000-000000000000"),
        ] {
            let mut form = with(&token, field, value);
            // An empty name leaves nothing to make the short one of.
            if field == "organization" {
                form.last_mut().unwrap().1 = "firm".to_owned();
            }
            let page = page(send(server, &form), 422, "Nothing was made yet");
            assert!(error(&page, field).is_some(), "{field} {value:?}: {page}");
            assert_eq!(page.matches("aria-invalid").count(), 1, "{field} {value:?}");
            assert!(page.contains(&format!("<li><a href=\"#{field}\">")), "{field}");
            let input = page
                .split("<input")
                .find(|input| input.contains(&format!("id=\"{field}\"")))
                .unwrap();
            let described = input.split_once("aria-describedby=\"").unwrap().1;
            assert!(described.starts_with(&format!("{field}-error")), "{input}");
            assert!(
                !page.contains("battery") && !page.contains("fourteen"),
                "a password is shown"
            );
            assert!(
                field == "email" || page.contains("value=\"Ann.O&#39;Lee@example.com\""),
                "{page}"
            );
        }
        page(
            send(server, &with(&token, "password", "passwordpassword")),
            422,
            "few think of",
        );
        let nameless = page(
            send(server, &with(&token, "organization", "株式会社")),
            422,
            "Nothing was made yet",
        );
        assert!(error(&nameless, "slug").is_some() && error(&nameless, "organization").is_none());
        let empty = page(
            send(server, &[("token", token.clone())]),
            422,
            "Nothing was made yet",
        );
        for field in ["name", "email", "password", "organization", "slug"] {
            assert!(error(&empty, field).is_some(), "{field}");
        }
        let markup = page(
            send(server, &with(&token, "name", "\"><script>x</script>")),
            200,
            "What next?",
        );
        assert!(!markup.contains("<script"));
        let after = counts(server);
        assert_eq!((before[0], after[0]), (0, 1));
    });
}

#[test]
fn markup_that_is_typed_comes_back_as_text() {
    let server = Server::start(TestDatabase::sqlite());
    let token = token(&server, 0);
    let mut form = with(&token, "name", "\"><script>alert(1)</script>");
    form.iter_mut().find(|(name, _)| *name == "password").unwrap().1 = "short".to_owned();
    let page = page(send(&server, &form), 422, "&#60;script&#62;");
    assert!(!page.contains("<script"));
}

#[test]
fn the_pages_speak_four_languages() {
    let server = Server::start(TestDatabase::sqlite());
    let link = format!("/setup/{}", token(&server, 0));
    for (asked, language, title) in [
        ("de-AT,de;q=0.9", "de", "Der erste Zugang"),
        ("tr", "tr", "İlk hesap"),
        ("sr-RS", "sr-Latn", "Prvi nalog"),
        ("fr", "en", "The first owner"),
    ] {
        let answer = server
            .nobody()
            .send("GET", &link, &[("accept-language", asked)], None);
        let page = page(answer, 200, title);
        assert!(page.contains(&format!("<html lang=\"{language}\">")), "{asked}");
    }
}

#[test]
fn what_a_page_loads_is_in_the_binary_and_may_be_kept() {
    let server = Server::start(TestDatabase::sqlite());
    let page = server.nobody().get("/setup").text;
    let assets: Vec<_> = page
        .split('"')
        .filter(|text| text.starts_with("/assets/"))
        .collect();
    assert_eq!(assets.len(), 3, "{assets:?}");
    for asset in assets {
        let answer = server.nobody().get(asset);
        assert_eq!((answer.status, answer.text.len() > 50), (200, true), "{asset}");
        let kind = answer.header("content-type").unwrap();
        assert!(
            kind.starts_with(if asset.ends_with("css") {
                "text/css"
            } else {
                "image/svg+xml"
            }),
            "{kind}"
        );
        assert_eq!(
            answer.header("cache-control"),
            Some("public, max-age=31536000, immutable")
        );
        assert!(!answer.text.contains("url(") && !answer.text.contains("@import"));
        server.nobody().act(asset).problem(405, "method_not_allowed");
    }
    server.nobody().get("/assets/other.css").problem(404, "no_route");
}

#[test]
fn a_wrong_method_is_told_and_a_form_that_is_none_is_a_problem() {
    let server = Server::start(TestDatabase::sqlite());
    let answer = server.nobody().delete("/setup");
    assert_eq!(answer.header("allow"), Some("GET, HEAD, POST"));
    answer.problem(405, "method_not_allowed");
    server.nobody().act("/setup/x").problem(405, "method_not_allowed");
    let answer = server.nobody().post("/setup", json!({"token": "x"}));
    assert!(
        (400..=415).contains(&answer.status) && answer.body["code"].is_string(),
        "{}",
        answer.text
    );
    let large = with(&token(&server, 0), "name", &"x".repeat(70_000));
    send(&server, &large).problem(413, "body_too_large");
}

//! Signing a browser in: cookies, and the proof that a call comes from a page of ours.

use crate::identity::{PASSWORD, events, login, owner};
use firma_auth::keys::Keys;
use firma_http::Site;
use firma_testing::{Answer, Client, Server, TestDatabase, on_each};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// A browser: it keeps cookies, and says where its page is from.
struct Browser {
    client: Client,
    origin: Option<String>,
    csrf: Option<String>,
    jar: BTreeMap<String, String>,
}

impl Browser {
    fn new(server: &Server, origin: &str) -> Browser {
        Browser {
            client: server.nobody(),
            origin: Some(origin.to_owned()),
            csrf: None,
            jar: BTreeMap::new(),
        }
    }

    fn signed_in(server: &Server, origin: &str, email: &str) -> Browser {
        let mut browser = Browser::new(server, origin);
        browser.login(email).expect(200);
        browser
    }

    fn login(&mut self, email: &str) -> Answer {
        let body = json!({"email": email, "password": PASSWORD, "transport": "cookie"});
        let answer = self.send("POST", "/api/v1/auth/login", Some(body));
        self.csrf = answer.body["csrf_token"].as_str().map(str::to_owned);
        answer
    }

    fn send(&mut self, method: &str, path: &str, body: Option<Value>) -> Answer {
        let jar = self.jar.iter().map(|(name, value)| format!("{name}={value}"));
        let jar = jar.collect::<Vec<_>>().join("; ");
        let named = [
            ("cookie", Some(jar).filter(|jar| !jar.is_empty())),
            ("origin", self.origin.clone()),
            ("x-csrf-token", self.csrf.clone()),
        ];
        let headers: Vec<(&str, &str)> = named
            .iter()
            .filter_map(|(name, value)| Some((*name, value.as_deref()?)))
            .collect();
        let body = body.map(|body| body.to_string().into_bytes());
        let answer = self.client.send(method, path, &headers, body.as_deref());
        for line in set_cookies(&answer) {
            let (name, value) = line.split(';').next().unwrap().split_once('=').unwrap();
            match line.contains("Max-Age=0") {
                true => self.jar.remove(name),
                false => self.jar.insert(name.to_owned(), value.to_owned()),
            };
        }
        answer
    }

    fn me(&mut self) -> Answer {
        self.send("GET", "/api/v1/me", None)
    }
}

fn set_cookies(answer: &Answer) -> Vec<String> {
    let all = answer.headers.iter().filter(|(name, _)| name == "set-cookie");
    all.map(|(_, value)| value.clone()).collect()
}

/// What only a browser that reaches the server by https is given.
fn behind_tls(base: TestDatabase) -> Server {
    let site = Site {
        public_url: Some("https://firma.example".into()),
        origins: vec!["https://app.firma.example".into()],
        ..Site::default()
    };
    Server::start_at(
        base,
        std::sync::Arc::new(firma_testing::SystemClock),
        site,
        Keys::derive(&[7; 32]),
    )
}

#[test]
fn a_browser_gets_cookies_that_no_script_reads_and_no_tokens() {
    for base in TestDatabase::each() {
        let server = behind_tls(base);
        let (_, email) = owner(&server);
        let mut browser = Browser::new(&server, "https://firma.example");
        let answer = browser.login(&email);
        let attributes = |line: &str| {
            let mut all: Vec<_> = line.split("; ").skip(1).map(str::to_owned).collect();
            all.sort();
            all
        };
        let cookies = set_cookies(&answer);
        let [access, refresh, device] = &cookies[..] else {
            panic!("{cookies:?}");
        };
        assert!(access.starts_with("__Host-firma_access=ey"), "{access}");
        assert!(device.starts_with("__Secure-firma_device="), "{device}");
        assert_eq!(
            attributes(device),
            [
                "HttpOnly",
                "Max-Age=7776000",
                "Path=/api/v1/auth",
                "SameSite=Lax",
                "Secure"
            ]
        );
        assert_eq!(
            attributes(access),
            ["HttpOnly", "Max-Age=900", "Path=/", "SameSite=Lax", "Secure"]
        );
        assert!(refresh.starts_with("__Secure-firma_refresh="), "{refresh}");
        assert_eq!(
            attributes(refresh),
            [
                "HttpOnly",
                "Max-Age=604800",
                "Path=/api/v1/auth",
                "SameSite=Lax",
                "Secure"
            ]
        );
        let body = answer.expect(200);
        let fields: Vec<_> = body.as_object().unwrap().keys().cloned().collect();
        assert_eq!(fields, ["csrf_token", "expires_in", "token_type", "user"]);
        assert_eq!(
            (&body["token_type"], &body["expires_in"]),
            (&json!("Cookie"), &json!(900))
        );
        browser.me().expect(200);
        // Without the prefix anybody on a neighbouring host could have set them.
        for (name, value) in browser.jar.clone() {
            let bare = name.split('-').next_back().unwrap().to_owned();
            browser.jar = BTreeMap::from([(bare, value)]);
            browser.me().problem(401, "unauthenticated");
        }
    }
}

#[test]
fn on_this_machine_the_cookies_work_without_tls() {
    on_each(|server| {
        let (firm, email) = owner(server);
        let mut browser = Browser::new(server, &server.url);
        let cookies = set_cookies(&browser.login(&email));
        assert!(cookies[0].starts_with("firma_access=") && cookies[1].starts_with("firma_refresh="));
        assert!(
            cookies
                .iter()
                .all(|line| !line.contains("Secure") && line.contains("HttpOnly"))
        );
        let company = json!({"name": "By cookie"});
        browser
            .send("POST", &firm.at("companies"), Some(company))
            .expect(201);
        browser.send("GET", &firm.at("companies"), None).expect(200);
    });
}

#[test]
fn what_changes_something_needs_an_origin_and_a_token_of_ours() {
    on_each(|server| {
        let (firm, email) = owner(server);
        let ours = server.url.clone();
        let mut browser = Browser::signed_in(server, &ours, &email);
        let other = Browser::signed_in(server, &ours, &email);
        let token = browser.csrf.clone();
        let port = ours.rsplit(':').next().unwrap().to_owned();
        let before = crate::kit::rows(server, "companies");
        let mut attack = |origin: Option<String>, csrf: Option<String>| {
            (browser.origin, browser.csrf) = (origin, csrf);
            let calls = [
                ("POST", firm.at("companies"), Some(json!({"name": "x"}))),
                ("PATCH", firm.path.clone(), Some(json!({"name": "x"}))),
                ("DELETE", firm.at(&format!("companies/{}", firm.id)), None),
                ("PATCH", "/api/v1/me".into(), Some(json!({"name": "x"}))),
                ("POST", "/api/v1/auth/logout".into(), None),
                ("POST", "/api/v1/auth/logout-all".into(), None),
                ("POST", "/api/v1/auth/refresh".into(), None),
            ];
            for (method, path, body) in calls {
                browser.send(method, &path, body).problem(403, "csrf");
            }
            // Looking is no harm.
            browser.me().expect(200);
        };
        for origin in [
            None,
            Some("null".to_owned()),
            Some("https://evil.example".to_owned()),
            Some(format!("https://127.0.0.1:{port}")),
            Some("http://127.0.0.1".to_owned()),
            Some(format!("http://localhost:{port}")),
            Some(format!("{ours}.evil.example")),
            Some(String::new()),
        ] {
            attack(origin, token.clone());
        }
        for csrf in [
            None,
            Some(String::new()),
            other.csrf.clone(),
            Some("AAAAAAAAAAAAAAAAAAAAAA".into()),
            token.clone().map(|t| t + "A"),
        ] {
            attack(Some(ours.clone()), csrf);
        }
        assert_eq!(crate::kit::rows(server, "companies"), before);
        (browser.origin, browser.csrf) = (Some(ours), token);
        browser
            .send("PATCH", "/api/v1/me", Some(json!({"name": "Ann"})))
            .expect(200);
    });
}

#[test]
fn a_page_of_somebody_else_signs_nobody_in() {
    on_each(|server| {
        let (_, email) = owner(server);
        let mut foreign = Browser::new(server, "https://evil.example");
        foreign.login(&email).problem(403, "csrf");
        assert!(foreign.jar.is_empty());
        let mut program = Browser::new(server, "");
        program.origin = None;
        program.login(&email).expect(200);
        let unknown = json!({"email": email, "password": PASSWORD, "transport": "pigeon"});
        server
            .nobody()
            .post("/api/v1/auth/login", unknown)
            .problem(422, "invalid");
    });
}

#[test]
fn a_call_that_says_who_makes_it_is_not_made_by_its_cookies() {
    on_each(|server| {
        let (firm, email) = owner(server);
        let browser = Browser::signed_in(server, &server.url, &email);
        let jar = browser
            .jar
            .iter()
            .map(|(name, value)| format!("{name}={value}"))
            .collect::<Vec<_>>()
            .join("; ");
        let cookie = ("cookie", jar.as_str());
        for wrong in ["Bearer", "Bearer ", "Bearer x", "Basic eDp5", ""] {
            let headers = [cookie, ("authorization", wrong)];
            let answer = server.nobody().send("GET", "/api/v1/me", &headers, None);
            answer.problem(401, "unauthenticated");
        }
        // A bearer needs no page, and is who the token says.
        let (id, member) = firm.member(None);
        let bearer = format!("Bearer {}", member.token().unwrap());
        let headers = [
            cookie,
            ("authorization", bearer.as_str()),
            ("origin", "https://evil.example"),
        ];
        let me = server
            .nobody()
            .send("GET", "/api/v1/me", &headers, None)
            .expect(200);
        assert_eq!(me["user"]["id"], json!(id));
        let body = json!({"name": "Kim"}).to_string();
        server
            .nobody()
            .send("PATCH", "/api/v1/me", &headers, Some(body.as_bytes()))
            .expect(200);
        server
            .nobody()
            .send("POST", "/api/v1/auth/refresh", &headers, None)
            .problem(415, "media_type");
    });
}

#[test]
fn a_browser_refreshes_and_signs_out_by_cookie() {
    on_each(|server| {
        let (_, email) = owner(server);
        let mut browser = Browser::signed_in(server, &server.url, &email);
        let before = browser.jar.clone();
        let body = browser.send("POST", "/api/v1/auth/refresh", None).expect(200);
        assert_eq!(
            (body["token_type"].as_str(), body["access_token"].as_str()),
            (Some("Cookie"), None)
        );
        assert_eq!(
            body["csrf_token"].as_str(),
            browser.csrf.as_deref(),
            "bound to the session, which lives on"
        );
        assert_ne!(before["firma_refresh"], browser.jar["firma_refresh"]);
        browser.me().expect(200);
        // The old one is late, and takes nothing away from the tab that was faster.
        let new = std::mem::replace(&mut browser.jar, before);
        let late = browser.send("POST", "/api/v1/auth/refresh", None);
        assert!(set_cookies(&late).is_empty());
        late.problem(401, "invalid_refresh_token");
        browser.jar = new;
        browser.me().expect(200);
        // After a quarter of an hour only the refresh token is left: enough to go.
        browser.jar.remove("firma_access");
        browser.me().problem(401, "unauthenticated");
        let kept = browser.jar.clone();
        let gone = browser.send("POST", "/api/v1/auth/logout", None);
        assert_eq!(set_cookies(&gone).len(), 2);
        gone.expect(204);
        let left: Vec<_> = browser.jar.keys().map(String::as_str).collect();
        assert_eq!(left, ["firma_device"], "the device stays known");
        browser.jar = kept;
        browser
            .send("POST", "/api/v1/auth/refresh", None)
            .problem(401, "invalid_refresh_token");
        browser
            .send("POST", "/api/v1/auth/logout", None)
            .problem(401, "unauthenticated");
        assert_eq!(events(server, "refresh_token_reused"), 0);

        let mut here = Browser::signed_in(server, &server.url, &email);
        let there = login(server, &email, PASSWORD).expect(200);
        here.send("POST", "/api/v1/auth/logout-all", None).expect(204);
        assert_eq!(here.jar.keys().collect::<Vec<_>>(), ["firma_device"]);
        let there = server
            .nobody()
            .with_token(there["access_token"].as_str().map(str::to_owned));
        there.get("/api/v1/me").problem(401, "unauthenticated");
    });
}

#[test]
fn other_sites_may_call_only_where_they_are_named() {
    let preflight = |server: &Server, origin: &str| {
        let headers = [
            ("origin", origin),
            ("access-control-request-method", "POST"),
            (
                "access-control-request-headers",
                "content-type,x-csrf-token,idempotency-key,x-device-token",
            ),
        ];
        server
            .nobody()
            .send("OPTIONS", "/api/v1/auth/login", &headers, None)
    };
    let allowed = |answer: &Answer| answer.header("access-control-allow-origin").map(str::to_owned);
    for base in TestDatabase::each() {
        let closed = Server::start(base);
        let answer = preflight(&closed, "https://app.firma.example");
        assert_eq!(allowed(&answer), None);
        answer.problem(405, "method_not_allowed");
        let simple = closed
            .nobody()
            .send("GET", "/api/v1", &[("origin", "https://app.firma.example")], None);
        assert_eq!((allowed(&simple), simple.status), (None, 200));

        let open = behind_tls(closed.base.shared());
        let answer = preflight(&open, "https://app.firma.example");
        assert_eq!(answer.status, 200, "{}", answer.text);
        assert_eq!(allowed(&answer).as_deref(), Some("https://app.firma.example"));
        assert_eq!(answer.header("access-control-allow-credentials"), Some("true"));
        for foreign in ["https://evil.example", "null", "http://app.firma.example"] {
            let answer = preflight(&open, foreign);
            assert_eq!(allowed(&answer), None, "{foreign}");
            answer.problem(403, "csrf");
            let simple = open.nobody().send("GET", "/api/v1", &[("origin", foreign)], None);
            assert_eq!((allowed(&simple), simple.status), (None, 200), "{foreign}");
        }
        let (firm, email) = owner(&open);
        let mut app = Browser::signed_in(&open, "https://app.firma.example", &email);
        let made = app.send(
            "POST",
            &firm.at("companies"),
            Some(json!({"name": "From the app"})),
        );
        assert_eq!(allowed(&made).as_deref(), Some("https://app.firma.example"));
        assert!(
            made.header("access-control-expose-headers")
                .is_some_and(|names| names.contains("location") && names.contains("ratelimit-policy"))
        );
        assert!(
            made.header("vary")
                .is_some_and(|vary| vary.to_lowercase().contains("origin"))
        );
        made.expect(201);
        let refused = app.send("GET", &firm.at("companies/nothing"), None);
        assert!(allowed(&refused).is_some(), "a problem can be read too");
        refused.problem(404, "not_found");
    }
}

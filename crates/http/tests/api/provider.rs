//! A real OpenID provider, and one that lies, in a process that ends with this one (`tests/oidc-provider`).
//!
//! They are tested where `FIRMA_TEST_OIDC` names a folder with that and what it needs; `scripts/test` makes one.

use crate::post::Moved;
use firma_domain::identity::Signup;
use firma_domain::source::Clock;
use firma_services::identity::{Provider, Providers};
use firma_testing::{Answer, Client, OidcProvider, OidcSettings, Server, TestDatabase};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;

pub(crate) const CALLBACK: &str = "/api/v1/auth/oidc/real/callback";
/// Where a program says that it waits.
pub(crate) const PROGRAM: &str = "http://127.0.0.1:7777/back?x=1";
/// What a program keeps, and the SHA-256 of it that it sends (RFC 7636, appendix B).
pub(crate) const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
pub(crate) const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

/// The addresses of both. Each test has its own: people there are known by their names, and calls are counted.
pub(crate) struct Peer {
    pub real: String,
    pub wrong: String,
    node: Child,
}

impl Peer {
    fn start() -> Option<Peer> {
        let folder = std::env::var("FIRMA_TEST_OIDC")
            .ok()
            .filter(|folder| !folder.is_empty())?;
        let mut node = Command::new("node")
            .arg("provider.mjs")
            .current_dir(folder)
            // It ends with this.
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("node has to be installed");
        let mut line = String::new();
        let mut out = BufReader::new(node.stdout.take().unwrap());
        out.read_line(&mut line).unwrap();
        let said: Value = serde_json::from_str(&line).expect("the providers did not start");
        let at = |name: &str| said[name].as_str().unwrap().to_owned();
        // What it says later is read by nobody, and must not stop it.
        std::thread::spawn(move || std::io::copy(&mut out, &mut std::io::sink()));
        Some(Peer {
            real: at("real"),
            wrong: at("wrong"),
            node,
        })
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        let _ = self.node.kill();
        let _ = self.node.wait();
    }
}

/// A server that knows four providers: `real`; `public`, the same without a secret; `wrong`, which lies; and `away`.
pub(crate) struct Scene {
    pub server: Server,
    pub clock: Arc<Moved>,
    pub peer: Arc<Peer>,
}

/// Runs a test on each database, if there are providers.
pub(crate) fn on_each(signup: Signup, test: impl Fn(&Scene)) {
    let Some(peer) = Peer::start().map(Arc::new) else {
        eprintln!("not tested: FIRMA_TEST_OIDC names no folder with providers");
        return;
    };
    for base in TestDatabase::each() {
        eprintln!("on {}", base.kind());
        let clock = Arc::new(Moved::default());
        let providers = Providers::new(all(&peer, clock.clone())).unwrap();
        let server = Server::start_beside(base, clock.clone(), signup, providers);
        let peer = peer.clone();
        test(&Scene { server, clock, peer });
    }
}

fn all(peer: &Peer, clock: Arc<dyn Clock>) -> Vec<Provider> {
    let secret = Some("a secret of the tests".to_owned());
    let one = |name: &str, issuer: &str, client_secret: Option<String>| {
        let settings = OidcSettings {
            issuer: issuer.to_owned(),
            client_id: name.to_owned(),
            client_secret,
            scopes: vec!["email".into(), "profile".into()],
        };
        let port = Arc::new(OidcProvider::new(settings, clock.clone()).unwrap());
        Provider::new(name.to_owned(), format!("The {name} one"), port, clock.clone())
    };
    vec![
        one("real", &peer.real, secret.clone()),
        one("public", &peer.real, None),
        one("wrong", &peer.wrong, secret.clone()),
        // Nothing listens there: the port of a server that has gone.
        one("away", "http://127.0.0.1:9", secret),
    ]
}

/// A browser: it keeps cookies, and follows no redirect by itself.
pub(crate) struct Browser {
    client: Client,
    jar: BTreeMap<String, String>,
    origin: String,
    pub csrf: Option<String>,
}

impl Browser {
    pub(crate) fn at(url: &str) -> Browser {
        Browser {
            client: Client::new(url, None),
            jar: BTreeMap::new(),
            origin: url.to_owned(),
            csrf: None,
        }
    }

    pub(crate) fn send(&mut self, method: &str, path: &str, body: Option<Value>) -> Answer {
        let jar = self.jar.iter().map(|(name, value)| format!("{name}={value}"));
        let jar = jar.collect::<Vec<_>>().join("; ");
        let csrf = self.csrf.clone().unwrap_or_default();
        let headers = [
            ("cookie", &*jar),
            ("origin", &*self.origin),
            ("x-csrf-token", &*csrf),
        ];
        let headers: Vec<_> = headers
            .into_iter()
            .filter(|(_, value)| !value.is_empty())
            .collect();
        let body = body.map(|body| body.to_string().into_bytes());
        let answer = self.client.send(method, path, &headers, body.as_deref());
        for (_, line) in answer.headers.iter().filter(|(name, _)| name == "set-cookie") {
            let (name, value) = line.split(';').next().unwrap().split_once('=').unwrap();
            self.jar.insert(name.to_owned(), value.to_owned());
        }
        answer
    }

    pub(crate) fn get(&mut self, path: &str) -> Answer {
        self.send("GET", path, None)
    }

    pub(crate) fn post(&mut self, path: &str, body: Value) -> Answer {
        self.send("POST", path, Some(body))
    }

    /// Begins at a provider: the address there.
    #[track_caller]
    pub(crate) fn start(&mut self, name: &str) -> String {
        let body = json!({"transport": "cookie", "return_to": "/console?a=b"});
        let begun = self
            .post(&format!("/api/v1/auth/oidc/{name}/start"), body)
            .expect(200);
        assert_eq!(begun["expires_in"], 600);
        begun["authorization_url"].as_str().unwrap().to_owned()
    }

    /// Where it is sent on to.
    #[track_caller]
    pub(crate) fn follow(&mut self, path: &str) -> String {
        let answer = self.get(path);
        assert_eq!(answer.status, 303, "{}", answer.text);
        answer.header("location").unwrap().to_owned()
    }
}

/// What somebody is at the real provider.
pub(crate) fn person(name: &str, email: &str, is_verified: bool) -> Value {
    json!({"sub": name, "email": email, "email_verified": is_verified, "name": format!("{name} Winter"), "given_name": name})
}

/// A parameter of an address.
#[track_caller]
pub(crate) fn parameter(url: &str, name: &str) -> String {
    let of = |pair: &str| pair.strip_prefix(name)?.strip_prefix('=').map(str::to_owned);
    let query = url.split_once('?').unwrap().1.split('#').next().unwrap();
    query
        .split('&')
        .find_map(of)
        .unwrap_or_else(|| panic!("no {name} in {url}"))
}

fn encoded(text: &str) -> String {
    text.bytes().map(|b| format!("%{b:02X}")).collect()
}

impl Scene {
    /// Signs in at the real provider as somebody, in a browser of one's own: the path here that it sends it back to.
    #[track_caller]
    pub(crate) fn visit(&self, url: &str, person: &Value) -> String {
        let mut browser = Browser::at(&self.peer.real);
        let mut next = format!("{url}&login_hint={}", encoded(&person.to_string()));
        for _ in 0..10 {
            if let Some(path) = next.strip_prefix(&self.server.url) {
                return path.to_owned();
            }
            let path = next.strip_prefix(&self.peer.real).unwrap_or(&next).to_owned();
            let answer = browser.get(&path);
            next = answer
                .header("location")
                .unwrap_or_else(|| panic!("{path}: {} {}", answer.status, answer.text))
                .to_owned();
        }
        panic!("the provider sends the browser round: {next}")
    }

    /// Begins for a program: the address at the provider.
    #[track_caller]
    pub(crate) fn start(&self, name: &str) -> String {
        self.begin(name, false)
    }

    #[track_caller]
    pub(crate) fn begin(&self, name: &str, is_fresh: bool) -> String {
        let body = json!({"return_to": PROGRAM, "code_challenge": CHALLENGE, "fresh": is_fresh});
        let begun = self
            .server
            .nobody()
            .post(&format!("/api/v1/auth/oidc/{name}/start"), body);
        begun.expect(200)["authorization_url"]
            .as_str()
            .unwrap()
            .to_owned()
    }

    /// Ends it with what the browser brought.
    pub(crate) fn finish(&self, client: &Client, what: &str, state: &str, code: &str) -> Answer {
        let body = json!({"state": state, "code": code, "code_verifier": VERIFIER});
        client.post(&format!("/api/v1/auth/oidc/{what}"), body)
    }

    /// The whole of a program's sign-in by the real provider.
    #[track_caller]
    pub(crate) fn sign_in(&self, person: &Value) -> Answer {
        self.signing_in("real", person, false)
    }

    #[track_caller]
    pub(crate) fn signing_in(&self, name: &str, person: &Value, is_fresh: bool) -> Answer {
        let back = self.visit(&self.begin(name, is_fresh), person);
        let mut browser = Browser::at(&self.server.url);
        let to = browser.follow(&back);
        assert!(to.starts_with(&format!("{PROGRAM}&state=")), "{to}");
        let (state, code) = (parameter(&to, "state"), parameter(&to, "code"));
        self.finish(&self.server.nobody(), "token", &state, &code)
    }

    /// Who signed in.
    #[track_caller]
    pub(crate) fn client(&self, answer: Answer) -> Client {
        let token = answer.expect(200)["access_token"].as_str().unwrap().to_owned();
        self.server.nobody().with_token(Some(token))
    }
}

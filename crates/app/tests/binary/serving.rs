//! From an empty folder to a graceful stop.

use crate::house::{EMAIL, FIRM, House, PASSWORD, SECRET};
use crate::process::Process;
use serde_json::json;
use std::path::Path;
use std::time::{Duration, Instant};
use tempfile::TempDir;

#[test]
fn an_empty_folder_is_all_it_needs() {
    let folder = TempDir::new().unwrap();
    let server = Process::start(folder.path(), &[]);
    // The first look at the logs is due at once.
    let ready = json!({
        "status": "ready", "database": "ok", "writes": "ok", "migrations": "ok", "draining": false,
        "queue": {"waiting": 0, "oldest_seconds": 0}, "mail": "closed", "names": "closed", "traces": null,
        "providers": {},
    });
    server.await_that("ready", || {
        server.client().get("/health/ready").expect(200) == ready
    });
    server.client().get(FIRM).problem(401, "unauthenticated");
    #[cfg(unix)]
    {
        let data = folder.path().join("data");
        assert_eq!(mode(&data), 0o700);
        for file in ["secret", "firma.db", "firma.db-wal", "firma.db-shm"] {
            assert_eq!(mode(&data.join(file)), 0o600, "{file}");
        }
    }
}

/// Another 32 bytes.
const NEW_SECRET: &str = "HxwdGhsYGRYXFBUSExARDg8MDQoLCAkGBwQFAgMAAQA=";

#[test]
fn the_secret_changes_and_nobody_is_signed_out() {
    for house in House::each() {
        house.found();
        let server = house.start_with(&[("FIRMA_SECRET", SECRET)]);
        let owner = house.owner(&server);
        owner.act("/api/v1/me/second-factor").expect(200);
        let token = owner.token().map(str::to_owned);
        server.kill();
        // Whoever comes with another secret is told before the first person is.
        let told = house.run_with(&[("FIRMA_SECRET", NEW_SECRET)], &["doctor"], "");
        assert_eq!(told.code, Some(3), "{told:?}");
        assert!(
            told.out.contains("WRONG sealed texts: second_factors.secret of"),
            "{told:?}"
        );
        house
            .run_with(&[("FIRMA_SECRET", SECRET)], &["doctor"], "")
            .fine();
        let both = [("FIRMA_SECRET", NEW_SECRET), ("FIRMA_SECRET_PREVIOUS", SECRET)];
        house.run_with(&both, &["doctor"], "").fine();
        let rotated = house.run_with(&both, &["rotate-secrets"], "").fine();
        assert_eq!(
            rotated.trim_end(),
            "sealed anew: 1, with the current secret already: 0"
        );
        house
            .run_with(&[("FIRMA_SECRET", NEW_SECRET)], &["doctor"], "")
            .fine();
        let server = house.start_with(&both);
        server.client().with_token(token.clone()).get(FIRM).expect(200);
        server.kill();
        let server = house.start_with(&[("FIRMA_SECRET", NEW_SECRET)]);
        server
            .client()
            .with_token(token)
            .get(FIRM)
            .problem(401, "unauthenticated");
    }
}

#[test]
fn cookies_are_secure_unless_only_this_machine_reaches_the_server() {
    let house = House::sqlite();
    house.found();
    let signed_in = |environment: &[(&str, &str)], origin: Option<&str>| {
        let server = house.start_with(environment);
        let body = json!({"email": EMAIL, "password": PASSWORD, "transport": "cookie"}).to_string();
        let own = server.url.clone();
        let headers = [("origin", origin.unwrap_or(&own))];
        let path = "/api/v1/auth/login";
        let answer = server
            .client()
            .send("POST", path, &headers, Some(body.as_bytes()));
        let cookie = answer.header("set-cookie").unwrap_or_default();
        (answer.status, cookie.split('=').next().unwrap().to_owned())
    };
    let told = [
        ("FIRMA_PUBLIC_URL", "https://firma.example"),
        ("FIRMA_CORS_ORIGINS", "https://a.example,https://b.example"),
    ];
    let secure = (200, "__Host-firma_access".to_owned());
    assert_eq!(signed_in(&[], None), (200, "firma_access".to_owned()));
    for ours in ["https://firma.example", "https://a.example", "https://b.example"] {
        assert_eq!(signed_in(&told, Some(ours)), secure, "{ours}");
    }
    assert_eq!(signed_in(&told, None).0, 403);
    let everywhere = [("FIRMA_BIND", "0.0.0.0:0")];
    assert_eq!(signed_in(&everywhere, None).0, 403);
}

#[cfg(unix)]
fn mode(path: &Path) -> u32 {
    use std::os::unix::fs::PermissionsExt;
    std::fs::metadata(path).unwrap().permissions().mode() & 0o777
}

#[test]
fn the_secret_stays_and_so_do_tokens() {
    for house in House::each() {
        house.found();
        let server = house.start();
        let token = house.owner(&server).token().map(str::to_owned);
        server.kill();
        let server = house.start();
        server.client().with_token(token).get(FIRM).expect(200);
    }
}

#[test]
fn a_call_that_is_under_way_is_answered_before_the_stop() {
    for house in House::each() {
        // So slow that it outlasts the draining.
        let server = house.start_with(&[("FIRMA_BCRYPT_COST", "14")]);
        let client = server.client();
        client.get("/health/ready").expect(200);
        let body = json!({"email": "who@example.com", "password": "whatever it may be"});
        let slow = std::thread::scope(|scope| {
            let slow = scope.spawn(|| client.post("/api/v1/auth/login", body));
            std::thread::sleep(Duration::from_millis(150));
            server.terminate();
            let begun = Instant::now();
            loop {
                assert!(
                    begun.elapsed() < Duration::from_secs(30),
                    "it never said that it drains"
                );
                let ready = client.get("/health/ready");
                if ready.status == 503 {
                    assert_eq!(ready.body["draining"], true);
                    assert_eq!(client.get("/health/live").status, 200);
                    break;
                }
            }
            assert!(!slow.is_finished(), "the slow call was too fast for this test");
            slow.join().unwrap()
        });
        slow.problem(401, "wrong_credentials");
        let (status, log) = server.ended();
        assert_eq!(status.code(), Some(0), "{log}");
        assert!(client.try_send("GET", "/health/live", &[], None).is_err());
    }
}

#[test]
fn two_servers_on_one_postgres_are_one() {
    let Some(house) = House::postgres() else { return };
    house.found();
    let shared = [("FIRMA_SECRET", SECRET)];
    let (one, two) = (house.start_with(&shared), house.start_with(&shared));
    let at_one = house.owner(&one);
    let at_two = two.client().with_token(at_one.token().map(str::to_owned));
    at_two.get(FIRM).expect(200);
    at_two.get("/api/v1/me").expect(200);
    at_one.act("/api/v1/auth/logout").expect(204);
    at_two.get(FIRM).problem(401, "unauthenticated");
    at_two.get("/api/v1/me").problem(401, "unauthenticated");
}

#[test]
fn a_taken_port_is_said() {
    let house = House::sqlite();
    let server = house.start();
    let address = server.url.trim_start_matches("http://");
    let refused = house.run(&["--bind", address], "");
    assert!(
        refused.line(1).starts_with(&format!("firma: {address}: ")),
        "{refused:?}"
    );
}

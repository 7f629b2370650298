//! From where a call comes: behind a proxy that is trusted, and where nobody's word is taken.

use crate::audit::verified;
use crate::identity::{PASSWORD, set_password};
use crate::keys::{key_events, key_of, with};
use crate::post::mails;
use firma_auth::keys::Keys;
use firma_domain::IpRange;
use firma_http::{Proxies, Site};
use firma_testing::{Firm, Server, SystemClock, TestDatabase, on_each};
use serde_json::json;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// A server behind a proxy on this machine.
fn behind_a_proxy(base: TestDatabase) -> Server {
    let site = Site {
        is_local: true,
        proxies: Proxies(
            ["127.0.0.1", "10.0.0.0/8"]
                .into_iter()
                .filter_map(IpRange::parse)
                .collect(),
        ),
        country_header: Some("x-country".into()),
        ..Site::default()
    };
    Server::start_at(base, Arc::new(SystemClock), site, Keys::derive(&[7; 32]))
}

#[test]
fn a_sign_in_from_another_country_is_told_of() {
    for base in TestDatabase::each() {
        let server = behind_a_proxy(base);
        let firm = Firm::new(&server);
        let email = format!("owner@{}.example", firm.slug);
        set_password(&server, &email, PASSWORD);
        mails(&server);
        let body = json!({"email": email, "password": PASSWORD}).to_string();
        let sign_in = |server: &Server, countries: &[&str], device: &str| {
            let mut headers = vec![("x-device-token", device)];
            headers.extend(countries.iter().map(|country| ("x-country", *country)));
            let answer = server
                .nobody()
                .send("POST", "/api/v1/auth/login", &headers, Some(body.as_bytes()));
            answer.expect(200)["device_token"].as_str().unwrap().to_owned()
        };
        let told = || {
            let details =
                "SELECT COALESCE(details, '') FROM security_events WHERE type = 'new_device' ORDER BY id";
            (server.base.lines(details), mails(&server))
        };
        let device = sign_in(&server, &["rs"], "");
        // What isn't known, or is said twice, is no other country.
        for countries in [&["RS"][..], &[], &["XX"], &["T1"], &["Serbia"], &["DE", "FR"]] {
            sign_in(&server, countries, &device);
        }
        assert_eq!(told().0, Vec::<String>::new(), "on {}", server.base.kind());
        sign_in(&server, &["DE"], &device);
        let (events, letters) = told();
        assert_eq!(events, ["country DE"]);
        let letter = letters.iter().find(|letter| letter.to.as_str() == email).unwrap();
        assert_eq!(letter.subject, "Firma: sign-in from a new country");
        assert!(
            letter.text.contains("Country: DE") && letter.html.contains("<td>DE</td>"),
            "{}",
            letter.text
        );
        sign_in(&server, &["DE"], &device);
        // Where no proxy stands, nobody's word is taken.
        let site = Site {
            country_header: Some("x-country".into()),
            ..here()
        };
        let open = Server::start_at(
            server.base.shared(),
            Arc::new(SystemClock),
            site,
            Keys::derive(&[7; 32]),
        );
        sign_in(&open, &["FR"], &device);
        assert_eq!(told().0, ["country DE"]);
        let seen = "SELECT DISTINCT country FROM sessions WHERE country IS NOT NULL ORDER BY 1";
        assert_eq!(server.base.lines(seen), ["DE", "RS"]);
    }
}

fn here() -> Site {
    Site {
        is_local: true,
        ..Site::default()
    }
}

#[test]
fn a_key_is_taken_from_its_ranges_alone() {
    for base in TestDatabase::each() {
        let server = behind_a_proxy(base);
        let firm = Firm::new(&server);
        let mut body = with(&["deals:read:org"]);
        body["allowed_ip_ranges"] = json!(["192.0.2.0/24", "2001:db8::/32"]);
        let (made, program) = key_of(&firm, &firm.owner, body);
        let from = |header: &str, said: &str| program.send("GET", &firm.at("deals"), &[(header, said)], None);
        for (header, said) in [
            ("x-forwarded-for", "192.0.2.1"),
            ("x-forwarded-for", "203.0.113.5, 192.0.2.255, 10.1.2.3"),
            ("x-forwarded-for", "::ffff:192.0.2.1"),
            ("x-forwarded-for", "2001:db8:1::1"),
            ("forwarded", "for=\"[2001:db8::7]:4711\""),
        ] {
            from(header, said).expect(200);
        }
        for (header, said) in [
            // What stands left of the first stranger is the stranger's own word.
            ("x-forwarded-for", "192.0.2.1, 203.0.113.5"),
            ("x-forwarded-for", "192.0.3.0"),
            ("x-forwarded-for", "2001:db9::1"),
            ("x-forwarded-for", "unknown"),
            ("forwarded", "for=unknown"),
            ("forwarded", "for=_a"),
            ("x-real-ip", "192.0.2.1"),
        ] {
            from(header, said).problem(401, "unauthenticated");
        }
        program.get(&firm.at("deals")).problem(401, "unauthenticated");
        let both = [("forwarded", "for=192.0.2.1"), ("x-forwarded-for", "203.0.113.5")];
        program
            .send("GET", &firm.at("deals"), &both, None)
            .problem(401, "unauthenticated");
        let prefix = made["prefix"].as_str().unwrap();
        assert!(key_events(&firm).contains(&format!("api_key_refused {prefix}: foreign address")));
        // The log has the same address.
        let company = [("x-forwarded-for", "203.0.113.5, 198.51.100.9")];
        let body = json!({"name": "x"}).to_string();
        let made = firm
            .owner
            .send("POST", &firm.at("companies"), &company, Some(body.as_bytes()));
        made.expect(201);
        let ips = server
            .base
            .lines("SELECT COALESCE(ip, '-') FROM audit_payloads ORDER BY entry_id");
        assert_eq!(ips.last().map(String::as_str), Some("198.51.100.9"));
    }
}

/// Without a word of the operator, nobody's word is taken.
#[test]
fn a_forged_header_is_in_no_range() {
    on_each(|server| {
        let firm = Firm::new(server);
        let mut body = with(&["deals:read:org"]);
        body["allowed_ip_ranges"] = json!(["192.0.2.0/24"]);
        let (_, program) = key_of(&firm, &firm.owner, body);
        for header in ["x-forwarded-for", "forwarded", "x-real-ip", "x-client-ip"] {
            for said in ["192.0.2.1", "for=192.0.2.1"] {
                let refused = program.send("GET", &firm.at("deals"), &[(header, said)], None);
                refused.problem(401, "unauthenticated");
            }
        }
    });
}

#[track_caller]
pub(crate) fn until(mut holds: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !holds() {
        assert!(begun.elapsed() < Duration::from_secs(60), "it didn't come");
        std::thread::sleep(Duration::from_millis(10));
    }
}

#[test]
fn a_use_is_noted_and_a_new_address_told_once() {
    for base in TestDatabase::each() {
        let server = behind_a_proxy(base);
        let firm = Firm::new(&server);
        let (made, program) = key_of(&firm, &firm.owner, with(&["deals:read:org"]));
        let from = |said: &str| {
            let headers = [("x-forwarded-for", said)];
            program.send("GET", &firm.at("deals"), &headers, None).expect(200);
        };
        let path = firm.at(&format!("api-keys/{}", made["id"].as_str().unwrap()));
        let prefix = made["prefix"].as_str().unwrap();
        let told = || {
            key_events(&firm)
                .into_iter()
                .filter(|line| line.starts_with("api_key_new"))
                .collect::<Vec<_>>()
        };
        let expected = |place: &str| format!("api_key_new_address {prefix} from {place}");
        from("192.0.2.1");
        until(|| told().len() == 1);
        from("192.0.2.1");
        from("2001:db8::1");
        from("2001:db8::2");
        until(|| told().len() == 2);
        assert_eq!(told(), [expected("192.0.2.1"), expected("2001:db8::/64")]);
        let shown = firm.owner.get(&path);
        let tag = shown.header("etag").unwrap().to_owned();
        let shown = shown.expect(200);
        assert!(shown["last_used_at"].is_string());
        assert_eq!((shown["version"].as_i64(), tag.as_str()), (Some(1), "\"1\""));
        // A change beside it leaves it as it is, and the log is whole.
        let changed = firm.owner.patch(&path, json!({"name": "Renamed"})).expect(200);
        assert_eq!(changed["last_used_at"], shown["last_used_at"]);
        assert!(verified(&firm).broken.is_none());
    }
}

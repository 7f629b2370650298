//! Tokens that nobody here gave: none is taken, and each is refused as if there were none.

use crate::identity::{PASSWORD, login, owner};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use firma_domain::Id;
use firma_testing::{Server, on_each};
use hmac::{Hmac, KeyInit, Mac};
use serde_json::{Value, json};
use sha2::{Sha256, Sha384};

/// The key of the test's server for access tokens, derived here once more.
fn key() -> [u8; 32] {
    derived(b"access-token 1")
}

fn derived(label: &[u8]) -> [u8; 32] {
    let mut key = [0; 32];
    hkdf::Hkdf::<Sha256>::new(Some(b"firma"), &[7; 32])
        .expand(label, &mut key)
        .unwrap();
    key
}

fn part(value: &Value) -> String {
    URL_SAFE_NO_PAD.encode(value.to_string())
}

/// Signs what it is given, whatever it says.
fn signed(key: &[u8], header: &Value, claims: &Value) -> String {
    raw(key, &part(header), &part(claims))
}

fn raw(key: &[u8], header: &str, claims: &str) -> String {
    let said = format!("{header}.{claims}");
    let mut mac = Hmac::<Sha256>::new_from_slice(key).unwrap();
    mac.update(said.as_bytes());
    format!("{said}.{}", URL_SAFE_NO_PAD.encode(mac.finalize().into_bytes()))
}

fn decoded(part: &str) -> Value {
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap()
}

/// A value with one field set, or taken out where it is set to `gone`.
fn with(value: &Value, field: &str, to: Value) -> Value {
    let mut value = value.clone();
    match to == json!("gone") {
        true => drop(value.as_object_mut().unwrap().remove(field)),
        false => value[field] = to,
    }
    value
}

/// The shapes, each with its name.
fn shapes(server: &Server, good: &str, refresh: &str, other: Id) -> Vec<(String, String)> {
    let parts: Vec<_> = good.split('.').collect();
    let (header, claims) = (decoded(parts[0]), decoded(parts[1]));
    let now = claims["iat"].as_i64().unwrap();
    let key = key();
    assert_eq!(
        signed(&key, &header, &claims).len(),
        good.len(),
        "the tests sign as the server does"
    );
    let mut all: Vec<(String, String)> = Vec::new();
    let mut add = |name: String, token: String| all.push((name, token));

    // The header chooses nothing.
    for alg in [
        "none", "None", "NONE", "nOnE", "HS384", "HS512", "RS256", "ES256", "PS256", "EdDSA", "hs256", "",
        "A256GCM",
    ] {
        let header = with(&header, "alg", json!(alg));
        add(format!("alg {alg:?}"), signed(&key, &header, &claims));
        add(
            format!("alg {alg:?} unsigned"),
            format!("{}.{}.", part(&header), parts[1]),
        );
    }
    let mut mac = Hmac::<Sha384>::new_from_slice(&key).unwrap();
    let said = format!("{}.{}", part(&with(&header, "alg", json!("HS384"))), parts[1]);
    mac.update(said.as_bytes());
    add(
        "a real HS384".into(),
        format!("{said}.{}", URL_SAFE_NO_PAD.encode(mac.finalize().into_bytes())),
    );
    for alg in [
        json!(null),
        json!(256),
        json!(["HS256"]),
        json!({"name": "HS256"}),
        json!("gone"),
    ] {
        add(
            format!("alg {alg}"),
            signed(&key, &with(&header, "alg", alg), &claims),
        );
    }
    for kid in [
        json!("gone"),
        json!(null),
        json!(""),
        json!(1),
        json!("1"),
        json!("../../dev/null"),
        json!("/dev/null"),
        json!("' OR '1'='1"),
        json!("x' UNION SELECT 'key"),
        json!("\u{0}"),
        json!(["a"]),
        json!("https://evil.example/key"),
        json!(header["kid"].as_str().unwrap().to_lowercase() + " "),
    ] {
        let header = with(&header, "kid", kid.clone());
        add(format!("kid {kid}"), signed(&key, &header, &claims));
        add(format!("kid {kid}, empty key"), signed(b"", &header, &claims));
    }
    let jwk = json!({"kty": "oct", "k": URL_SAFE_NO_PAD.encode(b"mine"), "alg": "HS256"});
    for (name, value) in [
        ("jwk", jwk),
        ("jku", json!("https://evil.example/keys")),
        ("x5u", json!("https://evil.example/cert")),
        ("x5c", json!(["MIIB"])),
        ("x5t", json!("abc")),
        ("crit", json!(["exp"])),
        ("crit", json!([])),
        ("b64", json!(false)),
        ("zip", json!("DEF")),
        ("cty", json!("JWT")),
    ] {
        let header = with(&header, name, value);
        add(
            format!("{name} in the header, our key"),
            signed(&key, &header, &claims),
        );
        add(
            format!("{name} in the header, its own key"),
            signed(b"mine", &header, &claims),
        );
    }
    for typ in [json!("JWE"), json!("at+jwt"), json!("gone"), json!(null)] {
        add(
            format!("typ {typ}"),
            signed(&key, &with(&header, "typ", typ), &claims),
        );
    }

    // Keys that are not the one.
    let public =
        "-----BEGIN PUBLIC KEY-----\nMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE\n-----END PUBLIC KEY-----\n";
    for (name, wrong) in [
        ("a public key", public.as_bytes().to_vec()),
        ("nothing", vec![]),
        ("zeros", vec![0; 32]),
        ("the root secret", vec![7; 32]),
        ("the key of refresh tokens", derived(b"refresh-token 1").to_vec()),
        ("the key of cursors", derived(b"cursor 1").to_vec()),
        ("a word", b"secret".to_vec()),
    ] {
        add(format!("signed with {name}"), signed(&wrong, &header, &claims));
    }

    // Claims that are missing, of another type, or say something else.
    for claim in ["iss", "aud", "sub", "sid", "iat", "exp"] {
        for value in [
            json!("gone"),
            json!(null),
            json!(true),
            json!([]),
            json!({}),
            json!("x"),
            json!(1.5),
        ] {
            add(
                format!("{claim} {value}"),
                signed(&key, &header, &with(&claims, claim, value)),
            );
        }
    }
    for (claim, value) in [
        ("iss", json!("evil")),
        ("iss", json!("Firma")),
        ("iss", json!(["firma"])),
        ("iss", json!("https://firma")),
        ("aud", json!("another-api")),
        ("aud", json!(["firma-api", "another"])),
        ("aud", json!("")),
        ("exp", json!(now)),
        ("exp", json!(now - 1)),
        ("exp", json!(0)),
        ("exp", json!(-1)),
        ("exp", json!(i64::MIN)),
        ("exp", json!(u64::MAX)),
        ("exp", json!((now + 900).to_string())),
        ("exp", json!(1e300)),
        ("iat", json!(now + 3_600)),
        ("iat", json!(i64::MAX)),
        ("nbf", json!(now + 3_600)),
        ("nbf", json!(now - 1)),
        ("role", json!("website_owner")),
        ("sub", json!(other)),
        ("sub", json!(Id::NIL)),
        ("sid", json!(Id::NIL)),
        ("sid", json!(server.session(other))),
        ("sid", json!(other)),
        ("sub", json!(["a", "b"])),
    ] {
        add(
            format!("{claim} {value}"),
            signed(&key, &header, &with(&claims, claim, value)),
        );
    }
    let twice = format!("{{\"sub\":\"{other}\",{}", &claims.to_string()[1..]);
    add(
        "a claim twice".into(),
        raw(&key, parts[0], &URL_SAFE_NO_PAD.encode(twice)),
    );
    for (name, text) in [
        ("an array", "[]"),
        ("a text", "\"x\""),
        ("null", "null"),
        ("no JSON", "{"),
        ("nothing", ""),
    ] {
        let text = URL_SAFE_NO_PAD.encode(text);
        add(format!("claims are {name}"), raw(&key, parts[0], &text));
        add(format!("the header is {name}"), raw(&key, &text, parts[1]));
    }

    // Another user's claims under a signature that is good for one's own.
    let stolen = part(&with(&claims, "sub", json!(other)));
    add(
        "claims changed".into(),
        format!("{}.{stolen}.{}", parts[0], parts[2]),
    );

    // Pieces.
    for (name, token) in [
        ("empty", String::new()),
        ("without a signature", format!("{}.{}", parts[0], parts[1])),
        ("with an empty signature", format!("{}.{}.", parts[0], parts[1])),
        ("cut", good[..good.len() - 1].to_owned()),
        ("cut in half", good[..good.len() / 2].to_owned()),
        ("a letter more", format!("{good}A")),
        ("a segment more", format!("{good}.{}", parts[2])),
        ("five segments", format!("{good}.a.b")),
        ("a dot before", format!(".{good}")),
        ("dots", "..".to_owned()),
        ("doubled", format!("{good}{good}")),
        ("a list", format!("{good},{good}")),
        (
            "a space within",
            format!("{} .{}.{}", parts[0], parts[1], parts[2]),
        ),
        ("a word behind", format!("{good} x")),
        ("a tab before", format!("\t{good}")),
        ("Bearer twice", format!("Bearer {good}")),
        ("in quotes", format!("\"{good}\"")),
        ("padded", format!("{}=.{}=.{}=", parts[0], parts[1], parts[2])),
        ("in the other alphabet", STANDARD.encode(good)),
        ("in percents", good.replace('.', "%2E")),
        (
            "huge",
            format!("{}.{}.{}", parts[0], "A".repeat(20_000), parts[2]),
        ),
        (
            "huge and signed",
            signed(&key, &header, &with(&claims, "x", json!("x".repeat(9_000)))),
        ),
        (
            "JWS as JSON",
            json!({"payload": parts[1], "protected": parts[0], "signature": parts[2]}).to_string(),
        ),
        (
            "JWS as general JSON",
            json!({"payload": parts[1], "signatures": [{"protected": parts[0], "signature": parts[2]}]})
                .to_string(),
        ),
        (
            "a JWE",
            format!("{}.a.b.c.d", part(&json!({"alg": "dir", "enc": "A256GCM"}))),
        ),
        ("a refresh token", refresh.to_owned()),
        ("an API key", "firma_abcdefgh_0123456789abcdef".to_owned()),
        ("undefined", "undefined".to_owned()),
        ("null", "null".to_owned()),
    ] {
        add(name.into(), token);
    }
    all
}

#[test]
fn no_forged_token_is_taken() {
    on_each(|server| {
        let (firm, email) = owner(server);
        let tokens = login(server, &email, PASSWORD).expect(200);
        let token = |name: &str| tokens[name].as_str().unwrap().to_owned();
        let (good, refresh) = (token("access_token"), token("refresh_token"));
        let (other, _) = firm.member(Some("admin"));
        let shapes = shapes(server, &good, &refresh, other);
        assert!(shapes.len() >= 150, "{} shapes", shapes.len());
        let nobody = server.nobody();
        for (name, token) in &shapes {
            for path in ["/api/v1/me", firm.path.as_str()] {
                let value = format!("Bearer {token}");
                let answer = nobody.send("GET", path, &[("authorization", &value)], None);
                assert_eq!(answer.status, 401, "{name} at {path}: {}", answer.text);
                assert_eq!(answer.header("www-authenticate"), Some("Bearer"), "{name}");
                answer.problem(401, "unauthenticated");
            }
            let cookie = format!("firma_access={token}");
            if token
                .bytes()
                .all(|b| b.is_ascii_graphic() && b != b';' && b != b',' && b != b'"')
            {
                let answer = nobody.send("GET", "/api/v1/me", &[("cookie", &cookie)], None);
                // A browser's cookies are percent-encoded: what is the good token by that is the good token.
                assert_eq!(
                    answer.status == 401,
                    name != "in percents",
                    "{name} as a cookie: {}",
                    answer.text
                );
            }
        }
        // The other way round: what gives access refreshes nothing.
        for token in [&good, &shapes[0].1] {
            let body = json!({"refresh_token": token});
            nobody
                .post("/api/v1/auth/refresh", body)
                .problem(401, "invalid_refresh_token");
        }
        // And the good one is still good, with all of that around it.
        let parts: Vec<_> = good.split('.').collect();
        let again = signed(&key(), &decoded(parts[0]), &decoded(parts[1]));
        for good in [good.clone(), again, format!("  {good}")] {
            nobody.with_token(Some(good)).get("/api/v1/me").expect(200);
        }
    });
}

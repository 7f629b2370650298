//! Where somebody is signed in, and ending that: on the very next call, on every server.

use crate::identity::{PASSWORD, events, login, owner, refresh, set_password, signed_in};
use crate::kit::{data, texts, walk};
use crate::post::{auth, on_each_clock};
use crate::zones::on_each_at;
use firma_testing::{Answer, Client, Firm, on_each};
use serde_json::{Value, json};
use std::time::{Duration, Instant};

const SESSIONS: &str = "/api/v1/me/sessions";

fn sessions(client: &Client) -> Vec<Value> {
    data(&client.get(SESSIONS).expect(200))
}

fn current(client: &Client) -> Value {
    let mut all = sessions(client);
    all.retain(|session| session["is_current"] == true);
    assert_eq!(all.len(), 1);
    all.remove(0)
}

#[test]
fn somebody_sees_where_they_are_signed_in_and_nobody_elses() {
    on_each(|server| {
        let (firm, email) = owner(server);
        server.base.execute("DELETE FROM sessions");
        let agent = "Mozilla/5.0 (X11; Linux x86_64; rv:144.0) Gecko/20100101 Firefox/144.0";
        let body = json!({"email": email, "password": PASSWORD}).to_string();
        let sign_in = |agent: &str| {
            let headers = [("user-agent", agent)];
            let path = "/api/v1/auth/login";
            server
                .nobody()
                .send("POST", path, &headers, Some(body.as_bytes()))
                .expect(200)
        };
        let (browser, program) = (sign_in(agent), sign_in("curl/8.5.0"));
        let stranger = Firm::new(server);
        assert_eq!(sessions(&stranger.owner).len(), 1);
        let listed = sessions(&signed_in(server, &browser));
        assert_eq!(texts(&listed, "device"), ["curl/8.5.0", "Firefox on Linux"]);
        assert_eq!(texts(&listed, "user_agent"), ["curl/8.5.0", agent]);
        assert_eq!(texts(&listed, "ip"), ["127.0.0.1", "127.0.0.1"]);
        let mine = current(&signed_in(server, &program));
        assert_eq!(mine["id"], listed[0]["id"]);
        assert!(mine["created_at"].as_str() < mine["expires_at"].as_str());
        assert!(!listed[0].to_string().contains("hash"));
        // Neither those that ended nor those that are over.
        let old = server.base.earlier("expires_at", 8 * 86_400);
        let id = server
            .base
            .id_literal(mine["id"].as_str().unwrap().parse().unwrap());
        server
            .base
            .execute(&format!("UPDATE sessions SET expires_at = {old} WHERE id = {id}"));
        assert_eq!(sessions(&signed_in(server, &browser)).len(), 1);
        firm.owner.get(SESSIONS).problem(401, "unauthenticated");
    });
}

#[test]
fn a_long_list_is_paged_and_its_cursor_is_good_for_one_person() {
    on_each(|server| {
        let firm = Firm::new(server);
        for _ in 0..6 {
            server.session(firm.owner_id);
        }
        let all = sessions(&firm.owner);
        assert_eq!(all.len(), 7);
        assert_eq!(walk(&firm.owner, &format!("{SESSIONS}?limit=3")), all);
        let page = firm.owner.get(&format!("{SESSIONS}?limit=3")).expect(200);
        let cursor = page["pagination"]["next_cursor"].as_str().unwrap();
        let (_, other) = firm.member(None);
        for (client, path) in [
            (&other, format!("{SESSIONS}?cursor={cursor}")),
            (&firm.owner, format!("/api/v1/me/security-events?cursor={cursor}")),
            (&firm.owner, format!("{SESSIONS}?cursor=x")),
        ] {
            client.get(&path).problem(400, "invalid_cursor");
        }
        firm.owner
            .get(&format!("{SESSIONS}?limit=201"))
            .problem(400, "invalid_value");
        firm.owner
            .get(&format!("{SESSIONS}?sort=ip"))
            .problem(400, "unknown_parameter");
    });
}

#[test]
fn a_revoked_session_is_refused_by_the_very_next_call_on_both_servers() {
    on_each(|server| {
        let (firm, email) = owner(server);
        let beside = server.beside();
        let (kept, ended) = (
            login(server, &email, PASSWORD).expect(200),
            login(server, &email, PASSWORD).expect(200),
        );
        let both = |tokens: &Value| [signed_in(server, tokens), signed_in(&beside, tokens)];
        both(&ended)
            .iter()
            .for_each(|client| drop(client.get(&firm.path).expect(200)));
        let id = current(&both(&ended)[0])["id"].as_str().unwrap().to_owned();
        let path = format!("{SESSIONS}/{id}");
        // Not by anybody else.
        let (_, member) = firm.member(Some("admin"));
        member.delete(&path).problem(404, "not_found");
        let [here, there] = both(&kept);
        there.delete(&path).expect(204);
        for client in both(&ended) {
            client.get(&firm.path).problem(401, "unauthenticated");
            client.get("/api/v1/me").problem(401, "unauthenticated");
            client
                .post(&firm.at("companies"), json!({"name": "x"}))
                .problem(401, "unauthenticated");
        }
        for server in [server, &beside] {
            refresh(server, &ended["refresh_token"]).problem(401, "invalid_refresh_token");
        }
        here.delete(&path).problem(404, "not_found");
        here.delete(&format!("{SESSIONS}/no-id"))
            .problem(404, "not_found");
        assert_eq!(events(server, "session_revoked"), 1);
        // One's own too: that is signing out.
        let own = current(&here)["id"].as_str().unwrap().to_owned();
        here.delete(&format!("{SESSIONS}/{own}")).expect(204);
        there.get("/api/v1/me").problem(401, "unauthenticated");
    });
}

#[test]
fn signing_out_everywhere_keeps_nothing_of_ones_own() {
    on_each(|server| {
        let (firm, email) = owner(server);
        let beside = server.beside();
        let (one, other) = (
            login(server, &email, PASSWORD).expect(200),
            login(&beside, &email, PASSWORD).expect(200),
        );
        let (_, member) = firm.member(None);
        signed_in(&beside, &one)
            .act("/api/v1/auth/logout-all")
            .expect(204);
        for tokens in [&one, &other] {
            for server in [server, &beside] {
                signed_in(server, tokens)
                    .get(&firm.path)
                    .problem(401, "unauthenticated");
                refresh(server, &tokens["refresh_token"]).problem(401, "invalid_refresh_token");
            }
        }
        firm.owner.get("/api/v1/me").problem(401, "unauthenticated");
        member.get("/api/v1/me").expect(200);
        assert_eq!(events(server, "signed_out_everywhere"), 1);
        login(server, &email, PASSWORD).expect(200);
    });
}

#[test]
fn ending_other_sessions_asks_who_one_is() {
    on_each_clock(|server, clock| {
        let (_, email) = owner(server);
        let sign_in = || signed_in(server, &login(server, &email, PASSWORD).expect(200));
        let (here, there) = (sign_in(), sign_in());
        let other = current(&there)["id"].as_str().unwrap().to_owned();
        clock.by(601);
        let path = format!("{SESSIONS}/{other}");
        here.delete(&path).problem(403, "step_up_required");
        here.act("/api/v1/auth/logout-all")
            .problem(403, "step_up_required");
        there.get("/api/v1/me").expect(200);
        auth(&here, "step-up", json!({"password": PASSWORD})).expect(200);
        here.delete(&path).expect(204);
        there.get("/api/v1/me").problem(401, "unauthenticated");
        here.act("/api/v1/auth/logout-all").expect(204);
        // To sign out oneself nothing is asked.
        let late = sign_in();
        clock.by(601);
        let own = current(&late)["id"].as_str().unwrap().to_owned();
        late.delete(&format!("{SESSIONS}/{own}")).expect(204);
        late.get("/api/v1/me").problem(401, "unauthenticated");
    });
}

#[test]
fn who_is_deactivated_or_gets_a_new_password_is_out_at_once() {
    on_each(|server| {
        let (firm, email) = owner(server);
        let tokens = login(server, &email, PASSWORD).expect(200);
        let client = signed_in(server, &tokens);
        let beside = server.beside();
        let (_, admin) = Firm::platform(server, "website_admin");
        client.get(&firm.path).expect(200);
        let set = |done: &str| {
            let user = format!("{}/users/{}/{done}", crate::platform::ROOT, firm.owner_id);
            admin.act(&user).expect(200);
        };
        set("deactivate");
        for client in [&client, &signed_in(&beside, &tokens)] {
            for path in ["/api/v1/me", firm.path.as_str(), SESSIONS] {
                client.get(path).problem(401, "unauthenticated");
            }
            client
                .post(&firm.at("companies"), json!({"name": "x"}))
                .problem(401, "unauthenticated");
        }
        refresh(server, &tokens["refresh_token"]).problem(401, "invalid_refresh_token");
        login(server, &email, PASSWORD).problem(401, "wrong_credentials");
        // What was ended doesn't begin again.
        set("reactivate");
        client.get(&firm.path).problem(401, "unauthenticated");
        refresh(server, &tokens["refresh_token"]).problem(401, "invalid_refresh_token");
        let tokens = login(server, &email, PASSWORD).expect(200);
        let client = signed_in(server, &tokens);
        client.get(&firm.path).expect(200);
        set_password(server, &email, "another password of its own");
        client.get(&firm.path).problem(401, "unauthenticated");
        refresh(server, &tokens["refresh_token"]).problem(401, "invalid_refresh_token");
        assert_eq!(events(server, "password_changed"), 2);
    });
}

/// Whoever signs in while they are deactivated is either too late, or their session ends with the others.
#[test]
fn no_session_outlives_that_its_user_is_active() {
    on_each(|server| {
        let (_, admin) = Firm::platform(server, "website_admin");
        for _ in 0..10 {
            let user = Firm::user(server, &format!("{}@people.example", crate::samples::unique()));
            let at = format!("{}/users/{user}/deactivate", crate::platform::ROOT);
            std::thread::scope(|scope| {
                let signing_in: Vec<_> = (0..4)
                    .map(|_| scope.spawn(|| (0..5).filter_map(|_| server.sign_in(user)).count()))
                    .collect();
                admin.act(&at).expect(200);
                signing_in
                    .into_iter()
                    .for_each(|thread| assert!(thread.join().unwrap() <= 5));
            });
            let of = server.base.id_literal(user);
            let live = format!("SELECT COUNT(*) FROM sessions WHERE revoked_at IS NULL AND user_id = {of}");
            assert_eq!(server.base.number(&live), 0);
        }
    });
}

#[test]
fn of_a_hundred_uses_of_a_refresh_token_at_once_one_succeeds() {
    on_each(|server| {
        let (_, email) = owner(server);
        let token = login(server, &email, PASSWORD).expect(200)["refresh_token"].clone();
        let send = || refresh(server, &token);
        let answers: Vec<Answer> = std::thread::scope(|scope| {
            let calls: Vec<_> = (0..100).map(|_| scope.spawn(send)).collect();
            calls.into_iter().map(|call| call.join().unwrap()).collect()
        });
        let (good, late): (Vec<_>, Vec<_>) = answers.into_iter().partition(|answer| answer.status == 200);
        assert_eq!((good.len(), late.len()), (1, 99));
        for answer in late {
            answer.problem(401, "invalid_refresh_token");
        }
        signed_in(server, &good[0].body).get("/api/v1/me").expect(200);
        refresh(server, &good[0].body["refresh_token"]).expect(200);
        assert_eq!(events(server, "refresh_token_reused"), 0);
    });
}

#[test]
fn an_old_refresh_token_ends_its_session_but_not_within_ten_seconds() {
    on_each_at(|server, hands| {
        let (_, email) = owner(server);
        let first = login(server, &email, PASSWORD).expect(200);
        let second = refresh(server, &first["refresh_token"]).expect(200);
        hands.later(10);
        refresh(server, &first["refresh_token"]).problem(401, "invalid_refresh_token");
        signed_in(server, &second).get("/api/v1/me").expect(200);
        let third = refresh(server, &second["refresh_token"]).expect(200);
        hands.later(60);
        signed_in(server, &third).get("/api/v1/me").expect(200);
        for _ in 0..3 {
            refresh(server, &second["refresh_token"]).problem(401, "invalid_refresh_token");
        }
        signed_in(server, &third)
            .get("/api/v1/me")
            .problem(401, "unauthenticated");
        refresh(server, &third["refresh_token"]).problem(401, "invalid_refresh_token");
        assert_eq!(events(server, "refresh_token_reused"), 1);
        let again = signed_in(server, &login(server, &email, PASSWORD).expect(200));
        let events = data(&again.get("/api/v1/me/security-events").expect(200));
        assert_eq!(
            texts(&events, "type"),
            ["refresh_token_reused", "password_changed"]
        );
        assert_eq!(texts(&events, "severity"), ["error", "info"]);
        assert_eq!(events[0]["ip"], "127.0.0.1");
    });
}

#[test]
fn the_last_use_is_noted_once_a_minute() {
    on_each_at(|server, hands| {
        let (_, email) = owner(server);
        let client = signed_in(server, &login(server, &email, PASSWORD).expect(200));
        let used = || current(&client)["last_used_at"].as_str().unwrap().to_owned();
        let at_sign_in = used();
        hands.later(59);
        assert_eq!(used(), at_sign_in);
        hands.later(2);
        // It is noted beside the call.
        let begun = Instant::now();
        while used() == at_sign_in {
            assert!(begun.elapsed() < Duration::from_secs(60), "the use was not noted");
        }
        let noted = used();
        assert!(noted > at_sign_in);
        hands.later(30);
        used();
        std::thread::sleep(Duration::from_millis(200));
        assert_eq!(used(), noted);
    });
}

#[test]
fn security_events_are_ones_own() {
    on_each(|server| {
        let (firm, email) = owner(server);
        login(server, &email, "wrong horse battery staple").problem(401, "wrong_credentials");
        let (_, member) = firm.member(Some("employee"));
        let of = |client: &Client| data(&client.get("/api/v1/me/security-events").expect(200));
        let client = signed_in(server, &login(server, &email, PASSWORD).expect(200));
        let mine = of(&client);
        assert_eq!(texts(&mine, "type"), ["sign_in_failed", "password_changed"]);
        assert_eq!(mine[0]["organization_id"], Value::Null);
        let theirs = of(&member);
        assert_eq!(texts(&theirs, "type"), ["role_assigned"]);
        assert_eq!(
            (&theirs[0]["organization_id"], &theirs[0]["details"]),
            (&json!(firm.id), &json!("employee"))
        );
        assert_eq!(walk(&client, "/api/v1/me/security-events?limit=1"), mine);
    });
}

#[test]
fn a_browser_that_signs_in_again_leaves_no_session_behind() {
    on_each(|server| {
        let (_, email) = owner(server);
        let body = json!({"email": email, "password": PASSWORD, "transport": "cookie"}).to_string();
        let send = |method: &str, path: &str, jar: &str, body: Option<&[u8]>| {
            server.nobody().send(method, path, &[("cookie", jar)], body)
        };
        let sign_in = |jar: &str| {
            let answer = send("POST", "/api/v1/auth/login", jar, Some(body.as_bytes()));
            let set = answer.headers.iter().filter(|(name, _)| name == "set-cookie");
            let set: Vec<&str> = set.map(|(_, line)| line.split(';').next().unwrap()).collect();
            assert_eq!(set.len(), 3, "{}", answer.status);
            set.join("; ")
        };
        let me = |jar: &str| send("GET", "/api/v1/me", jar, None);
        let (first, elsewhere) = (sign_in("a=b"), sign_in("firma_refresh=forged"));
        let second = sign_in(&first);
        me(&first).problem(401, "unauthenticated");
        me(&second).expect(200);
        me(&elsewhere).expect(200);
        // Who doesn't get in ends nothing.
        let wrong = json!({"email": email, "password": "wrong", "transport": "cookie"}).to_string();
        send("POST", "/api/v1/auth/login", &second, Some(wrong.as_bytes())).problem(401, "wrong_credentials");
        me(&second).expect(200);
    });
}

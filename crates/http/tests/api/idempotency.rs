//! A call that is made again: the first answer, byte for byte, and nothing done twice.

use crate::kit::{data, rows, stored};
use firma_testing::{Answer, Firm, Server, on_each};
use serde_json::json;
use std::sync::Barrier;

/// All that makes two answers the same: everything but the request's own id.
fn whole(answer: &Answer) -> (u16, String, Option<String>, Option<String>) {
    let header = |name| answer.header(name).map(str::to_owned);
    (
        answer.status,
        answer.text.clone(),
        header("location"),
        header("etag"),
    )
}

#[track_caller]
fn is_replay(answer: &Answer, first: &Answer) {
    assert_eq!(whole(answer), whole(first));
    assert_eq!(answer.header("idempotency-replayed"), Some("true"));
    assert_eq!(first.header("idempotency-replayed"), None);
}

#[test]
fn the_same_call_again_gets_the_same_answer_and_does_nothing() {
    on_each(|server| {
        let firm = Firm::new(server);
        let body = json!({"title": "Once", "tags": ["ş"], "value": {"amount": "1.5", "currency": "EUR"}});
        let first = firm.owner.post_once(&firm.at("deals"), "key", body.clone());
        let id = first.id();
        assert_eq!(first.status, 201);
        assert_eq!(
            first.header("location"),
            Some(firm.at(&format!("deals/{id}")).as_str())
        );
        assert_eq!(first.header("etag"), Some("\"1\""));
        let before = stored(server);
        for _ in 0..3 {
            is_replay(
                &firm.owner.post_once(&firm.at("deals"), "key", body.clone()),
                &first,
            );
        }
        // As it was then, whatever became of it.
        firm.owner
            .patch(&firm.at(&format!("deals/{id}")), json!({"title": "Changed"}))
            .expect(200);
        firm.owner.delete(&firm.at(&format!("deals/{id}"))).expect(204);
        is_replay(
            &firm.owner.post_once(&firm.at("deals"), "key", body.clone()),
            &first,
        );
        assert_eq!(rows(server, "deals"), 1);
        let count = |table| before.iter().find(|(name, _)| *name == table).unwrap().1;
        assert_eq!(rows(server, "audit_entries"), count("audit_entries") + 2);
        assert_eq!(rows(server, "idempotency_keys"), 1);

        let other = json!({"title": "Other"});
        let before = stored(server);
        firm.owner
            .post_once(&firm.at("deals"), "key", other.clone())
            .problem(422, "idempotency_key_reused");
        assert_eq!(stored(server), before);
        let again = firm.owner.post_once(&firm.at("deals"), "key 2", other);
        assert_eq!((again.status, again.header("idempotency-replayed")), (201, None));
    });
}

#[test]
fn actions_and_bulk_are_done_once_too() {
    on_each(|server| {
        let firm = Firm::new(server);
        let id = firm.owner.post(&firm.at("deals"), json!({"title": "x"})).id();
        let at = firm.at(&format!("deals/{id}"));
        firm.owner.delete(&at).expect(204);
        let restore = || {
            firm.owner.send(
                "POST",
                &format!("{at}/restore"),
                &[("idempotency-key", "r")],
                None,
            )
        };
        let first = restore();
        assert_eq!(first.status, 200);
        firm.owner.delete(&at).expect(204);
        is_replay(&restore(), &first);
        firm.owner.get(&at).problem(404, "not_found");
        // It takes no body: one that says something is another call.
        let headers = [("idempotency-key", "r"), ("content-type", "application/json")];
        let restore = |body: &str| {
            firm.owner
                .send("POST", &format!("{at}/restore"), &headers, Some(body.as_bytes()))
        };
        is_replay(&restore("{}"), &first);
        restore("{\"a\": 1}").problem(422, "idempotency_key_reused");

        let operations = |op: &str| json!({"operations": [{"op": op, "value": {"title": "y"}}, {"op": "create", "value": {"title": "z"}}]});
        firm.owner
            .post(&firm.at("deals/bulk"), operations("create"))
            .problem(400, "idempotency_key_required");
        let first = firm
            .owner
            .post_once(&firm.at("deals/bulk"), "b", operations("create"));
        assert_eq!(first.status, 200);
        is_replay(
            &firm
                .owner
                .post_once(&firm.at("deals/bulk"), "b", operations("create")),
            &first,
        );
        // Parts that failed don't make it a refusal: the answer is kept, 207 and all.
        let parts = firm.at("deals/bulk?atomic=false");
        let first = firm.owner.post_once(&parts, "p", operations("upsert"));
        assert_eq!(
            (first.status, &first.body["results"][0]["status"]),
            (207, &json!(422))
        );
        is_replay(&firm.owner.post_once(&parts, "p", operations("upsert")), &first);
        assert_eq!(rows(server, "deals"), 4);
    });
}

#[test]
fn the_query_is_part_of_the_call() {
    on_each(|server| {
        let firm = Firm::new(server);
        let body = json!({"operations": [{"op": "create", "value": {"title": "y"}}]});
        firm.owner
            .post_once(&firm.at("deals/bulk"), "b", body.clone())
            .expect(200);
        let parts = firm
            .owner
            .post_once(&firm.at("deals/bulk?atomic=false"), "b", body);
        parts.problem(422, "idempotency_key_reused");
    });
}

#[test]
fn sixteen_at_once_do_it_once() {
    on_each(|server| {
        let firm = Firm::new(server);
        for (round, path) in ["companies", "companies/bulk", "deals"].into_iter().enumerate() {
            let body = match path {
                "companies" => json!({"name": "Once", "tax_number": "unique"}),
                "deals" => json!({"title": "Once"}),
                _ => {
                    json!({"operations": [{"op": "create", "value": {"name": "Bulk", "external_id": "unique"}}]})
                }
            };
            let before = rows(server, "audit_entries");
            let barrier = Barrier::new(16);
            let answers: Vec<Answer> = std::thread::scope(|scope| {
                let call = || {
                    let client = server.client(firm.owner_id);
                    barrier.wait();
                    client.post_once(&firm.at(path), "same", body.clone())
                };
                let threads: Vec<_> = (0..16).map(|_| scope.spawn(call)).collect();
                threads.into_iter().map(|thread| thread.join().unwrap()).collect()
            });
            let first = answers
                .iter()
                .find(|answer| answer.header("idempotency-replayed").is_none())
                .unwrap();
            for answer in &answers {
                assert!(matches!(answer.status, 200 | 201), "{}", answer.text);
                assert_eq!(whole(answer), whole(first), "{path}");
            }
            let made = answers
                .iter()
                .filter(|answer| answer.header("idempotency-replayed").is_none());
            assert_eq!(made.count(), 1, "{path}");
            assert_eq!(rows(server, "audit_entries"), before + 1, "{path}");
            assert_eq!(
                rows(server, "idempotency_keys"),
                i64::try_from(round).unwrap() + 1
            );
        }
        assert_eq!((rows(server, "companies"), rows(server, "deals")), (2, 1));
    });
}

#[test]
fn a_key_is_of_one_actor_path_and_organization() {
    on_each(|server| {
        let (firm, second) = (Firm::new(server), Firm::new(server));
        let (_, admin) = firm.member(Some("admin"));
        let body = json!({"name": "Same", "slug": "same"});
        let before = rows(server, "idempotency_keys");
        let first = firm.owner.post_once(&firm.at("teams"), "k", body.clone());
        admin
            .post_once(&firm.at("teams"), "k", body.clone())
            .problem(409, "not_unique");
        let others = [
            admin.post_once(&firm.at("teams"), "k", json!({"name": "Same", "slug": "another"})),
            second.owner.post_once(&second.at("teams"), "k", body.clone()),
            firm.owner
                .post_once(&firm.at("pipelines"), "k", json!({"name": "Same"})),
        ];
        for other in &others {
            assert_eq!((other.status, other.header("idempotency-replayed")), (201, None));
            assert_ne!(other.id(), first.id());
        }
        assert_eq!(rows(server, "idempotency_keys"), before + 4);
        // The organization is the same by its id as by its slug.
        let by_id = format!("/api/v1/organizations/{}/teams", firm.id);
        is_replay(&firm.owner.post_once(&by_id, "k", body), &first);
    });
}

#[test]
fn a_path_is_one_however_it_is_written() {
    on_each(|server| {
        let firm = Firm::new(server);
        let body = json!({"name": "Once"});
        let first = firm.owner.post_once(&firm.at("companies"), "k", body.clone());
        for path in [
            firm.at("%63ompanies"),
            firm.at("compan%69%65s"),
            firm.at("companies")
                .replace("/organizations/", "/%6frganizations/"),
        ] {
            is_replay(&firm.owner.post_once(&path, "k", body.clone()), &first);
        }
        assert_eq!(rows(server, "companies"), 1);

        let id = first.id();
        firm.owner
            .delete(&firm.at(&format!("companies/{id}")))
            .expect(204);
        let restore = |id: &str| {
            let path = firm.at(&format!("companies/{id}/restore"));
            firm.owner.send("POST", &path, &[("idempotency-key", "r")], None)
        };
        let first = restore(&id);
        assert_eq!(first.status, 200);
        for spelled in [
            id.to_uppercase(),
            id.replace('-', ""),
            id.replace('-', "%2D"),
            format!("%7B{id}%7D"),
            format!("urn:uuid:{id}"),
        ] {
            is_replay(&restore(&spelled), &first);
        }

        let founder = server.client(Firm::user(server, "founder@example.com"));
        let body = json!({"name": "New", "slug": "new-firm"});
        let first = founder.post_once("/api/v1/organizations", "k", body.clone());
        is_replay(&founder.post_once("/api/v1/organization%73", "k", body), &first);
    });
}

#[test]
fn keys_are_kept_outside_organizations_too() {
    on_each(|server| {
        let user = Firm::user(server, "founder@example.com");
        let founder = server.client(user);
        let body = json!({"name": "New", "slug": "new-firm"});
        let first = founder.post_once("/api/v1/organizations", "k", body.clone());
        assert_eq!(first.status, 201);
        is_replay(
            &founder.post_once("/api/v1/organizations", "k", body.clone()),
            &first,
        );
        let other = server.client(Firm::user(server, "other@example.com"));
        other
            .post_once("/api/v1/organizations", "k", body)
            .problem(409, "not_unique");
    });
}

#[test]
fn a_refusal_is_not_kept() {
    on_each(|server| {
        let firm = Firm::new(server);
        let post = |body| firm.owner.post_once(&firm.at("companies"), "k", body);
        let before = stored(server);
        post(json!({"name": ""})).problem(422, "invalid");
        post(json!({"name": "x", "colour": 1})).problem(422, "invalid");
        firm.owner
            .send(
                "POST",
                &firm.at("companies"),
                &[("idempotency-key", "k")],
                Some(b"{"),
            )
            .problem(400, "malformed_body");
        assert_eq!(stored(server), before);
        firm.owner
            .post(&firm.at("companies"), json!({"name": "First", "tax_number": "1"}))
            .expect(201);
        post(json!({"name": "Second", "tax_number": "1"})).problem(409, "not_unique");
        let made = post(json!({"name": "Second", "tax_number": "2"}));
        assert_eq!((made.status, made.header("idempotency-replayed")), (201, None));
        assert_eq!(data(&firm.owner.get(&firm.at("companies")).expect(200)).len(), 2);
    });
}

fn expire(server: &Server) {
    let past = if server.base.is_postgres() {
        "now() - interval '1 second'"
    } else {
        "1"
    };
    server
        .base
        .execute(&format!("UPDATE idempotency_keys SET expires_at = {past}"));
}

#[test]
fn an_expired_key_is_new_again() {
    on_each(|server| {
        let firm = Firm::new(server);
        let post = |title: &str| {
            firm.owner
                .post_once(&firm.at("deals"), "k", json!({"title": title}))
        };
        let first = post("One");
        is_replay(&post("One"), &first);
        expire(server);
        let second = post("One");
        assert_eq!(
            (second.status, second.header("idempotency-replayed")),
            (201, None)
        );
        assert_ne!(second.id(), first.id());
        is_replay(&post("One"), &second);
        expire(server);
        let third = post("Another");
        assert_eq!((third.status, third.header("idempotency-replayed")), (201, None));
        assert_eq!((rows(server, "deals"), rows(server, "idempotency_keys")), (3, 1));
    });
}

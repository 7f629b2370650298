//! Queries that are wrong: each is a whole problem that names the parameter.

use crate::bad_input::{ask, refused};
use crate::kit::data;
use firma_testing::{Firm, on_each};
use serde_json::json;

#[test]
fn parameters_are_a_closed_vocabulary() {
    on_each(|server| {
        let firm = Firm::new(server);
        let id = firm.owner.post(&firm.at("deals"), json!({"title": "x"})).id();
        let many = vec!["WON"; 101].join(",");
        refused(server, &firm, || {
            for (path, code, parameter) in [
                ("deals?colour=red", "unknown_parameter", "colour"),
                ("deals?offset=10", "unknown_parameter", "offset"),
                ("deals?title=x", "unknown_parameter", "title"),
                ("deals?status[gte]=WON", "unknown_parameter", "status[gte]"),
                ("deals?value[ne]=1", "unknown_parameter", "value[ne]"),
                ("deals?value[gte=1", "unknown_parameter", "value[gte"),
                ("deals?value]=1", "unknown_parameter", "value]"),
                ("deals?[=1", "unknown_parameter", "["),
                ("deals?[]=1", "unknown_parameter", "[]"),
                ("deals?=1", "unknown_parameter", ""),
                ("deals?%ff=1", "malformed_query", "query"),
                ("deals?q=x%ff", "malformed_query", "query"),
                ("deals?tag=%c3&q=%a9", "malformed_query", "query"),
                ("deals?%zz=1", "unknown_parameter", "%zz"),
                ("deals?%00=1", "unknown_parameter", "\0"),
                ("companies?currency=EUR", "unknown_parameter", "currency"),
                ("stages?tag=a", "unknown_parameter", "tag"),
                ("deals?limit=5&limit=5", "repeated_parameter", "limit"),
                ("deals?status=WON&status=LOST", "repeated_parameter", "status"),
                ("deals?st%61tus=WON&status=LOST", "repeated_parameter", "status"),
                ("deals?colour=red&colour=red", "repeated_parameter", "colour"),
                ("roles?deleted=true&deleted=true", "repeated_parameter", "deleted"),
                ("access/explain?user=a&user=b", "repeated_parameter", "user"),
                (
                    &format!("imports/{id}/refusals?after=1&after=2"),
                    "repeated_parameter",
                    "after",
                ),
                ("access/me?x=1&x=1", "repeated_parameter", "x"),
                ("deals?limit=0", "invalid_value", "limit"),
                ("deals?limit=201", "invalid_value", "limit"),
                ("deals?limit=-1", "invalid_value", "limit"),
                ("deals?limit=99999999999999999999", "invalid_value", "limit"),
                ("deals?limit=", "invalid_value", "limit"),
                ("deals?deleted=maybe", "invalid_value", "deleted"),
                ("deals?include=everything", "invalid_value", "include"),
                ("deals?currency=ZZZ", "invalid_value", "currency"),
                ("deals?status=won", "invalid_value", "status"),
                ("deals?status=WON,", "invalid_value", "status"),
                ("deals?status=%ff", "malformed_query", "query"),
                (&format!("deals?status={many}"), "invalid_value", "status"),
                (&format!("deals?tag={many}"), "invalid_value", "tag"),
                ("deals?owner_id=me", "invalid_value", "owner_id"),
                ("deals?value=1.005", "invalid_value", "value"),
                ("deals?value[gte]=1e3", "invalid_value", "value[gte]"),
                (
                    "deals?value[gte]=99999999999999999999",
                    "invalid_value",
                    "value[gte]",
                ),
                (
                    "deals?created_at[gte]=yesterday",
                    "invalid_value",
                    "created_at[gte]",
                ),
                (
                    "deals?created_at[gte]=2026-02-30T00:00:00Z",
                    "invalid_value",
                    "created_at[gte]",
                ),
                ("deals?external_id=a%00b", "invalid_value", "external_id"),
                ("deals?tag=a%00b", "invalid_value", "tag"),
                ("companies?industry=%00", "invalid_value", "industry"),
                ("pipelines?name=a%0ab", "invalid_value", "name"),
                ("deals?value[gte]=1.555&currency=ZZZ", "invalid_value", "currency"),
                ("deals?sort=", "unknown_sort", "sort"),
                ("deals?sort=title", "unknown_sort", "sort"),
                ("deals?sort=--value", "unknown_sort", "sort"),
                ("deals?sort=value,id", "unknown_sort", "sort"),
                ("deals?fields=", "unknown_field", "fields"),
                ("deals?fields=title,secret", "unknown_field", "fields"),
                ("deals?fields=deletion_id", "unknown_field", "fields"),
                ("deals?expand=secret", "unknown_expansion", "expand"),
                ("reports/pipeline?group_by=moon", "invalid_value", "group_by"),
                (
                    "reports/pipeline?group_by=stage&from=2026-02-30",
                    "invalid_value",
                    "from",
                ),
                (
                    "reports/pipeline?group_by=stage&limit=5",
                    "unknown_parameter",
                    "limit",
                ),
                ("reports/pipeline", "required", "group_by"),
                (&format!("deals/{id}?limit=5"), "unknown_parameter", "limit"),
                (
                    &format!("deals/{id}?fields=id&fields=id"),
                    "repeated_parameter",
                    "fields",
                ),
                (
                    &format!("deals/{id}/stage-history?sort=x"),
                    "unknown_parameter",
                    "sort",
                ),
            ] {
                let problem = ask(&firm.owner, "GET", &firm.at(path), &[], None).problem(400, code);
                assert_eq!(problem["parameter"], parameter, "{path}");
            }
            for path in [
                "deals?colour=1&limit=0&status=won&shade=2",
                "deals?currency=ZZZ&colour=1&shade=2",
                "audit-entries?colour=1&limit=0&shade=2",
                "reports/pipeline?colour=1&group_by=moon&shade=2",
                "access/explain?colour=1&user=x&shade=2",
                "access/me?colour=1&shade=2",
                "roles?colour=1&deleted=x&shade=2",
                &format!("deals/{id}?colour=1&fields=secret&shade=2"),
            ] {
                let answer = ask(&firm.owner, "GET", &firm.at(path), &[], None);
                let problem = answer.problem(400, "unknown_parameter");
                assert_eq!(problem["parameter"], "colour", "{path}");
                assert_eq!(
                    problem["detail"], "colour is not a parameter of this operation, nor is shade",
                    "{path}"
                );
            }
            let body = Some(&b"{\"title\": \"y\"}"[..]);
            for (method, path, body) in [
                ("POST", "deals".to_owned(), body),
                ("POST", "deals/bulk".to_owned(), body),
                ("PATCH", format!("deals/{id}"), body),
                ("DELETE", format!("deals/{id}"), None),
                ("POST", format!("deals/{id}/restore"), None),
            ] {
                let headers = [("idempotency-key", "k")];
                let twice = firm.at(&format!("{path}?atomic=true&atomic=false"));
                let problem = ask(&firm.owner, method, &twice, &headers, body);
                problem.problem(400, "repeated_parameter");
                let unread = firm.at(&format!("{path}?atomic=%ff"));
                ask(&firm.owner, method, &unread, &headers, body).problem(400, "malformed_query");
                let problem = ask(
                    &firm.owner,
                    method,
                    &firm.at(&format!("{path}?force=true")),
                    &headers,
                    body,
                );
                assert_eq!(
                    problem.problem(400, "unknown_parameter")["parameter"],
                    "force",
                    "{method} {path}"
                );
            }
        });
        // What can be read and fits nothing finds nothing.
        for query in ["external_id=%zz", "tag=%F0%9F%A6%80", "external_id=%25"] {
            let page = firm.owner.get(&firm.at(&format!("deals?{query}"))).expect(200);
            assert!(data(&page).is_empty(), "{query}");
        }
    });
}

/// A path's length is nobody's to choose: one of some thousand parts took the whole server with it.
#[test]
fn a_query_is_as_deep_and_as_long_as_its_server_says() {
    on_each(|server| {
        let firm = Firm::new(server);
        let (deep, wide) = ("company.".repeat(8_000), "a,".repeat(20_000));
        let long = "%01".repeat(10_000);
        for (path, code) in [
            (format!("deals?expand={deep}owner"), "unknown_expansion"),
            (format!("deals?expand={wide}a"), "unknown_expansion"),
            (
                "deals?expand=company.parent.parent.parent".into(),
                "unknown_expansion",
            ),
            ("teams?expand=owner".into(), "unknown_parameter"),
            (format!("deals?{long}=1"), "unknown_parameter"),
            (format!("deals?status={long}"), "invalid_value"),
        ] {
            let told = firm.owner.get(&firm.at(&path));
            assert!(told.text.len() < 10_000, "{} bytes of {code}", told.text.len());
            told.problem(400, code);
        }
        firm.owner
            .get(&firm.at("deals?expand=company.parent.parent"))
            .expect(200);
    });
}

#[test]
fn the_next_page_has_one_cursor_however_it_was_asked_for() {
    on_each(|server| {
        let firm = Firm::new(server);
        for title in ["a", "b", "c"] {
            firm.owner
                .post(&firm.at("deals"), json!({"title": title}))
                .expect(201);
        }
        let next = |path: &str| {
            let page = firm.owner.get(path);
            let link = page.header("link").unwrap().to_owned();
            let next = link.trim_start_matches('<').split('>').next().unwrap().to_owned();
            (
                page.expect(200)["pagination"]["next_cursor"]
                    .as_str()
                    .unwrap()
                    .to_owned(),
                next,
            )
        };
        let (cursor, _) = next(&firm.at("deals?limit=1"));
        let (_, third) = next(&firm.at(&format!("deals?%63ursor={cursor}&limit=1")));
        assert_eq!(data(&firm.owner.get(&third).expect(200)).len(), 1);
    });
}

/// Where no order is asked for it goes by the filter that comes first, and a value may hold what looks like a parameter.
#[test]
fn a_cursor_is_of_the_order_that_its_list_came_in() {
    on_each(|server| {
        let firm = Firm::new(server);
        for n in 0..3 {
            let deal = json!({"title": n.to_string(), "value": {"amount": "5", "currency": "EUR"}, "expected_close": "2026-03-01"});
            firm.owner.post(&firm.at("deals"), deal).expect(201);
            let company = json!({"name": n.to_string(), "industry": "x&sort=name"});
            firm.owner.post(&firm.at("companies"), company).expect(201);
            let company = json!({"name": n.to_string(), "industry": "x"});
            firm.owner.post(&firm.at("companies"), company).expect(201);
        }
        for (of, another) in [
            (
                "deals?limit=1&value[gte]=1&expected_close[gte]=2026-01-01",
                "deals?limit=1&expected_close[gte]=2026-01-01&value[gte]=1",
            ),
            (
                "companies?limit=1&industry=x%26sort%3Dname",
                "companies?limit=1&industry=x&sort=name",
            ),
        ] {
            let page = firm.owner.get(&firm.at(of)).expect(200);
            let cursor = page["pagination"]["next_cursor"].as_str().unwrap();
            let next = |list: &str| firm.owner.get(&firm.at(&format!("{list}&cursor={cursor}")));
            assert_eq!(data(&next(of).expect(200)).len(), 1, "{of}");
            next(another).problem(400, "invalid_cursor");
        }
    });
}

#[test]
fn a_cursor_is_of_one_list_filter_sort_and_organization() {
    on_each(|server| {
        let (firm, other) = (Firm::new(server), Firm::new(server));
        for firm in [&firm, &other] {
            for n in 0..3 {
                firm.owner
                    .post(&firm.at("deals"), json!({"title": n.to_string()}))
                    .expect(201);
                firm.owner
                    .post(&firm.at("companies"), json!({"name": n.to_string()}))
                    .expect(201);
            }
        }
        let page = firm
            .owner
            .get(&firm.at("deals?limit=1&status=OPEN&sort=value"))
            .expect(200);
        let cursor = page["pagination"]["next_cursor"].as_str().unwrap();
        let changed = |at: usize| {
            let mut bytes = cursor.as_bytes().to_vec();
            bytes[at] = if bytes[at] == b'A' { b'B' } else { b'A' };
            String::from_utf8(bytes).unwrap()
        };
        let same = "limit=1&status=OPEN&sort=value";
        refused(server, &firm, || {
            for path in [
                firm.at(&format!("deals?limit=1&status=OPEN&sort=-value&cursor={cursor}")),
                firm.at(&format!("deals?limit=1&status=OPEN&cursor={cursor}")),
                firm.at(&format!(
                    "deals?limit=1&status=OPEN,WON&sort=value&cursor={cursor}"
                )),
                firm.at(&format!("deals?limit=1&sort=value&cursor={cursor}")),
                firm.at(&format!("deals?{same}&tag=a&cursor={cursor}")),
                firm.at(&format!("deals?{same}&deleted=true&cursor={cursor}")),
                firm.at(&format!("companies?limit=1&cursor={cursor}")),
                firm.at(&format!("deals?{same}&cursor={}", changed(0))),
                firm.at(&format!("deals?{same}&cursor={}", changed(cursor.len() / 2))),
                firm.at(&format!("deals?{same}&cursor={}", changed(cursor.len() - 2))),
                firm.at(&format!("deals?{same}&cursor={cursor}A")),
                firm.at(&format!("deals?{same}&cursor={}", &cursor[..cursor.len() - 4])),
                firm.at(&format!("deals?{same}&cursor=")),
                firm.at(&format!("deals?{same}&cursor=AAAA")),
                firm.at(&format!("deals?{same}&cursor=%00%7f")),
            ] {
                assert_eq!(
                    ask(&firm.owner, "GET", &path, &[], None).problem(400, "invalid_cursor")["parameter"],
                    "cursor",
                    "{path}"
                );
            }
            let foreign = other.at(&format!("deals?{same}&cursor={cursor}"));
            ask(&other.owner, "GET", &foreign, &[], None).problem(400, "invalid_cursor");
        });
        // How many rows, how much of each, and by which name the organization is called is no part of it.
        for path in [
            firm.at(&format!(
                "deals?sort=value&limit=200&status=OPEN&fields=id&include=total_count&cursor={cursor}"
            )),
            format!(
                "/api/v1/organizations/{}/deals?{same}&expand=owner&cursor={cursor}",
                firm.id
            ),
        ] {
            firm.owner.get(&path).expect(200);
        }
    });
}

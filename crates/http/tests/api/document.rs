//! The OpenAPI document says what the operations do, and follows the conventions throughout.

use crate::preconditions::{ACTIONS, ELSEWHERE};
use crate::samples::Place;
use firma_testing::{Firm, Server, TestDatabase, on_each};
use serde_json::{Value, json};
use std::collections::BTreeSet;

fn document() -> Value {
    Server::start(TestDatabase::sqlite())
        .nobody()
        .get("/openapi.json")
        .expect(200)
}

/// Every operation: its path, its method, and what is said of it.
fn operations(document: &Value) -> Vec<(&str, &str, &Value)> {
    let paths = document["paths"].as_object().unwrap();
    let all = paths.iter().flat_map(|(path, item)| {
        item.as_object()
            .unwrap()
            .iter()
            .map(move |(method, op)| (path.as_str(), method.as_str(), op))
    });
    all.collect()
}

fn is_snake(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_lowercase())
        && name
            .bytes()
            .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_')
}

/// Calls `see` with every value in a document and where it stands.
fn each<'v>(value: &'v Value, at: &str, see: &mut dyn FnMut(&str, &'v Value)) {
    see(at, value);
    match value {
        Value::Object(fields) => fields
            .iter()
            .for_each(|(name, field)| each(field, &format!("{at}/{name}"), see)),
        Value::Array(items) => items
            .iter()
            .enumerate()
            .for_each(|(n, item)| each(item, &format!("{at}/{n}"), see)),
        _ => {}
    }
}

fn parameters<'v>(operation: &'v Value, place: &str) -> Vec<&'v str> {
    let all = operation["parameters"].as_array().map_or(&[][..], Vec::as_slice);
    all.iter()
        .filter(|parameter| parameter["in"] == place)
        .map(|parameter| parameter["name"].as_str().unwrap())
        .collect()
}

#[test]
fn it_is_openapi_of_this_version() {
    let document = document();
    assert!(document["openapi"].as_str().unwrap().starts_with("3.1."));
    assert_eq!(document["info"]["version"], env!("CARGO_PKG_VERSION"));
    assert_eq!(
        document["components"]["securitySchemes"]["bearer"]["scheme"],
        "bearer"
    );
    let about = document["info"]["description"].as_str().unwrap();
    for (code, status, title) in firma_http::CODES {
        assert!(about.contains(&format!("`{code}` ({status}): {title}")), "{code}");
    }
    let codes: BTreeSet<_> = firma_http::CODES.iter().map(|(code, ..)| code).collect();
    assert_eq!(codes.len(), firma_http::CODES.len(), "a code stands there twice");
}

/// Each part of a form has a media type, and there is a file.
fn every_part_is_described(document: &Value, form: &Value, at: &str) {
    let schema = form["schema"]["$ref"].as_str().unwrap();
    let parts = document.pointer(&schema[1..]).unwrap()["properties"]
        .as_object()
        .unwrap();
    let described = form["encoding"].as_object().unwrap();
    assert_eq!(
        parts.keys().collect::<BTreeSet<_>>(),
        described.keys().collect::<BTreeSet<_>>(),
        "{at}"
    );
    for (name, part) in parts {
        assert_eq!(
            part["contentMediaType"], described[name]["contentType"],
            "{name} of {at}"
        );
    }
    assert_eq!(parts["file"]["format"], "binary", "{at}");
}

#[test]
fn every_operation_is_whole() {
    let document = document();
    let operations = operations(&document);
    assert_eq!(operations.len(), firma_http::operations().len());
    let mut ids = BTreeSet::new();
    for (path, method, operation) in operations {
        let at = format!("{method} {path}");
        assert!(path == "/api/v1" || path.starts_with("/api/v1/"), "{at}");
        for part in path.trim_start_matches('/').split('/') {
            let name = part
                .trim_start_matches('{')
                .trim_end_matches('}')
                .replace('-', "_");
            assert!(is_snake(&name) && !part.contains('_'), "{at}");
        }
        let id = operation["operationId"].as_str().unwrap();
        assert!(is_snake(id) && ids.insert(id), "{id} of {at}");
        for field in ["summary", "description"] {
            assert!(
                operation[field].as_str().is_some_and(|text| text.len() > 5),
                "{field} of {at}"
            );
        }
        assert!(
            operation["tags"].as_array().is_some_and(|tags| tags.len() == 1),
            "{at}"
        );
        let responses = operation["responses"].as_object().unwrap();
        assert_eq!(
            responses["default"]["content"]["application/problem+json"]["schema"]["$ref"],
            "#/components/schemas/Problem",
            "{at}"
        );
        // A browser that comes back from a provider is only sent on.
        let is_fine = |status: &String| status.starts_with('2') || status == "303";
        assert!(responses.keys().any(is_fine), "{at}");
        let known = firma_http::operations()
            .iter()
            .find(|known| known.id == id)
            .unwrap();
        let public = known.access == firma_http::Access::Public;
        let secured = operation["security"]
            .as_array()
            .is_some_and(|security| security.contains(&json!({"bearer": []})));
        assert_eq!(secured, !public, "{at}");
        if let Some(permission) = known.access.name() {
            assert!(
                operation["description"]
                    .as_str()
                    .unwrap()
                    .contains(&format!("`{permission}`")),
                "{at}"
            );
        }
        let in_path: Vec<_> = path
            .split('{')
            .skip(1)
            .filter_map(|rest| rest.split('}').next())
            .collect();
        assert_eq!(parameters(operation, "path"), in_path, "{at}");
        let headers = parameters(operation, "header");
        assert_eq!(
            headers.contains(&"Idempotency-Key"),
            method == "post" && !public && !path.starts_with("/api/v1/auth/"),
            "{at}"
        );
        assert_eq!(
            headers.contains(&"If-Match"),
            matches!(method, "patch" | "delete")
                || path.ends_with("/restore")
                || ACTIONS.contains(&id)
                || ELSEWHERE.contains(&id),
            "{at}"
        );
        assert_eq!(
            headers.contains(&"If-None-Match"),
            responses.contains_key("304"),
            "{at}"
        );
        assert_eq!(
            operation.get("requestBody").is_some(),
            known.body.is_some(),
            "{at}"
        );
        let body = &operation["requestBody"]["content"];
        if known.media_type == "multipart/form-data" {
            every_part_is_described(&document, &body[known.media_type], &at);
        }
        if method == "patch" {
            assert!(
                operation["requestBody"]["content"]["application/merge-patch+json"]["schema"].is_object(),
                "{at}"
            );
        }
    }
}

#[test]
fn every_reference_leads_somewhere_and_names_are_snake_case() {
    let document = document();
    let mut references = BTreeSet::new();
    each(&document, "#", &mut |at, value| {
        if let Some(reference) = value.get("$ref").and_then(Value::as_str) {
            let pointer = reference
                .strip_prefix('#')
                .unwrap_or_else(|| panic!("{reference} at {at}"));
            assert!(document.pointer(pointer).is_some(), "{reference} at {at}");
            references.insert(reference);
        }
        if let Some(properties) = value.get("properties").and_then(Value::as_object) {
            properties
                .keys()
                .for_each(|name| assert!(is_snake(name), "{name} at {at}"));
            let required = value["required"].as_array().map_or(&[][..], Vec::as_slice);
            required
                .iter()
                .for_each(|name| assert!(properties.contains_key(name.as_str().unwrap()), "{name} at {at}"));
        }
    });
    assert!(references.len() > 20, "{references:?}");
    for (path, method, operation) in operations(&document) {
        for name in parameters(operation, "query") {
            assert!(is_snake(name), "{name} of {method} {path}");
        }
    }
}

#[test]
fn every_list_says_how_it_is_paged_and_takes_what_it_says() {
    on_each(|server| {
        let firm = Firm::new(server);
        let document = firm.owner.get("/openapi.json").expect(200);
        let mut lists = 0;
        for (path, method, operation) in operations(&document) {
            let known: BTreeSet<_> = parameters(operation, "query").into_iter().collect();
            let schema = operation["responses"]["200"]["content"]["application/json"]["schema"]["$ref"]
                .as_str()
                .unwrap_or("");
            if method != "get" || !schema.ends_with("List") || !known.contains("limit") {
                continue;
            }
            lists += 1;
            for name in [
                "limit",
                "cursor",
                "sort",
                "include",
                "deleted",
                "fields",
                "created_at",
                "updated_at",
            ] {
                assert!(known.contains(name), "{name} of {path}");
            }
            let list = document.pointer(&schema[1..]).unwrap();
            assert_eq!(
                list["properties"]["pagination"]["$ref"], "#/components/schemas/Pagination",
                "{path}"
            );
            // What the document names, the server knows.
            let path = path.replace("{organization}", &firm.slug);
            for name in known {
                let answer = firm.owner.get(&format!("{path}?{name}=%20"));
                assert!(
                    answer.status == 200 || answer.body["code"] != "unknown_parameter",
                    "{name} of {path}: {}",
                    answer.text
                );
            }
            firm.owner.get(&path).expect(200);
        }
        assert!(lists >= 8, "{lists} lists");
    });
}

#[test]
fn every_list_is_paged_alike() {
    let document = document();
    let mut lists = 0;
    for (path, method, operation) in operations(&document) {
        let schema = operation["responses"]["200"]["content"]["application/json"]["schema"]["$ref"]
            .as_str()
            .unwrap_or("#");
        let properties = &document.pointer(&schema[1..]).unwrap()["properties"];
        if method != "get" || !properties["data"].is_object() {
            continue;
        }
        // The lines of a report are no list.
        if ["/reports/pipeline", "/access/matrix"]
            .iter()
            .any(|report| path.ends_with(report))
        {
            continue;
        }
        lists += 1;
        assert_eq!(
            properties["pagination"]["$ref"], "#/components/schemas/Pagination",
            "{path}"
        );
        let known = parameters(operation, "query");
        for name in ["limit", "cursor", "include", "fields"] {
            assert!(known.contains(&name), "{name} of {path}");
        }
    }
    assert!(lists >= 30, "{lists} lists");
}

#[test]
fn a_resource_has_the_fields_that_its_schema_names() {
    on_each(|server| {
        let place = Place::new(server);
        let document = place.firm.owner.get("/openapi.json").expect(200);
        let fields = |name: &str| {
            document["components"]["schemas"][name]["properties"]
                .as_object()
                .unwrap()
                .keys()
                .cloned()
                .collect::<BTreeSet<_>>()
        };
        let mut seen = 0;
        for (path, method, operation) in operations(&document) {
            let schema = &operation["responses"]["200"]["content"]["application/json"]["schema"]["$ref"];
            let name = schema.as_str().and_then(|at| {
                let name = at.rsplit('/').next()?;
                let other = || {
                    let name = name.strip_suffix("Page")?;
                    ["Role", "Membership", "StagePeriod"]
                        .contains(&name)
                        .then_some(name)
                };
                name.strip_suffix("List").or_else(other)
            });
            let (Some(name), "get") = (name, method) else {
                continue;
            };
            seen += 1;
            let known = firma_http::operations()
                .iter()
                .find(|known| operation["operationId"] == known.id.as_str());
            let page = place.call(&place.firm.owner, known.unwrap()).expect(200);
            let row: BTreeSet<_> = page["data"][0]
                .as_object()
                .unwrap_or_else(|| panic!("nothing at {path}"))
                .keys()
                .cloned()
                .collect();
            let known = fields(name);
            let said: BTreeSet<_> = known
                .iter()
                .filter(|field| *field != "deleted_at")
                .cloned()
                .collect();
            assert_eq!(row, said, "{name}");
            if document["paths"][format!("{path}/{{id}}")]["patch"].is_object() {
                assert!(fields(&format!("{name}Patch")).is_subset(&known), "{name}");
            }
        }
        assert!(seen >= 10, "{seen} lists");
    });
}

#[test]
fn health_is_told() {
    on_each(|server| {
        let nobody = server.nobody();
        assert_eq!(nobody.get("/health/live").expect(200), json!({"status": "live"}));
        let ready = json!({
            "status": "ready", "database": "ok", "writes": "ok", "migrations": "ok", "draining": false,
            "queue": {"waiting": 0, "oldest_seconds": 0}, "mail": "closed", "names": "closed", "traces": null,
            "providers": {},
        });
        assert_eq!(nobody.get("/health/ready").expect(200), ready);
        assert_eq!(nobody.get("/health").expect(200), ready);
        // Who only asks whether it is there gets all but the body.
        let head = nobody.send("HEAD", "/health/live", &[], None);
        assert_eq!((head.status, &*head.text), (200, ""));
        assert_eq!(head.header("content-length"), Some("17"));
        assert_eq!(nobody.get("/api/v1").expect(200)["name"], "Firma");
        // Nobody is harmed by a token that is worthless here.
        assert_eq!(
            nobody.with_token(Some("x".into())).get("/health/live").status,
            200
        );
    });
}

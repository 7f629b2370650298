//! The page for readers: everything stands on it, and nothing of it comes from elsewhere.

use firma_http::Access;
use firma_testing::{Client, Server, TestDatabase};
use serde_json::{Value, json};
use std::collections::BTreeSet;

fn served(see: impl Fn(&Client)) {
    see(&Server::start(TestDatabase::sqlite()).nobody());
}

/// The part of the page that is about one thing.
fn article<'p>(page: &'p str, id: &str) -> &'p str {
    let at = page
        .find(&format!("<article id=\"{id}\">"))
        .unwrap_or_else(|| panic!("{id} is not on the page"));
    page[at..].split("</article>").next().unwrap()
}

#[test]
fn every_operation_stands_there_with_its_permission_its_example_and_its_errors() {
    served(|nobody| {
        let page = nobody.get("/docs").text;
        let document = nobody.get("/openapi.json").expect(200);
        for operation in firma_http::operations() {
            let article = article(&page, &operation.id);
            assert!(article.contains(operation.method.as_str()), "{}", operation.id);
            assert!(article.contains(&operation.path), "{}", operation.id);
            let said = &document["paths"][&operation.path][operation.method.as_str().to_lowercase()];
            match operation.access.name() {
                Some(permission) => {
                    assert!(
                        article.contains(&format!(">{permission}</code>")),
                        "{}",
                        operation.id
                    );
                    assert_eq!(said["x-permission"], permission, "{}", operation.id);
                    let (role, scope) = match operation.access {
                        Access::Platform(..) => ("website_owner", "platform"),
                        _ => ("ceo", "org"),
                    };
                    assert_eq!(said["x-roles"][role], scope, "{}", operation.id);
                    assert!(
                        article.contains(&format!("{role} <i>{scope}</i>")),
                        "{}",
                        operation.id
                    );
                }
                None => assert_eq!(said["x-permission"], Value::Null, "{}", operation.id),
            }
            let example = said["x-codeSamples"][0]["source"].as_str().unwrap();
            assert!(example.contains("curl -sS"), "{}", operation.id);
            for code in operation.problems() {
                assert!(
                    article.contains(&format!("#code-{code}\"")),
                    "{code} of {}",
                    operation.id
                );
                let status = firma_http::CODES
                    .iter()
                    .find(|(known, ..)| *known == code)
                    .unwrap()
                    .1;
                let texts = said["responses"][status.to_string()]["description"].as_str();
                assert!(
                    texts.unwrap().contains(&format!("`{code}`: ")),
                    "{code} of {}",
                    operation.id
                );
            }
            for parameter in &operation.parameters {
                assert!(
                    article.contains(&format!("<code>{}</code>", parameter.name)),
                    "{} of {}",
                    parameter.name,
                    operation.id
                );
            }
        }
    });
}

#[test]
fn every_module_schema_and_code_stands_there() {
    served(|nobody| {
        let page = nobody.get("/docs").text;
        let document = nobody.get("/openapi.json").expect(200);
        let tags: Vec<_> = document["tags"]
            .as_array()
            .unwrap()
            .iter()
            .map(|tag| tag["name"].as_str().unwrap())
            .collect();
        for operation in firma_http::operations() {
            assert!(tags.contains(&operation.module), "no module {}", operation.module);
        }
        for tag in tags {
            assert!(page.contains(&format!("id=\"module-{tag}\"")), "{tag}");
        }
        for name in document["components"]["schemas"].as_object().unwrap().keys() {
            article(&page, &format!("schema-{name}"));
        }
        for (code, status, title) in firma_http::CODES {
            let row = format!(
                "<tr id=\"code-{code}\"><td><code>{code}</code></td><td>{status}</td><td>{}</td></tr>",
                title.replace('\'', "&#39;")
            );
            assert!(page.contains(&row), "{row}");
        }
        // Every link within the page leads somewhere.
        let named = |before: &str| -> BTreeSet<&str> {
            let rest = page.split(before).skip(1);
            rest.map(|rest| rest.split('"').next().unwrap()).collect()
        };
        let (links, places) = (named("href=\"#"), named(" id=\""));
        assert!(links.len() > firma_http::operations().len(), "{links:?}");
        assert_eq!(links.difference(&places).collect::<Vec<_>>(), Vec::<&&str>::new());
    });
}

#[test]
fn nothing_is_loaded_from_elsewhere_and_nothing_stands_inline() {
    served(|nobody| {
        for (path, kind) in [
            ("/docs", "text/html; charset=utf-8"),
            ("/docs/style.css", "text/css; charset=utf-8"),
            ("/docs/script.js", "text/javascript; charset=utf-8"),
        ] {
            let answer = nobody.get(path);
            assert_eq!(
                (answer.status, answer.header("content-type")),
                (200, Some(kind)),
                "{path}"
            );
            let policy = answer.header("content-security-policy").unwrap();
            assert!(policy.starts_with("default-src 'none';"), "{policy}");
            assert!(!policy.contains("unsafe") && !policy.contains("http"), "{policy}");
            assert_eq!(answer.header("x-content-type-options"), Some("nosniff"));
            assert_eq!(answer.header("referrer-policy"), Some("no-referrer"));
            for outside in [
                "@import",
                "url(",
                " style=\"",
                "<style",
                "<img",
                "<iframe",
                "fetch(",
            ] {
                assert!(!answer.text.contains(outside), "{outside} in {path}");
            }
            for attribute in [" href=\"", " src=\""] {
                for address in answer.text.split(attribute).skip(1) {
                    let own =
                        address.starts_with('#') || address.starts_with('/') && !address.starts_with("//");
                    assert!(own, "{attribute}{} in {path}", address.split('"').next().unwrap());
                }
            }
            // It grows with what is described.
            assert!(
                answer.text.len() < 4_500 * firma_http::operations().len(),
                "{path} has {} bytes",
                answer.text.len()
            );
            assert!(
                !answer.text.contains(" onclick=") && !answer.text.contains("<script>"),
                "{path}"
            );
            assert_eq!(nobody.post(path, json!({})).status, 405, "{path}");
        }
        let page = nobody.get("/docs").text;
        assert_eq!(page.matches("<script").count(), 1);
        assert_eq!(page.matches("<link").count(), 1);
        assert_eq!(nobody.get("/api/v1").expect(200)["links"]["docs"], "/docs");
    });
}

#[test]
fn who_has_the_page_is_told_that_it_is_the_same() {
    served(|nobody| {
        for path in ["/docs", "/docs/style.css", "/docs/script.js"] {
            let etag = nobody.get(path).header("etag").unwrap().to_owned();
            let again = |tag: &str| nobody.send("GET", path, &[("if-none-match", tag)], None);
            for same in [etag.clone(), format!("W/{etag}"), format!("\"x\", {etag}")] {
                let answer = again(&same);
                assert_eq!((answer.status, answer.text.as_str()), (304, ""), "{path} {same}");
                assert_eq!(answer.header("etag"), Some(etag.as_str()));
                assert_eq!(answer.header("cache-control"), Some("no-cache"));
            }
            assert_eq!(again("\"x\"").status, 200);
        }
    });
}

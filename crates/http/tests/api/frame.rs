//! A handler that panics takes only its own request with it.

use actix_web::{HttpResponse, web};
use firma_services::About;
use firma_testing::{METRICS_TOKEN, Server, TestDatabase};
use log::kv::{Error, Key, Value, VisitSource};
use std::sync::{Mutex, Once};

/// What was logged about requests, as `name=value` each.
static LINES: Mutex<Vec<Vec<String>>> = Mutex::new(Vec::new());

struct Kept;

impl log::Log for Kept {
    fn enabled(&self, of: &log::Metadata<'_>) -> bool {
        of.target().starts_with("firma_http")
    }
    fn log(&self, record: &log::Record<'_>) {
        struct Pairs(Vec<String>);
        impl<'kvs> VisitSource<'kvs> for Pairs {
            fn visit_pair(&mut self, key: Key<'kvs>, value: Value<'kvs>) -> Result<(), Error> {
                self.0.push(format!("{key}={value}"));
                Ok(())
            }
        }
        if self.enabled(record.metadata()) {
            let mut pairs = Pairs(vec![record.args().to_string()]);
            record.key_values().visit(&mut pairs).unwrap();
            // A line that doesn't say which request it is about gets that from the task, as in the binary.
            if record.key_values().get(Key::from_str("request_id")).is_none() {
                let id = About::current().request_id().map(|id| format!("request_id={id}"));
                pairs.0.extend(id);
            }
            LINES.lock().unwrap().push(pairs.0);
        }
    }
    fn flush(&self) {}
}

async fn panics() -> HttpResponse {
    panic!("on purpose")
}

#[test]
fn a_panic_is_answered_like_any_other_error() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        log::set_logger(&Kept).unwrap();
        log::set_max_level(log::LevelFilter::Info);
    });
    for database in TestDatabase::each() {
        let server = Server::start_with(database, |more| {
            more.route("/panics/{id}", web::get().to(panics));
        });
        let id = format!("panic-on-{}", server.base.kind());
        let trace = "4bf92f3577b34da6a3ce929d0e0e4736";
        let parent = format!("00-{trace}-00f067aa0ba902b7-01");
        let sent = [("x-request-id", id.as_str()), ("traceparent", parent.as_str())];
        let answer = server.nobody().send("GET", "/panics/7?who=me", &sent, None);
        for (name, value) in [
            ("x-request-id", id.as_str()),
            ("x-content-type-options", "nosniff"),
            ("x-frame-options", "DENY"),
            ("referrer-policy", "no-referrer"),
            ("cache-control", "no-store"),
        ] {
            assert_eq!(answer.header(name), Some(value), "{name}");
        }
        assert!(answer.header("content-security-policy").is_some());
        let problem = answer.problem(500, "internal");
        assert_eq!(problem["instance"], "/panics/7");
        assert!(!problem.to_string().contains("purpose"), "{problem}");

        let logged = LINES.lock().unwrap().clone();
        let about = format!("request_id={id}");
        let mine: Vec<_> = logged.iter().filter(|line| line.contains(&about)).collect();
        let [noted, line] = mine[..] else {
            panic!("{mine:?}")
        };
        assert_eq!(noted[0], "a handler panicked");
        for part in ["request", "route=/panics/{id}", "status=500", "method=GET"] {
            assert!(line.iter().any(|known| known == part), "{part} in {line:?}");
        }
        assert!(line.contains(&format!("trace_id={trace}")), "{line:?}");

        // The others go on, and it was counted.
        server.nobody().get("/health/ready").expect(200);
        let shown = server
            .nobody()
            .with_token(Some(METRICS_TOKEN.into()))
            .get("/metrics");
        let counted = "firma_http_requests_total{method=\"GET\",route=\"/panics/{id}\",status=\"500\"} 1";
        assert!(shown.text.contains(counted), "{}", shown.text);
    }
}

//! A client of the API, as a program would write it.

use serde_json::Value;
use ureq::http::{Method, Request};

/// Speaks to a server, with a token or without.
#[derive(Clone)]
pub struct Client {
    agent: ureq::Agent,
    base: String,
    token: Option<String>,
}

/// What came back.
#[derive(Debug, Clone)]
pub struct Answer {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub bytes: Vec<u8>,
    /// As far as they are text
    pub text: String,
    /// Null where the body is no JSON
    pub body: Value,
}

impl Answer {
    /// A header, by its name in lower case.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(known, _)| known == name)
            .map(|(_, value)| value.as_str())
    }

    /// The body, if the status is the one that is expected; else the test fails with both.
    #[track_caller]
    pub fn expect(self, status: u16) -> Value {
        assert_eq!(self.status, status, "{}", self.text);
        self.body
    }

    /// Fails unless it is a whole problem of that status and code; the body.
    #[track_caller]
    pub fn problem(self, status: u16, code: &str) -> Value {
        assert_eq!(
            (self.status, self.body["code"].as_str()),
            (status, Some(code)),
            "{}",
            self.text
        );
        assert_eq!(
            self.header("content-type"),
            Some("application/problem+json"),
            "{}",
            self.text
        );
        assert_eq!(
            self.body["request_id"].as_str(),
            self.header("x-request-id"),
            "{}",
            self.text
        );
        for field in ["type", "title", "detail", "instance"] {
            assert!(self.body[field].is_string(), "{field} in {}", self.text);
        }
        self.body
    }

    /// The id of a resource.
    #[track_caller]
    pub fn id(&self) -> String {
        self.body["id"]
            .as_str()
            .unwrap_or_else(|| panic!("no id in {}", self.text))
            .to_owned()
    }
}

impl Client {
    pub fn new(base: &str, token: Option<String>) -> Client {
        /// Filled anew for each connection, which takes a while without optimization.
        const BUFFER: usize = 64 * 1024;
        let config = ureq::Agent::config_builder()
            .http_status_as_error(false)
            // A redirect is an answer like any other.
            .max_redirects(0)
            .timeout_global(Some(std::time::Duration::from_secs(60)))
            // A server closes what was idle for five seconds, perhaps as the next call is sent.
            .max_idle_age(std::time::Duration::from_secs(3))
            .input_buffer_size(BUFFER)
            .output_buffer_size(BUFFER)
            .build();
        Client {
            agent: config.into(),
            base: base.to_owned(),
            token,
        }
    }

    /// The token that it shows.
    pub fn token(&self) -> Option<&str> {
        self.token.as_deref()
    }

    /// The same client with another token.
    pub fn with_token(&self, token: Option<String>) -> Client {
        Client {
            token,
            ..self.clone()
        }
    }

    /// Sends a request; `path` begins with `/`.
    #[track_caller]
    pub fn send(&self, method: &str, path: &str, headers: &[(&str, &str)], body: Option<&[u8]>) -> Answer {
        self.try_send(method, path, headers, body)
            .unwrap_or_else(|e| panic!("{method} {path}: {e}"))
    }

    /// Sends a request that may find no answer, as from a server that is killed.
    pub fn try_send(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: Option<&[u8]>,
    ) -> Result<Answer, String> {
        let mut request = Request::builder()
            .method(Method::from_bytes(method.as_bytes()).unwrap())
            .uri(format!("{}{path}", self.base));
        if let Some(token) = &self.token {
            request = request.header("authorization", format!("Bearer {token}"));
        }
        if body.is_some() && !headers.iter().any(|(name, _)| *name == "content-type") {
            request = request.header("content-type", "application/json");
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let answered = match body {
            Some(body) => self.agent.run(request.body(body.to_vec()).unwrap()),
            None => self.agent.run(request.body(()).unwrap()),
        };
        let mut response = answered.map_err(|e| e.to_string())?;
        let headers = response
            .headers()
            .iter()
            .map(|(name, value)| (name.as_str().to_owned(), value.to_str().unwrap_or("").to_owned()))
            .collect();
        let status = response.status().as_u16();
        let bytes = response.body_mut().with_config().limit(50_000_000).read_to_vec();
        let bytes = bytes.map_err(|e| e.to_string())?;
        let text = String::from_utf8_lossy(&bytes).into_owned();
        let body: Value = serde_json::from_str(&text).unwrap_or(Value::Null);
        if let Some(code) = body["code"].as_str() {
            documented(method, path, code);
        }
        Ok(Answer {
            status,
            headers,
            bytes,
            text,
            body,
        })
    }

    pub fn get(&self, path: &str) -> Answer {
        self.send("GET", path, &[], None)
    }
    pub fn post(&self, path: &str, body: Value) -> Answer {
        self.send("POST", path, &[], Some(body.to_string().as_bytes()))
    }
    /// A POST with an `Idempotency-Key`.
    pub fn post_once(&self, path: &str, key: &str, body: Value) -> Answer {
        self.send(
            "POST",
            path,
            &[("idempotency-key", key)],
            Some(body.to_string().as_bytes()),
        )
    }
    /// A POST without a body.
    pub fn act(&self, path: &str) -> Answer {
        self.send("POST", path, &[], None)
    }
    pub fn patch(&self, path: &str, body: Value) -> Answer {
        self.send(
            "PATCH",
            path,
            &[("content-type", "application/merge-patch+json")],
            Some(body.to_string().as_bytes()),
        )
    }
    pub fn delete(&self, path: &str) -> Answer {
        self.send("DELETE", path, &[], None)
    }
}

/// Fails where an operation answers with the code of a problem that its documentation leaves out.
fn documented(method: &str, path: &str, code: &str) {
    // No operation was called: it only looks like a path of one.
    if ["no_route", "method_not_allowed"].contains(&code) {
        return;
    }
    let path = path.split('?').next().unwrap();
    let is_it = |pattern: &str| {
        let (pattern, path) = (pattern.split('/'), path.split('/'));
        pattern.clone().count() == path.clone().count()
            && pattern
                .zip(path)
                .all(|(part, given)| part.starts_with('{') || part == given)
    };
    let all = firma_http::operations();
    let mut called = all
        .iter()
        .filter(|operation| operation.method == method && is_it(&operation.path));
    // A fixed path stands before one with an id in the same place.
    let Some(operation) = called
        .clone()
        .find(|o| !o.path.ends_with('}'))
        .or_else(|| called.next())
    else {
        return;
    };
    assert!(
        operation.problems().contains(&code),
        "{} answered {code}, which its documentation leaves out: name it at `refuses`",
        operation.id
    );
}

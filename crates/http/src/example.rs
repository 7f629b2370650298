//! Examples of calls, as commands for a shell. They work as they stand against `firma demo`.

use crate::operation::{Access, Operation};
use actix_web::http::Method;
use serde_json::{Value, json};

/// How an operation is called. `$COMPANY_ID` in any of it is the id of the first company, and so on for
/// every collection; `$RANDOM` is a number.
#[derive(Debug, Clone, Default)]
pub(crate) struct Example {
    /// Lines before the call
    before: String,
    /// What `{id}` stands for: `$COMPANY_ID`
    id: String,
    query: &'static str,
    body: Body,
    /// What authorizes the call, if not `$TOKEN`
    token: Option<&'static str>,
    /// The organization that it is about, if not `$ORG`
    organization: Option<&'static str>,
    /// Why a call may be answered otherwise than it is documented first
    unsure: Option<&'static str>,
    /// Whether it needs what stands in a mail or on somebody's telephone
    by_hand: bool,
}

#[derive(Debug, Clone, Default)]
enum Body {
    #[default]
    None,
    Json(String),
    Form(Form),
}

/// A form with a file, which a line before the call makes.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Form {
    /// What the file is called
    pub name: &'static str,
    /// What stands in it
    pub text: &'static str,
    /// JSON; empty where the form has no such field
    pub options: &'static str,
}

impl Form {
    /// The line that makes the file.
    pub(crate) fn file(&self) -> String {
        let text = self.text.replace('\n', "\\n");
        format!("printf '{text}' > {}", self.name)
    }

    fn flags(&self) -> String {
        let mut text = format!(" \\\n  -F file=@{}", self.name);
        if !self.options.is_empty() {
            let options = format!(" \\\n  -F 'options={};type=application/json'", self.options);
            text.push_str(&options);
        }
        text
    }

    fn sent(&self) -> Value {
        let mut sent = json!({"file": self.text});
        if let (false, Value::Object(fields)) = (self.options.is_empty(), &mut sent) {
            fields.insert("options".into(), self.options.into());
        }
        sent
    }
}

impl Example {
    pub(crate) fn body(mut self, json: impl Into<String>) -> Self {
        self.body = Body::Json(json.into());
        self
    }
    pub(crate) fn form(mut self, form: Form) -> Self {
        self = self.after(form.file());
        self.body = Body::Form(form);
        self
    }
    /// The answer depends on something else than the call: what a worker has done by then, say. The page tells why.
    pub(crate) fn unsure(mut self, reason: &'static str) -> Self {
        self.unsure = Some(reason);
        self
    }
    /// Why it may be answered otherwise, if it may.
    pub(crate) fn why_unsure(&self) -> Option<&'static str> {
        self.unsure
    }
    pub(crate) fn query(mut self, query: &'static str) -> Self {
        self.query = query;
        self
    }
    pub(crate) fn id(mut self, variable: impl Into<String>) -> Self {
        self.id = variable.into();
        self
    }
    pub(crate) fn token(mut self, variable: &'static str) -> Self {
        self.token = Some(variable);
        self
    }
    /// About another organization than the one that the other examples speak of.
    pub(crate) fn about(mut self, variable: &'static str) -> Self {
        self.organization = Some(variable);
        self
    }
    /// A call that no program makes alone: it needs what stands in a mail or on a telephone.
    pub(crate) fn by_hand(mut self) -> Self {
        self.by_hand = true;
        self
    }
    pub(crate) fn is_by_hand(&self) -> bool {
        self.by_hand
    }
    /// One more line before the call.
    pub(crate) fn after(mut self, line: impl AsRef<str>) -> Self {
        if !line.as_ref().is_empty() {
            self.before.push_str(line.as_ref());
            self.before.push('\n');
        }
        self
    }

    /// The body as it may be sent, its variables filled.
    pub(crate) fn sent(&self) -> Option<Value> {
        let mut text = match &self.body {
            Body::None => return None,
            Body::Json(text) => text.clone(),
            Body::Form(form) => return Some(form.sent()),
        };
        for name in variables(&text.clone()) {
            let value = match name.as_str() {
                "RANDOM" => "2041".into(),
                name if name.ends_with("_ID") => stand_in(name),
                name => name.to_lowercase().replace('_', "-"),
            };
            text = text.replace(&format!("${name}"), &value);
        }
        serde_json::from_str(&text).ok()
    }

    /// The whole of it, for a shell.
    pub(crate) fn source(&self, operation: &Operation) -> String {
        let path = operation
            .path
            .replace("{id}", &self.id)
            .replace("{provider}", "example");
        let url = match path.strip_prefix("/api/v1/organizations/{organization}") {
            Some(below) => format!("{}{below}{}", self.organization.unwrap_or("$ORG"), self.query),
            None => format!("$FIRMA_URL{path}{}", self.query),
        };
        let key = operation
            .needs_key
            .then(|| "Idempotency-Key: example-$RANDOM".to_owned());
        let token = (operation.access != Access::Public)
            .then(|| format!("Authorization: Bearer {}", self.token.unwrap_or("$TOKEN")));
        let headers: Vec<_> = token.into_iter().chain(key).collect();
        let call = curl(&operation.method, &url, &headers, &self.body, "");
        let mut found = String::new();
        let all = format!("{}{call}", self.before);
        for name in variables(&all) {
            let assigned = format!("{name}=");
            let is_known = self.before.lines().any(|line| line.starts_with(&assigned));
            if let Some(row) = name.strip_suffix("_ID").filter(|_| !is_known) {
                found.push_str(&first(&name, &plural(row)));
            }
        }
        format!("{found}{all}")
    }
}

/// A line that makes a row and keeps its id in a variable.
pub(crate) fn made(variable: &str, collection: &str, body: &str) -> String {
    let headers = ["Authorization: Bearer $TOKEN".to_owned()];
    let call = curl(
        &Method::POST,
        &format!("$ORG/{collection}"),
        &headers,
        &Body::Json(body.to_owned()),
        " | jq -r .id",
    );
    let end = if call.ends_with("\nEND") { "\n" } else { "" };
    format!("{}=$({call}{end})", variable.trim_start_matches('$'))
}

/// Lines that send a form and keep a field of the answer in a variable.
pub(crate) fn posted(variable: &str, collection: &str, form: Form, field: &str) -> String {
    let headers = ["Authorization: Bearer $TOKEN".to_owned()];
    let call = curl(
        &Method::POST,
        &format!("$ORG/{collection}"),
        &headers,
        &Body::Form(form),
        &format!(" | jq -r .{field}"),
    );
    format!("{}\n{}=$({call})", form.file(), variable.trim_start_matches('$'))
}

/// A line that waits until no worker has to do with it any more.
pub(crate) fn over(collection: &str, variable: &str, begun: [&str; 2]) -> String {
    let [waiting, running] = begun;
    format!(
        "while curl -sS \"$ORG/{collection}/{variable}\" \\\n  -H \"Authorization: Bearer $TOKEN\" |\n  \
         jq -e '.state == \"{waiting}\" or .state == \"{running}\"' >/dev/null; do sleep 1; done"
    )
}

/// What an entity's id is called: `$TEAM_MEMBER_ID`.
pub(crate) fn variable(entity: &str) -> String {
    format!("${}_ID", entity.to_uppercase())
}

fn first(variable: &str, collection: &str) -> String {
    format!(
        "{variable}=$(curl -sS \"$ORG/{collection}?limit=1\" \\\n  -H \"Authorization: Bearer $TOKEN\" | jq -r '.data[0].id')\n"
    )
}

/// `TEAM_MEMBER` as `team-members`.
fn plural(row: &str) -> String {
    let row = row.to_lowercase().replace('_', "-");
    match row.strip_suffix('y') {
        Some(stem) => format!("{stem}ies"),
        None => format!("{row}s"),
    }
}

/// An id for the document, which knows no variables: the same for the same name.
fn stand_in(variable: &str) -> String {
    let sum: u32 = variable.bytes().map(u32::from).sum();
    format!("0190a6c8-5d2e-7b31-9f04-{sum:012}")
}

/// The names after `$`, each once.
fn variables(text: &str) -> Vec<String> {
    let mut names = Vec::new();
    for rest in text.split('$').skip(1) {
        let name: String = rest
            .chars()
            .take_while(|c| c.is_ascii_uppercase() || *c == '_')
            .collect();
        if !name.is_empty() && !names.contains(&name) {
            names.push(name);
        }
    }
    names
}

fn curl(method: &Method, url: &str, headers: &[String], body: &Body, then: &str) -> String {
    let mut text = "curl -sS".to_owned();
    // What curl does by itself isn't said.
    if *method != Method::GET && (*method != Method::POST || matches!(body, Body::None)) {
        text.push_str(&format!(" -X {method}"));
    }
    text.push_str(&format!(" \"{url}\""));
    for header in headers {
        text.push_str(&format!(" \\\n  -H \"{header}\""));
    }
    let rest = match body {
        Body::None => then.to_owned(),
        Body::Form(form) => format!("{}{then}", form.flags()),
        Body::Json(body) if body.contains(['$', '\'']) => {
            format!(" \\\n  --json @- <<END{then}\n{body}\nEND")
        }
        Body::Json(body) => format!(" \\\n  --json '{body}'{then}"),
    };
    text + &rest
}

//! What who holds a platform role may do. For everybody else there is nothing at these paths.

mod errors;
mod events;
mod jobs;
mod organizations;
mod roles;
mod users;

use crate::example::Example;
use crate::operation::{Access, Operation, Parameter};
use crate::problem::Problem;
use crate::schemas::Schemas;
use actix_web::http::Method;
use actix_web::{HttpResponse, Route};
use firma_auth::access::Verb;

type Answered = Result<HttpResponse, Problem>;

const ROOT: &str = "/api/v1/platform";

/// Signs somebody in who holds a platform role.
const SIGN_IN: &str = r#"PLATFORM_TOKEN=$(curl -sS "$FIRMA_URL/api/v1/auth/login" \
  --json '{"email": "'"$PLATFORM_EMAIL"'", "password": "'"$PLATFORM_PASSWORD"'"}' | jq -r .access_token)"#;

/// An example of such a call.
fn example() -> Example {
    Example::default().after(SIGN_IN).token("$PLATFORM_TOKEN")
}

/// A line that keeps the id of the first row of a list below `/platform`.
fn first(variable: &str, list: &str) -> String {
    format!(
        "{variable}=$(curl -sS \"$FIRMA_URL{ROOT}/{list}\" \\\n  -H \"Authorization: Bearer $PLATFORM_TOKEN\" | jq -r '.data[0].id')"
    )
}

/// Lines that make an organization, and keep a field of it.
fn made(variable: &str, field: &str) -> String {
    format!(
        "{variable}=$(curl -sS \"$FIRMA_URL{ROOT}/organizations\" \\\n  -H \"Authorization: Bearer $PLATFORM_TOKEN\" \\\n  \
         --json '{{\"name\": \"Nordlicht GmbH\", \"slug\": \"nordlicht-'$RANDOM'\", \"owner\": {{\"email\": \"owner-'$RANDOM'@demo.example\"}}}}' | jq -r .{field})"
    )
}

fn at(
    method: Method,
    below: &str,
    id: &str,
    (resource, verb): (&'static str, Verb),
    route: fn() -> Route,
) -> Operation {
    let path = format!("{ROOT}/{below}");
    let access = Access::Platform(resource, verb);
    Operation::new(method, &path, id, "installation", access, route).example(example())
}

/// The one order that rows are in which are listed by their ids.
fn by_age() -> Parameter {
    Parameter::new("sort", "created_at, or -created_at, as it is unless given")
}

pub(crate) fn operations(to: &mut Vec<Operation>, schemas: &mut Schemas) {
    users::operations(to, schemas);
    organizations::operations(to, schemas);
    roles::operations(to, schemas);
    jobs::operations(to, schemas);
    errors::operations(to, schemas);
    events::operations(to, schemas);
}

//! What one may do, what each role may do, and why.

use crate::call::Call;
use crate::example::Example;
use crate::operation::{Access, Operation, Parameter};
use crate::problem::Problem;
use crate::render;
use crate::routes::operations as table;
use crate::schemas::{Schemas, id, maybe_text, object, or_null, reference, string};
use actix_web::http::Method;
use actix_web::{HttpResponse, web};
use firma_auth::access::{Given, Scope, Verb, resource_named};
use firma_services::Refusal;
use firma_services::access::{self, Explanation, Question, Reason};
use firma_services::listing::{self, Parameters};
use serde::Serialize;
use serde_json::{Map, Value, json};
use utoipa::openapi::schema::{ArrayBuilder, ObjectBuilder, Type};
use utoipa::openapi::{RefOr, Schema};

type Answered = Result<HttpResponse, Problem>;

async fn mine(call: Call) -> Answered {
    call.read(|work, said| {
        said.no_query()?;
        render::plain(200, &access::mine(work)?)
    })
    .await
}

async fn matrix(call: Call) -> Answered {
    call.read(|work, said| {
        let roles = access::givable(work)?;
        said.no_query()?;
        render::plain(200, &against(&roles))
    })
    .await
}

async fn explain(call: Call) -> Answered {
    call.read(|work, said| {
        // It tells of roles, which are for people.
        work.not_by_key()?;
        let question = question(said.query()?)?;
        let explained = access::explain(work, &question)?;
        let step_up = asking_again(&question.permission);
        render::plain(200, &Explained { explained, step_up })
    })
    .await
}

/// An explanation, and which operations also ask for the password.
#[derive(Serialize)]
struct Explained {
    #[serde(flatten)]
    explained: Explanation,
    step_up: Vec<&'static str>,
}

/// The operations that a permission is for and that only go on with the password of the last ten minutes.
fn asking_again(permission: &str) -> Vec<&'static str> {
    let asks = |operation: &&Operation| match operation.access {
        Access::Permission(resource, verb) => {
            let mut parts = permission.split(':');
            let is_it = parts.next() == Some(resource) && parts.next() == Some(verb.as_str());
            is_it && operation.problems().contains(&"step_up_required")
        }
        _ => false,
    };
    table()
        .iter()
        .filter(asks)
        .map(|operation| operation.id.as_str())
        .collect()
}

/// Every operation that needs a permission, and how far each role has it.
fn against(roles: &[(String, Given)]) -> Value {
    let line = |operation: &Operation| {
        let Access::Permission(resource, verb) = operation.access else {
            return None;
        };
        let resource = resource_named(resource)?;
        let scopes: Map<String, Value> = roles
            .iter()
            .filter_map(|(name, role)| Some((name.clone(), role.scope(resource, verb)?.as_str().into())))
            .collect();
        Some(json!({
            "operation": operation.id,
            "method": operation.method.as_str(),
            "path": operation.path,
            "permission": operation.access.name(),
            "scopes": scopes,
        }))
    };
    let names: Vec<_> = roles.iter().map(|(name, _)| name).collect();
    json!({"roles": names, "data": table().iter().filter_map(line).collect::<Vec<_>>()})
}

fn question(parameters: &Parameters) -> Result<Question, Refusal> {
    let (mut user, mut permission, mut resource, mut key) = (None, None, None, None);
    listing::each(parameters, |name, value| {
        let place = match name {
            "user" => &mut user,
            "permission" => &mut permission,
            "resource" => &mut resource,
            "key" => &mut key,
            _ => return Ok(false),
        };
        *place = Some(value);
        Ok(true)
    })?;
    let id = |name: &str, value: Option<&str>| match value.map(str::parse) {
        None => Ok(None),
        Some(Ok(id)) => Ok(Some(id)),
        Some(Err(_)) => Err(Refusal::parameter(name, "invalid_value", "has to be an id")),
    };
    let missing = || Refusal::parameter("permission", "required", "has to be given");
    Ok(Question {
        user: id("user", user)?,
        permission: permission.ok_or_else(missing)?.to_owned(),
        resource: id("resource", resource)?,
        key: id("key", key)?,
    })
}

const ROOT: &str = "/api/v1/organizations/{organization}/access";

pub(super) fn operations(to: &mut Vec<Operation>, schemas: &mut Schemas) {
    let at = |tail: &str, id: &str, access: Access, route: fn() -> actix_web::Route| {
        Operation::new(
            Method::GET,
            &format!("{ROOT}/{tail}"),
            id,
            "access",
            access,
            route,
        )
    };
    to.push(
        at("me", "get_own_access", Access::Member, || web::get().to(mine))
            .text("Tells what the caller may do. By all roles together, the widest scope of each permission.")
            .answers(200, Some(own_access(schemas))),
    );
    let reads = Access::Permission("roles", Verb::Read);
    to.push(
        at("matrix", "get_access_matrix", reads, || web::get().to(matrix))
            .text("Lists every operation against every role. The organization's own roles too.")
            .answers(200, Some(access_matrix(schemas))),
    );
    to.push(
        at("explain", "explain_access", Access::Member, || {
            web::get().to(explain)
        })
        .text(
            "Explains why something is allowed or refused. By which assignment and role, and how far; or what is \
             missing, and who could give it, or change what else stands in the way. Of others it is told to who may read \
             members, roles and their assignments; of a key to who may read keys.",
        )
        .parameters(vec![
            Parameter::new("user", "The member; the caller unless given").of(id("")),
            Parameter::new("permission", "`deals:update`, or as far as a scope: `deals:update:team`").required(),
            Parameter::new("resource", "A row of the permission's collection").of(id("")),
            Parameter::new("key", "An API key: whether it may, in the place of who made it").of(id("")),
        ])
        .example(Example::default().query("?permission=deals:update"))
        .refuses(&["invalid_value", "permission_required", "not_found", "key_not_allowed"])
        .answers(200, Some(explanation(schemas))),
    );
}

fn scope(about: &str) -> ObjectBuilder {
    string(about).enum_values(Some(Scope::ALL.iter().map(|scope| scope.as_str())))
}

fn own_access(schemas: &mut Schemas) -> RefOr<Schema> {
    let role = object(
        [
            ("role_id", id("The role").into()),
            ("name", string("Its name").into()),
            ("expires_at", maybe_text("When it ends").into()),
        ],
        &[],
    );
    let permissions = ArrayBuilder::new().items(string("A permission: `deals:update:own`"));
    let own = object(
        [
            ("user_id", id("The caller").into()),
            ("roles", ArrayBuilder::new().items(role).into()),
            ("permissions", permissions.into()),
        ],
        &[],
    );
    schemas.put("OwnAccess", own);
    reference("OwnAccess")
}

fn access_matrix(schemas: &mut Schemas) -> RefOr<Schema> {
    let scopes = ObjectBuilder::new()
        .additional_properties(Some(scope("How far the role has it")))
        .description(Some("By the name of the role; one that lacks it is left out"));
    let line = object(
        [
            ("operation", string("The operation").into()),
            ("method", string("Its method").into()),
            ("path", string("Its path").into()),
            ("permission", string("What it needs: `deals:read`").into()),
            ("scopes", scopes.into()),
        ],
        &[],
    );
    let roles = ArrayBuilder::new().items(string("A role"));
    let matrix = object(
        [
            ("roles", roles.into()),
            ("data", ArrayBuilder::new().items(line).into()),
        ],
        &[],
    );
    schemas.put("AccessMatrix", matrix);
    reference("AccessMatrix")
}

fn explanation(schemas: &mut Schemas) -> RefOr<Schema> {
    let flag = || ObjectBuilder::new().schema_type(Type::Boolean);
    let source = object(
        [
            ("assignment_id", id("The assignment").into()),
            ("role_id", id("The role").into()),
            ("role", string("The role's name").into()),
            ("is_active", flag().into()),
            ("expires_at", maybe_text("When it ends").into()),
            ("scope", maybe_text("How far the role gives it").into()),
            ("gives", flag().description(Some("Whether it does now")).into()),
        ],
        &[],
    );
    let row = ObjectBuilder::new()
        .schema_type(or_null(Type::Object))
        .property("id", id("The row"))
        .property("owner_id", maybe_text("Its owner"))
        .property("needs", scope("The narrowest scope that includes it"));
    let giver = || {
        object(
            [
                ("user_id", id("The member").into()),
                ("name", string("The member's name").into()),
            ],
            &[],
        )
    };
    let reasons = Reason::ALL.iter().map(|reason| json!(reason));
    let reason = string("Why not").enum_values(Some(reasons.chain([Value::Null])));
    let of_key = ObjectBuilder::new()
        .schema_type(or_null(Type::Object))
        .description(Some("The limits of the API key that was asked about"))
        .property("id", id("The key"))
        .property("scope", maybe_text("How far it was given"))
        .property("expires_at", maybe_text("When it ends"))
        .property(
            "allowed_ip_ranges",
            ArrayBuilder::new().items(string("From where it is taken")),
        );
    let step_up = ArrayBuilder::new()
        .items(string("An operation"))
        .description(Some("Operations that the permission is for and that also ask for the password of the last ten minutes"));
    let explanation = object(
        [
            ("user_id", id("The member").into()),
            ("permission", string("What was asked").into()),
            ("allowed", flag().into()),
            ("reason", reason.schema_type(or_null(Type::String)).into()),
            (
                "scope",
                maybe_text("How far the member may do it, by all roles together").into(),
            ),
            ("because", ArrayBuilder::new().items(source).into()),
            ("row", row.into()),
            (
                "missing",
                maybe_text("The narrowest permission that is missing").into(),
            ),
            ("given_by", ArrayBuilder::new().items(giver()).into()),
            (
                "changed_by",
                ArrayBuilder::new()
                    .items(giver())
                    .description(Some(
                        "Members who could change what stands in the way where no role does",
                    ))
                    .into(),
            ),
            ("key", of_key.into()),
            ("step_up", step_up.into()),
        ],
        &[],
    );
    schemas.put("AccessExplanation", explanation);
    reference("AccessExplanation")
}

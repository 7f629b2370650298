//! API keys: made and shown once, changed, revoked.

use crate::call::Call;
use crate::example::Example;
use crate::operation::{Access, Operation};
use crate::problem::Problem;
use crate::render;
use crate::resource::{Resource, changeable, on_new, readable};
use crate::schemas::{Schemas, reference, string};
use actix_web::http::Method;
use actix_web::{HttpResponse, web};
use firma_auth::access::{Create, Update, Verb};
use firma_domain::Entity;
use firma_domain::access::ApiKey;
use firma_services::access;
use utoipa::openapi::{RefOr, Schema};

impl Resource for ApiKey {
    const MODULE: &'static str = "access";
    const EXAMPLE: &'static str = r#"{"name": "Web shop", "permissions": ["contacts:create:own", "deals:create:own", "deals:read:org"], "expires_at": "2099-12-31T00:00:00Z"}"#;
    const CHANGE: &'static str = r#"{"allowed_ip_ranges": ["192.0.2.0/24", "2001:db8::/32"]}"#;
    const IN_DEMO: bool = false;
    const REFUSALS: &'static [&'static str] = &["permission_not_held", "transition", "step_up_required"];
}

async fn make(call: Call) -> Result<HttpResponse, Problem> {
    call.write::<ApiKey, Create, _>(|work, grant, said| {
        let entropy = said.state.signer.entropy.as_ref();
        let made = access::make_key(work, grant, || said.json(), entropy)?;
        render::made_secret(said, &made.record, &made)
    })
    .await
}

async fn revoke(call: Call) -> Result<HttpResponse, Problem> {
    call.write::<ApiKey, Update, _>(|work, grant, said| {
        said.no_query()?;
        render::record(&access::revoke_key(work, grant, said.id()?, &said.if_match)?)
    })
    .await
}

pub(crate) fn operations(to: &mut Vec<Operation>, schemas: &mut Schemas) {
    const PATH: &str = "/api/v1/organizations/{organization}/api-keys";
    readable::<ApiKey>(to, schemas);
    let operation = |path: &str, id: &str, verb, route| {
        let may = Access::Permission(ApiKey::COLLECTION, verb);
        Operation::new(Method::POST, path, id, ApiKey::MODULE, may, route)
    };
    to.push(
        operation(PATH, "create_api_key", Verb::Create, || web::post().to(make))
            .text(
                "Makes an API key. The answer shows it, this once. It may do what it is given, as far as who makes it \
                 holds that at each call. Needs a sign-in or a step-up of the last ten minutes.",
            )
            .body(schemas.new_one::<ApiKey>())
            .example(Example::default().body(ApiKey::EXAMPLE))
            .refuses(&["permission_not_held", "step_up_required", "secret_already_shown"])
            .answers(201, Some(made_key(schemas))),
    );
    changeable::<ApiKey>(to, schemas);
    let path = format!("{PATH}/{{id}}/revoke");
    let name = schemas.record::<ApiKey>();
    to.push(
        operation(&path, "revoke_api_key", Verb::Update, || web::post().to(revoke))
            .text("Revokes an API key. For good, and from the next call on.")
            .example(on_new::<ApiKey>())
            .versioned()
            .answers(200, Some(reference(&name))),
    );
}

/// A key as it is shown when it is made.
fn made_key(schemas: &mut Schemas) -> RefOr<Schema> {
    let name = schemas.record::<ApiKey>();
    if let Some(RefOr::T(Schema::Object(shown))) = schemas.0.get(&name) {
        let mut shown = shown.clone();
        let key = string("The whole key: `firma_<prefix>_<secret>`. It is shown this once");
        shown.properties.insert("key".into(), key.into());
        shown.required.push("key".into());
        schemas.put("MadeApiKey", Schema::Object(shown));
    }
    reference("MadeApiKey")
}

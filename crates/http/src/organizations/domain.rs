//! An organization's domain, and the DNS record that proves it.

use super::Answered;
use crate::call::Call;
use crate::example::Example;
use crate::operation::{Access, Operation};
use crate::render;
use crate::schemas::{Schemas, object, reference, string};
use actix_web::http::Method;
use actix_web::web;
use firma_auth::access::{Read, Update, Verb};
use firma_domain::organizations::Organization;
use firma_services::organizations;
use utoipa::openapi::schema::{ObjectBuilder, SchemaType, Type};

async fn find(call: Call) -> Answered {
    call.read(|work, said| {
        let grant = work.grant::<Organization, Read>()?;
        said.no_query()?;
        let claimed = organizations::claimed(work, grant, &said.state.signer.keys.domain)?;
        render::plain(200, &claimed)
    })
    .await
}

async fn verify(call: Call) -> Answered {
    let proof = call
        .look(|work, said| {
            let grant = work.grant::<Organization, Update>()?;
            said.no_query()?;
            organizations::to_prove(work, grant)
        })
        .await?;
    // No connection is held while the name servers are asked.
    let found = call.said().state.domains.texts(&proof).await?;
    let answer = call
        .answer::<Organization, Update, _>(None, move |work, grant, said| {
            let key = &said.state.signer.keys.domain;
            render::plain(200, &organizations::prove(work, grant, &proof, &found, key)?)
        })
        .await?;
    Ok(render::response(answer, call.request()))
}

pub(super) fn operations(to: &mut Vec<Operation>, schemas: &mut Schemas) {
    let at = |method, tail: &str, id: &str, verb, route| {
        let path = format!("/api/v1/organizations/{{organization}}/domain{tail}");
        let access = Access::Permission("organizations", verb);
        Operation::new(method, &path, id, "organizations", access, route).refuses(&["not_found"])
    };
    let record = object(
        [
            ("name", string("Where it stands: `_firma.` and the domain").into()),
            ("type", string("`TXT`").into()),
            ("value", string("What it says").into()),
        ],
        &[],
    );
    let since = ObjectBuilder::new()
        .schema_type(SchemaType::from_iter([Type::String, Type::Null]))
        .description(Some("Since when it is proved"));
    let claimed = object(
        [
            ("domain", string("The domain").into()),
            ("verified_at", since.into()),
            ("record", record.into()),
        ],
        &[],
    );
    schemas.put("ClaimedDomain", claimed);
    let claims = || Example::default().after(CLAIM);
    to.push(
        at(Method::GET, "", "get_organization_domain", Verb::Read, || {
            web::get().to(find)
        })
        .text("Tells the organization's domain. And the DNS record that proves it.")
        .example(claims())
        .answers(200, Some(reference("ClaimedDomain"))),
    );
    to.push(
        at(Method::POST, "/verify", "verify_organization_domain", Verb::Update, || {
            web::post().to(verify)
        })
        .text(
            "Looks for the DNS record that proves the domain. Once it is found, the domain is the organization's, and \
             no longer another's that had proved it before. Changing the domain takes the proof away.",
        )
        // The record is set by hand.
        .example(claims().by_hand())
        .refuses(&["domain_not_proved", "names_away"])
        .answers(200, Some(reference("ClaimedDomain"))),
    );
}

const CLAIM: &str = r#"curl -sS -X PATCH "$ORG" \
  -H "Authorization: Bearer $TOKEN" \
  --json '{"domain": "demo.example"}' >/dev/null"#;

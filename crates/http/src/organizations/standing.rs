//! What its owner does with an organization as a whole.

use super::Answered;
use crate::call::Call;
use crate::example::Example;
use crate::operation::{Access, Operation};
use crate::render;
use crate::schemas::{Schemas, id, object, reference};
use actix_web::http::Method;
use actix_web::web;
use firma_auth::access::{Delete, Verb};
use firma_domain::input;
use firma_domain::organizations::Organization;
use firma_services::organizations;

async fn archive(call: Call) -> Answered {
    call.write::<Organization, Delete, _>(|work, grant, said| {
        said.no_query()?;
        render::record(&organizations::archive(work, grant, &said.if_match)?)
    })
    .await
}

async fn restore(call: Call) -> Answered {
    call.write::<Organization, Delete, _>(|work, grant, said| {
        said.no_query()?;
        render::record(&organizations::restore(work, grant, &said.if_match)?)
    })
    .await
}

async fn transfer(call: Call) -> Answered {
    call.write::<Organization, Delete, _>(|work, grant, said| {
        let new = input::plain(said.json()?)?;
        render::record(&organizations::transfer(work, grant, new, &said.if_match)?)
    })
    .await
}

async fn delete(call: Call) -> Answered {
    call.write::<Organization, Delete, _>(|work, grant, said| {
        said.no_query()?;
        organizations::delete(work, grant, &said.if_match)?;
        Ok(render::empty())
    })
    .await
}

pub(super) fn operations(to: &mut Vec<Operation>, schemas: &mut Schemas) {
    let at = |method, tail: &str, id: &str, route| {
        let path = format!("/api/v1/organizations/{{organization}}{tail}");
        let access = Access::Permission("organizations", Verb::Delete);
        Operation::new(method, &path, id, "organizations", access, route)
            .refuses(&["owner_required", "key_not_allowed"])
    };
    let organization = || Some(reference("Organization"));
    to.push(
        at(Method::DELETE, "", "delete_organization", || {
            web::delete().to(delete)
        })
        .text(
            "Deletes the organization. It is shut to everybody, and nothing in it is touched; the platform can open \
             it again. For its owner, with a sign-in or a step-up of the last ten minutes.",
        )
        .example(another())
        .refuses(&["step_up_required"])
        .answers(204, None),
    );
    to.push(
        at(Method::POST, "/archive", "archive_organization", || {
            web::post().to(archive)
        })
        .text(
            "Closes the organization. Nobody but its owner enters it then, and the owner reads; its jobs stop. For \
             its owner.",
        )
        .example(another())
        .versioned()
        .refuses(&["transition"])
        .answers(200, organization()),
    );
    to.push(
        at(Method::POST, "/restore", "restore_organization", || {
            web::post().to(restore)
        })
        .text("Opens an archived organization again. For its owner.")
        .example(another().after(ARCHIVED))
        .refuses(&["transition"])
        .answers(200, organization()),
    );
    let owner = object(
        [("owner_id", id("The member to own it: a user's id").into())],
        &[],
    );
    schemas.put("NewOwner", owner);
    to.push(
        at(Method::POST, "/transfer", "transfer_organization", || {
            web::post().to(transfer)
        })
        .text(
            "Hands the organization over. The new owner is a member who has accepted, and gets the role `ceo`; the \
             old one keeps it. For its owner, with a sign-in or a step-up of the last ten minutes.",
        )
        .body(reference("NewOwner"))
        .example(another().after(HEIR).body(r#"{"owner_id": "$HEIR_ID"}"#))
        .versioned()
        .refuses(&["step_up_required", "transition"])
        .answers(200, organization()),
    );
}

/// On an organization that the other examples don't need.
fn another() -> Example {
    Example::default().after(ANOTHER).about("$OTHER_ORG")
}

const ANOTHER: &str = r#"OTHER_ORG=$FIRMA_URL/api/v1/organizations/$(curl -sS "$FIRMA_URL/api/v1/organizations" \
  -H "Authorization: Bearer $TOKEN" \
  --json '{"name": "Another one", "slug": "another-'$RANDOM'"}' | jq -r .id)"#;

const ARCHIVED: &str = r#"curl -sS -X POST "$OTHER_ORG/archive" \
  -H "Authorization: Bearer $TOKEN" >/dev/null"#;

const HEIR: &str = r#"HEIR_ID=$(curl -sS "$OTHER_ORG/members" \
  -H "Authorization: Bearer $TOKEN" \
  --json '{"email": "employee@demo.example", "name": "The next one"}' | jq -r .id)
HEIR_TOKEN=$(curl -sS "$FIRMA_URL/api/v1/auth/login" \
  --json '{"email": "employee@demo.example", "password": "'"$EMPLOYEE_PASSWORD"'"}' | jq -r .access_token)
curl -sS -X POST "$FIRMA_URL/api/v1/me/memberships/${OTHER_ORG##*/}/accept" \
  -H "Authorization: Bearer $HEIR_TOKEN" >/dev/null"#;

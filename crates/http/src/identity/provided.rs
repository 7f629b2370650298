//! Signing in by a provider, as the documentation has it.

use super::{linked, providers};
use crate::example::Example;
use crate::operation::{Access, Operation, Parameter};
use crate::resource::page_parameters;
use crate::schemas::{Schemas, id, instant, integer, maybe_instant, maybe_text, object, reference, string};
use actix_web::http::Method;
use actix_web::web;
use utoipa::openapi::schema::{ObjectBuilder, Type};

fn bodies(schemas: &mut Schemas) {
    let text = |about: &str| string(about).into();
    let provider = [
        ("name", text("For the paths")),
        ("label", text("For people: what the button says")),
    ];
    schemas.put("Provider", object(provider, &[]));
    schemas.page("Provider");
    let transport = string("How the tokens travel: in bodies, unless it is `cookie`");
    let fresh = ObjectBuilder::new().schema_type(Type::Boolean).description(Some(
        "Whether the provider has to ask the person anew who they are: for what needs a step-up",
    ));
    let start = object(
        [
            (
                "transport",
                transport.enum_values(Some(["bearer", "cookie"])).into(),
            ),
            (
                "return_to",
                text(
                    "Where the browser goes in the end: a path here, an address of a site of ours, or for a program \
                      one of its own machine",
                ),
            ),
            (
                "code_challenge",
                text("Of a program: the SHA-256 of a secret of 32 random bytes or more, in base64url"),
            ),
            ("fresh", fresh.into()),
            (
                "code",
                text("Of who steps up and has a second factor: a code of it, or a recovery code"),
            ),
        ],
        &["transport", "code_challenge", "fresh", "code"],
    );
    schemas.put("ProviderStart", start);
    let departure = [
        ("authorization_url", text("Where to send the browser")),
        ("expires_in", integer("Seconds until it has to be back").into()),
    ];
    schemas.put("ProviderDeparture", object(departure, &[]));
    let end = [
        ("state", text("With which the browser came back")),
        ("code", text("With which the browser came back")),
        (
            "code_verifier",
            text("The secret whose SHA-256 was sent at the start"),
        ),
    ];
    schemas.put("ProviderEnd", object(end, &[]));
    let account = object(
        [
            ("id", id("The link").into()),
            ("provider", text("The provider's name")),
            (
                "label",
                maybe_text("What it is called; none where it signs nobody in any more").into(),
            ),
            ("email", maybe_text("The e-mail that the provider knows").into()),
            ("linked_at", instant("When it was linked").into()),
            ("last_used_at", maybe_instant("The last sign-in by it").into()),
        ],
        &[],
    );
    schemas.put("Account", account);
    schemas.page("Account");
}

const START: &str = r#"{"return_to": "http://127.0.0.1:7777/", "code_challenge": "$CHALLENGE"}"#;
const END: &str = r#"{"state": "$STATE", "code": "$CODE", "code_verifier": "$VERIFIER"}"#;

fn by_hand(body: &'static str) -> Example {
    Example::default().by_hand().body(body)
}

pub(super) fn operations(to: &mut Vec<Operation>, schemas: &mut Schemas) {
    bodies(schemas);
    signing_in(to);
    linking(to);
    stepping_up(to);
    let own = |method, path: &str, id: &str, route| {
        Operation::new(method, path, id, "identity", Access::SignedIn, route)
    };
    to.push(
        own(Method::GET, "/api/v1/me/accounts", "list_accounts", || {
            web::get().to(linked::list)
        })
        .text(
            "Lists the accounts at providers that sign the caller in. The newest first, and in no other order.",
        )
        .parameters(page_parameters(vec![]))
        .answers(200, Some(reference("AccountPage"))),
    );
    to.push(
        own(Method::GET, "/api/v1/me/accounts/{id}", "get_account", || {
            web::get().to(linked::get)
        })
        .text("Says of one account what the list does.")
        .example(Example::default().by_hand().id("$ACCOUNT_ID"))
        .answers(200, Some(reference("Account"))),
    );
    to.push(
        own(Method::DELETE, "/api/v1/me/accounts/{id}", "unlink_account", || {
            web::delete().to(linked::unlink)
        })
        .text("Unlinks an account. It signs in no more, and what was kept of it is gone. The last way to sign in stays.")
        .example(Example::default().by_hand().id("$ACCOUNT_ID"))
        .refuses(&["step_up_required", "last_sign_in"])
        .answers(204, None),
    );
}

fn signing_in(to: &mut Vec<Operation>) {
    let open = |method, path: &str, id: &str, route| {
        Operation::new(method, path, id, "identity", Access::Public, route)
    };
    to.push(
        open(Method::GET, "/api/v1/auth/oidc", "list_providers", || {
            web::get().to(providers::list)
        })
        .text("Lists the providers that one may sign in by. In the order of the configuration, and in no other.")
        .parameters(page_parameters(vec![]))
        .answers(200, Some(reference("ProviderPage"))),
    );
    to.push(
        open(Method::POST, "/api/v1/auth/oidc/{provider}/start", "start_provider", || {
            web::post().to(providers::start)
        })
        .limited()
        .text(
            "Begins a sign-in by a provider. Says where to send the browser, which has ten minutes to come back. With \
             `\"transport\": \"cookie\"` it is then signed in by cookies and goes to `return_to`, with \
             `#csrf_token=…`, or `#error=…` and a code of a problem, beside `second_factor_required` with \
             `&challenge=…`. Otherwise it goes to `return_to` with `state` and `code`, or `error`, in the query, and \
             the program that waits there ends the sign-in.",
        )
        .body(reference("ProviderStart"))
        .example(by_hand(START))
        .refuses(&["not_found", "csrf", "provider_away"])
        .answers(200, Some(reference("ProviderDeparture"))),
    );
    let said = |name: &str, about: &str| Parameter::new(name, about);
    to.push(
        open(Method::GET, "/api/v1/auth/oidc/{provider}/callback", "provider_callback", || {
            web::get().to(providers::arrive)
        })
        .limited()
        .text("Takes a browser back from a provider. Sends it on to where the sign-in was to end. Parameters that it \
               doesn't know are the provider's own.")
        .parameters(vec![
            said("state", "Of the sign-in").required(),
            said("code", "What the provider vouches with"),
            said("error", "That the provider doesn't"),
            said("iss", "Who says so (RFC 9207)"),
        ])
        .example(Example::default().by_hand().query("?state=$STATE&code=$CODE"))
        .refuses(&["not_found", "busy", "database_away", "timeout"])
        .answers(303, None),
    );
    to.push(
        open(Method::POST, "/api/v1/auth/oidc/token", "finish_provider", || {
            web::post().to(providers::token)
        })
        .limited()
        .text("Ends a sign-in by a provider. For programs: with what the browser brought back. Good once.")
        .body(reference("ProviderEnd"))
        .example(by_hand(END))
        .refuses(&[
            "provider_refused",
            "provider_away",
            "signup_closed",
            "second_factor_required",
            "not_unique",
            "not_found",
        ])
        .answers(200, Some(reference("SignedIn"))),
    );
}

fn linking(to: &mut Vec<Operation>) {
    let own = |path: &str, id: &str, route| {
        Operation::new(Method::POST, path, id, "identity", Access::SignedIn, route)
    };
    to.push(
        own("/api/v1/auth/oidc/{provider}/link", "start_link", || web::post().to(providers::start_link))
            .text(
                "Begins to link an account at a provider. As a sign-in by it begins. A browser that comes back goes to \
                 `return_to` with `#linked=…` and the id of the link.",
            )
            .body(reference("ProviderStart"))
            .example(by_hand(START))
            .refuses(&["not_found", "step_up_required", "provider_away"])
            .answers(200, Some(reference("ProviderDeparture"))),
    );
    to.push(
        own("/api/v1/auth/oidc/link", "finish_link", || {
            web::post().to(providers::link)
        })
        .text("Links an account at a provider. For programs: with what the browser brought back. Good once.")
        .body(reference("ProviderEnd"))
        .example(by_hand(END))
        .refuses(&["provider_refused", "provider_away", "not_unique", "not_found"])
        .answers(201, Some(reference("Account"))),
    );
}

fn stepping_up(to: &mut Vec<Operation>) {
    let own = |path: &str, id: &str, route| {
        Operation::new(Method::POST, path, id, "identity", Access::SignedIn, route).limited()
    };
    to.push(
        own("/api/v1/auth/oidc/{provider}/step-up", "start_provider_step_up", || {
            web::post().to(providers::start_step_up)
        })
        .text(
            "Begins a step-up by a provider. For who has an account there, and perhaps no password: the provider asks \
             anew who the person is. As a sign-in by it begins, with a `code` where there is a second factor. A browser \
             that comes back goes to `return_to` with `#stepped_up=…` and until when.",
        )
        .body(reference("ProviderStart"))
        .example(by_hand(START))
        .refuses(&["not_found", "wrong_code", "too_many_tries", "provider_away"])
        .answers(200, Some(reference("ProviderDeparture"))),
    );
    to.push(
        own("/api/v1/auth/oidc/step-up", "finish_provider_step_up", || {
            web::post().to(providers::step_up)
        })
        .text("Steps up by a provider. For programs: with what the browser brought back. Good once.")
        .body(reference("ProviderEnd"))
        .example(by_hand(END))
        .refuses(&["provider_refused", "provider_away", "not_found"])
        .answers(200, Some(reference("SteppedUp"))),
    );
}

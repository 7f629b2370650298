//! The form: its fields as they are shown and as they come back.

use crate::SETUP;
use crate::language::Language;
use crate::page::{self, Field, Form};
use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use firma_domain::Invalid;
use firma_services::identity::FirstOwner;
use serde::Deserialize;

/// What the browser sends.
#[derive(Deserialize, Default)]
#[serde(default)]
pub(super) struct Sent {
    token: String,
    name: String,
    email: String,
    password: String,
    organization: String,
    slug: String,
}

impl Sent {
    /// The token, and what was typed.
    pub(super) fn parts(self) -> (String, FirstOwner) {
        let first = FirstOwner {
            name: self.name,
            email: self.email,
            password: self.password,
            organization: self.organization,
            slug: self.slug,
        };
        (self.token, first)
    }
}

/// What is wrong with what was typed.
pub(super) enum Wrong {
    Nothing,
    Fields(Invalid),
    /// The short name is another's
    Taken,
    /// Nothing that could be typed otherwise
    Failed,
}

impl Wrong {
    fn status(&self) -> StatusCode {
        match self {
            Wrong::Nothing => StatusCode::OK,
            Wrong::Fields(_) => StatusCode::UNPROCESSABLE_ENTITY,
            Wrong::Taken => StatusCode::CONFLICT,
            Wrong::Failed => StatusCode::SERVICE_UNAVAILABLE,
        }
    }

    fn of(&self, t: &Language, field: &str) -> Option<&'static str> {
        match self {
            Wrong::Fields(Invalid(errors)) => {
                let error = errors
                    .iter()
                    .find(|error| error.pointer.strip_prefix("#/") == Some(field))?;
                Some(match (field, error.code.as_ref()) {
                    ("email", _) => t.email_wrong,
                    ("password", "long") => t.password_long,
                    ("password", "common") => t.password_common,
                    ("password", _) => t.password_short,
                    ("slug", _) => t.slug_wrong,
                    _ => t.name_wrong,
                })
            }
            Wrong::Taken if field == "slug" => Some(t.slug_taken),
            _ => None,
        }
    }
}

/// The form, with what was typed but for the password.
pub(super) fn page(t: &'static Language, token: &str, typed: &FirstOwner, wrong: &Wrong) -> HttpResponse {
    let field = |name: &'static str, label, value: &str| Field {
        name,
        label,
        hint: None,
        error: wrong.of(t, name),
        kind: "text",
        autocomplete: name,
        value: value.to_owned(),
        is_exact: false,
        is_needed: true,
    };
    let you = [
        field("name", t.name, &typed.name),
        Field {
            hint: Some(t.email_hint),
            kind: "email",
            is_exact: true,
            ..field("email", t.email, &typed.email)
        },
        Field {
            hint: Some(t.password_hint),
            kind: "password",
            autocomplete: "new-password",
            ..field("password", t.password, "")
        },
    ];
    let organization = [
        field("organization", t.organization_name, &typed.organization),
        Field {
            hint: Some(t.slug_hint),
            autocomplete: "off",
            is_exact: true,
            is_needed: false,
            ..field("slug", t.slug, &typed.short_name())
        },
    ];
    let form = Form {
        t,
        action: SETUP,
        token,
        you: &you,
        organization: &organization,
        failure: matches!(wrong, Wrong::Failed).then_some(t.failed),
    };
    page::answer(wrong.status(), &form)
}

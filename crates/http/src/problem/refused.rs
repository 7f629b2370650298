//! A refusal as a problem.

use super::{Cause, Problem};
use firma_auth::proof::CHALLENGE_LIFE;
use firma_services::{Fault, Refusal};
use serde_json::json;

const INTERNAL: &str = "internal";

impl From<Refusal> for Problem {
    fn from(refusal: Refusal) -> Problem {
        Problem::from(&refusal)
    }
}

impl From<&Refusal> for Problem {
    fn from(refusal: &Refusal) -> Problem {
        let problem = Problem::new(code(refusal), refusal.to_string());
        match refusal {
            Refusal::SecondFactor(challenge) => problem
                .with("challenge", challenge.as_str())
                .with("expires_in", CHALLENGE_LIFE),
            Refusal::TooMany(seconds) | Refusal::NamesAway(seconds) | Refusal::ProviderAway(seconds) => {
                problem.after(*seconds)
            }
            Refusal::Renamed(slug) => Problem {
                renamed: Some(slug.as_str().into()),
                ..problem
            },
            Refusal::Permission(missing)
            | Refusal::RoleNotHeld {
                permission: Some(missing),
                ..
            }
            | Refusal::Forbidden {
                missing: Some(missing),
                ..
            } => problem.with("permission", missing.as_str()),
            Refusal::PermissionNotHeld(missing) => {
                problem.with("permission", missing.first().map_or("", String::as_str))
            }
            Refusal::Key(refused) => Problem::from(&refused.told()),
            Refusal::Parameter { name, detail, .. } => Problem {
                detail: format!("{name} {detail}"),
                ..problem
            }
            .with("parameter", name.as_str()),
            Refusal::Invalid(invalid) => Problem::errors(&invalid.0),
            Refusal::Conflict {
                field: Some(field), ..
            } => problem.about(&format!("#/{field}")),
            Refusal::Part { pointer, refusal } => Problem::from(refusal.as_ref()).about(pointer),
            Refusal::Fault(fault) => Problem {
                detail: told(fault).1.into(),
                cause: noted(fault),
                ..problem
            },
            _ => problem,
        }
    }
}

impl Problem {
    /// The same, told of one value.
    fn about(self, pointer: &str) -> Problem {
        let error = json!([{"pointer": pointer, "code": self.code, "detail": self.detail}]);
        self.with("errors", error)
    }
}

/// What a fault is to a client, who learns nothing of the database: its code and detail.
fn told(fault: &Fault) -> (&'static str, &'static str) {
    match fault {
        Fault::Busy | Fault::Again => ("busy", "try again in a moment"),
        Fault::Away => ("database_away", "try again in a moment"),
        Fault::Unwritable(_) => ("database_away", "nothing can be stored for now"),
        Fault::Timeout => ("timeout", "try again in a moment"),
        Fault::Conflict(_) => ("not_unique", "another resource has the same value"),
        Fault::Reference => ("referred_to", "a resource that is referred to is missing"),
        _ => (INTERNAL, "it was noted, with the request_id"),
    }
}

/// Notes what really happened, where the client isn't told.
fn noted(fault: &Fault) -> Option<Box<Cause>> {
    if let Fault::Unwritable(_) = fault {
        // Not to be written down with the internal errors: nothing can be.
        log::error!("{fault}");
    }
    (told(fault).0 == INTERNAL).then(|| {
        Box::new(Cause {
            said: fault.to_string(),
            panicked: match fault {
                Fault::Panicked(panicked) => Some((**panicked).clone()),
                _ => None,
            },
        })
    })
}

fn code(refusal: &Refusal) -> &'static str {
    match refusal {
        Refusal::Unauthenticated => "unauthenticated",
        Refusal::WrongCredentials => "wrong_credentials",
        Refusal::WrongCode => "wrong_code",
        Refusal::SecondFactor(_) => "second_factor_required",
        Refusal::TooMany(_) => "too_many_tries",
        Refusal::StepUp => "step_up_required",
        Refusal::SignupClosed => "signup_closed",
        Refusal::ProviderRefused => "provider_refused",
        Refusal::NamesAway(_) => "names_away",
        Refusal::ProviderAway(_) => "provider_away",
        Refusal::SecretShown => "secret_already_shown",
        Refusal::OrganizationNotFound | Refusal::Archived => "organization_not_found",
        Refusal::ModuleOff(_) => "module_off",
        Refusal::FactorMissing => "second_factor_missing",
        Refusal::Renamed(_) => "organization_renamed",
        Refusal::NotOwner => "owner_required",
        Refusal::NothingHere => "no_route",
        Refusal::Permission(_) => "permission_required",
        Refusal::RoleNotHeld { .. } => "role_not_held",
        Refusal::Key(refused) => code(&refused.told()),
        Refusal::KeyNotAllowed => "key_not_allowed",
        Refusal::PermissionNotHeld(_) => "permission_not_held",
        Refusal::Unverified => "email_unverified",
        Refusal::Suspended => "organization_suspended",
        Refusal::KeyMissing => "idempotency_key_required",
        Refusal::FileType(_) => "file_type",
        Refusal::TooLarge(_) => "file_too_large",
        Refusal::MediaType(_) => "media_type",
        Refusal::Malformed(_) => "malformed_body",
        Refusal::Invalid(_) => "invalid",
        Refusal::KeyReused => "idempotency_key_reused",
        Refusal::NotFound => "not_found",
        Refusal::Forbidden { .. } => "out_of_reach",
        Refusal::PreconditionFailed => "changed",
        Refusal::Parameter { code, .. } | Refusal::Conflict { code, .. } => code,
        Refusal::Part { refusal, .. } => code(refusal),
        Refusal::Fault(fault) => told(fault).0,
    }
}

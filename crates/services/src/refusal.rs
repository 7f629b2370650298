//! Why a call is refused, in the order in which it is found out.

use crate::access::RefusedKey;
use firma_auth::access::Refused;
use firma_domain::Invalid;
use firma_domain::input::NAME_TOLD;
use firma_domain::value::text;
use firma_persistence::{Failure, Fault};

/// So many characters of what a caller sent in a query are told.
const DETAIL_TOLD: usize = 1_000;

/// A refusal. What HTTP makes of each stands in its one table of codes.
#[derive(Debug, thiserror::Error)]
pub enum Refusal {
    #[error("nobody is signed in")]
    Unauthenticated,
    #[error("the e-mail or the password is wrong")]
    WrongCredentials,
    #[error("the code is wrong, or was used")]
    WrongCode,
    /// The password was right; the challenge says so at the second step
    #[error("a code of the second factor is needed")]
    SecondFactor(String),
    /// So many seconds to wait
    #[error("too many tries: wait {0} s")]
    TooMany(i64),
    #[error("the password has to be given again, or a provider asked again: the sign-in is too long ago")]
    StepUp,
    #[error("nobody registers here by themselves")]
    SignupClosed,
    #[error("this account of the provider signs nobody in here: sign in another way, and link it then")]
    ProviderRefused,
    /// So many seconds to wait
    #[error("the provider can't be asked now: try again in {0} s, or sign in another way")]
    ProviderAway(i64),
    /// So many seconds to wait
    #[error("the domain name system can't be asked now: try again in {0} s")]
    NamesAway(i64),
    #[error("what it gave is shown once alone")]
    SecretShown,
    /// For who holds no platform role, nothing of the platform is there
    #[error("there is nothing here")]
    NothingHere,
    #[error("no such organization")]
    OrganizationNotFound,
    /// The slug that it has now
    #[error("the organization is called {0} now")]
    Renamed(String),
    /// It is closed to the caller, or for what was to be done
    #[error("no such organization")]
    Archived,
    #[error("the organization does without the module {0}")]
    ModuleOff(&'static str),
    #[error("a second factor is asked for: set one up under /me first")]
    FactorMissing,
    #[error("only the organization's owner may do this")]
    NotOwner,
    #[error("the permission {0} is missing")]
    Permission(String),
    #[error("the role {role} gives more than the caller holds")]
    RoleNotHeld {
        role: String,
        /// What the caller lacks; none where holding the role itself is asked for
        permission: Option<String>,
    },
    /// By an API key; what the caller is told is another refusal
    #[error("{}", .0.told())]
    Key(RefusedKey),
    #[error("no API key may do this, whatever it was given")]
    KeyNotAllowed,
    #[error("nobody gives what they don't hold: {}", .0.join(", "))]
    PermissionNotHeld(Vec<String>),
    #[error("the e-mail has to be verified first")]
    Unverified,
    #[error("the organization is suspended and may only be read")]
    Suspended,
    #[error("{detail}")]
    Parameter {
        name: String,
        code: &'static str,
        detail: String,
    },
    #[error("the Idempotency-Key is missing")]
    KeyMissing,
    /// What is wrong with what the body says that it is
    #[error("{0}")]
    MediaType(&'static str),
    #[error("the file is {0}, which is not taken")]
    FileType(String),
    #[error("such a file may have {0} bytes")]
    TooLarge(u64),
    #[error("the body can't be read: {0}")]
    Malformed(String),
    #[error("{0}")]
    Invalid(Invalid),
    #[error("the Idempotency-Key was used for another request")]
    KeyReused,
    #[error("no such resource")]
    NotFound,
    #[error("the resource may be read, but not changed: {held} does not reach it")]
    Forbidden {
        held: String,
        /// The permission that reaches all rows; none where `held` is that
        missing: Option<String>,
    },
    #[error("the resource is no longer the one named by If-Match")]
    PreconditionFailed,
    #[error("{detail}")]
    Conflict {
        code: &'static str,
        field: Option<String>,
        detail: String,
    },
    /// A refusal of a part of the call, and where that part stands in the body
    #[error("{refusal}")]
    Part { pointer: String, refusal: Box<Refusal> },
    #[error("{0}")]
    Fault(Fault),
}

impl Refusal {
    /// A conflict with the state of things.
    pub fn conflict(code: &'static str, detail: impl Into<String>) -> Refusal {
        Refusal::Conflict {
            code,
            field: None,
            detail: detail.into(),
        }
    }

    /// One field of the body that is wrong.
    pub fn field(name: &str, code: &'static str, detail: impl Into<String>) -> Refusal {
        Refusal::Invalid(Invalid::field(name, code, detail))
    }

    /// A query parameter that is wrong.
    pub fn parameter(name: impl Into<String>, code: &'static str, detail: impl Into<String>) -> Refusal {
        // Both may tell what the caller sent, who may not even be signed in.
        Refusal::Parameter {
            name: text::cut(&name.into(), NAME_TOLD).into_owned(),
            code,
            detail: text::cut(&detail.into(), DETAIL_TOLD).into_owned(),
        }
    }

    /// The same refusal of a part of a body: `part` is where it stands, `value` where in it the fields are.
    pub fn below(self, part: &str, value: &str) -> Refusal {
        match self {
            Refusal::Invalid(invalid) => Refusal::Invalid(invalid.below(&format!("/{part}{value}"))),
            Refusal::Conflict {
                code,
                field: Some(field),
                detail,
            } => Refusal::Conflict {
                code,
                field: Some(format!("{part}{value}/{field}")),
                detail,
            },
            Refusal::Fault(fault) => Refusal::Fault(fault),
            Refusal::Part { pointer, refusal } => Refusal::Part { pointer, refusal },
            other => Refusal::Part {
                pointer: format!("#/{part}"),
                refusal: Box::new(other),
            },
        }
    }
}

impl From<Fault> for Refusal {
    fn from(fault: Fault) -> Refusal {
        match fault {
            Fault::Missing => Refusal::NotFound,
            Fault::Changed => Refusal::PreconditionFailed,
            other => Refusal::Fault(other),
        }
    }
}

impl From<Refused> for Refusal {
    fn from(refused: Refused) -> Refusal {
        match refused {
            Refused::Permission(name) => Refusal::Permission(name),
            Refused::Suspended => Refusal::Suspended,
            Refused::Key => Refusal::KeyNotAllowed,
            Refused::Archived => Refusal::Archived,
            Refused::Off(module) => Refusal::ModuleOff(module),
            Refused::Factor => Refusal::FactorMissing,
        }
    }
}

impl From<Invalid> for Refusal {
    fn from(invalid: Invalid) -> Refusal {
        Refusal::Invalid(invalid)
    }
}

impl Failure for Refusal {
    fn fault(&self) -> Option<&Fault> {
        match self {
            Refusal::Fault(fault) => Some(fault),
            _ => None,
        }
    }
}

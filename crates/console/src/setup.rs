//! The page that makes the first owner. The token in its link is the proof, so there is nothing to forge.

mod form;

use crate::commands::{Commands, set_password};
use crate::language::{self, Language};
use crate::page::{self, Closed, Done};
use crate::{SETUP, origin};
use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use firma_auth::setup::{self, Refused};
use firma_domain::organizations::Organization;
use firma_http::State;
use firma_services::identity::{self, FirstOwner};
use firma_services::{Refusal, Tx};
use form::{Sent, Wrong};

/// The most bytes of the form: a password of 1,000 letters of any script, and the rest.
const LARGEST: usize = 65_536;

/// Why there is no form.
enum Shut {
    Unknown,
    Expired,
    Used,
    Foreign,
    Away,
}

impl Shut {
    fn page(&self, t: &'static Language) -> HttpResponse {
        let (status, title, text) = match self {
            Shut::Unknown => (StatusCode::NOT_FOUND, t.unknown_title, t.unknown),
            Shut::Expired => (StatusCode::GONE, t.expired_title, t.expired),
            Shut::Used => (StatusCode::GONE, t.used_title, t.used),
            Shut::Foreign => (StatusCode::FORBIDDEN, t.foreign_title, t.foreign),
            Shut::Away => (StatusCode::SERVICE_UNAVAILABLE, t.away_title, t.failed),
        };
        let command = matches!(self, Shut::Used).then(|| set_password("name@example.com"));
        let closed = Closed {
            t,
            title,
            text,
            command,
        };
        page::answer(status, &closed)
    }
}

/// Whether the link opens: it is ours, nobody has an account, and the day isn't over. Nobody without a link
/// of ours is told which.
async fn open(state: &State, token: &str) -> Result<(), Shut> {
    let now = state.database.sources.clock.now();
    let held = setup::check(&state.signer.keys.setup, token, now);
    if held == Err(Refused::Unknown) {
        return Err(Shut::Unknown);
    }
    let nobody = state.database.read(|tx: &mut Tx<'_>| identity::has_no_user(tx));
    match (nobody.await, held) {
        (Ok(false), _) => Err(Shut::Used),
        (Ok(true), Ok(())) => Ok(()),
        (Ok(true), Err(_)) => Err(Shut::Expired),
        (Err(refusal), _) => {
            log::error!("{refusal}");
            Err(Shut::Away)
        }
    }
}

async fn show(request: HttpRequest, state: web::Data<State>, token: web::Path<String>) -> HttpResponse {
    let t = language::of(&request);
    match open(&state, &token).await {
        Ok(()) => form::page(t, &token, &FirstOwner::default(), &Wrong::Nothing),
        Err(shut) => shut.page(t),
    }
}

async fn without_token(request: HttpRequest) -> HttpResponse {
    Shut::Unknown.page(language::of(&request))
}

async fn send(request: HttpRequest, state: web::Data<State>, sent: web::Form<Sent>) -> HttpResponse {
    let t = language::of(&request);
    let Some(base) = origin::of(&request, &state.site) else {
        return Shut::Foreign.page(t);
    };
    let (token, first) = sent.into_inner().parts();
    if let Err(shut) = open(&state, &token).await {
        return shut.page(t);
    }
    let made = identity::create_first(
        &state.database,
        &state.hasher,
        firma_http::origin(&request),
        first.clone(),
    );
    match made.await {
        Ok(Some(made)) => done(t, &state, &base, &made.value, first.email.trim()),
        Ok(None) => Shut::Used.page(t),
        Err(refusal) => form::page(t, &token, &first, &wrong(refusal)),
    }
}

fn wrong(refusal: Refusal) -> Wrong {
    match refusal {
        Refusal::Invalid(invalid) => Wrong::Fields(invalid),
        Refusal::Conflict { field: Some(_), .. } => Wrong::Taken,
        other => {
            log::error!("{other}");
            Wrong::Failed
        }
    }
}

fn done(
    t: &'static Language,
    state: &State,
    base: &str,
    organization: &Organization,
    email: &str,
) -> HttpResponse {
    let slug = organization.slug.as_str();
    let done = Done {
        t,
        organization: &organization.name,
        slug,
        email,
        commands: Commands::new(base, email, slug),
        data: &state.site.data,
    };
    page::answer(StatusCode::OK, &done)
}

pub(crate) fn mount(config: &mut web::ServiceConfig) {
    let link = web::resource(format!("{SETUP}/{{token}}")).route(web::get().to(show));
    let form = web::resource(SETUP)
        .app_data(web::FormConfig::default().limit(LARGEST))
        .route(web::get().to(without_token))
        .route(web::post().to(send));
    config
        .service(firma_http::telling("GET", link))
        .service(firma_http::telling("GET, POST", form));
}

//! Signing in by a provider. What the calls look like in the documentation stands beside, in `provided`.

use super::Answered;
use super::sign_in::stepping_up;
use crate::call::{Call, Open, Said};
use crate::cookies;
use crate::limits::Limited;
use crate::problem::Problem;
use crate::render;
use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse};
use firma_domain::input;
use firma_services::identity::{
    self, Arrival, Arrived, Door, End, ProviderPlace, Purpose, Settled, Start, Transport,
};
use firma_services::{Fault, Refusal};

pub(super) async fn list(request: HttpRequest, Open(said): Open) -> Answered {
    let key = &said.state.signer.keys.cursor;
    let page = render::page(said.state.providers.listed(said.query()?, key)?)?;
    Ok(render::response(page, &request))
}

pub(super) async fn start(request: HttpRequest, Open(said): Open) -> Answered {
    said.state.limits.count(&request, Limited::SignIn, None)?;
    begin(&request, &said, Purpose::SignIn).await
}

pub(super) async fn start_link(call: Call) -> Answered {
    let caller = call.caller().await?;
    identity::may_link(&call.said().door(), caller).await?;
    begin(call.request(), call.said(), Purpose::Link(caller)).await
}

pub(super) async fn start_step_up(call: Call) -> Answered {
    let caller = stepping_up(&call).await?;
    begin(call.request(), call.said(), Purpose::StepUp(caller)).await
}

async fn begin(request: &HttpRequest, said: &Said, purpose: Purpose) -> Answered {
    let start: Start = input::raw(said.json()?).map_err(Refusal::from)?;
    if start.transport == Transport::Cookie {
        cookies::guard_sign_in(request, &said.state)?;
    }
    if !said
        .state
        .site
        .lands(&start.return_to, host(request), start.transport)
    {
        let wrong =
            "has to be a path here, an address of a site of ours, or for a program one of this machine";
        return Err(Refusal::field("return_to", "invalid", wrong).into());
    }
    let (name, place) = (provider(request), place(request, said)?);
    let departure =
        identity::start(&said.door(), &said.state.providers, &name, start, &place, purpose).await?;
    let mut answer = HttpResponse::Ok();
    if let Some(browser) = &departure.browser {
        answer.cookie(cookies::browser_is(&said.state, browser, departure.expires_in));
    }
    Ok(answer.json(departure))
}

/// The provider sends the browser here. What else it says isn't looked at.
pub(super) async fn arrive(request: HttpRequest, Open(said): Open) -> Answered {
    said.state.limits.count(&request, Limited::SignIn, None)?;
    let asked = said.foreign_query()?;
    let one = |name: &str| {
        let mut all = asked.iter().filter(|(known, _)| known == name);
        let first = all.next().map(|(_, value)| value.clone());
        first.filter(|_| all.next().is_none())
    };
    let arrival = Arrival {
        provider: provider(&request),
        state: one("state").unwrap_or_default(),
        // Who says that it was refused has no code to give.
        code: one("code").filter(|_| one("error").is_none()),
        issuer: one("iss"),
    };
    let door = Door {
        device: cookies::device(&request, &said.state),
        replaces: cookies::refresh_token(&request, &said.state),
        ..said.door()
    };
    let (place, signup) = (place(&request, &said)?, said.state.signup);
    let arrived = identity::arrive(&door, &said.state.providers, arrival, &place, signup).await?;
    Ok(sent_on(&said, arrived))
}

/// What a page has to know stands behind `#`, so that no server writes it into its log.
fn sent_on(said: &Said, arrived: Arrived) -> HttpResponse {
    let mut answer = HttpResponse::SeeOther();
    let to = match arrived {
        Arrived::Relayed(to) => to,
        Arrived::In(to, signed_in) => {
            let csrf = cookies::signing_in(&mut answer, &said.state, &signed_in);
            format!("{to}#csrf_token={csrf}")
        }
        Arrived::Linked(to, account) => format!("{to}#linked={account}"),
        Arrived::SteppedUp(to, done) => format!("{to}#stepped_up={}", done.valid_until),
        Arrived::Refused(to, Refusal::SecondFactor(challenge)) => {
            format!("{to}#error=second_factor_required&challenge={challenge}")
        }
        Arrived::Refused(to, refusal) => format!("{to}#error={}", Problem::from(&refusal).code()),
    };
    answer.insert_header((header::LOCATION, to)).finish()
}

pub(super) async fn token(request: HttpRequest, Open(said): Open) -> Answered {
    said.state.limits.count(&request, Limited::SignIn, None)?;
    match ended(&request, &said, Purpose::SignIn).await? {
        Settled::In(signed_in) => Ok(HttpResponse::Ok().json(signed_in)),
        _ => Err(Refusal::ProviderRefused.into()),
    }
}

pub(super) async fn link(call: Call) -> Answered {
    let said = call.said();
    let caller = call.caller().await?;
    let check = move |tx: &mut firma_services::Tx<'_>| caller.check(tx);
    said.state.database.read(check).await?;
    let Settled::Linked(account) = ended(call.request(), said, Purpose::Link(caller)).await? else {
        return Err(Refusal::ProviderRefused.into());
    };
    let state = said.state.clone();
    let look =
        move |tx: &mut firma_services::Tx<'_>| identity::account(tx, caller, &state.providers, account);
    let shown = said.state.database.read(look).await?;
    let at = format!("/api/v1/me/accounts/{account}");
    Ok(HttpResponse::Created()
        .insert_header((header::LOCATION, at))
        .json(shown))
}

pub(super) async fn step_up(call: Call) -> Answered {
    let caller = stepping_up(&call).await?;
    match ended(call.request(), call.said(), Purpose::StepUp(caller)).await? {
        Settled::SteppedUp(done) => Ok(HttpResponse::Ok().json(done)),
        _ => Err(Refusal::ProviderRefused.into()),
    }
}

async fn ended(request: &HttpRequest, said: &Said, purpose: Purpose) -> Result<Settled, Problem> {
    let end: End = input::raw(said.json()?).map_err(Refusal::from)?;
    let (place, signup) = (place(request, said)?, said.state.signup);
    Ok(identity::finish(&said.door(), &said.state.providers, end, &place, signup, purpose).await?)
}

fn provider(request: &HttpRequest) -> String {
    request
        .match_info()
        .get("provider")
        .unwrap_or_default()
        .to_owned()
}

fn host(request: &HttpRequest) -> &str {
    let host = request.headers().get(header::HOST);
    host.and_then(|host| host.to_str().ok()).unwrap_or_default()
}

/// Where this server stands, and what the browser showed.
fn place(request: &HttpRequest, said: &Said) -> Result<ProviderPlace, Problem> {
    let address = said.state.site.address(host(request));
    let address = address.ok_or_else(|| Fault::Internal("FIRMA_PUBLIC_URL is needed for providers".into()));
    Ok(ProviderPlace {
        address: address.map_err(Refusal::from)?,
        browser: cookies::browser(request, &said.state),
    })
}

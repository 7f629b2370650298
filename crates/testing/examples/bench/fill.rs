//! What is measured against: organizations and deals, all made through the API.

use crate::load::Dice;
use crate::server::{EMAIL, PASSWORD, Server};
use firma_testing::{Answer, Client};
use serde_json::{Value, json};

/// Deals that one read or list is picked from.
pub const DEALS: usize = 10_000;
/// Open deals of the organization whose pages are walked: 1,000 pages of `PAGE`.
pub const OPEN: usize = 10_000;
/// Organizations that deals are created in, so that not all wait for one head.
const PLACES: usize = 10;

/// An organization with what a deal needs.
pub struct Place {
    pub id: String,
    /// `/api/v1/organizations/{slug}`
    pub path: String,
    pub pipeline: String,
    pub company: String,
    /// An open stage, the won, the lost one
    pub stages: [String; 3],
}

pub struct Filled {
    pub token: String,
    pub user: String,
    /// The organization of `DEALS` deals: half open, a quarter won, a quarter lost
    pub main: Place,
    /// Ids of its deals
    pub deals: Vec<String>,
    pub places: Vec<Place>,
    pub paged: Place,
}

/// A client with connections of its own: the server ends those that were idle for seconds.
pub fn client(server: &Server, token: &str) -> Client {
    Client::new(&server.base(), Some(token.to_owned()))
}

/// The body of an answer that has to be a success.
pub fn good(answer: Answer) -> Result<Value, String> {
    match answer.status {
        200..=299 => Ok(answer.body),
        status => Err(format!("{status}: {}", answer.text)),
    }
}

pub fn text(value: &Value) -> Result<String, String> {
    value
        .as_str()
        .map(str::to_owned)
        .ok_or(format!("no text: {value}"))
}

pub fn sign_in(server: &Server, email: &str) -> Result<(String, String), String> {
    let body = json!({"email": email, "password": PASSWORD});
    let signed_in = good(Client::new(&server.base(), None).post("/api/v1/auth/login", body))?;
    Ok((text(&signed_in["access_token"])?, text(&signed_in["user"]["id"])?))
}

pub fn fill(server: &Server) -> Result<Filled, String> {
    server.admin(&[
        "create",
        "--email",
        EMAIL,
        "--organization",
        "Main",
        "--slug",
        "main",
    ])?;
    let (token, user) = sign_in(server, EMAIL)?;
    let main = place(server, &token, "main", false)?;
    let deals = deals(server, &token, &main, DEALS, |n| [0, 1, 0, 2][n % 4])?;
    let paged = place(server, &token, "paged", true)?;
    self::deals(server, &token, &paged, OPEN + 2_000, |n| {
        if n % 6 == 5 { 1 + n % 2 } else { 0 }
    })?;
    let places = (0..PLACES).map(|n| place(server, &token, &format!("place-{n}"), true));
    let places = places.collect::<Result<_, _>>()?;
    Ok(Filled {
        token,
        user,
        main,
        deals,
        places,
        paged,
    })
}

/// An organization, made or found, and a company in it.
pub fn place(server: &Server, token: &str, slug: &str, make: bool) -> Result<Place, String> {
    let (client, path) = (client(server, token), format!("/api/v1/organizations/{slug}"));
    if make {
        good(client.post("/api/v1/organizations", json!({"name": slug, "slug": slug})))?;
    }
    let id = text(&good(client.get(&path))?["id"])?;
    let company = text(&good(client.post(&format!("{path}/companies"), json!({"name": "Acme"})))?["id"])?;
    let stages = good(client.get(&format!("{path}/stages?sort=position")))?;
    let of = |kind: &str| {
        let mut stages = stages["data"].as_array().into_iter().flatten();
        stages
            .find(|stage| stage["kind"] == kind)
            .ok_or(format!("no stage is {kind}"))
    };
    let pipeline = text(&of("OPEN")?["pipeline_id"])?;
    let stages = [
        text(&of("OPEN")?["id"])?,
        text(&of("WON")?["id"])?,
        text(&of("LOST")?["id"])?,
    ];
    Ok(Place {
        id,
        path,
        pipeline,
        company,
        stages,
    })
}

/// A deal as a client sends it.
pub fn deal(place: &Place, stage: usize, n: u64) -> Value {
    json!({
        "title": format!("Deal {n}"), "company_id": place.company, "stage_id": place.stages[stage],
        "value": {"amount": format!("{}.50", n % 100_000), "currency": "EUR"},
        "opened_on": "2026-01-05", "expected_close": "2026-12-01",
    })
}

/// Deals in bulk; their ids.
fn deals(
    server: &Server,
    token: &str,
    place: &Place,
    count: usize,
    stage: impl Fn(usize) -> usize,
) -> Result<Vec<String>, String> {
    let (client, mut dice, mut ids) = (client(server, token), Dice::new(0), Vec::with_capacity(count));
    let all: Vec<usize> = (0..count).collect();
    for some in all.chunks(1_000) {
        let operation = |n: &usize| json!({"op": "create", "value": deal(place, stage(*n), *n as u64)});
        let operations: Vec<_> = some.iter().map(operation).collect();
        let key = format!("fill-{:x}", dice.roll());
        let path = format!("{}/deals/bulk", place.path);
        let made = good(client.post_once(&path, &key, json!({"operations": operations})))?;
        for result in made["results"].as_array().into_iter().flatten() {
            ids.push(text(&result["id"])?);
        }
    }
    match ids.len() == count {
        true => Ok(ids),
        false => Err(format!("{} of {count} deals were made", ids.len())),
    }
}

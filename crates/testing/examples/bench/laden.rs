//! A member who holds much, and is in many teams: what it costs to decide for such a one.

use crate::fill::{Filled, client, good, sign_in, text};
use crate::server::Server;
use firma_auth::access::{SYSTEM_ROLES, permissions};
use serde_json::{Value, json};

const EMAIL: &str = "laden@bench.example";
const ASSIGNMENTS: usize = 20;
const TEAMS: usize = 50;
/// Permissions that each of the organization's own roles gives.
const GIVEN: usize = 25;

/// Makes the member in the main organization; the token. Its deals are seen by a team, the last one.
pub fn member(server: &Server, filled: &Filled) -> Result<String, String> {
    let (owner, main) = (client(server, &filled.token), &filled.main.path);
    let post = |below: &str, body: Value| good(owner.post(&format!("{main}/{below}"), body));
    // None that reaches the whole organization, so that the teams are asked for.
    let inside = |name: &str| !["ceo", "admin", "product_manager", "stakeholder"].contains(&name);
    let system = SYSTEM_ROLES
        .iter()
        .filter(|role| !role.platform && inside(role.name));
    let roles: Vec<_> = system.map(|role| role.id).collect();
    let body = json!({"email": EMAIL, "name": "Laden", "role_ids": roles});
    let member = text(&post("members", body)?["id"])?;
    let given: Vec<_> = permissions()
        .filter(|permission| permission.resource.name != "deals")
        .map(|permission| permission.name())
        .collect();
    for (n, some) in given
        .chunks(GIVEN)
        .cycle()
        .take(ASSIGNMENTS - roles.len())
        .enumerate()
    {
        let body = json!({"name": format!("own-{n}"), "display_name": "Own", "permissions": some});
        let role = text(&post("roles", body)?["id"])?;
        post("role-assignments", json!({"user_id": member, "role_id": role}))?;
    }
    for n in 0..TEAMS {
        let name = format!("team-{n}");
        let team = text(&post("teams", json!({"name": name, "slug": name}))?["id"])?;
        post("team-members", json!({"team_id": team, "user_id": member}))?;
        if n + 1 == TEAMS {
            post("team-members", json!({"team_id": team, "user_id": filled.user}))?;
        }
    }
    server.admin(&["password", "--email", EMAIL])?;
    Ok(sign_in(server, EMAIL)?.0)
}

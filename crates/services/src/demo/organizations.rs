//! The teams: so that who reaches their team's rows reaches something.

use super::people::email;
use super::{Step, find, make};
use firma_domain::Instant;
use firma_domain::organizations::{Member, Team, TeamMember};
use serde_json::json;

/// Slug, name, and the roles of those in it, who leads it first.
const TEAMS: [(&str, &str, &[&str]); 2] = [
    ("sales", "Sales", &["manager", "employee"]),
    (
        "product",
        "Product",
        &["product_manager", "developer", "designer"],
    ),
];

pub(super) fn steps(begins: Instant) -> Vec<Step> {
    let team = |(slug, name, roles): (&'static str, &'static str, &'static [&'static str])| {
        Step::new(begins.plus_seconds(3_600), "ceo", move |work| {
            let team = make::<Team>(work, json!({"name": name, "slug": slug}))?.id;
            for (n, role) in roles.iter().enumerate() {
                let user = find::<Member>(work, "email", &email(role))?;
                make::<TeamMember>(work, json!({"team_id": team, "user_id": user, "is_lead": n == 0}))?;
            }
            Ok(())
        })
    };
    TEAMS.into_iter().map(team).collect()
}

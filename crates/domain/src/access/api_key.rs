use crate::entity::Entity;
use crate::value::{Instant, IpRange};
use serde::{Deserialize, Serialize};
use std::net::IpAddr;
use validator::Validate;

/// A key by which a program calls in the place of the member who made it. Its secret is shown once and not kept.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Validate)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct ApiKey {
    /// What it is for
    #[validate(length(min = 1, max = 255))]
    pub name: String,
    /// Its beginning, by which it is recognized: `firma_<prefix>_…`
    #[serde(default)]
    pub prefix: String,
    /// What it may do, as far as its creator may: names such as `deals:read:team`
    #[validate(length(max = 1_000))]
    pub permissions: Vec<String>,
    /// From this instant on it is refused
    #[serde(default)]
    pub expires_at: Option<Instant>,
    /// The addresses from which it is taken; from everywhere where there are none
    #[serde(default)]
    #[validate(length(max = 100))]
    pub allowed_ip_ranges: Vec<IpRange>,
    /// When it was last used, to the minute; the version doesn't change with it
    #[serde(default)]
    pub last_used_at: Option<Instant>,
    /// Since when it is refused for good
    #[serde(default)]
    pub revoked_at: Option<Instant>,
}

impl ApiKey {
    /// Whether it is taken from an address. One that isn't known is in no range.
    pub fn is_taken_from(ranges: &[IpRange], address: Option<IpAddr>) -> bool {
        ranges.is_empty() || address.is_some_and(|address| ranges.iter().any(|range| range.contains(address)))
    }
}

impl Entity for ApiKey {
    const NAME: &'static str = "api_key";
    const COLLECTION: &'static str = "api-keys";
    const READ_ONLY: &'static [&'static str] = &["prefix", "last_used_at", "revoked_at"];
    const LEAST: &'static str = r#"{"name": "A", "permissions": []}"#;

    fn verb(before: &Self, after: &Self) -> &'static str {
        match (before.revoked_at, after.revoked_at) {
            (None, Some(_)) => "revoked",
            _ => "updated",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_that_is_not_known_is_in_no_range() {
        let ranges = [IpRange::parse("192.0.2.0/24").unwrap()];
        let inside: IpAddr = "192.0.2.1".parse().unwrap();
        assert!(ApiKey::is_taken_from(&ranges, Some(inside)));
        assert!(!ApiKey::is_taken_from(
            &ranges,
            Some("192.0.3.1".parse().unwrap())
        ));
        assert!(!ApiKey::is_taken_from(&ranges, None));
        assert!(ApiKey::is_taken_from(&[], None) && ApiKey::is_taken_from(&[], Some(inside)));
    }
}

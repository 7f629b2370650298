use crate::entity::Entity;
use crate::spelled;
use serde::{Deserialize, Serialize};
use validator::{Validate, ValidationError};

spelled! {
    /// Whose role it is.
    RoleType {
        /// Of those who run the installation
        Platform = "platform",
        /// The same in every organization
        Organization = "organization",
        /// One that an organization made for itself
        Custom = "custom",
    }
}

/// What those who hold it may do. The system's are code, and the same in every organization; an organization makes
/// others for itself.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Validate)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct Role {
    /// Its name in programs: 2 to 50 of a-z, 0-9 and single hyphens or underscores between them. Unique among the
    /// organization's live roles and the system's
    #[validate(custom(function = "name"))]
    pub name: String,
    /// Its name for people
    #[validate(length(min = 1, max = 255))]
    pub display_name: String,
    /// What it is for
    #[serde(default)]
    #[validate(length(min = 1, max = 1_000))]
    pub description: Option<String>,
    /// What it gives: names of permissions such as `deals:update:own`, of each the widest scope
    #[serde(default)]
    #[validate(length(max = 1_000))]
    pub permissions: Vec<String>,
    /// Whose it is
    #[serde(default = "custom")]
    pub role_type: RoleType,
    /// Whether it comes with the system, which nobody changes
    #[serde(default)]
    pub is_system: bool,
}

fn custom() -> RoleType {
    RoleType::Custom
}

fn name(text: &str) -> Result<(), ValidationError> {
    let inside = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit();
    let parts = || text.split(['-', '_']);
    if (2..=50).contains(&text.len()) && parts().all(|part| !part.is_empty() && part.bytes().all(inside)) {
        return Ok(());
    }
    let what = "has to be 2 to 50 of a-z, 0-9 and single hyphens or underscores between them";
    Err(ValidationError::new("name").with_message(what.into()))
}

impl Entity for Role {
    const NAME: &'static str = "role";
    const COLLECTION: &'static str = "roles";
    const READ_ONLY: &'static [&'static str] = &["role_type", "is_system"];
    const LONG: &'static [&'static str] = &["description"];
    const LEAST: &'static str = r#"{"name": "aa", "display_name": "A"}"#;
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::input;
    use serde_json::json;

    #[test]
    fn a_name_is_one_for_programs() {
        let of = |name: &str| input::read::<Role>(json!({"name": name, "display_name": "x"}));
        for right in ["auditor", "deal-desk", "eu_2", "a1"] {
            assert!(of(right).is_ok(), "{right}");
        }
        let long = "a".repeat(51);
        for wrong in [
            "", "a", "Auditor", "-a", "a-", "a__b", "a-_b", "a b", "prüfer", "a.b", &long,
        ] {
            assert!(of(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn what_it_is_is_not_said_by_who_makes_it() {
        let role: Role = input::read(json!({"name": "auditor", "display_name": "Auditor"})).unwrap();
        assert_eq!((role.role_type, role.is_system), (RoleType::Custom, false));
        for field in [json!({"is_system": true}), json!({"role_type": "platform"})] {
            assert!(input::patch::<Role>(field).is_err());
        }
    }
}

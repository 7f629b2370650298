use super::Settings;
use crate::entity::Entity;
use crate::input::Invalid;
use crate::spelled;
use crate::value::{Currency, Domain, Email, Id, Instant, Locale, Slug, Zone};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use validator::Validate;

spelled! {
    /// How large a firm is.
    Size {
        /// Just begun
        Startup = "startup",
        /// Fewer than 50 people
        Small = "small",
        /// Fewer than 250 people
        Medium = "medium",
        /// Fewer than 1,000 people
        Large = "large",
        /// 1,000 people and more
        Enterprise = "enterprise",
    }
}
spelled! {
    /// `suspended` is read-only, `archived` is closed.
    Status {
        /// In use
        Active = "active",
        /// May be read, not written
        Suspended = "suspended",
        /// Closed
        Archived = "archived",
    }
}

/// The tenant: a firm and all that belongs to it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Validate)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct Organization {
    /// The firm's name
    #[validate(length(min = 1, max = 255))]
    pub name: String,
    /// Its name in addresses; unique
    pub slug: Slug,
    /// What the firm does
    #[serde(default)]
    #[validate(length(max = 20_000))]
    pub description: Option<String>,
    /// Its own domain: a claim, until a DNS record proves it
    #[serde(default)]
    pub domain: Option<Domain>,
    /// Since when the domain is proved; a proved one is no other organization's
    #[serde(default)]
    pub domain_verified_at: Option<Instant>,
    /// Its logo: an image among its files
    #[serde(default)]
    pub logo_id: Option<Id>,
    /// Website
    #[serde(default)]
    #[validate(custom(function = "crate::value::website"), length(max = 255))]
    pub website: Option<String>,
    /// Industry
    #[serde(default)]
    #[validate(length(max = 50))]
    pub industry: Option<String>,
    /// How large it is
    #[serde(default)]
    pub size_category: Option<Size>,
    /// ISO 3166 alpha-2; phones are read in it
    #[serde(default)]
    #[validate(length(equal = 2), custom(function = "crate::value::country"))]
    pub country: Option<String>,
    /// Its time zone; days, periods and due dates follow it
    #[serde(default)]
    pub timezone: Zone,
    /// Its language
    #[serde(default)]
    pub locale: Locale,
    /// The currency that reports are in unless asked otherwise
    #[serde(default)]
    pub default_currency: Currency,
    /// Where Firma's own bills go
    #[serde(default)]
    pub billing_email: Option<Email>,
    /// Plan; set by the platform
    #[serde(default)]
    #[validate(length(min = 1, max = 50))]
    pub subscription_plan: Option<String>,
    /// The most members it may have; none for no limit; set by the platform
    #[serde(default)]
    #[validate(range(min = 1))]
    pub max_users: Option<i32>,
    /// Whether it may be written to, or opened at all
    #[serde(default = "active")]
    pub status: Status,
    /// The member who owns it
    #[serde(default)]
    pub owner_id: Option<Id>,
    /// How it wants to work
    #[serde(default)]
    #[validate(nested)]
    pub settings: Settings,
    /// Anything, as an object: at most 16 KB, 100 keys of at most 100 characters
    #[serde(default)]
    #[cfg_attr(feature = "openapi", schema(value_type = Object))]
    pub metadata: Map<String, Value>,
}

fn active() -> Status {
    Status::Active
}

impl Entity for Organization {
    const NAME: &'static str = "organization";
    const COLLECTION: &'static str = "organizations";
    const READ_ONLY: &'static [&'static str] = &[
        "domain_verified_at",
        "subscription_plan",
        "max_users",
        "status",
        "owner_id",
    ];
    const LONG: &'static [&'static str] = &["description", "metadata"];
    const FREE: &'static [&'static str] = &["metadata"];
    const LEAST: &'static str = r#"{"name": "A", "slug": "aa"}"#;

    fn check(&self) -> Result<(), Invalid> {
        crate::value::metadata(&self.metadata)
    }

    fn verb(before: &Self, after: &Self) -> &'static str {
        match (before.status, after.status) {
            (Status::Archived, Status::Active) => "restored",
            (Status::Suspended, Status::Active) => "reactivated",
            (before, Status::Archived) if before != Status::Archived => "archived",
            (before, Status::Suspended) if before != Status::Suspended => "suspended",
            _ if before.owner_id != after.owner_id => "transferred",
            _ if before.slug != after.slug => "renamed",
            _ if before.domain_verified_at.is_none() && after.domain_verified_at.is_some() => {
                "domain_verified"
            }
            _ if before.domain == after.domain && before.domain_verified_at > after.domain_verified_at => {
                "domain_lost"
            }
            _ => "updated",
        }
    }
}

impl Organization {
    /// For so many seconds an old slug leads to the new one, and is nobody else's: 90 days.
    pub const SLUG_KEPT: i64 = 90 * 86_400;

    /// Its domain, if it is proved: the one that leads to it.
    pub fn verified_domain(&self) -> Option<&Domain> {
        self.domain.as_ref().filter(|_| self.domain_verified_at.is_some())
    }

    /// The organization in another state.
    ///
    /// # Errors
    /// The states from which it may come to that one, where it isn't in one of them.
    pub fn moved_to(&self, status: Status) -> Result<Organization, &'static [Status]> {
        let from: &[Status] = match status {
            Status::Active => &[Status::Suspended, Status::Archived],
            Status::Suspended | Status::Archived => &[Status::Active],
        };
        match from.contains(&self.status) {
            true => Ok(Organization {
                status,
                ..self.clone()
            }),
            false => Err(from),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::input::{merge, patch, read};
    use crate::organizations::Feature;
    use serde_json::json;

    fn organization(more: Value) -> Result<Organization, Invalid> {
        let mut body = json!({"name": "Acme", "slug": "acme"});
        for (name, value) in more.as_object().unwrap() {
            body[name] = value.clone();
        }
        read(body)
    }

    #[track_caller]
    fn wrong(more: Value) -> (String, String) {
        let Invalid(errors) = organization(more).unwrap_err();
        (errors[0].pointer.clone(), errors[0].code.to_string())
    }

    #[test]
    fn settings_have_a_schema() {
        let plain = organization(json!({})).unwrap();
        assert_eq!(plain.settings, Settings::default());
        assert_eq!(plain.settings.switched_off(), []);
        for (settings, pointer, code) in [
            (json!({"colour": 1}), "/colour", "unknown_field"),
            (
                json!({"branding": {"logo": "x"}}),
                "/branding/logo",
                "unknown_field",
            ),
            (
                json!({"branding": {"primary_color": "blue"}}),
                "/branding/primary_color",
                "color",
            ),
            (
                json!({"branding": {"accent_color": "#12345g"}}),
                "/branding/accent_color",
                "color",
            ),
            (json!({"features": ["crm"]}), "/features/0", "invalid_value"),
            (json!({"features": ["sales", "sales"]}), "/features", "repeated"),
            (json!({"week_start": "friday"}), "/week_start", "invalid_value"),
            (
                json!({"second_factor_required": "yes"}),
                "/second_factor_required",
                "invalid_type",
            ),
            (json!({"branding": null}), "/branding", "invalid_type"),
        ] {
            let found = wrong(json!({"settings": settings}));
            assert_eq!(found, (format!("#/settings{pointer}"), code.to_owned()));
        }
    }

    #[test]
    fn a_patch_of_settings_changes_what_it_names() {
        let before = organization(json!({"settings": {"branding": {"primary_color": "#3B82F6"}}})).unwrap();
        let change = json!({"settings": {"features": ["sales"], "branding": {"accent_color": "#000000"}}});
        let after = merge(&before, patch::<Organization>(change).unwrap()).unwrap();
        assert_eq!(after.settings.branding.primary_color.as_deref(), Some("#3B82F6"));
        assert_eq!(after.settings.branding.accent_color.as_deref(), Some("#000000"));
        assert_eq!(
            after.settings.switched_off(),
            [Feature::Product, Feature::Site, Feature::Practice, Feature::Work]
        );
    }

    #[test]
    fn the_platform_and_the_system_set_the_rest() {
        for (field, value) in [
            ("status", json!("archived")),
            ("max_users", json!(3)),
            ("subscription_plan", json!("gold")),
            ("owner_id", json!(null)),
        ] {
            let found = wrong(json!({field: value}));
            assert_eq!(found, (format!("#/{field}"), "read_only".to_owned()));
        }
        assert_eq!(
            wrong(json!({"domain": "acme"})),
            ("#/domain".into(), "invalid_value".into())
        );
        let large = json!({"metadata": {"k": "x".repeat(17_000)}});
        assert_eq!(wrong(large), ("#/metadata".into(), "metadata".into()));
        assert_eq!(
            wrong(json!({"metadata": []})),
            ("#/metadata".into(), "invalid_type".into())
        );
    }

    #[test]
    fn goes_from_state_to_state_and_says_what_happened() {
        use Status::{Active, Archived, Suspended};
        let of = |status| Organization {
            status,
            ..organization(json!({})).unwrap()
        };
        for (from, to, verb) in [
            (Active, Suspended, Some("suspended")),
            (Active, Archived, Some("archived")),
            (Active, Active, None),
            (Suspended, Active, Some("reactivated")),
            (Suspended, Archived, None),
            (Suspended, Suspended, None),
            (Archived, Active, Some("restored")),
            (Archived, Suspended, None),
            (Archived, Archived, None),
        ] {
            let moved = of(from).moved_to(to);
            let found = moved.ok().map(|after| Organization::verb(&of(from), &after));
            assert_eq!(found, verb, "{from:?} {to:?}");
        }
        let other = Organization {
            slug: Slug::parse("other").unwrap(),
            ..of(Active)
        };
        assert_eq!(Organization::verb(&of(Active), &other), "renamed");
        let owned = Organization {
            owner_id: Some(Id::fixed(9, 1)),
            ..of(Active)
        };
        assert_eq!(Organization::verb(&of(Active), &owned), "transferred");
    }
}

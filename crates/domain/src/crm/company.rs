use crate::entity::Entity;
use crate::organizations::Size;
use crate::value::{Email, Id};
use serde::{Deserialize, Serialize};
use validator::Validate;

/// A postal address.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, Validate)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields, expecting = "an address: an object")]
pub struct Address {
    /// Street and number
    #[serde(default)]
    #[validate(length(max = 255))]
    pub street: Option<String>,
    /// Postal code
    #[serde(default)]
    #[validate(length(max = 20))]
    pub postal_code: Option<String>,
    /// City
    #[serde(default)]
    #[validate(length(max = 100))]
    pub city: Option<String>,
    /// Region or state
    #[serde(default)]
    #[validate(length(max = 100))]
    pub region: Option<String>,
    /// ISO 3166 alpha-2
    #[serde(default)]
    #[validate(length(equal = 2), custom(function = "crate::value::country"))]
    pub country: Option<String>,
}

/// A business that the organization deals with.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Validate)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct Company {
    /// Its id where it came from; unique among live companies
    #[serde(default)]
    #[validate(length(min = 1, max = 255))]
    pub external_id: Option<String>,
    /// The name it is known by
    #[validate(length(min = 1, max = 255))]
    pub name: String,
    /// The name in the register
    #[serde(default)]
    #[validate(length(max = 255))]
    pub legal_name: Option<String>,
    /// Tax number; unique among live companies
    #[serde(default)]
    #[validate(length(min = 1, max = 50))]
    pub tax_number: Option<String>,
    /// Registration number
    #[serde(default)]
    #[validate(length(max = 50))]
    pub registration_number: Option<String>,
    /// Industry
    #[serde(default)]
    #[validate(length(max = 100))]
    pub industry: Option<String>,
    /// How large it is
    #[serde(default)]
    pub size: Option<Size>,
    /// Website
    #[serde(default)]
    #[validate(custom(function = "crate::value::website"), length(max = 255))]
    pub website: Option<String>,
    /// Phone, as typed
    #[serde(default)]
    #[validate(length(min = 1, max = 50))]
    pub phone: Option<String>,
    /// The same phone in E.164, read in the organization's country
    #[serde(default)]
    pub phone_e164: Option<String>,
    /// E-mail address
    #[serde(default)]
    pub email: Option<Email>,
    /// Where bills go
    #[serde(default)]
    #[validate(nested)]
    pub billing_address: Option<Address>,
    /// Where goods go
    #[serde(default)]
    #[validate(nested)]
    pub shipping_address: Option<Address>,
    /// The company that this one belongs to
    #[serde(default)]
    pub parent_id: Option<Id>,
    /// The member who looks after it: a user's id
    #[serde(default)]
    pub owner_id: Option<Id>,
    /// Tags
    #[serde(default)]
    #[validate(custom(function = "super::tags"))]
    pub tags: Vec<String>,
}

impl Entity for Company {
    const NAME: &'static str = "company";
    const COLLECTION: &'static str = "companies";
    const OWNED: bool = true;
    const TAGGED: bool = true;
    const READ_ONLY: &'static [&'static str] = &["phone_e164"];
    const LEAST: &'static str = r#"{"name": "A"}"#;

    fn tags(&self) -> &[String] {
        &self.tags
    }
    fn owner(&self) -> Option<Id> {
        self.owner_id
    }
    fn set_owner(&mut self, owner: Option<Id>) {
        self.owner_id = owner;
    }
}

use crate::entity::Entity;
use crate::value::Id;
use serde::{Deserialize, Serialize};
use validator::Validate;

/// A contact of a deal. Of a deal's contacts exactly one is the primary one.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Validate)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct DealContact {
    /// The deal; stays
    pub deal_id: Id,
    /// The contact, once a deal; stays
    pub contact_id: Id,
    /// Whether it is the one whom the deal is made with: the first is, and a new one takes it from the old
    #[serde(default)]
    pub is_primary: bool,
    /// The deal's owner: a user's id
    #[serde(default)]
    pub owner_id: Option<Id>,
}

impl Entity for DealContact {
    const NAME: &'static str = "deal_contact";
    const COLLECTION: &'static str = "deal-contacts";
    const OWNED: bool = true;
    const READ_ONLY: &'static [&'static str] = &["owner_id"];
    const LEAST: &'static str = r#"{"deal_id": "00000000-0000-0000-0000-000000000000", "contact_id": "00000000-0000-0000-0000-000000000000"}"#;

    fn owner(&self) -> Option<Id> {
        self.owner_id
    }
    fn set_owner(&mut self, owner: Option<Id>) {
        self.owner_id = owner;
    }
}

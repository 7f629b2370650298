use super::decimal;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error};

/// A share of one with four decimals, such as `0.2500` for a quarter; 0 to 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Rate(i32);

impl Rate {
    /// Decimals that are kept.
    pub const PLACES: u32 = 4;
    /// Nothing.
    pub const ZERO: Rate = Rate(0);
    /// All.
    pub const ONE: Rate = Rate(10_000);

    /// From units of 10^-4; `None` outside 0 to 1.
    pub fn new(scaled: i32) -> Option<Rate> {
        (Rate::ZERO..=Rate::ONE)
            .contains(&Rate(scaled))
            .then_some(Rate(scaled))
    }

    /// Units of 10^-4.
    pub fn scaled(self) -> i32 {
        self.0
    }
}

impl Serialize for Rate {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(&decimal::print(i64::from(self.0), Rate::PLACES))
    }
}

impl<'de> Deserialize<'de> for Rate {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        decimal::parse(&String::deserialize(from)?, Rate::PLACES)
            .and_then(|scaled| i32::try_from(scaled).ok())
            .and_then(Rate::new)
            .ok_or_else(|| D::Error::custom("not a decimal from 0 to 1 with at most 4 decimals"))
    }
}

#[cfg(feature = "openapi")]
crate::entity::schema_of!(
    Rate,
    string,
    "decimal",
    "A share of one, 0 to 1, with four decimals"
);

use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;
use uuid::Uuid;

/// The id of a row: a UUID, version 7 for all that Firma makes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Id(pub Uuid);

impl Id {
    /// The reserved organization: owner of system roles and of the system's own chain.
    pub const NIL: Id = Id(Uuid::nil());

    /// A version 7 id from milliseconds since 1970 and ten random bytes.
    pub fn from_parts(millis: u64, random: &[u8; 10]) -> Id {
        Id(uuid::Builder::from_unix_timestamp_millis(millis, random).into_uuid())
    }

    /// A fixed id for what is code and stands in a table too: roles and permissions.
    #[allow(clippy::as_conversions)] // widening, where `from` is not const
    pub const fn fixed(kind: u16, number: u16) -> Id {
        Id(Uuid::from_u128(
            0x0000_0000_0000_7000_8000_0000_0000_0000 | ((kind as u128) << 32) | number as u128,
        ))
    }

    /// The id of sixteen bytes.
    pub const fn from_bytes(bytes: [u8; 16]) -> Id {
        Id(Uuid::from_bytes(bytes))
    }

    /// Milliseconds since 1970 at which an id of version 7 was made.
    pub fn millis(&self) -> i64 {
        let [a, b, c, d, e, f, ..] = *self.as_bytes();
        i64::from_be_bytes([0, 0, a, b, c, d, e, f])
    }

    /// The sixteen bytes, in the order in which both databases sort.
    pub fn as_bytes(&self) -> &[u8; 16] {
        self.0.as_bytes()
    }
}

impl fmt::Display for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl FromStr for Id {
    type Err = uuid::Error;
    fn from_str(text: &str) -> Result<Id, uuid::Error> {
        Uuid::try_parse(text).map(Id)
    }
}

#[cfg(feature = "openapi")]
crate::entity::schema_of!(Id, string, "uuid", "UUID version 7");

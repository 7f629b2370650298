//! What every entity has: a name, strict reading, and the columns around its value.

use crate::input::Invalid;
use crate::value::{Email, Id, Instant};
use serde::{Serialize, de::DeserializeOwned};
use validator::Validate;

/// A kind of thing that an organization keeps. The value is what its JSON says; [`Record`] adds the rest.
pub trait Entity:
    Clone + PartialEq + Send + Sync + Serialize + DeserializeOwned + Validate + 'static
{
    /// What one is called: `deal`. Also the prefix of its events.
    const NAME: &'static str;
    /// What many are called, in paths and in permissions: `deals`.
    const COLLECTION: &'static str;
    /// Whether rows have an owner, so that `own` and `team` mean something.
    const OWNED: bool = false;
    /// Whether rows have tags.
    const TAGGED: bool = false;
    /// Whether rows are found by any of several e-mail addresses.
    const MAILED: bool = false;
    /// Fields that rules set and input can't.
    const READ_ONLY: &'static [&'static str] = &[];
    /// Text fields that may hold line breaks.
    const LONG: &'static [&'static str] = &[];
    /// Fields that are free objects: a null in a patch takes a key of one away.
    const FREE: &'static [&'static str] = &[];
    /// The least that is one: JSON of the fields that it can't do without, for what is changed by a patch. What a
    /// patch says is judged in it, before the row is looked for.
    const LEAST: &'static str = "";

    /// What is wrong with this value by itself, beyond what its fields' own checks say.
    fn check(&self) -> Result<(), Invalid> {
        Ok(())
    }

    /// The verb under which a change is recorded: `updated` unless the entity knows a better one.
    fn verb(_before: &Self, _after: &Self) -> &'static str {
        "updated"
    }

    /// Its tags.
    fn tags(&self) -> &[String] {
        &[]
    }

    /// The addresses that it is found by.
    fn emails(&self) -> &[Email] {
        &[]
    }

    /// The member who owns this row: a user's id.
    fn owner(&self) -> Option<Id> {
        None
    }

    /// Names the owner; entities without one ignore it.
    fn set_owner(&mut self, _owner: Option<Id>) {}
}

/// A stored entity: its value and the columns that every row has.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Record<T> {
    /// The row's id.
    pub id: Id,
    /// 1 at first, one more with each change; the ETag.
    pub version: i32,
    /// When the row was made.
    pub created_at: Instant,
    /// Who made it: a user's id; none for the system.
    pub created_by: Option<Id>,
    /// When it was last changed.
    pub updated_at: Instant,
    /// When it was deleted, if it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub deleted_at: Option<Instant>,
    /// The delete that took it; what one delete took, one restore brings back.
    #[serde(skip)]
    pub deletion_id: Option<Id>,
    /// The value.
    #[serde(flatten)]
    pub value: T,
}

/// Declares an enum that is written as text, in JSON as in the database.
#[macro_export]
macro_rules! spelled {
    ($(#[doc = $doc:literal])* $name:ident { $($(#[$vdoc:meta])* $variant:ident = $text:literal),* $(,)? }) => {
        $(#[doc = $doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize)]
        pub enum $name { $($(#[$vdoc])* #[serde(rename = $text)] $variant),* }
        // Not derived: that reads an object with the word as its name as well.
        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
                let text = String::deserialize(from)?;
                let unknown = |()| serde::de::Error::unknown_variant(&text, &[$($text),*]);
                text.parse().map_err(unknown)
            }
        }
        impl $name {
            /// All of them, in order.
            pub const ALL: &'static [$name] = &[$($name::$variant),*];
            /// How it is written.
            pub const fn as_str(self) -> &'static str { match self { $($name::$variant => $text),* } }
        }
        impl std::str::FromStr for $name {
            type Err = ();
            fn from_str(text: &str) -> Result<Self, ()> { match text { $($text => Ok($name::$variant),)* _ => Err(()) } }
        }
        // Not derived: that sees the variants' names, not how they are written.
        #[cfg(feature = "openapi")]
        impl utoipa::PartialSchema for $name {
            fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
                utoipa::openapi::schema::ObjectBuilder::new()
                    .schema_type(utoipa::openapi::schema::Type::String)
                    .enum_values(Some([$($text),*]))
                    .description(Some(concat!($($doc),*).trim()))
                    .into()
            }
        }
        #[cfg(feature = "openapi")]
        impl utoipa::ToSchema for $name {
            fn name() -> std::borrow::Cow<'static, str> {
                stringify!($name).into()
            }
        }
    };
}

/// The OpenAPI schema of a value that is written as a string.
#[cfg(feature = "openapi")]
macro_rules! schema_of {
    ($name:ident, string, $format:literal, $text:literal) => {
        impl utoipa::PartialSchema for $name {
            fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
                utoipa::openapi::schema::ObjectBuilder::new()
                    .schema_type(utoipa::openapi::schema::Type::String)
                    .format(Some(utoipa::openapi::SchemaFormat::Custom($format.into())))
                    .description(Some($text))
                    .into()
            }
        }
        impl utoipa::ToSchema for $name {
            fn name() -> std::borrow::Cow<'static, str> {
                stringify!($name).into()
            }
        }
    };
}
#[cfg(feature = "openapi")]
pub(crate) use schema_of;

//! Values that many entities are made of.

mod country;
mod day;
pub mod decimal;
mod domain;
mod email;
mod id;
mod instant;
mod ip_range;
mod locale;
mod metadata;
mod money;
mod rate;
mod slug;
mod tags;
pub mod text;
mod website;
mod zone;

pub(crate) use country::country;
pub use day::Day;
pub use domain::Domain;
pub use email::Email;
pub use id::Id;
pub use instant::Instant;
pub use ip_range::IpRange;
pub use locale::Locale;
pub(crate) use metadata::metadata;
pub use money::{Currency, MAX_MINOR, Money, Total};
pub use rate::Rate;
pub use slug::Slug;
pub(crate) use tags::tags;
pub(crate) use website::website;
pub use zone::Zone;

pub use chrono::NaiveDate;

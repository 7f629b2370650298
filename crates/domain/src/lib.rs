//! The business model of Firma: entities, values, rules, state tables and calculations.
//!
//! Nothing here knows of a database, a web server or a clock; what a rule needs of the outside
//! (the current instant, an id, random bytes) is given to it through the traits in [`source`].

#![deny(missing_docs)]

pub mod access;
pub mod crm;
pub mod entity;
pub mod identity;
pub mod input;
pub mod organizations;
pub mod platform;
pub mod source;
pub mod value;

pub use entity::{Entity, Record};
pub use input::{FieldError, Invalid};
pub use value::{
    Currency, Day, Domain, Email, Id, Instant, IpRange, Locale, Money, NaiveDate, Rate, Slug, Total, Zone,
};

/// The examples in the README, as tests.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;

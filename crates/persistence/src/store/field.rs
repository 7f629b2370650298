//! Fields that lists may filter and sort by: a closed vocabulary for each entity.

use crate::sql::{Cell, Col, Column, Kind, Kinded, Raw, Value};
use firma_domain::Record;
use firma_domain::value::text;
use serde::de::DeserializeOwned;

/// A field to filter by.
pub struct Field {
    /// Its name in a query
    pub name: &'static str,
    pub col: Col,
    pub kind: Kind,
    /// Reads a value as a caller writes it
    pub parse: fn(&str) -> Option<Value>,
    /// For amounts: the column of the currency beside it
    pub currency: Option<Col>,
}

/// A field to sort by.
pub struct SortBy<E> {
    /// Its name in a query
    pub name: &'static str,
    pub col: Col,
    pub nullable: bool,
    /// The row's key: what the next page begins after
    pub key: fn(&Record<E>) -> Option<Value>,
}

impl Field {
    /// Whether it can be asked for with `[gt]`, `[gte]`, `[lt]` and `[lte]`.
    pub fn is_ranged(&self) -> bool {
        matches!(self.kind, Kind::Int | Kind::Big | Kind::Day | Kind::At)
    }
}

pub(crate) const fn field<S: Kinded>(
    name: &'static str,
    col: Col,
    parse: fn(&str) -> Option<Value>,
    currency: Option<Col>,
) -> Field {
    Field {
        name,
        col,
        kind: S::KIND,
        parse,
        currency,
    }
}

pub(crate) const fn sort_by<E, S: Kinded>(
    name: &'static str,
    col: Col,
    key: fn(&Record<E>) -> Option<Value>,
) -> SortBy<E> {
    SortBy {
        name,
        col,
        nullable: S::NULLABLE,
        key,
    }
}

/// Reads a caller's text as the domain type `T`, and that as a value of the column's type.
pub(crate) fn parse<T: DeserializeOwned + Cell<S>, S: Column>(written: &str) -> Option<Value> {
    let json = match S::KIND {
        Kind::Bool | Kind::Int | Kind::Big => serde_json::from_str(written).ok()?,
        // As it would have been stored: what can't have been is no value of the field.
        Kind::Text => serde_json::Value::String(text::clean(written, false)?),
        _ => serde_json::Value::String(written.to_owned()),
    };
    serde_json::from_value::<T>(json).ok()?.put().value()
}

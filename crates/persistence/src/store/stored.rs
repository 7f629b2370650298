//! What a table must tell of an entity. The macro [`stored!`] writes it from one list of columns.

use super::field::{Field, SortBy};
use super::parts::{Outdates, Parts};
use crate::backend::{AnyConnection, At, Id as IdColumn, Instant as InstantColumn, Uid};
use crate::fault::Fault;
use crate::sql::{Cell, Col, Column, Cond, Kind, Raw, Sql, Tail, Value};
use diesel::query_dsl::methods::LoadQuery;
use diesel::sql_types::{Integer, Nullable};
use diesel::{PgConnection, SqliteConnection};
use firma_domain::{Currency, Entity, Money, Record};
use serde::de::DeserializeOwned;

/// An entity that has a table. No type of Diesel appears in it, so nothing above has a bound of Diesel.
pub trait Stored: Entity {
    const TABLE: &'static str;
    #[doc(hidden)]
    const COMMON: Common;
    /// The column of the owner
    const OWNER: Option<Col>;
    /// Columns beside those that every entity has, and whether each may be null
    const COLUMNS: &'static [(&'static str, bool)];
    /// The fields of its JSON
    const FIELDS: &'static [&'static str];
    /// A list of its JSON that stands in rows of another table
    #[doc(hidden)]
    const PARTS: Option<Parts<Self>>;
    /// Run with each row that is stored: what is kept in memory is old then
    const OUTDATES: Option<Outdates<Self>>;
    /// The fields that `?q=` looks in; none where the entity isn't searched
    const SEARCHED: &'static [&'static str];
    fn filters() -> &'static [Field];
    fn sorts() -> &'static [SortBy<Self>];
    /// The live or deleted rows that a condition leaves, in an order, at most so many, locked or not.
    #[doc(hidden)]
    fn select(c: &mut AnyConnection, w: Cond, tail: Tail) -> Result<Vec<Record<Self>>, Fault>;
    /// What stands in [`Stored::COLUMNS`], in their order.
    #[doc(hidden)]
    fn values(&self) -> Vec<Value>;
    /// What the row is found by.
    #[doc(hidden)]
    fn words(&self) -> Vec<String>;
}

#[doc(hidden)]
pub struct Common {
    pub organization: Col,
    pub id: Col,
    pub version: Col,
    pub created_at: Col,
    pub deleted_at: Col,
    pub deletion_id: Col,
}

/// The columns that every entity has, between its organization and its own.
pub(super) const META: [&str; 7] = [
    "id",
    "version",
    "created_at",
    "created_by",
    "updated_at",
    "deleted_at",
    "deletion_id",
];
pub(crate) type MetaColumns = (
    IdColumn,
    Integer,
    InstantColumn,
    Nullable<IdColumn>,
    InstantColumn,
    Nullable<InstantColumn>,
    Nullable<IdColumn>,
);
pub(crate) type MetaRow = (Uid, i32, At, Option<Uid>, At, Option<At>, Option<Uid>);

fn record<E>(meta: MetaRow, value: E) -> Record<E> {
    let (id, version, created_at, created_by, updated_at, deleted_at, deletion_id) = meta;
    Record {
        id: id.0,
        version,
        created_at: created_at.0,
        created_by: created_by.map(|u| u.0),
        updated_at: updated_at.0,
        deleted_at: deleted_at.map(|a| a.0),
        deletion_id: deletion_id.map(|u| u.0),
        value,
    }
}

/// The reader of a caller's text for the field that `_of` points at.
pub(crate) fn literal<E, T: DeserializeOwned + Cell<S>, S: Column>(
    _of: fn(&E) -> &T,
) -> fn(&str) -> Option<Value> {
    super::field::parse::<T, S>
}

/// The one of a list that may be empty.
pub(crate) const fn only<T: Copy>(some: &[T]) -> Option<T> {
    match some {
        [one, ..] => Some(*one),
        [] => None,
    }
}

/// For fields that are read in another way than as one value.
pub(crate) fn no_literal(_: &str) -> Option<Value> {
    None
}

pub(crate) fn instant_literal(text: &str) -> Option<Value> {
    super::field::parse::<firma_domain::Instant, crate::backend::Instant>(text)
}

/// An amount and its currency from their two columns.
pub(crate) fn money(minor: Option<i64>, currency: Option<String>) -> Result<Option<Money>, String> {
    let (Some(minor), Some(code)) = (minor, currency) else {
        return Ok(None);
    };
    let money = Currency::from_code(&code).and_then(|currency| Money::new(minor, currency));
    money.map(Some).ok_or_else(|| format!("{minor} {code}"))
}

/// A field's value as it is stored.
pub(crate) fn value_of<T: Cell<S>, S: Column>(of: &T) -> Value {
    of.put().value().unwrap_or(Value::Null(S::KIND))
}

pub(crate) fn minor_of(money: Option<Money>) -> Value {
    money.map_or(Value::Null(Kind::Big), |money| Value::Big(money.minor()))
}

pub(crate) fn currency_of(money: Option<Money>) -> Value {
    money.map_or(Value::Null(Kind::Text), |money| money.currency().code().into())
}

/// A field's value as a key of its column.
pub(crate) fn key_of<T: Cell<S>, S: Column>(of: &T) -> Option<Value> {
    of.put().value()
}

/// The rows that a condition leaves, read by the types of their columns.
pub(crate) fn read<R, T, E: Stored>(
    c: &mut AnyConnection,
    columns: &'static [&'static str],
    w: Cond,
    tail: Tail,
    value: fn(T) -> Result<E, String>,
) -> Result<Vec<Record<E>>, Fault>
where
    Sql<(MetaColumns, R)>: for<'q> LoadQuery<'q, PgConnection, (MetaRow, T)>
        + for<'q> LoadQuery<'q, SqliteConnection, (MetaRow, T)>,
{
    let rows = Sql::<(MetaColumns, R)>::text("SELECT ")
        .names(META.into_iter().chain(columns.iter().copied()))
        .then(" FROM ")
        .then(E::TABLE)
        .then(" WHERE ")
        .cond(w)
        .tail(tail)
        .rows_on::<(MetaRow, T)>(c)?;
    let read = |(meta, row)| Ok(record(meta, value(row)?));
    let read: Result<Vec<_>, String> = rows.into_iter().map(read).collect();
    read.map_err(|what| Fault::Internal(format!("{} holds what no rule would store: {what}", E::TABLE)))
}

/// One list of columns; from it all that [`Stored`] asks for.
///
/// `columns` name the domain's own fields. `money` spreads a field over two columns, `folded` adds a
/// column by which text is sorted, `parts` is a list in another table, and how that is read and written, `outdates` says
/// that what is kept in memory is old. `filter` and `sort` are what lists may go by, beside `created_at` and
/// `updated_at`; `search` names the fields that `?q=` looks in.
macro_rules! stored {
    (
        $entity:ident in $t:ident,
        columns { $($col:ident: $sql:ty),* $(,)? }
        $(money { $($mfield:ident: $minor:ident, $currency:ident),* $(,)? })?
        $(folded { $($ffield:ident: $fcol:ident),* $(,)? })?
        $(owner { $owner:ident })?
        $(parts { $list:ident: $parts:expr })?
        $(outdates { $outdates:expr })?
        filter { $($f:ident: $fsql:ty),* $(,)? }
        sort { $($s:ident: $ssql:ty),* $(,)? }
        $(search { $($q:ident),* $(,)? })?
    ) => {
        const _: () = {
            use $crate::backend::AnyConnection;
            use $crate::fault::Fault;
            use $crate::sql::{Cell, Col, Column, Cond, Kinded, Tail, Value};
            use $crate::store::{Common, Field, SortBy, Stored};
            use firma_domain::Record;
            type Columns = ($($sql,)* $($($crate::store::minor_column!($minor), $crate::store::currency_column!($currency),)*)?);
            type Row = ($(<$sql as Column>::Raw,)* $($(<$crate::store::minor_column!($minor) as Column>::Raw, <$crate::store::currency_column!($currency) as Column>::Raw,)*)?);
            const fn at(name: &'static str) -> Col {
                Col { table: stringify!($t), name }
            }
            impl Stored for $entity {
                const TABLE: &'static str = stringify!($t);
                const COMMON: Common = Common {
                    organization: at("organization_id"), id: at("id"), version: at("version"), created_at: at("created_at"),
                    deleted_at: at("deleted_at"), deletion_id: at("deletion_id"),
                };
                const OWNER: Option<Col> = $crate::store::only(&[$(at(stringify!($owner)))?]);
                const COLUMNS: &'static [(&'static str, bool)] = &[
                    $((stringify!($col), <$sql as Kinded>::NULLABLE),)*
                    $($((stringify!($minor), true), (stringify!($currency), true),)*)?
                    $($((stringify!($fcol), false),)*)?
                ];
                const FIELDS: &'static [&'static str] = &[$(stringify!($col),)* $($(stringify!($mfield),)*)? $(stringify!($list),)?];
                const PARTS: Option<$crate::store::Parts<Self>> = $crate::store::only(&[$($parts)?]);
                const OUTDATES: Option<$crate::store::Outdates<Self>> = $crate::store::only(&[$($outdates)?]);
                const SEARCHED: &'static [&'static str] = &[$($(stringify!($q),)*)?];
                fn filters() -> &'static [Field] {
                    use $crate::store::columns::*;
                    static FIELDS: std::sync::LazyLock<Vec<Field>> = std::sync::LazyLock::new(|| vec![
                        $($crate::store::field::<$fsql>(stringify!($f), at(stringify!($f)), $crate::store::literal::<$entity, _, $fsql>(|e| &e.$f), None),)*
                        $($($crate::store::field::<BigInt>(stringify!($mfield), at(stringify!($minor)), $crate::store::no_literal, Some(at(stringify!($currency)))),)*)?
                        $crate::store::field::<Instant>("created_at", at("created_at"), $crate::store::instant_literal, None),
                        $crate::store::field::<Instant>("updated_at", at("updated_at"), $crate::store::instant_literal, None),
                    ]);
                    &FIELDS
                }
                fn sorts() -> &'static [SortBy<Self>] {
                    use $crate::store::columns::*;
                    static SORTS: std::sync::LazyLock<Vec<SortBy<$entity>>> = std::sync::LazyLock::new(|| vec![
                        $crate::store::sort_by::<$entity, Instant>("created_at", at("created_at"), |r| Some(r.created_at.into())),
                        $crate::store::sort_by::<$entity, Instant>("updated_at", at("updated_at"), |r| Some(r.updated_at.into())),
                        $($crate::store::sort_by::<$entity, $ssql>(stringify!($s), at(stringify!($s)), |r| $crate::store::key_of::<_, $ssql>(&r.value.$s)),)*
                        $($($crate::store::sort_by::<$entity, Nullable<BigInt>>(stringify!($mfield), at(stringify!($minor)), |r| r.value.$mfield.map(|m| $crate::sql::Value::Big(m.minor()))),)*)?
                        $($($crate::store::sort_by::<$entity, Text>(stringify!($ffield), at(stringify!($fcol)), |r| Some($crate::sql::Value::Text(firma_domain::value::text::fold(&r.value.$ffield)))),)*)?
                    ]);
                    &SORTS
                }
                fn select(c: &mut AnyConnection, w: Cond, tail: Tail) -> Result<Vec<Record<Self>>, Fault> {
                    const NAMES: &[&str] = &[$(stringify!($col),)* $($(stringify!($minor), stringify!($currency),)*)?];
                    $crate::store::read::<Columns, Row, Self>(c, NAMES, w, tail, |row| {
                        let ($($col,)* $($($minor, $currency,)*)?) = row;
                        Ok(Self {
                            $($col: Cell::<$sql>::take($col)?,)*
                            $($($mfield: $crate::store::money($minor, $currency)?,)*)?
                            $($list: Default::default(),)?
                        })
                    })
                }
                fn values(&self) -> Vec<Value> {
                    vec![
                        $($crate::store::value_of::<_, $sql>(&self.$col),)*
                        $($($crate::store::minor_of(self.$mfield), $crate::store::currency_of(self.$mfield),)*)?
                        $($(Value::Text(firma_domain::value::text::fold(&self.$ffield)),)*)?
                    ]
                }
                fn words(&self) -> Vec<String> {
                    let texts: &[Vec<&str>] = &[$($($crate::store::Texts::texts(&self.$q),)*)?];
                    firma_domain::value::text::words(texts.iter().flatten().copied())
                }
            }
        };
    };
}
pub(crate) use stored;

/// The type of an amount's column, for each that `money` names.
macro_rules! minor_column {
    ($name:ident) => { diesel::sql_types::Nullable<diesel::sql_types::BigInt> };
}
pub(crate) use minor_column;

/// The type of the currency's column beside it.
macro_rules! currency_column {
    ($name:ident) => { diesel::sql_types::Nullable<diesel::sql_types::Text> };
}
pub(crate) use currency_column;

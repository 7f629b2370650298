//! What a table must tell of an entity. The macro [`stored!`] writes it from one list of columns.

use super::field::{Field, SortBy};
use super::tx::Tx;
use crate::backend::{AnyConnection, At, Uid};
use crate::sql::{Cell, Col, Column, Cond, Raw, Value};
use diesel::QueryResult;
use firma_domain::{Currency, Entity, Id, Money, Record};
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
    fn filters() -> &'static [Field];
    fn sorts() -> &'static [SortBy<Self>];
    #[doc(hidden)]
    fn select(
        c: &mut AnyConnection,
        w: Cond,
        by: Vec<(Col, bool)>,
        limit: i64,
        lock: bool,
    ) -> QueryResult<Vec<Result<Record<Self>, String>>>;
    #[cfg(feature = "testing")]
    #[doc(hidden)]
    fn plan(c: &mut AnyConnection, w: Cond, by: Vec<(Col, bool)>, limit: i64) -> QueryResult<Vec<String>>;
    #[doc(hidden)]
    fn count(c: &mut AnyConnection, w: Cond) -> QueryResult<i64>;
    #[doc(hidden)]
    fn insert(c: &mut AnyConnection, organization: Id, rows: &[Record<Self>]) -> QueryResult<usize>;
    #[doc(hidden)]
    fn update(c: &mut AnyConnection, w: Cond, row: &Record<Self>) -> QueryResult<usize>;
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

pub(crate) type MetaRow = (Uid, i32, At, Option<Uid>, At, Option<At>, Option<Uid>);

pub(crate) fn record<E>(meta: MetaRow, value: E) -> Record<E> {
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

/// The one column of a list that may be empty.
pub(crate) const fn only(cols: &[Col]) -> Option<Col> {
    match cols {
        [col, ..] => Some(*col),
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

/// A field's value as a key of its column.
pub(crate) fn key_of<T: Cell<S>, S: Column>(of: &T) -> Option<Value> {
    of.put().value()
}

impl Tx<'_> {
    pub(crate) fn select<E: Stored>(
        &mut self,
        w: Cond,
        by: Vec<(Col, bool)>,
        limit: i64,
        lock: bool,
    ) -> Result<Vec<Record<E>>, crate::Fault> {
        let rows = E::select(self.conn(), w, by, limit, lock)?;
        rows.into_iter().collect::<Result<_, _>>().map_err(|what| {
            crate::Fault::Internal(format!("{} holds what no rule would store: {what}", E::TABLE))
        })
    }
}

/// One list of columns; from it the table, the row, its conversions, and what [`Stored`] asks for.
///
/// `columns` name the domain's own fields. `money` spreads a field over two columns, `folded` adds a
/// column by which text is sorted. `filter` and `sort` are what lists may go by, beside `created_at`
/// and `updated_at`.
macro_rules! stored {
    (
        $entity:ty as $row:ident in $t:ident,
        columns { $($col:ident: $sql:ty),* $(,)? }
        $(money { $($mfield:ident: $minor:ident, $currency:ident),* $(,)? })?
        $(folded { $($ffield:ident: $fcol:ident),* $(,)? })?
        $(owner { $owner:ident })?
        filter { $($f:ident: $fsql:ty),* $(,)? }
        sort { $($s:ident: $ssql:ty),* $(,)? }
    ) => {
        diesel::table! {
            use $crate::store::columns::*;
            $t (organization_id, id) {
                organization_id -> Id, id -> Id, version -> Integer, created_at -> Instant, created_by -> Nullable<Id>,
                updated_at -> Instant, deleted_at -> Nullable<Instant>, deletion_id -> Nullable<Id>,
                $($col -> $sql,)*
                $($($minor -> Nullable<BigInt>, $currency -> Nullable<Text>,)*)?
                $($($fcol -> Text,)*)?
            }
        }
        #[derive(diesel::Queryable, diesel::Insertable, diesel::AsChangeset)]
        #[diesel(table_name = $t, treat_none_as_default_value = false, treat_none_as_null = true)]
        struct $row {
            $($col: <$sql as $crate::sql::Column>::Raw,)*
            $($($minor: Option<i64>, $currency: Option<String>,)*)?
            $($($fcol: String,)*)?
        }
        impl From<&$entity> for $row {
            fn from(value: &$entity) -> $row {
                $row {
                    $($col: $crate::sql::Cell::<$sql>::put(&value.$col),)*
                    $($($minor: value.$mfield.map(|m| m.minor()), $currency: value.$mfield.map(|m| m.currency().code().to_owned()),)*)?
                    $($($fcol: firma_domain::value::text::fold(&value.$ffield),)*)?
                }
            }
        }
        impl TryFrom<$row> for $entity {
            type Error = String;
            fn try_from(row: $row) -> Result<$entity, String> {
                Ok(Self {
                    $($col: $crate::sql::Cell::<$sql>::take(row.$col)?,)*
                    $($($mfield: $crate::store::money(row.$minor, row.$currency)?,)*)?
                })
            }
        }
        const _: () = {
            #[cfg(feature = "testing")]
            use $crate::store::columns::{Integer, Text};
            use $crate::sql::{Col, Cond, On, By};
            use $crate::store::{Common, Field, MetaRow, SortBy, Stored};
            use diesel::prelude::*;
            use firma_domain::{Id as DomainId, Record};
            const fn at(name: &'static str) -> Col { Col { table: stringify!($t), name } }
            impl Stored for $entity {
                const TABLE: &'static str = stringify!($t);
                const COMMON: Common = Common {
                    organization: at("organization_id"), id: at("id"), version: at("version"), created_at: at("created_at"),
                    deleted_at: at("deleted_at"), deletion_id: at("deletion_id"),
                };
                const OWNER: Option<Col> = $crate::store::only(&[$(at(stringify!($owner)))?]);
                const COLUMNS: &'static [(&'static str, bool)] = &[
                    $((stringify!($col), <$sql as $crate::sql::Kinded>::NULLABLE),)*
                    $($((stringify!($minor), true), (stringify!($currency), true),)*)?
                    $($((stringify!($fcol), false),)*)?
                ];
                const FIELDS: &'static [&'static str] = &[$(stringify!($col),)* $($(stringify!($mfield),)*)?];
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
                fn select(c: &mut $crate::backend::AnyConnection, w: Cond, by: Vec<(Col, bool)>, limit: i64, lock: bool) -> diesel::QueryResult<Vec<Result<Record<Self>, String>>> {
                    let query = $t::table
                        .select((($t::id, $t::version, $t::created_at, $t::created_by, $t::updated_at, $t::deleted_at, $t::deletion_id), ($($t::$col,)* $($($t::$minor, $t::$currency,)*)? $($($t::$fcol,)*)?)))
                        .filter(On::<$t::table>::new(w));
                    let rows: Vec<(MetaRow, $row)> = match (lock, by.is_empty()) {
                        (true, _) => match c {
                            $crate::backend::AnyConnection::Pg(c) => query.limit(limit).for_update().load(c)?,
                            $crate::backend::AnyConnection::Sqlite(c) => query.limit(limit).load(c)?,
                        },
                        (false, true) => query.limit(limit).load(c)?,
                        (false, false) => query.order_by(By::<$t::table>::new(by)).limit(limit).load(c)?,
                    };
                    Ok(rows.into_iter().map(|(meta, row)| Ok($crate::store::record(meta, row.try_into()?))).collect())
                }
                #[cfg(feature = "testing")]
                fn plan(
                    c: &mut $crate::backend::AnyConnection,
                    w: Cond,
                    by: Vec<(Col, bool)>,
                    limit: i64,
                ) -> diesel::QueryResult<Vec<String>> {
                    use $crate::store::Explain;
                    let query = $t::table
                        .select($t::all_columns)
                        .filter(On::<$t::table>::new(w))
                        .order_by(By::<$t::table>::new(by))
                        .limit(limit);
                    match c {
                        $crate::backend::AnyConnection::Pg(c) => Explain::<_, Text>::new(query, "EXPLAIN ").load::<String>(c),
                        $crate::backend::AnyConnection::Sqlite(c) => {
                            let rows = Explain::<_, (Integer, Integer, Integer, Text)>::new(query, "EXPLAIN QUERY PLAN ")
                                .load::<(i32, i32, i32, String)>(c)?;
                            Ok(rows.into_iter().map(|(.., detail)| detail).collect())
                        }
                    }
                }
                fn count(c: &mut $crate::backend::AnyConnection, w: Cond) -> diesel::QueryResult<i64> {
                    $t::table.filter(On::<$t::table>::new(w)).count().get_result(c)
                }
                fn insert(c: &mut $crate::backend::AnyConnection, organization: DomainId, rows: &[Record<Self>]) -> diesel::QueryResult<usize> {
                    use $crate::backend::{At, Uid};
                    let rows: Vec<_> = rows.iter().map(|r| (
                        $t::organization_id.eq(Uid(organization)), $t::id.eq(Uid(r.id)), $t::version.eq(r.version), $t::created_at.eq(At(r.created_at)),
                        $t::created_by.eq(r.created_by.map(Uid)), $t::updated_at.eq(At(r.updated_at)), $t::deleted_at.eq(r.deleted_at.map(At)),
                        $t::deletion_id.eq(r.deletion_id.map(Uid)), $row::from(&r.value),
                    )).collect();
                    if rows.is_empty() {
                        return Ok(0);
                    }
                    $crate::backend::on_backend!(c, c => diesel::insert_into($t::table).values(&rows).execute(c))
                }
                fn update(c: &mut $crate::backend::AnyConnection, w: Cond, r: &Record<Self>) -> diesel::QueryResult<usize> {
                    use $crate::backend::{At, Uid};
                    diesel::update($t::table).filter(On::<$t::table>::new(w)).set((
                        $t::version.eq(r.version), $t::updated_at.eq(At(r.updated_at)), $t::deleted_at.eq(r.deleted_at.map(At)),
                        $t::deletion_id.eq(r.deletion_id.map(Uid)), $row::from(&r.value),
                    )).execute(c)
                }
            }
        };
    };
}
pub(crate) use stored;

//! Values on their way between the domain's types and columns.

use crate::backend::{At, Date, Id, Instant, On, Uid};
use diesel::sql_types::{BigInt, Binary, Bool, Integer, Nullable, Text};
use firma_domain as domain;
use serde::Serialize;
use serde::de::DeserializeOwned;

/// A value to compare with, or to store.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    Text(String),
    Int(i32),
    Big(i64),
    Bool(bool),
    Day(On),
    Id(Uid),
    At(At),
    Bytes(Vec<u8>),
    /// None of its kind
    Null(Kind),
    /// Arrays, for PostgreSQL alone
    Texts(Vec<Option<String>>),
    Ids(Vec<Uid>),
    Ints(Vec<i32>),
    Blobs(Vec<Vec<u8>>),
}

impl Value {
    /// What an array holds alone; null of what is none.
    pub(crate) fn only(self) -> Value {
        match self {
            Value::Texts(mut all) => all.pop().flatten().map_or(Value::Null(Kind::Text), Value::Text),
            Value::Ids(mut all) => all.pop().map_or(Value::Null(Kind::Id), Value::Id),
            Value::Ints(mut all) => all.pop().map_or(Value::Null(Kind::Int), Value::Int),
            Value::Blobs(mut all) => all.pop().map_or(Value::Null(Kind::Bytes), Value::Bytes),
            single => single,
        }
    }
}

impl From<domain::Id> for Value {
    fn from(id: domain::Id) -> Value {
        Value::Id(Uid(id))
    }
}
impl From<domain::Instant> for Value {
    fn from(at: domain::Instant) -> Value {
        Value::At(At(at))
    }
}
impl From<domain::Day> for Value {
    fn from(day: domain::Day) -> Value {
        Value::Day(On(day))
    }
}
impl From<&str> for Value {
    fn from(text: &str) -> Value {
        Value::Text(text.to_owned())
    }
}
impl<T: Into<Value>> From<(Option<T>, Kind)> for Value {
    fn from((value, kind): (Option<T>, Kind)) -> Value {
        value.map_or(Value::Null(kind), Into::into)
    }
}

/// What kind of column it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Text,
    Int,
    Big,
    Bool,
    Day,
    Id,
    At,
    Bytes,
}

/// The kind of a column's SQL type, and whether it may be null.
pub(crate) trait Kinded {
    const KIND: Kind;
    const NULLABLE: bool = false;
}

/// A column's SQL type and what a row holds of it.
pub(crate) trait Column: Kinded {
    type Raw: Raw;
}

/// What a row holds, as a value to compare with.
pub(crate) trait Raw: Sized {
    fn value(self) -> Option<Value>;
}

macro_rules! columns { ($($sql:ty => $kind:ident, $raw:ty, |$v:ident| $value:expr;)*) => { $(
    impl Kinded for $sql { const KIND: Kind = Kind::$kind; }
    impl Column for $sql { type Raw = $raw; }
    impl Raw for $raw { fn value(self) -> Option<Value> { let $v = self; Some($value) } }
)* } }
columns! {
    Text => Text, String, |v| Value::Text(v);
    Integer => Int, i32, |v| Value::Int(v);
    BigInt => Big, i64, |v| Value::Big(v);
    Bool => Bool, bool, |v| Value::Bool(v);
    Date => Day, On, |v| Value::Day(v);
    Id => Id, Uid, |v| Value::Id(v);
    Instant => At, At, |v| Value::At(v);
    Binary => Bytes, Vec<u8>, |v| Value::Bytes(v);
}
impl<S: Kinded> Kinded for Nullable<S> {
    const KIND: Kind = S::KIND;
    const NULLABLE: bool = true;
}
impl<S: Column> Column for Nullable<S> {
    type Raw = Option<S::Raw>;
}
impl<R: Raw> Raw for Option<R> {
    fn value(self) -> Option<Value> {
        self.and_then(Raw::value)
    }
}

/// A domain type that stands in a column of type `S`.
pub(crate) trait Cell<S: Column>: Sized {
    fn put(&self) -> S::Raw;
    /// Fails on what no rule of ours would have stored.
    fn take(raw: S::Raw) -> Result<Self, String>;
}

impl<S: Column, T: Cell<S>> Cell<Nullable<S>> for Option<T> {
    fn put(&self) -> Option<S::Raw> {
        self.as_ref().map(T::put)
    }
    fn take(raw: Option<S::Raw>) -> Result<Self, String> {
        raw.map(T::take).transpose()
    }
}

/// In a column that is never null, none is the nil id: the system, or what a foreign key will refuse.
impl Cell<Id> for Option<domain::Id> {
    fn put(&self) -> Uid {
        Uid(self.unwrap_or(domain::Id::NIL))
    }
    fn take(raw: Uid) -> Result<Self, String> {
        Ok((raw.0 != domain::Id::NIL).then_some(raw.0))
    }
}

macro_rules! cells { ($($rust:ty as $sql:ty: |$v:ident| $put:expr, |$r:ident| $take:expr;)*) => { $(
    impl Cell<$sql> for $rust {
        fn put(&self) -> <$sql as Column>::Raw { let $v = self; $put }
        fn take($r: <$sql as Column>::Raw) -> Result<Self, String> { $take }
    }
)* } }
cells! {
    String as Text: |v| v.clone(), |r| Ok(r);
    i32 as Integer: |v| *v, |r| Ok(r);
    i64 as BigInt: |v| *v, |r| Ok(r);
    bool as Bool: |v| *v, |r| Ok(r);
    domain::Day as Date: |v| On(*v), |r| Ok(r.0);
    domain::Id as Id: |v| Uid(*v), |r| Ok(r.0);
    domain::Instant as Instant: |v| At(*v), |r| Ok(r.0);
    domain::Rate as Integer: |v| v.scaled(), |r| domain::Rate::new(r).ok_or_else(|| format!("rate {r}"));
    domain::Slug as Text: |v| v.as_str().to_owned(), |r| domain::Slug::parse(&r).ok_or_else(|| format!("slug {r}"));
    domain::Currency as Text: |v| v.code().to_owned(), |r| domain::Currency::from_code(&r).ok_or_else(|| format!("currency {r}"));
    domain::Domain as Text: |v| v.as_str().to_owned(), |r| domain::Domain::parse(&r).ok_or_else(|| format!("domain {r}"));
    domain::Email as Text: |v| v.as_str().to_owned(), |r| domain::Email::parse(&r).ok_or_else(|| "e-mail".into());
    Vec<domain::Email> as Text: |v| json(v), |r| read_json(&r);
    domain::Zone as Text: |v| v.name().to_owned(), |r| domain::Zone::parse(&r).ok_or_else(|| format!("time zone {r}"));
    domain::Locale as Text: |v| v.as_str().to_owned(), |r| domain::Locale::parse(&r).ok_or_else(|| format!("locale {r}"));
    Vec<String> as Text: |v| json(v), |r| read_json(&r);
    Vec<domain::Id> as Text: |v| json(v), |r| read_json(&r);
    Vec<domain::IpRange> as Text: |v| json(v), |r| read_json(&r);
    serde_json::Value as Text: |v| json(v), |r| read_json(&r);
    serde_json::Map<String, serde_json::Value> as Text: |v| json(v), |r| read_json(&r);
    domain::organizations::Settings as Text: |v| json(v), |r| read_json(&r);
    domain::crm::Address as Text: |v| json(v), |r| read_json(&r);
}

macro_rules! spelled { ($($rust:ty),*) => { $(cells! {
    $rust as Text: |v| v.as_str().to_owned(), |r| r.parse().map_err(|()| format!("{} {r}", stringify!($rust)));
})* } }
spelled!(
    domain::access::RoleType,
    domain::crm::ActivityKind,
    domain::crm::DealStatus,
    domain::crm::StageKind,
    domain::organizations::InvitationStatus,
    domain::organizations::Size,
    domain::organizations::Status,
    domain::platform::ErrorKind,
    domain::platform::ErrorState,
    domain::platform::ImportState,
    domain::platform::JobState
);

fn json<T: Serialize>(value: &T) -> String {
    serde_json::to_string(value).unwrap_or_default()
}

fn read_json<T: DeserializeOwned>(text: &str) -> Result<T, String> {
    serde_json::from_str(text).map_err(|e| e.to_string())
}

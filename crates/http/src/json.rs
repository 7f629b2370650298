//! JSON as it is sent. A name that stands twice in an object is refused: of two amounts, one would be passed over.

use firma_domain::input::NAME_TOLD;
use firma_domain::value::text;
use serde::de::{Deserialize, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::map::Entry;
use serde_json::{Map, Value};
use std::fmt;

/// The value that the bytes say.
pub(crate) fn read(bytes: &[u8]) -> Result<Value, serde_json::Error> {
    let Once(value) = serde_json::from_slice(bytes)?;
    Ok(value)
}

/// A value whose objects have each name once.
struct Once(Value);

impl<'de> Deserialize<'de> for Once {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_any(Whatever).map(Once)
    }
}

struct Whatever;

impl<'de> Visitor<'de> for Whatever {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any JSON value")
    }
    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }
    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(value.into())
    }
    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }
    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }
    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(value.into())
    }
    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut from: A) -> Result<Value, A::Error> {
        let mut items = Vec::new();
        while let Some(Once(item)) = from.next_element()? {
            items.push(item);
        }
        Ok(Value::Array(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut from: A) -> Result<Value, A::Error> {
        let mut fields = Map::new();
        while let Some((name, Once(value))) = from.next_entry::<String, Once>()? {
            match fields.entry(name) {
                Entry::Vacant(place) => {
                    place.insert(value);
                }
                Entry::Occupied(place) => {
                    return Err(Error::custom(format!(
                        "{:?} stands twice in an object",
                        text::cut(place.key(), NAME_TOLD)
                    )));
                }
            }
        }
        Ok(Value::Object(fields))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_stands_twice_is_told_by_its_beginning() {
        let told = |name: &str| {
            let body = format!("{{\"a\": [{{\"{name}\": 1, \"{name}\": 2}}]}}");
            read(body.as_bytes()).unwrap_err().to_string()
        };
        assert!(told("amount").starts_with("\"amount\" stands twice in an object"));
        let long = told(&"ž".repeat(500_000));
        let cut = format!("\"{}…\" stands twice", "ž".repeat(NAME_TOLD));
        assert!(long.starts_with(&cut) && long.len() < 400, "{}", long.len());
    }
}

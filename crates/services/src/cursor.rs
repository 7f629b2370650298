//! Cursors: where a page ended, signed, and bound to the organization, the collection, filter and sort.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use firma_auth::keys::Key;
use firma_domain::{Day, Id, Instant};
use firma_persistence::{Position, Value};

/// Of which list a cursor is: its name, and what it was asked for, in whatever order. Each stands behind its length, so
/// that no value is taken for another parameter.
pub(crate) fn bound(list: &str, mut asked: Vec<(&str, &str)>) -> String {
    asked.sort_unstable();
    let mut bound = list.to_owned();
    for text in asked.into_iter().flat_map(|(name, value)| [name, value]) {
        bound.push_str(&format!(" {}:{text}", text.len()));
    }
    bound
}

/// Writes a position; `bound` says of which list.
pub(crate) fn write(key: &Key, bound: &str, position: &Position) -> String {
    let mut bytes = position.id.as_bytes().to_vec();
    bytes.extend_from_slice(text_of(position.key.as_ref()).as_bytes());
    let mark = mark(key, bound, &bytes);
    let mut whole = mark.to_vec();
    whole.extend_from_slice(&bytes);
    URL_SAFE_NO_PAD.encode(whole)
}

/// Reads a position; `None` unless this key wrote it for the same list.
pub(crate) fn read(key: &Key, bound: &str, cursor: &str) -> Option<Position> {
    let whole = URL_SAFE_NO_PAD.decode(cursor).ok()?;
    let (mark, bytes) = whole.split_at_checked(16)?;
    if !key.verify(&message(bound, bytes), mark) {
        return None;
    }
    let (id, text) = bytes.split_at_checked(16)?;
    let text = std::str::from_utf8(text).ok()?;
    Some(Position {
        id: Id::from_bytes(id.try_into().ok()?),
        key: value_of(text)?,
    })
}

fn mark(key: &Key, bound: &str, bytes: &[u8]) -> [u8; 16] {
    key.mark(&message(bound, bytes))
}

fn message(bound: &str, bytes: &[u8]) -> Vec<u8> {
    let mut message = bound.as_bytes().to_vec();
    message.push(0);
    message.extend_from_slice(bytes);
    message
}

fn text_of(value: Option<&Value>) -> String {
    match value {
        Some(Value::Text(text)) => format!("t{text}"),
        Some(Value::Int(n)) => format!("i{n}"),
        Some(Value::Big(n)) => format!("b{n}"),
        Some(Value::Day(day)) => format!("d{}", day.0),
        Some(Value::At(at)) => format!("a{}", at.0.micros()),
        _ => String::new(),
    }
}

fn value_of(text: &str) -> Option<Option<Value>> {
    let Some(kind) = text.chars().next() else {
        return Some(None);
    };
    let rest = text.get(1..)?;
    Some(Some(match kind {
        't' => Value::Text(rest.to_owned()),
        'i' => Value::Int(rest.parse().ok()?),
        'b' => Value::Big(rest.parse().ok()?),
        'd' => rest.parse::<Day>().ok()?.into(),
        'a' => Instant::from_micros(rest.parse().ok()?)?.into(),
        _ => return None,
    }))
}

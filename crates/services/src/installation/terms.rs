//! What people are found by in their profiles: tags, and the keys and values of metadata. A closed vocabulary.

use crate::listing;
use crate::refusal::Refusal;
use firma_domain::identity::Term;
use firma_domain::value::text;
use firma_persistence::Op;
use firma_persistence::installation::TermSearch;

/// The most values of one parameter.
const VALUES: usize = 100;
/// The most parameters of a search.
pub(super) const MOST: usize = 8;

/// What a parameter asks of a profile; none for one that asks nothing of it.
pub(super) fn read(name: &str, value: &str) -> Result<Option<TermSearch>, Refusal> {
    let wrong = |detail: &str| Refusal::parameter(name, "invalid_value", detail);
    // As a profile is cleaned when it is stored.
    let clean = |text: &str| {
        let text = text::clean(text, true).ok_or_else(|| wrong("holds a control character"))?;
        match text.chars().count() {
            0 => Err(wrong("is empty")),
            n if n > Term::LENGTH => Err(wrong("is longer than what is searched by")),
            _ => Ok(text),
        }
    };
    // A key is stored as it was said.
    let is_key = |key: &str| !key.is_empty() && !key.contains(char::is_control);
    let known = |key: &str| match is_key(key) {
        true => Ok(key.to_owned()),
        false => Err(wrong("is no key")),
    };
    let all = |one: &dyn Fn(&str) -> Result<String, Refusal>| {
        let values = listing::values(value);
        let values = values
            .iter()
            .map(|value| one(value))
            .collect::<Result<Vec<_>, _>>()?;
        match values.len() > VALUES {
            true => Err(wrong("names too many values")),
            false => Ok(values),
        }
    };
    let term = match name {
        "tag" => TermSearch::Tags(all(&clean)?),
        "metadata_key" => TermSearch::Keys(all(&known)?),
        _ => {
            let Some(rest) = name.strip_prefix("metadata.") else {
                return Ok(None);
            };
            let (key, op) = match rest.strip_suffix(']').and_then(|rest| rest.rsplit_once('[')) {
                Some((key, op)) => (key, Some(op)),
                None => (rest, None),
            };
            if !is_key(key) {
                return Ok(None);
            }
            let key = key.to_owned();
            match op {
                None => TermSearch::Values(key, all(&clean)?),
                Some(op) => {
                    let op = match op {
                        "gt" => Op::Gt,
                        "gte" => Op::Ge,
                        "lt" => Op::Lt,
                        "lte" => Op::Le,
                        _ => return Ok(None),
                    };
                    // Of texts, halving would tell the whole value.
                    let number = Term::millionths(value).ok_or_else(|| wrong("is no number"))?;
                    TermSearch::Number(key, op, number)
                }
            }
        }
    };
    Ok(Some(term))
}

//! The conditions of a list, each from a parameter.

use crate::keeping::Keeping;
use crate::refusal::Refusal;
use firma_domain::value::{decimal, text};
use firma_domain::{Currency, Email, Id};
use firma_persistence::{Cond, Field, Listed, Op, Side, Value};

/// The most values of a list such as `status=WON,LOST`.
const VALUES: usize = 100;

pub(super) fn tagged<E: Keeping>(organization: Id, named: &str) -> Result<Cond, Refusal> {
    let tags: Option<Vec<_>> = values(named).iter().map(|tag| text::clean(tag, false)).collect();
    let tags = tags.ok_or_else(|| Refusal::parameter("tag", "invalid_value", "holds a control character"))?;
    listed::<E>(Side::Tags, "tag", organization, tags)
}

pub(super) fn mailed<E: Keeping>(organization: Id, named: &str) -> Result<Cond, Refusal> {
    let key = |email: &String| Email::parse(email).map(|email| email.key());
    let keys: Option<Vec<_>> = values(named).iter().map(key).collect();
    let keys =
        keys.ok_or_else(|| Refusal::parameter("email", "invalid_value", "is not an e-mail address"))?;
    listed::<E>(Side::Emails, "email", organization, keys)
}

fn listed<E: Keeping>(
    side: Side,
    name: &str,
    organization: Id,
    values: Vec<String>,
) -> Result<Cond, Refusal> {
    if values.len() > VALUES {
        return Err(Refusal::parameter(name, "invalid_value", "names too many values"));
    }
    Ok(Cond::Listed(Listed {
        side,
        id: E::COMMON.id,
        organization: organization.into(),
        entity: E::NAME,
        values: values.into_iter().map(Value::Text).collect(),
    }))
}

pub(super) fn in_currency<E: Keeping>(currency: Currency) -> Option<Cond> {
    let col = E::filters().iter().find_map(|field| field.currency)?;
    Some(Cond::Is(col, Op::Eq, currency.code().into()))
}

/// The values of a list, between commas. A comma of a value itself is written `\,`, a backslash `\\`.
pub(crate) fn values(text: &str) -> Vec<String> {
    let (mut all, mut value) = (Vec::new(), String::new());
    let mut rest = text.chars();
    while let Some(c) = rest.next() {
        match (c, rest.as_str().chars().next()) {
            (',', _) => all.push(std::mem::take(&mut value)),
            ('\\', Some(escaped @ (',' | '\\'))) => {
                value.push(escaped);
                rest.next();
            }
            _ => value.push(c),
        }
    }
    all.push(value);
    all
}

/// `name=a,b` or `name[op]=a`; none where `name` is no filter.
pub(crate) fn filter(
    fields: &[Field],
    name: &str,
    text: &str,
    currency: Currency,
    stated: bool,
) -> Result<Option<Vec<Cond>>, Refusal> {
    let (field_name, op) = match name.strip_suffix(']').and_then(|rest| rest.split_once('[')) {
        Some((field, op)) => (field, Some(op)),
        None => (name, None),
    };
    let Some(field) = fields.iter().find(|field| field.name == field_name) else {
        return Ok(None);
    };
    let ranged = field.is_ranged();
    let op = match op {
        None => None,
        Some("gt") if ranged => Some(Op::Gt),
        Some("gte") if ranged => Some(Op::Ge),
        Some("lt") if ranged => Some(Op::Lt),
        Some("lte") if ranged => Some(Op::Le),
        Some(_) => return Ok(None),
    };
    let one = |text: &str| {
        literal(field, text, currency).ok_or_else(|| {
            Refusal::parameter(
                name,
                "invalid_value",
                format!("{text:?} is not a value of {field_name}"),
            )
        })
    };
    let mut conds = match op {
        Some(op) => vec![Cond::Is(field.col, op, one(text)?)],
        None => {
            let values = values(text);
            let values = values
                .iter()
                .map(|value| one(value))
                .collect::<Result<Vec<_>, _>>()?;
            if values.len() > VALUES {
                return Err(Refusal::parameter(name, "invalid_value", "names too many values"));
            }
            vec![Cond::one_of(field.col, values)]
        }
    };
    // An amount means nothing without its currency: the one that is named, or the organization's.
    if let Some(col) = field.currency.filter(|_| !stated) {
        conds.push(Cond::Is(col, Op::Eq, currency.code().into()));
    }
    Ok(Some(conds))
}

fn literal(field: &Field, text: &str, currency: Currency) -> Option<Value> {
    match field.currency {
        Some(_) => decimal::parse(text, currency.decimals()).map(Value::Big),
        None => (field.parse)(text),
    }
}

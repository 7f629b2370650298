//! Rows by what people call them: a company by its name, a member by the e-mail.

use crate::keeping::Keeping;
use crate::refusal::Refusal;
use crate::work::Work;
use firma_auth::access::{Action, Grant};
use firma_domain::value::text;
use firma_domain::{Id, Record};
use firma_persistence::{Col, Cond, Listed, Side, Stored, Value as Stands};
use serde_json::Value;
use std::collections::HashMap;

/// Of so many rows names are compared one by one; what is beyond has none.
const FEW: i64 = 10_000;

/// Ids by the text that names them; two rows may be called the same.
pub(crate) type Named = HashMap<String, Vec<Id>>;

/// The live rows of `T` whose `field` is one of the texts, each with the text that names it.
pub(crate) fn rows<T: Keeping, A: Action>(
    work: &mut Work<'_, '_>,
    grant: Grant<T, A>,
    field: &'static str,
    texts: &[&str],
) -> Result<Vec<(String, Record<T>)>, Refusal> {
    let mut called: HashMap<String, Vec<&str>> = HashMap::new();
    for written in texts {
        called.entry(key::<T>(field, written)).or_default().push(written);
    }
    let wanted = called.keys().map(|key| Stands::Text(key.clone()));
    let also = match field {
        // An address stands as it was typed.
        "email" => texts
            .iter()
            .map(|text| Stands::Text((*text).to_owned()))
            .collect(),
        _ => vec![],
    };
    let fits = match field {
        "emails" => vec![Cond::Listed(Listed {
            side: Side::Emails,
            id: T::COMMON.id,
            organization: grant.organization().into(),
            entity: T::NAME,
            values: wanted.collect(),
        })],
        // Where no column has them folded there are few, stages and pipelines; they are compared below.
        "name" if folded::<T>(field).is_none() => vec![],
        _ => vec![Cond::one_of(column::<T>(field), wanted.chain(also).collect())],
    };
    let most = if fits.is_empty() { FEW } else { i64::MAX };
    let mut rows = Vec::new();
    for record in work.open(grant)?.some(fits, most)? {
        let value = serde_json::to_value(&record.value).unwrap_or(Value::Null);
        let stands = value.get(field).map_or(&[][..], |value| match value {
            Value::Array(several) => several,
            one => std::slice::from_ref(one),
        });
        let keys = stands
            .iter()
            .filter_map(Value::as_str)
            .map(|text| key::<T>(field, text));
        let names = keys.filter_map(|key| called.get(&key)).flatten();
        rows.extend(names.map(|name| ((*name).to_owned(), record.clone())));
    }
    Ok(rows)
}

/// The live rows of `T` that the caller may read, by what the texts say of them: by one field, or by each
/// that `T` is named by, the surest first, until one knows it.
pub(crate) fn find<T: Keeping>(
    work: &mut Work<'_, '_>,
    by: Option<&str>,
    texts: &[&str],
) -> Result<Named, Refusal> {
    let mut found = Named::new();
    let Some(grant) = work.facts().may_read::<T>() else {
        return Ok(found);
    };
    for field in T::NAMED_BY
        .iter()
        .filter(|field| by.is_none_or(|by| by == **field))
    {
        let left: Vec<_> = texts
            .iter()
            .copied()
            .filter(|text| !found.contains_key(*text))
            .collect();
        if left.is_empty() {
            break;
        }
        for (name, record) in rows(work, grant, field, &left)? {
            found.entry(name).or_default().push(record.id);
        }
    }
    Ok(found)
}

fn folded<T: Stored>(field: &str) -> Option<&'static str> {
    let own = |name: &&str| name.strip_suffix("_folded") == Some(field);
    T::COLUMNS.iter().map(|(name, _)| *name).find(own)
}

/// The column that a field is sought by: the folded one where there is one.
fn column<T: Stored>(field: &'static str) -> Col {
    let name = folded::<T>(field).unwrap_or(field);
    Col {
        table: T::TABLE,
        name,
    }
}

/// A text as the column holds it.
pub(crate) fn key<T: Stored>(field: &str, written: &str) -> String {
    let clean = text::clean(written, false).unwrap_or_else(|| written.to_owned());
    match field {
        "email" | "emails" => clean.to_lowercase(),
        "name" => text::fold(&clean),
        _ if folded::<T>(field).is_some() => text::fold(&clean),
        _ => clean,
    }
}

//! The query of a list: a closed vocabulary. What isn't in it is refused by name.

mod filters;

use crate::cursor;
use crate::keeping::Keeping;
use crate::link::Expand;
use crate::refusal::Refusal;
use firma_auth::keys::Key;
use firma_domain::input::{NAME_TOLD, TOLD};
use firma_domain::value::text;
use firma_domain::{Currency, Id, Record};
use firma_persistence::{Listing, Position};
use std::collections::HashSet;

pub(crate) use filters::{filter, values};
use filters::{in_currency, mailed, tagged};

/// Rows a page has unless asked, and the most it may have.
pub(crate) const LIMIT: (i64, i64) = (50, 200);
/// The most words of a search.
const WORDS: usize = 8;
/// Fields that every resource has beside its own.
const COMMON: &[&str] = &[
    "id",
    "version",
    "created_at",
    "created_by",
    "updated_at",
    "deleted_at",
];

/// Parameters as they came, decoded, in their order; each is there once.
pub type Parameters = [(String, String)];

/// What the answer is to show of each resource.
#[derive(Debug, Clone, Default)]
pub struct Shape {
    pub fields: Option<Vec<String>>,
    pub expand: Expand,
    /// Whether it is the bare resource
    pub bare: bool,
}

/// A list that was asked for.
pub struct Query {
    pub listing: Listing,
    /// Each has to begin a word of a row
    pub words: Vec<String>,
    pub shape: Shape,
    pub total: bool,
    bound: String,
}

/// The parameters of a single resource: `fields` and `expand`.
pub fn shape<E: Keeping>(parameters: &Parameters) -> Result<Shape, Refusal> {
    let mut shape = Shape {
        bare: true,
        ..Shape::default()
    };
    each(parameters, |name, value| shape.take::<E>(name, value))?;
    Ok(shape)
}

impl Shape {
    fn take<E: Keeping>(&mut self, name: &str, value: &str) -> Result<bool, Refusal> {
        match name {
            "fields" => self.fields = Some(fields(value, has_field::<E>)?),
            "expand" if !E::links().is_empty() => self.expand = Expand::parse::<E>(value)?,
            _ => return Ok(false),
        }
        self.bare = false;
        Ok(true)
    }
}

/// Reads the query of a list of `E` in an organization whose currency is `currency`.
pub fn query<E: Keeping>(
    parameters: &Parameters,
    organization: Id,
    currency: Currency,
    key: &Key,
) -> Result<Query, Refusal> {
    let mut query = Query {
        listing: Listing {
            filters: vec![],
            sort: (0, true),
            after: None,
            limit: LIMIT.0,
            deleted: false,
        },
        words: vec![],
        shape: Shape {
            bare: true,
            ..Shape::default()
        },
        total: false,
        bound: String::new(),
    };
    let stated = parameters
        .iter()
        .find(|(name, _)| name == "currency")
        .map(|(_, code)| code.as_str());
    let has_money = E::filters().iter().any(|field| field.currency.is_some());
    let stated = stated.filter(|_| has_money);
    let known = stated.map_or(Some(currency), Currency::from_code);
    let no_currency =
        || Refusal::parameter("currency", "invalid_value", "is not a currency code of ISO 4217");
    let currency = known.unwrap_or(currency);
    let mut cursor = None;
    let mut parts = Vec::new();
    each(parameters, |name, value| {
        match name {
            "limit" => query.listing.limit = limit(value)?,
            "cursor" => {
                cursor = Some(value);
                return Ok(true);
            }
            "sort" => {
                query.listing.sort = sort::<E>(value)?;
                return Ok(true);
            }
            "include" => query.total = total(value)?,
            "q" if !E::SEARCHED.is_empty() => query.words = words(value)?,
            "deleted" => query.listing.deleted = flag("deleted", value)?,
            "currency" if has_money => {
                let named = known.ok_or_else(no_currency)?;
                query.listing.filters.extend(in_currency::<E>(named));
            }
            "tag" if E::TAGGED => query.listing.filters.push(tagged::<E>(organization, value)?),
            "email" if E::MAILED => query.listing.filters.push(mailed::<E>(organization, value)?),
            _ if query.shape.take::<E>(name, value)? => {}
            _ => match filter(E::filters(), name, value, currency, stated.is_some()) {
                Ok(Some(conds)) => query.listing.filters.extend(conds),
                Ok(None) => return Ok(false),
                // What is no amount of one currency may be one of another.
                Err(fault) => return Err(known.map_or_else(no_currency, |_| fault)),
            },
        }
        // How much of each row a page shows, and how many, may differ from page to page.
        if !matches!(name, "limit" | "include" | "fields" | "expand") {
            parts.push((name, value));
        }
        Ok(true)
    })?;
    if !parameters.iter().any(|(name, _)| name == "sort") {
        query.listing.sort = usual_sort::<E>(parameters);
    }
    // The order that it comes in, whether or not it was asked for: where it wasn't, it goes by which filter came first.
    let (at, down) = query.listing.sort;
    let order = E::sorts().get(at).map_or("", |sort| sort.name);
    parts.push((if down { "-sort" } else { "sort" }, order));
    query.bound = cursor::bound(&format!("{organization}/{}", E::COLLECTION), parts);
    if let Some(cursor) = cursor {
        let position = cursor::read(key, &query.bound, cursor);
        query.listing.after = Some(position.ok_or_else(|| {
            Refusal::parameter(
                "cursor",
                "invalid_cursor",
                "is not a cursor of this list, filter and sort",
            )
        })?);
    }
    Ok(query)
}

impl Query {
    /// The cursor behind a row.
    pub fn cursor_after<E: Keeping>(&self, row: &Record<E>, key: &Key) -> Option<String> {
        let sort = E::sorts().get(self.listing.sort.0)?;
        let position = Position {
            key: (sort.key)(row),
            id: row.id,
        };
        Some(cursor::write(key, &self.bound, &position))
    }
}

/// Refuses a parameter that is given twice, whatever it is: all that reads parameters goes by that.
pub fn each_once(parameters: &Parameters) -> Result<(), Refusal> {
    let mut seen = HashSet::new();
    match parameters.iter().find(|(name, _)| !seen.insert(name.as_str())) {
        None => Ok(()),
        Some((name, _)) => Err(Refusal::parameter(
            name.as_str(),
            "repeated_parameter",
            "is given twice",
        )),
    }
}

/// Gives each parameter to `take`, which says whether it is one of the operation. Those that aren't are refused first,
/// by all their names.
pub fn each<'p>(
    parameters: &'p Parameters,
    mut take: impl FnMut(&'p str, &'p str) -> Result<bool, Refusal>,
) -> Result<(), Refusal> {
    let (mut unknown, mut wrong) = (Vec::new(), None);
    for (name, value) in parameters {
        match take(name, value) {
            Ok(true) => {}
            Ok(false) => unknown.push(name.as_str()),
            Err(refusal) => wrong = wrong.or(Some(refusal)),
        }
    }
    let Some((first, others)) = unknown.split_first() else {
        return wrong.map_or(Ok(()), Err);
    };
    let mut detail = String::from("is not a parameter of this operation");
    for other in others.iter().take(TOLD - 1) {
        detail.push_str(&format!(", nor is {}", text::cut(other, NAME_TOLD)));
    }
    Err(Refusal::parameter(*first, "unknown_parameter", detail))
}

/// A search for nothing is refused: all rows would be no answer to it.
pub(crate) fn words(text: &str) -> Result<Vec<String>, Refusal> {
    let wrong = |detail: String| Refusal::parameter("q", "invalid_value", detail);
    let text = text::clean(text, false).ok_or_else(|| wrong("holds a control character".into()))?;
    let words = text::sought(&text);
    match words.len() {
        0 => Err(wrong("holds no letter and no digit".into())),
        n if n > WORDS => Err(wrong(format!("has more than {WORDS} words"))),
        _ => Ok(words),
    }
}

/// Whether a resource has a field of that name.
pub(crate) fn has_field<E: Keeping>(field: &str) -> bool {
    is_common(field) || E::FIELDS.contains(&field)
}

/// Whether every resource has a field of that name.
pub(crate) fn is_common(field: &str) -> bool {
    COMMON.contains(&field)
}

/// Names of fields, which have to be known.
pub(crate) fn fields(text: &str, has: impl Fn(&str) -> bool) -> Result<Vec<String>, Refusal> {
    let names: Vec<_> = text.split(',').map(str::to_owned).collect();
    match names.iter().find(|name| !has(name)) {
        None => Ok(names),
        Some(wrong) => Err(Refusal::parameter(
            "fields",
            "unknown_field",
            format!("{wrong} is not a field here"),
        )),
    }
}

/// What `include` asks for: the count.
pub(crate) fn total(text: &str) -> Result<bool, Refusal> {
    match text {
        "total_count" => Ok(true),
        _ => Err(Refusal::parameter(
            "include",
            "invalid_value",
            "has to be total_count",
        )),
    }
}

pub(crate) fn limit(text: &str) -> Result<i64, Refusal> {
    let limit = text
        .parse::<i64>()
        .ok()
        .filter(|limit| (1..=LIMIT.1).contains(limit));
    limit.ok_or_else(|| Refusal::parameter("limit", "invalid_value", format!("has to be 1 to {}", LIMIT.1)))
}

pub fn flag(name: &str, text: &str) -> Result<bool, Refusal> {
    text.parse()
        .map_err(|_| Refusal::parameter(name, "invalid_value", "has to be true or false"))
}

fn sort<E: Keeping>(text: &str) -> Result<(usize, bool), Refusal> {
    let (name, down) = text.strip_prefix('-').map_or((text, false), |name| (name, true));
    let at = E::sorts().iter().position(|sort| sort.name == name);
    let names = || {
        E::sorts()
            .iter()
            .map(|sort| sort.name)
            .collect::<Vec<_>>()
            .join(", ")
    };
    at.map(|at| (at, down)).ok_or_else(|| {
        Refusal::parameter(
            "sort",
            "unknown_sort",
            format!("has to be one of {}, or - and one", names()),
        )
    })
}

/// The newest first; but a list that is cut by a field that it can be sorted by comes in the order of that
/// field, which an index gives.
fn usual_sort<E: Keeping>(parameters: &Parameters) -> (usize, bool) {
    let fields = parameters.iter().filter_map(|(name, _)| name.split('[').next());
    let mut sorts = fields.filter_map(|field| E::sorts().iter().position(|sort| sort.name == field));
    (sorts.next().unwrap_or(0), true)
}

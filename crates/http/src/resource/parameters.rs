//! The query parameters of a plain entity's operations.

use crate::operation::Parameter;
use crate::schemas::reference;
use firma_services::Keeping;
use utoipa::openapi::schema::{ObjectBuilder, Type};

pub(crate) fn shape_parameters<E: Keeping>() -> Vec<Parameter> {
    let links: Vec<_> = E::links().iter().map(|link| link.name).collect();
    let mut all = vec![fields()];
    if !links.is_empty() {
        all.push(Parameter::new(
            "expand",
            format!("Any of {}, 3 deep with dots", links.join(", ")),
        ));
    }
    all
}

fn rows() -> ObjectBuilder {
    ObjectBuilder::new()
        .schema_type(Type::Integer)
        .minimum(Some(1))
        .maximum(Some(200))
}

fn fields() -> Parameter {
    Parameter::new("fields", "Fields to answer with, between commas")
}

/// What every list takes.
fn paging() -> Vec<Parameter> {
    vec![
        Parameter::new("limit", "Rows of a page; 50 unless given").of(rows()),
        Parameter::new("cursor", "The last page's next_cursor"),
        Parameter::new("include", "The count of all rows").of(reference("Include")),
    ]
}

/// The parameters of a list that isn't one of a plain entity, beside what it may be cut and sorted by.
pub(crate) fn page_parameters(others: Vec<Parameter>) -> Vec<Parameter> {
    let mut all = paging();
    all.extend(others);
    all.push(fields());
    all
}

/// The sorts of a list, in words.
fn sorts<E: Keeping>() -> String {
    let names: Vec<_> = E::sorts().iter().map(|sort| sort.name).collect();
    let mut text = format!(
        "One of {}; with - before it downwards. Else downwards by the first filter that is one of them, or created_at",
        names.join(", ")
    );
    let amounts = E::filters().iter().filter(|field| field.currency.is_some());
    for amount in amounts.filter(|field| names.contains(&field.name)) {
        text.push_str(&format!(
            ". {} goes by the figure in the currency's smallest unit, whatever the currency: with `currency` beside it, amounts of one currency are compared",
            amount.name
        ));
    }
    text
}

pub(crate) fn list_parameters<E: Keeping>() -> Vec<Parameter> {
    let mut all = paging();
    all.extend([
        Parameter::new("sort", sorts::<E>()),
        Parameter::new("deleted", "Deleted rows instead of live ones").flag(),
    ]);
    all.extend(E::filters().iter().map(|field| {
        let text = match field.is_ranged() {
            true => "A value, several between commas, or [gt], [gte], [lt], [lte]",
            false => "A value, or several between commas; \\, is a comma",
        };
        Parameter::new(field.name, text)
    }));
    if !E::SEARCHED.is_empty() {
        let fields = E::SEARCHED.join(", ");
        let text = format!("Up to 8 words: each begins a word of {fields}, whatever the case and marks");
        all.push(Parameter::new("q", text));
    }
    if E::TAGGED {
        all.push(Parameter::new(
            "tag",
            "A tag, or several between commas: any of them; \\, is a comma",
        ));
    }
    if E::MAILED {
        all.push(Parameter::new(
            "email",
            "An e-mail address, or several between commas: any of them",
        ));
    }
    if E::filters().iter().any(|field| field.currency.is_some()) {
        all.push(Parameter::new(
            "currency",
            "The currency of amounts; the organization's unless given",
        ));
    }
    all.extend(shape_parameters::<E>());
    all
}

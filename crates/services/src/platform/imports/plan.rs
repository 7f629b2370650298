//! How the rows of one file become rows of a collection: the options beside the file's first line.

use super::cells::{self, Kind, Style, quoted};
use super::options::{Empty, Options};
use crate::keeping::Keeping;
use crate::naming;
use crate::refusal::Refusal;
use firma_domain::value::text;
use firma_domain::{FieldError, Invalid};
use std::collections::BTreeMap;

/// What each row is read by.
pub(super) struct Plan {
    pub targets: Vec<Target>,
    pub columns: Vec<Column>,
    /// The field by which a row is found again
    pub key: Option<&'static str>,
    /// A key as rows are found by it: what differs in case alone may be the same
    pub sought: fn(&str, &str) -> String,
    pub clear: bool,
    pub style: Style,
}

/// A column of the file.
pub(super) struct Column {
    pub name: String,
    pub values: BTreeMap<String, String>,
}

/// A field and what it is made of.
pub(super) struct Target {
    pub field: String,
    pub kind: Kind,
    pub source: Source,
    /// Of an amount: what its currency is made of
    pub currency: Option<Source>,
    /// Of a reference: its place in the entity's links, and what names the row
    pub link: Option<(usize, Option<String>)>,
}

pub(super) enum Source {
    Column(usize),
    Pattern(Vec<Piece>),
}

pub(super) enum Piece {
    Text(String),
    Cell(usize, Option<String>),
}

impl Plan {
    /// # Errors
    /// All that is wrong with the options beside the file's first line.
    pub(super) fn of<E: Keeping>(options: &Options, header: &[String]) -> Result<Plan, Refusal> {
        let mut errors = options.faults();
        let mut plan = Plan {
            targets: vec![],
            columns: columns(options, header),
            key: None,
            sought: naming::key::<E>,
            clear: options.empty == Empty::Clear,
            style: Style {
                date: options.date_format.as_deref().and_then(cells::date_order),
                decimal: options.decimal,
                list: options.list_separator.unwrap_or(','),
                currency: options.currency.unwrap_or_default(),
            },
        };
        for name in options.values.keys() {
            plan.column(name).map_err(|error| errors.push(error)).ok();
        }
        let mut currencies = Vec::new();
        for (field, source) in plan.sources::<E>(options, &mut errors) {
            match field.strip_suffix(".currency").map(Kind::of::<E>) {
                Some(Ok(Kind::Amount)) => currencies.push((field, source)),
                _ => match target::<E>(&plan, options, field, source) {
                    Ok(target) => plan.targets.push(target),
                    Err(error) => errors.push(error),
                },
            }
        }
        for (field, source) in currencies {
            let amount = field.trim_end_matches(".currency");
            match plan.targets.iter_mut().find(|target| target.field == amount) {
                Some(target) => target.currency = Some(source),
                None => errors.push(wrong(
                    &field,
                    "required",
                    "is the currency of an amount that no column gives",
                )),
            }
        }
        for field in options.links.keys() {
            if !plan
                .targets
                .iter()
                .any(|target| &target.field == field && target.link.is_some())
            {
                errors.push(wrong(
                    field,
                    "invalid_value",
                    "is no reference that a column gives",
                ));
            }
        }
        Invalid::unless_empty(errors)?;
        plan.key = plan.key_of::<E>(options).map_err(|error| Invalid(vec![error]))?;
        Ok(plan)
    }

    /// The fields, and where each comes from.
    fn sources<E: Keeping>(&self, options: &Options, errors: &mut Vec<FieldError>) -> Vec<(String, Source)> {
        let mut sources: Vec<(String, Source)> = Vec::new();
        for (name, fields) in &options.columns {
            match self.column(name) {
                Ok(at) => sources.extend(
                    fields
                        .names()
                        .iter()
                        .map(|field| (field.clone(), Source::Column(at))),
                ),
                Err(error) => errors.push(error),
            }
        }
        for (field, pattern) in &options.fields {
            match self.pattern(pattern) {
                Ok(pieces) => sources.push((field.clone(), Source::Pattern(pieces))),
                Err(error) => errors.push(error),
            }
        }
        if options.columns.is_empty() && options.fields.is_empty() {
            let fits = |(at, column): (usize, &Column)| {
                Kind::of::<E>(&column.name)
                    .ok()
                    .map(|_| (column.name.clone(), Source::Column(at)))
            };
            sources.extend(self.columns.iter().enumerate().filter_map(fits));
        }
        if sources.is_empty() && errors.is_empty() {
            errors.push(wrong(
                "columns",
                "required",
                &format!("no column becomes a field; there are {}", self.names()),
            ));
        }
        for (n, (field, _)) in sources.iter().enumerate() {
            if sources.iter().skip(n + 1).any(|(other, _)| other == field) {
                errors.push(wrong(field, "duplicate_field", "comes from several columns"));
            }
        }
        sources
    }

    /// The place of a column, by its name without regard to case.
    fn column(&self, name: &str) -> Result<usize, FieldError> {
        let same = |column: &Column| text::fold(column.name.trim()) == text::fold(name.trim());
        let mut found = self.columns.iter().enumerate().filter(|(_, column)| same(column));
        match (found.next(), found.next()) {
            (Some((at, _)), None) => Ok(at),
            (Some(_), Some(_)) => Err(wrong(
                name,
                "duplicate_column",
                "is the name of several columns of the file",
            )),
            (None, _) => {
                let detail = format!("is no column of the file; there are {}", self.names());
                Err(wrong(name, "missing_column", &detail))
            }
        }
    }

    fn names(&self) -> String {
        let names: Vec<_> = self
            .columns
            .iter()
            .take(50)
            .map(|column| quoted(&column.name))
            .collect();
        names.join(", ")
    }

    /// A text with `{column}` or `{column|else}` in it.
    fn pattern(&self, pattern: &str) -> Result<Vec<Piece>, FieldError> {
        let mut pieces = Vec::new();
        let mut left = pattern;
        while let Some((before, rest)) = left.split_once('{') {
            let unclosed = || wrong(pattern, "invalid_value", "a brace is opened and not closed");
            let (named, after) = rest.split_once('}').ok_or_else(unclosed)?;
            let (name, otherwise) = match named.split_once('|') {
                Some((name, otherwise)) => (name, Some(otherwise.to_owned())),
                None => (named, None),
            };
            pieces.push(Piece::Text(before.to_owned()));
            pieces.push(Piece::Cell(self.column(name)?, otherwise));
            left = after;
        }
        pieces.push(Piece::Text(left.to_owned()));
        Ok(pieces)
    }

    fn key_of<E: Keeping>(&self, options: &Options) -> Result<Option<&'static str>, FieldError> {
        let keys = || E::NAMED_BY.join(", ");
        let given = |key: &str| self.targets.iter().any(|target| target.field == key);
        let named = match options.key.as_deref() {
            Some("none") => return Ok(None),
            Some(key) => key,
            None if given("external_id") => "external_id",
            None => {
                let detail = format!("say by which field a row is found again ({}), or none", keys());
                return Err(wrong("key", "required", &detail));
            }
        };
        let known = E::NAMED_BY.iter().find(|key| **key == named);
        match known {
            Some(key) if given(key) => Ok(Some(key)),
            Some(_) => Err(wrong("key", "required", &format!("no column becomes {named}"))),
            None => Err(wrong(
                "key",
                "invalid_value",
                &format!("has to be one of {}, or none", keys()),
            )),
        }
    }

    /// The name of the column that a field comes from, where it comes from one.
    pub(super) fn column_of(&self, field: &str) -> Option<&str> {
        let outer = |name: &str| name.split('.').next() == field.split('.').next();
        let exact = self.targets.iter().find(|target| target.field == field);
        let target = exact.or_else(|| self.targets.iter().find(|target| outer(&target.field)))?;
        match &target.source {
            Source::Column(at) => Some(self.columns.get(*at)?.name.as_str()),
            Source::Pattern(pieces) => {
                let at = pieces.iter().find_map(|piece| match piece {
                    Piece::Cell(at, _) => Some(*at),
                    Piece::Text(_) => None,
                });
                Some(self.columns.get(at?)?.name.as_str())
            }
        }
    }
}

fn columns(options: &Options, header: &[String]) -> Vec<Column> {
    let column = |name: &String| {
        let same = |known: &String| text::fold(known.trim()) == text::fold(name.trim());
        let values = options.values.iter().find(|(known, _)| same(known));
        Column {
            name: name.trim().to_owned(),
            values: values.map(|(_, values)| values.clone()).unwrap_or_default(),
        }
    };
    header.iter().map(column).collect()
}

fn target<E: Keeping>(
    plan: &Plan,
    options: &Options,
    field: String,
    source: Source,
) -> Result<Target, FieldError> {
    let kind = Kind::of::<E>(&field).map_err(|error| wrong(&field, "unknown_field", &error.detail))?;
    if plan.targets.iter().any(|target| target.field == field) {
        return Err(wrong(&field, "duplicate_field", "comes from several columns"));
    }
    let by = options.links.get(&field);
    let link = match E::links()
        .iter()
        .enumerate()
        .find(|(_, link)| link.field == field)
    {
        Some((at, link)) => {
            if by.is_some_and(|by| !link.named_by.contains(&by.as_str())) {
                let detail = format!("has to be one of {}", link.named_by.join(", "));
                return Err(wrong(&field, "invalid_value", &detail));
            }
            Some((at, by.cloned()))
        }
        None => None,
    };
    Ok(Target {
        field,
        kind,
        source,
        currency: None,
        link,
    })
}

pub(super) fn wrong(name: &str, code: &'static str, detail: &str) -> FieldError {
    FieldError {
        pointer: format!("#/{}", name.replace('~', "~0").replace('/', "~1")),
        code: code.into(),
        detail: detail.to_owned(),
    }
}

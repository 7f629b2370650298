//! How the rows of one file become rows of a collection: the options beside the file's first line.

use super::cells::{self, Kind, Style, quoted};
use super::options::{Empty, Options};
use super::pattern::{self, Piece};
use super::reader::MOST_CELLS;
use crate::keeping::Keeping;
use crate::naming;
use crate::refusal::Refusal;
use firma_domain::input::at_name;
use firma_domain::value::text;
use firma_domain::{FieldError, Invalid};
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

/// The most names of columns and fields in the options, each as often as it stands there.
const MOST_NAMES: usize = 10 * MOST_CELLS;

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
    /// The name as others are compared with it
    folded: String,
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
    Pattern(Vec<Piece<usize>>),
}

impl Plan {
    /// # Errors
    /// What is wrong with the options beside any file: they are laid beside one that has every column they speak of,
    /// or, where they leave it to the file what becomes a field, one with what they ask for.
    pub(super) fn fits_some_file<E: Keeping>(options: &Options) -> Result<(), Refusal> {
        let mut header: Vec<String> = Vec::new();
        if options.leaves_it_to_the_file() {
            // Spelled as the fields are; the currency of an amount comes with it.
            let fields = E::NAMED_BY.iter().map(|name| (*name).to_owned());
            header.extend(fields.chain(options.links.keys().cloned()));
            let amounts = options
                .values
                .keys()
                .filter_map(|name| name.strip_suffix(".currency"));
            header.extend(amounts.map(str::to_owned));
        }
        let named: Vec<String> = options.columns_named().take(MOST_NAMES).collect();
        let names = named.len() + options.fields_named();
        let mut known = HashSet::new();
        header.extend(named);
        header.retain(|name| known.insert(folded(name)));
        if header.len() > MOST_CELLS || names >= MOST_NAMES {
            let detail = format!("so many are named that no file of {MOST_CELLS} columns would fit");
            return Err(Refusal::field("columns", "range", detail));
        }
        Plan::of::<E>(options, &header).map(drop)
    }

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
        let sources = plan.sources::<E>(options, &mut errors);
        for field in options.links.keys() {
            let is_given = sources.iter().any(|(given, _)| given == field);
            if !is_given || !E::links().iter().any(|link| link.field == field) {
                let detail = "is no reference that a column gives";
                errors.push(at_name(field, "invalid_value", detail));
            }
        }
        let mut currencies = Vec::new();
        for (field, source) in sources {
            match field.strip_suffix(".currency").map(Kind::of::<E>) {
                Some(Ok(Kind::Amount)) => currencies.push((field, source)),
                _ => match target::<E>(options, field, source) {
                    Ok(target) => plan.targets.push(target),
                    Err(error) => errors.push(error),
                },
            }
        }
        for (field, source) in currencies {
            let amount = field.trim_end_matches(".currency");
            match plan.targets.iter_mut().find(|target| target.field == amount) {
                Some(target) => target.currency = Some(source),
                None => errors.push(at_name(
                    &field,
                    "required",
                    "is the currency of an amount that no column gives",
                )),
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
        if options.leaves_it_to_the_file() {
            let fits = |(at, column): (usize, &Column)| {
                Kind::of::<E>(&column.name)
                    .ok()
                    .map(|_| (column.name.clone(), Source::Column(at)))
            };
            sources.extend(self.columns.iter().enumerate().filter_map(fits));
        }
        if sources.is_empty() && errors.is_empty() {
            errors.push(at_name(
                "columns",
                "required",
                format!("no column becomes a field; there are {}", self.names()),
            ));
        }
        let (mut known, mut several) = (HashSet::new(), BTreeSet::new());
        sources.retain(|(field, _)| {
            let is_first = known.insert(field.clone());
            if !is_first {
                several.insert(field.clone());
            }
            is_first
        });
        let twice = |field: &String| at_name(field, "duplicate_field", "comes from several columns");
        errors.extend(several.iter().map(twice));
        sources
    }

    /// The place of a column, by its name without regard to case.
    fn column(&self, name: &str) -> Result<usize, FieldError> {
        let sought = folded(name);
        let all = self.columns.iter().enumerate();
        let mut found = all.filter(|(_, column)| column.folded == sought);
        match (found.next(), found.next()) {
            (Some((at, _)), None) => Ok(at),
            (Some(_), Some(_)) => Err(at_name(
                name,
                "duplicate_column",
                "is the name of several columns of the file",
            )),
            (None, _) => {
                let detail = format!("is no column of the file; there are {}", self.names());
                Err(at_name(name, "missing_column", detail))
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

    fn pattern(&self, pattern: &str) -> Result<Vec<Piece<usize>>, FieldError> {
        let pieces = pattern::pieces(pattern)?.into_iter();
        let place = |piece: Piece<String>| match piece {
            Piece::Text(own) => Ok(Piece::Text(own)),
            Piece::Cell(name, otherwise) => Ok(Piece::Cell(self.column(&name)?, otherwise)),
        };
        pieces.map(place).collect()
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
                return Err(at_name("key", "required", detail));
            }
        };
        let known = E::NAMED_BY.iter().find(|key| **key == named);
        match known {
            Some(key) if given(key) => Ok(Some(key)),
            Some(_) => Err(at_name("key", "required", format!("no column becomes {named}"))),
            None => Err(at_name(
                "key",
                "invalid_value",
                format!("has to be one of {}, or none", keys()),
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

/// A column's name as it is compared with others.
fn folded(name: &str) -> String {
    text::fold(name.trim())
}

fn columns(options: &Options, header: &[String]) -> Vec<Column> {
    let mut values = HashMap::new();
    for (name, meant) in &options.values {
        values.entry(folded(name)).or_insert(meant);
    }
    let column = |name: &String| {
        let folded = folded(name);
        Column {
            name: name.trim().to_owned(),
            values: values
                .get(&folded)
                .map_or_else(BTreeMap::new, |values| (*values).clone()),
            folded,
        }
    };
    header.iter().map(column).collect()
}

fn target<E: Keeping>(options: &Options, field: String, source: Source) -> Result<Target, FieldError> {
    let kind = Kind::of::<E>(&field).map_err(|error| at_name(&field, "unknown_field", &error.detail))?;
    let by = options.links.get(&field);
    let link = match E::links()
        .iter()
        .enumerate()
        .find(|(_, link)| link.field == field)
    {
        Some((at, link)) => {
            if by.is_some_and(|by| !link.named_by.contains(&by.as_str())) {
                let detail = format!("has to be one of {}", link.named_by.join(", "));
                return Err(at_name(&field, "invalid_value", detail));
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

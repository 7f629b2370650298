//! Rows of the file as values of fields.

use super::cells::{self, Wrong};
use super::pattern::Piece;
use super::plan::{Plan, Source};
use super::reader::{MOST_BYTES, Row, Unread};
use firma_domain::platform::ImportRefusal;
use firma_domain::value::text;
use serde_json::{Map, Value};

/// A row as values of fields, but for references, which are still to be looked up.
#[derive(Debug, Clone)]
pub(super) struct Read {
    pub line: i32,
    pub fields: Map<String, Value>,
    /// The target's place, and what its cell says
    pub links: Vec<(usize, String)>,
    /// What names the row that it may be already
    pub key: Option<String>,
    pub faults: Vec<ImportRefusal>,
    /// What its texts take in memory
    pub bytes: usize,
}

impl Plan {
    /// A row of the file.
    pub(super) fn read(&self, row: &Row) -> Read {
        let mut read = Read {
            line: row.line,
            fields: Map::new(),
            links: vec![],
            key: None,
            faults: vec![],
            bytes: 0,
        };
        let cells = match self.whole(row) {
            Ok(cells) => cells,
            Err(fault) => {
                read.faults.push(fault);
                return read;
            }
        };
        for (at, target) in self.targets.iter().enumerate() {
            let mut told = |source| self.text(source, cells, &mut read.bytes);
            let currency = target.currency.as_ref().map(&mut told).transpose();
            let (text, currency) = match told(&target.source).and_then(|text| Ok((text, currency?))) {
                Ok(told) => told,
                Err(wrong) => {
                    // All that follows would be too much, too.
                    read.faults.push(self.fault(row.line, Some(&target.field), wrong));
                    return read;
                }
            };
            if text.is_empty() {
                if self.clear && target.field != "owner_id" {
                    put(&mut read.fields, &target.field, Value::Null);
                }
                continue;
            }
            if target.link.is_some() {
                read.links.push((at, text));
                continue;
            }
            let currency = currency.as_deref().filter(|currency| !currency.is_empty());
            match cells::value(target.kind, &text, &self.style, currency) {
                Ok(value) => put(&mut read.fields, &target.field, value),
                Err(wrong) => read.faults.push(self.fault(row.line, Some(&target.field), wrong)),
            }
        }
        if let Some(key) = self.key {
            let text = read
                .fields
                .get(key)
                // Of several addresses, the first.
                .and_then(|value| value.get(0).unwrap_or(value).as_str())
                .and_then(|text| text::clean(text, false));
            read.key = text.filter(|text| !text.is_empty());
            if read.key.is_none() && read.faults.is_empty() {
                let detail = "is empty, and the row can't be found again without it".to_owned();
                read.faults
                    .push(self.fault(row.line, Some(key), ("required", detail)));
            }
        }
        read
    }

    /// The cells of a row that has as many as the first line; empty ones behind those don't matter.
    fn whole<'r>(&self, row: &'r Row) -> Result<&'r [String], ImportRefusal> {
        let fault = |column: Option<&str>, code: &str, detail: String| ImportRefusal {
            line: row.line,
            column: column.map(str::to_owned),
            field: None,
            code: code.to_owned(),
            detail,
        };
        let width = self.columns.len();
        let cells = match &row.cells {
            Ok(cells) => cells,
            Err(Unread::Long { cell }) => {
                let column = self.columns.get(*cell).map(|column| column.name.as_str());
                let most = MOST_BYTES;
                let detail = format!("the row has more than {most} bytes; a quote may not have been closed");
                return Err(fault(column, "too_long", detail));
            }
            Err(Unread::Wide) => return Err(fault(None, "cells", "the row has more than 1000 cells".into())),
            Err(Unread::Open) => {
                return Err(fault(
                    None,
                    "open_quote",
                    "a quote is opened and not closed up to the end of the file".into(),
                ));
            }
        };
        let (own, more) = cells.split_at_checked(width).unwrap_or((cells, &[]));
        if own.len() < width || more.iter().any(|cell| !cell.trim().is_empty()) {
            let detail = format!("the row has {} cells, the first line has {width}", cells.len());
            return Err(fault(None, "cells", detail));
        }
        match own
            .iter()
            .zip(&self.columns)
            .find(|(cell, _)| cell.contains('\u{fffd}'))
        {
            Some((_, column)) => Err(fault(
                Some(&column.name),
                "encoding",
                "holds bytes that are no text in the encoding of the file".into(),
            )),
            None => Ok(own),
        }
    }

    fn fault(&self, line: i32, field: Option<&str>, (code, detail): Wrong) -> ImportRefusal {
        ImportRefusal {
            line,
            column: field.and_then(|field| self.column_of(field)).map(str::to_owned),
            field: field.map(str::to_owned),
            code: code.to_owned(),
            detail,
        }
    }

    /// What a field is made of in a row; empty where a column that it needs is. `taken` is what the row's texts take so
    /// far: options of a few bytes can make much of a small file.
    fn text(&self, source: &Source, cells: &[String], taken: &mut usize) -> Result<String, Wrong> {
        let column;
        let pieces = match source {
            Source::Column(at) => {
                column = [Piece::Cell(*at, Some(String::new()))];
                &column
            }
            Source::Pattern(pieces) => pieces.as_slice(),
        };
        let mut text = String::new();
        for piece in pieces {
            let part = match piece {
                Piece::Text(own) => own,
                Piece::Cell(at, otherwise) => match (self.cell(*at, cells), otherwise) {
                    ("", Some(otherwise)) => otherwise,
                    ("", None) => return Ok(String::new()),
                    (cell, _) => cell,
                },
            };
            *taken = taken.saturating_add(part.len());
            if *taken > MOST_BYTES {
                return Err((
                    "too_long",
                    format!("the row comes to more than {MOST_BYTES} bytes"),
                ));
            }
            text.push_str(part);
        }
        Ok(text)
    }

    fn cell<'t>(&'t self, at: usize, cells: &'t [String]) -> &'t str {
        let written = cells.get(at).map_or("", |cell| cell.trim());
        let meant = self.columns.get(at).and_then(|column| column.values.get(written));
        meant.map_or(written, String::as_str)
    }
}

fn put(fields: &mut Map<String, Value>, name: &str, value: Value) {
    let Some((outer, inner)) = name.split_once('.') else {
        fields.insert(name.to_owned(), value);
        return;
    };
    let of = fields.entry(outer).or_insert_with(|| Value::Object(Map::new()));
    if let Value::Object(of) = of {
        of.insert(inner.to_owned(), value);
    }
}

//! A file as it is read: its plan, and what is to be known of the rows before.

use super::again::{is_refused, plain};
use super::options::Options;
use super::plan::Plan;
use super::reader::Rows;
use super::referring::mark;
use super::registry::Importer;
use super::row::Read;
use super::text::Source;
use crate::refusal::Refusal;
use firma_domain::platform::ImportRefusal;
use serde_json::Value;
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

/// Rows that are passed over at once.
const ROWS: usize = 500;
/// What rows that are read at once may take in memory.
pub(super) const MOST_AT_ONCE: usize = 32 * 1_024 * 1_024;

/// Rows that are read at once.
pub(super) struct Part {
    pub rows: Vec<Read>,
    /// Whether there are no more behind them
    pub is_end: bool,
}

/// The file, and what is to be known of the rows before.
pub(super) struct Reading {
    rows: Rows,
    pub plan: Arc<Plan>,
    pub importer: &'static Importer,
    /// Keys so far, and the line of each
    keys: HashMap<u64, i32>,
    /// Of a dry run: what the rows so far are called
    pub named: Arc<HashSet<u64>>,
    pub read: i32,
    /// Whether it is a file of refused rows
    again: bool,
}

impl Reading {
    pub(super) fn open(file: &Source, options: &Options, done: i32) -> Result<Reading, Refusal> {
        let mut rows = Rows::open(file, options.encoding.as_deref(), options.separator())?;
        let head = rows.next()?.map(|row| row.cells);
        let header = match head {
            Some(Ok(header)) => named(header),
            Some(Err(_)) => {
                return Err(Refusal::field(
                    "file",
                    "no_header",
                    "the first line can't be read",
                ));
            }
            None => return Err(Refusal::field("file", "empty", "the file is empty")),
        };
        let again = is_refused(&header);
        let header = if again {
            header.iter().map(|cell| plain(cell).into_owned()).collect()
        } else {
            header
        };
        let importer = Importer::named(&options.entity)?;
        let mut reading = Reading {
            rows,
            plan: Arc::new((importer.plan)(options, &header)?),
            importer,
            keys: HashMap::new(),
            named: Arc::default(),
            read: 0,
            again,
        };
        while reading.read < done {
            let left = usize::try_from(done - reading.read).unwrap_or(ROWS).min(ROWS);
            let rows = reading.part(left)?.rows;
            if rows.is_empty() {
                return Err(Refusal::field(
                    "file",
                    "changed",
                    "the file has fewer rows than were read of it before",
                ));
            }
            if options.dry_run {
                reading.remember(&rows);
            }
        }
        Ok(reading)
    }

    /// The next rows, at most so many.
    pub(super) fn part(&mut self, most: usize) -> Result<Part, Refusal> {
        let (mut rows, mut bytes) = (Vec::new(), 0);
        while rows.len() < most && bytes < MOST_AT_ONCE {
            let Some(mut row) = self.rows.next()? else {
                return Ok(Part { rows, is_end: true });
            };
            if let (true, Ok(cells)) = (self.again, &mut row.cells) {
                cells.iter_mut().for_each(|cell| *cell = plain(cell).into_owned());
            }
            let mut read = self.plan.read(&row);
            self.once(&mut read);
            self.read = self.read.saturating_add(1);
            bytes += read.bytes;
            rows.push(read);
        }
        Ok(Part { rows, is_end: false })
    }

    /// Refuses a key that was there before: else each run would change the row to and fro.
    fn once(&mut self, row: &mut Read) {
        let (Some(key), Some(field)) = (&row.key, self.plan.key) else {
            return;
        };
        let line = *self
            .keys
            .entry(mark(field, &(self.plan.sought)(field, key)))
            .or_insert(row.line);
        if line != row.line {
            row.faults.push(ImportRefusal {
                line: row.line,
                column: self.plan.column_of(field).map(str::to_owned),
                field: Some(field.to_owned()),
                code: "twice".into(),
                detail: format!("line {line} has the same"),
            });
        }
    }

    pub(super) fn remember(&mut self, rows: &[Read]) {
        let named = Arc::make_mut(&mut self.named);
        for row in rows.iter().filter(|row| row.faults.is_empty()) {
            let texts = row.fields.values().filter_map(Value::as_str);
            named.extend(texts.map(|text| mark(self.importer.collection, text)));
        }
    }
}

/// The names of columns, without what stands empty behind the last.
pub(super) fn named(mut header: Vec<String>) -> Vec<String> {
    let last = header.iter().rposition(|name| !name.trim().is_empty());
    header.truncate(last.map_or(0, |at| at + 1));
    header
}

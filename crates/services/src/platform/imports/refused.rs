//! The rows that an import refused, as they stand in its file: to be mended and brought in again.

use super::again::{COLUMNS, guarded, is_parted, is_refused, plain};
use super::options::Options;
use super::reader::{Row, Rows};
use super::reading::named;
use super::text::Source;
use crate::refusal::Refusal;
use crate::work::Work;
use firma_auth::access::{Grant, Read};
use firma_domain::Id;
use firma_domain::platform::{File, Import, ImportRefusal};
use std::borrow::Cow;
use std::collections::VecDeque;

/// Bytes that are written at once, and the rest of a row.
const CHUNK: usize = 64 * 1_024;
/// What an undo left was not refused.
const OF_UNDO: &str = "undo_";

/// The file of an import and how it is read, for who may read the import.
///
/// # Errors
/// There is no such import for the caller, or its file is gone.
pub fn refused_file(
    work: &mut Work<'_, '_>,
    grant: Grant<Import, Read>,
    import: Id,
) -> Result<(File, Options), Refusal> {
    let import = work.open(grant)?.find(import)?.value;
    let file = import.file_id.ok_or(Refusal::NotFound)?;
    let file = work.open(grant.also::<File, Read>())?.find(file)?.value;
    Ok((file, Options::read(import.options)?))
}

/// The file of an import, of which the refused rows are written: told of the refusals in their order, in constant
/// memory however long it is.
pub struct RefusedRows {
    rows: Rows,
    /// A row that is further down than those that were asked for
    next: Option<Row>,
    refusals: VecDeque<ImportRefusal>,
    /// Whether the file itself is one of refused rows
    again: bool,
}

impl RefusedRows {
    /// Opens the file; and what a file of its refused rows begins with: a mark that it is UTF-8, and its first line.
    ///
    /// # Errors
    /// The file can't be read.
    pub fn open(file: &Source, options: &Options) -> Result<(RefusedRows, Vec<u8>), Refusal> {
        let rows = Rows::open(file, options.encoding.as_deref(), options.separator())?;
        let mut refused = RefusedRows {
            rows,
            next: None,
            refusals: VecDeque::new(),
            again: false,
        };
        let header = refused
            .rows
            .next()?
            .and_then(|row| row.cells.ok())
            .unwrap_or_default();
        let header = named(header);
        refused.again = is_refused(&header);
        let mut out = "\u{feff}".as_bytes().to_vec();
        refused.write(&mut out, COLUMNS.map(str::to_owned), &header);
        Ok((refused, out))
    }

    /// Further refusals, in the order of the file.
    pub fn add(&mut self, refusals: Vec<ImportRefusal>) {
        let refused = |refusal: &ImportRefusal| !refusal.code.starts_with(OF_UNDO);
        self.refusals.extend(refusals.into_iter().filter(refused));
    }

    /// Some of the rows that the refusals so far are about; none once all of them are written.
    ///
    /// # Errors
    /// The file can't be read.
    pub fn some(&mut self) -> Result<Option<Vec<u8>>, Refusal> {
        let mut out = Vec::new();
        while out.len() < CHUNK
            && let Some(line) = self.refusals.front().map(|refusal| refusal.line)
        {
            let row = match self.next.take() {
                Some(row) => row,
                None => match self.rows.next()? {
                    Some(row) => row,
                    None => {
                        self.refusals.clear();
                        break;
                    }
                },
            };
            if row.line < line {
                continue;
            }
            let of_line = self
                .refusals
                .iter()
                .take_while(|refusal| refusal.line == line)
                .count();
            let refusals: Vec<_> = self.refusals.drain(..of_line).collect();
            if row.line > line {
                // It was written with those of its refusals that came before.
                self.next = Some(row);
                continue;
            }
            let mut columns: Vec<_> = refusals.iter().filter_map(|of| of.column.as_deref()).collect();
            columns.dedup();
            let why = |of: &ImportRefusal| match &of.column {
                Some(column) => format!("{column}: {} ({})", of.detail, of.code),
                None => format!("{} ({})", of.detail, of.code),
            };
            let reasons: Vec<_> = refusals.iter().map(why).collect();
            let about = [line.to_string(), columns.join(", "), reasons.join("; ")];
            self.write(&mut out, about, &row.cells.unwrap_or_default());
        }
        Ok((!out.is_empty()).then_some(out))
    }

    /// A row, parted as the file is.
    fn write(&self, out: &mut Vec<u8>, about: [String; 3], cells: &[String]) {
        let separator = self.rows.separator();
        // What was told of the row the last time isn't told again, and what was guarded isn't guarded twice.
        let skipped = if self.again { COLUMNS.len() } else { 0 };
        let cells = cells.iter().skip(skipped).map(|cell| match self.again {
            true => Cow::Owned(guarded(&plain(cell)).into_owned()),
            false => guarded(cell),
        });
        for (n, cell) in about.iter().map(|text| guarded(text)).chain(cells).enumerate() {
            if n > 0 {
                out.push(separator);
            }
            out.extend_from_slice(quoted(&cell, separator).as_bytes());
        }
        out.extend_from_slice(b"\r\n");
    }
}

fn quoted(cell: &str, separator: u8) -> Cow<'_, str> {
    match is_parted(cell) || cell.as_bytes().contains(&separator) {
        true => Cow::Owned(format!("\"{}\"", cell.replace('"', "\"\""))),
        false => Cow::Borrowed(cell),
    }
}

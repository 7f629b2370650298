//! The rows of a file, in constant memory: separators and line ends as they come, lines counted as an
//! editor counts them.

use super::text::{Source, Text, encoding};
use crate::refusal::Refusal;
use csv_core::ReadRecordResult as Read;

/// The most bytes of a row, as UTF-8: what an unclosed quote may swallow.
pub(super) const MOST_BYTES: usize = 1_024 * 1_024;
/// The most columns.
pub(super) const MOST_CELLS: usize = 1_000;
const SEPARATORS: [u8; 4] = [b',', b';', b'\t', b'|'];

/// A row as it stands in the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Row {
    /// The line on which it begins; the first is 1
    pub line: i32,
    pub cells: Result<Vec<String>, Unread>,
}

/// Why a row can't be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Unread {
    /// More bytes than a row may have; the cell in which it came to that
    Long { cell: usize },
    /// More cells than a row may have
    Wide,
    /// A quote is opened and never closed
    Open,
}

/// A file that is read row by row.
pub(super) struct Rows {
    text: Text,
    csv: csv_core::Reader,
    buffer: Vec<u8>,
    at: usize,
    out: Vec<u8>,
    ends: Vec<usize>,
    count: Count,
    separator: u8,
}

/// Where the reading is.
struct Count {
    line: i32,
    last: u8,
    /// Quotes of this row, and whether one stands where a cell begins
    quotes: usize,
    opened: bool,
}

impl Rows {
    /// Opens a file. The separator is the one that is named, the one that its first line names as
    /// spreadsheets do (`sep=;`), or the one that gives the first line the most cells.
    pub(super) fn open(source: &Source, named: Option<&str>, separator: Option<u8>) -> Result<Rows, Refusal> {
        let mut text = Text::open(source, encoding(source, named)?)?;
        let mut buffer = Vec::new();
        text.next(&mut buffer)?;
        let (said, skipped) = said(&buffer);
        let head = buffer.get(skipped..).unwrap_or_default();
        let separator = separator.or(said).unwrap_or_else(|| guessed(head));
        let mut rows = Rows {
            text,
            csv: csv_core::ReaderBuilder::new().delimiter(separator).build(),
            buffer,
            at: 0,
            out: vec![0; MOST_BYTES],
            ends: vec![0; MOST_CELLS],
            count: Count {
                line: 1,
                last: b'\n',
                quotes: 0,
                opened: false,
            },
            separator,
        };
        rows.pass(skipped);
        Ok(rows)
    }

    /// What parts the cells.
    pub(super) fn separator(&self) -> u8 {
        self.separator
    }

    /// The next row that isn't empty; none at the end.
    pub(super) fn next(&mut self) -> Result<Option<Row>, Refusal> {
        loop {
            let Some(row) = self.any()? else { return Ok(None) };
            match &row.cells {
                Ok(cells) if cells.iter().all(|cell| cell.trim().is_empty()) => {}
                _ => return Ok(Some(row)),
            }
        }
    }

    fn any(&mut self) -> Result<Option<Row>, Refusal> {
        while let Some(b'\n' | b'\r') = self.peek()? {
            self.pass(1);
        }
        let line = self.count.line;
        (self.count.quotes, self.count.opened) = (0, false);
        let (mut length, mut cells, mut unread) = (0, 0, None);
        loop {
            let more = self.peek()?.is_some();
            let input = self.buffer.get(self.at..).unwrap_or_default();
            let out = self.out.get_mut(length..).unwrap_or_default();
            let ends = self.ends.get_mut(cells..).unwrap_or_default();
            let (result, read, written, ended) = self.csv.read_record(input, out, ends);
            self.pass(read);
            (length, cells) = (length + written, cells + ended);
            match result {
                Read::InputEmpty => {}
                // The rest of the row is read over what was read of it.
                Read::OutputFull => {
                    unread = unread.or(Some(Unread::Long { cell: cells }));
                    length = 0;
                }
                Read::OutputEndsFull => {
                    unread = unread.or(Some(Unread::Wide));
                    cells = 0;
                }
                Read::End => return Ok(None),
                Read::Record => {
                    if !more && self.count.opened && self.count.quotes % 2 == 1 {
                        unread = Some(Unread::Open);
                    }
                    let cells = unread.map_or_else(|| Ok(self.cells(cells)), Err);
                    return Ok(Some(Row { line, cells }));
                }
            }
        }
    }

    fn cells(&self, count: usize) -> Vec<String> {
        let mut from = 0;
        let mut cell = |end: &usize| {
            let bytes = self.out.get(std::mem::replace(&mut from, *end)..*end);
            String::from_utf8_lossy(bytes.unwrap_or_default()).into_owned()
        };
        self.ends.iter().take(count).map(&mut cell).collect()
    }

    /// The next byte, read from the file where the buffer is at its end.
    fn peek(&mut self) -> Result<Option<u8>, Refusal> {
        if self.at == self.buffer.len() {
            self.buffer.clear();
            self.at = 0;
            self.text.next(&mut self.buffer)?;
        }
        Ok(self.buffer.get(self.at).copied())
    }

    /// Goes on by so many bytes, and counts lines and quotes.
    fn pass(&mut self, bytes: usize) {
        let end = self.at + bytes;
        for byte in self.buffer.get(self.at..end).unwrap_or_default() {
            self.count.pass(*byte, self.separator);
        }
        self.at = end;
    }
}

impl Count {
    fn pass(&mut self, byte: u8, separator: u8) {
        match byte {
            b'\n' if self.last == b'\r' => {}
            b'\n' | b'\r' => self.line = self.line.saturating_add(1),
            b'"' => {
                self.quotes += 1;
                self.opened |= self.last == separator || matches!(self.last, b'\n' | b'\r');
            }
            _ => {}
        }
        self.last = byte;
    }
}

/// What a first line `sep=;` says, and its length.
fn said(text: &[u8]) -> (Option<u8>, usize) {
    match text {
        [
            b's' | b'S',
            b'e' | b'E',
            b'p' | b'P',
            b'=',
            separator,
            b'\r',
            b'\n',
            ..,
        ] => (Some(*separator), 7),
        [
            b's' | b'S',
            b'e' | b'E',
            b'p' | b'P',
            b'=',
            separator,
            b'\n' | b'\r',
            ..,
        ] => (Some(*separator), 6),
        _ => (None, 0),
    }
}

/// The separator that gives the first row the most cells.
fn guessed(head: &[u8]) -> u8 {
    let cells = |separator: u8| {
        let mut csv = csv_core::ReaderBuilder::new().delimiter(separator).build();
        let (mut out, mut ends) = (vec![0; head.len()], vec![0; MOST_CELLS]);
        let (_, _, _, count) = csv.read_record(head, &mut out, &mut ends);
        count
    };
    let best = SEPARATORS
        .into_iter()
        .rev()
        .max_by_key(|separator| cells(*separator));
    best.unwrap_or(b',')
}

#[cfg(test)]
#[path = "reader_tests.rs"]
mod tests;

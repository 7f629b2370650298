//! A file of refused rows: how it is told from others, and what its cells hold. A spreadsheet that opens it must not
//! take a cell for a formula, and who brings it in again must find the cell as it was.

use std::borrow::Cow;

/// What stands before the columns of the file that was refused: where the row was, which columns are to blame, and why.
pub(super) const COLUMNS: [&str; 3] = ["refused_line", "refused_columns", "refused_reasons"];

/// What spreadsheets take for the beginning of a formula.
const SIGNS: [char; 8] = ['=', '+', '-', '@', '＝', '＋', '－', '＠'];
/// What some of them leave out before one.
const LEFT_OUT: [char; 3] = ['\t', '\r', '\n'];
/// Where a spreadsheet may begin a cell, whatever the file is parted by: it goes by the language that it is set to.
const PARTING: [char; 7] = [',', ';', '\t', '|', '"', '\r', '\n'];

/// Whether a file with this first line is one of refused rows.
pub(super) fn is_refused(header: &[String]) -> bool {
    let begins = header.iter().zip(COLUMNS);
    header.len() >= COLUMNS.len() && begins.into_iter().all(|(cell, name)| cell.trim() == name)
}

/// Whether a text that stands there would be one; what is within a cell has what is left out behind it as a text of its
/// own.
fn is_formula(text: &str, is_first: bool) -> bool {
    let text = text.trim_start_matches(['\'', ' ']);
    text.starts_with(SIGNS) || is_first && text.starts_with(LEFT_OUT)
}

/// Whether a cell has to be quoted, so that it is one cell to who parts by something else than the file.
pub(super) fn is_parted(cell: &str) -> bool {
    cell.contains(PARTING)
}

/// The texts that a cell may be taken for, and whether it is the first of them.
fn texts(cell: &str) -> impl Iterator<Item = (bool, &str)> {
    let texts = cell.split_inclusive(PARTING).enumerate();
    texts.map(|(n, text)| (n == 0, text))
}

/// A cell of which no spreadsheet runs anything: with an apostrophe before what would be a formula, at its beginning and
/// wherever it might be parted. What begins with apostrophes itself gets one more, so that each cell is one text and no
/// other.
pub(super) fn guarded(cell: &str) -> Cow<'_, str> {
    if !texts(cell).any(|(is_first, text)| is_formula(text, is_first)) {
        return Cow::Borrowed(cell);
    }
    let guard = |(is_first, text)| match is_formula(text, is_first) {
        true => ["'", text],
        false => ["", text],
    };
    Cow::Owned(texts(cell).flat_map(guard).collect())
}

/// The cell that was guarded.
pub(super) fn plain(cell: &str) -> Cow<'_, str> {
    fn rest((is_first, text): (bool, &str)) -> &str {
        let rest = text.strip_prefix('\'');
        rest.filter(|rest| is_formula(rest, is_first)).unwrap_or(text)
    }
    if !cell.contains('\'') {
        return Cow::Borrowed(cell);
    }
    Cow::Owned(texts(cell).map(rest).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_cell_is_a_formula_and_each_is_read_as_it_was() {
        let formulas = [
            "=1+1", "+49 89 1", "-5", "@SUM(A1)", "\t=1", " =1", "'=1", "''-1", "＝1", "' +1",
        ];
        for cell in formulas {
            assert!(guarded(cell).starts_with('\''), "{cell}");
        }
        let within = [
            "x;=HYPERLINK(\"http://x\");y",
            "x,+1",
            "x\t@a",
            "x|-1",
            "x\"=1",
            "a\n- b\n'- c",
            "a\r\n=1",
            "x; ''=1",
            ";\t=1",
            "=1;=2",
            "'=1;'=2",
            "\t\n\t=1",
            "x;＝1",
        ];
        for cell in within {
            let guarded = guarded(cell);
            let parts: Vec<_> = guarded.split(PARTING).collect();
            let runs = |part: &str| part.trim_start().starts_with(SIGNS);
            assert!(!parts.iter().any(|part| runs(part)), "{guarded}");
        }
        let others = [
            "",
            "a",
            "5-3",
            "'s-Hertogenbosch",
            "'",
            "''",
            "' a",
            "a=b",
            "a;b",
            "a\n\nb\r\nc",
            "a;'b",
            "\"a\" | b",
        ];
        for cell in formulas.into_iter().chain(within).chain(others) {
            assert_eq!(plain(&guarded(cell)), cell);
        }
        for cell in others {
            assert_eq!((guarded(cell).as_ref(), plain(cell).as_ref()), (cell, cell));
        }
    }
}

//! A file of refused rows: how it is told from others, and what its cells hold. A spreadsheet that opens it must not
//! take a cell for a formula, and who brings it in again must find the cell as it was.

use std::borrow::Cow;

/// What stands before the columns of the file that was refused: where the row was, which columns are to blame, and why.
pub(super) const COLUMNS: [&str; 3] = ["refused_line", "refused_columns", "refused_reasons"];

/// What spreadsheets take for the beginning of a formula, or what some of them leave out before one.
const BEGINNINGS: [char; 11] = ['=', '+', '-', '@', '\t', '\r', '\n', '＝', '＋', '－', '＠'];

/// Whether a file with this first line is one of refused rows.
pub(super) fn is_refused(header: &[String]) -> bool {
    let begins = header.iter().zip(COLUMNS);
    header.len() >= COLUMNS.len() && begins.into_iter().all(|(cell, name)| cell.trim() == name)
}

fn is_formula(cell: &str) -> bool {
    cell.trim_start_matches(['\'', ' ']).starts_with(BEGINNINGS)
}

/// A cell that no spreadsheet runs: with an apostrophe before it. Those that begin with apostrophes themselves get one
/// more, so that each cell is one text and no other.
pub(super) fn guarded(cell: &str) -> Cow<'_, str> {
    match is_formula(cell) {
        true => Cow::Owned(format!("'{cell}")),
        false => Cow::Borrowed(cell),
    }
}

/// The cell that was guarded.
pub(super) fn plain(cell: &str) -> &str {
    match cell.strip_prefix('\'') {
        Some(rest) if is_formula(rest) => rest,
        _ => cell,
    }
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
        let others = ["", "a", "5-3", "'s-Hertogenbosch", "'", "''", "' a", "a=b"];
        for cell in formulas.into_iter().chain(others) {
            assert_eq!(plain(&guarded(cell)), cell);
        }
        for cell in others {
            assert_eq!((guarded(cell).as_ref(), plain(cell)), (cell, cell));
        }
    }
}

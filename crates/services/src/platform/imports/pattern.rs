//! A text for each row, with `{column}` or `{column|else}` in it.

use firma_domain::FieldError;
use firma_domain::input::at_name;

/// What such a text is made of.
pub(super) enum Piece<Column> {
    Text(String),
    /// What stands in a column, and what stands for it where that is empty
    Cell(Column, Option<String>),
}

/// The pieces of a text, with the columns by their names.
pub(super) fn pieces(pattern: &str) -> Result<Vec<Piece<String>>, FieldError> {
    let mut pieces = Vec::new();
    let mut left = pattern;
    while let Some((before, rest)) = left.split_once('{') {
        let unclosed = || at_name(pattern, "invalid_value", "a brace is opened and not closed");
        let (named, after) = rest.split_once('}').ok_or_else(unclosed)?;
        let (name, otherwise) = match named.split_once('|') {
            Some((name, otherwise)) => (name, Some(otherwise.to_owned())),
            None => (named, None),
        };
        pieces.push(Piece::Text(before.to_owned()));
        pieces.push(Piece::Cell(name.to_owned(), otherwise));
        left = after;
    }
    pieces.push(Piece::Text(left.to_owned()));
    Ok(pieces)
}

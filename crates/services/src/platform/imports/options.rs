//! What who imports says about the file.

use super::cells;
use super::pattern::{self, Piece};
use crate::refusal::Refusal;
use encoding_rs::Encoding;
use firma_domain::input::{self, at_name};
use firma_domain::{Currency, FieldError};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;

/// What a file of rows is to become, and how its cells are read.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Options {
    /// The collection: `deals`
    pub entity: String,
    /// The file's columns and the fields that they become; unless any is named, those that are called like
    /// a field
    #[serde(default)]
    pub columns: BTreeMap<String, Fields>,
    /// Fields and a text for each row, with `{column}` for what stands in one, or `{column|else}`
    #[serde(default)]
    pub fields: BTreeMap<String, String>,
    /// By column: what stands in a cell, and what is meant by it
    #[serde(default)]
    pub values: BTreeMap<String, BTreeMap<String, String>>,
    /// By reference: what names the row that is referred to, such as `name`; else whatever names one
    #[serde(default)]
    pub links: BTreeMap<String, String>,
    /// The field by which a row is found again, or `none`; `external_id` where a column becomes that
    #[serde(default)]
    pub key: Option<String>,
    /// Counts and stores nothing
    #[serde(default)]
    pub dry_run: bool,
    /// Stores all rows or none
    #[serde(default)]
    pub all_or_nothing: bool,
    /// What an empty cell does to a row that is there
    #[serde(default, deserialize_with = "firma_domain::input::word")]
    pub empty: Empty,
    /// How dates are written, such as `DD.MM.YYYY`; `YYYY-MM-DD` is always read
    #[serde(default)]
    pub date_format: Option<String>,
    /// What stands before the decimals, `,` or `.`; the other one may then part the thousands
    #[serde(default)]
    pub decimal: Option<char>,
    /// What parts the entries of a list in one cell; a comma unless given
    #[serde(default)]
    pub list_separator: Option<char>,
    /// The currency of amounts that no column gives one; the organization's unless given
    #[serde(default)]
    pub currency: Option<Currency>,
    /// What parts the cells; found out unless given
    #[serde(default)]
    pub separator: Option<char>,
    /// The encoding, such as `windows-1250`; found out unless given
    #[serde(default)]
    pub encoding: Option<String>,
}

/// A field, or several.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(untagged, expecting = "has to be the name of a field, or a list of them")]
pub enum Fields {
    One(String),
    Many(Vec<String>),
}

impl Fields {
    pub(super) fn names(&self) -> &[String] {
        match self {
            Fields::One(name) => std::slice::from_ref(name),
            Fields::Many(names) => names,
        }
    }
}

/// What an empty cell does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Empty {
    /// The row keeps what it has
    #[default]
    Keep,
    /// The row's field is emptied; its owner stays
    Clear,
}

impl Options {
    /// The options from JSON.
    ///
    /// # Errors
    /// What is unknown, or of another type.
    pub fn read(given: Value) -> Result<Options, Refusal> {
        Ok(input::raw(given)?)
    }

    /// What is wrong by itself in `separator`, `decimal`, `encoding` and `date_format`.
    pub(super) fn faults(&self) -> Vec<FieldError> {
        let is_separator = |c: char| c.is_ascii() && !"\"\r\n".contains(c);
        let is_encoding = |name: &String| Encoding::for_label(name.as_bytes()).is_some();
        let is_order = |format: &String| cells::date_order(format).is_some();
        let wrong = [
            (
                "separator",
                "is no separator",
                self.separator.is_some_and(|c| !is_separator(c)),
            ),
            (
                "decimal",
                "has to be , or .",
                self.decimal.is_some_and(|c| c != ',' && c != '.'),
            ),
            (
                "encoding",
                "is not the name of an encoding",
                !self.encoding.as_ref().is_none_or(is_encoding),
            ),
            (
                "date_format",
                "has to be such as DD.MM.YYYY",
                !self.date_format.as_ref().is_none_or(is_order),
            ),
        ];
        let wrong = wrong.into_iter().filter(|(.., is_wrong)| *is_wrong);
        wrong
            .map(|(name, detail, _)| at_name(name, "invalid_value", detail))
            .collect()
    }

    /// Whether those of the file's columns that are called like a field become it.
    pub(super) fn leaves_it_to_the_file(&self) -> bool {
        self.columns.is_empty() && self.fields.is_empty()
    }

    /// How many fields the options speak of.
    pub(super) fn fields_named(&self) -> usize {
        let of_columns = self.columns.values().map(|fields| fields.names().len());
        of_columns.sum::<usize>() + self.fields.len() + self.links.len()
    }

    /// The columns that the options speak of.
    pub(super) fn columns_named(&self) -> impl Iterator<Item = String> {
        let in_patterns = self.fields.values().filter_map(|text| pattern::pieces(text).ok());
        let in_patterns = in_patterns.flatten().filter_map(|piece| match piece {
            Piece::Cell(name, _) => Some(name),
            Piece::Text(_) => None,
        });
        let named = self.columns.keys().chain(self.values.keys()).cloned();
        named.chain(in_patterns)
    }

    pub(super) fn separator(&self) -> Option<u8> {
        self.separator.and_then(|c| u8::try_from(c).ok())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_is_no_option_is_told_in_words_of_a_caller() {
        let told = |given: Value| Options::read(given).unwrap_err().to_string();
        assert_eq!(told(json!([])), "#: an object is expected");
        assert_eq!(
            told(json!({"entity": "deals", "columns": {"No": 5}})),
            "#/columns/No: has to be the name of a field, or a list of them"
        );
    }
}

//! What is to be done with the file.

use crate::cli::NewImport;
use firma_services::platform::imports::Options;
use serde_json::{Map, Value};

/// What the file of options says, and over it what the command line does.
pub(super) fn options(new: &NewImport) -> Result<Options, String> {
    let mut given = match &new.options {
        None => Map::new(),
        Some(path) => {
            let text = std::fs::read_to_string(path).map_err(|e| format!("{}: {e}", path.display()))?;
            serde_json::from_str(&text).map_err(|e| format!("{}: {e}", path.display()))?
        }
    };
    for (name, value) in [("entity", &new.entity), ("key", &new.key)] {
        if let Some(value) = value {
            given.insert(name.into(), value.as_str().into());
        }
    }
    for (name, asked) in [("dry_run", new.dry_run), ("all_or_nothing", new.all_or_nothing)] {
        if asked {
            given.insert(name.into(), true.into());
        }
    }
    if !given.contains_key("entity") {
        return Err("say what the rows are to become, with --entity".into());
    }
    let columns = given
        .entry("columns")
        .or_insert_with(|| Value::Object(Map::new()));
    for (column, field) in &new.map {
        if let Value::Object(columns) = columns {
            columns.insert(column.clone(), field.as_str().into());
        }
    }
    Options::read(Value::Object(given)).map_err(|refusal| refusal.to_string())
}

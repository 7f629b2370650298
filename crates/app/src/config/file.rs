//! The optional TOML file: a flat list of `key = value`, checked key by key.
use super::fault::Fault;
use super::provider;
use super::table::SETTINGS;
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use toml::Value;

#[derive(Default)]
pub(super) struct File {
    pub(super) name: String,
    /// The texts by the setting's key, in snake_case.
    pub(super) values: BTreeMap<String, String>,
}

/// `place` is where the file was named, for the fault when it can't be read.
pub(super) fn read(place: &str, path: &Path, faults: &mut Vec<Fault>) -> File {
    let name = path.display().to_string();
    match fs::read_to_string(path) {
        Ok(text) => parse(name, &text, faults),
        Err(error) => {
            faults.push(Fault::new(place, format!("{name:?} can't be read: {error}")));
            File::default()
        }
    }
}

fn parse(name: String, text: &str, faults: &mut Vec<Fault>) -> File {
    let table: toml::Table = match text.parse() {
        Ok(table) => table,
        Err(error) => {
            faults.push(malformed(&name, text, &error));
            return File::default();
        }
    };
    let mut values = BTreeMap::new();
    for (written, value) in table {
        let key = written.replace('-', "_");
        let is_known = SETTINGS.iter().any(|setting| setting.key == key) || provider::may_be_key(&key);
        let problem = if !is_known {
            "is not a setting"
        } else if let Some(text) = plain(value) {
            if values.insert(key, text).is_none() {
                continue;
            }
            "is given twice, once with - and once with _"
        } else {
            "has to be a text or a number"
        };
        faults.push(Fault::new(format!("{name}, {written}"), problem));
    }
    File { name, values }
}

/// The line's number and not the line, which may hold a secret.
fn malformed(name: &str, text: &str, error: &toml::de::Error) -> Fault {
    let before = error
        .span()
        .and_then(|span| text.get(..span.start))
        .unwrap_or_default();
    let line = before.matches('\n').count() + 1;
    let problem = error.message().replace('\n', "; ");
    Fault::new(format!("{name}, line {line}"), format!("is not TOML: {problem}"))
}

fn plain(value: Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text),
        Value::Integer(number) => Some(number.to_string()),
        Value::Boolean(switch) => Some(switch.to_string()),
        Value::Float(_) | Value::Datetime(_) | Value::Array(_) | Value::Table(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn faults(text: &str) -> Vec<String> {
        let mut faults = Vec::new();
        parse("firma.toml".to_owned(), text, &mut faults);
        faults.iter().map(Fault::to_string).collect()
    }

    #[test]
    fn both_spellings_and_bare_numbers_are_read() {
        let mut faults = Vec::new();
        let text = "data-dir = \"/srv\"\nlog_format = \"json\"\nbcrypt-cost = 13\n";
        let file = parse("firma.toml".to_owned(), text, &mut faults);
        assert_eq!(faults, []);
        assert_eq!(file.values.get("data_dir").map(String::as_str), Some("/srv"));
        assert_eq!(file.values.get("log_format").map(String::as_str), Some("json"));
        assert_eq!(file.values.get("bcrypt_cost").map(String::as_str), Some("13"));
    }

    #[test]
    fn every_wrong_key_is_named() {
        assert_eq!(
            faults("bnd = \"x\"\nlog = [\"info\"]\ndata-dir = \"a\"\ndata_dir = \"b\"\n[db]\nport = 1\n"),
            [
                "firma.toml, bnd: is not a setting",
                "firma.toml, data_dir: is given twice, once with - and once with _",
                "firma.toml, db: is not a setting",
                "firma.toml, log: has to be a text or a number",
            ]
        );
    }

    #[test]
    fn a_malformed_file_names_the_line_and_hides_its_content() {
        let found = faults("bind = \"127.0.0.1:1\"\nsecret = \"hunter2\n");
        assert_eq!(found.len(), 1);
        let line = found.concat();
        assert!(line.starts_with("firma.toml, line 2: is not TOML: "), "{line}");
        assert!(!line.contains("hunter2"), "{line}");
    }
}

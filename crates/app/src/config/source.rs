//! Finds the text of a setting, and remembers where it stood, so that a fault can name the place.
use super::fault::Fault;
use super::file::File;
use super::given::{Given, Shown};
use super::table::Setting;
use std::ffi::OsString;
use std::fs;

pub(super) const FILE_SUFFIX: &str = "_FILE";

pub(super) struct Sources<'a> {
    pub(super) variable: &'a dyn Fn(&str) -> Option<OsString>,
    pub(super) file: File,
    pub(super) faults: Vec<Fault>,
    pub(super) given: Vec<Given>,
}

struct Found {
    place: String,
    text: String,
}

impl Sources<'_> {
    /// None when the setting is absent, or when it has a fault, which is then among `faults`.
    pub(super) fn value<T: Shown>(
        &mut self,
        setting: &Setting,
        flag: Option<&str>,
        read: impl Fn(&str) -> Result<T, String>,
    ) -> Option<T> {
        let result = self.find(setting, flag).and_then(|found| match found {
            // An empty value is mostly a variable of somebody's script that wasn't filled in.
            Some(found) if found.text.is_empty() => {
                Err(Fault::new(found.place, "is empty; give a value or leave it out"))
            }
            Some(found) => match read(&found.text) {
                Ok(value) => Ok(Some((value, found))),
                Err(problem) => Err(Fault::new(found.place, problem)),
            },
            None => Ok(None),
        });
        let found = result.unwrap_or_else(|fault| {
            self.faults.push(fault);
            None
        });
        let (value, shown, place) = match found {
            Some((value, found)) => {
                let shown = value.shown(&found.text);
                (Some(value), Some(shown), Some(found.place))
            }
            None => (None, None, None),
        };
        self.given.push(Given {
            setting: setting.key.clone(),
            variable: setting.variable.clone(),
            value: shown,
            from: place,
        });
        value
    }

    fn find(&self, setting: &Setting, flag: Option<&str>) -> Result<Option<Found>, Fault> {
        if let Some(text) = flag {
            let place = format!("--{}", setting.key.replace('_', "-"));
            return Ok(Some(Found {
                place,
                text: text.to_owned(),
            }));
        }
        if let Some(found) = self.find_variable(&setting.variable)? {
            return Ok(Some(found));
        }
        if let Some(text) = self.file.values.get(setting.key.as_ref()) {
            let place = format!("{}, {}", self.file.name, setting.key);
            return Ok(Some(Found {
                place,
                text: text.clone(),
            }));
        }
        let default = |text: &str| Found {
            place: "default".to_owned(),
            text: text.to_owned(),
        };
        Ok(setting.default.map(default))
    }

    fn text_of(&self, name: &str) -> Result<Option<String>, Fault> {
        let text = (self.variable)(name).map(OsString::into_string);
        text.transpose().map_err(|_| Fault::new(name, "is not UTF-8"))
    }

    fn find_variable(&self, name: &str) -> Result<Option<Found>, Fault> {
        let file_name = format!("{name}{FILE_SUFFIX}");
        match (self.text_of(name)?, self.text_of(&file_name)?) {
            (Some(_), Some(_)) => Err(Fault::new(
                name,
                format!("is given, and {file_name} too; one of them has to go"),
            )),
            (Some(text), None) => Ok(Some(Found {
                place: name.to_owned(),
                text,
            })),
            (None, Some(path)) => match fs::read_to_string(&path) {
                Ok(content) => Ok(Some(Found {
                    place: file_name,
                    text: content.trim().to_owned(),
                })),
                Err(error) => Err(Fault::new(file_name, format!("{path:?} can't be read: {error}"))),
            },
            (None, None) => Ok(None),
        }
    }
}

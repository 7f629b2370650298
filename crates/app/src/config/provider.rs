//! OpenID providers: `FIRMA_OIDC` names them, and each has settings of its own.
use super::fault::Fault;
use super::read::{Read, wrong};
use super::source::Sources;
use super::table::Setting;
use super::value::Hidden;
use firma_adapters::{OidcProvider, OidcSettings, SystemClock};
use std::sync::Arc;

/// What a provider's settings are called, behind its name.
const FIELDS: [&str; 5] = ["ISSUER", "CLIENT_ID", "CLIENT_SECRET", "SCOPES", "LABEL"];
const PREFIX: &str = "FIRMA_OIDC_";
/// What a provider is asked for unless it is said otherwise.
const SCOPES: &str = "email profile";

/// One provider.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Provider {
    pub(crate) name: String,
    pub(crate) label: String,
    pub(crate) issuer: String,
    pub(crate) client_id: String,
    pub(crate) client_secret: Option<Hidden<String>>,
    pub(crate) scopes: Vec<String>,
}

/// Names between commas. They stand in variables and in paths.
pub(super) fn names(text: &str) -> Read<Vec<String>> {
    let names: Vec<String> = text.split(',').map(|name| name.trim().to_owned()).collect();
    let is_name = |name: &String| {
        (1..=32).contains(&name.len())
            && name.starts_with(|c: char| c.is_ascii_lowercase())
            && name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit())
    };
    let is_twice = |(n, name): (usize, &String)| names.iter().skip(n + 1).any(|other| other == name);
    if names.iter().all(is_name) && !names.iter().enumerate().any(is_twice) {
        return Ok(names);
    }
    wrong(
        text,
        "names of a-z and 0-9 between commas, such as google,work, each once",
    )
}

/// Whether a variable is one of these, of a provider that is named.
pub(super) fn is_known(variable: &str, providers: &[String]) -> bool {
    let is_of = |name: &String| FIELDS.iter().any(|field| variable == variable_of(name, field));
    providers.iter().any(is_of)
}

fn variable_of(name: &str, field: &str) -> String {
    format!("{PREFIX}{}_{field}", name.to_uppercase())
}

/// Whether a key of the file may be one of these.
pub(super) fn may_be_key(key: &str) -> bool {
    key.starts_with("oidc_")
}

/// Reads the settings of the providers of these names. What is wrong is among the faults.
pub(super) fn read(sources: &mut Sources<'_>, names: &[String]) -> Vec<Provider> {
    let read: Vec<_> = names.iter().filter_map(|name| one(sources, name)).collect();
    let unknown = |key: &&String| {
        may_be_key(key.as_str()) && !sources.given.iter().any(|given| given.setting == key.as_str())
    };
    let unknown: Vec<_> = sources.file.values.keys().filter(unknown).cloned().collect();
    for key in unknown {
        let place = format!("{}, {key}", sources.file.name);
        sources.faults.push(Fault::new(
            place,
            "is not a setting of a provider that `oidc` names",
        ));
    }
    read
}

fn one(sources: &mut Sources<'_>, name: &str) -> Option<Provider> {
    let [issuer, client_id, client_secret, scopes, label] = FIELDS.map(|field| Setting {
        key: format!("oidc_{name}_{}", field.to_lowercase()).into(),
        variable: variable_of(name, field).into(),
        default: (field == "SCOPES").then_some(SCOPES),
    });
    let read = (
        needed(sources, &issuer, self::issuer),
        needed(sources, &client_id, text),
        sources.value(&client_secret, None, |given| text(given).map(Hidden::new)),
        sources.value(&scopes, None, self::scopes),
        sources.value(&label, None, text),
    );
    let (issuer, client_id, client_secret, scopes, label) = read;
    Some(Provider {
        name: name.to_owned(),
        label: label.unwrap_or_else(|| name.to_owned()),
        issuer: issuer?,
        client_id: client_id?,
        client_secret,
        scopes: scopes?,
    })
}

fn needed(sources: &mut Sources<'_>, setting: &Setting, read: fn(&str) -> Read<String>) -> Option<String> {
    let before = sources.faults.len();
    let value = sources.value(setting, None, read);
    if value.is_none() && sources.faults.len() == before {
        let problem = "is missing, and FIRMA_OIDC names that provider";
        sources.faults.push(Fault::new(setting.variable.clone(), problem));
    }
    value
}

fn issuer(text: &str) -> Read<String> {
    let settings = OidcSettings {
        issuer: text.to_owned(),
        client_id: String::new(),
        client_secret: None,
        scopes: vec![],
    };
    match OidcProvider::new(settings, Arc::new(SystemClock)) {
        Ok(_) => Ok(text.to_owned()),
        Err(_) => wrong(
            text,
            "an issuer such as https://id.example.com; http is for this machine alone",
        ),
    }
}

/// It may be a secret, so it isn't repeated.
fn text(text: &str) -> Read<String> {
    let fits = text.chars().count() <= 1_000 && !text.chars().any(char::is_control);
    fits.then(|| text.to_owned())
        .ok_or_else(|| "is not a text of one line, at most 1000 long".to_owned())
}

/// Between blanks or commas; `openid` is always asked for.
fn scopes(text: &str) -> Read<Vec<String>> {
    let all = text
        .split([' ', ','])
        .filter(|scope| !scope.is_empty() && *scope != "openid");
    let all: Vec<String> = all.map(str::to_owned).collect();
    let is_plain = |b: u8| b.is_ascii_graphic() && b != b'"' && b != b'\\';
    match all.iter().all(|scope| scope.bytes().all(is_plain)) {
        true => Ok(all),
        false => wrong(text, "scopes such as email profile"),
    }
}

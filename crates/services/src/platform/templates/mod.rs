//! The templates of mails: one file for each language, with the blocks `subject`, `text` and `html`.
//!
//! A new one is its files beside this one, and its name in [`templates!`].

use firma_persistence::Fault;
use minijinja::value::Serde;
use minijinja::{AutoEscape, Environment};
use serde_json::Value;
use std::sync::LazyLock;

/// The languages that each template has; the first one where a reader's isn't among them.
pub(super) const LANGUAGES: [&str; 4] = ["en", "tr", "sr", "de"];

macro_rules! templates {
    ($($name:literal)*) => {
        /// Name, language, source.
        const SOURCES: &[(&str, &str, &str)] = &[
            $(
                ($name, "en", include_str!(concat!($name, ".en.jinja"))),
                ($name, "tr", include_str!(concat!($name, ".tr.jinja"))),
                ($name, "sr", include_str!(concat!($name, ".sr.jinja"))),
                ($name, "de", include_str!(concat!($name, ".de.jinja"))),
            )*
        ];
    };
}
templates! {
    "account_deleted"
    "account_linked"
    "account_unlinked"
    "address_taken"
    "archive_ready"
    "email_change_new"
    "email_change_old"
    "invitation"
    "new_device"
    "password_changed"
    "reset"
    "security_warning"
    "test"
    "verify"
}

/// A mail's parts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Rendered {
    pub subject: String,
    pub text: String,
    pub html: String,
    pub language: &'static str,
}

/// Whether there is such a template.
pub(super) fn is_known(name: &str) -> bool {
    SOURCES.iter().any(|(known, ..)| *known == name)
}

/// `de-AT` is read as `de`; what isn't there as English.
pub(super) fn language(wanted: &str) -> &'static str {
    let primary = wanted.split(['-', '_']).next().unwrap_or("").to_lowercase();
    let [english, ..] = LANGUAGES;
    LANGUAGES
        .into_iter()
        .find(|known| *known == primary)
        .unwrap_or(english)
}

/// A template with its variables filled in.
pub(super) fn render(name: &str, wanted: &str, variables: &Value) -> Result<Rendered, Fault> {
    static PLAIN: LazyLock<Environment<'static>> = LazyLock::new(|| environment(AutoEscape::None));
    // In HTML every variable is escaped, whoever writes the template.
    static MARKED: LazyLock<Environment<'static>> = LazyLock::new(|| environment(AutoEscape::Html));
    let language = language(wanted);
    let block = |environment: &Environment<'_>, block: &str| {
        let template = environment.get_template(&format!("{name}.{language}"))?;
        let variables = minijinja::Value::from(Serde(variables));
        let mut whole = template.render_captured(variables)?;
        whole.with_state_mut(|state| state.render_block(block))
    };
    let part = |environment: &Environment<'_>, name: &str| {
        let rendered = block(environment, name).map_err(|e| Fault::Internal(format!("a mail's {name}: {e}")));
        rendered.map(|text| text.trim().to_owned())
    };
    let html = part(&MARKED, "html")?;
    Ok(Rendered {
        // One line, whatever stands in a variable.
        subject: part(&PLAIN, "subject")?
            .split_whitespace()
            .collect::<Vec<_>>()
            .join(" "),
        text: part(&PLAIN, "text")? + "\n",
        html: format!(
            "<!doctype html>\n<html lang=\"{language}\"><head><meta charset=\"utf-8\"></head><body>\n{html}\n</body></html>\n"
        ),
        language,
    })
}

fn environment(escape: AutoEscape) -> Environment<'static> {
    let mut environment = Environment::new();
    environment.set_auto_escape_callback(move |_| escape.clone());
    environment.set_undefined_behavior(minijinja::UndefinedBehavior::Strict);
    for (name, language, source) in SOURCES {
        if let Err(error) = environment.add_template_owned(format!("{name}.{language}"), *source) {
            log::error!("the template {name}.{language}: {error}");
        }
    }
    environment
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    /// All variables that any template has; those that people choose look like HTML.
    fn sample(link: Option<&str>) -> Value {
        json!({
            "sent_at": "<2026>", "name": "<Ann>", "token": "TOKEN", "call": "POST /api/v1/auth/x", "link": link,
            "new_email": "new@reader.example", "at": "2027-01-15T09:30:00Z", "ip": "192.0.2.1",
            "device": "Firefox on Linux", "organization": "<Acme>", "inviter": "<Bo>", "message": "<Hi>",
            "until": "2027-01-22", "has_account": link.is_none(),
            "person": "<Ben>", "kind": "new_device", "what": {"provider": "Example"},
        })
    }

    #[test]
    fn every_template_is_there_in_every_language() {
        for (name, language, source) in SOURCES {
            for link in [None, Some("https://firma.example/console/x#token=TOKEN")] {
                let rendered = render(name, language, &sample(link)).unwrap();
                let is_test = *name == "test";
                let (plain, escaped) = if is_test {
                    ("<2026>", "&lt;2026&gt;")
                } else {
                    ("<Ann>", "&lt;Ann&gt;")
                };
                assert_eq!(rendered.language, *language);
                assert!(
                    rendered.subject.starts_with("Firma: ") && rendered.html.contains(escaped),
                    "{name}.{language}: {}",
                    rendered.html
                );
                assert!(rendered.text.contains(plain), "{name}.{language}");
                assert!(!rendered.html.contains(plain), "{name}.{language}");
                if source.contains("token") {
                    for part in [&rendered.text, &rendered.html] {
                        assert!(part.contains("TOKEN"), "{name}.{language}");
                        assert_eq!(part.contains("POST "), link.is_none(), "{name}.{language}");
                    }
                }
                if let Some(folder) = std::env::var_os("FIRMA_TEST_MAILS") {
                    let shape = if link.is_some() { "link" } else { "call" };
                    let file = std::path::Path::new(&folder).join(format!("{name}.{language}.{shape}.html"));
                    std::fs::write(file, rendered.html).unwrap();
                }
            }
        }
    }

    #[test]
    fn a_reader_gets_their_language_or_english() {
        let languages = ["de-AT", "sr-Latn-RS", "TR", "en_GB", "fr", ""].map(language);
        assert_eq!(languages, ["de", "sr", "tr", "en", "en", "en"]);
    }

    #[test]
    fn a_variable_that_is_missing_is_no_empty_mail() {
        assert!(render("test", "en", &json!({})).is_err());
        assert!(render("none", "en", &json!({})).is_err());
    }
}

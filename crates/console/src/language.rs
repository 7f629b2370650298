//! All that the pages say, in each language that they know.

use actix_web::HttpRequest;
use actix_web::http::header;

mod english;
mod german;
mod serbian;
mod turkish;

/// The words of one language.
pub(crate) struct Language {
    /// BCP 47
    pub(crate) language: &'static str,
    pub(crate) docs: &'static str,

    pub(crate) setup_title: &'static str,
    pub(crate) setup_intro: &'static str,
    pub(crate) you: &'static str,
    pub(crate) name: &'static str,
    pub(crate) email: &'static str,
    pub(crate) email_hint: &'static str,
    pub(crate) password: &'static str,
    pub(crate) password_hint: &'static str,
    pub(crate) organization: &'static str,
    pub(crate) organization_name: &'static str,
    pub(crate) slug: &'static str,
    pub(crate) slug_hint: &'static str,
    pub(crate) submit: &'static str,

    pub(crate) error: &'static str,
    pub(crate) errors_title: &'static str,
    pub(crate) errors_end: &'static str,
    pub(crate) name_wrong: &'static str,
    pub(crate) email_wrong: &'static str,
    pub(crate) password_short: &'static str,
    pub(crate) password_long: &'static str,
    pub(crate) password_common: &'static str,
    pub(crate) slug_wrong: &'static str,
    pub(crate) slug_taken: &'static str,
    pub(crate) failed: &'static str,

    pub(crate) unknown_title: &'static str,
    pub(crate) unknown: &'static str,
    pub(crate) expired_title: &'static str,
    pub(crate) expired: &'static str,
    pub(crate) used_title: &'static str,
    pub(crate) used: &'static str,
    pub(crate) foreign_title: &'static str,
    pub(crate) foreign: &'static str,
    pub(crate) away_title: &'static str,

    pub(crate) done_title: &'static str,
    pub(crate) done_intro: &'static str,
    pub(crate) sign_in_title: &'static str,
    pub(crate) sign_in_password: &'static str,
    pub(crate) sign_in: &'static str,
    pub(crate) sign_in_end: &'static str,
    pub(crate) members_title: &'static str,
    pub(crate) members: &'static str,
    pub(crate) members_mail: &'static str,
    pub(crate) import_title: &'static str,
    pub(crate) import: &'static str,
    pub(crate) import_end: &'static str,
    pub(crate) stop_title: &'static str,
    pub(crate) stop: &'static str,
    pub(crate) data: &'static str,
    pub(crate) data_secret: &'static str,
}

/// The first is spoken where no other is asked for.
const LANGUAGES: [&Language; 4] = [
    &english::ENGLISH,
    &german::GERMAN,
    &turkish::TURKISH,
    &serbian::SERBIAN,
];

/// The first of the reader's languages that the pages know; browsers name the dearest first.
pub(crate) fn of(request: &HttpRequest) -> &'static Language {
    let [english, ..] = LANGUAGES;
    let asked = request.headers().get(header::ACCEPT_LANGUAGE);
    let asked = asked.and_then(|value| value.to_str().ok()).unwrap_or("");
    let primary = |text: &'static str| text.split('-').next().unwrap_or(text);
    asked
        .split(',')
        .filter_map(|part| part.trim().split(['-', ';']).next())
        .find_map(|asked| {
            LANGUAGES
                .into_iter()
                .find(|known| primary(known.language).eq_ignore_ascii_case(asked))
        })
        .unwrap_or(english)
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::test::TestRequest;

    #[test]
    fn the_dearest_language_that_is_known_is_spoken() {
        let spoken = |asked: &str| {
            let request = TestRequest::default().insert_header((header::ACCEPT_LANGUAGE, asked));
            of(&request.to_http_request()).language
        };
        assert_eq!(spoken("de-AT,de;q=0.9,en;q=0.8"), "de");
        assert_eq!(spoken("fr-FR, TR;q=0.5"), "tr");
        assert_eq!(spoken("sr-Cyrl-RS"), "sr-Latn");
        for other in ["", "*", "fr", "den", "de_AT", ",;,"] {
            assert_eq!(spoken(other), "en", "{other}");
        }
    }
}

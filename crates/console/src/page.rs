//! The pages: what each shows, and the headers that all have.

use crate::assets::{ICON, STYLE};
use crate::commands::Commands;
use crate::language::Language;
use actix_web::HttpResponse;
use actix_web::http::{StatusCode, header};
use askama::Template;

/// Nothing but our own style and icon; forms only to ourselves; in nobody's frame.
const POLICY: &str = "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; \
                      frame-ancestors 'none'; base-uri 'none'";

/// A field of a form.
pub(crate) struct Field {
    pub(crate) name: &'static str,
    pub(crate) label: &'static str,
    pub(crate) hint: Option<&'static str>,
    pub(crate) error: Option<&'static str>,
    pub(crate) kind: &'static str,
    pub(crate) autocomplete: &'static str,
    pub(crate) value: String,
    /// Whether a phone must not put capitals and corrections into it
    pub(crate) is_exact: bool,
    pub(crate) is_needed: bool,
}

impl Field {
    /// The ids of what a screen reader says with it.
    fn described_by(&self) -> Option<String> {
        let error = self.error.map(|_| format!("{}-error", self.name));
        let hint = self.hint.map(|_| format!("{}-hint", self.name));
        let ids: Vec<String> = error.into_iter().chain(hint).collect();
        (!ids.is_empty()).then(|| ids.join(" "))
    }
}

/// The form for the first owner.
#[derive(Template)]
#[template(path = "setup.html")]
pub(crate) struct Form<'p> {
    pub(crate) t: &'static Language,
    pub(crate) action: &'p str,
    pub(crate) token: &'p str,
    pub(crate) you: &'p [Field],
    pub(crate) organization: &'p [Field],
    /// What went wrong that is no field's fault
    pub(crate) failure: Option<&'static str>,
}

impl Form<'_> {
    fn fields(&self) -> impl Iterator<Item = &Field> {
        self.you.iter().chain(self.organization)
    }

    fn groups(&self) -> [(&str, &[Field]); 2] {
        [(self.t.you, self.you), (self.t.organization, self.organization)]
    }

    fn wrong(&self) -> bool {
        self.failure.is_some() || self.fields().any(|field| field.error.is_some())
    }
}

/// Why there is no form, and what to do.
#[derive(Template)]
#[template(path = "closed.html")]
pub(crate) struct Closed {
    pub(crate) t: &'static Language,
    pub(crate) title: &'static str,
    pub(crate) text: &'static str,
    pub(crate) command: Option<String>,
}

/// What was made, and what to do next.
#[derive(Template)]
#[template(path = "done.html")]
pub(crate) struct Done<'p> {
    pub(crate) t: &'static Language,
    pub(crate) organization: &'p str,
    pub(crate) slug: &'p str,
    pub(crate) email: &'p str,
    pub(crate) commands: Commands,
    pub(crate) data: &'p str,
}

pub(crate) fn style() -> &'static str {
    &STYLE.path
}

pub(crate) fn icon() -> &'static str {
    &ICON.path
}

/// The page as an answer. It is never kept, and where a link leads it tells no path of ours, which has the
/// token in it; but a form tells our address, by which we know it.
pub(crate) fn answer(status: StatusCode, page: &impl Template) -> HttpResponse {
    match page.render() {
        Ok(text) => HttpResponse::build(status)
            .content_type("text/html; charset=utf-8")
            .insert_header((header::CONTENT_SECURITY_POLICY, POLICY))
            .insert_header((header::REFERRER_POLICY, "strict-origin"))
            .insert_header((header::CACHE_CONTROL, "no-store"))
            .body(text),
        Err(error) => {
            log::error!("a page can't be made: {error}");
            HttpResponse::InternalServerError().finish()
        }
    }
}

//! Pages for people, made by the server itself: HTML without scripts, and one style sheet. They go by the same
//! use cases as the API. So far there is one, which makes the first owner.

mod assets;
mod commands;
mod language;
mod origin;
mod page;
mod setup;

use actix_web::web;

/// Where the link to the first owner's page leads, before its token.
pub const SETUP: &str = "/setup";

/// Puts the pages into an application.
pub fn mount(config: &mut web::ServiceConfig) {
    assets::mount(config);
    setup::mount(config);
}

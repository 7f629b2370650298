//! The HTTP API: one extractor, one table of operations, problems, OpenAPI. It never sees a table.

mod access;
mod address;
mod api_keys;
mod arriving;
mod call;
mod caller;
mod cookies;
mod cors;
mod crm;
mod described;
mod desk;
mod docs;
mod document;
mod example;
mod frame;
mod headers;
mod health;
mod identity;
mod imports;
mod installation;
mod invitations;
mod json;
mod limits;
mod logs;
mod matrix;
mod media;
mod metrics;
mod noted;
mod operation;
mod organizations;
mod platform;
mod problem;
mod public;
mod reading;
mod recorded;
mod refusals;
mod render;
mod resource;
mod routes;
mod said;
mod schemas;
mod state;
mod upload;
mod watching;

pub use address::Proxies;
pub use caller::origin;
pub use limits::{Limits, Rate, Rates};
pub use matrix::matrix;
pub use metrics::{Breakers, Metrics};
pub use operation::{Access, Operation};
pub use problem::CODES;
pub use routes::{document, mount, operations, telling};
pub use state::{Draining, Site, State, Traces};

use actix_web::dev::{ServiceFactory, ServiceRequest};
use actix_web::{App, web};

/// The whole application around a state: the API, and the pages beside it.
pub fn app(
    state: web::Data<State>,
    pages: fn(&mut web::ServiceConfig),
) -> App<
    impl ServiceFactory<
        ServiceRequest,
        Config = (),
        Response = actix_web::dev::ServiceResponse<impl actix_web::body::MessageBody>,
        Error = actix_web::Error,
        InitError = (),
    >,
> {
    let cors = cors::cors(&state.site);
    App::new()
        .app_data(state)
        .configure(mount)
        .configure(pages)
        .wrap(cors)
        .wrap(actix_web::middleware::from_fn(frame::frame))
}

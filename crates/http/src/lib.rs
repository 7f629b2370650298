//! The HTTP API: one extractor, one table of operations, problems, OpenAPI. It never sees a table.

mod access;
mod call;
mod crm;
mod document;
mod frame;
mod health;
mod identity;
mod metrics;
mod noted;
mod operation;
mod organizations;
mod problem;
mod public;
mod render;
mod resource;
mod routes;
mod schemas;
mod state;

pub use metrics::Metrics;
pub use operation::{Access, Operation};
pub use problem::CODES;
pub use routes::{document, matrix, mount, operations};
pub use state::{Draining, State};

use actix_web::dev::{ServiceFactory, ServiceRequest};
use actix_web::{App, web};

/// The whole application around a state.
pub fn app(
    state: web::Data<State>,
) -> App<
    impl ServiceFactory<
        ServiceRequest,
        Config = (),
        Response = actix_web::dev::ServiceResponse<impl actix_web::body::MessageBody>,
        Error = actix_web::Error,
        InitError = (),
    >,
> {
    App::new()
        .app_data(state)
        .configure(mount)
        .wrap(actix_web::middleware::from_fn(frame::frame))
}

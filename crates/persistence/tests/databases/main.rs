//! The schema on both databases, and the plans of the queries.

mod plans;
mod schema;

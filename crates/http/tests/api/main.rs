//! The whole system over HTTP, on each database.

mod sales;

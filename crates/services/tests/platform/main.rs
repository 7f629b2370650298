//! Jobs, mail and files on both databases, with real workers, and a real mail server at the other end.

// What clippy.toml allows in tests, for the helpers between them too.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::as_conversions,
    unreachable_pub
)]

mod checkpoints;
mod cleaning;
mod jobs;
mod kill;
mod kit;
mod leaving;
mod mails;
mod purging;
mod recurring;
mod retention;
mod verifying;

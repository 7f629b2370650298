//! Who may do what.
//!
//! [`access`] is the pure decision: catalogue of permissions, system roles, grants. With the feature
//! `secrets` (on by default) come passwords, tokens and the keys derived from the root secret.

#![deny(missing_docs)]

pub mod access;
#[cfg(feature = "secrets")]
pub mod api_key;
#[cfg(feature = "secrets")]
mod common;
#[cfg(feature = "secrets")]
pub mod domain_proof;
#[cfg(feature = "secrets")]
pub mod kept;
#[cfg(feature = "secrets")]
pub mod keys;
#[cfg(feature = "secrets")]
pub mod link;
#[cfg(feature = "secrets")]
pub mod password;
#[cfg(feature = "secrets")]
pub mod proof;
#[cfg(feature = "secrets")]
pub mod sealed;
#[cfg(feature = "secrets")]
pub mod second_factor;
#[cfg(feature = "secrets")]
pub mod setup;
#[cfg(feature = "secrets")]
pub mod signed;
#[cfg(feature = "secrets")]
pub mod token;

/// The examples in the README, as tests.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;

//! Conditions and orders as data, and statements written by hand. The only place where bind markers are made.

mod bind;
mod cond;
mod side;
mod statement;
mod team;
mod value;

pub use cond::{Col, Cond, Op};
pub(crate) use cond::{Hold, Tail};
pub(crate) use side::Worded;
pub use side::{Listed, Side};
pub(crate) use statement::Sql;
pub(crate) use value::{Cell, Column, Kinded, Raw};
pub use value::{Kind, Value};

//! Where in a body one is.

use super::escaped;
use std::fmt;

/// A place in a body, borrowed from it: it is written out for a fault alone, not for each item that is looked at.
pub(super) enum At<'a> {
    /// The body itself
    Root,
    /// A field of what is there
    Name(&'a At<'a>, &'a str),
    /// An item of what is there
    Item(&'a At<'a>, usize),
}

/// As a JSON pointer, written as a fragment.
impl fmt::Display for At<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            At::Root => f.write_str("#"),
            At::Name(above, name) => write!(f, "{above}/{}", escaped(name)),
            At::Item(above, n) => write!(f, "{above}/{n}"),
        }
    }
}

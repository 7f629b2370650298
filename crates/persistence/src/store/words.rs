//! The texts whose words a row is found by.

use firma_domain::Email;

/// What a field gives to be found by.
pub(crate) trait Texts {
    fn texts(&self) -> Vec<&str>;
}
impl Texts for String {
    fn texts(&self) -> Vec<&str> {
        vec![self]
    }
}
impl Texts for Email {
    fn texts(&self) -> Vec<&str> {
        vec![self.as_str()]
    }
}
impl<T: Texts> Texts for Option<T> {
    fn texts(&self) -> Vec<&str> {
        self.iter().flat_map(Texts::texts).collect()
    }
}
impl<T: Texts> Texts for Vec<T> {
    fn texts(&self) -> Vec<&str> {
        self.iter().flat_map(Texts::texts).collect()
    }
}

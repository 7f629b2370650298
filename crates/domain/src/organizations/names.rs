use std::fmt;

/// The domain name system couldn't be asked, or wasn't able to answer. That there is no such name is an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NamesAway(pub String);

impl fmt::Display for NamesAway {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "no name server answers: {}", self.0)
    }
}

impl std::error::Error for NamesAway {}

/// The domain name system. Its calls wait for the network, so they belong on a thread that may.
pub trait Names: Send + Sync {
    /// The texts (TXT records) of a name, such as `_firma.acme.example`; none where there is no such name.
    ///
    /// # Errors
    /// It couldn't be asked.
    fn texts(&self, name: &str) -> Result<Vec<String>, NamesAway>;
}

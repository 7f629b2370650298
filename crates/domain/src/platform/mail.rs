use crate::value::{Email, Instant};
use std::fmt;

/// A mail as it is sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// The same at every attempt, so that who receives it twice can see that: `<…@…>`
    pub message_id: String,
    /// Whom it is for
    pub to: Email,
    /// Its subject, one line
    pub subject: String,
    /// Its text
    pub text: String,
    /// The same as HTML
    pub html: String,
    /// Its language, such as `en`
    pub language: String,
    /// When it was written
    pub date: Instant,
}

/// Why a mail wasn't sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MailFault {
    /// It may be taken later: the server can't be reached, or says so.
    Later(String),
    /// It will never be taken.
    Refused(String),
}

impl fmt::Display for MailFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            MailFault::Later(why) => write!(f, "the mail server doesn't take it now: {why}"),
            MailFault::Refused(why) => write!(f, "the mail server refuses it: {why}"),
        }
    }
}

impl std::error::Error for MailFault {}

/// Sends mail. Its calls wait for the network, so they belong on a thread that may.
pub trait Mailer: Send + Sync {
    /// Sends a mail, once or, where it can't be known whether it was sent, perhaps again later.
    ///
    /// # Errors
    /// It wasn't sent, as far as is known.
    fn send(&self, message: &Message) -> Result<(), MailFault>;
}

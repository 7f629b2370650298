//! The mails about an account.

use super::sessions::{Signer, about};
use crate::platform::{Mail, mail_for_system};
use crate::refusal::Refusal;
use firma_auth::link::LinkToken;
use firma_domain::identity::{SecurityKind, TokenKind, User, device};
use firma_domain::{Email, Id, Locale};
use firma_persistence::identity::{NewToken, Token};
use firma_persistence::{Origin, Tx};
use serde_json::{Value, json};

/// Where the links of mails lead.
#[derive(Debug, Clone, Default)]
pub struct Links {
    /// The address of the server, if it was told
    pub server: Option<String>,
    /// Where the pages are that take the tokens; without them a mail says which call takes it
    pub pages: Option<String>,
}

impl Links {
    /// What a mail shows: the token, and where it goes. Behind `#`, so that no server writes it into its log.
    pub(super) fn show(&self, kind: TokenKind, token: &str) -> Value {
        let path = match kind {
            TokenKind::VerifyEmail => "verify-email",
            TokenKind::ResetPassword => "reset-password",
            TokenKind::ChangeEmail => "confirm-email",
            TokenKind::Invitation => "accept-invitation",
        };
        json!({
            "token": token,
            "link": self.pages.as_ref().map(|pages| format!("{pages}/{path}#token={token}")),
            "call": self.call(path),
        })
    }

    /// The call of that name.
    pub(super) fn call(&self, name: &str) -> String {
        let server = self.server.as_deref().unwrap_or_default();
        format!("POST {server}/api/v1/auth/{name}")
    }
}

/// A token that nobody has seen yet, and its text for the mail.
pub(super) fn new_token(
    signer: &Signer,
    user: Id,
    kind: TokenKind,
    email: Email,
    payload: Option<String>,
) -> (String, NewToken) {
    let mut random = [0; 32];
    signer.entropy.fill(&mut random);
    let (text, token) = LinkToken::issue(user, &random);
    let new = NewToken {
        hash: token.hash,
        kind,
        user,
        email,
        payload,
        expires_at: None,
    };
    (text, new)
}

/// The language that a user reads, else the one that the client asked for.
pub(super) fn language(tx: &mut Tx<'_>, user: Id, asked: &str) -> Result<String, Refusal> {
    let locale = tx.profile(user)?.value.locale;
    Ok(locale
        .as_ref()
        .map_or_else(|| asked.to_owned(), |locale: &Locale| locale.as_str().to_owned()))
}

/// Writes to somebody, if this transaction commits.
pub(super) fn write(
    tx: &mut Tx<'_>,
    to: Email,
    template: &'static str,
    language: String,
    variables: Value,
) -> Result<(), Refusal> {
    let mail = Mail {
        to,
        template,
        language,
        variables,
    };
    mail_for_system(tx, mail, None).map(drop)
}

/// Tells a user what was done, when and from where.
pub(super) fn tell(
    tx: &mut Tx<'_>,
    (id, user): (Id, &User),
    template: &'static str,
    origin: &Origin,
    asked: &str,
) -> Result<(), Refusal> {
    tell_of(tx, (id, user), template, origin, asked, json!({}))
}

/// The same with something more to tell.
pub(super) fn tell_of(
    tx: &mut Tx<'_>,
    (id, user): (Id, &User),
    template: &'static str,
    origin: &Origin,
    asked: &str,
    what: Value,
) -> Result<(), Refusal> {
    let language = language(tx, id, asked)?;
    let agent = origin.user_agent.as_deref().map(device).unwrap_or_default();
    let variables = json!({
        "name": user.name, "at": tx.now(), "what": what, "ip": origin.ip.as_deref().unwrap_or("–"),
        "device": if agent.is_empty() { "–" } else { &agent },
    });
    write(tx, user.email.clone(), template, language, variables)
}

/// The token of a link, if it is good. Else None, and that it was tried is written down.
pub(crate) fn good(
    tx: &mut Tx<'_>,
    kind: TokenKind,
    text: &str,
) -> Result<Option<(LinkToken, Token)>, Refusal> {
    let Some(read) = LinkToken::read(text) else {
        refused(tx, None, kind)?;
        return Ok(None);
    };
    let now = tx.now();
    match tx.token(read.user, kind, read.hash)? {
        Some(token) if token.used_at.is_none() && now < token.expires_at => Ok(Some((read, token))),
        known => {
            // Only a token that was one says for certain whose it is.
            let user = known.is_some().then_some(read.user);
            refused(tx, user, kind)?;
            Ok(None)
        }
    }
}

pub(crate) fn refused(tx: &mut Tx<'_>, user: Option<Id>, kind: TokenKind) -> Result<(), Refusal> {
    about(
        tx,
        user,
        SecurityKind::LinkRefused,
        Some(kind.as_str().to_owned()),
    )
}

/// The refusal of a token.
pub(crate) fn no_token() -> Refusal {
    Refusal::field("token", "token", "is not valid, was used, or is over")
}

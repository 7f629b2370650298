//! What depends on whether an address has an account: done by a job, so that the answer, and the time that it takes,
//! are the same for every address.

use super::account::{active, active_for_change, is_claimed};
use super::letters::{self, Links, new_token};
use super::register::Waiting;
use super::sessions::{Signer, about};
use crate::organizations::{Standing, inviter, standing};
use crate::platform::{Done, Handler, NewJob, Running, Stop};
use crate::refusal::Refusal;
use firma_auth::access::Invited;
use firma_domain::identity::{SecurityKind, TokenKind, User};
use firma_domain::{Email, Id};
use firma_persistence::Tx;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

const KIND: &str = "account";
const ATTEMPTS: i32 = 20;

/// What was asked for.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Asked {
    Register {
        email: Email,
        waiting: Waiting,
        /// Only for who was added or invited to an organization
        invited_only: bool,
    },
    Forgot {
        email: Email,
    },
    ChangeEmail {
        user: Id,
        email: Email,
    },
    Invite(Standing),
}

/// What the job works on; erased when it is done.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Payload {
    asked: Asked,
    language: String,
    ip: Option<String>,
}

/// Has it done after this transaction.
pub(super) fn ask(tx: &mut Tx<'_>, asked: Asked, language: &str, ip: Option<&str>) -> Result<(), Refusal> {
    let payload = Payload {
        asked,
        language: language.to_owned(),
        ip: ip.map(str::to_owned),
    };
    let job = NewJob {
        kind: KIND,
        payload: crate::crud::json(&payload)?,
        run_at: None,
        max_attempts: ATTEMPTS,
    };
    tx.enqueue_for_system(job)?;
    Ok(())
}

/// Has the mail of an invitation written, the one that is sent so often.
pub(crate) fn ask_to_invite(
    tx: &mut Tx<'_>,
    organization: Id,
    invitation: Id,
    sent: i32,
) -> Result<(), Refusal> {
    let asked = Asked::Invite(Standing {
        organization,
        invitation,
        sent,
    });
    ask(tx, asked, "", None)
}

/// Does it.
pub struct AccountHandler {
    pub signer: Signer,
    pub links: Links,
}

impl Handler for AccountHandler {
    fn kind(&self) -> &'static str {
        KIND
    }

    fn run(&self, job: &Running<'_>) -> Result<Done, Stop> {
        let payload: Payload = job.payload()?;
        let (signer, links) = (self.signer.clone(), self.links.clone());
        job.commit(move |tx| {
            let desk = Desk {
                signer: &signer,
                links: &links,
                payload: &payload,
            };
            desk.answer(tx)?;
            Ok(json!({}))
        })
    }
}

struct Desk<'a> {
    signer: &'a Signer,
    links: &'a Links,
    payload: &'a Payload,
}

impl Desk<'_> {
    fn answer(&self, tx: &mut Tx<'_>) -> Result<(), Refusal> {
        match &self.payload.asked {
            Asked::Register {
                email,
                waiting,
                invited_only,
            } => self.register(tx, email, waiting, *invited_only),
            Asked::Forgot { email } => self.forgot(tx, email),
            Asked::ChangeEmail { user, email } => self.change_email(tx, *user, email),
            Asked::Invite(of) => self.invite(tx, of),
        }
    }

    fn register(
        &self,
        tx: &mut Tx<'_>,
        email: &Email,
        waiting: &Waiting,
        invited_only: bool,
    ) -> Result<(), Refusal> {
        let known = tx.user_of_login(&email.key())?;
        if let Some(user) = known
            && is_claimed(tx, user)?
        {
            return self.taken(tx, user);
        }
        if known.is_none() && invited_only && !tx.is_invited(&email.key())? {
            return Ok(());
        }
        let user = known.unwrap_or_else(|| tx.new_id());
        let payload = Some(waiting.payload());
        let (text, token) = new_token(self.signer, user, TokenKind::VerifyEmail, email.clone(), payload);
        tx.add_token(token)?;
        let shown = with_name(self.links.show(TokenKind::VerifyEmail, &text), &waiting.name);
        letters::write(tx, email.clone(), "verify", self.payload.language.clone(), shown)
    }

    /// Who has the address is told; who asked isn't.
    fn taken(&self, tx: &mut Tx<'_>, user: Id) -> Result<(), Refusal> {
        let Some(owner) = active(tx, user)? else {
            return Ok(());
        };
        about(tx, Some(user), SecurityKind::AddressTaken, self.from())?;
        let language = letters::language(tx, user, &self.payload.language)?;
        let variables = json!({"name": owner.name});
        letters::write(tx, owner.email, "address_taken", language, variables)
    }

    fn forgot(&self, tx: &mut Tx<'_>, email: &Email) -> Result<(), Refusal> {
        let Some(user) = tx.user_of_login(&email.key())? else {
            return Ok(());
        };
        let kind = TokenKind::ResetPassword;
        // Only the newest link is good.
        let Some(owner) = void_before(tx, user, kind)? else {
            return Ok(());
        };
        let (text, token) = new_token(self.signer, user, kind, owner.email.clone(), None);
        tx.add_token(token)?;
        about(tx, Some(user), SecurityKind::PasswordResetAsked, self.from())?;
        let language = letters::language(tx, user, &self.payload.language)?;
        let shown = with_name(self.links.show(kind, &text), &owner.name);
        letters::write(tx, owner.email, "reset", language, shown)
    }

    fn change_email(&self, tx: &mut Tx<'_>, user: Id, email: &Email) -> Result<(), Refusal> {
        let kind = TokenKind::ChangeEmail;
        // Of several changes only the last one counts.
        let Some(owner) = void_before(tx, user, kind)? else {
            return Ok(());
        };
        let language = letters::language(tx, user, &self.payload.language)?;
        let variables = json!({"name": owner.name, "new_email": email});
        letters::write(
            tx,
            owner.email.clone(),
            "email_change_old",
            language.clone(),
            variables,
        )?;
        match tx.user_of_login(&email.key())? {
            Some(other) if other != user => self.taken(tx, other),
            _ => {
                let (text, token) = new_token(self.signer, user, kind, email.clone(), None);
                tx.add_token(token)?;
                let mut shown = with_name(self.links.show(kind, &text), &owner.name);
                // By that, erasing the person finds it: the address may be another's.
                if let Value::Object(fields) = &mut shown {
                    fields.insert("person_id".into(), json!(user));
                }
                letters::write(tx, email.clone(), "email_change_new", language, shown)
            }
        }
    }

    /// Who has an account reads which call takes it signed in, in their own language; who hasn't, which one makes it.
    fn invite(&self, tx: &mut Tx<'_>, of: &Standing) -> Result<(), Refusal> {
        // It was taken back since, or sent once more.
        let Some((record, organization)) = standing(tx, of, false)? else {
            return Ok(());
        };
        let invitation = record.value;
        let grant = Invited::of(of.organization, Id::NIL).grant();
        let inviter = inviter(tx, grant, invitation.invited_by)?;
        let known = match tx.user_of_login(&invitation.email.key())? {
            Some(user) if is_claimed(tx, user)? => active(tx, user)?.map(|person| (user, person)),
            _ => None,
        };
        let asked = organization.locale.as_str();
        let (to, name, language) = match &known {
            Some((user, person)) => (
                *user,
                Some(person.name.clone()),
                letters::language(tx, *user, asked)?,
            ),
            None => (tx.new_id(), None, asked.to_owned()),
        };
        let (kind, payload) = (TokenKind::Invitation, crate::crud::json(of)?);
        let (text, mut token) = new_token(self.signer, to, kind, invitation.email.clone(), Some(payload));
        token.expires_at = invitation.expires_at;
        tx.add_token(token)?;
        let name = invitation
            .name
            .or(name)
            .unwrap_or_else(|| invitation.email.to_string());
        let until = invitation.expires_at.map(|end| organization.timezone.day(end));
        let mut shown = with_name(self.links.show(kind, &text), &name);
        if let Value::Object(fields) = &mut shown {
            fields.insert("organization".into(), organization.name.into());
            fields.insert("inviter".into(), inviter.into());
            fields.insert("message".into(), invitation.message.into());
            fields.insert("until".into(), json!(until));
            fields.insert("has_account".into(), known.is_some().into());
            if known.is_none() {
                fields.insert("call".into(), self.links.call("register-by-invitation").into());
            }
        }
        letters::write(tx, invitation.email, "invitation", language, shown)
    }

    fn from(&self) -> Option<String> {
        self.payload.ip.as_ref().map(|ip| format!("asked from {ip}"))
    }
}

fn with_name(mut variables: Value, name: &str) -> Value {
    if let Value::Object(fields) = &mut variables {
        fields.insert("name".into(), name.into());
    }
    variables
}

/// Makes what was sent before void, and holds the user, if there is an active one: of two links that are made at once the
/// second makes the first void. Links are held before their user, as by who uses one.
fn void_before(tx: &mut Tx<'_>, user: Id, kind: TokenKind) -> Result<Option<User>, Refusal> {
    tx.void_tokens(user, kind)?;
    let owner = active_for_change(tx, user)?;
    tx.void_tokens(user, kind)?;
    Ok(owner)
}

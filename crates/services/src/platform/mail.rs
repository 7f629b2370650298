//! Mail: put into the queue by the transaction that it tells of, and sent by a worker after that.

use super::running::{Done, Running, Stop};
use super::templates;
use super::worker::Handler;
use crate::refusal::Refusal;
use firma_auth::access::{Grant, Writes};
use firma_domain::platform::{MailFault, Mailer, Message};
use firma_domain::{Email, Entity, Id, Instant};
use firma_persistence::platform::NewJob;
use firma_persistence::{Fault, Tx};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::sync::Arc;

const KIND: &str = "mail";
/// With the waits between them, some hours.
const ATTEMPTS: i32 = 20;

/// A mail to be written.
#[derive(Debug, Clone)]
pub struct Mail {
    pub to: Email,
    /// Which template
    pub template: &'static str,
    /// The reader's language; English where the template doesn't have it
    pub language: String,
    /// What the template fills in
    pub variables: Value,
}

/// What a job of this kind works on. It is erased when the mail is sent, since there may be links in it.
#[derive(Serialize, Deserialize)]
struct Payload {
    message_id: String,
    to: Email,
    template: String,
    language: String,
    variables: Value,
    written_at: Instant,
}

/// Has a mail sent if this transaction commits.
pub fn mail<E: Entity, A: Writes>(tx: &mut Tx<'_>, grant: Grant<E, A>, mail: Mail) -> Result<Id, Refusal> {
    let job = job(tx, mail, ATTEMPTS)?;
    Ok(tx.enqueue(grant, job)?)
}

/// The same for a mail about no organization. With one attempt it fails at once, where somebody waits for it.
pub fn mail_for_system(tx: &mut Tx<'_>, mail: Mail, attempts: Option<i32>) -> Result<Id, Refusal> {
    let job = job(tx, mail, attempts.unwrap_or(ATTEMPTS))?;
    Ok(tx.enqueue_for_system(job)?)
}

fn job(tx: &mut Tx<'_>, mail: Mail, max_attempts: i32) -> Result<NewJob, Refusal> {
    if !templates::is_known(mail.template) {
        return Err(Fault::Internal(format!("there is no template {}", mail.template)).into());
    }
    let payload = Payload {
        // Fixed here, so that it is the same at every attempt. The name is no host's: no two installations share an id.
        message_id: format!("<{}@mail.firma.internal>", tx.new_id()),
        to: mail.to,
        template: mail.template.to_owned(),
        language: mail.language,
        variables: mail.variables,
        written_at: tx.now(),
    };
    Ok(NewJob {
        kind: KIND,
        payload: crate::crud::json(&payload)?,
        run_at: None,
        max_attempts,
    })
}

/// Sends them.
pub struct MailHandler {
    pub mailer: Arc<dyn Mailer>,
}

impl Handler for MailHandler {
    fn kind(&self) -> &'static str {
        KIND
    }

    /// Between the sending and the commit the worker may be killed; then it is sent again, under the same Message-ID.
    fn run(&self, job: &Running<'_>) -> Result<Done, Stop> {
        let payload: Payload = job.payload()?;
        let rendered = templates::render(&payload.template, &payload.language, &payload.variables)
            .map_err(|fault| Stop::from(Refusal::from(fault)))?;
        let message_id = payload.message_id;
        let message = Message {
            message_id: message_id.clone(),
            to: payload.to,
            subject: rendered.subject,
            text: rendered.text,
            html: rendered.html,
            language: rendered.language.to_owned(),
            date: payload.written_at,
        };
        self.mailer.send(&message).map_err(|fault| match fault {
            MailFault::Later(_) => Stop::Again(fault.to_string()),
            MailFault::Refused(_) => Stop::Failed(fault.to_string()),
        })?;
        job.commit(move |_| Ok(json!({"message_id": message_id})))
    }
}

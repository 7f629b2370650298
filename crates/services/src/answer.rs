//! Calls that write: decided, looked up by their key, run, and their answer stored with the effect.

use crate::installation::Desk;
use crate::refusal::Refusal;
use crate::work::{Caller, Work};
use firma_auth::access::{Action, Grant, OnPlatform, PlatformGrant};
use firma_domain::{Entity, Id};
use firma_persistence::{Fault, Key, Known, StoredAnswer, Tx};
use sha2::{Digest, Sha256};

/// An answer, rendered inside the transaction.
#[derive(Debug, Clone)]
pub struct Answer {
    pub status: u16,
    pub location: Option<String>,
    /// The cursor of the next page, of a page that has one
    pub next: Option<String>,
    pub etag: Option<String>,
    pub body: String,
    /// Whether it was given before
    pub replayed: bool,
    /// Whether it shows what is shown once: then it isn't stored
    pub is_secret: bool,
}

/// The status under which an answer is stored that isn't to be seen again. No answer of a call that succeeded has it.
const SHOWN: i32 = 409;

/// What makes a retried call the same call.
#[derive(Debug, Clone)]
pub struct Request {
    pub path: String,
    pub key: Option<String>,
    pub digest: [u8; 32],
}

impl Request {
    /// `path` names the operation and its ids, but not the organization, which has a slug beside its id.
    pub fn new(path: String, key: Option<String>, query: &str, body: &[u8]) -> Request {
        let digest = Sha256::new()
            .chain_update(query)
            .chain_update([0])
            .chain_update(body);
        Request {
            path,
            key,
            digest: digest.finalize().into(),
        }
    }

    fn key(self, organization: Id, actor: Id) -> Option<Key> {
        self.key.map(|key| Key {
            organization,
            actor,
            path: self.path,
            key,
            request: self.digest,
        })
    }
}

/// Runs a call that does `A` to `E` in an organization, once for each key.
pub fn perform<E: Entity, A: Action>(
    work: &mut Work<'_, '_>,
    request: impl Fn() -> Result<Request, Refusal>,
    run: impl Fn(&mut Work<'_, '_>, Grant<E, A>) -> Result<Answer, Refusal>,
) -> Result<Answer, Refusal> {
    let grant = work.grant::<E, A>()?;
    let key = request()?.key(work.organization(), work.caller_id());
    once(work, |work| work.tx, key, |work| run(work, grant))
}

/// Runs a call about no organization, once for each key.
pub fn perform_alone(
    tx: &mut Tx<'_>,
    caller: Caller,
    request: impl Fn() -> Result<Request, Refusal>,
    run: impl Fn(&mut Tx<'_>) -> Result<Answer, Refusal>,
) -> Result<Answer, Refusal> {
    caller.check(tx)?;
    let key = request()?.key(Id::NIL, caller.user);
    once(tx, |tx| tx, key, run)
}

/// Runs a call that does `A` to `E` on the platform, once for each key.
pub fn perform_on_platform<E: OnPlatform, A: Action>(
    desk: &mut Desk<'_, '_>,
    request: impl Fn() -> Result<Request, Refusal>,
    run: impl Fn(&mut Desk<'_, '_>, PlatformGrant<E, A>) -> Result<Answer, Refusal>,
) -> Result<Answer, Refusal> {
    let grant = desk.grant::<E, A>()?;
    let key = request()?.key(Id::NIL, desk.user());
    once(desk, |desk| desk.tx, key, |desk| run(desk, grant))
}

fn once<'c, W>(
    work: &mut W,
    tx: impl Fn(&mut W) -> &mut Tx<'c>,
    key: Option<Key>,
    run: impl FnOnce(&mut W) -> Result<Answer, Refusal>,
) -> Result<Answer, Refusal> {
    let Some(key) = key else { return run(work) };
    match tx(work).known(&key)? {
        Known::Answered(stored) if stored.status == SHOWN => return Err(Refusal::SecretShown),
        Known::Answered(stored) => return Ok(replay(stored)),
        Known::Other => return Err(Refusal::KeyReused),
        Known::New => {}
    }
    match run(work) {
        Ok(answer) => {
            let stored = match answer.is_secret {
                true => StoredAnswer {
                    status: SHOWN,
                    location: None,
                    etag: None,
                    body: String::new(),
                },
                false => StoredAnswer {
                    status: i32::from(answer.status),
                    location: answer.location.clone(),
                    etag: answer.etag.clone(),
                    body: answer.body.clone(),
                },
            };
            tx(work).answer_once(key, stored)?;
            Ok(answer)
        }
        Err(Refusal::Fault(fault)) if !matches!(fault, Fault::Conflict(_)) => Err(Refusal::Fault(fault)),
        Err(refusal) if tx(work).is_last_attempt() => Err(refusal),
        // What refuses it may be what the first call with this key has done: then the next attempt finds its answer.
        // It does so, too, where nothing more can be asked after the fault.
        Err(refusal) => match tx(work).is_overtaken(&key) {
            Ok(false) => Err(refusal),
            Ok(true) | Err(_) => Err(Refusal::Fault(Fault::Again)),
        },
    }
}

fn replay(stored: StoredAnswer) -> Answer {
    Answer {
        status: u16::try_from(stored.status).unwrap_or(200),
        location: stored.location,
        next: None,
        etag: stored.etag,
        body: stored.body,
        replayed: true,
        is_secret: false,
    }
}

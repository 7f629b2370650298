//! A person who goes. What was theirs alone is deleted; what they made in organizations stays, under a pseudonym. What
//! the log knows of them is more than one call takes: a job does that.

use super::letters;
use super::sessions::about;
use crate::crud::Expected;
use crate::installation;
use crate::organizations::leave;
use crate::platform::{Done, Handler, NewJob, Progress, Running, Stop};
use crate::refusal::Refusal;
use crate::work::Caller;
use firma_auth::access::Joining;
use firma_domain::identity::{SecurityKind, User};
use firma_domain::{Email, Id};
use firma_persistence::{Database, Fault, Origin, Tx};
use serde::{Deserialize, Serialize};
use serde_json::json;

const KIND: &str = "erase";
const ATTEMPTS: i32 = 20;
/// Entries of one transaction.
const BATCH: i64 = 500;

/// Deletes the caller's account.
pub fn delete_me(
    tx: &mut Tx<'_>,
    caller: Caller,
    language: &str,
    expected: &Expected,
) -> Result<(), Refusal> {
    caller.step_up(tx)?;
    expected.check(&tx.user_for_change(caller.user)?)?;
    erase_person(tx, caller.user, language)
}

/// Whose address that is.
pub fn person_of(tx: &mut Tx<'_>, email: &Email) -> Result<Id, Refusal> {
    tx.user_of_login(&email.key())?.ok_or(Refusal::NotFound)
}

/// Erases a person. Whoever calls it has decided that it may be done.
pub fn erase_person(tx: &mut Tx<'_>, user: Id, language: &str) -> Result<(), Refusal> {
    let before = tx.user_for_change(user)?.value;
    unless_owner(tx, user)?;
    installation::unless_needed(tx, user)?;
    let language = letters::language(tx, user, language)?;
    let pseudonym = User::erased(user).ok_or_else(|| Fault::Internal("a pseudonym is no e-mail".into()))?;
    // Of an address that was never shown to be the person's, all is somebody else's.
    let addresses = tx.addresses_of(user, &before.email)?;
    let named: Vec<_> = addresses.iter().cloned().chain([user.to_string()]).collect();
    let places = tx.places_of(user)?;
    for organization in &places {
        leave(tx, *organization, user, &pseudonym)?;
        for address in &addresses {
            let joining = Joining::of(*organization, user);
            tx.forget_invitations(&joining, address, &pseudonym.email.key())?;
        }
    }
    // Until the places were left, an organization could still be handed over to the person.
    unless_owner(tx, user)?;
    let forget = |tx: &mut Tx<'_>, organization: Id| {
        tx.erase_answers(user, organization, addresses.iter())?;
        named
            .iter()
            .try_for_each(|name| tx.forget_mail(organization, name))
    };
    for organization in with_nil(places) {
        forget(tx, organization)?;
    }
    super::image::take_away(tx, user, before.image_file_id)?;
    tx.drop_archive(user)?;
    about(tx, Some(user), SecurityKind::AccountDeleted, None)?;
    tx.erase_user(user, &before.email, &pseudonym)?;
    // Where the person was asked to join, and never did.
    for address in &addresses {
        for organization in tx.places_that_invited(user, address)? {
            let joining = Joining::of(organization, user);
            tx.forget_invitations(&joining, address, &pseudonym.email.key())?;
            forget(tx, organization)?;
        }
    }
    tx.enqueue_for_system(NewJob {
        kind: KIND,
        payload: crate::crud::json(&Payload { user })?,
        run_at: None,
        max_attempts: ATTEMPTS,
    })?;
    let variables = json!({"name": before.name});
    letters::write(tx, before.email, "account_deleted", language, variables)
}

fn unless_owner(tx: &mut Tx<'_>, user: Id) -> Result<(), Refusal> {
    let owned = tx.owned_by(user)?;
    if owned.is_empty() {
        return Ok(());
    }
    let detail = format!(
        "an owner can't be erased: hand over first what the account owns: {}",
        owned.join(", ")
    );
    Err(Refusal::conflict("last_owner", detail))
}

/// What concerns no organization has a log too.
fn with_nil(mut places: Vec<Id>) -> Vec<Id> {
    if !places.contains(&Id::NIL) {
        places.insert(0, Id::NIL);
    }
    places
}

#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
struct Payload {
    user: Id,
}

/// Where the walk over the logs stands.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
struct Place {
    organization: Id,
    /// The last entry that was walked
    reached: Option<Id>,
}

/// Takes the person out of the logs: entries stay, and what they say was changed in rows that are the organization's.
pub struct EraseHandler;

impl Handler for EraseHandler {
    fn kind(&self) -> &'static str {
        KIND
    }

    fn run(&self, job: &Running<'_>) -> Result<Done, Stop> {
        let Payload { user } = job.payload()?;
        let mut place: Option<Place> = job.place()?;
        loop {
            let from = place;
            place = job.step(move |tx| {
                let next = walk(tx, user, from)?;
                let progress = Progress {
                    place: json!(next),
                    ..Progress::default()
                };
                Ok((progress, next))
            })?;
            if place.is_none() {
                return job.commit(|_| Ok(json!({})));
            }
        }
    }
}

/// The same without a worker, for a command. What is queued for one finds nothing left.
pub async fn erase_traces(database: &Database, user: Id) -> Result<(), Refusal> {
    let mut place = None;
    loop {
        let step = move |tx: &mut Tx<'_>| walk(tx, user, place);
        place = database.write(Origin::default(), step).await?;
        if place.is_none() {
            return Ok(());
        }
    }
}

/// One batch; where to go on, if there is more.
fn walk(tx: &mut Tx<'_>, user: Id, from: Option<Place>) -> Result<Option<Place>, Refusal> {
    if !tx.is_erased(user)? {
        return Err(Fault::Internal("somebody who wasn't erased would lose the log".into()).into());
    }
    let places = with_nil(tx.places_of(user)?);
    let begin = |organization: &Id| Place {
        organization: *organization,
        reached: None,
    };
    let Some(place) = from.or_else(|| places.first().map(begin)) else {
        return Ok(None);
    };
    let joining = Joining::of(place.organization, user);
    if place.reached.is_none() {
        tx.erase_payloads_about(&joining)?;
        tx.erase_events_by(user, place.organization)?;
    }
    Ok(match tx.erase_origins(&joining, place.reached, BATCH)? {
        Some(reached) => Some(Place {
            reached: Some(reached),
            ..place
        }),
        // Behind it, whether it is still there or not.
        None => places
            .iter()
            .find(|known| **known > place.organization)
            .map(begin),
    })
}

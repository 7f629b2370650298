//! Erases a person, as the person could.

use crate::cli::ErasePerson;
use crate::compose::{Parts, compose_existing};
use crate::config::Config;
use crate::database::wait;
use crate::exit::{Ended, USAGE};
use firma_services::identity;
use firma_services::{Origin, Refusal, Tx};
use serde_json::json;

pub(crate) fn erase(config: &Config, asked: &ErasePerson) -> Result<(), Ended> {
    let email = asked.email.clone();
    if !asked.yes {
        let what = format!("this deletes the account of {email} for good, and no backup is made: say --yes");
        return Err(Ended::With(USAGE, what));
    }
    let Parts { database, .. } = compose_existing(config)?;
    let language = asked.language.clone();
    let erased = wait(async {
        let erase = move |tx: &mut Tx<'_>| {
            let user = identity::person_of(tx, &email)?;
            identity::erase_person(tx, user, &language).map(|()| user)
        };
        let user = database.write(Origin::default(), erase).await?;
        identity::erase_traces(&database, user).await.map(|()| user)
    })?;
    let user = erased.map_err(|refusal| match refusal {
        Refusal::NotFound => "there is no user with this e-mail".to_owned(),
        other => other.to_string(),
    })?;
    match asked.output.json {
        true => crate::say_json(&json!({"ok": true, "user_id": user}))?,
        false => crate::say(format!("erased; what is kept names {user} and no person")),
    }
    Ok(())
}

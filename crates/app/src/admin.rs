//! What who runs the server does before anybody can sign in.

use crate::cli::NewAdmin;
use crate::compose::{Parts, compose, compose_existing};
use crate::config::Config;
use crate::database::wait;
use crate::exit::{self, Ended};
use firma_auth::password;
use firma_domain::Email;
use firma_domain::input::{self, Invalid};
use firma_services::identity::{self, NewOwner};
use firma_services::{Origin, Refusal, Tx};
use serde_json::json;
use std::io::{BufRead, IsTerminal};

/// Makes the owner and the organization.
pub(crate) fn create(config: &Config, new: NewAdmin) -> Result<(), Ended> {
    let organization = input::read(json!({"name": new.organization, "slug": new.slug}))
        .map_err(|wrong| wrong_flags(&wrong))?;
    let make = async |parts: &Parts| -> Result<(), String> {
        // Asked for only where it is used: who is there already keeps the password.
        let address = new.email.clone();
        let known = move |tx: &mut Tx<'_>| identity::is_known(tx, &address);
        let hash = if parts.database.read(known).await.map_err(told)? {
            crate::say(format!("{} exists already, and keeps the password", new.email));
            None
        } else {
            let password = ask("Password for the owner: ", new.email.as_str())?;
            Some(parts.hasher.hash_chosen(password).await.map_err(told)?)
        };
        let owner = NewOwner {
            name: None,
            email: new.email.clone(),
            organization,
        };
        let make = move |tx: &mut Tx<'_>| identity::create_owner(tx, owner.clone(), hash.as_deref());
        let made = parts
            .database
            .write(Origin::default(), make)
            .await
            .map_err(told)?;
        crate::say(format!(
            "organization {} ({}), owner {}",
            made.value.slug, made.id, new.email
        ));
        Ok(())
    };
    Ok(wait(make(&compose(config)?))??)
}

/// What is wrong with an organization, by the flags that say it.
fn wrong_flags(Invalid(faults): &Invalid) -> Ended {
    let told = faults.iter().map(|fault| {
        let flag = match fault.pointer.as_str() {
            "#/name" => "--organization",
            "#/slug" => "--slug",
            other => other,
        };
        format!("{flag}: {}", fault.detail)
    });
    Ended::With(exit::USAGE, told.collect::<Vec<_>>().join("; "))
}

/// Sets a password.
pub(crate) fn password(config: &Config, email: Email) -> Result<(), String> {
    let password = ask("New password: ", email.as_str())?;
    on_existing(config, async |parts| {
        let hash = parts.hasher.hash_chosen(password).await.map_err(told)?;
        let set = move |tx: &mut Tx<'_>| identity::set_password(tx, &email, &hash);
        parts
            .database
            .write(Origin::default(), set)
            .await
            .map_err(nobody)?;
        crate::say("the password is set".into());
        Ok(())
    })
}

/// Ends all of a user's sessions.
pub(crate) fn sign_out(config: &Config, email: Email) -> Result<(), String> {
    on_existing(config, async |parts| {
        let end = move |tx: &mut Tx<'_>| identity::sign_out(tx, &email);
        parts
            .database
            .write(Origin::default(), end)
            .await
            .map_err(nobody)?;
        crate::say("all sessions have ended".into());
        Ok(())
    })
}

/// A password: typed without echo, or a line of standard input where that is no terminal.
fn ask(prompt: &str, email: &str) -> Result<String, String> {
    let given = if std::io::stdin().is_terminal() {
        rpassword::prompt_password(prompt).map_err(|e| e.to_string())?
    } else {
        let mut line = String::new();
        std::io::stdin()
            .lock()
            .read_line(&mut line)
            .map_err(|e| e.to_string())?;
        line.trim_end_matches(['\r', '\n']).to_owned()
    };
    password::check(&given, &[email]).map_err(|weak| format!("the password {weak}"))?;
    Ok(given)
}

/// On a database that is there: none is made for what it can't hold.
fn on_existing(config: &Config, run: impl AsyncFnOnce(&Parts) -> Result<(), String>) -> Result<(), String> {
    let parts = compose_existing(config)?;
    wait(run(&parts))?
}

fn nobody(refusal: Refusal) -> String {
    match refusal {
        Refusal::NotFound => "there is no user with this e-mail".to_owned(),
        other => told(other),
    }
}

fn told(refusal: Refusal) -> String {
    refusal.to_string()
}

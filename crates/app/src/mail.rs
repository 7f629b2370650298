//! Lets who runs the server see that mail arrives: by the queue, a worker and the mailer, as every mail.

use crate::compose::{compose, lease};
use crate::config::Config;
use firma_domain::platform::{JobState, MailFault};
use firma_domain::{Email, Id};
use firma_services::platform::{Mail, MailHandler, mail_for_system};
use firma_services::{Origin, Refusal, Tx};
use serde_json::json;

pub(crate) fn test(config: &Config, to: &Email, language: String) -> Result<(), String> {
    let parts = compose(config)?;
    let address = to.clone();
    let lease = lease(config);
    // Taken as it is put: the worker of a server that runs beside it, or one with much to do, isn't what is tried here.
    let put = move |tx: &mut Tx<'_>| {
        let mail = Mail {
            to: address.clone(),
            template: "test",
            language: language.clone(),
            variables: json!({"sent_at": tx.now()}),
        };
        let job = mail_for_system(tx, mail, Some(1))?;
        Ok((job, tx.lease_this_job(Id::NIL, job, lease)?))
    };
    let database = &parts.database;
    let said = |refusal: Refusal| refusal.to_string();
    let (job, leased) = database.write_waiting(Origin::default(), put).map_err(said)?;
    let handler = MailHandler {
        mailer: parts.mailer.clone(),
    };
    if let Some(leased) = leased {
        parts.work_off(leased, lease, handler)?;
    }
    let look = move |tx: &mut Tx<'_>| Ok(tx.system_job(job)?);
    let ended = database.read_waiting(look).map_err(said);
    match ended? {
        (JobState::Succeeded, _) if config.smtp_url.is_some() => {
            crate::say(format!("the mail server took the mail to {}", to.as_str()));
            Ok(())
        }
        (JobState::Succeeded, _) => {
            let folder = config.data_dir.join("outbox");
            crate::say(format!(
                "FIRMA_SMTP_URL isn't set: the mail is in {}",
                folder.display()
            ));
            Ok(())
        }
        (_, Some(problem)) if config.smtp_url.is_none() => Err(format!(
            "FIRMA_SMTP_URL isn't set, and the mail can't be written: {}",
            without_server(&problem)
        )),
        (_, problem) => Err(problem.unwrap_or_else(|| "the mail wasn't sent".into())),
    }
}

/// A mailer's problem begins with the mail server; here is none. All else of it is told.
fn without_server(problem: &str) -> &str {
    let faults = [MailFault::Later(String::new()), MailFault::Refused(String::new())];
    let mut begin = faults.iter().map(ToString::to_string);
    begin
        .find_map(|begin| problem.strip_prefix(begin.as_str()))
        .unwrap_or(problem)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_problem_is_told_whole_but_for_the_server_that_there_is_not() {
        let why = "/var/outbox: it is full: 0 bytes";
        for fault in [MailFault::Later(why.into()), MailFault::Refused(why.into())] {
            assert_eq!(without_server(&fault.to_string()), why);
        }
        assert_eq!(without_server("a template: is gone"), "a template: is gone");
    }
}

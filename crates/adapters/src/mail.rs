use crate::files::make_folder;
use firma_domain::platform::{MailFault, Mailer, Message};
use lettre::message::header::{ContentType, HeaderName, HeaderValue};
use lettre::message::{Mailbox, MultiPart, SinglePart};
use lettre::transport::smtp::{Error, PoolConfig};
use lettre::{SmtpTransport, Transport};
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::{Duration, UNIX_EPOCH};

/// The longest wait for a mail server, for each thing that is asked of it.
const PATIENCE: Duration = Duration::from_secs(20);

/// Sends mail to a server.
pub struct SmtpMailer {
    transport: SmtpTransport,
    from: Mailbox,
}

impl SmtpMailer {
    /// By a URL: `smtps://USER:PASSWORD@HOST`, or `smtp://…`, which has to change to TLS unless the host is this
    /// machine.
    ///
    /// # Errors
    /// The URL or the sender can't be read.
    pub fn new(url: &str, from: &str) -> Result<SmtpMailer, String> {
        let transport = SmtpTransport::from_url(&secured(url)?)
            .map_err(|e| e.to_string())?
            .timeout(Some(PATIENCE))
            .pool_config(PoolConfig::new().max_size(4))
            .build();
        Ok(SmtpMailer {
            transport,
            from: mailbox(from)?,
        })
    }
}

/// A sender, such as `Firma <firma@example.com>`.
fn mailbox(text: &str) -> Result<Mailbox, String> {
    text.parse().map_err(|e| format!("{text:?} is no sender: {e}"))
}

/// Without a word about TLS, plain text stays on this machine.
fn secured(url: &str) -> Result<String, String> {
    let Some(rest) = url.strip_prefix("smtp://") else {
        return match url.starts_with("smtps://") {
            true => Ok(url.to_owned()),
            false => Err("the URL of a mail server begins with smtp:// or smtps://".into()),
        };
    };
    let authority = rest.split(['/', '?']).next().unwrap_or(rest);
    let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    let is_local = ["localhost", "127.0.0.1", "[::1]"]
        .iter()
        .any(|local| host == *local || host.strip_prefix(local).is_some_and(|port| port.starts_with(':')));
    let parameters = rest.split_once('?').map(|(_, parameters)| parameters);
    let says = |parameter: &str| parameter.starts_with("tls=");
    match parameters {
        _ if is_local => Ok(url.to_owned()),
        Some(parameters) if parameters.split('&').any(says) => Ok(url.to_owned()),
        Some(_) => Ok(format!("{url}&tls=required")),
        None => Ok(format!("{url}?tls=required")),
    }
}

fn composed(from: &Mailbox, message: &Message) -> Result<lettre::Message, MailFault> {
    let refused = |e: &dyn std::fmt::Display| MailFault::Refused(e.to_string());
    let to = message.to.as_str().parse().map_err(|e| refused(&e))?;
    let micros = u64::try_from(message.date.micros()).unwrap_or(0);
    let language = HeaderValue::new(
        HeaderName::new_from_ascii_str("Content-Language"),
        message.language.clone(),
    );
    let automatic = HeaderValue::new(
        HeaderName::new_from_ascii_str("Auto-Submitted"),
        "auto-generated".into(),
    );
    lettre::Message::builder()
        .message_id(Some(message.message_id.clone()))
        .date(UNIX_EPOCH + Duration::from_micros(micros))
        .from(from.clone())
        .to(to)
        .subject(message.subject.clone())
        .raw_header(language)
        .raw_header(automatic)
        .multipart(
            MultiPart::alternative()
                .singlepart(
                    SinglePart::builder()
                        .header(ContentType::TEXT_PLAIN)
                        .body(message.text.clone()),
                )
                .singlepart(
                    SinglePart::builder()
                        .header(ContentType::TEXT_HTML)
                        .body(message.html.clone()),
                ),
        )
        .map_err(|e| refused(&e))
}

impl Mailer for SmtpMailer {
    fn send(&self, message: &Message) -> Result<(), MailFault> {
        let mail = composed(&self.from, message)?;
        let sent = self.transport.send(&mail).map(drop);
        sent.map_err(|error: Error| match error.is_permanent() {
            true => MailFault::Refused(error.to_string()),
            false => MailFault::Later(error.to_string()),
        })
    }
}

/// Writes mail into a folder, where there is no server: one file each, named by its Message-ID.
pub struct OutboxFolder {
    folder: PathBuf,
    from: Mailbox,
}

impl OutboxFolder {
    /// In a folder, which is made when it is needed.
    ///
    /// # Errors
    /// The sender can't be read.
    pub fn new(folder: PathBuf, from: &str) -> Result<OutboxFolder, String> {
        Ok(OutboxFolder {
            folder,
            from: mailbox(from)?,
        })
    }
}

impl Mailer for OutboxFolder {
    fn send(&self, message: &Message) -> Result<(), MailFault> {
        let mail = composed(&self.from, message)?.formatted();
        let plain = |c: &char| c.is_ascii_alphanumeric() || *c == '-';
        let id = message.message_id.split('@').next().unwrap_or_default();
        let name: String = id.chars().filter(plain).collect();
        let said = |e| MailFault::Later(format!("{}: {e}", self.folder.display()));
        write(&self.folder, &name, &mail).map_err(said)
    }
}

fn write(folder: &Path, name: &str, mail: &[u8]) -> std::io::Result<()> {
    make_folder(folder)?;
    let (part, whole) = (
        folder.join(format!("{name}.part")),
        folder.join(format!("{name}.eml")),
    );
    let mut options = fs::OpenOptions::new();
    options.write(true).create(true).truncate(true);
    // There may be links in it that sign somebody in.
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(&part)?;
    file.write_all(mail)?;
    file.sync_all()?;
    fs::rename(part, whole)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_text_stays_on_this_machine() {
        let same = |url: &str| assert_eq!(secured(url).as_deref(), Ok(url));
        same("smtp://127.0.0.1:2525");
        same("smtp://localhost");
        same("smtps://u:p@mail.example.com");
        same("smtp://mail.example.com:587?tls=opportunistic");
        let tls = |url: &str| secured(url).unwrap();
        assert_eq!(
            tls("smtp://u:p@mail.example.com:587"),
            "smtp://u:p@mail.example.com:587?tls=required"
        );
        assert!(tls("smtp://localhost.example.com").ends_with("?tls=required"));
        // Not even a password says it.
        assert!(tls("smtp://u:xtls=y@mail.example.com").ends_with("?tls=required"));
        assert!(tls("smtp://localhost@mail.example.com").ends_with("?tls=required"));
        assert!(secured("http://mail.example.com").is_err());
    }
}

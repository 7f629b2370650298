//! The beginning of an import, and its being called off.

use super::PIECE;
use crate::cli::NewImport;
use crate::compose::Parts;
use firma_auth::access::{Create, Grant, Update};
use firma_domain::Id;
use firma_domain::platform::{Import, Job};
use firma_services::crud::Expected;
use firma_services::organizations::acting_in;
use firma_services::platform::imports::{self, Importing, Options};
use firma_services::platform::{Files, Leased, cancel_job, expect_upload};
use firma_services::{Asker, Database, Fault, Origin, Refusal, Tx, Work};
use std::fs::File;
use std::io::Read;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

/// The beginning of an import: its file is kept, as that of one that comes over the API, and its job is taken before a
/// worker does. If this process is killed, the job's lease ends and a worker goes on.
pub(super) struct Begun<'p> {
    pub(super) parts: &'p Parts,
    pub(super) new: &'p NewImport,
    pub(super) lease: i64,
}

impl Begun<'_> {
    pub(super) fn by_file(
        &self,
        options: Options,
        path: &Path,
        mut file: File,
    ) -> Result<(Importing, Leased), String> {
        let asker = self.asker()?;
        let key = self.write(asker, |work, grant| expect_upload(work, grant.also()))?;
        // Who runs the server may bring in more than comes over the network.
        let files = Files {
            max_document: u64::MAX,
            ..self.parts.files.clone()
        };
        let received = files.receive_rows(&key).and_then(|mut receiving| {
            let mut piece = vec![0; PIECE];
            loop {
                let read = file
                    .read(&mut piece)
                    .map_err(|e| Fault::Internal(e.to_string()))?;
                match piece.get(..read) {
                    Some(some) if read > 0 => receiving.write(some)?,
                    _ => return receiving.keep(),
                }
            }
        });
        let name = path.file_name().map(|name| name.to_string_lossy().into_owned());
        let (name, lease) = (name.unwrap_or_default(), self.lease);
        let asked = received.and_then(|received| {
            self.try_write(asker, move |work, grant| {
                imports::ask_and_take(work, grant, &options, &name, &received, lease)
            })
        });
        let (import, leased) = asked.map_err(|refusal| {
            // After a fault it isn't known whether the import is stored: the clean-up will know.
            if !matches!(refusal, Refusal::Fault(_)) {
                files.discard(&key);
                let _ = self.write(asker, move |work, _| work.forget_upload(&key));
            }
            self.said(refusal)
        })?;
        let import = import.id;
        Ok((Importing { asker, import }, leased))
    }

    pub(super) fn by_id(&self, import: Id) -> Result<(Importing, Leased), String> {
        let (asker, lease) = (self.asker()?, self.lease);
        let taken = self.write(asker, move |work, grant| {
            imports::take(work, grant.also(), import, lease)
        });
        let (_, leased) = taken?;
        Ok((Importing { asker, import }, leased))
    }

    fn asker(&self) -> Result<Asker, String> {
        let email = self.new.acting_as.clone();
        let slug = self.new.organization.clone();
        let ask = move |tx: &mut Tx<'_>| acting_in(tx, &slug, email.as_ref());
        match self.parts.database.read_waiting(ask) {
            Ok((organization, user)) => Ok(Asker::member(organization, user)),
            Err(refusal) => Err(self.said(refusal)),
        }
    }

    fn write<T: Send + 'static>(
        &self,
        asker: Asker,
        run: impl Fn(&mut Work<'_, '_>, Grant<Import, Create>) -> Result<T, Refusal> + Send + 'static,
    ) -> Result<T, String> {
        self.try_write(asker, run).map_err(|refusal| self.said(refusal))
    }

    fn try_write<T: Send + 'static>(
        &self,
        asker: Asker,
        run: impl Fn(&mut Work<'_, '_>, Grant<Import, Create>) -> Result<T, Refusal> + Send + 'static,
    ) -> Result<T, Refusal> {
        let write = move |tx: &mut Tx<'_>| {
            let mut work = Work::go_on(tx, asker)?;
            let grant = work.grant()?;
            run(&mut work, grant)
        };
        self.parts.database.write_waiting(Origin::default(), write)
    }

    fn said(&self, refusal: Refusal) -> String {
        match refusal {
            Refusal::OrganizationNotFound => {
                format!(
                    "there is no organization {} that they act in",
                    self.new.organization
                )
            }
            Refusal::NotFound if self.new.go_on.is_some() => "there is no such import".into(),
            Refusal::NotFound => "there is no user with this e-mail".into(),
            other => other.to_string(),
        }
    }
}

/// As long as there is one, Ctrl-C calls the import off, as its asker may; else a worker would go on with it.
pub(super) struct CalledOff(Arc<Mutex<Option<Database>>>);

impl Drop for CalledOff {
    /// Who listens does so to the end of the process, and would keep the database open.
    fn drop(&mut self) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take();
    }
}

pub(super) fn call_off_when_asked(database: &Database, asker: Asker, job: Id) -> CalledOff {
    let kept = Arc::new(Mutex::new(Some(database.clone())));
    let guard = CalledOff(kept.clone());
    let call_off = move || {
        let asked = actix_web::rt::System::new().block_on(tokio::signal::ctrl_c());
        let database = kept.lock().unwrap_or_else(PoisonError::into_inner).take();
        let Some(database) = database else { return };
        let call_off = move |tx: &mut Tx<'_>| {
            let mut work = Work::go_on(tx, asker)?;
            let grant = work.grant::<Job, Update>()?;
            cancel_job(&mut work, grant, job, &Expected::default())
        };
        if asked.is_ok()
            && let Err(refusal) = database.write_waiting(Origin::default(), call_off)
        {
            log::error!("the import could not be called off, and a worker goes on with it: {refusal}");
            std::process::exit(i32::from(crate::exit::FAILED));
        }
    };
    if let Err(e) = std::thread::Builder::new().name("ctrl-c".into()).spawn(call_off) {
        log::warn!("Ctrl-C is not listened to: {e}");
    }
    guard
}

//! Makes the archive: what is the person's alone, and of each organization what concerns the person there.

use super::KEPT as LIFE;
use super::pack::{Pack, Packed};
use crate::identity::{image, letters};
use crate::platform::{Done, Files, Handler, Progress, Running, Stop};
use crate::refusal::Refusal;
use crate::work::Work;
use firma_auth::access::Joining;
use firma_domain::Id;
use firma_domain::platform::File;
use firma_persistence::Tx;
use firma_persistence::identity::{KEPT, Kept, ReadyArchive};
use firma_persistence::operating::OWN_ROWS;
use firma_persistence::platform::Sweep;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

pub(super) const KIND: &str = "archive";
/// Rows that are read at once.
const PAGE: i64 = 500;

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Payload {
    pub user: Id,
    pub language: String,
}

/// Does it.
pub struct ArchiveHandler {
    pub files: Files,
}

impl Handler for ArchiveHandler {
    fn kind(&self) -> &'static str {
        KIND
    }

    fn run(&self, job: &Running<'_>) -> Result<Done, Stop> {
        let Payload { user, language } = job.payload()?;
        let me = job.job();
        // Noted before the first byte, so that the clean-up finds them if this worker is killed.
        let key = job.step(move |tx| {
            let wanted = tx
                .archive(user)?
                .filter(|archive| archive.job == me && archive.ready.is_none());
            let key = wanted.map(|_| format!("{}/{}", Id::NIL, tx.new_id()));
            if let Some(key) = &key {
                tx.sweep_bytes(key, Sweep::Upload)?;
            }
            Ok((Progress::default(), key))
        })?;
        let Some(key) = key else {
            return job.commit(|_| Ok(json!({})));
        };
        let packed = Making {
            job,
            files: &self.files,
            user,
        }
        .pack(&key);
        let Packed { size, sha256 } = packed.inspect_err(|_| self.files.discard(&key))?;
        job.commit(move |tx| {
            let (now, expires) = (tx.now(), tx.now().plus_seconds(LIFE));
            let ready = ReadyArchive {
                at: now,
                storage_key: key.clone(),
                size,
                sha256: sha256.clone(),
            };
            // Who was erased meanwhile has no archive, and isn't written to.
            if !tx.finish_archive(user, me, ready, expires)? {
                tx.drop_bytes(&key)?;
                return Ok(json!({}));
            }
            if !tx.spare_bytes(&key)? {
                return Err(Refusal::conflict("purged", "it took too long"));
            }
            let person = tx.user(user)?.value;
            let language = letters::language(tx, user, &language)?;
            let variables = json!({"name": person.name, "until": expires});
            letters::write(tx, person.email, "archive_ready", language, variables)?;
            Ok(json!({"size": size}))
        })
    }
}

struct Making<'a, 'w> {
    job: &'a Running<'w>,
    files: &'a Files,
    user: Id,
}

impl Making<'_, '_> {
    fn pack(&self, key: &str) -> Result<Packed, Stop> {
        let mut pack = Pack::begin(self.files.store.as_ref(), key)?;
        pack.text("README.txt", README)?;
        for kept in KEPT.iter().filter(|kept| !kept.in_organization) {
            self.told(&mut pack, "account", kept, Id::NIL)?;
        }
        let user = self.user;
        if let Some(image) = self.job.read(move |tx| image::kept_of(tx, user))? {
            self.content(&mut pack, &format!("account/{}", image.name), &image)?;
        }
        let mut places = vec![("platform".to_owned(), Id::NIL)];
        let read = move |tx: &mut Tx<'_>| Ok((tx.memberships_of(user)?, tx.closed_memberships_of(user)?));
        let (open, closed) = self.job.read(read)?;
        let open = open
            .into_iter()
            .map(|place| (format!("organizations/{}", place.slug), place.organization));
        // A slug that was given up may be another's.
        let closed = closed.into_iter().map(|place| {
            let folder = format!("closed/{}-{}", place.slug, place.organization);
            (folder, place.organization)
        });
        places.extend(open.chain(closed));
        for (folder, organization) in places {
            for kept in KEPT.iter().filter(|kept| kept.in_organization) {
                self.told(&mut pack, &folder, kept, organization)?;
            }
            self.deeds(&mut pack, &folder, organization)?;
            self.rows(&mut pack, &folder, organization)?;
        }
        pack.keep()
    }

    fn told(&self, pack: &mut Pack, folder: &str, kept: &'static Kept, organization: Id) -> Result<(), Stop> {
        if kept.told.is_empty() {
            return Ok(());
        }
        let user = self.user;
        let rows = self
            .job
            .read(move |tx| Ok(tx.told_of(kept, user, organization)?))?;
        pack.list(&format!("{folder}/{}.json", kept.table))?;
        pack.rows(&rows)?;
        pack.end_list()
    }

    fn deeds(&self, pack: &mut Pack, folder: &str, organization: Id) -> Result<(), Stop> {
        pack.list(&format!("{folder}/audit_entries.json"))?;
        let (user, mut after) = (self.user, None);
        loop {
            let read = move |tx: &mut Tx<'_>| Ok(tx.deeds(&Joining::of(organization, user), after, PAGE)?);
            let deeds = self.job.read(read)?;
            pack.rows(&deeds)?;
            match deeds.last() {
                Some(last) => after = Some(last.id),
                None => return pack.end_list(),
            }
        }
    }

    /// The rows that the person owns or made, as far as the person may read them now.
    fn rows(&self, pack: &mut Pack, folder: &str, organization: Id) -> Result<(), Stop> {
        let user = self.user;
        for own in OWN_ROWS {
            let mut after = None;
            loop {
                let read = move |tx: &mut Tx<'_>| match entered(tx, organization, user)? {
                    Some(work) => {
                        let facts = work.facts().clone();
                        Ok((own.page)(work.tx, &facts, after, PAGE)?)
                    }
                    None => Ok(Vec::new()),
                };
                let page = self.job.read(read)?;
                if after.is_none() {
                    if page.is_empty() {
                        break;
                    }
                    pack.list(&format!("{folder}/{}.json", own.collection))?;
                }
                let rows: Vec<&Value> = page.iter().map(|(_, row)| row).collect();
                pack.rows(&rows)?;
                match page.last() {
                    Some((id, _)) => after = Some(*id),
                    None => {
                        pack.end_list()?;
                        break;
                    }
                }
            }
        }
        self.contents(pack, folder, organization)
    }

    fn content(&self, pack: &mut Pack, name: &str, file: &File) -> Result<(), Stop> {
        let size = u64::try_from(file.size).unwrap_or(0);
        pack.bytes(name, self.files.open(file, 0, size)?)
    }

    /// The bytes of the person's files there.
    fn contents(&self, pack: &mut Pack, folder: &str, organization: Id) -> Result<(), Stop> {
        let (user, mut after) = (self.user, None);
        loop {
            let read = move |tx: &mut Tx<'_>| match entered(tx, organization, user)? {
                Some(mut work) => match work.facts().may_read::<File>() {
                    Some(grant) => Ok(work.open(grant)?.own(after, PAGE)?),
                    None => Ok(Vec::new()),
                },
                None => Ok(Vec::new()),
            };
            let files = self.job.read(read)?;
            for file in &files {
                let name = format!("{folder}/files/{}/{}", file.id, file.value.name);
                self.content(pack, &name, &file.value)?;
            }
            match files.last() {
                Some(last) => after = Some(last.id),
                None => return Ok(()),
            }
        }
    }
}

/// The person's work in an organization, where a call of the person's would be let in.
fn entered<'t, 'c>(tx: &'t mut Tx<'c>, organization: Id, user: Id) -> Result<Option<Work<'t, 'c>>, Refusal> {
    // An archive, which a password is enough for, isn't a way around the second factor.
    if tx.lacks_factor(user, organization)? {
        return Ok(None);
    }
    match Work::resume(tx, organization, user) {
        Ok(work) => Ok(Some(work)),
        // Who has left, or where it is closed, reads nothing there any more.
        Err(Refusal::OrganizationNotFound) => Ok(None),
        Err(other) => Err(other),
    }
}

const README: &str = "\
Everything that this installation of Firma keeps about you.

account/        Your account: what you sign in with, your profile, your sessions, what concerned your safety.
                Passwords, keys and codes aren't in it: only digests of them are kept.
organizations/  A folder for each organization that you are or were a member of:
                  memberships, role_assignments, team_members
                                   what the organization keeps of you as a member
                  audit_entries    what you did there, when and from where
                  files/           the files that you stored
                  and a list for each kind of row that you own or made, as far as you may read it now.
                What you may no longer read there belongs to the organization: ask it. Where an organization
                asks for a second factor and you had none, its files and rows aren't in here: turn one on, and ask
                for another archive.
closed/         The same for organizations that were deleted, as long as they are kept: what is about you. Their rows and
                files are shut to everybody.
platform/       The same for what belongs to no organization.

All lists are JSON. Instants are UTC. Ids are the same in all of them.
";

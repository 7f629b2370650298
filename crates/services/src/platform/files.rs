//! Files: their bytes on the way into the store, and the rows that say what they are.

use crate::keeping::Keeping;
use crate::link::Link;
use crate::refusal::Refusal;
use crate::rows::{is, unless_any};
use crate::work::Work;
use firma_auth::access::{Create, Delete, Grant};
use firma_domain::organizations::{Member, Organization};
use firma_domain::platform::{File, FileKind, FileStore, Incoming};
use firma_domain::{Id, Record};
use firma_persistence::Fault;
use firma_persistence::platform::Sweep;
use sha2::{Digest, Sha256};
use std::io::Read;
use std::sync::Arc;

/// So many bytes are looked at to see what a file is.
const HEAD: usize = 8_192;
/// So many bytes of an image say how large it is: what a camera adds stands before that.
const IMAGE_HEAD: u64 = 1_000_000;
/// The most pixels of a side of an image.
const MOST_SIDE: usize = 8_192;

impl Keeping for File {
    fn links() -> &'static [Link<Self>] {
        const LINKS: &[Link<File>] = &[Link::to::<Member>("owner_id", "owner", |file| file.owner_id)];
        LINKS
    }

    fn deleting(
        work: &mut Work<'_, '_>,
        grant: Grant<Self, Delete>,
        before: &Record<Self>,
        _: Id,
    ) -> Result<(), Refusal> {
        let logo = vec![is::<Organization>("logo_id", before.id)];
        unless_any::<Organization>(work, grant.also(), logo, "it is the organization's logo")?;
        Ok(work.tx.sweep_bytes(&before.value.storage_key, Sweep::Deleted)?)
    }

    fn restored(
        work: &mut Work<'_, '_>,
        _: Grant<Self, Delete>,
        after: &Record<Self>,
        _: Id,
    ) -> Result<(), Refusal> {
        match work.tx.spare_bytes(&after.value.storage_key)? {
            true => Ok(()),
            false => Err(Refusal::conflict("purged", "the file's bytes are gone")),
        }
    }
}

/// Before the bytes of an upload come: the key under which they are stored. If the upload never ends, the clean-up
/// finds them by it.
pub fn expect_upload(work: &mut Work<'_, '_>, grant: Grant<File, Create>) -> Result<String, Refusal> {
    let key = format!("{}/{}", grant.organization(), work.tx.new_id());
    work.tx.sweep_bytes(&key, Sweep::Upload)?;
    Ok(key)
}

impl Work<'_, '_> {
    /// An upload ended without a file, and its bytes are gone.
    pub fn forget_upload(&mut self, key: &str) -> Result<(), Refusal> {
        self.tx.spare_bytes(key)?;
        Ok(())
    }
}

/// The row of a file whose bytes are stored.
pub fn add_file(
    work: &mut Work<'_, '_>,
    grant: Grant<File, Create>,
    name: &str,
    received: &Received,
) -> Result<Record<File>, Refusal> {
    let name = File::plain_name(name)
        .ok_or_else(|| Refusal::field("file", "required", "has to have a file name"))?;
    if name.chars().count() > File::NAME_LENGTH {
        let detail = format!("its name has to be at most {} long", File::NAME_LENGTH);
        return Err(Refusal::field("file", "length", detail));
    }
    if !work.tx.spare_bytes(&received.key)? {
        return Err(Refusal::conflict("purged", "the upload took too long"));
    }
    let file = File {
        name,
        media_type: received.media_type.clone(),
        size: received.size,
        sha256: received.sha256.clone(),
        storage_key: received.key.clone(),
        owner_id: None,
    };
    crate::crud::add(work, grant, file, false)
}

/// The store of files and the limits of what goes into it.
#[derive(Clone)]
pub struct Files {
    pub store: Arc<dyn FileStore>,
    /// The most bytes of an image
    pub max_image: u64,
    /// The most bytes of a document
    pub max_document: u64,
}

impl Files {
    /// Begins to take bytes in. Waits for the store, as all that follows does.
    pub fn receive(&self, key: &str) -> Result<Receiving, Refusal> {
        Ok(Receiving {
            files: self.clone(),
            incoming: self.store.put(key).map_err(|e| unwritable(&e))?,
            key: key.to_owned(),
            said: None,
            only_images: false,
            head: Vec::new(),
            kind: None,
            is_text: true,
            broken: Vec::new(),
            size: 0,
            hash: Sha256::new(),
        })
    }

    /// The same for rows of an import: text in whatever encoding, which its bytes don't tell.
    pub fn receive_rows(&self, key: &str) -> Result<Receiving, Refusal> {
        Ok(Receiving {
            said: Some("text/csv"),
            ..self.receive(key)?
        })
    }

    /// The same for an image, and nothing else.
    pub fn receive_image(&self, key: &str) -> Result<Receiving, Refusal> {
        Ok(Receiving {
            only_images: true,
            ..self.receive(key)?
        })
    }

    /// Refuses an image that is larger than any screen, or isn't one behind its first bytes.
    pub fn check_image(&self, received: &Received) -> Result<(), Refusal> {
        let length = u64::try_from(received.size).unwrap_or(0).min(IMAGE_HEAD);
        let mut head = Vec::new();
        let opened = self.store.open(&received.key, 0, length);
        opened
            .and_then(|mut bytes| bytes.read_to_end(&mut head))
            .map_err(|e| unwritable(&e))?;
        let size =
            imagesize::blob_size(&head).map_err(|_| Refusal::field("file", "image", "is no whole image"))?;
        let sides = [size.width, size.height];
        match sides.iter().all(|side| (1..=MOST_SIDE).contains(side)) {
            true => Ok(()),
            false => {
                let detail = format!("may have at most {MOST_SIDE} pixels a side");
                Err(Refusal::field("file", "image", detail))
            }
        }
    }

    /// The bytes of a file, or a part of them.
    pub fn open(&self, file: &File, start: u64, length: u64) -> Result<Box<dyn Read + Send>, Refusal> {
        let opened = self.store.open(&file.storage_key, start, length);
        opened.map_err(|e| Fault::Internal(format!("the bytes of a file: {e}")).into())
    }

    /// Forgets bytes that no row is about.
    pub fn discard(&self, key: &str) {
        if let Err(error) = self.store.delete(key) {
            log::warn!("an upload was not removed: {error}");
        }
    }
}

/// What came of an upload.
#[derive(Debug, Clone)]
pub struct Received {
    pub key: String,
    pub media_type: String,
    pub size: i64,
    pub sha256: String,
}

/// An upload under way: counted, digested, and looked at. Dropped before its end, nothing of it stays.
pub struct Receiving {
    files: Files,
    incoming: Box<dyn Incoming>,
    key: String,
    /// What it is said to be, where that isn't seen from its bytes
    said: Option<&'static str>,
    only_images: bool,
    head: Vec<u8>,
    /// Once enough has come to see it
    kind: Option<(FileKind, String)>,
    is_text: bool,
    /// A character of which not all bytes have come
    broken: Vec<u8>,
    size: u64,
    hash: Sha256,
}

impl Receiving {
    /// Takes more bytes.
    pub fn write(&mut self, bytes: &[u8]) -> Result<(), Refusal> {
        self.size += u64::try_from(bytes.len()).unwrap_or(u64::MAX);
        let wanted = HEAD.saturating_sub(self.head.len());
        self.head.extend(bytes.iter().take(wanted));
        self.see_text(bytes);
        if self.kind.is_none() && self.head.len() == HEAD {
            self.kind = Some(self.look()?);
        }
        let most = match self.kind {
            Some((FileKind::Image, _)) => self.files.max_image,
            Some((FileKind::Document, _)) => self.files.max_document,
            None => self.files.max_image.max(self.files.max_document),
        };
        if self.size > most {
            return Err(Refusal::TooLarge(most));
        }
        self.hash.update(bytes);
        self.incoming.write(bytes).map_err(|e| unwritable(&e))
    }

    /// The end of the bytes: keeps them, if they are what is taken.
    pub fn keep(mut self) -> Result<Received, Refusal> {
        if self.size == 0 {
            return Err(Refusal::field("file", "empty", "has no bytes"));
        }
        self.is_text &= self.broken.is_empty();
        // All of it has come now, so that text is known to be text.
        let (kind, media_type) = self.look()?;
        if kind == FileKind::Image && self.size > self.files.max_image {
            return Err(Refusal::TooLarge(self.files.max_image));
        }
        if kind == FileKind::Document && self.size > self.files.max_document {
            return Err(Refusal::TooLarge(self.files.max_document));
        }
        self.incoming.keep().map_err(|e| unwritable(&e))?;
        let hex = self
            .hash
            .finalize()
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect();
        Ok(Received {
            key: self.key,
            media_type,
            size: i64::try_from(self.size).unwrap_or(i64::MAX),
            sha256: hex,
        })
    }

    /// What it is, by its first bytes; what has no mark of its own may be text.
    fn look(&self) -> Result<(FileKind, String), Refusal> {
        let marked = self
            .said
            .or_else(|| infer::get(&self.head).map(|found| found.mime_type()));
        let media_type = match marked {
            Some(media_type) => media_type,
            None if self.is_text => "text/plain",
            None => return Err(Refusal::FileType("of no kind that is known".into())),
        };
        match FileKind::of(media_type) {
            Some(kind) if kind == FileKind::Image || !self.only_images => Ok((kind, media_type.to_owned())),
            _ => Err(Refusal::FileType(media_type.to_owned())),
        }
    }

    /// Whether it still is UTF-8 without control characters.
    fn see_text(&mut self, bytes: &[u8]) {
        if !self.is_text {
            return;
        }
        let joined = [std::mem::take(&mut self.broken).as_slice(), bytes].concat();
        let plain = |text: &str| {
            let fits = |c: char| !c.is_control() || matches!(c, '\n' | '\r' | '\t' | '\u{c}');
            text.chars().all(fits)
        };
        self.is_text = match std::str::from_utf8(&joined) {
            Ok(text) => plain(text),
            Err(error) if error.error_len().is_none() => {
                let (whole, rest) = joined.split_at_checked(error.valid_up_to()).unwrap_or((&[], &[]));
                self.broken = rest.to_vec();
                std::str::from_utf8(whole).is_ok_and(plain)
            }
            Err(_) => false,
        };
    }
}

fn unwritable(error: &std::io::Error) -> Refusal {
    Fault::Internal(format!("the store of files: {error}")).into()
}

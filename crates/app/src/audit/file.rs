//! A log in a file: lines of JSON, each with all that its digests cover, and under them the server's signature. What is
//! in it can be walked by whoever has it and the secret.

use crate::draft::Draft;
use crate::progress::Progress;
use firma_auth::keys::Key;
use firma_auth::signed::{Unproved, check, sign};
use firma_domain::{Id, Instant};
use firma_persistence::{Checkpoint, Fault, LogEnd, LogWalk, LoggedEntry};
use firma_services::operating::{self, Logged, Place};
use firma_services::{Database, Refusal, Tx, Verification};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::fs::File;
use std::io::{BufRead, BufReader, BufWriter, Write};
use std::path::Path;
use std::sync::Arc;

/// The format's number, of which a reader knows those up to its own.
const FORMAT: u32 = 1;
const BROKEN: &str =
    "it breaks off, isn't in order, goes on behind its end, or has a line that is none of a log";

/// The first line.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Head {
    firma_audit: u32,
    organization_id: Id,
    slug: String,
    exported_at: Instant,
}

/// A line, as it is read again. All but the first and the last are written as [`Logged`].
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Line {
    Log(Head),
    Checkpoint(Checkpoint),
    Entry(Box<LoggedEntry>),
    /// Beside the chain, and so only under the signature
    SecurityEvent(serde_json::Value),
    End(LogEnd),
    /// The last: under all before it
    Signature(String),
}

/// What is signed, of the lines before.
fn message(lines: Sha256) -> Vec<u8> {
    [b"audit export\0".as_slice(), &lines.finalize()].concat()
}

struct Lines {
    out: BufWriter<File>,
    digest: Sha256,
}

impl Lines {
    fn write(&mut self, line: &impl Serialize) -> std::io::Result<()> {
        let mut bytes = serde_json::to_vec(line)?;
        bytes.push(b'\n');
        self.digest.update(&bytes);
        self.out.write_all(&bytes)
    }

    /// Onto the disk.
    fn end(mut self, key: &Key) -> std::io::Result<()> {
        let signature = sign(key, &message(self.digest.clone()));
        self.write(&Line::Signature(signature))?;
        self.out.into_inner()?.sync_all()
    }
}

/// What is in a file.
pub(crate) struct Exported {
    pub(crate) place: Place,
    /// None where the file doesn't end as a log does
    pub(crate) end: Option<LogEnd>,
    pub(crate) found: Verification,
    /// Why the file may not be as it was written
    pub(crate) doubt: Option<&'static str>,
}

impl Exported {
    fn broken(place: Place, found: Verification) -> Exported {
        Exported {
            place,
            end: None,
            found,
            doubt: Some(BROKEN),
        }
    }
}

/// Writes the log of a place into a new file, and reads that again before it has its name.
pub(crate) async fn export(
    database: &Database,
    place: &Place,
    path: &Path,
    key: &Key,
) -> Result<(Exported, LogEnd), String> {
    if path.exists() {
        return Err(format!("{} is there already", path.display()));
    }
    let said = |e: std::io::Error| format!("{}: {e}", path.display());
    let draft = Arc::new(Draft::beside(path).map_err(said)?);
    let head = Head {
        firma_audit: FORMAT,
        organization_id: place.id,
        slug: super::name(place).to_owned(),
        exported_at: database.sources.clock.now(),
    };
    let (to, with) = (draft.clone(), key.clone());
    let written = database
        .read(move |tx: &mut Tx<'_>| write(tx, &head, &to, &with))
        .await;
    let exported = match written {
        Ok(Some(())) => walk(&draft.path, Some(key)),
        Ok(None) => Err("there is no such organization".into()),
        Err(refusal) => Err(refusal.to_string()),
    };
    let exported = exported?;
    let Some(end) = exported.end.clone() else {
        return Err(format!("{}: {BROKEN}", path.display()));
    };
    draft.keep(path).map_err(said)?;
    Ok((exported, end))
}

fn write(tx: &mut Tx<'_>, head: &Head, draft: &Draft, key: &Key) -> Result<Option<()>, Refusal> {
    let said = |e: std::io::Error| Refusal::from(Fault::Internal(format!("{}: {e}", draft.path.display())));
    let mut lines = Lines {
        out: BufWriter::new(draft.begin().map_err(said)?),
        digest: Sha256::new(),
    };
    lines.write(&Line::Log(head.clone())).map_err(said)?;
    let mut progress = Progress::of("audit log", "lines");
    let written = operating::export(tx, head.organization_id, |part: Logged| {
        progress.step(1);
        lines.write(&part).map_err(said)
    })?;
    lines.end(key).map_err(said)?;
    Ok(written)
}

/// Reads a file, and walks the log in it.
///
/// # Errors
/// It can't be read, or isn't a log. One that was damaged is in doubt.
pub(crate) fn walk(path: &Path, key: Option<&Key>) -> Result<Exported, String> {
    let file = File::open(path).map_err(|e| format!("{}: {e}", path.display()))?;
    walked(BufReader::new(file), key).map_err(|what| format!("{}: {what}", path.display()))
}

/// A file that is read line by line.
struct Reading<R> {
    file: R,
    /// Of all lines but the signature, which doesn't cover itself
    digest: Sha256,
    /// Whether it came to a line that is none of a log, or half of one
    is_foreign: bool,
}

impl<R: BufRead> Reading<R> {
    /// None at the end, and where it is foreign.
    fn line(&mut self) -> Result<Option<Line>, String> {
        let mut line = Vec::new();
        let read = self.file.read_until(b'\n', &mut line);
        if self.is_foreign || read.map_err(|e| e.to_string())? == 0 {
            return Ok(None);
        }
        let read = serde_json::from_slice::<Line>(&line).ok();
        self.is_foreign = read.is_none();
        if !matches!(read, Some(Line::Signature(_))) {
            self.digest.update(&line);
        }
        Ok(read)
    }
}

fn walked(file: impl BufRead, key: Option<&Key>) -> Result<Exported, String> {
    let mut lines = Reading {
        file,
        digest: Sha256::new(),
        is_foreign: false,
    };
    let head = match lines.line()? {
        Some(Line::Log(head)) if head.firma_audit <= FORMAT => head,
        Some(Line::Log(_)) => return Err("it is from a newer firma".into()),
        _ => return Err("it doesn't begin as a log does".into()),
    };
    let mut checkpoints = Vec::new();
    let mut line = lines.line()?;
    while let Some(Line::Checkpoint(checkpoint)) = line {
        checkpoints.push(checkpoint);
        line = lines.line()?;
    }
    let mut walk = LogWalk::begin(head.organization_id, key, checkpoints);
    while let Some(Line::Entry(entry)) = line {
        walk = walk.and_then(|mut walk| walk.step(*entry).map(|()| walk));
        line = lines.line()?;
    }
    while let Some(Line::SecurityEvent(_)) = line {
        line = lines.line()?;
    }
    let place = Place {
        id: head.organization_id,
        slug: head.slug,
    };
    let last = (line, lines.line()?, lines.line()?);
    let (Some(Line::End(end)), Some(Line::Signature(signature)), None) = last else {
        return Ok(Exported::broken(
            place,
            walk.map_or_else(|found| found, LogWalk::stop),
        ));
    };
    let found = walk.map_or_else(|found| found, |walk| walk.end(&end));
    if lines.is_foreign {
        return Ok(Exported::broken(place, found));
    }
    let doubt = match key.map(|key| check(key, &message(lines.digest), &signature)) {
        Some(Ok(())) => None,
        Some(Err(Unproved::Forged)) => Some("it isn't as it was written"),
        Some(Err(Unproved::UnknownKey)) => Some("it was signed with a secret that is not known here"),
        None => Some("its signature can't be checked without the secret"),
    };
    Ok(Exported {
        place,
        found,
        end: Some(end),
        doubt,
    })
}

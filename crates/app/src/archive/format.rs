//! The lines, and what counts and digests them.

use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::io::{BufRead, BufReader, Read, Write};

/// The format's number, of which a reader knows those up to its own.
pub(super) const FORMAT: u32 = 1;

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Head {
    pub(super) firma_backup: u32,
    pub(super) made_at: String,
    pub(super) made_by: String,
    /// `sqlite` or `postgres`
    pub(super) database: String,
    pub(super) migrations: Vec<String>,
}

/// A line that is neither a row nor a piece of a file.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Mark {
    Table {
        name: String,
        columns: Vec<(String, String)>,
    },
    File {
        name: String,
    },
    /// Of a table or file: its rows or bytes
    End {
        count: u64,
        sha256: String,
    },
    Closing {
        tables: u64,
        rows: u64,
        files: u64,
        sha256: String,
    },
}

fn hex(digest: Sha256) -> String {
    digest
        .finalize()
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

/// Counts and digests a part.
#[derive(Default)]
pub(super) struct Part {
    pub(super) count: u64,
    digest: Sha256,
}

impl Part {
    pub(super) fn add(&mut self, bytes: &[u8], count: u64) {
        self.count += count;
        self.digest.update(bytes);
    }

    pub(super) fn end(self) -> Mark {
        Mark::End {
            count: self.count,
            sha256: hex(self.digest),
        }
    }
}

/// A row as a line.
pub(super) fn line(row: &[Option<String>]) -> Result<String, String> {
    serde_json::to_string(row).map_err(|e| e.to_string())
}

/// Rows in any order: how many, and the sum of their digests.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Rows {
    pub(super) count: u64,
    sum: u128,
}

impl Rows {
    pub(super) fn add(&mut self, line: &str) {
        self.count += 1;
        let digest = Sha256::digest(line);
        let (begins, _) = digest.split_at(16);
        let begins = begins.try_into().map_or(0, u128::from_le_bytes);
        self.sum = self.sum.wrapping_add(begins);
    }
}

pub(super) struct Writer<W: Write> {
    out: GzEncoder<W>,
    all: Sha256,
}

impl<W: Write> Writer<W> {
    pub(super) fn new(out: W) -> Writer<W> {
        Writer {
            out: GzEncoder::new(out, Compression::fast()),
            all: Sha256::new(),
        }
    }

    pub(super) fn line(&mut self, line: &str) -> Result<(), String> {
        for bytes in [line.as_bytes(), b"\n"] {
            self.all.update(bytes);
            self.out.write_all(bytes).map_err(|e| e.to_string())?;
        }
        Ok(())
    }

    pub(super) fn mark(&mut self, mark: &impl Serialize) -> Result<(), String> {
        let line = serde_json::to_string(mark).map_err(|e| e.to_string())?;
        self.line(&line)
    }

    pub(super) fn close(mut self, tables: u64, rows: u64, files: u64) -> Result<W, String> {
        let sha256 = hex(self.all.clone());
        self.mark(&Mark::Closing {
            tables,
            rows,
            files,
            sha256,
        })?;
        self.out.finish().map_err(|e| e.to_string())
    }
}

pub(super) struct Reader<R: Read> {
    from: BufReader<GzDecoder<R>>,
    line: String,
    all: Sha256,
}

impl<R: Read> Reader<R> {
    pub(super) fn new(from: R) -> Reader<R> {
        Reader {
            from: BufReader::with_capacity(1 << 16, GzDecoder::new(from)),
            line: String::new(),
            all: Sha256::new(),
        }
    }

    /// The next line, without its end.
    pub(super) fn line(&mut self) -> Result<&str, String> {
        // What was read before is digested now: the closing line tells the digest of all before it.
        self.all.update(&self.line);
        self.line.clear();
        let damaged = |e: std::io::Error| format!("the archive is damaged or cut off: {e}");
        self.from.read_line(&mut self.line).map_err(damaged)?;
        match self.line.strip_suffix('\n') {
            Some(line) => Ok(line),
            None => Err("the archive is cut off: its closing line is missing".into()),
        }
    }

    pub(super) fn head(&mut self) -> Result<Head, String> {
        let head: Head =
            serde_json::from_str(self.line()?).map_err(|e| format!("this is no backup of Firma: {e}"))?;
        match head.firma_backup {
            FORMAT => Ok(head),
            other => Err(format!("the archive is of format {other}: use a newer binary")),
        }
    }

    /// After the closing line: whether all is as it was written, and nothing follows.
    pub(super) fn check(mut self, sha256: &str) -> Result<(), String> {
        if hex(self.all) != *sha256 {
            return Err("the archive is damaged: its digest is another".into());
        }
        let mut more = [0; 1];
        match self.from.read(&mut more) {
            Ok(0) => Ok(()),
            Ok(_) => Err("the archive is damaged: something follows its closing line".into()),
            Err(e) => Err(format!("the archive is damaged: {e}")),
        }
    }
}

pub(super) fn mark(line: &str) -> Result<Mark, String> {
    serde_json::from_str(line).map_err(|e| format!("the archive is damaged: {e}"))
}

pub(super) fn same(part: Part, count: u64, sha256: &str, name: &str) -> Result<(), String> {
    match part.end() {
        Mark::End {
            count: n,
            sha256: digest,
        } if n == count && digest == sha256 => Ok(()),
        _ => Err(format!("the archive is damaged: {name} isn't what was written")),
    }
}

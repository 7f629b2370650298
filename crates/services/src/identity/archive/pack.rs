//! A ZIP on its way into the store: never in memory, nor anywhere else, as a whole.

use crate::platform::Stop;
use firma_domain::platform::{FileStore, Incoming};
use serde::Serialize;
use sha2::{Digest, Sha256};
use std::io::{self, Read, Write};
use zip::write::{SimpleFileOptions, StreamWriter};
use zip::{CompressionMethod, ZipWriter};

/// Where the bytes go, counted and digested.
struct Sink {
    incoming: Box<dyn Incoming>,
    size: u64,
    hash: Sha256,
}

impl Write for Sink {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.incoming.write(bytes)?;
        self.hash.update(bytes);
        self.size += u64::try_from(bytes.len()).unwrap_or(u64::MAX);
        Ok(bytes.len())
    }
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The archive under way. Dropped before its end, nothing of it stays.
pub(super) struct Pack {
    zip: ZipWriter<StreamWriter<Sink>>,
    /// Whether the list under way has a row
    has_row: bool,
}

/// What was stored.
pub(super) struct Packed {
    pub size: i64,
    pub sha256: String,
}

impl Pack {
    pub(super) fn begin(store: &dyn FileStore, key: &str) -> Result<Pack, Stop> {
        let sink = Sink {
            incoming: store.put(key).map_err(unwritable)?,
            size: 0,
            hash: Sha256::new(),
        };
        Ok(Pack {
            zip: ZipWriter::new_stream(sink),
            has_row: false,
        })
    }

    fn file(&mut self, name: &str) -> Result<(), Stop> {
        let deflated = SimpleFileOptions::default().compression_method(CompressionMethod::Deflated);
        self.zip
            .start_file(name, deflated)
            .map_err(|e| unwritable(e.into()))
    }

    fn put(&mut self, bytes: &[u8]) -> Result<(), Stop> {
        self.zip.write_all(bytes).map_err(unwritable)
    }

    /// A whole text.
    pub(super) fn text(&mut self, name: &str, text: &str) -> Result<(), Stop> {
        self.file(name)?;
        self.put(text.as_bytes())
    }

    /// Begins a list of rows, as JSON.
    pub(super) fn list(&mut self, name: &str) -> Result<(), Stop> {
        self.file(name)?;
        self.has_row = false;
        self.put(b"[")
    }

    /// Adds rows to the list.
    pub(super) fn rows<T: Serialize>(&mut self, rows: &[T]) -> Result<(), Stop> {
        for row in rows {
            self.put(if self.has_row { b",\n" } else { b"\n" })?;
            self.has_row = true;
            let text = serde_json::to_vec_pretty(row).map_err(|e| unwritable(e.into()))?;
            self.put(&text)?;
        }
        Ok(())
    }

    /// Ends the list.
    pub(super) fn end_list(&mut self) -> Result<(), Stop> {
        self.put(b"\n]\n")
    }

    /// Bytes as they stand in the store.
    pub(super) fn bytes(&mut self, name: &str, mut from: Box<dyn Read + Send>) -> Result<(), Stop> {
        self.file(name)?;
        io::copy(&mut from, &mut self.zip).map(drop).map_err(unwritable)
    }

    /// Keeps it.
    pub(super) fn keep(self) -> Result<Packed, Stop> {
        let stream = self.zip.finish().map_err(|e| unwritable(e.into()))?;
        let Sink { incoming, size, hash } = stream.into_inner();
        incoming.keep().map_err(unwritable)?;
        let hex = hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
        Ok(Packed {
            size: i64::try_from(size).unwrap_or(i64::MAX),
            sha256: hex,
        })
    }
}

fn unwritable(error: io::Error) -> Stop {
    log::warn!("an archive was not written: {error}");
    Stop::Again("the store of files can't be written to".into())
}

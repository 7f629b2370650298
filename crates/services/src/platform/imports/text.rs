//! The bytes of a file as UTF-8, piece by piece.

use crate::refusal::Refusal;
use encoding_rs::{CoderResult, Decoder, Encoding, UTF_8, UTF_16BE, UTF_16LE, WINDOWS_1252};
use firma_persistence::Fault;
use std::io::Read;
use std::sync::Arc;

/// A file whose bytes can be read from the beginning, more than once.
pub type Source = Arc<dyn Fn() -> std::io::Result<Box<dyn Read + Send>> + Send + Sync>;

/// Bytes that are read at once.
const PIECE: usize = 64 * 1_024;

pub(super) fn unreadable(error: std::io::Error) -> Refusal {
    Fault::Internal(format!("the file of an import can't be read: {error}")).into()
}

/// The encoding of a file: the one of the mark that it begins with, the one that is named, the one that its first
/// bytes tell, UTF-8 if all of it is that, and else the one that spreadsheets in Western Europe write.
pub(super) fn encoding(source: &Source, named: Option<&str>) -> Result<&'static Encoding, Refusal> {
    let mut file = source().map_err(unreadable)?;
    if let Some(name) = named {
        let mut mark = Vec::new();
        file.take(3).read_to_end(&mut mark).map_err(unreadable)?;
        let named = Encoding::for_label(name.as_bytes())
            .ok_or_else(|| Refusal::field("encoding", "invalid_value", "is not the name of an encoding"))?;
        return Ok(Encoding::for_bom(&mark).map_or(named, |(marked, _)| marked));
    }
    let (mut piece, mut kept) = (vec![0; PIECE], 0);
    let mut first = true;
    loop {
        let read = file
            .read(piece.get_mut(kept..).unwrap_or_default())
            .map_err(unreadable)?;
        let bytes = piece.get(..kept + read).unwrap_or_default();
        if std::mem::take(&mut first)
            && let Some(told) = told(bytes)
        {
            return Ok(told);
        }
        let good = match std::str::from_utf8(bytes) {
            Ok(_) => bytes.len(),
            // A character may be cut at the end of a piece, but not at the end of the file.
            Err(error) if error.error_len().is_none() && read > 0 => error.valid_up_to(),
            Err(_) => return Ok(WINDOWS_1252),
        };
        if read == 0 {
            return Ok(UTF_8);
        }
        let end = kept + read;
        piece.copy_within(good..end, 0);
        kept = end - good;
    }
}

/// What the first bytes say: a mark, or every other one a zero, as UTF-16 writes Latin letters.
fn told(bytes: &[u8]) -> Option<&'static Encoding> {
    if let Some((marked, _)) = Encoding::for_bom(bytes) {
        return Some(marked);
    }
    match bytes {
        [first, 0, ..] if *first != 0 => Some(UTF_16LE),
        [0, second, ..] if *second != 0 => Some(UTF_16BE),
        _ => None,
    }
}

/// A file as a stream of UTF-8, its mark left out.
pub(super) struct Text {
    file: Box<dyn Read + Send>,
    decoder: Decoder,
    raw: Vec<u8>,
    /// What of `raw` is still to be decoded
    left: std::ops::Range<usize>,
    ended: bool,
}

impl Text {
    pub(super) fn open(source: &Source, encoding: &'static Encoding) -> Result<Text, Refusal> {
        Ok(Text {
            file: source().map_err(unreadable)?,
            decoder: encoding.new_decoder_with_bom_removal(),
            raw: vec![0; PIECE],
            left: 0..0,
            ended: false,
        })
    }

    /// Appends the next piece; nothing is appended at the end.
    pub(super) fn next(&mut self, to: &mut Vec<u8>) -> Result<(), Refusal> {
        let before = to.len();
        while to.len() == before && !(self.ended && self.left.is_empty()) {
            if self.left.is_empty() {
                let read = self.file.read(&mut self.raw).map_err(unreadable)?;
                (self.left, self.ended) = (0..read, read == 0);
            }
            self.decode(to);
            if self.ended {
                self.left = 0..0;
            }
        }
        Ok(())
    }

    fn decode(&mut self, to: &mut Vec<u8>) {
        loop {
            let source = self.raw.get(self.left.clone()).unwrap_or_default();
            let room = self
                .decoder
                .max_utf8_buffer_length(source.len())
                .unwrap_or(PIECE * 3);
            let start = to.len();
            to.resize(start + room, 0);
            let into = to.get_mut(start..).unwrap_or_default();
            let (result, read, written, _) = self.decoder.decode_to_utf8(source, into, self.ended);
            to.truncate(start + written);
            self.left.start += read;
            if result == CoderResult::InputEmpty {
                return;
            }
        }
    }
}

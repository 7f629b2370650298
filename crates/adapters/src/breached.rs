//! A file of breached passwords: the SHA-1 of each as 40 hex digits a line, in their order, perhaps with a count behind a
//! colon, as "Have I Been Pwned" gives them. Found by halving: some 35 reads in a file of 40 GB, and nothing in memory.

use firma_domain::identity::BreachedPasswords;
use sha1::{Digest, Sha1};
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

/// Digits of a hash.
const HASH: usize = 40;
/// The most bytes of a line.
const LINE: u64 = 128;

/// The file.
#[derive(Debug)]
pub struct BreachedFile {
    path: PathBuf,
}

impl BreachedFile {
    /// Looks at a few lines of it.
    ///
    /// # Errors
    /// It can't be read, or isn't such a file.
    pub fn new(path: &Path) -> Result<BreachedFile, String> {
        let wrong = |what: &dyn std::fmt::Display| format!("{}: {what}", path.display());
        let mut lines = Lines::of(path).map_err(|e| wrong(&e))?;
        let mut last = String::new();
        for part in 0..16 {
            let Some((_, hash, _)) = lines.at(lines.length / 16 * part).map_err(|e| wrong(&e))? else {
                continue;
            };
            if hash < last {
                return Err(wrong(&"is not in the order of its hashes"));
            }
            last = hash;
        }
        match last.is_empty() {
            true => Err(wrong(&"is empty")),
            false => Ok(BreachedFile {
                path: path.to_owned(),
            }),
        }
    }
}

impl BreachedPasswords for BreachedFile {
    fn has(&self, password: &str) -> io::Result<bool> {
        let digest = Sha1::digest(password.as_bytes());
        let sought: String = digest.iter().map(|byte| format!("{byte:02X}")).collect();
        let mut lines = Lines::of(&self.path)?;
        // Whatever begins before one or at the other and beyond isn't it.
        let (mut from, mut to) = (0, lines.length);
        while from < to {
            let middle = from + (to - from) / 2;
            match lines.at(middle)? {
                Some((_, hash, _)) if hash == sought => return Ok(true),
                Some((_, hash, next)) if hash < sought => from = next,
                _ => to = middle,
            }
        }
        Ok(false)
    }
}

struct Lines {
    file: BufReader<File>,
    length: u64,
}

impl Lines {
    fn of(path: &Path) -> io::Result<Lines> {
        let file = File::open(path)?;
        let length = file.metadata()?.len();
        Ok(Lines {
            file: BufReader::with_capacity(512, file),
            length,
        })
    }

    /// The first line that begins at that byte or behind it: where, its hash, and where the next one begins.
    fn at(&mut self, byte: u64) -> io::Result<Option<(u64, String, u64)>> {
        let mut begins = byte;
        if let Some(before) = byte.checked_sub(1) {
            self.file.seek(SeekFrom::Start(before))?;
            begins = before + self.line()?.1;
        } else {
            self.file.seek(SeekFrom::Start(0))?;
        }
        let (text, length) = self.line()?;
        if length == 0 {
            return Ok(None);
        }
        let hash = text
            .get(..HASH)
            .filter(|hash| hash.bytes().all(|byte| byte.is_ascii_hexdigit()));
        let wrong = || io::Error::new(io::ErrorKind::InvalidData, format!("no hash at byte {begins}"));
        let hash = hash.ok_or_else(wrong)?.to_ascii_uppercase();
        Ok(Some((begins, hash, begins + length)))
    }

    fn line(&mut self) -> io::Result<(String, u64)> {
        let mut bytes = Vec::new();
        let length = self.file.by_ref().take(LINE).read_until(b'\n', &mut bytes)?;
        let text = String::from_utf8_lossy(&bytes).into_owned();
        Ok((text, u64::try_from(length).unwrap_or(LINE)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn digest(password: &str) -> String {
        Sha1::digest(password.as_bytes())
            .iter()
            .map(|byte| format!("{byte:02X}"))
            .collect()
    }

    #[test]
    fn every_one_is_found_and_no_other() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("breached.txt");
        for (count, end) in [(1, "\n"), (2, "\r\n"), (3, "\n"), (1_000, "\r\n")] {
            let mut all: Vec<_> = (0..count)
                .map(|n| format!("{}:{n}", digest(&format!("password {n}"))))
                .collect();
            all.sort();
            // With an end of its own behind the last one, and without.
            for text in [
                all.join(end),
                format!("{}{end}", all.join(end)),
                all.join(end).to_lowercase(),
            ] {
                std::fs::write(&path, text).unwrap();
                let file = BreachedFile::new(&path).unwrap();
                assert!(
                    (0..count).all(|n| file.has(&format!("password {n}")).unwrap()),
                    "{count}"
                );
                assert!(
                    (0..count).all(|n| !file.has(&format!("Password {n}")).unwrap()),
                    "{count}"
                );
            }
        }
        // The example of the collection itself.
        assert_eq!(digest("password"), "5BAA61E4C9B93F3F0682250B6CF8331B7EE68FD8");
    }

    #[test]
    fn what_is_no_such_file_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("breached.txt");
        assert!(BreachedFile::new(&path).is_err());
        let (first, last) = ("0".repeat(40), "F".repeat(40));
        let long = "x".repeat(1_000);
        for wrong in [
            "",
            "\n",
            "password\n",
            &long,
            &format!("{last}\n{first}\n"),
            &first[..39],
        ] {
            std::fs::write(&path, wrong).unwrap();
            assert!(BreachedFile::new(&path).is_err(), "{wrong}");
        }
        std::fs::write(&path, format!("{first}\n{last}\n")).unwrap();
        let file = BreachedFile::new(&path).unwrap();
        std::fs::remove_file(&path).unwrap();
        assert!(file.has("password").is_err(), "nobody is let through unseen");
    }
}

//! The root secret, from which every key of the server is derived.
use base64::Engine;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use firma_persistence::private::{make_file, make_folder, sync_folder};
use std::fs;
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};

#[cfg(test)]
mod tests;

pub(crate) const LENGTH: usize = 32;
const NAME: &str = "secret";
/// What it means to have lost it.
pub(crate) const NEW_SECRET: &str =
    "with another, everybody signs in anew, and who has a second factor needs a recovery code";

const BASE64: GeneralPurpose = GeneralPurpose::new(
    &base64::alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

#[derive(Debug, thiserror::Error)]
pub(crate) enum SecretError {
    #[error("the secret {0:?} can't be read: {1}")]
    Read(PathBuf, #[source] io::Error),
    #[error("the secret {0:?} can't be made: {1}; FIRMA_SECRET can give one instead")]
    Make(PathBuf, #[source] io::Error),
    #[error("the secret {0:?} is not exactly 32 bytes in base64")]
    Malformed(PathBuf),
}

/// Exactly 32 bytes in base64, in the standard or the URL alphabet, padded or not.
pub(crate) fn decode(text: &str) -> Option<[u8; LENGTH]> {
    let standard = text.replace('-', "+").replace('_', "/");
    BASE64.decode(standard).ok()?.try_into().ok()
}

/// The secret that is given, else the one in the data folder, which is made when there is none.
/// `fill` fills with random bytes.
pub(crate) fn root_secret(
    given: Option<[u8; LENGTH]>,
    data_dir: &Path,
    fill: &dyn Fn(&mut [u8]),
) -> Result<[u8; LENGTH], SecretError> {
    if let Some(secret) = given {
        return Ok(secret);
    }
    let path = data_dir.join(NAME);
    if let Some(secret) = read(&path)? {
        if is_open(&path) {
            log::warn!("the secret {path:?} can be read by other users of this machine; chmod 600 closes it");
        }
        return Ok(secret);
    }
    match make(data_dir, &path, fill) {
        Ok(()) => {}
        // Another process was faster; its secret is the one.
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
        Err(error) => return Err(SecretError::Make(path, error)),
    }
    let missing = || SecretError::Read(path.clone(), ErrorKind::NotFound.into());
    read(&path)?.ok_or_else(missing)
}

fn read(path: &Path) -> Result<Option<[u8; LENGTH]>, SecretError> {
    match fs::read_to_string(path) {
        Ok(text) => decode(text.trim())
            .map(Some)
            .ok_or_else(|| SecretError::Malformed(path.to_owned())),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(SecretError::Read(path.to_owned(), error)),
    }
}

/// The file gets its name only when it is whole and on the disk, so that neither a crash nor
/// another process can meet half a secret; a link, unlike a rename, doesn't replace one.
fn make(data_dir: &Path, path: &Path, fill: &dyn Fn(&mut [u8])) -> io::Result<()> {
    make_folder(data_dir)?;
    let (mut secret, mut tag) = ([0; LENGTH], [0; 8]);
    fill(&mut secret);
    fill(&mut tag);
    let draft = data_dir.join(format!("{NAME}.{:016x}", u64::from_ne_bytes(tag)));
    let made = write(&draft, &BASE64.encode(secret)).and_then(|()| fs::hard_link(&draft, path));
    let _ = fs::remove_file(&draft);
    made?;
    sync_folder(data_dir)
}

fn write(path: &Path, text: &str) -> io::Result<()> {
    let mut file = make_file(path)?;
    writeln!(file, "{text}")?;
    file.sync_all()
}

/// The secret that is given, else the one in the data folder; none is made.
pub(crate) fn known(
    given: Option<[u8; LENGTH]>,
    data_dir: &Path,
) -> Result<Option<[u8; LENGTH]>, SecretError> {
    match given {
        Some(secret) => Ok(Some(secret)),
        None => read(&data_dir.join(NAME)),
    }
}

/// The file of the secret in the data folder, if there is one, and it is well-formed.
pub(crate) fn stored(data_dir: &Path) -> Result<Option<PathBuf>, SecretError> {
    let path = data_dir.join(NAME);
    Ok(read(&path)?.map(|_| path))
}

/// Whether others than its owner may read it. For a secret no error, since a mounted one is often
/// readable to a group on purpose.
#[cfg(unix)]
pub(crate) fn is_open(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt;
    fs::metadata(path).is_ok_and(|data| data.permissions().mode() & 0o077 != 0)
}

#[cfg(not(unix))]
pub(crate) fn is_open(_: &Path) -> bool {
    false
}

use super::*;
use std::error::Error;
use std::sync::atomic::{AtomicU8, Ordering};

type Outcome = Result<(), Box<dyn Error>>;

fn counting() -> impl Fn(&mut [u8]) {
    let next = AtomicU8::new(1);
    move |bytes| bytes.fill(next.fetch_add(1, Ordering::Relaxed))
}

#[test]
fn both_alphabets_are_read_and_other_lengths_are_not() {
    let standard = "+/v7+/v7+/v7+/v7+/v7+/v7+/v7+/v7+/v7+/v7+/s=";
    let url = "-_v7-_v7-_v7-_v7-_v7-_v7-_v7-_v7-_v7-_v7-_s";
    assert_eq!(decode(standard), Some([0xfb; 32]));
    assert_eq!(decode(url), Some([0xfb; 32]));
    assert_eq!(decode(&BASE64.encode([1; 31])), None);
    assert_eq!(decode(&BASE64.encode([1; 33])), None);
    assert_eq!(decode("not base64"), None);
}

#[test]
fn a_given_secret_touches_no_file() -> Outcome {
    let secret = root_secret(Some([9; 32]), Path::new("/nowhere"), &counting())?;
    assert_eq!(secret, [9; 32]);
    Ok(())
}

#[test]
fn it_is_made_once_and_read_from_then_on() -> Outcome {
    let folder = tempfile::tempdir()?;
    let data = folder.path().join("new/data");
    assert_eq!(root_secret(None, &data, &counting())?, [1; 32]);
    assert_eq!(root_secret(None, &data, &|bytes| bytes.fill(77))?, [1; 32]);
    assert_eq!(fs::read_dir(&data)?.count(), 1);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        assert_eq!(fs::metadata(data.join(NAME))?.permissions().mode() & 0o777, 0o600);
    }
    Ok(())
}

#[test]
fn all_who_begin_at_once_get_the_same() -> Outcome {
    let folder = tempfile::tempdir()?;
    let (path, fill) = (folder.path(), counting());
    let found: Vec<_> = std::thread::scope(|scope| {
        let begun: Vec<_> = (0..8)
            .map(|_| scope.spawn(|| root_secret(None, path, &fill).map_err(|error| error.to_string())))
            .collect();
        begun.into_iter().map(|thread| thread.join()).collect()
    });
    let mut secrets = Vec::new();
    for result in found {
        secrets.push(result.map_err(|_| "a thread panicked")??);
    }
    secrets.dedup();
    assert_eq!(secrets.len(), 1);
    assert_eq!(fs::read_dir(path)?.count(), 1);
    Ok(())
}

#[test]
fn a_damaged_secret_is_not_replaced() -> Outcome {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join(NAME);
    fs::write(&path, "")?;
    let outcome = root_secret(None, folder.path(), &counting());
    assert!(matches!(outcome, Err(SecretError::Malformed(_))));
    assert_eq!(fs::read_to_string(&path)?, "");
    Ok(())
}

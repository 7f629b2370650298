//! Clients that write as fast as they can, and remember what they were told.

use crate::house::at;
use firma_testing::Client;
use serde_json::json;
use std::time::Duration;

const WRITERS: usize = 4;

/// Companies by their `external_id`, which is also the key of the call that made them.
#[derive(Debug, Default)]
pub(crate) struct Told {
    /// Acknowledged, and the id that they got
    pub(crate) made: Vec<(String, String)>,
    /// Sent, and then no answer, or that the database is away
    pub(crate) open: Vec<String>,
}

pub(crate) fn make(client: &Client, key: &str) -> Result<(u16, String), String> {
    let body = json!({"name": format!("Company {key}"), "external_id": key}).to_string();
    let answer = client.try_send(
        "POST",
        &at("companies"),
        &[("idempotency-key", key)],
        Some(body.as_bytes()),
    )?;
    match answer.status {
        201 => Ok((201, answer.id())),
        status => Ok((status, answer.text)),
    }
}

/// Writes until `interrupt`, which comes after `pause`, has done its work, and each writer has met it.
pub(crate) fn until(client: &Client, name: &str, pause: Duration, interrupt: impl FnOnce()) -> Told {
    std::thread::scope(|scope| {
        let write = move |writer: usize| {
            let mut told = Told::default();
            for n in 0.. {
                let key = format!("{name}-{writer}-{n}");
                match make(client, &key) {
                    Ok((201, id)) => told.made.push((key, id)),
                    Ok((503, _)) | Err(_) => {
                        told.open.push(key);
                        break;
                    }
                    Ok((status, text)) => panic!("{key}: {status} {text}"),
                }
            }
            told
        };
        let writers: Vec<_> = (0..WRITERS)
            .map(|writer| scope.spawn(move || write(writer)))
            .collect();
        std::thread::sleep(pause);
        interrupt();
        let mut all = Told::default();
        for writer in writers {
            let told = writer.join().unwrap();
            all.made.extend(told.made);
            all.open.extend(told.open);
        }
        all
    })
}

/// As an answer with `Retry-After` wants it.
fn insist(client: &Client, key: &str) -> Result<(u16, String), String> {
    for _ in 0..5 {
        match make(client, key) {
            Ok((503, _)) => std::thread::sleep(Duration::from_secs(1)),
            answered => return answered,
        }
    }
    make(client, key)
}

/// Asks again, with the same keys: what was open is made now, once; what was made is answered as it was.
pub(crate) fn retry(client: &Client, told: &mut Told) {
    for (key, id) in told.made.iter().rev().take(2 * WRITERS) {
        assert_eq!(insist(client, key), Ok((201, id.clone())), "{key}");
    }
    for key in std::mem::take(&mut told.open) {
        let (status, id) = insist(client, &key).unwrap();
        assert_eq!(status, 201, "{key}: {id}");
        assert_eq!(insist(client, &key), Ok((201, id.clone())), "{key}");
        told.made.push((key, id));
    }
}

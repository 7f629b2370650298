//! Stands between the server and PostgreSQL, and can be cut.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

/// The open ends; none while it is cut.
type Ends = Arc<Mutex<Option<Vec<TcpStream>>>>;

pub(crate) struct Proxy {
    port: u16,
    ends: Ends,
}

impl Proxy {
    /// In front of the server of this URL. It lives as long as the tests.
    pub(crate) fn before(url: &str) -> Proxy {
        Proxy::between(url, None)
    }

    /// The same, but the answer to the commit of a transaction that says this is lost.
    pub(crate) fn losing(url: &str, said: &'static str) -> Proxy {
        Proxy::between(url, Some(said))
    }

    fn between(url: &str, said: Option<&'static str>) -> Proxy {
        let behind = authority(url).to_owned();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let ends: Ends = Arc::new(Mutex::new(Some(Vec::new())));
        let kept = ends.clone();
        std::thread::spawn(move || {
            for near in listener.incoming().map_while(Result::ok) {
                let mut open = kept.lock().unwrap();
                // While it is cut, a caller is let in and shown out.
                if let Some(open) = open.as_mut() {
                    let far = TcpStream::connect(&behind).unwrap();
                    pass_on(near.try_clone().unwrap(), far.try_clone().unwrap(), said);
                    pass_on(far.try_clone().unwrap(), near.try_clone().unwrap(), None);
                    open.extend([near, far]);
                }
            }
        });
        Proxy { port, ends }
    }

    /// The URL by which the server comes through here.
    pub(crate) fn url(&self, url: &str) -> String {
        url.replacen(authority(url), &format!("127.0.0.1:{}", self.port), 1)
    }

    /// Ends all connections, and takes no more.
    pub(crate) fn cut(&self) {
        for end in self.ends.lock().unwrap().take().into_iter().flatten() {
            let _ = end.shutdown(Shutdown::Both);
        }
    }

    pub(crate) fn mend(&self) {
        *self.ends.lock().unwrap() = Some(Vec::new());
    }
}

/// Host and port.
fn authority(url: &str) -> &str {
    let rest = url.split_once("://").unwrap().1;
    let authority = rest.split(['/', '?']).next().unwrap();
    authority.rsplit_once('@').map_or(authority, |(_, host)| host)
}

fn pass_on(mut from: TcpStream, mut to: TcpStream, lost: Option<&'static str>) {
    std::thread::spawn(move || {
        let mut buffer = [0; 16_384];
        let mut is_it = false;
        while let Ok(n @ 1..) = from.read(&mut buffer) {
            let has = |text: &str| {
                let windows = &mut buffer[..n].windows(text.len());
                windows.any(|window| window == text.as_bytes())
            };
            is_it |= lost.is_some_and(has);
            if is_it && has("COMMIT") {
                // It comes there, and nothing comes back.
                let _ = from.shutdown(Shutdown::Both);
            }
            if to.write_all(&buffer[..n]).is_err() {
                break;
            }
        }
        let _ = to.shutdown(Shutdown::Write);
        let _ = from.shutdown(Shutdown::Both);
    });
}

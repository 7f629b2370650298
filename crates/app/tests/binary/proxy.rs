//! Stands between the server and PostgreSQL, and can be cut.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex};

/// The open ends; none while it is cut.
type Ends = Arc<Mutex<Option<Vec<TcpStream>>>>;

/// What is said first, and then, before an answer is lost; and whether one was, since none is lost twice.
#[derive(Clone)]
struct Lost {
    said: [&'static str; 2],
    is_lost: Arc<AtomicBool>,
}

/// Whether answers are kept back.
type Silence = Arc<(Mutex<bool>, Condvar)>;

pub(crate) struct Proxy {
    port: u16,
    ends: Ends,
    silence: Silence,
}

impl Lost {
    fn after(said: [&'static str; 2]) -> Lost {
        Lost {
            said,
            is_lost: Arc::default(),
        }
    }
}

impl Proxy {
    /// In front of the server of this URL. It lives as long as the tests.
    pub(crate) fn before(url: &str) -> Proxy {
        Proxy::between(url, None)
    }

    /// The same, but the answer to the commit of a transaction that says this is lost.
    pub(crate) fn losing(url: &str, said: &'static str) -> Proxy {
        Proxy::between(url, Some(Lost::after([said, "COMMIT"])))
    }

    /// The same, but the answer to the first statement that says this is lost.
    pub(crate) fn losing_answer(url: &str, said: &'static str) -> Proxy {
        Proxy::between(url, Some(Lost::after([said, said])))
    }

    fn between(url: &str, said: Option<Lost>) -> Proxy {
        let behind = authority(url).to_owned();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let ends: Ends = Arc::new(Mutex::new(Some(Vec::new())));
        let kept = ends.clone();
        let silence = Silence::default();
        let silent = silence.clone();
        std::thread::spawn(move || {
            for near in listener.incoming().map_while(Result::ok) {
                let mut open = kept.lock().unwrap();
                // While it is cut, a caller is let in and shown out.
                if let Some(open) = open.as_mut() {
                    let far = TcpStream::connect(&behind).unwrap();
                    let losing = Arc::new(AtomicBool::new(false));
                    let ends = || (near.try_clone().unwrap(), far.try_clone().unwrap());
                    ask(ends(), said.clone(), losing.clone());
                    answer(ends(), losing, silent.clone());
                    open.extend([near, far]);
                }
            }
        });
        Proxy { port, ends, silence }
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

    /// Keeps answers back from now on, or gives them, those before too.
    pub(crate) fn silence(&self, is_silent: bool) {
        *self.silence.0.lock().unwrap() = is_silent;
        self.silence.1.notify_all();
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

fn ask((mut near, mut far): (TcpStream, TcpStream), lost: Option<Lost>, losing: Arc<AtomicBool>) {
    std::thread::spawn(move || {
        let mut buffer = [0; 16_384];
        let mut is_it = false;
        while let Ok(n @ 1..) = near.read(&mut buffer) {
            let has = |text: &str| {
                let windows = &mut buffer[..n].windows(text.len());
                windows.any(|window| window == text.as_bytes())
            };
            if let Some(Lost {
                said: [first, last],
                is_lost,
            }) = &lost
            {
                is_it |= has(first);
                let is_now = is_it && has(last) && !is_lost.swap(true, Ordering::SeqCst);
                losing.fetch_or(is_now, Ordering::SeqCst);
            }
            if far.write_all(&buffer[..n]).is_err() {
                break;
            }
        }
        over(&near, &far);
    });
}

fn answer((mut near, mut far): (TcpStream, TcpStream), losing: Arc<AtomicBool>, silence: Silence) {
    std::thread::spawn(move || {
        let mut buffer = [0; 16_384];
        while let Ok(n @ 1..) = far.read(&mut buffer) {
            let is_silent = silence.0.lock().unwrap();
            drop(silence.1.wait_while(is_silent, |is_silent| *is_silent).unwrap());
            // It is done there, and nothing comes back.
            if losing.load(Ordering::SeqCst) || near.write_all(&buffer[..n]).is_err() {
                break;
            }
        }
        over(&near, &far);
    });
}

fn over(near: &TcpStream, far: &TcpStream) {
    for end in [near, far] {
        let _ = end.shutdown(Shutdown::Both);
    }
}

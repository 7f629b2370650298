//! A mail server on a port of this machine: speaks SMTP to whoever comes, and keeps what it is given.

use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

/// What it was given: from, to, and the mail with its headers.
#[derive(Debug, Clone)]
pub struct Taken {
    pub from: String,
    pub to: String,
    pub mail: String,
}

impl Taken {
    /// A header of it.
    pub fn header(&self, name: &str) -> Option<&str> {
        let head = self.mail.split("\r\n\r\n").next()?;
        head.lines()
            .find_map(|line| line.strip_prefix(name)?.strip_prefix(": "))
    }
}

#[derive(Clone)]
pub struct Receiver {
    pub url: String,
    taken: Arc<Mutex<Vec<Taken>>>,
    /// Whether it says that it can't take mail now
    pub is_busy: Arc<AtomicBool>,
}

impl Receiver {
    pub fn start() -> Receiver {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let receiver = Receiver {
            url: format!("smtp://{}", listener.local_addr().unwrap()),
            taken: Arc::default(),
            is_busy: Arc::default(),
        };
        let its = receiver.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let its = its.clone();
                // Who is killed goes without a word.
                std::thread::spawn(move || its.speak(stream).is_err());
            }
        });
        receiver
    }

    /// All that it was given so far.
    pub fn taken(&self) -> Vec<Taken> {
        self.taken.lock().unwrap().clone()
    }

    fn speak(&self, stream: TcpStream) -> std::io::Result<()> {
        let mut out = stream.try_clone()?;
        let mut lines = BufReader::new(stream);
        let (mut from, mut to) = (String::new(), String::new());
        out.write_all(b"220 receiver.example ESMTP\r\n")?;
        loop {
            let mut line = String::new();
            if lines.read_line(&mut line)? == 0 {
                return Ok(());
            }
            let address = || line.split(['<', '>']).nth(1).unwrap_or("").to_owned();
            let word = line.split([' ', '\r', ':']).next().unwrap_or("").to_uppercase();
            let answer = match word.as_str() {
                "EHLO" => "250-receiver.example\r\n250 8BITMIME",
                "MAIL" if self.is_busy.load(Ordering::Relaxed) => "451 try again later",
                "MAIL" => {
                    from = address();
                    "250 ok"
                }
                "RCPT" if line.contains("nobody@") => "550 no such mailbox",
                "RCPT" => {
                    to = address();
                    "250 ok"
                }
                "DATA" => {
                    out.write_all(b"354 go on\r\n")?;
                    let mut mail = String::new();
                    loop {
                        let mut line = String::new();
                        if lines.read_line(&mut line)? == 0 {
                            return Ok(());
                        }
                        if line == ".\r\n" {
                            break;
                        }
                        mail += line.strip_prefix('.').unwrap_or(&line);
                    }
                    let (from, to) = (from.clone(), to.clone());
                    self.taken.lock().unwrap().push(Taken { from, to, mail });
                    "250 taken"
                }
                "RSET" | "NOOP" => "250 ok",
                "QUIT" => {
                    out.write_all(b"221 bye\r\n")?;
                    return Ok(());
                }
                _ => "502 not known",
            };
            out.write_all(answer.as_bytes())?;
            out.write_all(b"\r\n")?;
        }
    }
}

//! A client that costs little: one connection, kept alive; requests put together by hand, and of the
//! answers only the status and the length are read.

use std::io::{self, ErrorKind, Read, Write};
use std::net::TcpStream;
use std::time::Duration;

pub struct Connection {
    stream: TcpStream,
    buffer: Vec<u8>,
    body: std::ops::Range<usize>,
}

impl Connection {
    pub fn open(port: u16) -> io::Result<Connection> {
        let stream = TcpStream::connect(("127.0.0.1", port))?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(Duration::from_secs(120)))?;
        Ok(Connection {
            stream,
            buffer: vec![0; 256 * 1024],
            body: 0..0,
        })
    }

    /// Sends a whole request and waits for the whole answer; its status.
    pub fn send(&mut self, request: &[u8]) -> io::Result<u16> {
        self.stream.write_all(request)?;
        let mut filled = 0;
        let head = loop {
            filled += self.more(filled)?;
            if let Some(at) = self.buffer[..filled]
                .windows(4)
                .position(|four| four == b"\r\n\r\n")
            {
                break at + 4;
            }
        };
        let bad = || io::Error::new(ErrorKind::InvalidData, "no answer of HTTP/1.1 with a length");
        let text = std::str::from_utf8(&self.buffer[..head]).map_err(|_| bad())?;
        let status = text
            .get(9..12)
            .and_then(|digits| digits.parse().ok())
            .ok_or_else(bad)?;
        let length = match text.lines().find_map(length) {
            Some(length) => length,
            None if status == 204 || status == 304 => 0,
            None => return Err(bad()),
        };
        self.body = head..head + length;
        while filled < self.body.end {
            filled += self.more(filled)?;
        }
        Ok(status)
    }

    /// The last answer's body.
    pub fn body(&self) -> &[u8] {
        &self.buffer[self.body.clone()]
    }

    fn more(&mut self, filled: usize) -> io::Result<usize> {
        if filled == self.buffer.len() {
            self.buffer.resize(filled * 2, 0);
        }
        match self.stream.read(&mut self.buffer[filled..])? {
            0 => Err(ErrorKind::UnexpectedEof.into()),
            read => Ok(read),
        }
    }
}

fn length(line: &str) -> Option<usize> {
    let (name, value) = line.split_once(':')?;
    name.eq_ignore_ascii_case("content-length")
        .then(|| value.trim().parse().ok())?
}

/// Writes a request without a body.
pub fn get(to: &mut Vec<u8>, path: &str, token: &str) {
    to.clear();
    let _ = write!(to, "GET {path} HTTP/1.1\r\nhost: bench\r\n");
    if !token.is_empty() {
        let _ = write!(to, "authorization: Bearer {token}\r\n");
    }
    to.extend_from_slice(b"\r\n");
}

/// Writes a POST of JSON with an idempotency key.
pub fn post(to: &mut Vec<u8>, path: &str, token: &str, key: &str, body: &str) {
    to.clear();
    let _ = write!(
        to,
        "POST {path} HTTP/1.1\r\nhost: bench\r\nauthorization: Bearer {token}\r\nidempotency-key: {key}\r\n\
         content-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    );
}

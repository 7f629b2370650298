//! The binary as a process.

use firma_testing::Client;
use std::io::{BufRead, BufReader, Read, Write};
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// What a command said before it ended.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) code: Option<i32>,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Ran {
    /// What it printed, if it went well; else the test fails with what it said.
    #[track_caller]
    pub(crate) fn fine(self) -> String {
        assert_eq!(self.code, Some(0), "{}", self.err);
        self.out
    }

    /// Its one line on standard error, if it ended with that code.
    #[track_caller]
    pub(crate) fn line(&self, code: i32) -> &str {
        assert_eq!(self.code, Some(code), "{self:?}");
        assert_eq!(self.err.lines().count(), 1, "{self:?}");
        assert_eq!(self.out, "", "{self:?}");
        self.err.trim_end()
    }
}

/// `firma` with nothing of the caller's environment, in a folder of its own.
pub(crate) fn command(folder: &Path, environment: &[(&str, &str)]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_firma"));
    command
        .env_clear()
        .current_dir(folder)
        .env("FIRMA_DATA_DIR", folder.join("data"))
        .env("FIRMA_BIND", "127.0.0.1:0")
        .env("FIRMA_BCRYPT_COST", "10")
        .envs(environment.iter().copied());
    command
}

/// Runs a command to its end.
pub(crate) fn run(folder: &Path, environment: &[(&str, &str)], arguments: &[&str], input: &str) -> Ran {
    let mut child = command(folder, environment)
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // It may have ended without reading.
    let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
    let ended = child.wait_with_output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    Ran {
        code: ended.status.code(),
        out: text(ended.stdout),
        err: text(ended.stderr),
    }
}

/// What comes from a process, line by line as it comes.
fn kept(from: impl Read + Send + 'static) -> (Arc<Mutex<String>>, JoinHandle<()>) {
    let text = Arc::new(Mutex::new(String::new()));
    let (lines, kept) = (BufReader::new(from), text.clone());
    let reader = std::thread::spawn(move || {
        for line in lines.lines().map_while(Result::ok) {
            *kept.lock().unwrap() += &(line + "\n");
        }
    });
    (text, reader)
}

/// A running server; killed when dropped.
pub(crate) struct Process {
    child: Child,
    pub(crate) url: String,
    log: Arc<Mutex<String>>,
    printed: Arc<Mutex<String>>,
    reader: Option<JoinHandle<()>>,
}

impl Process {
    /// Starts the server on a free port and waits until it is ready.
    pub(crate) fn start(folder: &Path, environment: &[(&str, &str)]) -> Process {
        let mut process = Process::spawn(folder, environment, &[]);
        process.url = process.await_address();
        let client = process.client();
        process.await_that("ready", || client.get("/health/ready").status == 200);
        process
    }

    /// Starts a worker and waits until it works.
    pub(crate) fn worker(folder: &Path, environment: &[(&str, &str)]) -> Process {
        let process = Process::spawn(folder, environment, &["worker"]);
        process.await_that("working", || process.log().contains("working on "));
        process
    }

    /// Starts a command, and waits for nothing.
    pub(crate) fn command(folder: &Path, environment: &[(&str, &str)], arguments: &[&str]) -> Process {
        Process::spawn(folder, environment, arguments)
    }

    fn spawn(folder: &Path, environment: &[(&str, &str)], arguments: &[&str]) -> Process {
        let mut child = command(folder, environment)
            .args(arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let (log, reader) = kept(child.stderr.take().unwrap());
        let (printed, _) = kept(child.stdout.take().unwrap());
        Process {
            child,
            url: String::new(),
            log,
            printed,
            reader: Some(reader),
        }
    }

    fn await_address(&self) -> String {
        let address = || {
            let log = self.log();
            let (_, after) = log.split_once("serving on ")?;
            Some(after.split(['\n', '"']).next()?.to_owned())
        };
        self.await_that("serving", || address().is_some());
        address().unwrap()
    }

    /// Waits up to 30 seconds.
    pub(crate) fn await_that(&self, what: &str, is: impl Fn() -> bool) {
        self.await_while_it_moves(what, is, || 0);
    }

    /// Waits as long as it takes, while the number goes on: up to 30 seconds from one change of it to the next.
    pub(crate) fn await_while_it_moves(&self, what: &str, is: impl Fn() -> bool, number: impl Fn() -> i64) {
        let (mut begun, mut last) = (Instant::now(), number());
        while !is() {
            let now = number();
            if now != last {
                (begun, last) = (Instant::now(), now);
            }
            assert!(
                begun.elapsed() < Duration::from_secs(30),
                "not {what}:\n{}",
                self.log()
            );
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    /// A client without a token.
    pub(crate) fn client(&self) -> Client {
        Client::new(&self.url, None)
    }

    /// What it has logged so far.
    pub(crate) fn log(&self) -> String {
        self.log.lock().unwrap().clone()
    }

    /// What it has printed so far.
    pub(crate) fn printed(&self) -> String {
        self.printed.lock().unwrap().clone()
    }

    /// As `kill -9` does.
    pub(crate) fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Asks it to stop, as an init system does.
    pub(crate) fn terminate(&self) {
        self.signal("TERM");
    }

    /// As Ctrl-C does.
    pub(crate) fn interrupt(&self) {
        self.signal("INT");
    }

    fn signal(&self, name: &str) {
        let kill = format!("kill -{name} {}", self.child.id());
        assert!(Command::new("sh").args(["-c", &kill]).status().unwrap().success());
    }

    /// Waits for its end.
    pub(crate) fn ended(mut self) -> (ExitStatus, String) {
        let status = self.child.wait().unwrap();
        self.reader.take().unwrap().join().unwrap();
        (status, self.log())
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        if std::thread::panicking() {
            eprintln!("the server said:\n{}", self.log());
        }
    }
}

//! The real server, as a process of its own.

use crate::http::{self, Connection};
use crate::machine;
use crate::options::Kind;
use std::fs::File;
use std::io::Write;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use tempfile::TempDir;

pub const EMAIL: &str = "owner@bench.example";
pub const PASSWORD: &str = "a password for the bench only";

/// Runs until it is dropped.
pub struct Server {
    child: Child,
    binary: PathBuf,
    url: Option<String>,
    folder: TempDir,
    pub port: u16,
    /// From the start of the process to the first 200 of /health/ready, in milliseconds
    pub ready: f64,
    /// Resident memory before the first request of a user, in MB
    pub idle: f64,
}

impl Server {
    /// On an empty folder, or an empty database.
    pub fn start(binary: &Path, kind: &Kind) -> Result<Server, String> {
        let folder = TempDir::new().map_err(|e| e.to_string())?;
        let url = match kind {
            Kind::Sqlite => None,
            Kind::Postgres { url, .. } => Some(url.clone()),
        };
        let listener = TcpListener::bind("127.0.0.1:0").map_err(|e| e.to_string())?;
        let port = listener.local_addr().map_err(|e| e.to_string())?.port();
        drop(listener);
        let log = File::create(folder.path().join("server.log")).map_err(|e| e.to_string())?;
        let mut command = firma(binary, folder.path(), url.as_deref());
        command
            .env("FIRMA_BIND", format!("127.0.0.1:{port}"))
            .env("FIRMA_ACCESS_TTL", "1d");
        let begun = Instant::now();
        let child = command
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log)
            .spawn();
        let child = child.map_err(|e| format!("{}: {e}", binary.display()))?;
        let binary = binary.to_owned();
        let mut server = Server {
            child,
            binary,
            url,
            folder,
            port,
            ready: 0.0,
            idle: 0.0,
        };
        server.wait(begun + Duration::from_secs(60))?;
        server.ready = begun.elapsed().as_secs_f64() * 1_000.0;
        std::thread::sleep(Duration::from_secs(2));
        server.idle = machine::memory(server.pid());
        Ok(server)
    }

    fn wait(&mut self, until: Instant) -> Result<(), String> {
        let mut request = Vec::new();
        http::get(&mut request, "/health/ready", "");
        while Instant::now() < until {
            if let Ok(200) = Connection::open(self.port).and_then(|mut c| c.send(&request)) {
                return Ok(());
            }
            if self.child.try_wait().is_ok_and(|ended| ended.is_some()) {
                break;
            }
            std::thread::sleep(Duration::from_millis(2));
        }
        Err(format!("the server did not start:\n{}", self.log()))
    }

    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    pub fn base(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// The SQLite database's file.
    pub fn file(&self) -> PathBuf {
        self.folder.path().join("firma.db")
    }

    /// The end of its log.
    pub fn log(&self) -> String {
        let text = std::fs::read_to_string(self.folder.path().join("server.log")).unwrap_or_default();
        let lines: Vec<_> = text.lines().rev().take(10).collect();
        lines.into_iter().rev().collect::<Vec<_>>().join("\n")
    }

    /// `firma admin …`, with the password on its standard input.
    pub fn admin(&self, arguments: &[&str]) -> Result<(), String> {
        let mut command = firma(&self.binary, self.folder.path(), self.url.as_deref());
        command
            .arg("admin")
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::null());
        let mut child = command
            .stderr(Stdio::piped())
            .spawn()
            .map_err(|e| e.to_string())?;
        if let Some(mut stdin) = child.stdin.take() {
            writeln!(stdin, "{PASSWORD}").map_err(|e| e.to_string())?;
        }
        let output = child.wait_with_output().map_err(|e| e.to_string())?;
        match output.status.success() {
            true => Ok(()),
            false => Err(String::from_utf8_lossy(&output.stderr).into_owned()),
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// With the defaults: what this machine's environment says of Firma doesn't count, but for the log.
fn firma(binary: &Path, folder: &Path, url: Option<&str>) -> Command {
    let mut command = Command::new(binary);
    for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("FIRMA_") && name != "FIRMA_LOG") {
        command.env_remove(name);
    }
    command.env("FIRMA_DATA_DIR", folder).env_remove("DATABASE_URL");
    if let Some(url) = url {
        command.env("DATABASE_URL", url);
    }
    command
}

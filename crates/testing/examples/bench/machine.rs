//! The machine, and what processes take of it, read from /proc.

use std::fs;
use std::process::Command;
use std::sync::OnceLock;

/// Microseconds of a clock tick: Linux counts the time of processes by the hundredth of a second.
const TICK: f64 = 10_000.0;

static POSTGRES: OnceLock<String> = OnceLock::new();

pub fn set_postgres_version(version: Option<String>) {
    let _ = POSTGRES.set(version.unwrap_or_else(|| "none".into()));
}

/// The processes whose time is measured.
#[derive(Clone, Copy)]
pub struct Watched {
    pub server: Option<u32>,
    pub postmaster: Option<u32>,
}

/// Time taken so far, in ticks.
#[derive(Clone, Copy)]
pub struct Spent {
    server: u64,
    database: u64,
    own: u64,
}

/// Microseconds of CPU for each request.
#[derive(Clone, Copy)]
pub struct Cost {
    pub server: f64,
    pub database: f64,
    pub own: f64,
}

impl Cost {
    /// Of rounds with so many requests each.
    pub fn mean(rounds: impl Iterator<Item = (Cost, usize)>) -> Cost {
        let (mut sum, mut requests) = ([0.0; 3], 0.0);
        for (cost, count) in rounds {
            let count = count as f64;
            requests += count;
            for (sum, each) in sum.iter_mut().zip([cost.server, cost.database, cost.own]) {
                *sum += each * count;
            }
        }
        let [server, database, own] = sum.map(|sum| sum / f64::max(requests, 1.0));
        Cost {
            server,
            database,
            own,
        }
    }
}

impl Watched {
    pub fn spent(self) -> Spent {
        Spent {
            server: self.server.map_or(0, |pid| stat(pid).map_or(0, |stat| stat.own)),
            database: self.postmaster.map_or(0, cluster),
            own: stat(std::process::id()).map_or(0, |stat| stat.own),
        }
    }
}

impl Spent {
    pub fn until(self, later: Spent, requests: u64) -> Cost {
        let each = |from: u64, to: u64| to.saturating_sub(from) as f64 * TICK / requests.max(1) as f64;
        Cost {
            server: each(self.server, later.server),
            database: each(self.database, later.database),
            own: each(self.own, later.own),
        }
    }
}

struct Stat {
    parent: u32,
    own: u64,
    /// Of children that have ended
    ended: u64,
}

fn stat(pid: u32) -> Option<Stat> {
    let text = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The name may hold anything, so count from behind its bracket.
    let fields: Vec<&str> = text.rsplit_once(')')?.1.split_whitespace().collect();
    let number = |at: usize| fields.get(at)?.parse::<u64>().ok();
    Some(Stat {
        parent: fields.get(1)?.parse().ok()?,
        own: number(11)? + number(12)?,
        ended: number(13)? + number(14)?,
    })
}

/// A PostgreSQL cluster: the postmaster, and its children, living and ended.
fn cluster(postmaster: u32) -> u64 {
    let ids = fs::read_dir("/proc").into_iter().flatten().flatten();
    let ids = ids.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    let children = ids.filter_map(stat).filter(|stat| stat.parent == postmaster);
    let living: u64 = children.map(|stat| stat.own).sum();
    living + stat(postmaster).map_or(0, |stat| stat.own + stat.ended)
}

/// Resident memory in MB.
pub fn memory(pid: u32) -> f64 {
    let text = fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let line = text.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kib = line.and_then(|line| line.split_whitespace().next()?.parse::<f64>().ok());
    kib.unwrap_or(f64::NAN) / 1024.0
}

fn said_by(program: &str, arguments: &[&str]) -> String {
    let output = Command::new(program).args(arguments).output();
    output.map_or("?".into(), |output| {
        String::from_utf8_lossy(&output.stdout).trim().to_owned()
    })
}

/// The machine and the versions, as lines of Markdown.
pub fn description() -> String {
    let cpu = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = cpu.lines().find_map(|line| line.strip_prefix("model name"));
    let model = model.map_or("?", |line| line.trim_start_matches([' ', '\t', ':']));
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let folder = std::env::temp_dir();
    let disk = said_by("stat", &["-f", "-c", "%T", &folder.to_string_lossy()]);
    let load = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    let load = load.split_whitespace().next().unwrap_or("?").to_owned();
    format!(
        "- {}, {model}, {cores} cores (load before the run {load}), {disk}\n- {}, {}, PostgreSQL {}\n",
        said_by("date", &["-u", "+%F"]),
        said_by("uname", &["-sr"]),
        said_by("rustc", &["--version"]),
        POSTGRES.get().map_or("none", String::as_str),
    )
}

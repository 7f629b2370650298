//! Measures the real server, its database beside it, and prints tables. `scripts/bench` runs it;
//! `docs/performance.md` says how to read what it prints.

mod direct;
mod fill;
mod http;
mod laden;
mod large;
mod load;
mod machine;
mod options;
mod pages;
mod record;
mod report;
mod seat;
mod server;
mod statement;
mod types;
mod yardstick;

use fill::Filled;
use load::{Dice, Load, over_http};
use machine::Watched;
use options::{Kind, Options};
use pages::Asker;
use report::Table;
use server::Server;
use std::path::Path;
use std::process::{Command, ExitCode, Stdio};
use std::time::Instant;
use yardstick::Yardstick;

type Done<T> = Result<T, String>;

fn main() -> ExitCode {
    let options = match Options::read(std::env::args().skip(1)) {
        Ok(options) => options,
        Err(fault) => {
            eprintln!("bench: {fault}\n{}", options::USAGE);
            return ExitCode::from(2);
        }
    };
    let machine = machine::description();
    let mut texts = Vec::new();
    for kind in &options.kinds {
        match measure(kind, &options) {
            Ok(table) => texts.push(table.text(kind.name())),
            Err(fault) => {
                eprintln!("bench: {}: {fault}", kind.name());
                return ExitCode::FAILURE;
            }
        }
    }
    println!(
        "{machine}- {} s for each figure\n\n{}",
        options.seconds,
        texts.join("\n")
    );
    ExitCode::SUCCESS
}

fn measure(kind: &Kind, options: &Options) -> Done<Table> {
    let server = Server::start(&options.server, kind)?;
    let seconds = options.seconds;
    let say = |what: &str| eprintln!("{}: {what}", kind.name());
    say("filling");
    let filled = fill::fill(&server)?;
    let mut owner = seat::connect(kind, &server)?;
    // Autovacuum would do it within a minute, in the middle of a measurement.
    if kind.is_postgres() {
        owner.batch("VACUUM ANALYZE")?;
    }
    say("the yardstick");
    let kept = match kind {
        Kind::Sqlite => Some(yardstick::measure(&mut owner, &filled, seconds)?),
        Kind::Postgres { .. } => None,
    };
    let mut yardstick = Yardstick::new(owner, &filled);
    let mut table = Table::new();
    let first = yardstick::median(yardstick.rounds(seconds)?);
    table.note("yardstick: a read by id on one thread, µs", first, 1);
    let scale = yardstick.scale(first);
    table.note("… to the reference machine's", scale, 2);
    if let Some(kept) = kept {
        table.note("the same with its statement kept, µs", kept, 1);
    }
    let all = yardstick::measure_on_all_cores(kind, &server, &filled, seconds)?;
    table.note(
        "with its statement kept and a thread on each core at once, µs",
        all,
        1,
    );

    let postmaster = match kind {
        Kind::Sqlite => None,
        Kind::Postgres { postmaster, .. } => Some(*postmaster),
    };
    let watched = Watched {
        server: Some(server.pid()),
        postmaster,
    };
    say("over HTTP");
    let laden = laden::member(&server, &filled)?;
    let over = over(&server, &filled, &laden, &mut yardstick, seconds, watched);
    let over = over.map_err(|e| format!("{e}\n{}", server.log()))?;
    say("straight through Diesel");
    let directs = direct::measure(
        kind,
        &server,
        &filled,
        seconds,
        Watched {
            server: None,
            postmaster,
        },
    )?;
    table.load("`/health/live`", &over.live, None);
    let names = [
        "read one by id",
        "list 50, filtered and sorted",
        "create one, over ten organizations",
    ];
    let targets = report::targets(kind);
    for (((name, load), targets), direct) in names.iter().zip(&over.calls).zip(&targets).zip(&directs) {
        table.load(name, load, Some(targets));
        table.beside(name, load, direct);
    }
    // On PostgreSQL all wait for one head, each as long as the flush of the one before.
    let [.., create] = targets;
    let create = (!kind.is_postgres()).then_some(&create);
    table.load("create one, all in one organization", &over.create, create);
    table.load(
        "read one by id, by a member with 20 roles in 50 teams",
        &over.held,
        None,
    );

    say("pages");
    let mut asker = Asker::new(server.port, &filled.token)?;
    let list = format!(
        "{}/deals?status=OPEN&sort=-created_at&limit={}",
        filled.paged.path,
        pages::PAGE
    );
    let last = asker.walk(&list, fill::OPEN / pages::PAGE)?;
    let (first, last) = asker.compare(&list, &last, 1_000)?;
    table.note("page 1 of 1,000, p50 ms", first, 3);
    table.note("page 1,000, p50 ms", last, 3);
    table.fixed("… ratio", last / first, 1.2, 2);

    match kind {
        Kind::Sqlite => table.fixed("empty folder to ready, ms", server.ready, 1_000.0, 0),
        Kind::Postgres { .. } => table.note("empty database to ready, ms", server.ready, 0),
    }
    table.fixed("idle memory, MB", server.idle, 60.0, 1);
    table.note("memory after the load, MB", machine::memory(server.pid()), 1);
    if let Some(data) = &options.data {
        say("loading the opportunities");
        let took = load_data(&server, &filled, data)?;
        match kind {
            Kind::Sqlite => table.fixed("loading 8,800 opportunities, s", took, 10.0, 1),
            Kind::Postgres { .. } => table.note("loading 8,800 opportunities, s", took, 1),
        }
    }
    if options.large {
        say("a million deals");
        large::measure(kind, &server, &filled, &mut table)?;
    }
    Ok(table)
}

/// What was measured over HTTP.
struct Over {
    /// `/health/live`
    live: Load,
    /// Read, list, create over several organizations
    calls: [Load; 3],
    /// Create, all in one
    create: Load,
    /// Read, by a member who holds much
    held: Load,
}

/// Rounds that a figure is measured in, the yardstick before, between and after them.
const ROUNDS: usize = 3;

fn over(
    server: &Server,
    filled: &Filled,
    laden: &str,
    yardstick: &mut Yardstick<'_>,
    seconds: f64,
    watched: Watched,
) -> Done<Over> {
    let (token, main) = (&filled.token, &filled.main.path);
    let each = seconds / ROUNDS as f64;
    let long = f64::max(each / 2.0, 0.5);
    let mut of = |write: &(dyn Fn(&mut Dice, &mut Vec<u8>) + Sync)| -> Done<Load> {
        let (mut rounds, mut beside) = (Vec::new(), yardstick.rounds(long)?);
        for _ in 0..ROUNDS {
            rounds.push(over_http(server.port, each, watched, write)?);
            beside.extend(yardstick.rounds(long)?);
        }
        let scale = yardstick.scale(yardstick::median(beside));
        Ok(Load::together(rounds, scale))
    };
    let live = of(&|_, to| http::get(to, "/health/live", ""))?;
    let paths: Vec<_> = filled
        .deals
        .iter()
        .map(|id| format!("{main}/deals/{id}"))
        .collect();
    let read = of(&|dice, to| http::get(to, &paths[dice.below(paths.len())], token))?;
    let held = of(&|dice, to| http::get(to, &paths[dice.below(paths.len())], laden))?;
    let path = format!("{main}/deals?status=OPEN&sort=-created_at&limit=50");
    let list = of(&|_, to| http::get(to, &path, token))?;
    let place = |place: &fill::Place| {
        (
            format!("{}/deals", place.path),
            fill::deal(place, 0, 1_234).to_string(),
        )
    };
    let places: Vec<_> = filled.places.iter().map(place).collect();
    let mut create = |among: usize| {
        of(&|dice, to| {
            let (path, body) = &places[dice.below(among)];
            let key = format!("{:016x}{:016x}", dice.roll(), dice.roll());
            http::post(to, path, token, &key, body);
        })
    };
    Ok(Over {
        live,
        calls: [read, list, create(places.len())?],
        create: create(1)?,
        held,
    })
}

/// Seconds that `scripts/load-crm-opportunities` takes.
fn load_data(server: &Server, filled: &Filled, folder: &Path) -> Done<f64> {
    fill::place(server, &filled.token, "opportunities", true)?;
    let begun = Instant::now();
    let ended = Command::new("scripts/load-crm-opportunities")
        .arg(folder)
        .arg("opportunities")
        .env("FIRMA_URL", server.base())
        .env("FIRMA_EMAIL", server::EMAIL)
        .env("FIRMA_PASSWORD", server::PASSWORD)
        .stdout(Stdio::null())
        .status();
    match ended {
        Ok(status) if status.success() => Ok(begun.elapsed().as_secs_f64()),
        Ok(status) => Err(format!("scripts/load-crm-opportunities: {status}")),
        Err(error) => Err(format!("scripts/load-crm-opportunities: {error}")),
    }
}

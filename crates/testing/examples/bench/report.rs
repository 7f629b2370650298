//! The tables, in Markdown.

use crate::load::Load;
use crate::options::Kind;

/// What was measured on one database.
pub struct Table {
    lines: Vec<String>,
    beside: Vec<String>,
}

/// To reach at most, in milliseconds and microseconds of CPU a request, on the reference machine.
pub struct Targets {
    pub p99: Option<f64>,
    pub server: f64,
    pub database: Option<f64>,
}

/// Of read, list and create.
pub fn targets(kind: &Kind) -> [Targets; 3] {
    let of = |p99, server, database| Targets {
        p99,
        server,
        database,
    };
    match kind {
        Kind::Sqlite => [80.0, 250.0, 250.0].map(|server| of(None, server, None)),
        Kind::Postgres { .. } => [
            of(Some(5.0), 70.0, Some(100.0)),
            of(Some(10.0), 150.0, Some(300.0)),
            of(Some(15.0), 180.0, Some(480.0)),
        ],
    }
}

fn figure(value: f64, decimals: usize) -> String {
    let text = format!("{value:.decimals$}");
    if decimals > 0 || value < 10_000.0 {
        return text;
    }
    let (high, low) = text.split_at(text.len() - 3);
    format!("{high},{low}")
}

impl Table {
    pub fn new() -> Table {
        Table {
            lines: Vec::new(),
            beside: Vec::new(),
        }
    }

    fn line(&mut self, what: &str, measured: &str, target: &str, scaled: &str, verdict: &str) {
        self.lines.push(format!(
            "| {what} | {measured} | {target} | {scaled} | {verdict} |"
        ));
    }

    /// A figure without a target.
    pub fn note(&mut self, what: &str, measured: f64, decimals: usize) {
        self.line(what, &figure(measured, decimals), "", "", "");
    }

    /// A figure whose target holds on any machine.
    pub fn fixed(&mut self, what: &str, measured: f64, target: f64, decimals: usize) {
        self.judged(what, measured, target, 1.0, decimals);
    }

    fn judged(&mut self, what: &str, measured: f64, target: f64, scale: f64, decimals: usize) {
        let scaled = target * scale;
        let verdict = if measured <= scaled { "ok" } else { "**over**" };
        let (measured, scaled) = (figure(measured, decimals), figure(scaled, decimals));
        self.line(what, &measured, &target.to_string(), &scaled, verdict);
    }

    /// A kind of request; the targets are of the reference machine.
    pub fn load(&mut self, what: &str, load: &Load, targets: Option<&Targets>) {
        self.note(&format!("{what}: requests/s"), load.rate, 0);
        self.note("… p50, ms", load.within(0.5), 2);
        let p99 = load.within(0.99);
        match targets.and_then(|targets| targets.p99) {
            Some(target) => self.judged("… p99, ms", p99, target, load.scale, 2),
            None => self.note("… p99, ms", p99, 2),
        }
        self.note("… p99.9, ms", load.within(0.999), 2);
        match targets {
            Some(targets) => self.judged(
                "… server CPU, µs",
                load.cost.server,
                targets.server,
                load.scale,
                0,
            ),
            None => self.note("… server CPU, µs", load.cost.server, 0),
        }
        if let Some(target) = targets.and_then(|targets| targets.database) {
            self.judged(
                "… PostgreSQL's CPU, µs",
                load.cost.database,
                target,
                load.scale,
                0,
            );
        }
        self.note("… (the load generator's CPU, µs)", load.cost.own, 0);
        if targets.is_some() {
            self.note("… (the yardstick beside it, to the reference's)", load.scale, 2);
        }
    }

    /// The same statements without the server.
    pub fn beside(&mut self, what: &str, load: &Load, direct: &Load) {
        self.beside.push(format!(
            "| {what} | {} | {} | {:.2} | {:.0} | {:.0} | {:.2} | {:.0} | {:.0} |",
            figure(load.rate, 0),
            figure(direct.rate, 0),
            load.rate / direct.rate,
            load.cost.server,
            direct.cost.own,
            load.cost.server / direct.cost.own,
            load.cost.database,
            direct.cost.database,
        ));
    }

    pub fn text(&self, name: &str) -> String {
        format!(
            "### {name}\n\n| what | measured | target | scaled target | |\n| --- | ---: | ---: | ---: | --- |\n{}\n\n\
             | beside it, straight through Diesel | server, requests/s | Diesel, per s | ratio | server CPU, µs \
             | Diesel, CPU µs | ratio | database CPU under the server, µs | under Diesel, µs |\n\
             | --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |\n{}\n",
            self.lines.join("\n"),
            self.beside.join("\n")
        )
    }
}

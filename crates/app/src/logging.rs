//! Log lines on standard error: for a person, or as JSON for a collector.
use crate::lines::Lines;
use env_logger::fmt::style::Style;
use env_logger::{Builder, Target, WriteStyle};
use firma_services::About;
use log::kv::{Error, Key, Value, VisitSource};
use log::{Level, Metadata, Record};
use serde::Serializer;
use serde::ser::SerializeMap;
use std::fmt::{Arguments, Write as _};
use std::io::{self, IsTerminal, Write};

/// What all lines go by.
struct Log {
    inner: env_logger::Logger,
    lines: Option<Lines>,
}

impl log::Log for Log {
    fn enabled(&self, metadata: &Metadata) -> bool {
        self.inner.enabled(metadata)
    }

    fn log(&self, record: &Record) {
        self.inner.log(record);
        // What went wrong is there even if the process isn't in a moment.
        if record.level() <= Level::Warn {
            self.flush();
        }
    }

    fn flush(&self) {
        let _ = self.lines.as_ref().map(Lines::write_out);
    }
}

/// `filter` as in `RUST_LOG`. Where it stays, lines are written together. A second call has no effect.
pub(crate) fn start(filter: &str, json: bool, stays: bool) {
    let lines = stays.then(|| Lines::start(Box::new(io::stderr())));
    let has_colours =
        io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|no| no.is_empty());
    let mut builder = Builder::new();
    builder.parse_filters(filter);
    match &lines {
        None => builder.target(Target::Stderr),
        Some(lines) => builder
            .target(Target::Pipe(Box::new(lines.clone())))
            // What there are of colours is decided here, and nothing is looked for in what is written.
            .write_style(WriteStyle::Always),
    };
    builder.format(move |out, record| {
        let time = out.timestamp_millis().to_string();
        if json {
            return json_line(out, &time, record);
        }
        let style = match has_colours {
            true => out.default_level_style(record.level()),
            false => Style::new(),
        };
        let level = format_args!("{style}{:<5}{style:#}", record.level());
        text_line(out, &time, level, record)
    });
    let inner = builder.build();
    log::set_max_level(inner.filter());
    // It fails only when a logger is there already, which then goes on.
    let _ = log::set_boxed_logger(Box::new(Log { inner, lines }));
    // Else a panic would stand between the lines of JSON as text. Who catches it is told where it was.
    std::panic::set_hook(Box::new(|panic| {
        log::error!("{panic}");
        firma_services::note_panic(panic);
    }));
}

fn text_line(out: &mut dyn Write, time: &str, level: Arguments<'_>, record: &Record) -> io::Result<()> {
    // Put together before it is written: each piece by itself would cost more than all of the line.
    struct Pairs<'l>(&'l mut String);
    impl<'kvs> VisitSource<'kvs> for Pairs<'_> {
        fn visit_pair(&mut self, key: Key<'kvs>, value: Value<'kvs>) -> Result<(), Error> {
            let key = key.as_str();
            if let Some(text) = value.to_borrowed_str() {
                text_pair(self.0, key, text);
                return Ok(());
            }
            match plain(&value) {
                serde_json::Value::String(text) => text_pair(self.0, key, &text),
                other => {
                    let _ = write!(self.0, " {key}={other}");
                }
            }
            Ok(())
        }
    }
    let mut line = String::with_capacity(512);
    let _ = write!(line, "{time} {level} {}: ", record.target());
    line += &one_line(record.args().to_string());
    // Should a source fail, the pairs so far are still worth the line.
    let _ = record.key_values().visit(&mut Pairs(&mut line));
    if let Some(id) = about(record).request_id() {
        text_pair(&mut line, REQUEST_ID, id);
    }
    line.push('\n');
    out.write_all(line.as_bytes())
}

fn text_pair(line: &mut String, key: &str, text: &str) {
    line.push(' ');
    *line += key;
    line.push('=');
    match is_bare(text) {
        true => *line += text,
        false => {
            let _ = write!(line, "{text:?}");
        }
    }
}

/// Nobody's input may begin a line of its own, or move the terminal's cursor.
fn one_line(text: String) -> String {
    if !text.contains(char::is_control) {
        return text;
    }
    let mut line = String::new();
    for c in text.chars() {
        match c.is_control() {
            true => line.extend(c.escape_default()),
            false => line.push(c),
        }
    }
    line
}

fn is_bare(text: &str) -> bool {
    !text.is_empty() && !text.contains(|c: char| c.is_whitespace() || c.is_control() || "\"=".contains(c))
}

fn json_line(mut out: &mut dyn Write, time: &str, record: &Record) -> io::Result<()> {
    struct Pairs<M>(M);
    impl<'kvs, M: SerializeMap> VisitSource<'kvs> for Pairs<M> {
        fn visit_pair(&mut self, key: Key<'kvs>, value: Value<'kvs>) -> Result<(), Error> {
            // The same key twice is no JSON that a collector can be trusted with.
            let written = match key.as_str() {
                own @ ("time" | "level" | "target" | "message") => {
                    self.0.serialize_entry(&format!("{own}_"), &plain(&value))
                }
                key => self.0.serialize_entry(key, &plain(&value)),
            };
            written.map_err(|_| Error::msg("the line broke off"))
        }
    }
    let mut serializer = serde_json::Serializer::new(&mut out);
    let mut map = serializer.serialize_map(None)?;
    map.serialize_entry("time", time)?;
    map.serialize_entry("level", record.level().as_str())?;
    map.serialize_entry("target", record.target())?;
    map.serialize_entry("message", record.args())?;
    let mut pairs = Pairs(map);
    let _ = record.key_values().visit(&mut pairs);
    if let Some(id) = about(record).request_id() {
        pairs.0.serialize_entry(REQUEST_ID, id)?;
    }
    pairs.0.end()?;
    writeln!(out)
}

const REQUEST_ID: &str = "request_id";

/// The request that the line is about, unless the line names it itself.
fn about(record: &Record) -> About {
    match record.key_values().get(Key::from_str(REQUEST_ID)) {
        Some(_) => About::default(),
        None => About::current(),
    }
}

fn plain(value: &Value) -> serde_json::Value {
    if let Some(switch) = value.to_bool() {
        switch.into()
    } else if let Some(number) = value.to_i64() {
        number.into()
    } else if let Some(number) = value.to_u64() {
        number.into()
    } else if let Some(number) = value.to_f64() {
        number.into()
    } else {
        value.to_string().into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(write: impl Fn(&mut dyn Write, &Record) -> io::Result<()>) -> String {
        let values: &[(&str, Value)] = &[
            ("status", Value::from(404)),
            ("ms", Value::from(1.5)),
            ("ok", Value::from(false)),
            ("big", Value::from(u64::MAX)),
            ("route", Value::from("/a b\"\n")),
            ("id", Value::from("7")),
            ("level", Value::from("mine")),
        ];
        let mut out = Vec::new();
        let record = |arguments| {
            Record::builder()
                .level(Level::Warn)
                .target("firma")
                .args(arguments)
                .key_values(&values)
                .build()
        };
        let written = write(&mut out, &record(format_args!("gone\n\u{1b}[2J \"é\"")));
        assert!(written.is_ok());
        String::from_utf8_lossy(&out).into_owned()
    }

    #[test]
    fn a_line_for_a_person_stays_one_line() {
        let line = line(|out, record| text_line(out, "T", format_args!("WARN "), record));
        assert_eq!(
            line,
            "T WARN  firma: gone\\n\\u{1b}[2J \"é\" status=404 ms=1.5 ok=false big=18446744073709551615 \
             route=\"/a b\\\"\\n\" id=7 level=mine\n"
        );
    }

    #[test]
    fn a_line_of_json_keeps_types_and_escapes() {
        let line = line(|out, record| json_line(out, "T", record));
        assert_eq!(
            line,
            "{\"time\":\"T\",\"level\":\"WARN\",\"target\":\"firma\",\"message\":\"gone\\n\\u001b[2J \\\"é\\\"\",\
             \"status\":404,\"ms\":1.5,\"ok\":false,\"big\":18446744073709551615,\"route\":\"/a b\\\"\\n\",\
             \"id\":\"7\",\"level_\":\"mine\"}\n"
        );
    }
}

use chrono::{DateTime, SecondsFormat, Utc};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error};
use std::fmt;

/// A point in time, UTC, with microseconds: what both databases keep without loss.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Instant(i64);

impl Instant {
    /// 1970-01-01T00:00:00Z: when what always was, was made.
    pub const EPOCH: Instant = Instant(0);

    /// Microseconds since 1970-01-01T00:00:00Z; `None` outside chrono's range.
    pub fn from_micros(micros: i64) -> Option<Instant> {
        DateTime::from_timestamp_micros(micros).map(|_| Instant(micros))
    }

    /// Microseconds since 1970-01-01T00:00:00Z.
    pub fn micros(self) -> i64 {
        self.0
    }

    /// Whole seconds since 1970-01-01T00:00:00Z, rounded down.
    pub fn seconds(self) -> i64 {
        self.0.div_euclid(1_000_000)
    }

    /// This instant moved by `seconds`, which may be negative; it stops at the range's ends.
    pub fn plus_seconds(self, seconds: i64) -> Instant {
        let micros = self.0.saturating_add(seconds.saturating_mul(1_000_000));
        Instant::from_micros(micros).unwrap_or(self)
    }

    /// The same instant for chrono.
    pub fn to_chrono(self) -> DateTime<Utc> {
        DateTime::from_timestamp_micros(self.0).unwrap_or_default()
    }
}

impl From<DateTime<Utc>> for Instant {
    /// Cut to microseconds.
    fn from(at: DateTime<Utc>) -> Instant {
        Instant(at.timestamp_micros())
    }
}

impl fmt::Display for Instant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.to_chrono().to_rfc3339_opts(SecondsFormat::Micros, true))
    }
}

impl Serialize for Instant {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Instant {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let text = String::deserialize(from)?;
        DateTime::parse_from_rfc3339(&text)
            .map(|at| Instant::from(at.to_utc()))
            .map_err(|_| D::Error::custom("not an instant such as 2026-01-31T09:30:00Z"))
    }
}

#[cfg(feature = "openapi")]
crate::entity::schema_of!(Instant, string, "date-time", "RFC 3339, UTC");

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cuts_to_microseconds_and_reads_back_what_it_writes() {
        let at: Instant = serde_json::from_str("\"2026-01-31T09:30:00.123456789+01:00\"").unwrap();
        assert_eq!(at.to_string(), "2026-01-31T08:30:00.123456Z");
        assert_eq!(serde_json::from_str::<Instant>(&format!("\"{at}\"")).unwrap(), at);
    }
}

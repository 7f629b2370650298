use chrono::{DateTime, Datelike, SecondsFormat, Timelike, Utc};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error};
use std::fmt;
use std::str::FromStr;

const FIRST: i64 = DateTime::<Utc>::MIN_UTC.timestamp_micros();
const LAST: i64 = DateTime::<Utc>::MAX_UTC.timestamp_micros();

/// A point in time, UTC, with microseconds: what both databases keep without loss.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Instant(i64);

impl Instant {
    /// 1970-01-01T00:00:00Z: when what always was, was made.
    pub const EPOCH: Instant = Instant(0);

    /// Microseconds since 1970-01-01T00:00:00Z; `None` outside chrono's range.
    pub fn from_micros(micros: i64) -> Option<Instant> {
        (FIRST..=LAST).contains(&micros).then_some(Instant(micros))
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
        Instant(micros.clamp(FIRST, LAST))
    }

    /// The same instant for chrono.
    pub fn to_chrono(self) -> DateTime<Utc> {
        DateTime::from_timestamp_micros(self.0).unwrap_or_default()
    }

    fn text(self) -> String {
        self.to_chrono().to_rfc3339_opts(SecondsFormat::Micros, true)
    }
}

impl From<DateTime<Utc>> for Instant {
    /// Cut to microseconds.
    fn from(at: DateTime<Utc>) -> Instant {
        Instant(at.timestamp_micros())
    }
}

impl FromStr for Instant {
    type Err = ();
    /// As RFC 3339 has it, in the years 1 to 9999 of UTC.
    fn from_str(text: &str) -> Result<Instant, ()> {
        // chrono also takes a space between date and time, and a typographic minus.
        if !text.is_ascii() || !matches!(text.as_bytes().get(10), Some(b'T' | b't')) {
            return Err(());
        }
        let at = DateTime::parse_from_rfc3339(text).map_err(|_| ())?.to_utc();
        // A second 60, which no column keeps, chrono counts as a nanosecond beyond the second 59.
        let is_kept = (1..=9_999).contains(&at.year()) && at.nanosecond() < 1_000_000_000;
        is_kept.then(|| Instant::from(at)).ok_or(())
    }
}

impl fmt::Display for Instant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text())
    }
}

impl Serialize for Instant {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(&self.text())
    }
}

impl<'de> Deserialize<'de> for Instant {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let text = String::deserialize(from)?;
        text.parse()
            .map_err(|()| D::Error::custom("not an instant such as 2026-01-31T09:30:00Z"))
    }
}

#[cfg(feature = "openapi")]
crate::entity::schema_of!(Instant, string, "date-time", "RFC 3339, UTC");

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn cuts_to_microseconds_and_reads_back_what_it_writes() {
        let at: Instant = serde_json::from_str("\"2026-01-31T09:30:00.123456789+01:00\"").unwrap();
        assert_eq!(at.to_string(), "2026-01-31T08:30:00.123456Z");
        assert_eq!(serde_json::from_str::<Instant>(&format!("\"{at}\"")).unwrap(), at);
    }

    #[test]
    fn moved_too_far_it_stops_at_the_end() {
        for far in [i64::MAX, 400_000_000_000_000] {
            assert_eq!(Instant::EPOCH.plus_seconds(far), Instant(LAST));
            assert_eq!(Instant::EPOCH.plus_seconds(-far), Instant(FIRST));
        }
    }

    #[test]
    fn is_of_the_years_1_to_9999_in_utc() {
        for (text, utc) in [
            ("0001-01-01T00:00:00Z", "0001-01-01T00:00:00.000000Z"),
            ("0000-12-31T23:00:00-01:00", "0001-01-01T00:00:00.000000Z"),
            ("9999-12-31T23:59:59.9999999Z", "9999-12-31T23:59:59.999999Z"),
            ("9999-12-31T23:59:59+00:01", "9999-12-31T23:58:59.000000Z"),
            ("2026-01-31t09:30:00z", "2026-01-31T09:30:00.000000Z"),
        ] {
            assert_eq!(text.parse::<Instant>().unwrap().to_string(), utc, "{text}");
        }
        for text in [
            "9999-12-31T23:59:59-01:00",
            "0000-01-01T00:00:00+14:00",
            "0000-12-31T23:59:59Z",
            "0001-01-01T00:00:00+00:01",
            "+10000-01-01T00:00:00Z",
            "2026-01-31 09:30:00Z",
            "2026-01-31T09:30:00",
            "2026-01-31T09:30:00\u{2212}01:00",
            "2026-01-31T09:30:00+0100",
            "2026-01-31T24:00:00Z",
            "2016-12-31T23:59:60Z",
            "2026-01-31T09:30:60.5+01:00",
            "2026-01-31",
            "",
        ] {
            assert!(text.parse::<Instant>().is_err(), "{text}");
            assert!(serde_json::from_value::<Instant>(text.into()).is_err(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn what_is_read_is_written_so_that_it_is_read_again(
            year in 0i32..=9_999, month in 1u32..=12, day in 1u32..=28, second in 0u32..86_400,
            offset in -1_439i32..=1_439,
        ) {
            let (hours, minutes) = (i32::abs(offset) / 60, i32::abs(offset) % 60);
            let sign = if offset < 0 { '-' } else { '+' };
            let (hour, minute) = (second / 3_600, second / 60 % 60);
            let text = format!(
                "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{:02}{sign}{hours:02}:{minutes:02}",
                second % 60
            );
            if let Ok(at) = text.parse::<Instant>() {
                let written = at.to_string();
                prop_assert_eq!(written.len(), "2026-01-31T09:30:00.000000Z".len());
                prop_assert_eq!(written.parse::<Instant>(), Ok(at));
            } else {
                prop_assert!(year == 0 || year == 1 || year == 9_999, "{}", text);
            }
        }
    }
}

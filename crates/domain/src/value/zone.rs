use super::{Day, Instant};
use chrono::{NaiveTime, TimeZone};
use chrono_tz::{GapInfo, Tz};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error};
use std::fmt;

/// A time zone by its IANA name, such as `Europe/Istanbul`: what day it is where. The rules of all zones are
/// built in, so both databases and every server have the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Zone(Tz);

impl Zone {
    /// UTC, where nothing else is said.
    pub const UTC: Zone = Zone(Tz::UTC);

    /// The zone of that name, written as IANA writes it.
    pub fn parse(name: &str) -> Option<Zone> {
        name.parse().ok().map(Zone)
    }

    /// Its IANA name.
    pub fn name(self) -> &'static str {
        self.0.name()
    }

    /// The day that it is here at an instant; the nearest that there is outside the years 1 to 9999.
    pub fn day(self, at: Instant) -> Day {
        let date = at.to_chrono().with_timezone(&self.0).date_naive();
        Day::new(date).unwrap_or(if at.micros() < 0 { Day::FIRST } else { Day::LAST })
    }

    /// The first instant of a day here. Where clocks skip midnight, it is when they do: on some days 01:00;
    /// a day that a zone left out altogether begins with the next.
    pub fn start_of(self, day: Day) -> Instant {
        let midnight = day.to_chrono().and_time(NaiveTime::MIN);
        let start = self.0.from_local_datetime(&midnight).earliest();
        let start = start.or_else(|| GapInfo::new(&midnight, &self.0)?.end);
        start.map_or_else(|| Instant::from(midnight.and_utc()), |at| at.to_utc().into())
    }
}

impl Default for Zone {
    fn default() -> Zone {
        Zone::UTC
    }
}

impl fmt::Display for Zone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl Serialize for Zone {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(self.name())
    }
}

impl<'de> Deserialize<'de> for Zone {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let name = String::deserialize(from)?;
        Zone::parse(&name).ok_or_else(|| D::Error::custom("not a time zone such as Europe/Istanbul"))
    }
}

#[cfg(feature = "openapi")]
crate::entity::schema_of!(Zone, string, "timezone", "IANA time zone");

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn at(text: &str) -> Instant {
        serde_json::from_value(text.into()).unwrap()
    }
    fn day(text: &str) -> Day {
        text.parse().unwrap()
    }

    #[test]
    fn one_instant_is_two_days() {
        let instant = at("2026-03-31T23:30:00Z");
        for (zone, expected) in [
            ("UTC", "2026-03-31"),
            ("Pacific/Auckland", "2026-04-01"),
            ("America/Los_Angeles", "2026-03-31"),
            ("Europe/Istanbul", "2026-04-01"),
        ] {
            assert_eq!(Zone::parse(zone).unwrap().day(instant), day(expected), "{zone}");
        }
    }

    #[test]
    fn a_day_begins_where_its_clocks_say() {
        for (zone, date, start) in [
            ("Europe/Berlin", "2026-03-29", "2026-03-28T23:00:00Z"),
            ("Europe/Berlin", "2026-03-30", "2026-03-29T22:00:00Z"),
            ("Europe/Berlin", "2026-10-25", "2026-10-24T22:00:00Z"),
            ("Europe/Berlin", "2026-10-26", "2026-10-25T23:00:00Z"),
            // Clocks go from 24:00 to 01:00: there is no midnight.
            ("Africa/Cairo", "2024-04-26", "2024-04-25T22:00:00Z"),
            // From 01:00 back to 00:00: midnight is twice.
            ("America/Havana", "2024-11-03", "2024-11-03T04:00:00Z"),
            // Samoa went over the date line, and had no such day.
            ("Pacific/Apia", "2011-12-30", "2011-12-30T10:00:00Z"),
            ("Pacific/Apia", "2011-12-31", "2011-12-30T10:00:00Z"),
        ] {
            let zone = Zone::parse(zone).unwrap();
            assert_eq!(zone.start_of(day(date)), at(start), "{zone} {date}");
        }
    }

    #[test]
    fn only_names_of_iana_are_zones() {
        for wrong in [
            "",
            "Mars/Olympus",
            "+03:00",
            "europe/berlin",
            "Europe/Berlin ",
            "CEST",
        ] {
            assert_eq!(Zone::parse(wrong), None, "{wrong:?}");
        }
        assert_eq!(Zone::parse("Asia/Kolkata").unwrap().to_string(), "Asia/Kolkata");
    }

    proptest! {
        #[test]
        fn the_first_instant_of_a_day_is_of_it_and_the_one_before_is_not(
            zone in 0..chrono_tz::TZ_VARIANTS.len(), seconds in -3_000_000_000i64..5_000_000_000,
        ) {
            let zone = Zone(chrono_tz::TZ_VARIANTS[zone]);
            let today = zone.day(Instant::from_micros(seconds * 1_000_000).unwrap());
            let start = zone.start_of(today);
            prop_assert_eq!(zone.day(start), today);
            prop_assert!(start <= Instant::from_micros(seconds * 1_000_000).unwrap());
            let before = Instant::from_micros(start.micros() - 1).unwrap();
            // Clocks may go back over midnight, so that the day before comes twice.
            prop_assert!(zone.day(before) <= today);
        }
    }
}

use chrono::{Datelike, NaiveDate};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error};
use std::fmt;
use std::str::FromStr;

/// A day of the calendar, from the year 1 to 9999, written `2026-01-31` and in no other way: so that
/// it sorts alike as a date and as text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Day(NaiveDate);

impl Day {
    /// The first day of the year 1.
    pub const FIRST: Day = Day(match NaiveDate::from_ymd_opt(1, 1, 1) {
        Some(date) => date,
        None => NaiveDate::MIN,
    });
    /// The last day of the year 9999.
    pub const LAST: Day = Day(match NaiveDate::from_ymd_opt(9_999, 12, 31) {
        Some(date) => date,
        None => NaiveDate::MAX,
    });

    /// The day of a date; `None` outside the years 1 to 9999.
    pub fn new(date: NaiveDate) -> Option<Day> {
        (1..=9_999).contains(&date.year()).then_some(Day(date))
    }

    /// The same day for chrono.
    pub fn to_chrono(self) -> NaiveDate {
        self.0
    }
}

impl FromStr for Day {
    type Err = ();
    fn from_str(text: &str) -> Result<Day, ()> {
        // By hand: chrono reads more than it writes, and rows of SQLite are full of days.
        let &[y1, y2, y3, y4, b'-', m1, m2, b'-', d1, d2] = text.as_bytes() else {
            return Err(());
        };
        let number = |digits: &[u8]| {
            let digit = |digit: &u8| digit.is_ascii_digit().then(|| u32::from(digit - b'0'));
            digits
                .iter()
                .try_fold(0, |number, d| Some(number * 10 + digit(d)?))
        };
        let year = number(&[y1, y2, y3, y4]).and_then(|year| i32::try_from(year).ok());
        let (month, day) = (number(&[m1, m2]), number(&[d1, d2]));
        let (Some(year), Some(month), Some(day)) = (year, month, day) else {
            return Err(());
        };
        NaiveDate::from_ymd_opt(year, month, day)
            .and_then(Day::new)
            .ok_or(())
    }
}

impl fmt::Display for Day {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl Serialize for Day {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Day {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let text = String::deserialize(from)?;
        text.parse()
            .map_err(|()| D::Error::custom("not a date such as 2026-01-31"))
    }
}

#[cfg(feature = "openapi")]
crate::entity::schema_of!(Day, string, "date", "A day, YYYY-MM-DD");

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn is_written_in_one_way() {
        for text in ["2026-01-31", "0001-01-01", "9999-12-31", "2024-02-29"] {
            assert_eq!(text.parse::<Day>().unwrap().to_string(), text);
        }
        for text in [
            "2026-02-30",
            "2025-02-29",
            "2026-1-31",
            "+12026-01-31",
            "-0044-03-15",
            "0000-01-01",
            " 2026-01-31",
            "20260131",
            "2026-01-3x",
            "2026/01/31",
            "2026-01-311",
            "",
        ] {
            assert!(text.parse::<Day>().is_err(), "{text}");
        }
    }
}

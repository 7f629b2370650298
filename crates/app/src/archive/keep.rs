//! When backups are made by themselves, how they are called, and which are kept.

use croner::Cron;
use croner::parser::{CronParser, Seconds, Year};
use firma_domain::Instant;
use std::collections::BTreeSet;
use std::fmt;

/// A cron expression, in UTC.
#[derive(Clone)]
pub(crate) struct Schedule(Cron);

impl Schedule {
    /// Five fields, or a name such as `@daily`, that ever come to pass.
    pub(crate) fn parse(text: &str) -> Option<Schedule> {
        let parser = CronParser::builder()
            .seconds(Seconds::Disallowed)
            .year(Year::Disallowed)
            .build();
        // What croner doesn't know behind an @ it takes for a field.
        let named = ["@hourly", "@daily", "@midnight", "@weekly", "@monthly"].contains(&text);
        let schedule = Schedule(parser.parse(text).ok().filter(|_| named || !text.contains('@'))?);
        schedule.next(Instant::EPOCH).map(|_| schedule)
    }

    /// The first time after an instant.
    pub(crate) fn next(&self, after: Instant) -> Option<Instant> {
        let next = self.0.find_next_occurrence(&after.to_chrono(), false);
        next.ok().map(Instant::from)
    }
}

impl fmt::Debug for Schedule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Schedule({})", self.0.as_str())
    }
}

/// What two archives of one day, week or month have in common.
type Span<'s> = &'s dyn Fn(&Named) -> String;

/// How many archives are kept: the last ones, and the last of each of so many days, weeks and months.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Keep {
    last: usize,
    daily: usize,
    weekly: usize,
    monthly: usize,
}

impl Keep {
    /// A number, or such as `last=3,daily=7,weekly=4,monthly=12`.
    pub(crate) fn parse(text: &str) -> Option<Keep> {
        let mut keep = Keep::default();
        for part in text.split(',') {
            let (name, number) = part.trim().split_once('=').unwrap_or(("last", part.trim()));
            let of = match name {
                "last" => &mut keep.last,
                "daily" => &mut keep.daily,
                "weekly" => &mut keep.weekly,
                "monthly" => &mut keep.monthly,
                _ => return None,
            };
            let number = number
                .parse()
                .ok()
                .filter(|number| (1..=1_000).contains(number))?;
            if std::mem::replace(of, number) != 0 {
                return None;
            }
        }
        Some(keep)
    }

    /// Those that may go now that this one is made: of the proved archives, or of the others, since that there are newer
    /// ones that weren't proved is no reason to remove one that was. What was made later, by a clock that was ahead,
    /// takes no other's place.
    pub(super) fn superfluous(self, names: &[String], made: &Named) -> Vec<String> {
        let of_kind = |name| {
            Named::read(name)
                .filter(|named| named.is_proved == made.is_proved && named.made_at <= made.made_at)
        };
        let mut named: Vec<_> = names
            .iter()
            .filter_map(|name| Some((of_kind(name)?, name)))
            .collect();
        named.sort_by(|a, b| b.0.cmp(&a.0));
        let mut kept = BTreeSet::new();
        let days = |named: &Named| (named.made_at.seconds() / 86_400).to_string();
        // 1970 began on a Thursday.
        let weeks = |named: &Named| ((named.made_at.seconds() / 86_400 + 3) / 7).to_string();
        let months = |named: &Named| named.made_at.to_string().chars().take(7).collect();
        let each = |named: &Named| named.made_at.to_string();
        let spans: [(usize, Span<'_>); 4] = [
            (self.last, &each),
            (self.daily, &days),
            (self.weekly, &weeks),
            (self.monthly, &months),
        ];
        for (most, span) in spans {
            let mut seen = BTreeSet::new();
            let newest = named.iter().filter(|(named, _)| seen.insert(span(named)));
            kept.extend(newest.take(most).map(|(_, name)| (*name).clone()));
        }
        let gone = named.into_iter().map(|(_, name)| name);
        gone.filter(|name| !kept.contains(*name)).cloned().collect()
    }
}

/// An archive that was made by itself, as its name tells.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Named {
    pub(super) made_at: Instant,
    pub(super) is_proved: bool,
}

const BEGINNING: &str = "firma-";
const PROVED: &str = ".backup";
const UNPROVED: &str = ".unproved.backup";

impl Named {
    /// `firma-20261127T031500Z.backup`, or `….unproved.backup`.
    pub(super) fn write(&self) -> String {
        let end = if self.is_proved { PROVED } else { UNPROVED };
        format!("{}{end}", Named::stem(self.made_at))
    }

    /// What the name begins with, and those of all drafts and scratch folders.
    pub(super) fn stem(at: Instant) -> String {
        let at = at.to_string();
        let seconds = at.split('.').next().unwrap_or_default();
        format!("{BEGINNING}{}Z", seconds.replace(['-', ':'], ""))
    }

    fn read(name: &str) -> Option<Named> {
        let rest = name.strip_prefix(BEGINNING)?;
        let (stamp, is_proved) = match rest.strip_suffix(UNPROVED) {
            Some(stamp) => (stamp, false),
            None => (rest.strip_suffix(PROVED)?, true),
        };
        let made_at = instant(stamp)?;
        Some(Named { made_at, is_proved })
    }

    /// Whether one that was killed left it: a draft, or a folder in which it was being proved.
    pub(super) fn is_left(name: &str) -> bool {
        let stem = name
            .strip_suffix(".part")
            .or_else(|| name.strip_suffix(".part.scratch"));
        stem.and_then(|stem| stem.strip_prefix(BEGINNING))
            .and_then(instant)
            .is_some()
    }
}

/// `20261127T031500Z`.
fn instant(stamp: &str) -> Option<Instant> {
    let part = |from: usize, to: usize| stamp.get(from..to);
    let text = format!(
        "{}-{}-{}T{}:{}:{}Z",
        part(0, 4)?,
        part(4, 6)?,
        part(6, 8)?,
        part(9, 11)?,
        part(11, 13)?,
        part(13, 15)?
    );
    let at: Instant = serde_json::from_value(text.into()).ok()?;
    (stamp.len() == 16).then_some(at)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn next(schedule: &str, after: &str) -> String {
        let stem = Named::stem(
            Schedule::parse(schedule)
                .unwrap()
                .next(instant(after).unwrap())
                .unwrap(),
        );
        stem.trim_start_matches(BEGINNING).to_owned()
    }

    #[test]
    fn a_schedule_is_a_cron_expression_in_utc() {
        assert_eq!(next("15 3 * * *", "20261127T031500Z"), "20261128T031500Z");
        assert_eq!(next("15 3 * * *", "20261127T031459Z"), "20261127T031500Z");
        assert_eq!(
            next("*/20 8-17 * * MON-FRI", "20261127T174100Z"),
            "20261130T080000Z"
        );
        assert_eq!(next("@daily", "20261231T000000Z"), "20270101T000000Z");
        assert_eq!(next("@hourly", "20261231T235959Z"), "20270101T000000Z");
        assert_eq!(next("0 0 29 2 *", "20260101T000000Z"), "20280229T000000Z");
        for wrong in [
            "",
            "daily",
            "@sometimes",
            "@reboot",
            "* * * *",
            "0 * * * * *",
            "61 * * * *",
            "0 0 30 2 *",
        ] {
            assert!(Schedule::parse(wrong).is_none(), "{wrong}");
        }
    }

    fn made(stamp: &str, is_proved: bool) -> Named {
        Named {
            made_at: instant(stamp).unwrap(),
            is_proved,
        }
    }

    #[test]
    fn so_many_are_kept_and_of_so_many_days() {
        for wrong in [
            "",
            "0",
            "-1",
            "x",
            "last",
            "hourly=3",
            "3,4",
            "daily=0",
            "daily=1,daily=2",
        ] {
            assert_eq!(Keep::parse(wrong), None, "{wrong}");
        }
        let mut names = vec!["firma-20261127T031500Z.part".to_owned(), "notes.txt".to_owned()];
        for (day, hour) in [(20, 3), (26, 3), (26, 15), (27, 3), (27, 15)] {
            names.push(format!("firma-202611{day}T{hour:02}0000Z.backup"));
        }
        names.push("firma-20261031T030000Z.backup".to_owned());
        names.push("firma-20261128T030000Z.unproved.backup".to_owned());
        let gone = |keep: &str| {
            let mut gone = Keep::parse(keep)
                .unwrap()
                .superfluous(&names, &made("20261127T150000Z", true));
            gone.sort();
            let short = |name: String| name.get(10..17).unwrap().to_owned();
            gone.into_iter().map(short).collect::<Vec<_>>()
        };
        assert_eq!(gone("2"), ["1031T03", "1120T03", "1126T03", "1126T15"]);
        assert_eq!(
            gone("last=1,daily=2"),
            ["1031T03", "1120T03", "1126T03", "1127T03"]
        );
        assert_eq!(gone("weekly=2"), ["1031T03", "1126T03", "1126T15", "1127T03"]);
        assert_eq!(gone("daily=2, monthly=2"), ["1120T03", "1126T03", "1127T03"]);
        assert!(gone("100").is_empty());
        let unproved = made("20261128T030000Z", false);
        assert!(
            Keep::parse("1")
                .unwrap()
                .superfluous(&names, &unproved)
                .is_empty()
        );
        // One of a clock that was ahead neither goes nor puts out those that are made now.
        names.push("firma-20271127T030000Z.backup".to_owned());
        names.push("firma-20261127T160000Z.backup".to_owned());
        let now = made("20261127T160000Z", true);
        let gone = Keep::parse("1").unwrap().superfluous(&names, &now);
        assert_eq!(gone.len(), 6);
        assert!(
            gone.iter()
                .all(|name| !name.contains("2027") && !name.contains("T16")),
            "{gone:?}"
        );
    }

    #[test]
    fn names_tell_what_an_archive_is() {
        let made_at = instant("20261127T031500Z").unwrap();
        for is_proved in [true, false] {
            let named = Named { made_at, is_proved };
            assert_eq!(Named::read(&named.write()), Some(named.clone()));
            assert!(!Named::is_left(&named.write()));
        }
        assert!(Named::is_left("firma-20261127T031500Z.part"));
        assert!(Named::is_left("firma-20261127T031500Z.part.scratch"));
        assert!(!Named::is_left("mine.part") && !Named::is_left("firma-mine.part"));
        assert_eq!(Named::read("firma-20261327T031500Z.backup"), None);
    }
}

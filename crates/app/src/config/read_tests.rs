use super::read::*;
use std::time::Duration;

const MAX: std::ops::RangeInclusive<u64> = 1..=u64::MAX;

#[test]
fn times_have_a_unit_or_are_seconds() {
    for (text, seconds) in [
        ("900", 900),
        ("900s", 900),
        ("15m", 900),
        ("12h", 43_200),
        ("7d", 604_800),
        ("1 H", 3600),
    ] {
        assert_eq!(duration(text, MAX), Ok(Duration::from_secs(seconds)), "{text}");
    }
    for text in ["", "m", "-1", "+1", "1.5h", "1w", "15m30s", "0x10", "٣s"] {
        let said = duration(text, MAX).unwrap_err();
        assert_eq!(
            said,
            format!("{text:?} is not a time, such as 900, 30s, 15m, 12h or 7d")
        );
    }
}

#[test]
fn proxies_are_named_by_their_addresses() {
    let two = ranges("127.0.0.1, 2001:db8::/32").unwrap();
    let two: Vec<_> = two.iter().map(ToString::to_string).collect();
    assert_eq!(two, ["127.0.0.1/32", "2001:db8::/32"]);
    for wrong in ["", "*", "10.0.0.1/8", "10.0.0.0/8,", "proxy.example"] {
        assert!(ranges(wrong).is_err(), "{wrong}");
    }
}

#[test]
fn times_and_sizes_stay_in_their_range() {
    assert_eq!(
        duration("0", 1..=60).unwrap_err(),
        "\"0\" is not between 1 and 60 seconds"
    );
    assert_eq!(
        duration("61s", 1..=60).unwrap_err(),
        "\"61s\" is not between 1 and 60 seconds"
    );
    // More than fits is too much, and doesn't wrap.
    assert!(duration("99999999999999999999d", 1..=60).is_err());
    assert!(duration("18446744073709551615d", 1..=60).is_err());
    assert!(size("0", 1..=64_000_000).is_err());
    assert!(size("64000001", 1..=64_000_000).is_err());
    assert_eq!(size("64MB", 1..=64_000_000), Ok(64_000_000));
}

#[test]
fn sizes_are_decimal_unless_they_say_i() {
    for (text, bytes) in [
        ("1", 1),
        ("10B", 10),
        ("512kB", 512_000),
        ("2MB", 2_000_000),
        ("2 mb", 2_000_000),
        ("2MiB", 2_097_152),
    ] {
        assert_eq!(size(text, MAX), Ok(bytes), "{text}");
    }
    for text in ["", "MB", "2.5MB", "2GB", "2 M B", "-2MB"] {
        assert!(size(text, MAX).is_err(), "{text}");
    }
}

#[test]
fn numbers_stay_in_their_range() {
    assert_eq!(number("10", 10..=16), Ok(10));
    assert_eq!(number("16", 10..=16), Ok(16));
    for text in ["9", "17", "", "twelve", "12.0", "-12", "4294967308"] {
        assert_eq!(
            number(text, 10..=16).unwrap_err(),
            format!("{text:?} is not a whole number from 10 to 16")
        );
    }
}

#[test]
fn a_role_needs_no_quoting_in_sql() {
    for text in ["firma_app", "_", "a1", &"a".repeat(63)] {
        assert_eq!(role(text).as_deref(), Ok(text));
    }
    for text in [
        "",
        "1a",
        "Firma",
        "firma-app",
        "a\"; drop",
        "çalışan",
        &"a".repeat(64),
    ] {
        assert!(role(text).is_err(), "{text}");
    }
}

#[test]
fn a_log_filter_is_checked_before_the_logger_skips_half_of_it() {
    for text in [
        "info",
        "off",
        "WARN",
        "warn,firma=debug",
        "info, actix_web::middleware=trace",
        "firma_http=debug",
        "info/deal",
        "warn,rustls=debug",
        "warn,firma_services::platform",
    ] {
        assert_eq!(log_filter(text).as_deref(), Ok(text));
    }
    for text in [
        "firma=loud",
        "=debug",
        "info,,warn",
        "info/deal/paid",
        "a b",
        "firma=info=debug",
        "nonsense",
        "info,firma_htp",
    ] {
        assert!(log_filter(text).is_err(), "{text}");
    }
}

#[test]
fn addresses_and_words_are_exact() {
    assert!(address("[::1]:8080").is_ok() && address("0.0.0.0:0").is_ok());
    for text in ["localhost:8080", "127.0.0.1", ":8080", "127.0.0.1:65536"] {
        assert!(address(text).is_err(), "{text}");
    }
    assert!(log_format("JSON").is_err() && migrate("yes").is_err());
}

#[test]
fn a_long_wrong_value_is_cut() {
    let said = address(&"x".repeat(10_000)).unwrap_err();
    assert!(said.len() < 150, "{said}");
}

#[test]
fn backups_have_a_schedule_and_a_number() {
    assert!(schedule("15 3 * * *").is_ok() && schedule("@daily").is_ok());
    assert!(
        schedule("every day")
            .unwrap_err()
            .contains("is not a schedule: five fields of cron")
    );
    assert!(keep("last=3,daily=7").is_ok());
    assert!(keep("many").unwrap_err().contains("is not a number of backups"));
}

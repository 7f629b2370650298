//! Turns the text of one setting into its value, or says what it has to be. What may be a secret is
//! never repeated in the answer.
use super::value::{Hidden, LogFormat, Migrate};
use crate::archive::{Keep, Schedule};
use firma_adapters::{OtlpSettings, OutboxFolder, SmtpMailer};
use firma_domain::IpRange;
use firma_domain::identity::Signup;
use std::net::SocketAddr;
use std::ops::RangeInclusive;
use std::path::PathBuf;
use std::time::Duration;

pub(super) type Read<T> = Result<T, String>;

pub(super) fn wrong<T>(text: &str, what: &str) -> Read<T> {
    // A wrongly named `_FILE` may be long.
    let shown: String = text.chars().take(60).collect();
    Err(format!("{shown:?} is not {what}"))
}

pub(super) fn path(text: &str) -> Read<PathBuf> {
    Ok(PathBuf::from(text))
}

pub(super) fn address(text: &str) -> Read<SocketAddr> {
    text.parse()
        .or_else(|_| wrong(text, "an address and port, such as 127.0.0.1:8080"))
}

pub(super) fn log_format(text: &str) -> Read<LogFormat> {
    match text {
        "text" => Ok(LogFormat::Text),
        "json" => Ok(LogFormat::Json),
        _ => wrong(text, "text or json"),
    }
}

pub(super) fn migrate(text: &str) -> Read<Migrate> {
    match text {
        "manual" => Ok(Migrate::Manual),
        "auto" => Ok(Migrate::Auto),
        _ => wrong(text, "manual or auto"),
    }
}

/// Whether everybody needs one.
pub(super) fn second_factor(text: &str) -> Read<bool> {
    match text {
        "optional" => Ok(false),
        "required" => Ok(true),
        _ => wrong(text, "optional or required"),
    }
}

/// The name of a header, in small letters.
pub(super) fn header(text: &str) -> Read<String> {
    let is_fine = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
    match !text.is_empty() && text.len() <= 100 && text.bytes().all(is_fine) {
        true => Ok(text.to_ascii_lowercase()),
        false => wrong(text, "the name of a header, such as CF-IPCountry"),
    }
}

pub(super) fn signup(text: &str) -> Read<Signup> {
    text.parse().or_else(|()| wrong(text, "open, invite or off"))
}

/// Crates whose lines may be asked for without a level.
const LOGGING: [&str; 11] = [
    "firma",
    "firma_adapters",
    "firma_auth",
    "firma_console",
    "firma_domain",
    "firma_http",
    "firma_persistence",
    "firma_services",
    "actix_http",
    "actix_server",
    "actix_web",
];

/// The logger itself would skip a part that it doesn't understand, and takes any word for a crate: then it is silent.
pub(super) fn log_filter(text: &str) -> Read<String> {
    let is_level = |level: &str| level.parse::<log::LevelFilter>().is_ok();
    let is_crate = |target: &str| {
        target
            .split("::")
            .next()
            .is_some_and(|name| LOGGING.contains(&name))
    };
    let is_fine = |part: &str| match part.split_once('=') {
        Some((target, level)) => !target.is_empty() && is_level(level),
        None => is_level(part) || is_crate(part),
    };
    // What the lines have to contain may stand behind a slash.
    let levels = text.split_once('/').map_or(text, |(levels, _)| levels);
    if levels.split(',').map(str::trim).all(is_fine) && text.matches('/').count() < 2 {
        return Ok(text.to_owned());
    }
    wrong(
        text,
        "a log filter, such as info, or warn,firma=debug,rustls=info",
    )
}

pub(super) fn role(text: &str) -> Read<String> {
    let is_letter = |c: char| c.is_ascii_lowercase() || c == '_';
    let is_fine = text.starts_with(is_letter)
        && text.len() <= 63
        && text.chars().all(|c| is_letter(c) || c.is_ascii_digit());
    if is_fine {
        return Ok(text.to_owned());
    }
    wrong(
        text,
        "a role of a-z, 0-9 and _, at most 63 long, not beginning with a digit",
    )
}

pub(super) fn number(text: &str, range: RangeInclusive<u32>) -> Read<u32> {
    match text.parse() {
        Ok(number) if range.contains(&number) => Ok(number),
        _ => wrong(
            text,
            &format!("a whole number from {} to {}", range.start(), range.end()),
        ),
    }
}

/// The range is in seconds.
pub(super) fn duration(text: &str, range: RangeInclusive<u64>) -> Read<Duration> {
    let units = [("", 1), ("s", 1), ("m", 60), ("h", 3600), ("d", 86_400)];
    match scaled(text, &units) {
        Some(seconds) if range.contains(&seconds) => Ok(Duration::from_secs(seconds)),
        Some(_) => Err(format!(
            "{text:?} is not between {} and {} seconds",
            range.start(),
            range.end()
        )),
        None => wrong(text, "a time, such as 900, 30s, 15m, 12h or 7d"),
    }
}

pub(super) fn schedule(text: &str) -> Read<Schedule> {
    let what = "a schedule: five fields of cron such as \"15 3 * * *\", @hourly, @daily, @weekly or @monthly";
    Schedule::parse(text).map_or_else(|| wrong(text, what), Ok)
}

pub(super) fn keep(text: &str) -> Read<Keep> {
    let what = "a number of backups, or such as last=3,daily=7,weekly=4,monthly=12";
    Keep::parse(text).map_or_else(|| wrong(text, what), Ok)
}

/// The range is in bytes. MB is a million, MiB is 1024².
pub(super) fn size(text: &str, range: RangeInclusive<u64>) -> Read<usize> {
    let units = [
        ("", 1),
        ("b", 1),
        ("kb", 1000),
        ("kib", 1024),
        ("mb", 1_000_000),
        ("mib", 1_048_576),
    ];
    match scaled(text, &units) {
        Some(bytes) if range.contains(&bytes) => usize::try_from(bytes).map_err(|error| error.to_string()),
        Some(_) => Err(format!(
            "{text:?} is not between {} and {} bytes",
            range.start(),
            range.end()
        )),
        None => wrong(text, "a size, such as 500000, 512KB, 2MB or 2MiB"),
    }
}

fn scaled(text: &str, units: &[(&str, u64)]) -> Option<u64> {
    let digits = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (number, unit) = text.split_at_checked(digits)?;
    let (_, scale) = units
        .iter()
        .find(|(name, _)| name.eq_ignore_ascii_case(unit.trim()))?;
    // Too large for u64 is too large for every range.
    let number: u64 = if number.is_empty() {
        return None;
    } else {
        number.parse().unwrap_or(u64::MAX)
    };
    Some(number.saturating_mul(*scale))
}

pub(super) fn ranges(text: &str) -> Read<Vec<IpRange>> {
    let range = |part: &str| {
        let range = IpRange::parse(part.trim()).map(Ok);
        range.unwrap_or_else(|| wrong(part, "a range of addresses, such as 10.0.0.0/8 or 127.0.0.1"))
    };
    text.split(',').map(range).collect()
}

pub(super) fn sender(text: &str) -> Read<String> {
    match OutboxFolder::new(PathBuf::new(), text) {
        Ok(_) => Ok(text.to_owned()),
        Err(_) => wrong(text, "a sender, such as Firma <firma@example.com>"),
    }
}

/// There may be a password in it, so it isn't repeated.
pub(super) fn smtp(text: &str) -> Read<Hidden<String>> {
    match SmtpMailer::new(text, "firma@localhost") {
        Ok(_) => Ok(Hidden::new(text.to_owned())),
        Err(_) => Err("is neither smtp://HOST:PORT nor smtps://USER:PASSWORD@HOST".to_owned()),
    }
}

/// A collector of OpenTelemetry.
pub(super) fn endpoint(text: &str) -> Read<String> {
    match OtlpSettings::is_endpoint(text) {
        true => Ok(text.to_owned()),
        // There may be a password in it.
        false => Err("is not an address such as http://localhost:4318".to_owned()),
    }
}

pub(super) fn service_name(text: &str) -> Read<String> {
    Ok(text.to_owned())
}

/// Of the ways that the specification knows, this one is spoken.
pub(super) fn otlp_protocol(text: &str) -> Read<String> {
    match text {
        "http/protobuf" => Ok(text.to_owned()),
        _ => wrong(text, "http/protobuf, the only protocol that is spoken"),
    }
}

/// Keys are among them, so they aren't repeated.
pub(super) fn headers(text: &str) -> Read<Hidden<Vec<(String, String)>>> {
    OtlpSettings::headers(text)
        .map(Hidden::new)
        .ok_or_else(|| "is not NAME=VALUE, several between commas, the values percent-encoded".to_owned())
}

pub(super) fn attributes(text: &str) -> Read<Vec<(String, String)>> {
    OtlpSettings::pairs(text).map(Ok).unwrap_or_else(|| {
        wrong(
            text,
            "NAME=VALUE, several between commas, the values percent-encoded",
        )
    })
}

pub(super) fn secret(text: &str) -> Read<Hidden<[u8; 32]>> {
    crate::secret::decode(text)
        .map(Hidden::new)
        .ok_or_else(|| "is not exactly 32 bytes in base64".to_owned())
}

/// It goes into a header, and is all that keeps strangers out.
pub(super) fn token(text: &str) -> Read<Hidden<String>> {
    let fits = (16..=255).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_graphic());
    fits.then(|| Hidden::new(text.to_owned()))
        .ok_or_else(|| "is not 16 to 255 letters, digits or signs without blanks".to_owned())
}

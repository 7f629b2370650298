//! What stands in a cell as the value of a field. What a field holds is asked of the entity itself: of
//! samples, which one it takes.

use firma_domain::value::decimal;
use firma_domain::{Currency, Day, Entity, FieldError, Invalid, input};
use serde_json::{Value, json};

/// What a field holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Text,
    Truth,
    Whole,
    Day,
    Instant,
    Amount,
    Decimal,
    List,
    Id,
}

/// How cells are written.
#[derive(Debug, Clone)]
pub(super) struct Style {
    /// The places of day, month and year
    pub date: Option<[usize; 3]>,
    pub decimal: Option<char>,
    pub list: char,
    pub currency: Currency,
}

/// What is wrong with a cell: a code, and what for a person.
pub(super) type Wrong = (&'static str, String);

impl Kind {
    /// What stands for nothing.
    pub(super) fn empty(self) -> Value {
        match self {
            Kind::List => json!([]),
            Kind::Truth => json!(false),
            _ => Value::Null,
        }
    }

    /// What the field `name` of `E` holds; a dot leads into a field of several.
    pub(super) fn of<E: Entity>(name: &str) -> Result<Kind, FieldError> {
        let samples = [
            (Some(Kind::Text), json!("~")),
            (Some(Kind::Truth), json!(true)),
            (Some(Kind::Whole), json!(1)),
            (Some(Kind::Day), json!("2000-01-31")),
            (Some(Kind::Instant), json!("2000-01-31T00:00:00Z")),
            (Some(Kind::Amount), json!({"amount": "1", "currency": "EUR"})),
            (Some(Kind::Decimal), json!("0.5")),
            (Some(Kind::Id), json!("00000000-0000-7000-8000-000000000000")),
            // One of several fields takes a list too, as theirs in a row.
            (None, json!({})),
            (Some(Kind::List), json!(["~"])),
            (Some(Kind::List), json!(["~@example.com"])),
        ];
        let outer = name.split_once('.').map(|(outer, _)| format!("#/{outer}"));
        let own = format!("#/{}", name.replacen('.', "/", 1));
        for (kind, sample) in samples {
            match taken::<E>(name, sample) {
                Ok(()) => {
                    return kind.ok_or_else(|| FieldError {
                        pointer: own,
                        code: "invalid_value".into(),
                        detail: format!("has fields of its own: name one, such as {name}.city"),
                    });
                }
                Err(error)
                    if error.pointer == own
                        && ["unknown_field", "read_only"].contains(&error.code.as_ref()) =>
                {
                    return Err(error);
                }
                // There is no such field to lead into, or it has none.
                Err(error)
                    if outer.as_ref() == Some(&error.pointer)
                        && ["unknown_field", "read_only", "invalid_type"].contains(&error.code.as_ref()) =>
                {
                    return Err(FieldError {
                        pointer: own,
                        code: "unknown_field".into(),
                        detail: "is not a field that a cell becomes".into(),
                    });
                }
                Err(_) => {}
            }
        }
        // One of a few words, or a text with rules: what isn't is told row by row.
        Ok(Kind::Text)
    }
}

fn taken<E: Entity>(name: &str, sample: Value) -> Result<(), FieldError> {
    let body = match name.split_once('.') {
        Some((outer, inner)) => json!({outer: {inner: sample}}),
        None => json!({name: sample}),
    };
    let Err(Invalid(errors)) = input::fits::<E>(body) else {
        return Ok(());
    };
    errors.into_iter().next().map_or(Ok(()), Err)
}

/// The places of day, month and year in a format such as `DD.MM.YYYY`.
pub(super) fn date_order(format: &str) -> Option<[usize; 3]> {
    let parts: Vec<_> = format
        .split(|c: char| !c.is_ascii_alphabetic())
        .filter(|part| !part.is_empty())
        .collect();
    let place = |letter: char| {
        let of = |part: &&str| part.chars().all(|c| c.eq_ignore_ascii_case(&letter));
        parts.iter().position(of)
    };
    let all = [place('D')?, place('M')?, place('Y')?];
    (parts.len() == 3).then_some(all)
}

/// A cell that isn't empty, as JSON. An amount takes its currency from `currency`.
pub(super) fn value(kind: Kind, cell: &str, style: &Style, currency: Option<&str>) -> Result<Value, Wrong> {
    let no = |what: &str| ("invalid_value", format!("{} is no {what}", quoted(cell)));
    Ok(match kind {
        Kind::Text | Kind::Id => json!(cell),
        Kind::Truth => match cell.to_lowercase().as_str() {
            "true" | "yes" | "1" => json!(true),
            "false" | "no" | "0" => json!(false),
            _ => return Err(no("true or false")),
        },
        Kind::Whole => {
            let number = number(cell, style.decimal).and_then(|number| number.parse::<i64>().ok());
            json!(number.ok_or_else(|| no("whole number"))?)
        }
        Kind::Day => {
            let hint = match style.date {
                Some(_) => "date as date_format says",
                None => "date such as 2026-01-31; the option date_format tells of others",
            };
            json!(day(cell, style.date).ok_or_else(|| no(hint))?.to_string())
        }
        Kind::Instant => match day(cell, style.date) {
            Some(day) => json!(format!("{day}T00:00:00Z")),
            None => json!(cell),
        },
        Kind::Amount => {
            let amount = number(cell, style.decimal).ok_or_else(|| no(NUMBER))?;
            json!({"amount": amount, "currency": currency.unwrap_or(style.currency.code())})
        }
        Kind::Decimal => json!(share(cell, style.decimal).ok_or_else(|| no(NUMBER))?),
        Kind::List => {
            let entries = cell
                .split(style.list)
                .map(str::trim)
                .filter(|entry| !entry.is_empty());
            json!(entries.collect::<Vec<_>>())
        }
    })
}

const NUMBER: &str = "number such as 1234.50; the option decimal tells of others";

/// A cell in a message, cut where it is long.
pub(super) fn quoted(cell: &str) -> String {
    let short: String = cell.chars().filter(|c| !c.is_control()).take(40).collect();
    let dots = if short.len() < cell.len() { "…" } else { "" };
    format!("\"{short}{dots}\"")
}

/// A day, with midnight behind it or without.
fn day(cell: &str, order: Option<[usize; 3]>) -> Option<Day> {
    let (date, time) = cell.split_once([' ', 'T']).unwrap_or((cell, ""));
    if !time.chars().all(|c| matches!(c, '0' | ':' | '.' | 'Z')) {
        return None;
    }
    if let Ok(day) = date.parse() {
        return Some(day);
    }
    let parts: Vec<_> = date
        .split(['.', '/', '-'])
        .filter(|part| !part.is_empty())
        .collect();
    let [d, m, y] = order?.map(|place| parts.get(place).copied());
    let (d, m, y) = (d?, m?, y?);
    let fits = parts.len() == 3 && y.len() == 4 && d.len() <= 2 && m.len() <= 2;
    fits.then(|| format!("{y}-{m:0>2}-{d:0>2}").parse().ok())
        .flatten()
}

/// A number as JSON has it in a text. Only where it is said what stands before the decimals may something
/// part the thousands: else 1,234 would be read as what it may not be.
fn number(cell: &str, decimal: Option<char>) -> Option<String> {
    let (sign, digits) = match cell.strip_prefix(['-', '\u{2212}']) {
        Some(rest) => ("-", rest),
        None => ("", cell),
    };
    let all_digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    let (whole, fraction) = digits.split_once(decimal.unwrap_or('.')).unwrap_or((digits, "0"));
    if !all_digits(fraction) {
        return None;
    }
    let parted = |c: char| match c {
        '.' | ',' | '\'' | '\u{2019}' | ' ' | '\u{a0}' | '\u{202f}' => decimal.is_some(),
        _ => false,
    };
    let groups: Vec<_> = whole.split(parted).collect();
    let of_three = groups.iter().skip(1).all(|group| group.len() == 3);
    let first = groups
        .first()
        .is_some_and(|group| groups.len() == 1 || group.len() <= 3);
    let whole = groups.concat();
    if !(of_three && first && all_digits(&whole)) {
        return None;
    }
    let fraction = match decimal {
        // 1.500 may be a thousand and a half: unless that is said, its zeros count.
        Some(_) => fraction.trim_end_matches('0'),
        None if digits.len() == whole.len() => "",
        None => fraction,
    };
    let dot = if fraction.is_empty() { "" } else { "." };
    Some(format!("{sign}{whole}{dot}{fraction}"))
}

/// A number, or so many in a hundred.
fn share(cell: &str, decimal: Option<char>) -> Option<String> {
    match cell.strip_suffix('%') {
        Some(percent) => {
            let scaled = decimal::parse(&number(percent.trim_end(), decimal)?, 2)?;
            Some(decimal::print(scaled, 4))
        }
        None => number(cell, decimal),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use firma_domain::crm::{Company, Contact, Deal, Stage};

    #[test]
    fn an_entity_tells_what_its_fields_hold() {
        let deal = |name| Kind::of::<Deal>(name).map_err(|e| e.code.to_string());
        assert_eq!(deal("title"), Ok(Kind::Text));
        assert_eq!(deal("company_id"), Ok(Kind::Id));
        assert_eq!(deal("value"), Ok(Kind::Amount));
        assert_eq!(deal("probability"), Ok(Kind::Decimal));
        assert_eq!(deal("opened_on"), Ok(Kind::Day));
        assert_eq!(deal("tags"), Ok(Kind::List));
        assert_eq!(deal("status"), Err("read_only".into()));
        assert_eq!(deal("colour"), Err("unknown_field".into()));
        let company = |name| Kind::of::<Company>(name).map_err(|e| e.code.to_string());
        assert_eq!(company("size"), Ok(Kind::Text));
        assert_eq!(company("email"), Ok(Kind::Text));
        assert_eq!(company("billing_address.city"), Ok(Kind::Text));
        assert_eq!(company("billing_address"), Err("invalid_value".into()));
        assert_eq!(company("billing_address.zip"), Err("unknown_field".into()));
        assert_eq!(Kind::of::<Stage>("position").unwrap(), Kind::Whole);
        for field in ["emails", "phones", "tags"] {
            assert_eq!(Kind::of::<Contact>(field).unwrap(), Kind::List, "{field}");
        }
    }

    #[test]
    fn numbers_are_read_in_one_way_or_not() {
        let plain = |cell| number(cell, None);
        assert_eq!(plain("1234.5").as_deref(), Some("1234.5"));
        assert_eq!(plain("-1054").as_deref(), Some("-1054"));
        assert_eq!(plain("1.500").as_deref(), Some("1.500"));
        for unsure in [
            "1,234", "1 234", "1.234,50", "1e3", "", "-", ".5", "5.", "12a", "€5",
        ] {
            assert_eq!(plain(unsure), None, "{unsure}");
        }
        let comma = |cell| number(cell, Some(','));
        assert_eq!(comma("1.234,50").as_deref(), Some("1234.5"));
        assert_eq!(comma("1.500").as_deref(), Some("1500"));
        assert_eq!(comma("1 234 567,125").as_deref(), Some("1234567.125"));
        assert_eq!(comma("12\u{a0}000").as_deref(), Some("12000"));
        for wrong in ["12.34", "1.2345,0", "1,2,3", "1234.567", ".5", "1,"] {
            assert_eq!(comma(wrong), None, "{wrong}");
        }
        let dot = |cell| number(cell, Some('.'));
        assert_eq!(dot("1,234.50").as_deref(), Some("1234.5"));
        assert_eq!(dot("1'234").as_deref(), Some("1234"));
        assert_eq!(share("62,5 %", Some(',')).as_deref(), Some("0.6250"));
        assert_eq!(share("0.5", None).as_deref(), Some("0.5"));
    }

    #[test]
    fn dates_are_read_as_it_is_said() {
        let read = |cell, format: &str| day(cell, date_order(format)).map(|day| day.to_string());
        assert_eq!(read("31.12.2016", "DD.MM.YYYY").as_deref(), Some("2016-12-31"));
        assert_eq!(read("1.2.2016.", "DD.MM.YYYY").as_deref(), Some("2016-02-01"));
        assert_eq!(read("2/1/2016", "MM/DD/YYYY").as_deref(), Some("2016-02-01"));
        assert_eq!(read("2016-12-31", "DD.MM.YYYY").as_deref(), Some("2016-12-31"));
        assert_eq!(
            read("2016-12-31 00:00:00", "DD.MM.YYYY").as_deref(),
            Some("2016-12-31")
        );
        for wrong in [
            "31.12.16",
            "12.31.2016",
            "31.12.",
            "2016-12-31 12:00",
            "31.12.2016.1",
            "42735",
        ] {
            assert_eq!(read(wrong, "DD.MM.YYYY"), None, "{wrong}");
        }
        assert_eq!(day("31.12.2016", None), None);
        for wrong in ["", "DD.MM", "MM.MM.YYYY", "DD.MM.YYYY.DD", "dates"] {
            assert_eq!(date_order(wrong), None, "{wrong}");
        }
    }
}

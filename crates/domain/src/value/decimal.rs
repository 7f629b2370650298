//! Exact decimals as scaled integers: no value of Firma passes through a float.

/// Reads `-12.5` with at most `places` decimals into an integer of units of 10^-`places`.
/// `None` for anything else: signs in front other than `-`, blanks, exponents, too many decimals,
/// or a value beyond 64 bits.
pub fn parse(text: &str, places: u32) -> Option<i64> {
    let (negative, digits) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text),
    };
    let (whole, fraction) = match digits.split_once('.') {
        Some((whole, fraction)) if !fraction.is_empty() => (whole, fraction),
        Some(_) => return None,
        None => (digits, ""),
    };
    let all_digits = |part: &str| part.bytes().all(|b| b.is_ascii_digit());
    if whole.is_empty() || !all_digits(whole) || !all_digits(fraction) {
        return None;
    }
    let missing = places.checked_sub(u32::try_from(fraction.len()).ok()?)?;
    let fraction: i64 = if fraction.is_empty() {
        0
    } else {
        fraction.parse().ok()?
    };
    let scaled = whole
        .parse::<i64>()
        .ok()?
        .checked_mul(10i64.checked_pow(places)?)?
        .checked_add(fraction.checked_mul(10i64.checked_pow(missing)?)?)?;
    Some(if negative { -scaled } else { scaled })
}

/// Writes an integer of units of 10^-`places` with exactly `places` decimals.
pub fn print(scaled: impl Into<i128>, places: u32) -> String {
    let scaled: i128 = scaled.into();
    if places == 0 {
        return scaled.to_string();
    }
    let magnitude = scaled.unsigned_abs();
    // Nearly all fit, and 128 bits are written many times slower.
    let digits = u64::try_from(magnitude).map_or_else(|_| magnitude.to_string(), |small| small.to_string());
    let decimals = usize::try_from(places).unwrap_or(0);
    let zeros = (decimals + 1).saturating_sub(digits.len());
    let mut text = String::with_capacity(digits.len() + zeros + 2);
    if scaled < 0 {
        text.push('-');
    }
    text.extend(std::iter::repeat_n('0', zeros));
    text.push_str(&digits);
    text.insert(text.len() - decimals, '.');
    text
}

/// `numerator` ÷ `denominator` in units of 10^-`places`, rounded half away from zero;
/// `None` where the denominator is zero or the result beyond 64 bits.
pub fn ratio(numerator: i64, denominator: i64, places: u32) -> Option<i64> {
    if denominator == 0 {
        return None;
    }
    let (n, d) = (i128::from(numerator), i128::from(denominator));
    let scaled = n.checked_mul(10i128.checked_pow(places)?)?;
    let half = d.abs();
    let (twice, whole) = (2 * (scaled % d).abs(), scaled / d);
    let away = if twice >= half {
        scaled.signum() * d.signum()
    } else {
        0
    };
    i64::try_from(whole + away).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn what_is_printed_is_read_back(scaled in any::<i32>(), places in 0u32..7) {
            prop_assert_eq!(parse(&print(i64::from(scaled), places), places), Some(i64::from(scaled)));
        }

        #[test]
        fn what_is_printed_has_all_digits_and_a_point(scaled in any::<i128>(), shift in 0u32..120, places in 1usize..7) {
            let scaled = scaled >> shift;
            let digits = format!("{:0>1$}", scaled.unsigned_abs(), places + 1);
            let (whole, fraction) = digits.split_at(digits.len() - places);
            let sign = if scaled < 0 { "-" } else { "" };
            prop_assert_eq!(print(scaled, places.try_into().unwrap()), format!("{sign}{whole}.{fraction}"));
        }

        #[test]
        fn a_ratio_is_never_off_by_more_than_half_a_unit(n in -1_000_000i64..1_000_000, d in 1i64..10_000) {
            let r = ratio(n, d, 4).unwrap();
            prop_assert!((i128::from(r) * i128::from(d) * 2 - i128::from(n) * 20_000).abs() <= i128::from(d));
        }
    }

    #[test]
    fn refuses_what_is_no_plain_decimal() {
        for text in [
            "",
            "-",
            ".5",
            "5.",
            "1e3",
            "+1",
            " 1",
            "1 ",
            "1,5",
            "0x1",
            "1.234",
            "٣",
            "99999999999999999999",
        ] {
            assert_eq!(parse(text, 2), None, "{text:?}");
        }
        assert_eq!(parse("-0.5", 2), Some(-50));
        assert_eq!(ratio(1, 8, 2), Some(13));
        assert_eq!(ratio(-1, 8, 2), Some(-13));
        assert_eq!(ratio(1, 0, 2), None);
    }
}

use validator::ValidationError;

/// A language tag of BCP 47 in its usual form: a language of 2 or 3 letters, and parts of 2 to 8 letters or digits.
pub(crate) fn locale(tag: &str) -> Result<(), ValidationError> {
    let mut parts = tag.split('-');
    let language = parts.next().unwrap_or_default();
    let is_language = (2..=3).contains(&language.len()) && language.bytes().all(|b| b.is_ascii_alphabetic());
    let is_part = |part: &str| (2..=8).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_alphanumeric());
    match is_language && parts.all(is_part) {
        true => Ok(()),
        false => Err(ValidationError::new("locale")
            .with_message("is not a language tag such as de or sr-Latn-RS".into())),
    }
}

/// A time zone of the IANA database.
pub(crate) fn timezone(name: &str) -> Result<(), ValidationError> {
    match name.parse::<chrono_tz::Tz>() {
        Ok(_) => Ok(()),
        Err(_) => Err(ValidationError::new("timezone")
            .with_message("is not a time zone such as Europe/Belgrade".into())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn knows_tags_and_zones() {
        for good in ["de", "tr-TR", "sr-Latn-RS", "es-419", "EN-us"] {
            assert!(locale(good).is_ok(), "{good}");
        }
        for bad in ["", "d", "deutsch", "de_DE", "de-", "de--AT", "1e", "de-überall", "de-123456789"] {
            assert!(locale(bad).is_err(), "{bad}");
        }
        assert!(timezone("Europe/Belgrade").is_ok() && timezone("UTC").is_ok());
        for bad in ["", "Europe", "Europe/Nowhere", "+01:00", "../etc/passwd"] {
            assert!(timezone(bad).is_err(), "{bad}");
        }
    }
}

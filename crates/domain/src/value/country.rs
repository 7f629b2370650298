use validator::ValidationError;

/// Refuses what is no code of ISO 3166 alpha-2, such as `RS`. A text of another length is left to the
/// check of its length.
pub(crate) fn country(code: &str) -> Result<(), ValidationError> {
    if code.chars().count() != 2 || code.parse::<iso_country::Country>().is_ok() {
        return Ok(());
    }
    Err(ValidationError::new("country").with_message("is not a code of ISO 3166 alpha-2".into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn knows_the_countries() {
        for code in ["RS", "TR", "DE", "US"] {
            assert!(country(code).is_ok(), "{code}");
        }
        for code in ["rs", "Rs", "ZZ", "R1", "ÇÇ"] {
            assert!(country(code).is_err(), "{code}");
        }
    }
}

use validator::{ValidateUrl, ValidationError};

/// Refuses what isn't an address of the web: a page shows it as a link, and `javascript:` is a URL, too.
pub(crate) fn website(text: &str) -> Result<(), ValidationError> {
    let scheme = text.split_once("://").map_or("", |(scheme, _)| scheme);
    let is_web = ["http", "https"]
        .iter()
        .any(|web| scheme.eq_ignore_ascii_case(web));
    match is_web && text.validate_url() {
        true => Ok(()),
        false => Err(ValidationError::new("url").with_message("is not an http or https URL".into())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_leads_to_a_page_is_one() {
        for fine in [
            "https://nord.example",
            "HTTP://nord.example:8080/a?b#c",
            "https://münchen.example/ü",
        ] {
            assert!(website(fine).is_ok(), "{fine}");
        }
        for wrong in [
            "nord.example",
            "javascript:alert(1)",
            "javascript://nord.example/%0Aalert(1)",
            "data:text/html,x",
            "ftp://nord.example",
            "mailto:a@nord.example",
            "http:nord.example",
            "https://",
        ] {
            assert!(website(wrong).is_err(), "{wrong}");
        }
    }
}

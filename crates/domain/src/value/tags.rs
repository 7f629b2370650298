use validator::ValidationError;

/// At most 50 tags of 1 to 50 characters each, none twice.
pub(crate) fn tags(tags: &[String]) -> Result<(), ValidationError> {
    let fits = |tag: &String| (1..=50).contains(&tag.chars().count());
    let twice = tags
        .iter()
        .enumerate()
        .any(|(n, tag)| tags.iter().skip(n + 1).any(|other| other == tag));
    match tags.len() <= 50 && tags.iter().all(fits) && !twice {
        true => Ok(()),
        false => Err(ValidationError::new("tags")
            .with_message("has to be at most 50 tags of 1 to 50 characters, none twice".into())),
    }
}

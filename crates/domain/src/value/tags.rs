use validator::ValidationError;

/// At most 50 tags of 1 to 50 characters each, none twice.
pub(crate) fn tags(tags: &[String]) -> Result<(), ValidationError> {
    let fits = |tag: &String| (1..=50).contains(&tag.chars().count());
    // Pair by pair: of a few alone.
    let twice = || {
        tags.iter()
            .enumerate()
            .any(|(n, tag)| tags.iter().skip(n + 1).any(|other| other == tag))
    };
    match tags.len() <= 50 && tags.iter().all(fits) && !twice() {
        true => Ok(()),
        false => Err(ValidationError::new("tags")
            .with_message("has to be at most 50 tags of 1 to 50 characters, none twice".into())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn many_tags_are_counted_before_they_are_compared() {
        let numbered = |count: usize| (0..count).map(|n| format!("{n:08}")).collect::<Vec<_>>();
        assert!(tags(&numbered(50)).is_ok() && tags(&numbered(51)).is_err());
        // As many as a body holds: each with each would take many minutes.
        assert!(tags(&numbered(180_000)).is_err());
        assert!(tags(&["a".into(), "b".into(), "a".into()]).is_err());
    }
}

//! Passwords that everybody tries first.

use std::collections::HashSet;
use std::sync::LazyLock;
use unicode_normalization::UnicodeNormalization;

/// Those of at least eight characters, folded and sorted: shorter ones are refused anyway. From the list of common
/// passwords of zxcvbn, whose licence stands beside it.
const LIST: &str = include_str!("common/passwords.txt");

/// Whether it is in the list, whatever the case, or says the same again and again, or counts up or down.
pub(crate) fn is_common(password: &str) -> bool {
    static KNOWN: LazyLock<HashSet<&str>> = LazyLock::new(|| LIST.lines().collect());
    let folded: String = password.nfkc().flat_map(char::to_lowercase).collect();
    let letters: Vec<char> = folded.chars().collect();
    KNOWN.contains(folded.as_str()) || repeats(&letters) || counts(&letters)
}

/// One part, at least twice: `abcabcab`.
fn repeats(letters: &[char]) -> bool {
    let is_period = |n: usize| letters.iter().skip(n).zip(letters).all(|(a, b)| a == b);
    (1..=letters.len() / 2).any(is_period)
}

/// Each the next one of the one before: `abcdefgh`, `87654321`. A zero comes after nine.
fn counts(letters: &[char]) -> bool {
    let is_next =
        |a: &char, b: &char| u32::from(*b) == u32::from(*a).saturating_add(1) || (*a, *b) == ('9', '0');
    let pairs = || letters.iter().zip(letters.iter().skip(1));
    letters.len() > 1 && (pairs().all(|(a, b)| is_next(a, b)) || pairs().all(|(a, b)| is_next(b, a)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn knows_what_is_tried_first() {
        for common in [
            "password",
            "PassWord",
            "12345678",
            "qwertyui",
            "ｐａｓｓｗｏｒｄ",
            "iloveyou",
        ] {
            assert!(is_common(common), "{common}");
        }
        for repeated in [
            "aaaaaaaaaaaaaaa",
            "hellohellohello",
            "abcabcabcabcabca",
            "abcdefghijklmnop",
            "ponmlkjihgfedcba",
        ] {
            assert!(is_common(repeated), "{repeated}");
        }
        for fine in [
            "correct horse battery staple",
            "nobody has this password",
            "a password of its own",
        ] {
            assert!(!is_common(fine), "{fine}");
        }
    }

    #[test]
    fn the_list_is_sorted_folded_and_small() {
        let lines: Vec<&str> = LIST.lines().collect();
        assert!(lines.len() > 15_000 && LIST.len() < 250_000);
        assert!(lines.windows(2).all(|pair| pair[0] < pair[1]));
        let folded = |line: &&str| line.chars().count() >= 8 && line.to_lowercase() == **line;
        assert!(lines.iter().all(folded));
    }
}

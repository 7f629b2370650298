//! Passwords that everybody tries first.

use unicode_normalization::UnicodeNormalization;

/// 20,000 of at least eight characters, folded and sorted: shorter ones are refused anyway. Where they are from
/// stands beside them.
const LIST: &str = include_str!("common/passwords.txt");
/// The fewest and the most characters of one of the list.
const LISTED: std::ops::RangeInclusive<usize> = 8..=30;
/// So many characters have to be left of a password when what is common, or known of its user, is taken out.
const OWN: usize = 8;
/// Words of fewer characters are in too many passwords by chance.
const SHORTEST_WORD: usize = 4;
/// What the product is called.
const PRODUCT: &str = "firma";

/// Whether a password is in the list, whatever the case, or says the same again and again, or counts up or down, or
/// is made of such ones and of what is known: the words of `about`.
pub(crate) fn is_common(password: &str, about: &[&str]) -> bool {
    let folded = fold(password);
    let letters: Vec<char> = folded.chars().collect();
    let known: Vec<String> = about.iter().copied().chain([PRODUCT]).flat_map(words).collect();
    repeats(&letters) || counts(&letters) || own(&folded, &known) < OWN
}

fn fold(text: &str) -> String {
    text.nfkc().flat_map(char::to_lowercase).collect()
}

fn words(text: &str) -> Vec<String> {
    let folded = fold(text);
    let words = folded.split(|c: char| !c.is_alphanumeric());
    words
        .filter(|word| word.chars().count() >= SHORTEST_WORD)
        .map(str::to_owned)
        .collect()
}

/// How many characters are left at least when words that are common or known are taken out.
fn own(folded: &str, known: &[String]) -> usize {
    let ends = folded.char_indices().map(|(at, _)| at).chain([folded.len()]);
    let ends: Vec<usize> = ends.collect();
    // The fewest that are left of what stands before each place.
    let mut left: Vec<usize> = (0..ends.len()).collect();
    let longest = known.iter().map(|word| word.chars().count()).max().unwrap_or(0);
    let longest = longest.max(*LISTED.end());
    for from in 0..ends.len() {
        let (Some(start), Some(so_far)) = (ends.get(from).copied(), left.get(from).copied()) else {
            break;
        };
        let mut to_beat = |to: usize, count: usize| {
            if let Some(best) = left.get_mut(to) {
                *best = count.min(*best);
            }
        };
        to_beat(from + 1, so_far + 1);
        for length in SHORTEST_WORD..=longest {
            let Some(part) = ends.get(from + length).and_then(|end| folded.get(start..*end)) else {
                break;
            };
            if (LISTED.contains(&length) && is_listed(part)) || known.iter().any(|word| word == part) {
                to_beat(from + length, so_far);
            }
        }
    }
    left.last().copied().unwrap_or(0)
}

/// Looks in the middle, then in the middle of one half, in the text itself: so it costs no memory.
fn is_listed(word: &str) -> bool {
    let mut rest = LIST;
    while let Some(before) = rest.get(..rest.len() / 2) {
        let start = before.rfind('\n').map_or(0, |end| end + 1);
        let Some((head, tail)) = rest.split_at_checked(start) else {
            return false;
        };
        let (line, later) = tail.split_once('\n').unwrap_or((tail, ""));
        match line.cmp(word) {
            std::cmp::Ordering::Equal => return true,
            std::cmp::Ordering::Less => rest = later,
            std::cmp::Ordering::Greater => rest = head,
        }
        if rest.is_empty() {
            return false;
        }
    }
    false
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
            "manchesterunited",
        ] {
            assert!(is_common(common, &[]), "{common}");
        }
        for repeated in [
            "aaaaaaaaaaaaaaa",
            "hellohellohello",
            "abcabcabcabcabca",
            "abcdefghijklmnop",
            "ponmlkjihgfedcba",
        ] {
            assert!(is_common(repeated, &[]), "{repeated}");
        }
        for fine in [
            "correct horse battery staple",
            "nobody has this password",
            "a password of its own",
        ] {
            assert!(!is_common(fine, &[]), "{fine}");
        }
    }

    #[test]
    fn what_is_made_of_common_ones_needs_eight_characters_of_its_own() {
        for made in [
            "iloveyoupassword",
            "Password sunshine!",
            "qwertyuiop123456789",
            "princess+12-ab",
            "firma!Password",
            "Firma2026",
        ] {
            assert!(is_common(made, &[]), "{made}");
        }
        assert!(is_common("princess1234567", &[]) && !is_common("princess tulips!", &[]));
    }

    #[test]
    fn what_is_known_of_the_user_counts_as_little() {
        let about = ["Kim.Winter@harbour.example", "Dr. Zoë Ng", "Дарья Иванова"];
        for known in [
            "kimwinter harbour",
            "Winter-2026-Harbour",
            "zoe winter 90",
            "дарья-иванова-1990",
        ] {
            assert!(is_common(known, &about), "{known}");
            assert!(!is_common(known, &[]), "{known}");
        }
        assert!(!is_common("in winter the harbour freezes", &about));
    }

    #[test]
    fn every_one_of_the_list_is_found_and_nothing_between_them() {
        let lines: Vec<&str> = LIST.lines().collect();
        assert_eq!((lines.len(), is_listed("")), (20_000, false));
        for line in &lines {
            assert!(is_listed(line), "{line}");
            assert!(
                !is_listed(&format!("{line} ")) && !is_listed(&format!(" {line}")),
                "{line}"
            );
        }
    }

    #[test]
    fn the_list_is_sorted_folded_and_small() {
        let lines: Vec<&str> = LIST.lines().collect();
        assert!(LIST.len() < 250_000 && lines.windows(2).all(|pair| pair[0] < pair[1]));
        let folded =
            |line: &&str| line.bytes().all(|b| b.is_ascii_graphic() || b == b' ') && fold(line) == **line;
        assert!(lines.iter().all(folded));
        assert!(lines.iter().all(|line| LISTED.contains(&line.len())));
        assert!(lines.iter().any(|line| line.len() == *LISTED.end()));
    }
}

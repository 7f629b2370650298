//! How text comes in: NFC, trimmed, without control characters; and how it is compared.

use std::borrow::Cow;
use unicode_normalization::{UnicodeNormalization, char::is_combining_mark, is_nfc};

/// NFC and trimmed, line ends as `\n`. `None` if it holds a control character;
/// a line break or a tab counts as one unless `lines` is set.
pub fn clean(text: &str, lines: bool) -> Option<String> {
    let allowed = |c: char| !c.is_control() || (lines && (c == '\n' || c == '\t'));
    let text = if lines && text.contains('\r') {
        text.replace("\r\n", "\n")
    } else {
        text.to_owned()
    };
    let text = text.trim();
    if !text.chars().all(allowed) {
        return None;
    }
    Some(if is_nfc(text) {
        text.to_owned()
    } else {
        text.nfc().collect()
    })
}

/// The text, or its first `most` characters and an ellipsis.
pub fn cut(text: &str, most: usize) -> Cow<'_, str> {
    match text.char_indices().nth(most) {
        Some((end, _)) => format!("{}…", text.split_at(end).0).into(),
        None => text.into(),
    }
}

/// The form by which text is sorted and found: small letters without marks, in Latin where it is Serbian.
/// The same bytes on both databases; plain small ASCII stays as it is.
///
/// - Compatibility forms are taken apart (NFKD), marks dropped: `İ ş ğ ç ö ü ä š ć č ž` are `i s g c o u a s c c z`.
/// - `ı` is `i`, `ß` is `ss`, `đ` is `dj`, and so is `ђ`: `Đorđe`, `Ђорђе` and `Djordje` are the same.
/// - Serbian Cyrillic is written in Latin first: `љ` is `lj`, `њ` is `nj`, `џ` is `dz` as `dž` is. Letters that
///   Serbian doesn't have stay Cyrillic.
/// - An umlaut is its vowel: `Müller` is `muller`. That `mueller` finds it too is [`words`]' work.
pub fn fold(text: &str) -> String {
    if text.is_ascii() {
        return text.to_ascii_lowercase();
    }
    let mut folded = String::with_capacity(text.len());
    // A small letter may have marks that its capital didn't, so they are taken apart again.
    for c in text.nfkd().flat_map(char::to_lowercase).nfkd() {
        match spelled(c) {
            Some(spelled) => folded.push_str(spelled),
            None if is_combining_mark(c) => {}
            None => folded.push(c),
        }
    }
    folded
}

/// Small letters that are more than a plain one with marks.
fn spelled(c: char) -> Option<&'static str> {
    Some(match c {
        'ß' => "ss",
        'æ' => "ae",
        'œ' => "oe",
        'ı' => "i",
        'đ' | 'ђ' => "dj",
        'ø' => "o",
        'ł' => "l",
        'ð' => "d",
        'þ' => "th",
        'ς' => "σ",
        'а' => "a",
        'б' => "b",
        'в' => "v",
        'г' => "g",
        'д' => "d",
        'е' => "e",
        'ж' | 'з' => "z",
        'и' => "i",
        'ј' => "j",
        'к' => "k",
        'л' => "l",
        'љ' => "lj",
        'м' => "m",
        'н' => "n",
        'њ' => "nj",
        'о' => "o",
        'п' => "p",
        'р' => "r",
        'с' => "s",
        'т' => "t",
        'ћ' | 'ц' | 'ч' => "c",
        'у' => "u",
        'ф' => "f",
        'х' => "h",
        'џ' => "dz",
        'ш' => "s",
        _ => return None,
    })
}

/// The most letters of a word, and the most words that a row is found by.
const WORD: usize = 64;
const WORDS: usize = 64;

/// What a row that holds these texts is found by: their folded words, each once, at most 64 of at most 64
/// letters, in the order in which they stand. Words that are also written otherwise are there in both ways:
/// `Müller` as `muller` and `mueller`, `Đorđe` as `djordje` and `dorde`.
pub fn words<'a>(texts: impl IntoIterator<Item = &'a str>) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    for text in texts {
        for written in [fold(text), fold(&otherwise(text))] {
            for word in split(&written) {
                if words.len() < WORDS && !words.contains(&word) {
                    words.push(word);
                }
            }
        }
    }
    words
}

/// The words that a search is for: each the beginning of a word that a row has. One that another one begins
/// with says nothing more.
pub fn sought(text: &str) -> Vec<String> {
    let folded = fold(text);
    let mut sought: Vec<(usize, String)> = split(&folded).enumerate().collect();
    // Sorted, whatever begins with a word stands right behind it.
    sought.sort_by(|(n, one), (m, other)| one.cmp(other).then(n.cmp(m)));
    sought.dedup_by(|(_, later), (_, first)| later == first);
    let behind = sought.iter().skip(1).zip(&sought);
    let says_less: Vec<bool> = behind
        .map(|((_, next), (_, word))| next.starts_with(word.as_str()))
        .collect();
    let mut says_less = says_less.into_iter();
    sought.retain(|_| !says_less.next().unwrap_or(false));
    sought.sort_unstable();
    sought.into_iter().map(|(_, word)| word).collect()
}

fn split(folded: &str) -> impl Iterator<Item = String> {
    let parts = folded.split(|c: char| !c.is_alphanumeric());
    parts
        .filter(|part| !part.is_empty())
        .map(|part| part.chars().take(WORD).collect())
}

/// As it is written where there are no such letters: German umlauts with `e`, `đ` as `d`.
fn otherwise(text: &str) -> String {
    let mut written = String::with_capacity(text.len());
    for c in text.nfc().flat_map(char::to_lowercase) {
        match c {
            'ä' => written.push_str("ae"),
            'ö' => written.push_str("oe"),
            'ü' => written.push_str("ue"),
            'đ' | 'ђ' => written.push('d'),
            c => written.push(c),
        }
    }
    written
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn folds_the_names_of_its_users() {
        for (folded, names) in [
            ("istanbul", &["İSTANBUL", "istanbul", "ISTANBUL", "ıstanbul"][..]),
            ("ilica", &["Ilıca", "İlica"]),
            ("sirketi", &["Şirketi", "ŞİRKETİ"]),
            ("gokce cinar", &["Gökçe Çınar"]),
            (
                "djordje djordjevic",
                &["Đorđe Đorđević", "Ђорђе Ђорђевић", "DJORDJE Djordjević"],
            ),
            (
                "ljubica njegos",
                &["Ljubica Njegoš", "Љубица Његош", "ǈubica ǋegoš"],
            ),
            (
                "dzenana zarko hacik",
                &["Dženana Žarko Hačik", "Џенана Жарко Хаћик", "ǅenana Žarko Haćik"],
            ),
            ("strasse", &["Straße", "STRASSE", "STRAẞE"]),
            ("muller", &["Müller", "MÜLLER", "Mu\u{308}ller"]),
            ("smorrebrod lodz encyclopaedia", &["Smørrebrød Łódź Encyclopædia"]),
            ("οδοσ", &["ΟΔΟΣ", "οδός"]),
            ("fi1", &["ﬁ①"]),
        ] {
            for name in names {
                assert_eq!(fold(name), folded, "{name}");
            }
        }
    }

    #[test]
    fn a_row_is_found_by_its_words_in_both_ways() {
        assert_eq!(
            words(["Müller & Söhne GmbH", "müller-info@X.example"]),
            [
                "muller", "sohne", "gmbh", "mueller", "soehne", "info", "x", "example"
            ]
        );
        assert_eq!(words(["Ђорђе"]), ["djordje", "dorde"]);
        assert_eq!(words(["", " - ", "…"]), Vec::<String>::new());
        let long = "ž".repeat(70);
        assert_eq!(words([long.as_str()]), ["z".repeat(64)]);
        let many: Vec<_> = (0..100).map(|n| n.to_string()).collect();
        assert_eq!(words([many.join(" ").as_str()]).len(), 64);
    }

    #[test]
    fn a_search_is_for_each_word_once() {
        assert_eq!(sought("  İstanbul, a.Ş. "), ["istanbul", "a", "s"]);
        assert_eq!(sought("Ist istanbul IST istanbul"), ["istanbul"]);
        assert_eq!(sought("d ab abd a b abc ab abd"), ["d", "abd", "b", "abc"]);
        assert_eq!(sought(" -/% "), Vec::<String>::new());
    }

    proptest! {
        #[test]
        fn folding_twice_is_folding_once(text in any::<String>()) {
            let once = fold(&text);
            prop_assert_eq!(fold(&once), once);
        }

        #[test]
        fn composed_and_decomposed_fold_alike(text in any::<String>()) {
            prop_assert_eq!(fold(&text.nfc().collect::<String>()), fold(&text.nfd().collect::<String>()));
        }

        #[test]
        fn small_ascii_stays(text in "[ -@\\[-~]*") {
            prop_assert_eq!(fold(&text), text);
        }

        #[test]
        fn what_a_text_begins_with_finds_it(text in "[A-Za-zŠđĐžćčŽ ışĞİöüÖßЂђЉња-ш.]{1,30}", end in 0usize..30) {
            let beginning: String = text.chars().take(end).collect();
            let words = words([text.as_str()]);
            for part in sought(&beginning) {
                prop_assert!(words.iter().any(|word| word.starts_with(&part)), "{part:?} {words:?}");
            }
        }
    }

    #[test]
    fn refuses_control_characters() {
        assert_eq!(clean("a\0b", true), None);
        assert_eq!(clean("a\nb", false), None);
        assert_eq!(clean(" a\r\nb ", true).as_deref(), Some("a\nb"));
        assert_eq!(clean("e\u{301}", false).as_deref(), Some("é"));
    }
}

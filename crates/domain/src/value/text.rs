//! How text comes in: NFC, trimmed, without control characters; and how it is compared.

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

/// The form by which text is sorted and found: lower case without marks, `ß` as `ss`, `ı` as `i`,
/// `đ` as `d`, `ø` as `o`, `ł` as `l`. The same bytes on both databases.
pub fn fold(text: &str) -> String {
    let mut folded = String::with_capacity(text.len());
    for c in text
        .nfd()
        .filter(|c| !is_combining_mark(*c))
        .flat_map(char::to_lowercase)
    {
        match c {
            'ß' => folded.push_str("ss"),
            'æ' => folded.push_str("ae"),
            'œ' => folded.push_str("oe"),
            'ı' => folded.push('i'),
            'đ' => folded.push('d'),
            'ø' => folded.push('o'),
            'ł' => folded.push('l'),
            c if is_combining_mark(c) => {}
            c => folded.push(c),
        }
    }
    folded
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folds_the_names_of_its_users() {
        assert_eq!(fold("İSTANBUL"), "istanbul");
        assert_eq!(fold("Ilıca"), "ilica");
        assert_eq!(fold("Đorđević"), "dordevic");
        assert_eq!(fold("Straße"), "strasse");
        assert_eq!(fold("ŞİŞLİ"), "sisli");
    }

    #[test]
    fn refuses_control_characters() {
        assert_eq!(clean("a\0b", true), None);
        assert_eq!(clean("a\nb", false), None);
        assert_eq!(clean(" a\r\nb ", true).as_deref(), Some("a\nb"));
        assert_eq!(clean("e\u{301}", false).as_deref(), Some("é"));
    }
}

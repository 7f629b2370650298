use super::*;
use std::sync::Arc;

fn file(bytes: &[u8]) -> Source {
    let bytes = bytes.to_vec();
    Arc::new(move || Ok(Box::new(std::io::Cursor::new(bytes.clone()))))
}

/// All rows of a file with these bytes.
fn rows(bytes: &[u8]) -> Vec<(i32, Result<Vec<String>, Unread>)> {
    let mut rows = Rows::open(&file(bytes), None, None).unwrap();
    std::iter::from_fn(|| rows.next().unwrap())
        .map(|row| (row.line, row.cells))
        .collect()
}

/// The same as text, cells between bars.
fn read(bytes: &[u8]) -> Vec<String> {
    let show = |(line, cells): (i32, Result<Vec<String>, Unread>)| match cells {
        Ok(cells) => format!("{line}: {}", cells.join("|")),
        Err(unread) => format!("{line}: {unread:?}"),
    };
    rows(bytes).into_iter().map(show).collect()
}

#[test]
fn separators_are_found() {
    for separator in [",", ";", "\t", "|"] {
        let text = ["name{}city", "\"A{}B\"{}Bor", "x{}y"]
            .join("\n")
            .replace("{}", separator);
        let quoted = format!("2: A{separator}B|Bor");
        assert_eq!(
            read(text.as_bytes()),
            ["1: name|city", &quoted, "3: x|y"],
            "{separator:?}"
        );
    }
    assert_eq!(
        read(b"sep=;\r\nname;a,b\r\nx;y,z\r\n"),
        ["2: name|a,b", "3: x|y,z"]
    );
    assert_eq!(read(b"name\nx\n"), ["1: name", "2: x"]);
    // Commas in the text of a header whose separator is another.
    assert_eq!(read(b"\"a, b\";c;d\n1;2;3\n"), ["1: a, b|c|d", "2: 1|2|3"]);
}

#[test]
fn lines_are_counted_as_an_editor_counts_them() {
    assert_eq!(
        read(b"a,b\r\n\"x\r\ny\",1\r\n\r\n\r\nz,2\r\n"),
        ["1: a|b", "2: x\r\ny|1", "6: z|2"]
    );
    assert_eq!(
        read(b"a,b\n\n\"x\n\n\ny\",1\nz,2"),
        ["1: a|b", "3: x\n\n\ny|1", "7: z|2"]
    );
    assert_eq!(read(b"a,b\rx,1\r\ry,2\r"), ["1: a|b", "2: x|1", "4: y|2"]);
    // Rows of nothing but separators are empty ones.
    assert_eq!(read(b"a,b\n,\n , \nx,1\n"), ["1: a|b", "4: x|1"]);
}

#[test]
fn encodings_are_told_apart() {
    let text = "ime;grad\nĐorđe;Niš\n";
    let utf16 = |big: bool, mark: bool| -> Vec<u8> {
        let units = mark.then_some(0xFEFF).into_iter().chain(text.encode_utf16());
        units
            .flat_map(|unit| {
                if big {
                    unit.to_be_bytes()
                } else {
                    unit.to_le_bytes()
                }
            })
            .collect()
    };
    let want = ["1: ime|grad", "2: Đorđe|Niš"];
    assert_eq!(read(text.as_bytes()), want);
    assert_eq!(read(format!("\u{feff}{text}").as_bytes()), want);
    for (big, mark) in [(true, true), (false, true), (true, false), (false, false)] {
        assert_eq!(read(&utf16(big, mark)), want, "big {big}, marked {mark}");
    }
    assert_eq!(
        read(b"name,price\nM\xfcller,5 \x80\n"),
        ["1: name|price", "2: Müller|5 €"]
    );
    let file = file(b"ime\n\xd0or\xf0e \x8aabac\n");
    let mut rows = Rows::open(&file, Some("windows-1250"), None).unwrap();
    rows.next().unwrap();
    assert_eq!(rows.next().unwrap().unwrap().cells.unwrap(), ["Đorđe Šabac"]);
    assert!(Rows::open(&file, Some("klingon"), None).is_err());
}

#[test]
fn a_character_may_be_cut_between_pieces() {
    for shift in 0..4 {
        let text = format!("{}\n{}\n", "x".repeat(shift), "ş€𝄞".repeat(60_000));
        let read = rows(text.as_bytes());
        assert_eq!(read.last().unwrap().1.as_ref().unwrap()[0], "ş€𝄞".repeat(60_000));
    }
    // But not at the end of the file: that is no UTF-8.
    assert_eq!(read(b"a\nx\xc5"), ["1: a", "2: xÅ"]);
}

#[test]
fn a_row_that_is_too_long_is_passed_over() {
    let long = "x".repeat(10_000_000);
    let text = format!("a,b\n1,{long}\n2,y\n\"{long}\n{long}\",z\n3,w\n");
    assert_eq!(
        read(text.as_bytes()),
        [
            "1: a|b",
            "2: Long { cell: 1 }",
            "3: 2|y",
            "4: Long { cell: 0 }",
            "6: 3|w"
        ]
    );
    let wide = format!("a,b\n{}\n1,2\n", ",x".repeat(5_000));
    assert_eq!(read(wide.as_bytes()), ["1: a|b", "2: Wide", "3: 1|2"]);
    let fits = "y".repeat(MOST_BYTES - 10);
    assert!(rows(format!("a,b\n1,{fits}\n").as_bytes())[1].1.is_ok());
}

#[test]
fn a_quote_that_is_never_closed_is_told() {
    assert_eq!(read(b"a,b\n1,\"x\n2,y\n3,z\n"), ["1: a|b", "2: Open"]);
    // An inch is no quote.
    assert_eq!(read(b"a,b\n1,5\" pipe"), ["1: a|b", "2: 1|5\" pipe"]);
    assert_eq!(read(b"a,b\n1,\"say \"\"hi\"\"\""), ["1: a|b", "2: 1|say \"hi\""]);
}

#[test]
fn nothing_is_nothing() {
    for nothing in [&b""[..], b"\n\n", b"\xef\xbb\xbf", b" \n,,\n"] {
        assert_eq!(read(nothing), Vec::<String>::new(), "{nothing:?}");
    }
}

//! Files go in and come out as they were, in their limits, and nothing stays of what is refused.

use crate::kit::rows;
use crate::samples::{form, upload};
use firma_testing::{Answer, Client, Firm, Server, on_each};
use serde_json::json;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::time::{Duration, Instant};

const PNG: &[u8] = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR";

fn send(client: &Client, path: &str, name: &str, bytes: &[u8]) -> Answer {
    let (form, body) = form(name, bytes);
    client.send("POST", path, &[("content-type", form)], Some(&body))
}

/// How many files there are below the store's folder, whole or not.
fn stored(server: &Server) -> usize {
    fn below(folder: &Path) -> usize {
        let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
        entries
            .map(|entry| match entry.path() {
                path if path.is_dir() => below(&path),
                _ => 1,
            })
            .sum()
    }
    below(server.folder.path())
}

#[test]
fn a_file_comes_back_as_it_went_in() {
    on_each(|server| {
        let firm = Firm::new(server);
        let text = "Zażółć gęślą jaźń\n".repeat(2_000);
        let made = send(
            &firm.owner,
            &firm.at("files"),
            "../../a/Angebot für Müller.txt",
            text.as_bytes(),
        );
        assert!(made.header("location").unwrap().ends_with(&made.id()));
        let id = made.id();
        let file = made.expect(201);
        assert_eq!(file["name"], "Angebot für Müller.txt");
        assert_eq!(file["media_type"], "text/plain");
        assert_eq!(file["size"], text.len());
        assert_eq!(file["owner_id"], json!(firm.owner_id));
        assert_eq!(file["sha256"].as_str().unwrap().len(), 64);
        assert_eq!(file.get("storage_key"), None);
        assert_eq!((stored(server), rows(server, "file_sweeps")), (1, 0));

        let content = firm.at(&format!("files/{id}/content"));
        let answer = firm.owner.get(&content);
        assert_eq!((answer.status, &answer.text), (200, &text));
        assert_eq!(answer.header("content-type"), Some("text/plain"));
        assert_eq!(answer.header("x-content-type-options"), Some("nosniff"));
        assert_eq!(
            answer.header("content-length"),
            Some(text.len().to_string().as_str())
        );
        let disposition = answer.header("content-disposition").unwrap();
        assert!(
            disposition.starts_with("attachment; filename*=UTF-8''Angebot%20f"),
            "{disposition}"
        );
        let part = |range: &str| firm.owner.send("GET", &content, &[("range", range)], None);
        let some = part("bytes=4-9");
        assert_eq!(
            (some.status, some.text.as_bytes()),
            (206, &text.as_bytes()[4..10])
        );
        let all = text.len();
        assert_eq!(
            some.header("content-range"),
            Some(format!("bytes 4-9/{all}").as_str())
        );
        part(&format!("bytes={all}-")).problem(416, "range");

        let same = firm
            .owner
            .get(&firm.at(&format!("files?sha256={}", file["sha256"].as_str().unwrap())));
        assert_eq!(same.expect(200)["data"][0]["id"], id);
        firm.owner.delete(&firm.at(&format!("files/{id}"))).expect(204);
        firm.owner.get(&content).problem(404, "not_found");
        assert_eq!((stored(server), rows(server, "file_sweeps")), (1, 1));
        firm.owner
            .act(&firm.at(&format!("files/{id}/restore")))
            .expect(200);
        assert_eq!(
            (firm.owner.get(&content).status, rows(server, "file_sweeps")),
            (200, 0)
        );
        // Whose bytes are on their way out is not brought back.
        firm.owner.delete(&firm.at(&format!("files/{id}"))).expect(204);
        server
            .base
            .execute("UPDATE file_sweeps SET claimed_at = noted_at");
        firm.owner
            .act(&firm.at(&format!("files/{id}/restore")))
            .problem(409, "purged");
    });
}

#[test]
fn what_is_no_file_of_ours_is_refused_and_leaves_nothing() {
    on_each(|server| {
        let firm = Firm::new(server);
        let at = firm.at("files");
        let sent = |name: &str, bytes: &[u8]| send(&firm.owner, &at, name, bytes);
        let wrong = |answer: Answer, code: &str| {
            assert_eq!(answer.problem(422, "invalid")["errors"][0]["code"], code);
        };
        wrong(sent("empty.txt", b""), "empty");
        wrong(sent("..", b"text"), "required");
        let named = |length: usize| format!("{}.txt", "ş".repeat(length - 4));
        wrong(sent(&named(256), b"text"), "length");
        // What it is called doesn't make it that.
        sent("program.pdf", b"\x7fELF\x02\x01\x01\0\0\0\0\0\0\0\0\0").problem(415, "file_type");
        sent("page.txt", b"<!DOCTYPE html><script>alert(1)</script>").problem(415, "file_type");
        sent("picture.png", b"<?xml version=\"1.0\"?><svg/>").problem(415, "file_type");
        sent("noise.txt", &[0xff, 0xfe, 0, 1, 2, 3]).problem(415, "file_type");
        sent("late.txt", &[&b"a".repeat(20_000)[..], b"\xff"].concat()).problem(415, "file_type");
        sent("large.txt", &b"a".repeat(200_001)).problem(413, "file_too_large");
        sent("large.png", &[PNG, &[0; 50_000]].concat()).problem(413, "file_too_large");
        let (kind, body) = form("x.txt", b"text");
        let raw = |kind: &str, body: &[u8]| {
            firm.owner
                .send("POST", &at, &[("content-type", kind)], Some(body))
        };
        raw("application/json", b"{}").problem(415, "media_type");
        raw(kind, b"--part--\r\n").expect_field("required");
        raw(kind, &body[..body.len() - 12]).problem(400, "malformed_body");
        let other = String::from_utf8(body).unwrap().replace("\"file\"", "\"other\"");
        raw(kind, other.as_bytes()).expect_field("unknown_field");
        assert_eq!(stored(server), 0);
        for table in ["files", "file_sweeps"] {
            assert_eq!(rows(server, table), 0, "{table}");
        }
        sent("exact.txt", &b"a".repeat(200_000)).expect(201);
        assert_eq!(sent(&named(255), b"text").expect(201)["name"], named(255));
        assert_eq!(sent("photo", PNG).expect(201)["media_type"], "image/png");
    });
}

trait Field {
    fn expect_field(self, code: &str);
}
impl Field for Answer {
    fn expect_field(self, code: &str) {
        assert_eq!(self.problem(422, "invalid")["errors"][0]["code"], code);
    }
}

#[test]
fn a_file_is_its_owners_and_the_organizations() {
    on_each(|server| {
        let (firm, other) = (Firm::new(server), Firm::new(server));
        let (_, employee) = firm.member(Some("employee"));
        let (_, colleague) = firm.member(Some("employee"));
        let id = upload(&employee, &firm.at("files"), b"mine").id();
        let content = format!("files/{id}/content");
        assert_eq!(employee.get(&firm.at(&content)).text, "mine");
        assert_eq!(firm.owner.get(&firm.at(&content)).text, "mine");
        colleague.get(&firm.at(&content)).problem(404, "not_found");
        other.owner.get(&other.at(&content)).problem(404, "not_found");
        other
            .owner
            .get(&firm.at(&content))
            .problem(404, "organization_not_found");
        server
            .nobody()
            .get(&firm.at(&content))
            .problem(401, "unauthenticated");
    });
}

#[test]
fn sent_again_with_its_key_it_is_stored_once() {
    on_each(|server| {
        let firm = Firm::new(server);
        let once = |bytes: &[u8]| {
            let (kind, body) = form("a.txt", bytes);
            let headers = [("content-type", kind), ("idempotency-key", "k")];
            firm.owner.send("POST", &firm.at("files"), &headers, Some(&body))
        };
        let (first, second) = (once(b"text"), once(b"text"));
        assert_eq!(second.header("idempotency-replayed"), Some("true"));
        assert_eq!(first.text, second.text);
        once(b"other").problem(422, "idempotency_key_reused");
        assert_eq!(
            (stored(server), rows(server, "files"), rows(server, "file_sweeps")),
            (1, 1, 0)
        );
    });
}

/// Who hangs up in the middle leaves no bytes, and what the clean-up needs to know of it.
#[test]
fn an_upload_that_breaks_off_leaves_nothing() {
    on_each(|server| {
        let firm = Firm::new(server);
        let token = server.token(firm.owner_id, 60);
        let (kind, body) = form("a.txt", &b"a".repeat(100_000));
        let mut stream = TcpStream::connect(server.url.trim_start_matches("http://")).unwrap();
        let head = format!(
            "POST {} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\nContent-Type: {kind}\r\nContent-Length: {}\r\n\r\n",
            firm.at("files"),
            body.len()
        );
        stream.write_all(head.as_bytes()).unwrap();
        stream.write_all(&body[..50_000]).unwrap();
        let begun = Instant::now();
        let await_that = |is: &dyn Fn() -> bool| {
            while !is() {
                assert!(begun.elapsed() < Duration::from_secs(20));
                std::thread::sleep(Duration::from_millis(10));
            }
        };
        await_that(&|| stored(server) == 1);
        stream.shutdown(std::net::Shutdown::Write).unwrap();
        let _ = stream.read(&mut [0; 1_000]);
        drop(stream);
        await_that(&|| stored(server) == 0);
        assert_eq!(rows(server, "files"), 0);
    });
}

//! The image of a person.

use crate::samples::{PIXEL, form, upload_image};
use firma_testing::{Answer, Client, Firm, on_each};
use serde_json::Value;

const IMAGE: &str = "/api/v1/me/image";

fn send(client: &Client, bytes: &[u8]) -> Answer {
    let (kind, body) = form("../holiday.png", bytes);
    client.send("POST", IMAGE, &[("content-type", kind)], Some(&body))
}

#[test]
fn an_image_is_seen_by_its_person_and_by_those_in_an_organization_with_them() {
    on_each(|server| {
        let (firm, other) = (Firm::new(server), Firm::new(server));
        let (user, client) = firm.member(Some("employee"));
        client.get(IMAGE).problem(404, "not_found");
        client.delete(IMAGE).problem(404, "not_found");
        let me = upload_image(&client).expect(200);
        assert!(me["user"]["image_file_id"].is_string());
        let shown = |answer: Answer| {
            assert_eq!((answer.status, answer.bytes.as_slice()), (200, PIXEL));
            assert_eq!(answer.header("content-type"), Some("image/png"));
            let name = answer.header("content-disposition").unwrap();
            assert_eq!(name, "attachment; filename*=UTF-8''image.png");
        };
        shown(client.get(IMAGE));
        let there = firm.at(&format!("members/{user}/image"));
        let (_, colleague) = firm.member(Some("employee"));
        shown(colleague.get(&there));
        shown(firm.owner.get(&there));
        // Whoever isn't in it sees neither the organization nor the person.
        other.owner.get(&there).problem(404, "organization_not_found");
        other
            .owner
            .get(&other.at(&format!("members/{user}/image")))
            .problem(404, "not_found");
        colleague.get(IMAGE).problem(404, "not_found");
        // A file of nobody's organization is no organization's.
        let file = me["user"]["image_file_id"].as_str().unwrap();
        firm.owner
            .get(&firm.at(&format!("files/{file}")))
            .problem(404, "not_found");

        // Another one takes its place, and the bytes of the first go.
        let next = upload_image(&client).expect(200);
        assert_ne!(next["user"]["image_file_id"], me["user"]["image_file_id"]);
        assert_eq!(
            server.base.number("SELECT COUNT(*) FROM file_sweeps"),
            1,
            "one of two has to go"
        );
        client.delete(IMAGE).expect(204);
        colleague.get(&there).problem(404, "not_found");
        assert_eq!(
            client.get("/api/v1/me").expect(200)["user"]["image_file_id"],
            Value::Null
        );
        assert_eq!(server.base.number("SELECT COUNT(*) FROM file_sweeps"), 2);

        // Who has left isn't shown any more.
        upload_image(&client).expect(200);
        firm.owner
            .patch(
                &firm.at(&format!("members/{user}")),
                serde_json::json!({"is_active": false}),
            )
            .expect(200);
        firm.owner.get(&there).problem(404, "not_found");
    });
}

#[test]
fn what_is_no_image_is_refused_and_leaves_the_one_before() {
    on_each(|server| {
        let firm = Firm::new(server);
        let me = upload_image(&firm.owner).expect(200);
        let refused = |bytes: &[u8]| {
            let problem = send(&firm.owner, bytes).problem(422, "invalid");
            let error = &problem["errors"][0];
            (error["pointer"].clone(), error["code"].clone())
        };
        let field = |code: &str| ("#/file".into(), code.into());
        assert_eq!(refused(b""), field("empty"));
        // It begins like one.
        assert_eq!(refused(&PIXEL[..14]), field("image"));
        let mut wide = PIXEL.to_vec();
        wide[16..20].copy_from_slice(&8_193u32.to_be_bytes());
        assert_eq!(refused(&wide), field("image"));
        wide[16..20].copy_from_slice(&0u32.to_be_bytes());
        assert_eq!(refused(&wide), field("image"));
        for bytes in [
            &b"a text"[..],
            b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n",
            b"<svg xmlns=\"http://www.w3.org/2000/svg\"/>",
            b"GIF89a\x01\x00\x01\x00\x80\x00\x00",
        ] {
            send(&firm.owner, bytes).problem(415, "file_type");
        }
        send(&firm.owner, &[PIXEL, &[0; 50_000]].concat()).problem(413, "file_too_large");
        let after = firm.owner.get("/api/v1/me").expect(200);
        assert_eq!(after["user"], me["user"]);
        // Nothing of them is left but the one that there was.
        let folder = server
            .folder
            .path()
            .join("files")
            .join(firma_domain::Id::NIL.to_string());
        assert_eq!(std::fs::read_dir(folder).unwrap().count(), 1);
    });
}

#[test]
fn sent_again_with_its_key_it_is_stored_once() {
    on_each(|server| {
        let firm = Firm::new(server);
        let once = |bytes: &[u8]| {
            let (kind, body) = form("me.png", bytes);
            let headers = [("content-type", kind), ("idempotency-key", "k")];
            firm.owner.send("POST", IMAGE, &headers, Some(&body))
        };
        let (first, second) = (once(PIXEL), once(PIXEL));
        assert_eq!(second.header("idempotency-replayed"), Some("true"));
        assert_eq!(first.text, second.text);
        once(&[PIXEL, b" "].concat()).problem(422, "idempotency_key_reused");
        assert_eq!(server.base.number("SELECT COUNT(*) FROM files"), 1);
    });
}

//! What is done from the command line.

use crate::house::{EMAIL, House, PASSWORD, at, sign_in};
use crate::process::{command, run};
use serde_json::{Value, json};
use std::process::Stdio;
use tempfile::TempDir;

#[test]
fn the_matrix_of_permissions_is_the_one_on_file() {
    let folder = TempDir::new().unwrap();
    let printed = run(folder.path(), &[], &["permissions"], "").fine();
    assert!(
        printed == include_str!("../../../../docs/permissions.md"),
        "the permissions have changed; if they should have:\n\
         cargo run -q -- permissions > docs/permissions.md\n{printed}"
    );
}

#[test]
fn the_document_of_the_api_is_json() {
    let folder = TempDir::new().unwrap();
    let document: Value = serde_json::from_str(&run(folder.path(), &[], &["openapi"], "").fine()).unwrap();
    assert_eq!(document["openapi"], "3.1.0");
    let paths = document["paths"].as_object().unwrap();
    assert!(paths.contains_key("/api/v1/auth/login"), "{:?}", paths.keys());
    assert!(
        paths.contains_key("/api/v1/organizations/{organization}/deals/{id}"),
        "{:?}",
        paths.keys()
    );
}

/// What was said went nowhere: that isn't done.
#[test]
fn what_can_not_be_written_out_has_failed() {
    let folder = TempDir::new().unwrap();
    let full = std::fs::File::options().write(true).open("/dev/full").unwrap();
    let ended = command(folder.path(), &[])
        .arg("openapi")
        .stdout(full)
        .output()
        .unwrap();
    let said = String::from_utf8(ended.stderr).unwrap();
    assert_eq!(ended.status.code(), Some(1), "{said}");
    assert!(said.starts_with("firma: standard output: "), "{said}");
    let mut left = command(folder.path(), &[])
        .arg("openapi")
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    drop(left.stdout.take());
    assert!(
        left.wait().unwrap().success(),
        "who reads no further has what it wants"
    );
}

fn create<'a>(email: &'a str, slug: &'a str) -> [&'a str; 8] {
    [
        "admin",
        "create",
        "--email",
        email,
        "--organization",
        "Firm",
        "--slug",
        slug,
    ]
}

#[test]
fn an_owner_is_made_whole_or_not_at_all() {
    for house in House::each_empty() {
        house.found();
        let counts = || {
            [
                "users",
                "organizations",
                "memberships",
                "user_credentials",
                "audit_entries",
            ]
            .map(|table| house.database.number(&format!("SELECT COUNT(*) FROM {table}")))
        };
        let before = counts();
        // A member of the reserved organization too, where the first user's platform role stands.
        assert_eq!(before[..4], [1, 1, 2, 1]);
        let refused = |arguments: &[&str], password: &str| house.run(arguments, password).line(1).to_owned();
        let other = "other@firm.example";
        assert_eq!(
            refused(&create(other, "firm"), PASSWORD),
            "firma: another organization has the same slug"
        );
        assert_eq!(
            refused(&create(other, "other"), "short"),
            "firma: the password has to be at least 15 characters long"
        );
        let nobody = house.run(&create("nobody", "other"), PASSWORD);
        assert_eq!(nobody.code, Some(2), "{nobody:?}");
        let why = "invalid value 'nobody' for '--email <EMAIL>'";
        assert!(nobody.err.contains(why), "{nobody:?}");
        let wrong = house.run(&create(other, "No Slug"), PASSWORD);
        assert!(
            wrong.line(2).starts_with("firma: --slug: not 2 to 63"),
            "{wrong:?}"
        );
        let nameless = ["--email", other, "--organization", " ", "--slug", "other"];
        let wrong = house.run(&[&["admin", "create"][..], &nameless].concat(), PASSWORD);
        assert!(wrong.line(2).starts_with("firma: --organization: "), "{wrong:?}");
        assert_eq!(counts(), before);

        // Who is there already owns another one, and keeps the password.
        let said = house.run(&create(EMAIL, "second"), "").fine();
        assert!(
            said.starts_with(&format!("{EMAIL} exists already, and keeps the password\n")),
            "{said}"
        );
        let server = house.start();
        let me = house.owner(&server).get("/api/v1/me").expect(200);
        assert_eq!(me["memberships"].as_array().unwrap().len(), 2);

        house.run(&create(other, "third"), PASSWORD).fine();
        let owners = "SELECT COUNT(*) FROM role_assignments a JOIN roles r ON r.id = a.role_id \
                      WHERE r.platform_role = 'website_owner'";
        assert_eq!(house.database.number(owners), 1);
    }
}

#[test]
fn a_member_is_claimed_by_setting_a_password() {
    for house in House::each() {
        house.found();
        let server = house.start();
        let owner = house.owner(&server);
        let email = "ann.lee@example.com";
        owner
            .post(&at("members"), json!({"email": email, "name": "Ann Lee"}))
            .expect(201);
        let login = |password: &str| {
            let body = json!({"email": email, "password": password});
            server.client().post("/api/v1/auth/login", body).status
        };
        let secret = "what Ann alone knows";
        assert_eq!(login(secret), 401);

        let set = |email: &str, password: &str| house.run(&["admin", "password", "--email", email], password);
        assert_eq!(
            set("who@example.com", secret).line(1),
            "firma: there is no user with this e-mail"
        );
        assert_eq!(
            set(email, "short").line(1),
            "firma: the password has to be at least 15 characters long"
        );
        assert_eq!(login(secret), 401);
        // A line as an editor on Windows ends it.
        set("Ann.Lee@Example.com", &format!("{secret}\r\n")).fine();
        let ann = sign_in(&server, email, secret);
        let me = ann.get("/api/v1/me").expect(200);
        assert_eq!(me["user"]["email"], email);
        assert_eq!(me["memberships"][0]["slug"], "firm");

        set(email, "and now it is another").fine();
        assert_eq!((login(secret), login("and now it is another")), (401, 200));

        let ann = sign_in(&server, email, "and now it is another");
        let sign_out = |email: &str| house.run(&["admin", "sign-out", "--email", email], "");
        assert_eq!(
            sign_out("who@example.com").line(1),
            "firma: there is no user with this e-mail"
        );
        ann.get("/api/v1/me").expect(200);
        sign_out("Ann.Lee@Example.com").fine();
        ann.get("/api/v1/me").problem(401, "unauthenticated");
        assert_eq!(login("and now it is another"), 200);
    }
}

//! Files of rows brought in, row by row: what goes in, what is refused and why, and taking it back.

use crate::kit::rows;
use firma_auth::access::Create;
use firma_domain::platform::Import;
use firma_domain::{Id, Record};
use firma_services::platform::expect_upload;
use firma_services::platform::imports::{self, Importing, Options, Run, Source, Steps};
use firma_services::{Asker, Database, Origin, Refusal, Tx, Work};
use firma_testing::{Client, Firm, on_each};
use serde_json::{Value, json};
use std::sync::Arc;

/// A file with these bytes.
pub(crate) fn file(bytes: &[u8]) -> Source {
    let bytes = bytes.to_vec();
    Arc::new(move || Ok(Box::new(std::io::Cursor::new(bytes.clone()))))
}

/// Steps by who waits for them, without a worker.
struct Direct(Database);

impl Steps for Direct {
    type Error = Refusal;

    fn step<F>(&self, effect: F) -> Result<Record<Import>, Refusal>
    where
        F: Fn(&mut Tx<'_>) -> Result<Record<Import>, Refusal> + Send + 'static,
    {
        self.0.write_waiting(Origin::default(), effect)
    }
}

/// Who imports into which organization.
pub(crate) struct Importer<'f, 's> {
    firm: &'f Firm<'s>,
    user: Id,
    client: Client,
}

impl<'f, 's> Importer<'f, 's> {
    pub(crate) fn owner(firm: &'f Firm<'s>) -> Self {
        Importer {
            firm,
            user: firm.owner_id,
            client: firm.owner.clone(),
        }
    }

    pub(crate) fn member(firm: &'f Firm<'s>, (user, client): (Id, Client)) -> Self {
        Importer { firm, user, client }
    }

    /// Asks for an import.
    pub(crate) fn ask(&self, options: Value) -> Importing {
        let options = Options::read(options).unwrap();
        let asker = Asker::member(self.firm.id, self.user);
        // The rows themselves are given at each step.
        let key = self.firm.server.write(move |tx| {
            let mut work = Work::go_on(tx, asker)?;
            let grant = work.grant::<Import, Create>()?;
            expect_upload(&mut work, grant.also())
        });
        let mut receiving = self.firm.server.files.receive_rows(&key).unwrap();
        receiving.write(b"No,Firm\n").unwrap();
        let received = receiving.keep().unwrap();
        let import = self.firm.server.write(move |tx| {
            let mut work = Work::go_on(tx, asker)?;
            let grant = work.grant::<Import, Create>()?;
            let import = imports::ask_for_file(&mut work, grant, &options, "rows.csv", &received)?;
            Ok(import.id)
        });
        Importing { asker, import }
    }

    /// Imports a file; the import as it then stands.
    pub(crate) fn run(&self, bytes: &[u8], options: Value) -> Value {
        let of = self.ask(options);
        self.go_on(of, bytes, usize::MAX);
        self.client
            .get(&self.firm.at(&format!("imports/{}", of.import)))
            .expect(200)
    }

    /// Goes on with an import for so many steps.
    pub(crate) fn go_on(&self, of: Importing, bytes: &[u8], steps: usize) {
        let direct = Direct(self.firm.server.database.clone());
        let mut run = Run::begin(&direct, of, &file(bytes)).unwrap();
        for _ in 0..steps {
            if run.is_over() {
                break;
            }
            run.step().unwrap();
        }
    }

    /// What is wrong with its rows: `line column code`.
    #[track_caller]
    pub(crate) fn refused(&self, import: &Value) -> Vec<String> {
        let path = format!("imports/{}/refusals?limit=200", import["id"].as_str().unwrap());
        let page = self.client.get(&self.firm.at(&path)).expect(200);
        let text = |refusal: &Value, name: &str| refusal[name].as_str().unwrap_or("-").to_owned();
        let line = |refusal: &Value| {
            format!(
                "{} {} {}",
                refusal["line"],
                text(refusal, "column"),
                text(refusal, "code")
            )
        };
        page["data"].as_array().unwrap().iter().map(line).collect()
    }

    pub(crate) fn undo(&self, import: &Value) -> Value {
        let import: Id = import["id"].as_str().unwrap().parse().unwrap();
        let of = Importing {
            asker: Asker::member(self.firm.id, self.user),
            import,
        };
        loop {
            let after = self.firm.server.write(move |tx| imports::undo_some(tx, of));
            if after.value.state.as_str() == "UNDONE" {
                return self
                    .client
                    .get(&self.firm.at(&format!("imports/{import}")))
                    .expect(200);
            }
        }
    }

    pub(crate) fn list(&self, path: &str) -> Vec<Value> {
        crate::kit::walk(&self.client, &self.firm.at(path))
    }
}

/// Created, updated, unchanged, refused.
#[track_caller]
pub(crate) fn counts(import: &Value) -> [i64; 4] {
    assert_eq!(import["failure"], Value::Null, "{import}");
    ["created", "updated", "unchanged", "refused"].map(|name| import[name].as_i64().unwrap())
}

pub(crate) fn companies(more: Value) -> Value {
    let mut options = json!({"entity": "companies", "columns": {"No": "external_id", "Firm": "name"}});
    options
        .as_object_mut()
        .unwrap()
        .extend(more.as_object().unwrap().clone());
    options
}

#[test]
fn good_rows_go_in_and_bad_ones_are_told() {
    on_each(|server| {
        let firm = Firm::new(server);
        let owner = Importer::owner(&firm);
        let text = "No;Firm;Web;Branch;Turnover\r\n\
                    1;Acme;https://acme.example;technolgy;1\r\n\
                    2;;https://b.example;steel;2\r\n\
                    3;\"Bor\r\nMines\";;steel;\r\n\
                    4;Cvet;no address;steel;\r\n\
                    1;Acme again;;;\r\n\
                    5;Duro;;steel\r\n\
                    ;Nameless;;;\r\n\
                    6;Elan;;steel;;;\r\n\
                    7;Fa\0x;;;\r\n\
                    ;;;;\r\n\
                    8;Grom;;steel;9\r\n";
        let options = || {
            companies(json!({
                "columns": {"no": "external_id", "Firm": "name", "Web": "website", "Branch": "industry"},
                "values": {"Branch": {"technolgy": "technology"}},
            }))
        };
        let import = owner.run(text.as_bytes(), options());
        assert_eq!(counts(&import), [3, 0, 0, 7]);
        assert_eq!(
            (import["rows_read"].as_i64(), import["state"].as_str()),
            (Some(10), Some("DONE"))
        );
        assert_eq!(
            owner.refused(&import),
            [
                "3 Firm required",
                "4 Firm control_character",
                "6 Web url",
                "7 No twice",
                "8 - cells",
                "9 No required",
                "11 Firm control_character",
            ]
        );
        let mut there: Vec<_> = owner
            .list("companies?limit=200")
            .iter()
            .map(|row| format!("{} {} {}", row["external_id"], row["name"], row["industry"]))
            .collect();
        there.sort();
        assert_eq!(
            there,
            [
                r#""1" "Acme" "technology""#,
                r#""6" "Elan" "steel""#,
                r#""8" "Grom" "steel""#
            ]
        );

        let before = (rows(server, "companies"), rows(server, "tags"));
        let entries = "SELECT COUNT(*) FROM audit_entries WHERE entity_type = 'company'";
        let entered = server.base.number(entries);
        assert_eq!(counts(&owner.run(text.as_bytes(), options())), [0, 0, 3, 7]);
        assert_eq!((rows(server, "companies"), rows(server, "tags")), before);
        assert_eq!(server.base.number(entries), entered);
        assert_eq!(
            server
                .base
                .number("SELECT COUNT(*) FROM companies WHERE version > 1"),
            0
        );

        let changed = text.replace("Acme;", "Acme Inc;");
        assert_eq!(counts(&owner.run(changed.as_bytes(), options())), [0, 1, 2, 7]);
    });
}

#[test]
fn every_kind_of_file_is_read_or_refused() {
    on_each(|server| {
        let firm = Firm::new(server);
        let owner = Importer::owner(&firm);
        let utf16: Vec<u8> = "\u{feff}No\tFirm\r\nu1\tĐurđevak\r\n"
            .encode_utf16()
            .flat_map(u16::to_le_bytes)
            .collect();
        let long = format!("No,Firm\nl1,{}\nl2,Short\n", "x".repeat(10_000_000));
        let good: [(&[u8], &[&str]); 8] = [
            ("\u{feff}No,Firm\r\nb1,\"Şişli, A.Ş.\"\r\n".as_bytes(), &[]),
            (b"No;Firm\nw1;M\xfcller & S\xf6hne\n", &[]),
            (&utf16, &[]),
            (b"sep=|\r\nNo|Firm\r\ns1|\"a \"\"b\"\"\"\r\n", &[]),
            (b"No,Firm,Firm2,,\r\nc1,Wide,,,\r\n", &[]),
            (long.as_bytes(), &["2 Firm too_long"]),
            (
                b"No,Firm\nq1,Open\nq2,\"never closed\nq3,Lost\n",
                &["3 - open_quote"],
            ),
            (b"No,Firm\n", &[]),
        ];
        for (bytes, refusals) in good {
            let import = owner.run(bytes, companies(json!({})));
            let [created, _, _, refused] = counts(&import);
            assert_eq!(owner.refused(&import), refusals);
            assert_eq!(created + refused, import["rows_read"].as_i64().unwrap());
            assert_eq!(refused, i64::try_from(refusals.len()).unwrap());
        }
        let mut names: Vec<_> = owner
            .list("companies?limit=200")
            .iter()
            .map(|c| c["name"].to_string())
            .collect();
        names.sort();
        let want = [
            "Müller & Söhne",
            "Open",
            "Short",
            "Wide",
            "a \"b\"",
            "Đurđevak",
            "Şişli, A.Ş.",
        ];
        assert_eq!(names, want.map(|name| json!(name).to_string()));

        let bad: [(&[u8], &str); 4] = [
            (b"", "#/file: the file is empty"),
            (b"\r\n\r\n", "#/file: the file is empty"),
            (
                b"Number,Firm\n1,a\n",
                "#/No: is no column of the file; there are \"Number\", \"Firm\"",
            ),
            (
                b"No,Firm,firm\n1,a,b\n",
                "#/Firm: is the name of several columns of the file",
            ),
        ];
        let before = rows(server, "companies");
        for (bytes, failure) in bad {
            let import = owner.run(bytes, companies(json!({})));
            assert_eq!(
                (import["state"].as_str(), import["failure"].as_str()),
                (Some("FAILED"), Some(failure))
            );
        }
        assert_eq!(rows(server, "companies"), before);
    });
}

#[test]
fn a_deal_finds_its_company_its_owner_and_its_stage() {
    on_each(|server| {
        let firm = Firm::new(server);
        let owner = Importer::owner(&firm);
        let (ann, _) = firm.member(Some("employee"));
        let member = firm.owner.get(&firm.at(&format!("members/{ann}"))).expect(200);
        let other = firm
            .owner
            .post(&firm.at("pipelines"), json!({"name": "Renewals"}))
            .id();
        for name in ["Engaging", "Trial"] {
            let stage = json!({"pipeline_id": other, "name": name});
            firm.owner.post(&firm.at("stages"), stage).expect(201);
        }
        for (id, name) in [("a-1", "Acme"), ("b-1", "Bor"), ("b-2", "BÖR")] {
            firm.owner
                .post(&firm.at("companies"), json!({"external_id": id, "name": name}))
                .expect(201);
        }
        let text = format!(
            "no;what;firm;who;where;line;worth;money;begun;ended;chance;labels\n\
             1;Pipes;ACME;{email};won;;1.234,50;;31.12.2025;1.2.2026.;;\"steel, pipes\"\n\
             2;Ore;b-2;{name};Won;Renewals;2.000;USD;;01.02.2026;;\n\
             3;Coal;Bor;;;;;;;;25 %;\n\
             4;Zinc;Nobody Ltd;x@example.com;Nowhere;;12.34;;31.12.16;;;\n\
             5;Lead;;;;;;;;;;\n6;Tin;;;Trial;;;;;;;\n7;Gold;;;TRIAL;renewals;;;;;;\n",
            email = member["email"].as_str().unwrap().to_uppercase(),
            name = member["name"].as_str().unwrap(),
        );
        let import = owner.run(
            text.as_bytes(),
            json!({
                "entity": "deals",
                "columns": {
                    "no": "external_id", "firm": "company_id", "who": "owner_id", "where": "stage_id",
                    "line": "pipeline_id", "worth": "value", "money": "value.currency", "begun": "opened_on",
                    "ended": "actual_close", "chance": "probability", "labels": "tags",
                },
                "fields": {"title": "{what} for {firm|nobody}"},
                "values": {"where": {"won": "WON"}},
                "date_format": "DD.MM.YYYY", "decimal": ",", "currency": "EUR",
            }),
        );
        assert_eq!(
            owner.refused(&import),
            [
                "4 firm ambiguous",
                "5 begun invalid_value",
                "5 worth invalid_value"
            ]
        );
        assert_eq!(counts(&import), [5, 0, 0, 2]);
        let deal = |no: &str| owner.list(&format!("deals?external_id={no}&limit=1")).remove(0);
        let first = deal("1");
        assert_eq!(first["title"], "Pipes for ACME");
        assert_eq!(
            (&first["owner_id"], &first["status"]),
            (&json!(ann), &json!("WON"))
        );
        assert_eq!(first["value"], json!({"amount": "1234.50", "currency": "EUR"}));
        assert_eq!(
            (&first["opened_on"], &first["actual_close"]),
            (&json!("2025-12-31"), &json!("2026-02-01"))
        );
        assert_eq!(first["tags"], json!(["steel", "pipes"]));
        assert_ne!(first["pipeline_id"], json!(other));
        let second = deal("2");
        assert_eq!(
            (&second["pipeline_id"], &second["status"]),
            (&json!(other), &json!("WON"))
        );
        assert_eq!(second["value"], json!({"amount": "2000.00", "currency": "USD"}));
        assert_eq!(deal("5")["title"], "Lead for nobody");
        // Only one pipeline has such a stage.
        for no in ["6", "7"] {
            assert_eq!(deal(no)["pipeline_id"], json!(other));
        }
    });
}

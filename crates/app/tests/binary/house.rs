//! A data folder and a database, and an organization in it.

use crate::process::{Process, Ran, run};
use firma_testing::{Client, TestDatabase};
use serde_json::json;
use tempfile::TempDir;

pub(crate) const EMAIL: &str = "owner@firm.example";
pub(crate) const PASSWORD: &str = "a password long enough";
/// The organization's path
pub(crate) const FIRM: &str = "/api/v1/organizations/firm";
/// 32 bytes, for servers that have to share them
pub(crate) const SECRET: &str = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";

pub(crate) struct House {
    pub(crate) folder: TempDir,
    pub(crate) database: TestDatabase,
    url: String,
}

impl House {
    /// Writes a file into its folder; its path.
    pub(crate) fn write(&self, name: &str, text: &[u8]) -> String {
        let path = self.folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    }

    fn over(database: TestDatabase) -> House {
        let folder = TempDir::new().unwrap();
        let url = database.url();
        House {
            folder,
            database,
            url,
        }
    }

    /// One on each database that can be had, migrated.
    pub(crate) fn each() -> Vec<House> {
        TestDatabase::each().into_iter().map(House::over).collect()
    }

    pub(crate) fn sqlite() -> House {
        House::over(TestDatabase::sqlite())
    }

    pub(crate) fn postgres() -> Option<House> {
        TestDatabase::postgres().map(House::over)
    }

    /// One on each database that can be had, with nothing in it.
    pub(crate) fn each_empty() -> Vec<House> {
        TestDatabase::each_empty().into_iter().map(House::over).collect()
    }

    pub(crate) fn empty_sqlite() -> House {
        House::over(TestDatabase::empty_sqlite())
    }

    pub(crate) fn empty_postgres() -> Option<House> {
        TestDatabase::empty_postgres().map(House::over)
    }

    pub(crate) fn is_postgres(&self) -> bool {
        self.database.is_postgres()
    }

    /// The server reaches its database by another address.
    pub(crate) fn by_way_of(mut self, url: String) -> House {
        self.url = url;
        self
    }

    fn environment<'a>(&'a self, more: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
        [&[("DATABASE_URL", self.url.as_str())], more].concat()
    }

    /// A server, ready.
    pub(crate) fn start(&self) -> Process {
        self.start_with(&[])
    }

    pub(crate) fn start_with(&self, environment: &[(&str, &str)]) -> Process {
        Process::start(self.folder.path(), &self.environment(environment))
    }

    /// A worker, working.
    pub(crate) fn worker(&self, environment: &[(&str, &str)]) -> Process {
        Process::worker(self.folder.path(), &self.environment(environment))
    }

    /// A command on its way.
    pub(crate) fn command(&self, environment: &[(&str, &str)], arguments: &[&str]) -> Process {
        Process::command(self.folder.path(), &self.environment(environment), arguments)
    }

    /// A command, to its end; `input` is its standard input.
    pub(crate) fn run(&self, arguments: &[&str], input: &str) -> Ran {
        self.run_with(&[], arguments, input)
    }

    pub(crate) fn run_with(&self, environment: &[(&str, &str)], arguments: &[&str], input: &str) -> Ran {
        // Only what is wrong, so that a test can count lines.
        let environment = [&[("FIRMA_LOG", "error")], environment].concat();
        run(
            self.folder.path(),
            &self.environment(&environment),
            arguments,
            input,
        )
    }

    /// Makes the organization and its owner.
    pub(crate) fn found(&self) {
        let create = [
            "admin",
            "create",
            "--email",
            EMAIL,
            "--organization",
            "Firm",
            "--slug",
            "firm",
        ];
        self.run(&create, PASSWORD).fine();
    }

    /// The owner, signed in.
    pub(crate) fn owner(&self, server: &Process) -> Client {
        sign_in(server, EMAIL, PASSWORD)
    }
}

pub(crate) fn sign_in(server: &Process, email: &str, password: &str) -> Client {
    let signed_in = server
        .client()
        .post(
            "/api/v1/auth/login",
            json!({"email": email, "password": password}),
        )
        .expect(200);
    let token = signed_in["access_token"].as_str().unwrap().to_owned();
    server.client().with_token(Some(token))
}

/// Below the organization.
pub(crate) fn at(below: &str) -> String {
    format!("{FIRM}/{below}")
}

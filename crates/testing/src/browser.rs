//! A real Chromium, driven over the WebDriver protocol, by its keyboard alone.

use crate::client::Client;
use base64::Engine;
use serde_json::{Value, json};
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// Keys that are no letters, as WebDriver writes them.
pub const TAB: &str = "\u{e004}";
pub const ENTER: &str = "\u{e007}";

/// Runs until it is dropped.
pub struct Browser {
    driver: Child,
    client: Client,
    session: String,
    // Held so that it goes when the browser does.
    _profile: TempDir,
}

/// How the page is shown.
#[derive(Debug, Clone, Copy)]
pub struct Screen {
    pub width: u32,
    pub height: u32,
    pub is_phone: bool,
    pub is_dark: bool,
}

impl Browser {
    /// One with an empty profile, where `FIRMA_TEST_CHROMIUM` and `FIRMA_TEST_CHROMEDRIVER` name it; as
    /// `scripts/test` does, where they are installed.
    pub fn start() -> Option<Browser> {
        let [chromium, driver] =
            ["FIRMA_TEST_CHROMIUM", "FIRMA_TEST_CHROMEDRIVER"].map(|name| std::env::var(name).ok());
        let (chromium, driver) = (chromium?, driver?);
        let mut driver = Command::new(driver)
            .arg("--port=0")
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(driver.stdout.take().unwrap()).lines();
        let port = lines
            .find_map(|line| {
                let line = line.unwrap();
                let (_, port) = line.split_once("started successfully on port ")?;
                Some(port.trim_end_matches('.').to_owned())
            })
            .unwrap();
        std::thread::spawn(move || lines.for_each(drop));
        let profile = TempDir::new().unwrap();
        let flags = [
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-quic",
            "--disable-dev-shm-usage",
            "--no-first-run",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
            "--lang=en",
            &format!("--user-data-dir={}", profile.path().display()),
        ];
        let wanted = json!({"capabilities": {"alwaysMatch": {
            "goog:chromeOptions": {"binary": chromium, "args": flags},
            "goog:loggingPrefs": {"browser": "ALL"},
        }}});
        let client = Client::new(&format!("http://127.0.0.1:{port}"), None);
        let made = client.post("/session", wanted).expect(200);
        let session = made["value"]["sessionId"].as_str().unwrap().to_owned();
        Some(Browser {
            driver,
            client,
            session,
            _profile: profile,
        })
    }

    #[track_caller]
    fn ask(&self, command: &str, body: Value) -> Value {
        let path = format!("/session/{}/{command}", self.session);
        self.client.post(&path, body).expect(200)["value"].clone()
    }

    fn devtools(&self, command: &str, parameters: Value) {
        self.ask("goog/cdp/execute", json!({"cmd": command, "params": parameters}));
    }

    pub fn show(&self, screen: Screen) {
        let metrics = json!({
            "width": screen.width, "height": screen.height, "deviceScaleFactor": 1, "mobile": screen.is_phone,
        });
        self.devtools("Emulation.setDeviceMetricsOverride", metrics);
        let scheme = if screen.is_dark { "dark" } else { "light" };
        let features = json!({"features": [{"name": "prefers-color-scheme", "value": scheme}]});
        self.devtools("Emulation.setEmulatedMedia", features);
    }

    pub fn open(&self, url: &str) {
        self.ask("url", json!({"url": url}));
    }

    /// Types into whatever has the focus.
    pub fn press(&self, keys: &str) {
        let strokes = keys.chars().flat_map(|key| {
            let key = key.to_string();
            [
                json!({"type": "keyDown", "value": key}),
                json!({"type": "keyUp", "value": key}),
            ]
        });
        let strokes: Vec<Value> = strokes.collect();
        let keyboard = json!({"type": "key", "id": "keyboard", "actions": strokes});
        self.ask("actions", json!({"actions": [keyboard]}));
    }

    /// What a script says of the page.
    #[track_caller]
    pub fn says(&self, script: &str) -> Value {
        self.ask(
            "execute/sync",
            json!({"script": format!("return {script}"), "args": []}),
        )
    }

    /// Waits, up to 20 seconds, until a script is true of the page.
    #[track_caller]
    pub fn await_that(&self, script: &str) {
        let begun = Instant::now();
        while self.says(script) != true {
            let text = || self.says("document.body.innerText");
            assert!(
                begun.elapsed() < Duration::from_secs(20),
                "never {script}: {}",
                text()
            );
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    /// What the browser noted of the pages since it was asked last.
    pub fn notes(&self) -> String {
        self.ask("se/log", json!({"type": "browser"})).to_string()
    }

    /// The whole page as a picture.
    pub fn picture(&self, to: &Path) {
        let parameters = json!({"format": "png", "captureBeyondViewport": true});
        let shot = self.ask(
            "goog/cdp/execute",
            json!({"cmd": "Page.captureScreenshot", "params": parameters}),
        );
        let picture = base64::engine::general_purpose::STANDARD.decode(shot["data"].as_str().unwrap());
        std::fs::write(to, picture.unwrap()).unwrap();
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        // The driver ends the browser.
        let path = format!("/session/{}", self.session);
        let _ = self.client.try_send("DELETE", &path, &[], None);
        let _ = self.driver.kill();
        let _ = self.driver.wait();
    }
}

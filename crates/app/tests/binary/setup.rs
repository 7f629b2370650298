//! The first owner: the link that is printed, and the page behind it in a browser.

use crate::house::{FIRM, House, SECRET, sign_in};
use crate::process::Process;
use firma_testing::{Browser, ENTER, Screen, TAB};
use std::io::Write;
use std::path::PathBuf;
use std::process::{Command, Stdio};

/// With what JSON and a shell would read otherwise.
const EMAIL: &str = "ann.o'lee@firm.example";
const PASSWORD: &str = r#" "quoted" \n 'it' $HOME `id` %s "#;

/// The link, if it was printed: the one line there.
fn link(server: &Process) -> Option<String> {
    let printed = server.printed();
    assert!(printed.lines().count() <= 1, "{printed}");
    let (_, link) = printed.split_once(": ")?;
    Some(link.trim_end().to_owned())
}

#[track_caller]
fn await_link(server: &Process) -> String {
    server.await_that("printing the link", || link(server).is_some());
    link(server).unwrap()
}

fn token(link: &str) -> &str {
    link.rsplit_once('/').unwrap().1
}

#[test]
fn the_link_is_printed_while_nobody_has_an_account_and_never_logged() {
    for house in House::each_empty() {
        let server = house.start_with(&[("FIRMA_LOG", "debug")]);
        let link = await_link(&server);
        let path = link.strip_prefix(&server.url).unwrap();
        assert!(path.starts_with("/setup/"), "{link}");
        assert_eq!(server.client().get(path).status, 200);
        assert_eq!(server.client().delete(path).status, 405);
        server.terminate();
        let (_, log) = server.ended();
        assert!(log.contains("nobody has an account yet"), "{log}");
        assert!(log.contains("route=/setup/{token}"), "{log}");
        assert!(!log.contains(token(&link)), "{log}");

        // As long as it is empty; the older link holds too.
        let again = house.start_with(&[("FIRMA_PUBLIC_URL", "https://firma.example.com")]);
        assert!(await_link(&again).starts_with("https://firma.example.com/setup/"));
        assert_eq!(again.client().get(path).status, 200);
        house.found();
        assert_eq!(again.client().get(path).status, 410);
        again.kill();
        let later = house.start();
        later.client().get(FIRM).problem(401, "unauthenticated");
        assert_eq!(later.printed(), "");
        assert!(!later.log().contains("account"), "{}", later.log());
        assert_eq!(later.client().get(path).status, 410);
    }
}

#[test]
fn a_link_of_one_server_is_good_at_another_beside_it() {
    let Some(house) = House::empty_postgres() else {
        return;
    };
    let shared = [("FIRMA_SECRET", SECRET)];
    let (one, two) = (house.start_with(&shared), house.start_with(&shared));
    let at_one = await_link(&one);
    assert_eq!(
        two.client().get(&format!("/setup/{}", token(&at_one))).status,
        200
    );
}

const DESKTOP: Screen = Screen {
    width: 1_280,
    height: 900,
    is_phone: false,
    is_dark: false,
};
const PHONE: Screen = Screen {
    width: 360,
    height: 740,
    is_phone: true,
    is_dark: false,
};

/// Text whose contrast with its ground is below 4.5, which is too little to be read by many.
const FAINT: &str = r#"(() => {
    const parts = color => { const n = color.match(/[\d.]+/g).map(Number); return n.length < 4 ? [...n, 1] : n; };
    const light = color => {
        const [r, g, b] = parts(color).slice(0, 3).map(v => v / 255)
            .map(v => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
        return 0.2126 * r + 0.7152 * g + 0.0722 * b;
    };
    const ground = e => !e ? 'rgb(255, 255, 255)'
        : parts(getComputedStyle(e).backgroundColor)[3] ? getComputedStyle(e).backgroundColor : ground(e.parentElement);
    const shown = [...document.querySelectorAll('body *')]
        .filter(e => e.tagName === 'INPUT' || [...e.childNodes].some(n => n.nodeType === 3 && n.data.trim()));
    const faint = shown.filter(e => {
        const [a, b] = [light(getComputedStyle(e).color), light(ground(e))].sort((a, b) => b - a);
        return (a + 0.05) / (b + 0.05) < 4.5;
    });
    return shown.length < 3 ? 'nothing is shown' : faint.map(e => e.outerHTML).join();
})()"#;

/// Looks at a page on a desk and on phones, by day and by night.
fn look(browser: &Browser, name: &str) {
    let small = Screen { width: 320, ..PHONE };
    for (kind, screen) in [("desktop", DESKTOP), ("phone", PHONE), ("small", small)] {
        for is_dark in [false, true] {
            browser.show(Screen { is_dark, ..screen });
            let width = browser.says("document.documentElement.scrollWidth");
            assert!(
                width.as_u64().unwrap() <= u64::from(screen.width),
                "{name} on {kind}: {width}"
            );
            assert_eq!(browser.says(FAINT), "", "{name}, dark: {is_dark}");
            if let Some(folder) = std::env::var_os("FIRMA_TEST_PICTURES") {
                let scheme = if is_dark { "-dark" } else { "" };
                browser.picture(&PathBuf::from(folder).join(format!("{name}-{kind}{scheme}.png")));
            }
        }
    }
    browser.show(DESKTOP);
    let elsewhere =
        "performance.getEntriesByType('resource').filter(e => !e.name.startsWith(location.origin)).length";
    assert_eq!(browser.says(elsewhere), 0);
    assert_eq!(
        browser.says("document.querySelectorAll('script, style, [style]').length"),
        0
    );
    // The style is there, and so nothing was refused by the policy.
    assert_eq!(
        browser.says("getComputedStyle(document.querySelector('.sheet')).borderRadius"),
        "12px"
    );
    let notes = browser.notes();
    assert!(!notes.contains("Content Security Policy"), "{notes}");
}

fn focused(browser: &Browser) -> String {
    let which =
        "document.activeElement.id || document.activeElement.type || document.activeElement.className";
    browser.says(which).as_str().unwrap_or_default().to_owned()
}

#[test]
fn a_person_with_a_keyboard_makes_the_first_owner() {
    let Some(browser) = Browser::start() else { return };
    for house in House::each_empty() {
        let server = house.start();
        browser.show(DESKTOP);
        browser.open(&await_link(&server));
        look(&browser, "form");

        // By Tab alone, in the order in which it is read, and each place is seen to have the focus.
        let mut order = Vec::new();
        for _ in 0..6 {
            browser.press(TAB);
            order.push(focused(&browser));
            let outline = browser.says("getComputedStyle(document.activeElement).outlineWidth");
            assert_eq!(outline, "3px", "{order:?}");
        }
        assert_eq!(
            order,
            ["name", "email", "password", "organization", "slug", "submit"]
        );
        browser.press(ENTER);
        browser.await_that("!!document.querySelector('.summary')");
        assert_eq!(browser.says("document.title.startsWith('Error: ')"), true);
        assert_eq!(browser.says("document.querySelectorAll('.error').length"), 5);
        browser.await_that("document.activeElement.className === 'summary'");
        look(&browser, "errors");

        // The first link of the summary leads to the first field.
        browser.press(&format!("{TAB}{ENTER}"));
        browser.await_that("document.activeElement.id === 'name'");
        browser.press(&format!(
            "Ann O'Lee{TAB}{EMAIL}{TAB}too short{TAB}Firm{TAB}{ENTER}"
        ));
        browser.await_that("document.querySelectorAll('.error').length === 1");
        let kept = "['name', 'email', 'password', 'organization', 'slug'].map(id => document.getElementById(id).value)";
        assert_eq!(
            browser.says(kept),
            serde_json::json!(["Ann O'Lee", EMAIL, "", "Firm", "firm"])
        );
        assert_eq!(
            browser.says("document.getElementById('password').type"),
            "password"
        );
        look(&browser, "error");

        browser.press(&format!("{TAB}{ENTER}"));
        browser.await_that("document.activeElement.id === 'password'");
        browser.press(&format!("{PASSWORD}{ENTER}"));
        browser.await_that("document.title.startsWith('Done')");
        look(&browser, "done");
        assert_eq!(
            browser.says("!!document.querySelector('a[href=\"/docs\"]')"),
            true
        );
        let text = browser.says("document.body.innerText");
        let text = text.as_str().unwrap();
        let data = match house.is_postgres() {
            true => "PostgreSQL: 127.0.0.1:".to_owned(),
            false => house.database.url().replace("sqlite://", ""),
        };
        assert!(text.contains(&data) && !text.contains(PASSWORD), "{text}");
        run_as_shown(&browser);
        sign_in(&server, EMAIL, PASSWORD).get(FIRM).expect(200);

        browser.open(&format!("{}/setup", server.url));
        look(&browser, "unknown");
        browser.open(&await_link(&server));
        look(&browser, "used");
    }
}

/// The commands of the last page, copied into a shell as they stand.
fn run_as_shown(browser: &Browser) {
    let command = |id: &str| {
        let shown = browser.says(&format!("document.getElementById('{id}').textContent"));
        shown.as_str().unwrap().to_owned()
    };
    let script = ["password-command", "sign-in-command", "member-command"]
        .map(command)
        .join("\n");
    let mut shell = Command::new("bash")
        .args(["-c", &script])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    writeln!(shell.stdin.take().unwrap(), "{PASSWORD}").unwrap();
    let said = String::from_utf8(shell.wait_with_output().unwrap().stdout).unwrap();
    for part in ["\"slug\":\"firm\"", "\"email\":\"ann@example.com\""] {
        assert!(said.contains(part), "{script}\n{said}");
    }
}

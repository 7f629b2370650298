use super::value::Hidden;
use super::{Config, Fault, Flags, Given, load, warnings};

const WORK: [(&str, &str); 4] = [
    ("FIRMA_OIDC", "work"),
    ("FIRMA_OIDC_WORK_ISSUER", "https://id.example"),
    ("FIRMA_OIDC_WORK_CLIENT_ID", "firma"),
    ("FIRMA_OIDC_WORK_CLIENT_SECRET", "hunter2"),
];

fn with(variables: &[(&str, &str)]) -> Result<(Config, Vec<Given>), Vec<String>> {
    let variable = |name: &str| {
        let found = variables.iter().find(|(known, _)| *known == name);
        found.map(|(_, value)| (*value).into())
    };
    load(&Flags::default(), &variable).map_err(|faults| faults.iter().map(Fault::to_string).collect())
}

#[test]
fn each_provider_that_is_named_has_settings_of_its_own() {
    let more = [
        ("FIRMA_OIDC_WORK_SCOPES", "openid email,groups"),
        ("FIRMA_OIDC_WORK_LABEL", "Work"),
        ("FIRMA_OIDC_HOME_ISSUER", "http://127.0.0.1:9/realm"),
        ("FIRMA_OIDC_HOME_CLIENT_ID", "x"),
    ];
    let named = [&[("FIRMA_OIDC", "work, home")][..], &WORK[1..], &more].concat();
    let (config, given) = with(&named).unwrap();
    let [work, home] = &config.providers[..] else {
        panic!("{:?}", config.providers);
    };
    assert_eq!(
        (&*work.name, &*work.label, &*work.client_id),
        ("work", "Work", "firma")
    );
    assert_eq!(work.issuer, "https://id.example");
    assert_eq!(work.client_secret, Some(Hidden::new("hunter2".to_owned())));
    assert_eq!(work.scopes, ["email", "groups"]);
    assert_eq!((&*home.label, home.client_secret.is_none()), ("home", true));
    assert_eq!(home.scopes, ["email", "profile"]);
    let shown = given
        .iter()
        .find(|given| given.setting == "oidc_work_client_secret");
    assert_eq!(shown.unwrap().value.as_deref(), Some("***"));
    assert!(!format!("{config:?}").contains("hunter2"));
}

#[test]
fn a_provider_is_whole_or_the_server_does_not_start() {
    let faults = |change: (&str, &str)| {
        let of = |(name, value): (&'static str, &'static str)| match name == change.0 {
            true => (name, change.1.to_owned()),
            false => (name, value.to_owned()),
        };
        let all: Vec<_> = WORK.into_iter().map(of).collect();
        let all: Vec<_> = all
            .iter()
            .filter(|(_, value)| value != "-")
            .map(|(name, value)| (*name, value.as_str()))
            .collect();
        with(&all).err().unwrap_or_default()
    };
    for (name, value, said) in [
        (
            "FIRMA_OIDC_WORK_ISSUER",
            "-",
            "FIRMA_OIDC_WORK_ISSUER: is missing",
        ),
        ("FIRMA_OIDC_WORK_ISSUER", "http://id.example", "is not an issuer"),
        ("FIRMA_OIDC_WORK_ISSUER", "id.example", "is not an issuer"),
        (
            "FIRMA_OIDC_WORK_ISSUER",
            "https://id.example?x",
            "is not an issuer",
        ),
        (
            "FIRMA_OIDC_WORK_CLIENT_ID",
            "-",
            "FIRMA_OIDC_WORK_CLIENT_ID: is missing",
        ),
        ("FIRMA_OIDC_WORK_CLIENT_ID", "", "is empty"),
        ("FIRMA_OIDC_WORK_CLIENT_SECRET", "hunter\u{7}", "is not a text"),
        ("FIRMA_OIDC", "work,work", "is not names"),
        ("FIRMA_OIDC", "Work", "is not names"),
        ("FIRMA_OIDC", "work-1", "is not names"),
        ("FIRMA_OIDC", "work,", "is not names"),
    ] {
        let found = faults((name, value));
        assert_eq!(found.len(), 1, "{name}={value}: {found:?}");
        assert!(
            found[0].contains(said) && !found[0].contains("hunter"),
            "{}",
            found[0]
        );
    }
    let outside = [&WORK[..], &[("FIRMA_BIND", "0.0.0.0:80")]].concat();
    assert!(with(&outside).unwrap_err()[0].starts_with("FIRMA_PUBLIC_URL: is needed"));
    let told = [&outside[..], &[("FIRMA_PUBLIC_URL", "https://firma.example")]].concat();
    assert!(with(&told).is_ok());
}

#[test]
fn the_file_names_providers_in_the_same_way() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("firma.toml");
    let read = |text: &str| {
        std::fs::write(&file, text).unwrap();
        with(&[("FIRMA_CONFIG", file.to_str().unwrap())])
    };
    let whole =
        "oidc = \"work\"\noidc_work_issuer = \"https://id.example\"\noidc-work-client-id = \"firma\"\n";
    assert_eq!(read(whole).unwrap().0.providers[0].client_id, "firma");
    let faults = read(&format!("{whole}oidc_home_issuer = \"https://id.example\"\n")).unwrap_err();
    assert!(
        faults[0].ends_with("oidc_home_issuer: is not a setting of a provider that `oidc` names"),
        "{faults:?}"
    );
}

#[test]
fn what_is_no_setting_of_a_provider_is_said() {
    let of = |name: &str| warnings([name.to_owned()], &["work".to_owned()]).len();
    assert_eq!(
        of("FIRMA_OIDC_WORK_CLIENT_SECRET_FILE") + of("FIRMA_OIDC_WORK_ISSUER") + of("FIRMA_OIDC"),
        0
    );
    assert_eq!(of("FIRMA_OIDC_WORK_URL") + of("FIRMA_OIDC_ISSUER"), 2);
    // As it may be called, but nobody is called so.
    assert_eq!(
        of("FIRMA_OIDC_HOME_ISSUER") + of("FIRMA_OIDC_HOME_CLIENT_SECRET_FILE"),
        2
    );
}

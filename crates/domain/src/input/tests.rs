use super::*;
use crate::access::{ApiKey, Role, RoleAssignment};
use crate::crm::{Activity, Company, Contact, Deal, DealContact, Pipeline, Stage};
use crate::identity::{Profile, User};
use crate::organizations::{Member, Organization, Settings, Team, TeamMember};
use serde_json::json;

fn first<E: Entity + std::fmt::Debug>(body: Value) -> (String, String) {
    let Invalid(errors) = read::<E>(body).unwrap_err();
    (errors[0].pointer.clone(), errors[0].code.to_string())
}

#[test]
fn names_what_is_wrong_and_where() {
    let wrong = |body| first::<Company>(body);
    assert_eq!(wrong(json!({})), ("#/name".into(), "required".into()));
    assert_eq!(wrong(json!([])), ("#".into(), "invalid_type".into()));
    assert_eq!(
        wrong(json!({"name": 5})),
        ("#/name".into(), "invalid_type".into())
    );
    assert_eq!(
        wrong(json!({"name": "x", "colour": 1})),
        ("#/colour".into(), "unknown_field".into())
    );
    assert_eq!(
        wrong(json!({"name": "a\u{0}b"})),
        ("#/name".into(), "control_character".into())
    );
    assert_eq!(
        wrong(json!({"name": "x".repeat(300)})),
        ("#/name".into(), "length".into())
    );
    assert_eq!(wrong(json!({"name": "  "})), ("#/name".into(), "length".into()));
    assert_eq!(
        wrong(json!({"name": "x", "billing_address": {"zip": "1"}})),
        ("#/billing_address/zip".into(), "unknown_field".into())
    );
    assert_eq!(
        first::<Deal>(json!({"title": "x", "opened_on": "2026-02-30"})),
        ("#/opened_on".into(), "invalid_value".into())
    );
    assert_eq!(
        first::<Deal>(json!({"title": "x", "status": "WON"})),
        ("#/status".into(), "read_only".into())
    );
}

fn all(invalid: Invalid) -> Vec<String> {
    let line = |error: &FieldError| format!("{} {}", error.pointer, error.code);
    invalid.0.iter().map(line).collect()
}

#[test]
fn every_name_that_is_not_known_is_told_with_what_else_is_wrong() {
    let wrong = json!({
        "name": "A", "shade": 1, "colour": 1, "a`b": 1, "a/b": 1, "industry": 5, "tags": ["a", 1],
        "billing_address": {"zip": "1", "city": "Bor", "town": "Bor"},
    });
    let told = all(read::<Company>(wrong.clone()).unwrap_err());
    assert_eq!(
        told,
        [
            "#/a~1b unknown_field",
            "#/a`b unknown_field",
            "#/billing_address/town unknown_field",
            "#/billing_address/zip unknown_field",
            "#/colour unknown_field",
            "#/industry invalid_type",
            "#/shade unknown_field",
            "#/tags/1 invalid_type",
        ]
    );
    assert_eq!(all(patch::<Company>(wrong).unwrap_err()), told);
    // What is required is told once, and asked of no patch.
    assert_eq!(
        all(read::<Company>(json!({"name": 5, "zone": 1})).unwrap_err()),
        ["#/name invalid_type", "#/zone unknown_field"]
    );
    assert_eq!(
        all(read::<Company>(json!({"colour": 1, "named": 1})).unwrap_err()),
        [
            "#/colour unknown_field",
            "#/named unknown_field",
            "#/name required"
        ]
    );
    // Of several that are missing all are told, also beside one of a wrong type.
    use crate::organizations::Team;
    for (body, told) in [
        (json!({}), ["#/name required", "#/slug required"]),
        (json!({"name": 5}), ["#/name invalid_type", "#/slug required"]),
    ] {
        assert_eq!(all(read::<Team>(body).unwrap_err()), told);
    }
    assert_eq!(
        all(read::<Deal>(json!({"value": {}})).unwrap_err()),
        [
            "#/value/amount required",
            "#/value/currency required",
            "#/title required"
        ]
    );
    assert_eq!(
        all(patch::<Company>(json!({"colour": 1, "shade": 1})).unwrap_err()),
        ["#/colour unknown_field", "#/shade unknown_field"]
    );
    assert_eq!(
        all(read::<Deal>(json!({"status": "X", "title": "a\u{0}", "value": 5, "colour": 1})).unwrap_err()),
        [
            "#/title control_character",
            "#/status read_only",
            "#/colour unknown_field"
        ]
    );
    let many: Map<String, Value> = (0..50).map(|n| (format!("x{n:02}"), json!(n))).collect();
    let told = all(plain::<Settings>(Value::Object(many)).unwrap_err());
    assert_eq!((told.len(), told[19].as_str()), (TOLD, "#/x19 unknown_field"));
}

#[test]
fn a_body_full_of_faults_is_refused_by_a_small_answer() {
    let long = "k".repeat(1_000_000);
    let told = |body: Value| {
        let Invalid(errors) = read::<Company>(body).unwrap_err();
        let size: usize = errors.iter().map(|e| e.pointer.len() + e.detail.len()).sum();
        assert!(errors.len() <= TOLD && size < 30_000, "{} {size}", errors.len());
        all(Invalid(errors))
    };
    // With all of its pointers it would take 160 GB.
    let faults = told(json!({&long: vec!["\u{0}"; 160_000]}));
    assert_eq!(faults.len(), TOLD);
    let name = format!("#/{}…", "k".repeat(NAME_TOLD));
    assert_eq!(faults[0], format!("{name}/0 control_character"));
    // To write where each item stands would take minutes.
    assert_eq!(
        told(json!({&long: vec![1; 500_000]})),
        [format!("{name} unknown_field")]
    );
    assert_eq!(told(json!({"name": "A", "size": long})), ["#/size invalid_value"]);
    assert_eq!(told(json!({"name": {&long: 1}})), ["#/name invalid_type"]);
    // An escape isn't cut through.
    let slashes = "/".repeat(NAME_TOLD);
    let name = format!("a{}", "~1".repeat(NAME_TOLD / 2 - 1));
    assert_eq!(
        told(json!({"name": "A", format!("a{slashes}"): 1})),
        [format!("#/{name}… unknown_field")]
    );
    let mut deep = json!(vec!["\u{0}"; 30]);
    for _ in 0..100 {
        deep = json!({"n".repeat(50): deep});
    }
    assert_eq!(told(deep).len(), TOLD);
}

#[test]
fn what_is_large_is_read_once() {
    let faults = |emails: usize| {
        let emails: Vec<_> = (0..emails).map(|n| format!("a{n}@firm.example")).collect();
        let mut body = json!({"name": "A", "emails": emails});
        (0..30).for_each(|n| body[format!("x{n:02}")] = json!(n));
        (
            all(read::<Contact>(body.clone()).unwrap_err()),
            all(patch::<Contact>(body).unwrap_err()),
        )
    };
    let (new, changed) = faults(10);
    assert_eq!((new.len(), changed.len()), (TOLD, TOLD));
    let (new, changed) = faults(20_000);
    assert_eq!(new, ["#/x00 unknown_field"]);
    assert_eq!(changed, new);
    // A part of an object is no fault in what is large, either.
    let large = json!({"title": "x".repeat(100_000), "value": {"amount": "5.00"}, "zone": 1});
    assert_eq!(all(patch::<Deal>(large).unwrap_err()), ["#/zone unknown_field"]);
}

#[derive(Debug, serde::Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(dead_code, reason = "they are read alone")]
struct Outer {
    #[serde(default)]
    inner: Option<Inner>,
    #[serde(default)]
    list: Vec<Innermost>,
}

#[derive(Debug, serde::Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(dead_code, reason = "they are read alone")]
struct Inner {
    innermost: Innermost,
}

#[derive(Debug, serde::Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(dead_code, reason = "they are read alone")]
struct Innermost {
    number: i32,
}

#[test]
fn what_is_wrong_in_an_object_hides_nothing_behind_it() {
    let wrong = json!({"title": "x", "value": {"amount": 5, "currency": "EUR"}, "zone": 1});
    let told = ["#/value/amount invalid_type", "#/zone unknown_field"];
    assert_eq!(all(read::<Deal>(wrong.clone()).unwrap_err()), told);
    assert_eq!(all(patch::<Deal>(wrong).unwrap_err()), told);
    let deep = json!({"inner": {"innermost": {"number": "1"}}, "list": [{"number": "2"}], "zone": 1});
    assert_eq!(
        all(plain::<Outer>(deep).unwrap_err()),
        [
            "#/inner/innermost/number invalid_type",
            "#/list/0/number invalid_type",
            "#/zone unknown_field"
        ]
    );
    // What is missing is told once, and not again for what is around it.
    assert_eq!(
        all(plain::<Outer>(json!({"inner": {"innermost": {}}, "zone": 1})).unwrap_err()),
        ["#/inner/innermost/number required", "#/zone unknown_field"]
    );
    // Of a part, what an object lacks stands elsewhere; what an item of a list lacks doesn't.
    let part = json!({"inner": {"innermost": {}}, "list": [{}]});
    let (_, errors) = typed::reading::<Outer>(&part, true);
    assert_eq!(all(Invalid(errors)), ["#/list/0/number required"]);
    let (read, errors) = typed::reading::<Outer>(&json!({"inner": {"innermost": {}}}), true);
    assert!(read.unwrap().inner.is_none() && errors.is_empty());
}

#[test]
fn what_a_patch_says_is_judged_without_the_row() {
    let wrong = |body: Value| all(patch::<Company>(body).unwrap_err());
    assert_eq!(wrong(json!({"name": ""})), ["#/name length"]);
    assert_eq!(
        wrong(json!({"industry": "x".repeat(101), "tags": ["a", "a"]})).len(),
        2
    );
    assert_eq!(wrong(json!({"tags": [""]})), ["#/tags tags"]);
    assert_eq!(
        wrong(json!({"billing_address": {"postal_code": "x".repeat(21)}})),
        ["#/billing_address/postal_code length"]
    );
    assert_eq!(
        all(patch::<Organization>(json!({"settings": {"retention": {"audit_days": 1}}})).unwrap_err()),
        ["#/settings/retention/audit_days range"]
    );
    // What is whole beside the row alone waits for it, and nothing else does.
    assert!(patch::<Deal>(json!({"value": {"amount": "5.00"}})).is_ok());
    assert_eq!(
        all(patch::<Deal>(json!({"value": {"amount": "5.00"}, "title": "", "tags": [""]})).unwrap_err())
            .len(),
        2
    );
    assert_eq!(
        wrong(json!({"billing_address": ["x"]})),
        ["#/billing_address invalid_type"]
    );
    assert_eq!(
        wrong(json!({"billing_address": ["x"], "zone": 1})),
        ["#/zone unknown_field", "#/billing_address invalid_type"]
    );
    assert!(patch::<Activity>(json!({"body": null})).is_ok());
    assert!(fits::<Company>(json!({"name": ""})).is_ok() && fits::<Company>(json!({"name": 1})).is_err());
}

#[test]
fn the_least_of_each_entity_that_a_patch_changes_is_one() {
    fn least<E: Entity>() {
        let one = serde_json::from_str::<E>(E::LEAST);
        let read = one.unwrap_or_else(|e| panic!("{}: {e}", E::NAME));
        assert!(read.validate().is_ok(), "{}", E::NAME);
    }
    least::<Activity>();
    least::<ApiKey>();
    least::<Company>();
    least::<Contact>();
    least::<Deal>();
    least::<DealContact>();
    least::<Member>();
    least::<Organization>();
    least::<Pipeline>();
    least::<Profile>();
    least::<Role>();
    least::<RoleAssignment>();
    least::<Stage>();
    least::<Team>();
    least::<TeamMember>();
    least::<User>();
}

#[test]
fn a_patch_changes_what_it_names_and_null_empties() {
    let company: Company =
        read(json!({"name": "A", "industry": "steel", "billing_address": {"city": "Bor", "country": "RS"}}))
            .unwrap();
    let patched = merge(
        &company,
        patch::<Company>(json!({"industry": null, "billing_address": {"city": "Niš"}})).unwrap(),
    )
    .unwrap();
    assert_eq!(patched.industry, None);
    let address = patched.billing_address.unwrap();
    assert_eq!(
        (address.city.as_deref(), address.country.as_deref()),
        (Some("Niš"), Some("RS"))
    );
    for wrong in [
        json!({"name": null}),
        json!({"colour": 1}),
        json!({"name": 5}),
        json!({"industry": "a\u{0}"}),
        json!(3),
    ] {
        assert!(patch::<Company>(wrong.clone()).is_err(), "{wrong}");
    }
}

#[test]
fn null_takes_keys_of_a_free_object_away() {
    let profile: Profile = read(json!({"bio": "x", "metadata": {"a": 1, "b": {"c": 2, "d": 3}}})).unwrap();
    let merged = |change: Value| merge(&profile, patch::<Profile>(change).unwrap()).unwrap();
    let left = |change: Value| Value::Object(merged(json!({"metadata": change})).metadata);
    assert_eq!(left(json!({"a": null})), json!({"b": {"c": 2, "d": 3}}));
    assert_eq!(
        left(json!({"b": {"c": null}, "e": null})),
        json!({"a": 1, "b": {"d": 3}})
    );
    assert_eq!(left(json!(null)), json!({}));
    assert_eq!(left(json!({})), json!({"a": 1, "b": {"c": 2, "d": 3}}));
    assert_eq!(merged(json!({"bio": null})).bio, None);
    // Of what is new, a null is a value.
    let new: Profile = read(json!({"metadata": {"a": null}})).unwrap();
    assert_eq!(Value::Object(new.metadata), json!({"a": null}));
    assert_eq!(first::<Profile>(json!({"metadata": null})).1, "invalid_type");
    assert!(patch::<Profile>(json!({"metadata": []})).is_err());
    assert!(patch::<Profile>(json!({"tags": null})).is_err());
}

#[test]
fn what_is_expected_is_told_in_words_of_a_caller() {
    let told = |body: Value| read::<Deal>(body).unwrap_err().to_string();
    assert_eq!(
        told(json!({"title": "x", "value": "5 EUR"})),
        "#/value: invalid type: string \"5 EUR\", expected an object with amount and currency"
    );
    let Invalid(errors) = plain::<Settings>(json!([])).unwrap_err();
    assert_eq!(
        (errors[0].pointer.as_str(), errors[0].detail.as_str()),
        ("#", "an object is expected")
    );
    let days = plain::<Settings>(json!({"retention": {"audit_days": "x"}})).unwrap_err();
    assert!(
        days.to_string().ends_with("expected a whole number of 32 bits"),
        "{days}"
    );
}

#[test]
fn a_list_where_an_object_belongs_is_told_once() {
    for settings in [json!([]), json!([5]), json!({"branding": [5]})] {
        let body = json!({"name": "A", "slug": "a-firm", "settings": settings});
        let Err(Invalid(errors)) = read::<Organization>(body) else {
            panic!("{settings} was read");
        };
        assert_eq!(errors.len(), 1, "{settings}: {errors:?}");
    }
}

use super::*;
use firma_domain::crm::Company;
use firma_domain::organizations::Team;
use serde_json::json;

#[test]
fn each_operation_is_read_for_itself_and_has_what_it_needs_alone() {
    let id = "01890000-0000-7000-8000-000000000000";
    let body = json!({"operations": [
        {"op": "create", "value": {}},
        {"op": "create", "id": id},
        {"op": "create", "version": 1},
        {"op": "create", "id": null, "version": null},
        {"op": "update", "id": id, "version": 1, "value": {}},
        {"op": "update", "value": {}},
        {"op": "delete", "id": id, "version": 1, "value": null},
        {"op": "delete", "id": id, "value": {}},
        {"op": "delete"},
        {"op": "upsert", "version": 1, "value": {}},
        {"op": "upsert", "id": id, "value": {}},
        {"id": id},
        5,
    ]});
    let Operations(operations) = read(body).unwrap();
    let told: Vec<_> = operations
        .iter()
        .filter_map(|operation| operation.as_ref().err())
        .map(|Invalid(errors)| format!("{} {}", errors[0].pointer, errors[0].code))
        .collect();
    assert_eq!(
        told,
        [
            "#/operations/1/id unknown_field",
            "#/operations/2/version unknown_field",
            "#/operations/5/id required",
            "#/operations/7/value unknown_field",
            "#/operations/8/id required",
            "#/operations/10/id unknown_field",
            "#/operations/11/op required",
            "#/operations/12 invalid_type",
        ]
    );
    assert!(read(json!([])).is_err() && read(json!({"operations": {}})).is_err());
}

#[test]
fn an_upsert_tells_what_is_wrong_beside_what_it_is_about() {
    let told = |value: Value| match upserted::<Company>(&value) {
        Err(Refusal::Invalid(Invalid(errors))) => errors
            .iter()
            .map(|error| format!("{} {}", error.pointer, error.code))
            .collect::<Vec<_>>(),
        other => vec![format!("{:?}", other.is_ok())],
    };
    for (value, faults) in [
        (
            json!({"shade": 1}),
            vec!["#/shade unknown_field", "#/external_id required"],
        ),
        (
            json!({"external_id": null, "name": "x"}),
            vec!["#/external_id required"],
        ),
        (json!({"external_id": 5}), vec!["#/external_id invalid_type"]),
        (json!(5), vec!["# invalid_type"]),
        (json!({"external_id": "a", "name": "x"}), vec!["true"]),
    ] {
        assert_eq!(told(value.clone()), faults, "{value}");
    }
    // Where there is none, what is wrong by itself comes first.
    let upserted = |name: &str| upserted::<Team>(&json!({"name": name}));
    assert!(matches!(upserted(""), Err(Refusal::Invalid(_))));
    assert!(matches!(
        upserted("x"),
        Err(Refusal::Conflict {
            code: "no_upsert",
            ..
        })
    ));
}

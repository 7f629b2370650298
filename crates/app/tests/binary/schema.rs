//! Which databases the server serves, and which it doesn't touch.

use crate::house::House;

const FUTURE: &str = "INSERT INTO __diesel_schema_migrations (version) VALUES ('20991231000001')";

#[test]
fn a_newer_schema_is_refused() {
    for house in House::each_empty() {
        house.found();
        house.database.execute(FUTURE);
        let line = "firma: the database has migrations that this binary doesn't know (20991231000001): use a newer one";
        assert_eq!(house.run(&[], "").line(1), line);
        assert_eq!(
            house
                .run_with(&[("FIRMA_MIGRATE", "auto")], &["serve"], "")
                .line(1),
            line
        );
    }
}

#[test]
fn a_schema_that_became_newer_is_not_ready() {
    for house in House::each_empty() {
        house.found();
        let server = house.start();
        house.database.execute(FUTURE);
        let ready = server.client().get("/health/ready").expect(503);
        assert_eq!(ready["migrations"], "not this binary's");
    }
}

#[test]
fn an_existing_postgres_is_migrated_only_when_told() {
    let Some(house) = House::empty_postgres() else {
        return;
    };
    house.database.execute("CREATE TABLE somebody_elses (id bigint)");
    let tables = "SELECT COUNT(*) FROM pg_tables WHERE schemaname = 'public' AND tablename <> '__diesel_schema_migrations'";
    let refused = house.run(&[], "");
    let line = refused.line(1);
    assert!(
        line.starts_with("firma: the database lacks the migrations "),
        "{line}"
    );
    assert!(line.ends_with(": run `firma-migrate run`"), "{line}");
    assert_eq!(house.database.number(tables), 1);

    drop(house.start_with(&[("FIRMA_MIGRATE", "auto")]));
    assert!(house.database.number(tables) > 20);
    drop(house.start());
}

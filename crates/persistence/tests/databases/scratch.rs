//! The database into which an archive is restored to prove it.

use firma_domain::Id;
use firma_persistence::archive::Scratch;
use firma_testing::TestDatabase;
use std::path::Path;

#[test]
fn nobody_but_its_maker_may_enter_it() {
    let Some(base) = TestDatabase::postgres() else {
        return;
    };
    let id: Id = "01a21f00-0000-7000-8000-00000000c0de".parse().unwrap();
    let name = id.to_string().replace('-', "");
    let scratch = Scratch::open(base.target(), Path::new("unused"), id)
        .unwrap()
        .unwrap();
    // Who has which right; where there is no list, the usual one holds, by which everybody may connect.
    let of_it = |what: &str| {
        base.lines(&format!(
            "SELECT {what} FROM pg_database d, aclexplode(COALESCE(d.datacl, acldefault('d', d.datdba))) a \
             WHERE starts_with(d.datname, 'firma_scratch_') AND right(d.datname, 32) = '{name}' ORDER BY 1"
        ))
    };
    let rights = of_it("a.grantee::text || ' ' || a.privilege_type");
    assert!(!rights.is_empty());
    assert_eq!(
        rights,
        of_it("d.datdba::text || ' ' || a.privilege_type"),
        "not its owner's alone"
    );
    drop(scratch);
    assert!(of_it("a.privilege_type").is_empty(), "it is left");
}

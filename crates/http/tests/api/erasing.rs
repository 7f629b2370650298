//! Who is erased is nowhere any more, and the log is whole all the same.

use crate::archive::ARCHIVE;
use crate::identity::{PASSWORD, set_password};
use crate::invitations::invited;
use crate::invitations_answered::register;
use crate::post::{auth, events, login, mails};
use crate::samples::{role, upload_image};
use firma_auth::access::Create;
use firma_domain::Id;
use firma_domain::crm::Company;
use firma_domain::identity::SecurityKind;
use firma_persistence::identity::SecurityEvent;
use firma_services::operating;
use firma_services::platform::{CleanUp, Handler, NewJob, Retention, Worker, WorkerSettings};
use firma_services::{Origin, Work, crud, identity};
use firma_testing::{Client, Firm, Server, on_each};
use serde_json::json;
use std::sync::Arc;
use std::time::{Duration, Instant};

const EMAIL: &str = "Ann.Zephyrine@person.example";
const AGENT: &str = "AnnsBrowser/7.7";
const IP: &str = "203.0.113.77";
/// What would tell of the person, in small letters.
const TRACES: [&str; 5] = [
    "zephyr",
    "person.example",
    "annsbrowser",
    "203.0.113.77",
    "rides a unicycle",
];

/// Each column that has one of these texts, with the text; of PostgreSQL each table.
pub(crate) fn found(server: &Server, texts: &[&str]) -> Vec<String> {
    let base = &server.base;
    let columns = base.lines(if base.is_postgres() {
        "SELECT table_name || ' *' FROM information_schema.tables WHERE table_schema = 'public' AND table_type = 'BASE TABLE'"
    } else {
        "SELECT m.name || ' ' || c.name FROM sqlite_master m, pragma_table_info(m.name) c WHERE m.type = 'table'"
    });
    assert!(columns.len() > 30, "{columns:?}");
    let wanted = texts.iter().map(|text| format!("('{text}')"));
    let wanted = wanted.collect::<Vec<_>>().join(", ");
    let searched = columns.iter().map(|line| {
        let (table, column) = line.split_once(' ').unwrap();
        let row = match base.is_postgres() {
            true => format!("CAST({table} AS text)"),
            false => format!("CAST(\"{column}\" AS TEXT)"),
        };
        format!(
            "SELECT wanted.trace || ' in {line}' FROM wanted WHERE EXISTS \
             (SELECT 1 FROM {table} WHERE lower({row}) LIKE '%' || wanted.trace || '%')"
        )
    });
    // SQLite puts no more than 500 queries together.
    let searched: Vec<_> = searched.collect();
    let together = searched.chunks(200).map(|some| {
        let all = some.join(" UNION ALL ");
        base.lines(&format!("WITH wanted (trace) AS (VALUES {wanted}) {all}"))
    });
    together.flatten().collect()
}

/// Everything that a person leaves behind.
struct Traces<'s> {
    firm: Firm<'s>,
    user: Id,
    client: Client,
    /// A row that the person made
    company: String,
}

fn patched(client: &Client, path: &str, body: serde_json::Value) {
    let headers = [
        ("content-type", "application/merge-patch+json"),
        ("user-agent", AGENT),
    ];
    client
        .send("PATCH", path, &headers, Some(body.to_string().as_bytes()))
        .expect(200);
}

impl<'s> Traces<'s> {
    fn new(server: &'s Server) -> Traces<'s> {
        let firm = Firm::new(server);
        let posted = |client: &Client, path: &str, body: serde_json::Value| {
            let headers = [("user-agent", AGENT), ("idempotency-key", "ann")];
            client.send("POST", path, &headers, Some(body.to_string().as_bytes()))
        };
        // A registration that was never finished, then a membership that the firm made.
        let body = json!({"email": EMAIL, "name": "Ann Zephyrine", "password": PASSWORD});
        auth(&server.nobody(), "register", body).expect(202);
        mails(server);
        let body = json!({
            "email": EMAIL, "name": "Ann Zephyrine", "title": "Zephyr", "department": "Zephyrs", "role_ids": [role("admin")],
        });
        // Its stored answer names the person.
        let added = firm.owner.post_once(&firm.at("members"), "ann", body);
        let user: Id = added.id().parse().unwrap();
        let noted = json!({"metadata": {"nickname": "zephyr"}});
        firm.owner
            .patch(&firm.at(&format!("members/{user}")), noted)
            .expect(200);
        set_password(server, EMAIL, PASSWORD);
        login(server, EMAIL, "none of anybody's").problem(401, "wrong_credentials");
        let body = json!({"email": EMAIL, "password": PASSWORD});
        let signed_in = posted(&server.nobody(), "/api/v1/auth/login", body).expect(200);
        let client = server
            .nobody()
            .with_token(signed_in["access_token"].as_str().map(str::to_owned));
        let names = json!({"username": "zephyr.ann", "given_name": "Ann", "family_name": "Zephyrine"});
        patched(&client, "/api/v1/me", names);
        let said = json!({"bio": "rides a unicycle", "metadata": {"home": "zephyr"}, "tags": ["zephyr"]});
        patched(&client, "/api/v1/me/profile", said);
        upload_image(&client).expect(200);
        let company = posted(&client, &firm.at("companies"), json!({"name": "Nordlicht"})).id();
        patched(
            &client,
            &firm.at(&format!("companies/{company}")),
            json!({"industry": "Light"}),
        );
        // What the person does to others is written down with where the person was.
        let (other, _) = firm.member(None);
        let given = json!({"user_id": other, "role_id": role("designer")});
        posted(&client, &firm.at("role-assignments"), given).expect(201);
        from_elsewhere(server, firm.id, user);
        client.act(ARCHIVE).expect(202);
        auth(
            &client,
            "change-email",
            json!({"email": "ann@new.person.example"}),
        )
        .expect(202);
        mails(server);
        // Mails that wait, and one that was given up.
        auth(&server.nobody(), "forgot-password", json!({"email": EMAIL})).expect(202);
        server.base.execute(
            "DELETE FROM job_queue; UPDATE jobs SET state = 'FAILED', finished_at = created_at, \
             problem = '550 ann.zephyrine@person.example is unknown' WHERE state = 'QUEUED'",
        );
        auth(
            &client,
            "change-email",
            json!({"email": "ann@later.person.example"}),
        )
        .expect(202);
        to_be_told(server, user);
        Traces {
            firm,
            user,
            client,
            company,
        }
    }
}

/// The same from another address than this machine's.
fn from_elsewhere(server: &Server, organization: Id, user: Id) {
    let origin = Origin {
        ip: Some(IP.into()),
        user_agent: Some(AGENT.into()),
        country: None,
        request_id: None,
    };
    let run = move |tx: &mut firma_services::Tx<'_>| {
        tx.security_event(SecurityEvent {
            organization: None,
            user: Some(user),
            kind: SecurityKind::UsernameChanged,
            details: Some("zephyr.ann".into()),
        })?;
        // What concerns somebody else, and has no entry.
        let event = SecurityEvent {
            organization: None,
            user: None,
            kind: SecurityKind::UserReactivated,
            details: None,
        };
        tx.security_event_by(event, Some(user))?;
        let mut work = Work::resume(tx, organization, user)?;
        let grant = work.grant::<Company, Create>()?;
        crud::create(&mut work, grant, json!({"name": "Südlicht"})).map(drop)
    };
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(server.database.write(origin, run)).unwrap();
}

/// What waits to tell somebody else what happened at the person's account.
fn to_be_told(server: &Server, user: Id) {
    let mail = json!({
        "to": "owner@firm.example", "template": "security_warning", "language": "en",
        "variables": {"person": "Ann Zephyrine", "person_id": user, "ip": IP, "device": AGENT},
    });
    let notice = json!({"what": "new_device", "user": user, "ip": IP, "user_agent": AGENT});
    server.write(move |tx| {
        for (kind, payload) in [("mail", &mail), ("security_notice", &notice)] {
            tx.enqueue_for_system(NewJob {
                kind,
                payload: payload.to_string(),
                run_at: None,
                max_attempts: 1,
            })?;
        }
        Ok(())
    });
}

/// Runs the clean-up once.
pub(crate) fn clean(server: &Server) {
    const DAY: i64 = 86_400;
    let keep = Retention {
        sessions: 30 * DAY,
        security_events: 730 * DAY,
        jobs: 30 * DAY,
        errors: 90 * DAY,
        invitations: 90 * DAY,
        deleted: 90 * DAY,
        uploads: DAY,
    };
    let store = server.files.store.clone();
    let key = server.signer.keys.audit.clone();
    let handlers: Vec<Arc<dyn Handler>> = vec![Arc::new(CleanUp { store, keep, key })];
    let settings = WorkerSettings {
        idle: Duration::from_millis(5),
        recurring: vec![CleanUp::every(0)],
        ..WorkerSettings::default()
    };
    let worker = Worker::start(server.database.clone(), handlers, settings).unwrap();
    let begun = Instant::now();
    let done = "SELECT COUNT(*) FROM jobs WHERE kind = 'cleanup' AND state = 'SUCCEEDED'";
    while server.base.number(done) == 0 {
        assert!(begun.elapsed() < Duration::from_secs(60));
        std::thread::sleep(Duration::from_millis(5));
    }
    worker.stop(Duration::from_secs(5));
}

/// Every log is whole, every row as it says, and nothing breaks a rule.
#[track_caller]
pub(crate) fn is_whole(server: &Server) {
    for place in server.read(operating::places) {
        let id = place.id;
        let (log, off, broken) = server.read(move |tx| {
            let found = operating::examine(tx, id, None)?.unwrap();
            let off: u64 = found.drift.iter().map(|(_, drift)| drift.off).sum();
            let broken: i64 = found.broken.iter().map(|(_, rows)| *rows).sum();
            Ok((found.log, off, broken))
        });
        assert!(log.entries > 0 || place.slug.is_empty(), "{}", place.slug);
        assert_eq!((log.broken, off, broken), (None, 0, 0), "{}", place.slug);
    }
}

#[test]
fn who_is_erased_is_nowhere_and_the_log_is_whole() {
    on_each(|server| {
        let Traces {
            firm,
            user,
            client,
            company,
        } = Traces::new(server);
        // All of it is there before, so that finding nothing after says something.
        for text in TRACES {
            assert!(!found(server, &[text]).is_empty(), "{text}");
        }
        is_whole(server);
        let entries = server.base.number("SELECT COUNT(*) FROM audit_entries");
        client.delete("/api/v1/me").expect(204);
        let told = mails(server);
        assert_eq!(told.len(), 1, "{told:?}");
        assert_eq!((told[0].to.as_str(), told[0].language.as_str()), (EMAIL, "en"));
        clean(server);

        assert_eq!(found(server, &TRACES), Vec::<String>::new());
        let files = server.folder.path().join("files").join(Id::NIL.to_string());
        assert_eq!(std::fs::read_dir(files).unwrap().count(), 0);
        is_whole(server);
        // What happened stays: who by a pseudonym, and what of rows that are the firm's.
        assert!(server.base.number("SELECT COUNT(*) FROM audit_entries") > entries);
        let id = server.base.id_literal(user);
        let count = |what: &str| server.base.number(&format!("SELECT COUNT(*) FROM {what}"));
        assert!(count(&format!("security_events WHERE user_id = {id}")) > 5);
        assert_eq!(events(server, "account_deleted"), 1);
        let by = format!(
            "audit_entries a JOIN audit_payloads p ON p.organization_id = a.organization_id AND p.entry_id = a.id \
             WHERE a.actor_id = {id}"
        );
        assert_eq!(
            count(&format!(
                "{by} AND (p.ip IS NOT NULL OR p.user_agent IS NOT NULL)"
            )),
            0
        );
        assert_eq!(count(&format!("{by} AND p.changes LIKE '%Light%'")), 1);
        let kept = firm
            .owner
            .get(&firm.at(&format!("companies/{company}")))
            .expect(200);
        assert_eq!(kept["created_by"], json!(user));
        let member = firm.owner.get(&firm.at(&format!("members/{user}"))).expect(200);
        assert!(member["name"].as_str().unwrap().starts_with("Deleted user "));

        // A payload without its origin still can't be changed unseen.
        server.base.execute(
            "UPDATE audit_payloads SET changes = '{}' WHERE origin_digest IS NOT NULL AND changes LIKE '%Light%'",
        );
        let organization = firm.id;
        let log = server
            .read(move |tx| operating::verify(tx, organization, None))
            .unwrap();
        assert_eq!(log.broken.map(|(_, what)| what), Some("its payload was changed"));
        // The address is free for whoever reads its mail now.
        let body = json!({"email": EMAIL, "name": "Ann", "password": PASSWORD});
        auth(&server.nobody(), "register", body).expect(202);
        assert_eq!(mails(server).len(), 1);
    });
}

#[test]
fn an_invitation_is_known_by_who_accepted_it_too() {
    on_each(|server| {
        let firm = Firm::new(server);
        let body = json!({"name": "Eve Zephyr"});
        let (id, token) = invited(server, &firm, "eve.zephyr@person.example", body);
        register(server, &token).expect(200);
        mails(server);
        let kept = firm.owner.get(&firm.at(&format!("invitations/{id}"))).expect(200);
        let user: Id = kept["accepted_by"].as_str().unwrap().parse().unwrap();
        // It went to an address that was the person's once.
        server
            .base
            .execute("UPDATE invitations SET email = 'eve.zephyr@old.person.example'");
        server.client(user).delete("/api/v1/me").expect(204);
        mails(server);
        assert_eq!(found(server, &["eve.zephyr", "eve zephyr"]), Vec::<String>::new());
    });
}

#[test]
fn who_owns_an_organization_is_told_which() {
    on_each(|server| {
        let firm = Firm::new(server);
        let second = Firm::of(server, format!("{}-b", firm.slug), firm.owner_id);
        let problem = firm.owner.delete("/api/v1/me").problem(409, "last_owner");
        let detail = problem["detail"].as_str().unwrap();
        assert!(
            detail.ends_with(&format!(": {}, {}", firm.slug, second.slug)),
            "{detail}"
        );
        firm.owner.get("/api/v1/me").expect(200);
    });
}

/// A worker that is killed between two steps goes on; one that comes twice does nothing twice.
#[test]
fn traces_may_be_taken_away_again() {
    on_each(|server| {
        let firm = Firm::new(server);
        let (user, client) = firm.member(Some("employee"));
        for name in ["a", "b"] {
            client
                .post(&firm.at("companies"), json!({"name": name}))
                .expect(201);
        }
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let again = || runtime.block_on(identity::erase_traces(&server.database, user));
        // Who wasn't erased loses nothing.
        assert!(again().is_err());
        let with_ip = "SELECT COUNT(*) FROM audit_payloads WHERE ip IS NOT NULL";
        let before = server.base.number(with_ip);
        client.delete("/api/v1/me").expect(204);
        again().unwrap();
        let after = server.base.number(with_ip);
        assert!(after < before, "{before} {after}");
        again().unwrap();
        mails(server);
        assert_eq!(server.base.number(with_ip), after);
        is_whole(server);
    });
}

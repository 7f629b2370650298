//! A member who is deactivated while somebody refers to them: one call is held open, done and not yet stored, and the
//! other has to wait for it, whichever of the two came first.

use crate::kit::{data, pointers};
use crate::samples::{role, unique};
use firma_auth::access::{Create, Update};
use firma_domain::Id;
use firma_domain::organizations::{Member, Team, TeamMember};
use firma_persistence::Origin;
use firma_services::crud::{self, Expected};
use firma_services::{Caller, Keeping, Refusal, Segment, Tx, Work};
use firma_testing::{Answer, Client, Firm, Server, on_each};
use serde_json::{Value, json};
use std::sync::mpsc::channel;
use std::time::{Duration, Instant};

/// For what is sure to come.
const PATIENCE: Duration = Duration::from_secs(30);

/// Statements that wait for a lock in the server's database.
const WAITING: &str = "SELECT COUNT(*) FROM pg_locks l JOIN pg_stat_activity a ON a.pid = l.pid \
    WHERE a.datname = current_database() AND NOT l.granted";

/// A call, as the server makes it.
pub(crate) type Writing = Box<dyn Fn(&mut Tx<'_>) -> Result<(), Refusal> + Send>;

/// A call of somebody in a firm.
pub(crate) fn call(
    firm: &Firm<'_>,
    by: Id,
    run: impl Fn(&mut Work<'_, '_>) -> Result<(), Refusal> + Send + 'static,
) -> Writing {
    let organization = Segment::Id(firm.id);
    let caller = Caller {
        user: by,
        session: firm.server.session(by),
    };
    Box::new(move |tx: &mut Tx<'_>| -> Result<(), Refusal> {
        run(&mut Work::enter(tx, caller, &organization)?)
    })
}

/// The same call in a transaction that is begun by holding a row, so that it holds what it relies on. Else it is one
/// statement, at the very end.
pub(crate) fn begun<E: Keeping>(firm: &Firm<'_>, by: Id, row: Id, then: Writing) -> Writing {
    let organization = firm.id;
    Box::new(move |tx| {
        let grant = Work::resume(tx, organization, by)?.grant::<E, Update>()?;
        tx.open(grant)?.lock(row)?;
        then(tx)
    })
}

/// Holds the first call open until the second one waits for it, or is over. What each was answered.
pub(crate) fn meanwhile(
    server: &Server,
    first: Writing,
    second: impl FnOnce() -> Answer + Send,
) -> (Result<(), Refusal>, Answer) {
    let (done, is_done) = channel();
    let (open, is_closed) = channel::<()>();
    let held = move |tx: &mut Tx<'_>| -> Result<(), Refusal> {
        let outcome = first(tx);
        let _ = done.send(());
        // Nothing is ever sent: it ends with the other side.
        let _ = is_closed.recv();
        outcome
    };
    std::thread::scope(|scope| {
        let first = scope.spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
            runtime.block_on(server.database.write(Origin::default(), held))
        });
        is_done.recv().unwrap();
        let second = scope.spawn(second);
        let begun = Instant::now();
        // On SQLite one writes at a time: the second call is behind the first, however long that takes.
        while server.base.is_postgres() && !second.is_finished() && server.base.number(WAITING) == 0 {
            assert!(begun.elapsed() < PATIENCE, "neither waits nor ends");
        }
        drop(open);
        (first.join().unwrap(), second.join().unwrap())
    })
}

/// A firm, a member of it who may put people into teams, and a team.
struct Scene<'s> {
    firm: Firm<'s>,
    user: Id,
    member: Client,
    team: String,
}

impl<'s> Scene<'s> {
    fn new(server: &'s Server) -> Scene<'s> {
        let firm = Firm::new(server);
        let (user, member) = firm.member(Some("admin"));
        let team = firm.team(&[]);
        Scene {
            firm,
            user,
            member,
            team,
        }
    }

    fn place(&self) -> Value {
        json!({"team_id": self.team, "user_id": self.user})
    }

    fn member_at(&self) -> String {
        self.firm.at(&format!("members/{}", self.user))
    }

    /// Puts the member into the team; where `holds`, in a transaction that is begun, and so holds what it relies on.
    fn seating(&self, by: Id, holds: bool) -> Writing {
        let place = self.place();
        let seat = call(&self.firm, by, move |work| {
            let grant = work.grant::<TeamMember, Create>()?;
            crud::create(work, grant, place.clone()).map(drop)
        });
        match holds {
            true => begun::<Team>(&self.firm, by, self.team.parse().unwrap(), seat),
            false => seat,
        }
    }

    /// Deactivates the member.
    fn leaving(&self) -> Writing {
        let user = self.user;
        call(&self.firm, self.firm.owner_id, move |work| {
            let grant = work.grant::<Member, Update>()?;
            let inactive = json!({"is_active": false});
            crud::update(work, grant, user, inactive, &Expected::default()).map(drop)
        })
    }
}

#[test]
fn who_is_put_into_a_team_and_deactivated_at_once_is_in_none() {
    on_each(|server| {
        for (by_themself, holds) in [(false, true), (true, true), (false, false), (true, false)] {
            let scene = Scene::new(server);
            let (firm, owner) = (&scene.firm, &scene.firm.owner);
            let by = if by_themself { scene.user } else { firm.owner_id };
            let inactive = json!({"is_active": false});
            let (seated, left) = meanwhile(server, scene.seating(by, holds), || {
                owner.patch(&scene.member_at(), inactive)
            });
            left.expect(200);
            let left = firm.at(&format!("team-members?user_id={}", scene.user));
            let places = |path: &str| data(&owner.get(path).expect(200)).len();
            // Who has yet to begin a transaction holds nothing, and finds as it stores that the member has gone.
            let is_first = holds || !server.base.is_postgres();
            assert_eq!(seated.is_ok(), is_first, "{seated:?}");
            let taken = usize::from(is_first);
            assert_eq!(
                (places(&left), places(&format!("{left}&deleted=true"))),
                (0, taken)
            );
        }
    });
}

#[test]
fn nothing_new_refers_to_who_is_deactivated_at_once() {
    on_each(|server| {
        for collection in ["team-members", "role-assignments", "deals"] {
            let scene = Scene::new(server);
            let (body, field) = match collection {
                "team-members" => (scene.place(), "#/user_id"),
                "deals" => (json!({"title": unique(), "owner_id": scene.user}), "#/owner_id"),
                _ => {
                    let given = json!({"user_id": scene.user, "role_id": role("designer")});
                    (given, "#/user_id")
                }
            };
            let at = scene.firm.at(collection);
            let (left, refused) = meanwhile(server, scene.leaving(), || scene.firm.owner.post(&at, body));
            left.unwrap();
            assert_eq!(
                pointers(&refused.problem(422, "invalid")),
                [field],
                "{collection}"
            );
        }
    });
}

#[test]
fn who_is_deactivated_at_once_puts_themself_into_no_team() {
    on_each(|server| {
        let scene = Scene::new(server);
        let at = scene.firm.at("team-members");
        let (left, refused) = meanwhile(server, scene.leaving(), || scene.member.post(&at, scene.place()));
        left.unwrap();
        // Once it is told, they are none of the organization any more.
        refused.problem(404, "organization_not_found");
        let places = scene.firm.at(&format!("team-members?user_id={}", scene.user));
        assert_eq!(data(&scene.firm.owner.get(&places).expect(200)).len(), 0);
    });
}

//! A connection as the server has them.

use crate::fill::Filled;
use crate::options::Kind;
use crate::server::Server;
use crate::statement::{Any, Bind, sql};
use crate::types::{At, Id, Uid};
use crate::yardstick::uid;
use diesel::prelude::*;
use diesel::sql_types::{Bool, Nullable, Text};
use firma_adapters::{Ids, SystemClock};
use firma_domain::source::{Clock, IdSource};

type Done<T> = Result<T, String>;

macro_rules! facts {
    ($fence:literal) => {
        concat!(
            "SELECT t.id, t.status, ",
            $fence,
            ", COALESCE(m.is_active AND m.joined_at IS NOT NULL, FALSE), COALESCE(t.needs_factor, FALSE), \
             t.currency, t.timezone, t.owner_id, t.modules_off, t.access_stamp_id, m.access_stamp_id FROM sessions s \
             LEFT JOIN tenants t ON t.deleted_at IS NULL AND t.slug = ? \
             LEFT JOIN memberships m ON m.organization_id = t.id AND m.id = s.user_id \
             WHERE s.revoked_at IS NULL AND s.id = ? AND s.user_id = ? AND s.expires_at > ?"
        )
    };
}
const FACTS_PG: &str = facts!(
    "set_config('app.organization_id', CASE WHEN m.is_active AND m.joined_at IS NOT NULL THEN t.id::text \
     ELSE '' END, false)"
);
const FACTS: &str = facts!("NULL");

/// A connection as the server has them, and who is signed in.
pub struct Seat {
    pub conn: Any,
    pub user: Uid,
    session: Uid,
    pub ids: Ids,
}

/// A connection to the server's database, as its owner.
pub fn connect(kind: &Kind, server: &Server) -> Done<Any> {
    match kind {
        Kind::Postgres { url, .. } => PgConnection::establish(url)
            .map(Any::Pg)
            .map_err(|e| e.to_string()),
        Kind::Sqlite => {
            let conn = SqliteConnection::establish(&server.file().to_string_lossy());
            let mut conn = conn.map(Any::Sqlite).map_err(|e| e.to_string())?;
            conn.batch(
                "PRAGMA foreign_keys = ON; PRAGMA busy_timeout = 5000; PRAGMA synchronous = FULL; \
                 PRAGMA cache_size = -16000; PRAGMA wal_autocheckpoint = 16000",
            )?;
            Ok(conn)
        }
    }
}

impl Seat {
    pub fn take(kind: &Kind, server: &Server, filled: &Filled) -> Done<Seat> {
        let (mut conn, user) = (connect(kind, server)?, uid(&filled.user)?);
        let last = "SELECT id FROM sessions WHERE user_id = ? ORDER BY created_at DESC LIMIT 1";
        let session = conn.rows::<Id, Uid>(sql(last, vec![Bind::Id(user)]))?;
        if kind.is_postgres() {
            let user = &filled.user;
            conn.batch(&format!(
                "SET ROLE firma_app; SELECT set_config('app.user_id', '{user}', false)"
            ))?;
        }
        let session = *session.first().ok_or("there is no session")?;
        Ok(Seat {
            conn,
            user,
            session,
            ids: Ids::default(),
        })
    }

    pub fn next(&self) -> Uid {
        Uid(*self.ids.next(SystemClock.now()).as_bytes())
    }

    pub fn facts(&mut self, slug: &str) -> Done<()> {
        type Facts = (
            (Nullable<Id>, Nullable<Text>, Nullable<Text>, Bool, Bool),
            (Nullable<Text>, Nullable<Text>, Nullable<Id>, Nullable<Text>),
            (Nullable<Id>, Nullable<Id>),
        );
        type Known = (
            (Option<Uid>, Option<String>, Option<String>, bool, bool),
            (Option<String>, Option<String>, Option<Uid>, Option<String>),
            (Option<Uid>, Option<Uid>),
        );
        let now = At(SystemClock.now().micros());
        let text = if matches!(self.conn, Any::Pg(_)) {
            FACTS_PG
        } else {
            FACTS
        };
        let binds = vec![
            Bind::Text(slug.into()),
            Bind::Id(self.session),
            Bind::Id(self.user),
            Bind::At(now),
        ];
        match self.conn.rows::<Facts, Known>(sql(text, binds))?.first() {
            Some(((.., true, false), _, _)) => Ok(()),
            _ => Err(format!("no member of {slug}")),
        }
    }
}

use crate::backend::{At, Fence, Id as IdType, Instant as AtType, Uid};
use crate::fault::Fault;
use crate::sql::{Sql, Value};
use crate::store::Tx;
use diesel::sql_types::{Bool, Nullable, Text};
use firma_auth::access::{Assignment, Given, PlatformFacts, PlatformGrant};
use firma_domain::Id;

/// What is known of a caller who asks for something on the platform.
pub enum PlatformKnown {
    /// No such session, or no longer
    Nobody,
    /// Signed in, and holds no platform role
    Stranger,
    /// Holds one, but has no second factor, which this installation asks for
    WithoutFactor,
    /// Holds one
    Holder(PlatformFacts),
}

type Columns = (Bool, Nullable<IdType>, Nullable<AtType>, Nullable<Text>);
type Row = (bool, Option<Uid>, Option<At>, Option<String>);

impl Tx<'_> {
    /// Session and platform roles of a caller who is active, in one statement, which also moves PostgreSQL's fence:
    /// to the platform for who holds a role there now, and to nothing otherwise.
    pub fn platform_facts(&mut self, user: Id, session: Id) -> Result<PlatformKnown, Fault> {
        self.identify(user)?;
        let now = self.now();
        let rows = Sql::<Columns>::text("SELECT held.is_held, a.role_id, a.expires_at, ")
            .then_either(
                "set_config('app.platform', CASE WHEN held.is_held THEN 'on' ELSE '' END, false) || \
                 set_config('app.organization_id', '', false)",
                "NULL",
            )
            .then(
                " FROM sessions s JOIN users u ON u.id = s.user_id AND u.is_active AND u.deleted_at IS NULL \
                 JOIN (SELECT EXISTS (SELECT 1 FROM role_assignments g JOIN memberships m \
                 ON m.organization_id = g.organization_id AND m.id = g.user_id AND m.is_active \
                 WHERE g.is_active AND g.organization_id = ",
            )
            .bind(Id::NIL)
            .then(" AND g.user_id = ")
            .bind(user)
            .then(" AND (g.expires_at IS NULL OR g.expires_at > ")
            .bind(now)
            .then(")) AS is_held) held ON TRUE LEFT JOIN role_assignments a ON a.is_active AND a.user_id = s.user_id AND a.organization_id = ")
            .bind(Id::NIL)
            .then(" WHERE ")
            .of_living_session(user, session, now)
            .rows::<Row>(self)?;
        let Some((is_held, ..)) = rows.first() else {
            return Ok(PlatformKnown::Nobody);
        };
        let is_held = *is_held;
        self.stands(Fence {
            user: Some(user),
            organization: None,
            platform: is_held,
        });
        if !is_held {
            return Ok(PlatformKnown::Stranger);
        }
        let assignment = |(_, role, end, _): Row| {
            Some(Assignment {
                role: Given::system(role?.0)?,
                expires_at: end.map(|at| at.0),
            })
        };
        let facts = PlatformFacts {
            user,
            assignments: rows.into_iter().filter_map(assignment).collect(),
            now,
        };
        if facts.roles().next().is_none() {
            return Ok(PlatformKnown::Stranger);
        }
        if self.lacks_needed_factor(user)? {
            return Ok(PlatformKnown::WithoutFactor);
        }
        // It was looked up as the user's own.
        self.stand(Fence {
            user: Some(user),
            organization: None,
            platform: true,
        })?;
        Ok(PlatformKnown::Holder(facts))
    }

    /// Lets row-level security see what the platform sees.
    pub(crate) fn on_platform<E, A>(&mut self, grant: PlatformGrant<E, A>) -> Result<(), Fault> {
        self.stand(Fence {
            user: Some(grant.actor()),
            organization: None,
            platform: true,
        })
    }

    /// Of all the calls that take a platform role away, one goes on at a time, to its end.
    pub fn hold_platform(&mut self) -> Result<(), Fault> {
        // The nil organization's row is the lock; a key that refers to it may still be written beside.
        Sql::<IdType>::text("SELECT id FROM tenants WHERE id = ")
            .bind(Value::from(Id::NIL))
            .then_either(" FOR NO KEY UPDATE", "")
            .one::<Uid>(self)
            .map(drop)
    }
}

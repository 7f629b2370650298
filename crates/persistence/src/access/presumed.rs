//! What was known of a caller last. A first attempt on PostgreSQL goes on by it without asking: its first query finds
//! rows only if nothing of it has changed, in the same statement, so that to know the caller costs no round trip; and
//! where the first statement is the one that stores all, it stores only if so.
//!
//! PostgreSQL asks what depends on no row before it looks for rows, the cheapest first, and `IS NOT NULL` costs nothing:
//! so the fence has moved before a policy is asked. Did it ask the policy first, the query would find nothing and leave
//! no mark, and the call would be run again.

use self::By::{Key, Session};
use super::by_key::TermsRow;
use super::facts::{ABOUT, AboutRow, BaseRow, IS_LIVE, Segment};
use crate::backend::{Fence, Uid};
use crate::sql::{Sql, Value};
use crate::store::{Tx, id_or_null, text_or_null};
use firma_domain::{Id, Instant};
use std::sync::Arc;

/// Who calls, by what, and where.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Caller {
    /// A session's, or who made the key
    pub user: Id,
    pub by: By,
    pub segment: Segment,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum By {
    Session(Id),
    /// Of that organization
    Key(Id, Id),
}

/// What is known of a caller: the organization and the member, and of a key what holds for it.
#[derive(Debug)]
pub(super) struct Seen {
    pub base: BaseRow,
    pub terms: Option<TermsRow>,
}

/// A caller whom nobody has asked for in this call.
pub(crate) struct Presumed {
    caller: Caller,
    organization: Id,
    seen: Arc<Seen>,
    /// What it leaves, once it is shown
    mark: Id,
}

impl Presumed {
    /// Where row-level security stands for the caller.
    pub(crate) fn fence(&self) -> Fence {
        Fence {
            user: Some(self.caller.user),
            organization: Some(self.organization),
            platform: false,
        }
    }

    /// A query that gives a text if all is as it was, and has moved the fence then: whoever sees what it is asked with,
    /// sees the caller and that in one state of the database.
    pub(crate) fn proof<R>(&self, now: Instant) -> Sql<R> {
        let ((_, status, ..), about) = &self.seen.base;
        let mut proof = Sql::text("SELECT set_config('app.organization_id', ")
            .bind(text(self.organization))
            .then(", false) || set_config('app.proof', ")
            .bind(text(self.mark))
            .then(", false) FROM ");
        proof = match self.caller.by {
            Session(id) => proof
                .then("(SELECT s.user_id AS id FROM sessions s WHERE ")
                .of_living_session(self.caller.user, id, now)
                .then(")"),
            Key(organization, id) => {
                // Versions begin with 1.
                let version = self.seen.terms.as_ref().map_or(0, |(version, ..)| *version);
                proof
                    .then(
                        "(SELECT u.id FROM api_keys k JOIN users u ON u.id = k.created_by AND u.is_active \
                         AND u.deleted_at IS NULL WHERE k.organization_id = ",
                    )
                    .bind(organization)
                    .then(" AND k.id = ")
                    .bind(id)
                    .then(" AND k.version = ")
                    .bind(Value::Int(version))
                    .then(")")
            }
        };
        proof = proof
            .then(" u JOIN tenants t ON t.deleted_at IS NULL AND NOT t.needs_factor AND t.id = ")
            .bind(self.organization)
            .then(" JOIN memberships m ON m.organization_id = t.id AND m.id = u.id AND ")
            .then(IS_LIVE)
            .then(" WHERE (SELECT set_config('app.platform', '', false) || set_config('app.user_id', ")
            .bind(text(self.caller.user))
            .then(", false)) IS NOT NULL AND t.status = ")
            .bind(text_or_null(status.as_deref()));
        if let Segment::Slug(_) = &self.caller.segment {
            proof = proof.then(" AND ").named(&self.caller.segment);
        }
        for (column, value) in ABOUT.into_iter().zip(values(about)) {
            proof = proof
                .then(" AND ")
                .then(column)
                .then(" IS NOT DISTINCT FROM ")
                .bind(value);
        }
        proof
    }

    /// What the proof leaves on its connection.
    pub(crate) fn mark(&self) -> String {
        self.mark.to_string()
    }
}

fn text(id: Id) -> Value {
    Value::Text(id.to_string())
}

/// What stands in [`ABOUT`], in its order.
fn values((currency, zone, owner, off, roles, member): &AboutRow) -> [Value; ABOUT.len()] {
    let text = |text: &Option<String>| text_or_null(text.as_deref());
    let id = |id: &Option<Uid>| id_or_null(id.map(|id| id.0));
    [
        text(currency),
        text(zone),
        id(owner),
        text(off),
        id(roles),
        id(member),
    ]
}

impl Tx<'_> {
    /// What was known of a caller last, if the call may go on by it.
    pub(super) fn go_on_as_known(&mut self, caller: &Caller) -> Option<Arc<Seen>> {
        if !self.may_presume() {
            return None;
        }
        let seen = self.memory().callers.get(caller)?;
        let organization = seen.base.0.0?.0;
        self.presume(Presumed {
            caller: caller.clone(),
            organization,
            seen: seen.clone(),
            mark: self.new_id(),
        });
        Some(seen)
    }

    /// Keeps what is known of a caller from now on; nothing of who is no member, or may need a second factor.
    pub(super) fn keep_caller(&mut self, caller: Caller, seen: Option<Seen>) {
        if !self.is_postgres() || self.needs_factor() {
            return;
        }
        let callers = &self.memory().callers;
        let may_enter = |seen: &Seen| {
            let ((tenant, _, _, is_live, needs_factor), _) = &seen.base;
            tenant.is_some() && *is_live && !needs_factor
        };
        match seen.filter(may_enter) {
            Some(seen) => callers.keep(caller, Arc::new(seen)),
            None => callers.forget(&caller),
        }
    }
}

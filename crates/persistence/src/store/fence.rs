//! Where PostgreSQL's row-level security stands, and what a call presumes of its caller until a query has shown it.

use super::tx::Tx;
use crate::access::Presumed;
use crate::backend::Fence;
use crate::fault::Fault;
use crate::sql::{Sql, Value};
use diesel::sql_types::{Nullable, Text};
use firma_domain::Id;

impl Tx<'_> {
    /// Lets row-level security see the user's own rows of identity.
    pub fn identify(&mut self, user: Id) -> Result<(), Fault> {
        self.stand(Fence {
            user: Some(user),
            organization: self.stands_at().and_then(|fence| fence.organization),
            platform: false,
        })
    }

    /// Lets row-level security see one organization.
    pub(crate) fn fenced(&mut self, organization: Id) -> Result<(), Fault> {
        self.stand(Fence {
            user: self.stands_at().and_then(|fence| fence.user),
            organization: Some(organization),
            platform: false,
        })
    }

    /// A statement has moved the fence itself.
    pub(crate) fn fence_moved(&mut self, organization: Option<Id>) {
        let user = self.fence.and_then(|fence| fence.user);
        self.stands(Fence {
            user,
            organization,
            platform: false,
        });
    }

    /// A statement has moved the fence itself, to there.
    pub(crate) fn stands(&mut self, fence: Fence) {
        *self.fence = Some(fence);
    }

    pub(crate) fn stand(&mut self, fence: Fence) -> Result<(), Fault> {
        if !self.is_postgres() || self.stands_at() == Some(fence) {
            return Ok(());
        }
        let text = |id: Option<Id>| Value::Text(id.map(|id| id.to_string()).unwrap_or_default());
        Sql::<Text>::text("SELECT set_config('app.user_id', ")
            .bind(text(fence.user))
            .then(", false) || set_config('app.organization_id', ")
            .bind(text(fence.organization))
            .then(", false) || set_config('app.platform', ")
            .bind(if fence.platform { "on" } else { "" })
            .then(", false)")
            .rows_on::<String>(self.looking()?)?;
        self.stands(fence);
        Ok(())
    }

    /// Where it stands, or will once what is presumed was shown.
    fn stands_at(&self) -> Option<Fence> {
        self.presumed.as_ref().map(Presumed::fence).or(*self.fence)
    }

    /// Whether the call may go on by what was known last. Each attempt after the first asks.
    pub(crate) fn may_presume(&self) -> bool {
        let is_free = self.unit.as_ref().is_none_or(|unit| unit.owed.is_empty());
        self.is_postgres() && is_free && self.presumed.is_none() && self.is_first_attempt() && !self.is_open()
    }

    /// Goes on by it. What is asked next, or stored, shows whether it is so, and moves the fence.
    pub(crate) fn presume(&mut self, presumed: Presumed) {
        self.presumed = Some(presumed);
    }

    /// Asks whether what is presumed is so.
    pub(super) fn prove(&mut self) -> Result<(), Fault> {
        let Some(proof) = self.begin_proof::<Text>() else {
            return Ok(());
        };
        let found = proof.rows_on::<String>(self.bare())?;
        self.proved(!found.is_empty())
    }

    /// The query that shows it. From now on nobody knows where the fence stands, until it has.
    pub(super) fn begin_proof<R>(&mut self) -> Option<Sql<R>> {
        let proof = self.presumed.as_ref()?.proof(self.now());
        *self.fence = None;
        Some(proof)
    }

    /// What came of one. If it isn't so, the call is run again, and asks.
    pub(super) fn proved(&mut self, is_so: bool) -> Result<(), Fault> {
        match self.presumed.take_if(|_| is_so) {
            Some(presumed) => {
                self.stands(presumed.fence());
                Ok(())
            }
            None => Err(Fault::Again),
        }
    }

    /// What came of one within a query that found nothing: whether it was for that.
    pub(super) fn proved_by_mark(&mut self) -> Result<(), Fault> {
        let left = Sql::<Nullable<Text>>::text("SELECT current_setting('app.proof', true)");
        let left = left.one_on::<Option<String>>(self.bare())?;
        let is_so = self.presumed.as_ref().map(Presumed::mark) == left;
        self.proved(is_so)
    }
}

//! What is looked at beside a call, which neither waits for it nor fails with it: what was named in vain and is another
//! organization's, and who writes conspicuously much.

use crate::caller::Signed;
use crate::said::{NO_ROW, Said};
use firma_services::installation::{note_foreign, note_many_writes};
use firma_services::{Caller, Refusal, Segment, Tx};

impl Said {
    /// After a call that was refused.
    pub(crate) fn refused(&self, caller: Caller, refusal: &Refusal) {
        let named = match refusal {
            Refusal::OrganizationNotFound => self.segment.clone().map(|segment| (Some(segment), None)),
            Refusal::NotFound => self.row().map(|row| (None, Some(row))),
            _ => None,
        };
        let Some((segment, row)) = named else { return };
        let target = match (&segment, &row) {
            (Some(Segment::Id(id)), _) => id.to_string(),
            (Some(Segment::Slug(slug)), _) => slug.to_string(),
            (None, Some((collection, id))) => format!("{collection}/{id}"),
            (None, None) => return,
        };
        let now = self.state.database.sources.clock.now();
        if !self.state.watch.is_news(caller.user, target, now) {
            return;
        }
        self.beside(move |tx| {
            let row = row.as_ref().map(|(collection, id)| (collection.as_str(), *id));
            note_foreign(tx, caller.user, segment.as_ref(), row)
        });
    }

    /// After a call that stored something.
    pub(crate) fn wrote(&self, signed: &Signed) {
        let user = match signed {
            Signed::Person(caller) => Some(caller.user),
            Signed::Key(_) => self.by_key.get().map(|key| key.user),
        };
        let Some(user) = user else { return };
        let collection = self.collection().unwrap_or_default();
        if collection == "imports" || self.path.ends_with("/bulk") {
            return;
        }
        let organization = self.noted.as_ref().and_then(|noted| noted.organization.get());
        let Some(organization) = organization.copied() else {
            return;
        };
        let now = self.state.database.sources.clock.now();
        if self.state.watch.is_too_many(user, organization, now) {
            self.beside(move |tx| note_many_writes(tx, user, organization));
        }
    }

    /// The collection of a path in an organization.
    fn collection(&self) -> Option<&str> {
        let below = self.path.strip_prefix("/api/v1/organizations/")?;
        below.split('/').nth(1)
    }

    /// The row that a path in an organization names.
    fn row(&self) -> Option<(String, firma_domain::Id)> {
        let id = self.id.filter(|id| *id != NO_ROW)?;
        Some((self.collection()?.to_owned(), id))
    }

    fn beside(&self, run: impl Fn(&mut Tx<'_>) -> Result<(), Refusal> + Send + 'static) {
        let (state, origin) = (self.state.clone(), self.origin.clone());
        actix_web::rt::spawn(async move {
            if let Err(refusal) = state.database.write(origin, run).await {
                log::warn!("what concerns safety was not noted: {refusal}");
            }
        });
    }
}

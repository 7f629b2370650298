//! What is looked at beside a call, which neither waits for it nor fails with it: what was named in vain and is another
//! organization's, what was to be given by who doesn't hold it, and who writes conspicuously much.

use crate::caller::Signed;
use crate::said::{NO_ROW, Said};
use firma_auth::access::resource_named;
use firma_services::access::Why;
use firma_services::installation::{Trier, note_escalation, note_foreign, note_many_writes};
use firma_services::{Refusal, Segment, Tx};

/// So much of what was to be given is written down.
const WRITTEN: usize = 255;

impl Said {
    /// After a call that was refused; `writes` where it would have changed something.
    pub(crate) fn refused(&self, signed: &Signed, refusal: &Refusal, writes: bool) {
        let trier = match (signed, refusal, self.by_key.get()) {
            (Signed::Person(caller), ..) => Trier {
                user: caller.user,
                key_of: None,
            },
            (Signed::Key(_), Refusal::Key(refused), _) if refused.why == Why::Foreign => Trier {
                user: refused.key.user,
                key_of: Some(refused.key.organization),
            },
            (Signed::Key(_), _, Some(key)) => Trier {
                user: key.user,
                key_of: Some(key.organization),
            },
            _ => return,
        };
        match self.given_in_vain(refusal, writes) {
            Some(what) => self.escalated(trier, what),
            None => self.strayed(trier, refusal),
        }
    }

    fn strayed(&self, trier: Trier, refusal: &Refusal) {
        let named = match refusal {
            Refusal::OrganizationNotFound | Refusal::Key(_) => {
                self.segment.clone().map(|segment| (Some(segment), None))
            }
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
        if !self.is_news(trier, target) {
            return;
        }
        self.beside(move |tx| {
            let row = row.as_ref().map(|(collection, id)| (collection.as_str(), *id));
            note_foreign(tx, trier, segment.as_ref(), row)
        });
    }

    fn escalated(&self, trier: Trier, what: String) {
        let organization = self.noted.as_ref().and_then(|noted| noted.organization.get());
        let Some(organization) = organization.copied() else {
            return;
        };
        let collection = self.collection().unwrap_or("organizations");
        let by = trier.key_of.map_or("", |_| " by an API key");
        let what: String = format!("{collection}{by}: {what}")
            .chars()
            .take(WRITTEN)
            .collect();
        if !self.is_news(trier, format!("{organization} {what}")) {
            return;
        }
        self.beside(move |tx| note_escalation(tx, trier.user, organization, &what));
    }

    /// What was to be given, in names, where it was refused because who gives doesn't hold it, or may give nothing.
    fn given_in_vain(&self, refusal: &Refusal, writes: bool) -> Option<String> {
        let gives = || {
            let resource = self.collection().and_then(resource_named);
            writes && resource.is_some_and(|resource| !resource.is_for_keys())
        };
        match refusal {
            Refusal::Part { refusal, .. } => self.given_in_vain(refusal, writes),
            Refusal::RoleNotHeld { role, permission } => Some(match permission {
                Some(permission) => format!("the role {role}, which gives {permission}"),
                None => format!("the role {role}"),
            }),
            Refusal::PermissionNotHeld(names) => Some(names.join(", ")),
            Refusal::Permission(name) if gives() => Some(format!("without {name}")),
            Refusal::KeyNotAllowed if gives() => Some("what is for no key".to_owned()),
            _ => None,
        }
    }

    fn is_news(&self, trier: Trier, target: String) -> bool {
        let now = self.state.database.sources.clock.now();
        let by = trier.key_of.map_or("", |_| "key: ");
        self.state.watch.is_news(trier.user, format!("{by}{target}"), now)
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

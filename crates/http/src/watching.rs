//! What is looked at beside a call, which neither waits for it nor fails with it: what was named in vain and is another
//! organization's, what was to be given by who doesn't hold it, and who writes conspicuously much.

use crate::caller::Signed;
use crate::noted::beside;
use crate::said::{NO_ROW, Said};
use firma_auth::access::resource_named;
use firma_services::access::Why;
use firma_services::installation::{News, Trier, Watched, note_escalation, note_foreign, note_many_writes};
use firma_services::{Refusal, Segment, Tx};

/// So much of what was to be given is written down.
const WRITTEN: usize = 255;

impl Said {
    /// After a call that was refused; `writes` where it would have changed something.
    pub(crate) fn refused(&self, signed: &Signed, refusal: &Refusal, writes: bool) {
        let trier = match (signed, refusal, self.by_key.get()) {
            (Signed::Person(caller), ..) => Trier {
                user: caller.user,
                key: None,
            },
            (Signed::Key(_), Refusal::Key(refused), _) if refused.why == Why::Foreign => Trier {
                user: refused.key.user,
                key: Some((refused.key.id, refused.key.organization)),
            },
            (Signed::Key(_), _, Some(key)) => Trier {
                user: key.user,
                key: Some((key.id, key.organization)),
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
        match self.tried(trier, Watched::Absent, target.clone()) {
            News::Old => return,
            News::New => {}
            // It can't be said where it was aimed: what isn't there belongs to nobody.
            News::Last => {
                log::warn!(
                    "what {} names in vain is not looked at for an hour: it is too much",
                    trier.by()
                );
            }
        }
        let (state, origin) = (self.state.clone(), self.origin.clone());
        beside(async move {
            let (of_segment, of_row) = (segment, row.clone());
            let find = move |tx: &mut Tx<'_>| {
                let row = of_row.as_ref().map(|(collection, id)| (collection.as_str(), *id));
                trier.aimed_at(tx, of_segment.as_ref(), row)
            };
            let noted: Result<(), Refusal> = async {
                let Some(foreign) = state.database.read(find).await? else {
                    return Ok(());
                };
                let now = state.database.sources.clock.now();
                let news = state.watch.tried(trier.by(), Watched::Foreign, target, now);
                if news == News::Old {
                    return Ok(());
                }
                let note = move |tx: &mut Tx<'_>| {
                    let row = row.as_ref().map(|(collection, id)| (collection.as_str(), *id));
                    note_foreign(tx, trier, foreign, row, news)
                };
                state.database.write(origin, note).await
            }
            .await;
            told(noted);
        });
    }

    fn escalated(&self, trier: Trier, what: String) {
        let organization = self.noted.as_ref().and_then(|noted| noted.organization.get());
        let Some(organization) = organization else { return };
        let collection = self.collection().unwrap_or("organizations");
        let by = trier.key.map_or("", |_| " by an API key");
        let what: String = format!("{collection}{by}: {what}")
            .chars()
            .take(WRITTEN)
            .collect();
        let news = self.tried(trier, Watched::Escalation, format!("{organization} {what}"));
        if news != News::Old {
            self.beside(move |tx| note_escalation(tx, trier.user, organization, &what, news));
        }
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

    fn tried(&self, trier: Trier, what: Watched, target: String) -> News {
        let now = self.state.database.sources.clock.now();
        self.state.watch.tried(trier.by(), what, target, now)
    }

    /// After a call that stored something.
    pub(crate) fn wrote(&self, signed: &Signed) {
        let of_key = || self.by_key.get().map(|key| key.user);
        let Some(user) = signed.user().or_else(of_key) else {
            return;
        };
        let collection = self.collection().unwrap_or_default();
        if collection == "imports" || self.path.ends_with("/bulk") {
            return;
        }
        let organization = self.noted.as_ref().and_then(|noted| noted.organization.get());
        let Some(organization) = organization else { return };
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
        beside(async move {
            told(state.database.write(origin, run).await);
        });
    }
}

fn told(noted: Result<(), Refusal>) {
    if let Err(refusal) = noted {
        log::warn!("what concerns safety was not noted: {refusal}");
    }
}

use crate::entity::Entity;
use crate::input::Invalid;
use crate::value::{Email, Id, Instant};
use serde::{Deserialize, Serialize};
use std::collections::HashSet;
use validator::{Validate, ValidationError};

/// A person whom the organization deals with.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Validate)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct Contact {
    /// Its id where it came from; unique among live contacts
    #[serde(default)]
    #[validate(length(min = 1, max = 255))]
    pub external_id: Option<String>,
    /// The company that the person works for
    #[serde(default)]
    pub company_id: Option<Id>,
    /// Given name
    #[serde(default)]
    #[validate(length(max = 100))]
    pub given_name: Option<String>,
    /// Family name
    #[serde(default)]
    #[validate(length(max = 100))]
    pub family_name: Option<String>,
    /// The name that is shown; made of the two others unless set, and again when it is set to an empty text
    #[serde(default)]
    #[validate(length(max = 255))]
    pub name: String,
    /// Position in the company
    #[serde(default)]
    #[validate(length(max = 100))]
    pub position: Option<String>,
    /// Whether it is the one whom its company is asked for; at most one is, and a new one takes it from the old
    #[serde(default)]
    pub is_primary: bool,
    /// E-mail addresses, the first one first; each finds the contact
    #[serde(default)]
    #[validate(custom(function = "emails"))]
    pub emails: Vec<Email>,
    /// Phones, as typed, the first one first
    #[serde(default)]
    #[validate(custom(function = "phones"))]
    pub phones: Vec<String>,
    /// The same phones in E.164, read in the organization's country
    #[serde(default)]
    pub phones_e164: Vec<String>,
    /// Whether the person agreed to be mailed
    #[serde(default)]
    pub mail_consent: bool,
    /// When the person agreed; the instant at which it was stored, unless named
    #[serde(default)]
    pub mail_consent_at: Option<Instant>,
    /// Where the person agreed, such as a form; needed for a consent
    #[serde(default)]
    #[validate(length(min = 1, max = 255))]
    pub mail_consent_source: Option<String>,
    /// The member who looks after the person: a user's id
    #[serde(default)]
    pub owner_id: Option<Id>,
    /// Tags
    #[serde(default)]
    #[validate(custom(function = "super::tags"))]
    pub tags: Vec<String>,
}

/// At most 20 addresses, none twice.
fn emails(emails: &[Email]) -> Result<(), ValidationError> {
    let keys: HashSet<_> = emails.iter().map(Email::key).collect();
    match emails.len() <= 20 && keys.len() == emails.len() {
        true => Ok(()),
        false => {
            Err(ValidationError::new("emails")
                .with_message("has to be at most 20 addresses, none twice".into()))
        }
    }
}

/// At most 20 phones of 1 to 50 characters each.
fn phones(phones: &[String]) -> Result<(), ValidationError> {
    let fits = |phone: &String| (1..=50).contains(&phone.chars().count());
    match phones.len() <= 20 && phones.iter().all(fits) {
        true => Ok(()),
        false => Err(ValidationError::new("phones")
            .with_message("has to be at most 20 phones of 1 to 50 characters".into())),
    }
}

impl Contact {
    /// The contact as it is to be stored at `now`; `before` is the contact as it was, none for a new one.
    ///
    /// The name follows its parts until it is set by hand. Who moves to another company isn't its primary
    /// contact. A consent has an instant and a source; one that ends has neither.
    ///
    /// # Errors
    /// A primary contact without a company, a consent without a source or from the future, a source or an
    /// instant without a consent.
    pub fn settled(mut self, before: Option<&Contact>, now: Instant) -> Result<Contact, Invalid> {
        let follows = |was: &Contact| was.name == was.made_name() && was.name == self.name;
        let made = self.made_name();
        if !made.is_empty() && (self.name.is_empty() || before.is_some_and(follows)) {
            self.name = made;
        }
        if before.is_some_and(|was| was.is_primary && was.company_id != self.company_id) {
            self.is_primary = false;
        }
        if self.is_primary && self.company_id.is_none() {
            let what = "is for a contact of a company";
            return Err(Invalid::field("is_primary", "no_company", what));
        }
        self.agreed(before.is_some_and(|was| was.mail_consent), now)
    }

    /// Both parts of the name, as far as there are any.
    fn made_name(&self) -> String {
        let parts = [&self.given_name, &self.family_name];
        let parts: Vec<_> = parts.into_iter().flatten().map(String::as_str).collect();
        parts.join(" ").trim().to_owned()
    }

    fn agreed(mut self, had: bool, now: Instant) -> Result<Contact, Invalid> {
        let refused = |field, code, what: &str| Err(Invalid::field(field, code, what));
        if self.mail_consent {
            if self.mail_consent_source.is_none() {
                return refused("mail_consent_source", "required", "is required with a consent");
            }
            if self.mail_consent_at.is_some_and(|at| at > now) {
                return refused("mail_consent_at", "future", "is in the future");
            }
            self.mail_consent_at = self.mail_consent_at.or(Some(now));
        } else if had {
            self.mail_consent_at = None;
            self.mail_consent_source = None;
        } else if self.mail_consent_at.is_some() {
            return refused("mail_consent_at", "no_consent", "is for a consent");
        } else if self.mail_consent_source.is_some() {
            return refused("mail_consent_source", "no_consent", "is for a consent");
        }
        Ok(self)
    }
}

impl Entity for Contact {
    const NAME: &'static str = "contact";
    const COLLECTION: &'static str = "contacts";
    const OWNED: bool = true;
    const TAGGED: bool = true;
    const MAILED: bool = true;
    const READ_ONLY: &'static [&'static str] = &["phones_e164"];
    const LEAST: &'static str = "{}";

    fn check(&self) -> Result<(), Invalid> {
        match self.name.is_empty() && self.made_name().is_empty() {
            false => Ok(()),
            true => Err(Invalid::field(
                "name",
                "required",
                "is required where its parts are empty",
            )),
        }
    }
    fn tags(&self) -> &[String] {
        &self.tags
    }
    fn emails(&self) -> &[Email] {
        &self.emails
    }
    fn owner(&self) -> Option<Id> {
        self.owner_id
    }
    fn set_owner(&mut self, owner: Option<Id>) {
        self.owner_id = owner;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::input;
    use serde_json::{Value, json};

    fn at(micros: i64) -> Instant {
        Instant::from_micros(micros).unwrap()
    }
    fn new(body: Value) -> Result<Contact, Invalid> {
        input::read::<Contact>(body)?.settled(None, at(100))
    }
    fn patched(before: &Contact, patch: Value) -> Result<Contact, Invalid> {
        input::merge(before, input::patch::<Contact>(patch)?)?.settled(Some(before), at(200))
    }
    fn fault(refused: Result<Contact, Invalid>) -> (String, String) {
        let Invalid(errors) = refused.unwrap_err();
        (errors[0].pointer.clone(), errors[0].code.to_string())
    }

    #[test]
    fn a_name_follows_its_parts_until_it_is_set() {
        let ana = new(json!({"given_name": "Ana", "family_name": "Đorđević"})).unwrap();
        assert_eq!(ana.name, "Ana Đorđević");
        let married = patched(&ana, json!({"family_name": "Popović"})).unwrap();
        assert_eq!(married.name, "Ana Popović");
        let set = patched(&married, json!({"name": "Dr. Popović"})).unwrap();
        let again = patched(&set, json!({"given_name": "Anka"})).unwrap();
        assert_eq!(again.name, "Dr. Popović");
        assert_eq!(patched(&again, json!({"name": ""})).unwrap().name, "Anka Popović");
        let parted = patched(&ana, json!({"given_name": null, "family_name": null})).unwrap();
        assert_eq!(parted.name, "Ana Đorđević");
        let required = ("#/name".to_owned(), "required".to_owned());
        assert_eq!(fault(new(json!({}))), required);
        assert_eq!(fault(new(json!({"given_name": " "}))), required);
    }

    #[test]
    fn a_consent_has_an_instant_and_a_source() {
        let given = new(json!({"name": "A", "mail_consent": true, "mail_consent_source": "fair"})).unwrap();
        assert_eq!(given.mail_consent_at, Some(at(100)));
        assert_eq!(
            patched(&given, json!({"position": "CEO"}))
                .unwrap()
                .mail_consent_at,
            Some(at(100))
        );
        let ended = patched(&given, json!({"mail_consent": false})).unwrap();
        assert_eq!(
            (ended.mail_consent_at, ended.mail_consent_source.clone()),
            (None, None)
        );
        let again = json!({"mail_consent": true, "mail_consent_source": "web"});
        assert_eq!(patched(&ended, again).unwrap().mail_consent_at, Some(at(200)));
        let wrong = |body: Value| fault(new(body));
        let source = "mail_consent_source";
        assert_eq!(
            wrong(json!({"name": "A", "mail_consent": true})),
            (format!("#/{source}"), "required".into())
        );
        assert_eq!(
            wrong(json!({"name": "A", source: "x"})),
            (format!("#/{source}"), "no_consent".into())
        );
        let early = json!({"name": "A", "mail_consent_at": at(1)});
        assert_eq!(wrong(early), ("#/mail_consent_at".into(), "no_consent".into()));
        let late = json!({"name": "A", "mail_consent": true, source: "x", "mail_consent_at": at(101)});
        assert_eq!(wrong(late), ("#/mail_consent_at".into(), "future".into()));
    }

    #[test]
    fn a_primary_contact_has_a_company_and_leaves_it_as_any() {
        let wrong = fault(new(json!({"name": "A", "is_primary": true})));
        assert_eq!(wrong, ("#/is_primary".into(), "no_company".into()));
        let primary = new(json!({"name": "A", "is_primary": true, "company_id": Id::fixed(9, 1)})).unwrap();
        for company in [json!(Id::fixed(9, 2)), json!(null)] {
            assert!(
                !patched(&primary, json!({"company_id": company}))
                    .unwrap()
                    .is_primary
            );
        }
    }

    #[test]
    fn an_address_is_given_once_in_any_spelling() {
        let emails = |emails: Value| fault(new(json!({"name": "A", "emails": emails})));
        let twice = emails(json!(["a@firm.example", "A@Firm.example"]));
        assert_eq!(twice, ("#/emails".into(), "emails".into()));
        assert_eq!(emails(json!(["a@firm.example", "b"])).0, "#/emails/1");
        assert_eq!(
            fault(new(json!({"name": "A", "phones": [""]}))),
            ("#/phones".into(), "phones".into())
        );
    }
}

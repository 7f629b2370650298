use super::account::{NewOwner, make_owner};
use crate::hasher::Hasher;
use crate::refusal::Refusal;
use firma_auth::password;
use firma_domain::identity::User;
use firma_domain::input::{self, FieldError, Invalid};
use firma_domain::organizations::Organization;
use firma_domain::value::text;
use firma_domain::{Email, Record, Slug};
use firma_persistence::{Database, Origin, Tx};
use serde_json::json;

/// The first owner of an installation and the organization, as they were typed.
#[derive(Clone, Default)]
pub struct FirstOwner {
    pub name: String,
    pub email: String,
    pub password: String,
    /// The organization's name
    pub organization: String,
    /// Its short name; where it is empty, one that follows from the name
    pub slug: String,
}

/// Whether nobody has an account yet.
pub fn has_no_user(tx: &mut Tx<'_>) -> Result<bool, Refusal> {
    Ok(tx.has_no_user()?)
}

/// Makes the first user of an installation, with an organization; of several at once, one.
/// None where somebody has an account already.
pub async fn create_first(
    database: &Database,
    hasher: &Hasher,
    origin: Origin,
    first: FirstOwner,
) -> Result<Option<Record<Organization>>, Refusal> {
    let new = first.read()?;
    let hash = hasher.hash_chosen(first.password).await?;
    let make = move |tx: &mut Tx<'_>| match tx.nobody_is_here()? {
        true => make_owner(tx, new.clone(), Some(&hash), true).map(Some),
        false => Ok(None),
    };
    database.write(origin, make).await
}

impl FirstOwner {
    /// The short name: the one that was typed, else what the name suggests.
    pub fn short_name(&self) -> String {
        match self.slug.trim() {
            "" => Slug::of_name(&self.organization).map_or_else(String::new, |slug| slug.to_string()),
            typed => typed.to_owned(),
        }
    }

    /// All that is wrong at once, each under the name of its field.
    fn read(&self) -> Result<NewOwner, Invalid> {
        let mut wrong: Vec<FieldError> = Vec::new();
        let mut note = |field: &str, code: &'static str, detail: &str| {
            wrong.extend(Invalid::field(field, code, detail).0);
        };
        let email = text::clean(&self.email, false).and_then(|text| Email::parse(&text));
        if email.is_none() {
            note("email", "email", "is not an e-mail address");
        }
        // What hangs together is judged together, so something has to stand for what is wrong.
        let stand_in = || Email::parse("nobody@firma.invalid");
        let name = text::clean(&self.name, false).unwrap_or_default();
        let user = email
            .clone()
            .or_else(stand_in)
            .map(|email| User::unclaimed(email, name.clone()));
        if name.is_empty() || user.is_none_or(|user| input::check(&user).is_err()) {
            note("name", "length", "has to be 1 to 255 long");
        }
        if let Err(weak) = password::check(&self.password, &[&self.email, &self.name]) {
            note("password", weak.code(), &weak.to_string());
        }
        let short_name = self.short_name();
        let slug = Slug::parse(&short_name);
        if slug.is_none() {
            note("slug", "slug", "is not 2 to 63 of a-z, 0-9 and single hyphens");
        }
        let slug = slug.as_ref().map_or("stand-in", Slug::as_str);
        let organization = input::read(json!({"name": self.organization, "slug": slug}));
        if organization.is_err() {
            note("organization", "length", "has to be 1 to 255 long");
        }
        match (email, organization) {
            (Some(email), Ok(organization)) if wrong.is_empty() => Ok(NewOwner {
                name: Some(name),
                email,
                organization,
            }),
            _ => Err(Invalid(wrong)),
        }
    }
}

//! Phones stay as they were typed; beside them stands what they are in E.164.

use crate::refusal::Refusal;
use crate::work::Work;
use firma_auth::access::{Action, Grant, Read, Touches};
use firma_domain::organizations::Organization;
use firma_domain::{Entity, FieldError, Invalid};
use phonenumber::{Mode, country};

/// Each phone in E.164, where one without a country's number is read in the organization's country. A
/// phone is named with its field, such as `phones/0`.
pub(super) fn e164<E: Entity, A: Action>(
    work: &mut Work<'_, '_>,
    grant: Grant<E, A>,
    phones: &[(String, &str)],
) -> Result<Vec<String>, Refusal>
where
    (E, A): Touches<Organization, Read>,
{
    let from_anywhere: Vec<_> = phones.iter().map(|(_, typed)| number(None, typed)).collect();
    let home = match from_anywhere.iter().all(Option::is_some) {
        true => None,
        false => home(work, grant)?,
    };
    let (mut numbers, mut errors) = (Vec::with_capacity(phones.len()), Vec::new());
    for ((field, typed), abroad) in phones.iter().zip(from_anywhere) {
        match abroad.or_else(|| number(home, typed)) {
            Some(number) => numbers.push(number),
            None => errors.push(FieldError {
                pointer: format!("#/{field}"),
                code: "phone".into(),
                detail: match home {
                    Some(home) => format!("is not a phone number, in {home:?} or with + and its country"),
                    None => {
                        "is not a phone number with + and its country; the organization has no country".into()
                    }
                },
            }),
        }
    }
    Invalid::unless_empty(errors)?;
    Ok(numbers)
}

/// The organization's country.
fn home<E: Entity, A: Action>(
    work: &mut Work<'_, '_>,
    grant: Grant<E, A>,
) -> Result<Option<country::Id>, Refusal>
where
    (E, A): Touches<Organization, Read>,
{
    let own = work.organization();
    let organization = work.open(grant.also::<Organization, Read>())?.find(own)?.value;
    Ok(organization.country.and_then(|code| code.parse().ok()))
}

/// A number with + and its country is read without a home, whose own prefix would be taken out of it.
fn number(home: Option<country::Id>, typed: &str) -> Option<String> {
    let number = phonenumber::parse(home, typed).ok()?;
    number
        .is_valid()
        .then(|| number.format().mode(Mode::E164).to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_a_number_at_home_and_abroad() {
        let read = |typed| number(Some(country::RS), typed);
        let belgrade = Some("+381113334444".to_owned());
        for typed in [
            "011 333 4444",
            "(011) 333-4444",
            "+381 11 333 44 44",
            "00381113334444",
        ] {
            assert_eq!(read(typed), belgrade, "{typed}");
        }
        assert_eq!(read("+90 212 555 00 11"), Some("+902125550011".into()));
        for typed in ["", "12", "nobody", "+999 1234567", "011"] {
            assert_eq!(read(typed), None, "{typed}");
        }
        assert_eq!(number(None, "011 333 4444"), None);
        assert_eq!(number(None, "+381 11 333 4444"), belgrade);
    }
}

//! What a DNS record has to say to prove that a domain is an organization's.

use crate::keys::Key;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use firma_domain::{Domain, Id};

/// Before the domain: a name that nothing else is asked for at.
const LABEL: &str = "_firma";
const PREFIX: &str = "firma-verification=";

/// A TXT record that proves a domain for one organization, and for no other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DomainProof {
    organization: Id,
    domain: Domain,
}

impl DomainProof {
    /// That the domain is the organization's.
    pub fn of(organization: Id, domain: Domain) -> DomainProof {
        DomainProof { organization, domain }
    }

    /// What it proves.
    pub fn domain(&self) -> &Domain {
        &self.domain
    }

    /// The name at which the record stands.
    pub fn name(&self) -> String {
        format!("{LABEL}.{}", self.domain)
    }

    /// What the record says.
    pub fn value(&self, key: &Key) -> String {
        format!("{PREFIX}{}", URL_SAFE_NO_PAD.encode(key.mark(&self.message())))
    }

    /// Whether a record says it; one that was made before the secret changed does, too.
    pub fn is(&self, key: &Key, text: &str) -> bool {
        let mark = text
            .trim()
            .strip_prefix(PREFIX)
            .and_then(|mark| URL_SAFE_NO_PAD.decode(mark).ok());
        mark.is_some_and(|mark| key.verify(&self.message(), &mark))
    }

    fn message(&self) -> Vec<u8> {
        let domain = self.domain.to_string();
        [self.organization.to_string().as_bytes(), b" ", domain.as_bytes()].concat()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::keys::Keys;

    #[test]
    fn a_record_proves_one_domain_for_one_organization() {
        let (before, after) = (Keys::derive(&[1; 32]), Keys::rotated(&[2; 32], Some(&[1; 32])));
        let domain = |text| Domain::parse(text).unwrap();
        let proof = DomainProof::of(Id::fixed(1, 1), domain("acme.example"));
        let value = proof.value(&before.domain);
        assert_eq!(proof.name(), "_firma.acme.example");
        assert!(proof.is(&before.domain, &value) && proof.is(&before.domain, &format!(" {value} ")));
        // The secret has changed, and the record stays.
        assert!(proof.is(&after.domain, &value));
        assert!(!proof.is(&Keys::derive(&[2; 32]).domain, &value));
        assert!(!proof.is(&before.cursor, &value));
        for other in [
            DomainProof::of(Id::fixed(1, 2), domain("acme.example")),
            DomainProof::of(Id::fixed(1, 1), domain("www.acme.example")),
        ] {
            assert!(!other.is(&before.domain, &value));
        }
        for text in [
            "",
            PREFIX,
            "firma-verification=AAAA",
            &value[1..],
            &value.to_uppercase(),
        ] {
            assert!(!proof.is(&before.domain, text), "{text}");
        }
    }
}

//! What may a member do, and to which rows: no cryptography is needed to decide it.
//! `cargo run -p firma-auth --no-default-features --example decide_an_access`
//!
//! What is known of the caller goes in, a grant comes out, or the permission that is missing. Roles and
//! the instant are given; the service that asks has read them wherever it keeps them.
#![allow(clippy::print_stdout)]

use firma_auth::access::{
    Action, Assignment, Create, Delete, Facts, Given, Read, Refused, Tenant, Update, role_by_name,
};
use firma_domain::crm::{Deal, Stage};
use firma_domain::organizations::Status;
use firma_domain::{Entity, Id, Instant};
use std::error::Error;

fn main() -> Result<(), Box<dyn Error>> {
    let now = Instant::from_micros(1_772_355_600_000_000).ok_or("no instant")?;
    let employee = role_by_name("employee").ok_or("no such role")?;
    let manager = role_by_name("manager").ok_or("no such role")?;
    let facts = Facts {
        user: Id::fixed(7, 1),
        tenant: Tenant::active(Id::fixed(7, 2)),
        assignments: [
            Assignment {
                role: Given::System(employee),
                expires_at: None,
            },
            // Stood in for a manager until this very instant: it gives nothing any more.
            Assignment {
                role: Given::System(manager),
                expires_at: Some(now),
            },
        ]
        .into(),
        now,
        key: None,
        lacks_factor: false,
    };
    tell::<Deal, Read>(&facts);
    tell::<Deal, Update>(&facts);
    tell::<Deal, Delete>(&facts);
    tell::<Stage, Create>(&facts);

    let suspended = Facts {
        tenant: Tenant {
            status: Status::Suspended,
            ..facts.tenant.clone()
        },
        ..facts.clone()
    };
    tell::<Deal, Read>(&suspended);
    tell::<Deal, Update>(&suspended);
    Ok(())
}

/// A grant says which rows exist for the caller, and which of them may be acted on.
fn tell<E: Entity, A: Action>(facts: &Facts) {
    let asked = format!("{}:{}", E::COLLECTION, A::VERB.as_str());
    match facts.decide::<E, A>() {
        Ok(grant) => {
            let seen = grant.seen().map_or("nothing", |seen| seen.as_str());
            println!("{asked}: sees {seen}, acts on {}", grant.reach().as_str());
        }
        Err(Refused::Permission(name)) => println!("{asked}: {name} is missing"),
        Err(Refused::Suspended) => println!("{asked}: the organization is suspended"),
        Err(Refused::Key) => println!("{asked}: no API key may do it"),
        Err(Refused::Archived) => println!("{asked}: the organization is closed"),
        Err(Refused::Factor) => println!("{asked}: a second factor is missing"),
        Err(Refused::Off(module)) => println!("{asked}: the organization does without {module}"),
    }
}

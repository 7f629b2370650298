//! Rows of the samples that no call makes.

use firma_auth::access::Founding;
use firma_domain::Id;
use firma_domain::crm::Company;
use firma_domain::platform::ErrorKind;
use firma_persistence::platform::{NewJob, Outcome};
use firma_services::installation::Incident;
use firma_testing::{Firm, Server};

/// A job that waits, or that was given up.
pub(crate) fn job(firm: &Firm<'_>, is_dead: bool) -> String {
    let (organization, owner) = (firm.id, firm.owner_id);
    let job = firm.server.write(move |tx| {
        let new = NewJob {
            kind: if is_dead { "dead" } else { "sample" },
            payload: "{}".into(),
            run_at: None,
            max_attempts: 1,
        };
        let id = tx.enqueue(Founding::of(organization, owner).grant::<Company>(), new)?;
        if is_dead {
            let leased = tx.lease_job(&["dead"], 1)?.unwrap();
            tx.end_job(leased.lease, Outcome::Failed("a sample".into()))?;
        }
        Ok(id)
    });
    job.to_string()
}

/// An organization in another state.
pub(crate) fn closed(server: &Server, status: &str) -> String {
    let firm = Firm::new(server);
    let id = server.base.id_literal(firm.id);
    server.base.execute(&format!(
        "UPDATE tenants SET status = '{status}' WHERE id = {id}; \
         UPDATE organizations SET status = '{status}' WHERE organization_id = {id};"
    ));
    firm.id.to_string()
}

/// A job of the system that waits, or that was given up.
pub(crate) fn system_job(server: &Server, is_dead: bool) -> String {
    let job = server.write(move |tx| {
        let new = NewJob {
            kind: if is_dead { "dead-system" } else { "sample" },
            payload: "{}".into(),
            run_at: None,
            max_attempts: 1,
        };
        let id = tx.enqueue_for_system(new)?;
        if !is_dead {
            return Ok(id);
        }
        // One that was tried again stands before it.
        loop {
            let lease = tx.lease_job(&["dead-system"], 1)?.unwrap().lease;
            tx.end_job(lease, Outcome::Failed("a sample".into()))?;
            if lease.job == id {
                return Ok(id);
            }
        }
    });
    job.to_string()
}

/// An error on the server's side, written down.
pub(crate) fn internal_error(server: &Server) -> String {
    server.errors.note(Incident {
        kind: ErrorKind::Answer,
        place: "GET /a-sample".into(),
        message: "a sample".into(),
        request_id: None,
        route: None,
    });
    server.errors.flush(&server.database).unwrap();
    let ids = server.base.lines(match server.base.is_postgres() {
        true => "SELECT id::text FROM internal_errors WHERE message = 'a sample'",
        false => "SELECT hex(id) FROM internal_errors WHERE message = 'a sample'",
    });
    ids.first().unwrap().parse::<Id>().unwrap().to_string()
}

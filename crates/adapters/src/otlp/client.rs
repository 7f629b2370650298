//! The HTTP of the exporter, behind a breaker. Its thread may wait; nobody else waits for it.

use crate::agent::agent;
use firma_domain::platform::Gate;
use opentelemetry_http::{Bytes, HttpClient, HttpError, Request, Response};
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// The most bytes of an answer.
const ROOM: u64 = 100_000;

pub(super) struct Client {
    agent: ureq::Agent,
    gate: Arc<dyn Gate>,
    /// Whether the last attempt failed, so that the log tells of changes alone
    has_failed: AtomicBool,
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Client")
    }
}

impl Client {
    pub(super) fn new(gate: Arc<dyn Gate>, patience: Duration) -> Client {
        Client {
            agent: agent(patience).build().into(),
            gate,
            has_failed: AtomicBool::new(false),
        }
    }

    fn send(&self, request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
        if !self.gate.admits() {
            return Err("it has failed several times in a row".into());
        }
        let answered = self.answer(request);
        let why = match &answered {
            Ok(answer) if answer.status().is_success() => None,
            Ok(answer) => Some(format!("it answers {}", answer.status())),
            Err(error) => Some(error.to_string()),
        };
        // Who refuses a batch is there.
        let is_there = answered.as_ref().is_ok_and(|answer| !is_away(answer));
        self.gate.went(is_there);
        match (&why, self.has_failed.swap(why.is_some(), Ordering::Relaxed)) {
            (Some(why), false) => log::warn!("traces are not taken, and those of this time are lost: {why}"),
            (None, true) => log::info!("traces are taken again"),
            _ => {}
        }
        answered
    }

    fn answer(&self, request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
        let (head, body) = request.into_parts();
        let answered = self.agent.run(Request::from_parts(head, body.as_ref()))?;
        let (head, mut body) = answered.into_parts();
        let body = body.with_config().limit(ROOM).read_to_vec()?;
        Ok(Response::from_parts(head, body.into()))
    }
}

fn is_away(answer: &Response<Bytes>) -> bool {
    answer.status().is_server_error() || answer.status().as_u16() == 429
}

impl HttpClient for Client {
    fn send_bytes<'c, 'f>(
        &'c self,
        request: Request<Bytes>,
    ) -> Pin<Box<dyn Future<Output = Result<Response<Bytes>, HttpError>> + Send + 'f>>
    where
        'c: 'f,
        Self: 'f,
    {
        Box::pin(std::future::ready(self.send(request)))
    }
}

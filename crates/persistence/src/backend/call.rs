//! A call on its way to a database thread and its answer on the way back.

use super::about::About;
use super::meter::Meter;
use super::panics;
use super::trace::Timed;
use crate::fault::{Failure, Fault};
use crate::store::{Attempt, Origin, Tx, Unit};
use firma_domain::identity::SecurityKind;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use tokio::sync::oneshot;

/// How an attempt ended.
pub(super) enum Verdict {
    Done,
    Refused,
    Again,
    Away,
    Unsure,
}

/// What the threads know of a call.
pub(super) trait Work: Send {
    /// Runs it once and keeps the outcome.
    fn attempt(&mut self, seat: &mut super::seat::Seat, attempt: Attempt) -> Verdict;
    /// The outcome is no longer true: the transaction failed.
    fn fail(&mut self, fault: Fault);
    /// The fault, if it is that nothing can be written.
    fn unwritable(&self) -> Option<Fault> {
        None
    }
    /// Whether somebody still waits for the outcome.
    fn is_awaited(&self) -> bool;
    /// A thread has it.
    fn taken(&mut self);
    /// Sends the outcome.
    fn settle(self: Box<Self>);
    fn writes(&self) -> bool;
    fn about(&self) -> About;
}

pub(super) struct Call<T, E, F> {
    run: F,
    origin: Option<Origin>,
    about: About,
    outcome: Option<Result<T, E>>,
    /// What it wrote down that concerns safety: counted once it is stored
    safety: Option<(Arc<Meter>, Vec<SecurityKind>)>,
    timed: Option<Timed>,
    answer: oneshot::Sender<Result<T, E>>,
}

impl<T, E, F> Call<T, E, F>
where
    T: Send + 'static,
    E: Failure,
    F: Fn(&mut Tx<'_>) -> Result<T, E> + Send + 'static,
{
    pub(super) fn asked(
        run: F,
        origin: Option<Origin>,
        timed: Option<Timed>,
    ) -> (Box<dyn Work>, oneshot::Receiver<Result<T, E>>) {
        let (answer, received) = oneshot::channel();
        (
            Box::new(Call {
                run,
                origin,
                about: About::current(),
                outcome: None,
                safety: None,
                timed,
                answer,
            }),
            received,
        )
    }
}

impl<T, E, F> Work for Call<T, E, F>
where
    T: Send,
    E: Failure,
    F: Fn(&mut Tx<'_>) -> Result<T, E> + Send,
{
    fn attempt(&mut self, seat: &mut super::seat::Seat, attempt: Attempt) -> Verdict {
        let unit = self.origin.clone().map(Unit::new);
        let ran = catch_unwind(AssertUnwindSafe(|| {
            let mut tx = Tx::new(seat, unit, attempt)?;
            let value = (self.run)(&mut tx).map_err(|error| tx.doubted(error))?;
            let safety = tx.safety();
            tx.finish()?;
            Ok::<(T, Vec<SecurityKind>), E>((value, safety))
        }));
        let meter = seat.meter.clone();
        let outcome =
            ran.unwrap_or_else(|payload| Err(E::from(Fault::Panicked(Box::new(panics::caught(&*payload))))));
        let outcome = outcome.map(|(value, safety)| {
            self.safety = Some((meter, safety)).filter(|(_, safety)| !safety.is_empty());
            value
        });
        let fault = outcome.as_ref().err().map(|e| e.fault());
        if let (Some(Some(fault)), true) = (fault, self.origin.is_some()) {
            seat.failed(fault);
        }
        let verdict = match fault {
            None => Verdict::Done,
            Some(Some(Fault::Again)) => Verdict::Again,
            Some(Some(Fault::Away)) => Verdict::Away,
            Some(Some(fault)) if fault.is_ours() => Verdict::Unsure,
            Some(_) => Verdict::Refused,
        };
        self.outcome = Some(outcome);
        verdict
    }

    fn fail(&mut self, fault: Fault) {
        self.outcome = Some(Err(E::from(fault)));
    }

    fn unwritable(&self) -> Option<Fault> {
        match self.outcome.as_ref()?.as_ref().err()?.fault()? {
            Fault::Unwritable(why) => Some(Fault::Unwritable(why.clone())),
            _ => None,
        }
    }

    fn is_awaited(&self) -> bool {
        !self.answer.is_closed()
    }

    fn taken(&mut self) {
        if let Some(timed) = &mut self.timed {
            timed.taken();
        }
    }

    fn settle(self: Box<Self>) {
        if let Some(timed) = &self.timed {
            let fault = self
                .outcome
                .as_ref()
                .and_then(|outcome| outcome.as_ref().err()?.fault());
            timed.ended(self.writes(), fault.is_some_and(Fault::is_ours));
        }
        if let (Some((meter, safety)), Some(Ok(_))) = (&self.safety, &self.outcome) {
            meter.noted(safety);
        }
        if let Some(outcome) = self.outcome {
            // Who asked may have gone; what was done stays done.
            let _ = self.answer.send(outcome);
        }
    }

    fn writes(&self) -> bool {
        self.origin.is_some()
    }

    fn about(&self) -> About {
        self.about.clone()
    }
}

//! Threads for what is slow and needs no connection: passwords, and what is asked of others.

use crate::refusal::Refusal;
use crossbeam_channel::{Sender, TrySendError, bounded};
use firma_persistence::Fault;
use std::panic::{AssertUnwindSafe, catch_unwind};
use tokio::sync::oneshot;

type Task = Box<dyn FnOnce() + Send>;

/// A few of them, and a queue before them that has an end.
#[derive(Clone)]
pub(crate) struct Threads(Sender<Task>);

impl Threads {
    /// Starts `count` of them; so many calls may wait.
    pub(crate) fn start(name: &str, count: usize, waiting: usize) -> Result<Threads, String> {
        let (tasks, queue) = bounded::<Task>(waiting);
        for n in 0..count {
            let queue = queue.clone();
            let started = std::thread::Builder::new()
                .name(format!("{name}-{n}"))
                .spawn(move || {
                    queue
                        .iter()
                        .for_each(|task| drop(catch_unwind(AssertUnwindSafe(task))))
                });
            started.map_err(|e| format!("the thread {name}-{n} did not start: {e}"))?;
        }
        Ok(Threads(tasks))
    }

    /// Has one of them do it. A panic ends the task, not the thread.
    pub(crate) async fn run<T: Send + 'static>(
        &self,
        task: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, Refusal> {
        let (answer, waiting) = oneshot::channel();
        let task = Box::new(move || drop(answer.send(task())));
        match self.0.try_send(task) {
            Ok(()) => waiting
                .await
                .map_err(|_| Fault::Internal("a thread ended before its task did".into()).into()),
            Err(TrySendError::Full(_)) => Err(Fault::Busy.into()),
            Err(TrySendError::Disconnected(_)) => Err(Fault::Away.into()),
        }
    }
}

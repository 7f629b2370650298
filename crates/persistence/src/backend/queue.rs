//! Calls that wait for a thread, and threads that wait for a call. Of these the first is woken, not the one that waits
//! for longest: so the last ones come to rest where there is little to do.

use super::call::Work;
use std::collections::{BTreeSet, VecDeque};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// Why a call isn't taken in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Full {
    /// As many wait as may
    Busy,
    /// No thread is left
    Away,
}

/// What waiting for a call comes to.
pub(super) enum Next {
    Call(Box<dyn Work>),
    /// None came in the time that was given
    Nothing,
    /// Who sends is gone, and no call is left
    End,
}

#[derive(Default)]
struct State {
    calls: VecDeque<Box<dyn Work>>,
    /// Threads that wait and weren't woken yet, by their places
    idle: BTreeSet<usize>,
    /// Threads that there are
    threads: usize,
    has_ended: bool,
}

struct Shared {
    state: Mutex<State>,
    /// By place: what wakes that thread
    wakes: Vec<Condvar>,
    most: usize,
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Sends calls. The threads end with it.
pub(super) struct Sender(Arc<Shared>);

/// One thread's place: that with the lowest is woken first.
pub(super) struct Receiver {
    shared: Arc<Shared>,
    place: usize,
}

/// A queue of at most so many calls, for so many threads.
pub(super) fn queue(most: usize, threads: usize) -> (Sender, Vec<Receiver>) {
    let shared = Arc::new(Shared {
        state: Mutex::new(State {
            threads,
            ..State::default()
        }),
        wakes: (0..threads).map(|_| Condvar::new()).collect(),
        most,
    });
    let receiver = |place| Receiver {
        shared: shared.clone(),
        place,
    };
    let receivers = (0..threads).map(receiver).collect();
    (Sender(shared), receivers)
}

impl Sender {
    pub(super) fn send(&self, call: Box<dyn Work>) -> Result<(), Full> {
        let mut state = self.0.state();
        if state.threads == 0 {
            return Err(Full::Away);
        }
        if state.calls.len() >= self.0.most {
            return Err(Full::Busy);
        }
        state.calls.push_back(call);
        // One for each call. Where none waits, the next that is done looks for calls before it waits.
        let woken = state.idle.pop_first();
        drop(state);
        if let Some(wake) = woken.and_then(|place| self.0.wakes.get(place)) {
            wake.notify_one();
        }
        Ok(())
    }

    /// Calls that no thread has taken yet.
    pub(super) fn waiting(&self) -> usize {
        self.0.state().calls.len()
    }
}

impl Drop for Sender {
    fn drop(&mut self) {
        self.0.state().has_ended = true;
        self.0.wakes.iter().for_each(Condvar::notify_one);
    }
}

impl Receiver {
    /// The next call; waits for it, no longer than the time if one is given.
    pub(super) fn next(&self, time: Option<Duration>) -> Next {
        let mut state = self.shared.state();
        let mut until = None;
        loop {
            if let Some(call) = state.calls.pop_front() {
                state.idle.remove(&self.place);
                return Next::Call(call);
            }
            if state.has_ended {
                return Next::End;
            }
            let Some(wake) = self.shared.wakes.get(self.place) else {
                return Next::End;
            };
            // Who was woken for a call that another thread took waits on, and doesn't begin anew.
            let left = time.map(|time| {
                let until = *until.get_or_insert_with(|| Instant::now() + time);
                until.saturating_duration_since(Instant::now())
            });
            if left.is_some_and(|left| left.is_zero()) {
                state.idle.remove(&self.place);
                return Next::Nothing;
            }
            state.idle.insert(self.place);
            state = match left {
                None => wake.wait(state).unwrap_or_else(PoisonError::into_inner),
                Some(left) => {
                    let waited = wake.wait_timeout(state, left);
                    waited.unwrap_or_else(PoisonError::into_inner).0
                }
            };
        }
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        let mut state = self.shared.state();
        state.threads -= 1;
        // Who asked learns that nobody will answer.
        let left = match state.threads {
            0 => std::mem::take(&mut state.calls),
            _ => VecDeque::new(),
        };
        drop(state);
        drop(left);
    }
}

#[cfg(test)]
mod tests {
    use super::super::about::About;
    use super::super::call::Verdict;
    use super::super::seat::Seat;
    use super::*;
    use crate::fault::Fault;
    use crate::store::Attempt;
    use std::sync::mpsc;

    /// Says who settled it.
    struct Said(mpsc::Sender<std::thread::ThreadId>);

    impl Work for Said {
        fn writes(&self) -> bool {
            false
        }
        fn about(&self) -> About {
            About::default()
        }
        fn is_awaited(&self) -> bool {
            true
        }
        fn taken(&mut self) {}
        fn attempt(&mut self, _: &mut Seat, _: Attempt) -> Verdict {
            Verdict::Done
        }
        fn fail(&mut self, _: Fault) {}
        fn settle(self: Box<Self>) {
            let _ = self.0.send(std::thread::current().id());
        }
    }

    fn thread(
        calls: Receiver,
        time: Option<Duration>,
        rested: mpsc::Sender<usize>,
    ) -> std::thread::JoinHandle<()> {
        std::thread::spawn(move || {
            loop {
                match calls.next(time) {
                    Next::Call(call) => call.settle(),
                    Next::Nothing => drop(rested.send(calls.place)),
                    Next::End => return,
                }
            }
        })
    }

    #[test]
    fn one_call_after_another_is_the_first_threads_and_the_others_rest() {
        let (sender, receivers) = queue(8, 4);
        let (rests, rested) = mpsc::channel();
        let time = Some(Duration::from_millis(200));
        let mut threads: Vec<_> = receivers
            .into_iter()
            .map(|calls| thread(calls, time, rests.clone()))
            .collect();
        let (said, took) = mpsc::channel();
        let mut by = std::collections::HashMap::new();
        for _ in 0..100 {
            sender.send(Box::new(Said(said.clone()))).unwrap();
            *by.entry(took.recv().unwrap()).or_insert(0) += 1;
            std::thread::sleep(Duration::from_millis(10));
        }
        // A thread that is slow to wait again may be passed over once and again.
        assert!(
            by.get(&threads[0].thread().id()).is_some_and(|n| *n >= 60),
            "{by:?}"
        );
        let rested: BTreeSet<_> = rested.try_iter().collect();
        assert!(rested.contains(&3) && rested.contains(&2), "{rested:?}");
        drop(sender);
        threads.drain(..).for_each(|thread| thread.join().unwrap());
    }

    #[test]
    fn no_call_is_left_waiting_while_a_thread_waits() {
        for time in [None, Some(Duration::from_micros(50))] {
            let (sender, receivers) = queue(usize::MAX, 5);
            let (rests, _) = mpsc::channel();
            let threads: Vec<_> = receivers
                .into_iter()
                .map(|calls| thread(calls, time, rests.clone()))
                .collect();
            // Each waits for its answer, so one wake-up that is lost is a sender that hangs.
            std::thread::scope(|scope| {
                for _ in 0..8 {
                    scope.spawn(|| {
                        let (said, took) = mpsc::channel();
                        for _ in 0..5_000 {
                            sender.send(Box::new(Said(said.clone()))).unwrap();
                            took.recv_timeout(Duration::from_secs(20)).unwrap();
                        }
                    });
                }
            });
            drop(sender);
            threads.into_iter().for_each(|thread| thread.join().unwrap());
        }
    }

    #[test]
    fn what_is_too_much_or_has_nobody_to_take_it_is_refused() {
        let (sender, receivers) = queue(1, 1);
        let (said, took) = mpsc::channel();
        let call = || Box::new(Said(said.clone()));
        sender.send(call()).unwrap();
        assert_eq!(sender.send(call()), Err(Full::Busy));
        assert_eq!(sender.waiting(), 1);
        drop(receivers);
        assert_eq!(sender.send(call()), Err(Full::Away));
        drop(said);
        assert!(took.recv().is_err(), "the call that waited is gone");
        // What was sent before the end is still taken.
        let (said, _took) = mpsc::channel();
        let (sender, receivers) = queue(1, 1);
        sender.send(Box::new(Said(said))).unwrap();
        drop(sender);
        assert!(matches!(receivers[0].next(None), Next::Call(_)));
        assert!(matches!(receivers[0].next(None), Next::End));
    }
}

//! Lines of the log on their way out, of what runs for long: a thread writes what has come together in a moment, so that
//! no call pays for a write of its own, nor waits for one.

use std::io::{self, Write};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// For so long lines come together.
const MOMENT: Duration = Duration::from_millis(10);
/// So many bytes may wait; who brings more writes them.
const MOST: usize = 1 << 20;

#[derive(Clone)]
pub(crate) struct Lines(Arc<Shared>);

struct Shared {
    waiting: Mutex<Vec<u8>>,
    come: Condvar,
    /// Held while it is written to: lines stay in their order
    out: Mutex<Box<dyn Write + Send>>,
}

impl Lines {
    /// Those of a thread that writes them there. If none can be had, who brings too much writes.
    pub(crate) fn start(out: Box<dyn Write + Send>) -> Lines {
        let lines = Lines(Arc::new(Shared {
            waiting: Mutex::default(),
            come: Condvar::new(),
            out: Mutex::new(out),
        }));
        let writer = lines.clone();
        let thread = std::thread::Builder::new().name("log".into());
        let _ = thread.spawn(move || writer.work());
        lines
    }

    fn waiting(&self) -> MutexGuard<'_, Vec<u8>> {
        self.0.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn work(&self) {
        loop {
            let mut waiting = self.waiting();
            while waiting.is_empty() {
                waiting = self.0.come.wait(waiting).unwrap_or_else(PoisonError::into_inner);
            }
            drop(waiting);
            std::thread::sleep(MOMENT);
            // Nobody could be told that it fails.
            let _ = self.write_out();
        }
    }

    /// Writes all that waits.
    pub(crate) fn write_out(&self) -> io::Result<()> {
        let mut out = self.0.out.lock().unwrap_or_else(PoisonError::into_inner);
        let lines = std::mem::take(&mut *self.waiting());
        out.write_all(&lines)
    }
}

impl Write for Lines {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        let mut waiting = self.waiting();
        let is_first = waiting.is_empty();
        waiting.extend_from_slice(line);
        let is_much = waiting.len() > MOST;
        drop(waiting);
        if is_first {
            self.0.come.notify_one();
        }
        if is_much {
            self.write_out()?;
        }
        Ok(line.len())
    }

    /// The thread does it.
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Instant;

    /// What was written, and in how many writes.
    #[derive(Clone, Default)]
    struct Sink(Arc<Mutex<(Vec<u8>, usize)>>);

    impl Write for Sink {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            let mut sink = self.0.lock().unwrap();
            sink.0.extend_from_slice(bytes);
            sink.1 += 1;
            Ok(bytes.len())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn all_lines_come_out_in_their_order_and_many_at_once() {
        let sink = Sink::default();
        let lines = Lines::start(Box::new(sink.clone()));
        std::thread::scope(|scope| {
            for thread in 0..4 {
                let mut lines = lines.clone();
                scope.spawn(move || {
                    for n in 0..20_000 {
                        lines.write_all(format!("{thread} {n}\n").as_bytes()).unwrap();
                    }
                });
            }
        });
        lines.write_out().unwrap();
        let (text, writes) = sink.0.lock().unwrap().clone();
        let text = String::from_utf8(text).unwrap();
        let mut next = [0; 4];
        for line in text.lines() {
            let (thread, n) = line.split_once(' ').unwrap();
            let next = &mut next[thread.parse::<usize>().unwrap()];
            assert_eq!(n.parse::<usize>().unwrap(), *next);
            *next += 1;
        }
        assert_eq!(next, [20_000; 4]);
        assert!(writes < 20_000, "{writes}");
    }

    #[test]
    fn a_line_comes_out_by_itself() {
        let sink = Sink::default();
        let mut lines = Lines::start(Box::new(sink.clone()));
        for n in 1..=2 {
            lines.write_all(b"line\n").unwrap();
            let begun = Instant::now();
            while sink.0.lock().unwrap().0.len() < n * 5 {
                assert!(begun.elapsed() < Duration::from_secs(30));
                std::thread::sleep(Duration::from_millis(1));
            }
        }
    }
}

//! Sixteen connections that ask as fast as they are answered.

use crate::http::Connection;
use crate::machine::{Cost, Watched};
use std::sync::atomic::{AtomicU8, Ordering};
use std::time::{Duration, Instant};

pub const CONNECTIONS: usize = 16;

const WARM: u8 = 0;
const MEASURED: u8 = 1;
const OVER: u8 = 2;

/// What was measured of one kind of request.
pub struct Load {
    /// Requests a second
    pub rate: f64,
    /// Milliseconds, sorted
    times: Vec<f32>,
    pub cost: Cost,
    /// What the yardstick took beside it, to what it takes on the reference machine; 1 where it wasn't asked
    pub scale: f64,
}

impl Load {
    /// Rounds of the same length as one, and the yardstick beside them.
    pub fn together(rounds: Vec<Load>, scale: f64) -> Load {
        let rate = rounds.iter().map(|round| round.rate).sum::<f64>() / rounds.len() as f64;
        let cost = Cost::mean(rounds.iter().map(|round| (round.cost, round.times.len())));
        let mut times: Vec<f32> = rounds.into_iter().flat_map(|round| round.times).collect();
        times.sort_by(f32::total_cmp);
        Load {
            rate,
            times,
            cost,
            scale,
        }
    }

    /// The time in milliseconds that this part of the requests doesn't exceed.
    pub fn within(&self, part: f64) -> f64 {
        quantile(&self.times, part)
    }
}

/// Of sorted times, the one at this part.
pub fn quantile(times: &[f32], part: f64) -> f64 {
    let last = times.len().saturating_sub(1);
    let at = ((times.len() as f64 * part) as usize).min(last);
    times.get(at).copied().map_or(f64::NAN, f64::from)
}

/// Random enough to pick rows and name keys; xorshift, because it costs nothing.
pub struct Dice(u64);

impl Dice {
    pub fn new(seed: usize) -> Dice {
        let time = Instant::now();
        // The address and the instant differ from run to run, so keys don't repeat.
        let salt = std::hash::BuildHasher::hash_one(&std::collections::hash_map::RandomState::new(), time);
        Dice((salt ^ (seed as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15)) | 1)
    }
    pub fn roll(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }
    pub fn below(&mut self, end: usize) -> usize {
        (self.roll() % end.max(1) as u64) as usize
    }
}

/// Asks over HTTP; `write` puts each request together. An answer other than 2xx ends the run.
pub fn over_http(
    port: u16,
    seconds: f64,
    watched: Watched,
    write: impl Fn(&mut Dice, &mut Vec<u8>) + Sync,
) -> Result<Load, String> {
    in_threads(CONNECTIONS, seconds, watched, |thread| {
        let connection = Connection::open(port).map_err(|e| e.to_string());
        let (mut dice, mut request, write) = (Dice::new(thread), Vec::new(), &write);
        let mut connection = connection?;
        Ok(move || {
            write(&mut dice, &mut request);
            match connection.send(&request) {
                Ok(200..=299) => Ok(()),
                Ok(status) => Err(format!(
                    "{} was answered {status}: {}",
                    String::from_utf8_lossy(&request).lines().next().unwrap_or(""),
                    String::from_utf8_lossy(connection.body())
                )),
                Err(error) => Err(error.to_string()),
            }
        })
    })
}

/// Runs `ask` in a loop in each of so many threads, after a warm-up.
pub fn in_threads<F: FnMut() -> Result<(), String>>(
    threads: usize,
    seconds: f64,
    watched: Watched,
    make: impl Fn(usize) -> Result<F, String> + Sync,
) -> Result<Load, String> {
    let phase = AtomicU8::new(WARM);
    let work = |thread| -> Result<Vec<f32>, String> {
        let (mut ask, mut times) = (make(thread)?, Vec::with_capacity(200_000));
        loop {
            let during = phase.load(Ordering::Relaxed);
            if during == OVER {
                return Ok(times);
            }
            let begun = Instant::now();
            ask().inspect_err(|_| phase.store(OVER, Ordering::Relaxed))?;
            if during == MEASURED {
                times.push(begun.elapsed().as_secs_f32() * 1_000.0);
            }
        }
    };
    let enter = |next, seconds| {
        let _ = phase.compare_exchange(next - 1, next, Ordering::Relaxed, Ordering::Relaxed);
        let until = Instant::now() + Duration::from_secs_f64(seconds);
        // In slices, so that a failure ends the run at once.
        while Instant::now() < until && phase.load(Ordering::Relaxed) == next {
            std::thread::sleep(Duration::from_millis(10));
        }
    };
    std::thread::scope(|scope| {
        let running: Vec<_> = (0..threads)
            .map(|thread| scope.spawn(move || work(thread)))
            .collect();
        std::thread::sleep(Duration::from_secs_f64((seconds / 3.0).min(2.0)));
        let (before, from) = (watched.spent(), Instant::now());
        enter(MEASURED, seconds);
        phase.store(OVER, Ordering::Relaxed);
        let (after, took) = (watched.spent(), from.elapsed().as_secs_f64());
        let mut times = Vec::new();
        for thread in running {
            times.extend(thread.join().map_err(|_| "a thread panicked")??);
        }
        times.sort_by(f32::total_cmp);
        let count = times.len() as u64;
        Ok(Load {
            rate: count as f64 / took,
            cost: before.until(after, count),
            times,
            scale: 1.0,
        })
    })
}

//! How often signing in, registering and asking for a new password may be called, by address and by account. Counted
//! in memory, by each server for itself; what is counted for all of them are wrong guesses.

use crate::address;
use crate::problem::Problem;
use actix_web::http::header::{HeaderMap, HeaderName, HeaderValue};
use actix_web::{HttpMessage, HttpRequest};
use governor::clock::{Clock, DefaultClock};
use governor::middleware::StateInformationMiddleware;
use governor::state::keyed::DefaultKeyedStateStore;
use governor::{Quota, RateLimiter};
use std::num::NonZeroU32;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

const POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");
const LIMIT: HeaderName = HeaderName::from_static("ratelimit");
/// So many addresses and accounts are remembered before those that have their whole quota again are let go.
const REMEMBERED: usize = 10_000;
/// So often they are looked through for it, in seconds.
const SWEPT: u64 = 60;
/// No account is named by more characters: what is longer counts as what it begins with.
const LONGEST: usize = 254;

type Limiter = RateLimiter<String, DefaultKeyedStateStore<String>, DefaultClock, StateInformationMiddleware>;

/// What is limited.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Limited {
    SignIn,
    Register,
    Reset,
}

/// How many calls, in how many seconds.
#[derive(Debug, Clone, Copy)]
pub struct Rate {
    pub calls: NonZeroU32,
    pub seconds: u32,
}

/// The rates of one kind.
#[derive(Debug, Clone, Copy)]
pub struct Rates {
    pub address: Rate,
    pub account: Rate,
}

/// All of them.
pub struct Limits {
    sign_in: Pair,
    register: Pair,
    reset: Pair,
}

struct Pair {
    name: &'static str,
    address: Counter,
    account: Counter,
}

struct Counter {
    rate: Rate,
    limiter: Limiter,
    /// When it was looked through last
    swept: Mutex<Instant>,
}

/// What is left of a quota: for the headers of the answer.
#[derive(Debug, Clone)]
struct Left {
    policy: String,
    limit: String,
}

const fn rate(calls: u32, seconds: u32) -> Rate {
    match NonZeroU32::new(calls) {
        Some(calls) => Rate { calls, seconds },
        None => Rate {
            calls: NonZeroU32::MIN,
            seconds,
        },
    }
}

impl Default for Limits {
    /// As a server of ours has them.
    fn default() -> Limits {
        Limits::new(
            Rates {
                address: rate(60, 60),
                account: rate(20, 60),
            },
            Rates {
                address: rate(20, 3_600),
                account: rate(5, 3_600),
            },
            Rates {
                address: rate(20, 3_600),
                account: rate(5, 3_600),
            },
        )
    }
}

impl Limits {
    /// Of these rates.
    pub fn new(sign_in: Rates, register: Rates, reset: Rates) -> Limits {
        Limits {
            sign_in: Pair::of("sign-in", sign_in),
            register: Pair::of("register", register),
            reset: Pair::of("reset", reset),
        }
    }

    /// Limits that nobody meets, for who tests something else.
    pub fn wide() -> Limits {
        let wide = Rates {
            address: rate(1_000_000, 60),
            account: rate(1_000_000, 60),
        };
        Limits::new(wide, wide, wide)
    }

    /// Counts a call from the request's address, and at an account if it names one.
    pub(crate) fn count(
        &self,
        request: &HttpRequest,
        limited: Limited,
        account: Option<&str>,
    ) -> Result<(), Problem> {
        let pair = match limited {
            Limited::SignIn => &self.sign_in,
            Limited::Register => &self.register,
            Limited::Reset => &self.reset,
        };
        if let Some(address) = address::counted(request) {
            pair.count(request, &pair.address, address::place(address))?;
        }
        match account {
            Some(account) => {
                let begins: String = account.trim().chars().take(LONGEST).collect();
                pair.count(request, &pair.account, begins.to_lowercase())
            }
            None => Ok(()),
        }
    }
}

impl Pair {
    fn of(name: &'static str, rates: Rates) -> Pair {
        let limiter = |rate: Rate| {
            let period = Duration::from_secs(u64::from(rate.seconds)) / rate.calls.get();
            let quota = Quota::with_period(period)
                .unwrap_or_else(|| Quota::per_second(rate.calls))
                .allow_burst(rate.calls);
            Counter {
                rate,
                limiter: RateLimiter::keyed(quota).with_middleware(),
                swept: Mutex::new(Instant::now()),
            }
        };
        Pair {
            name,
            address: limiter(rates.address),
            account: limiter(rates.account),
        }
    }

    fn count(&self, request: &HttpRequest, counter: &Counter, key: String) -> Result<(), Problem> {
        counter.sweep();
        let Counter { rate, limiter, .. } = counter;
        let (left, wait) = match limiter.check_key(&key) {
            Ok(state) => (state.remaining_burst_capacity(), None),
            Err(refused) => (0, Some(refused.wait_time_from(DefaultClock::default().now()))),
        };
        let wait = wait.map(|wait| wait.as_secs().saturating_add(1));
        // Until one more may be made; the whole quota is there again when it wasn't used for `w` seconds.
        let again = wait.unwrap_or_else(|| u64::from(rate.seconds / rate.calls.get()).max(1));
        let said = Left {
            policy: format!("\"{}\";q={};w={}", self.name, rate.calls, rate.seconds),
            limit: format!("\"{}\";r={left};t={again}", self.name),
        };
        request.extensions_mut().insert(said);
        match wait {
            None => Ok(()),
            Some(seconds) => {
                let problem = Problem::new("too_many_requests", format!("try again in {seconds} s"));
                Err(problem.after(i64::try_from(seconds).unwrap_or(i64::MAX)))
            }
        }
    }
}

impl Counter {
    /// Lets go of those that have their whole quota again. It looks at all of them, so not at each call.
    fn sweep(&self) {
        if self.limiter.len() <= REMEMBERED {
            return;
        }
        let mut swept = self.swept.lock().unwrap_or_else(PoisonError::into_inner);
        if swept.elapsed().as_secs() >= SWEPT {
            *swept = Instant::now();
            drop(swept);
            self.limiter.retain_recent();
        }
    }
}

/// Says in an answer what is left.
pub(crate) fn tell(request: &HttpRequest, headers: &mut HeaderMap) {
    let Some(left) = request.extensions().get::<Left>().cloned() else {
        return;
    };
    for (name, text) in [(POLICY, left.policy), (LIMIT, left.limit)] {
        if let Ok(value) = HeaderValue::from_str(&text) {
            headers.insert(name, value);
        }
    }
}

use crate::entity::Entity;
use crate::spelled;
use crate::value::{Id, Instant};
use serde::{Deserialize, Serialize};
use validator::Validate;

spelled! {
    /// Where a job stands.
    JobState {
        /// It waits for a worker, or for its next attempt
        Queued = "QUEUED",
        /// A worker has it
        Running = "RUNNING",
        /// It is done
        Succeeded = "SUCCEEDED",
        /// It is given up: a dead letter, which may be retried by hand
        Failed = "FAILED",
        /// Somebody called it off
        Cancelled = "CANCELLED",
    }
}

impl JobState {
    /// Whether nothing more will happen by itself.
    pub fn is_over(self) -> bool {
        !matches!(self, JobState::Queued | JobState::Running)
    }
}

/// Work that is done after the call that asked for it. What it works on is its payload, which isn't shown.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Validate)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct Job {
    /// What is to be done: `mail`, `cleanup`
    pub kind: String,
    /// Where it stands
    pub state: JobState,
    /// Who asked for it: a user's id; none for the system
    #[serde(default)]
    pub owner_id: Option<Id>,
    /// How much of it is done
    pub progress_done: i32,
    /// Of how much, once that is known
    #[serde(default)]
    pub progress_total: Option<i32>,
    /// How often it was begun
    pub attempts: i32,
    /// After so many it is given up
    pub max_attempts: i32,
    /// When it is begun next, or was
    pub run_at: Instant,
    /// When it ended
    #[serde(default)]
    pub finished_at: Option<Instant>,
    /// Whether somebody wants it to stop
    pub cancel_requested: bool,
    /// What came of it
    #[serde(default)]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<Object>))]
    pub result: Option<serde_json::Value>,
    /// Why the last attempt failed
    #[serde(default)]
    pub problem: Option<String>,
}

impl Entity for Job {
    const NAME: &'static str = "job";
    const COLLECTION: &'static str = "jobs";
    const OWNED: bool = true;

    fn owner(&self) -> Option<Id> {
        self.owner_id
    }
    fn set_owner(&mut self, owner: Option<Id>) {
        self.owner_id = owner;
    }
}

/// Seconds until the next attempt after `attempts` of them: `first` doubled each time, at most `most`, and of that
/// a part between a half and the whole, so that what failed together isn't tried again together.
///
/// `chance` is a random number.
pub fn backoff(attempts: i32, first: i64, most: i64, chance: u16) -> i64 {
    let doublings = u32::try_from(attempts.saturating_sub(1)).unwrap_or(0).min(30);
    let whole = first.saturating_mul(1 << doublings).clamp(1, most.max(1));
    let half = whole / 2;
    whole - half + half * i64::from(chance) / i64::from(u16::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_longer_each_time_but_not_for_ever() {
        let at_most = |attempts| backoff(attempts, 5, 3_600, u16::MAX);
        let at_least = |attempts| backoff(attempts, 5, 3_600, 0);
        assert_eq!([1, 2, 3, 4].map(at_most), [5, 10, 20, 40]);
        assert_eq!([1, 2, 3, 4].map(at_least), [3, 5, 10, 20]);
        assert_eq!((at_most(30), at_least(i32::MAX)), (3_600, 1_800));
        assert_eq!(backoff(1, 0, 0, 7), 1);
    }
}

//! The request that a task works on: its calls are about it on whatever thread they run, and so are their lines in the
//! log.

use std::sync::Arc;

tokio::task_local! {
    static CURRENT: About;
}

/// The id of a request; none of work that is about no request.
#[derive(Debug, Clone, Default)]
pub struct About(Option<Arc<str>>);

impl About {
    /// A request of that id.
    pub fn request(id: &str) -> About {
        About(Some(id.into()))
    }

    /// What is worked on here and now.
    pub fn current() -> About {
        CURRENT.try_with(About::clone).unwrap_or_default()
    }

    /// The id of the request, if it is one.
    pub fn request_id(&self) -> Option<&str> {
        self.0.as_deref()
    }

    /// Runs a task that is about it.
    pub async fn around<F: Future>(self, task: F) -> F::Output {
        CURRENT.scope(self, task).await
    }

    /// Runs something on this thread that is about it.
    pub(super) fn around_work<T>(self, work: impl FnOnce() -> T) -> T {
        CURRENT.sync_scope(self, work)
    }
}

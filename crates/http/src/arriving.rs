//! Bytes on their way to the server: of who sends none nobody waits for more.

use crate::problem::Problem;
use futures_util::{Stream, StreamExt};
use std::time::Duration;

/// So long the next bytes of a body may take.
const QUIET: Duration = Duration::from_secs(60);

/// What comes next; none at the end.
pub(crate) async fn next<S: Stream + Unpin>(stream: &mut S) -> Result<Option<S::Item>, Problem> {
    within(QUIET, stream).await
}

async fn within<S: Stream + Unpin>(quiet: Duration, stream: &mut S) -> Result<Option<S::Item>, Problem> {
    tokio::time::timeout(quiet, stream.next()).await.map_err(|_| {
        let detail = format!("nothing of the body came for {} s", quiet.as_secs());
        Problem::new("body_timeout", detail)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_util::stream;

    #[actix_web::test]
    async fn who_sends_nothing_is_not_waited_for() {
        let mut two = stream::iter([1, 2]).chain(stream::pending());
        let quiet = Duration::from_millis(50);
        assert_eq!(within(quiet, &mut two).await.unwrap(), Some(1));
        assert_eq!(within(quiet, &mut two).await.unwrap(), Some(2));
        assert_eq!(within(quiet, &mut two).await.unwrap_err().code(), "body_timeout");
        assert_eq!(within(quiet, &mut stream::iter([0; 0])).await.unwrap(), None);
    }
}

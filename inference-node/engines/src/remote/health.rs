//! Whether the other server can serve: from a check every few seconds, and from what becomes of requests.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use super::connection::Connection;
use super::listing;
use crate::EngineError;

/// Failures in a row, of checks and requests, after which the server counts as unable to serve.
const FAILURES: u32 = 3;
/// After the first failures the next look comes soon, to know what it is.
const SOON: Duration = Duration::from_secs(1);

/// What is known of the server's health.
pub(super) struct Health {
    id: String,
    url: String,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    failures: u32,
    last: Option<EngineError>,
}

impl Health {
    /// Of a server that has not failed yet.
    pub(super) fn new(id: &str, url: &str) -> Self {
        Self { id: id.to_owned(), url: url.to_owned(), state: Mutex::default() }
    }

    /// Whether it can serve, or its last failure.
    pub(super) fn now(&self) -> Result<(), EngineError> {
        let state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        match &state.last {
            Some(error) if state.failures >= FAILURES => Err(error.clone()),
            _ => Ok(()),
        }
    }

    /// Takes note of how a request or a check went, and passes it on.
    pub(super) fn noting<T>(&self, outcome: Result<T, EngineError>) -> Result<T, EngineError> {
        match &outcome {
            Ok(_) => self.succeeded(),
            Err(error) => self.failed(error),
        }
        outcome
    }

    /// An answer came.
    fn succeeded(&self) {
        let before = std::mem::take(&mut *self.state.lock().unwrap_or_else(PoisonError::into_inner));
        if before.failures >= FAILURES {
            tracing::info!(model = self.id, url = self.url, "the remote server serves again");
        }
    }

    /// Takes note of an error. Not every error is the server's fault: one that finds a request wrong is alive, one with too
    /// much to do is neither better nor worse for saying so.
    pub(super) fn failed(&self, error: &EngineError) {
        match error {
            EngineError::Request { .. } | EngineError::Unsupported(_) => return self.succeeded(),
            EngineError::Cancelled | EngineError::Overloaded { .. } => return,
            EngineError::Load(_) | EngineError::OutOfMemory(_) | EngineError::Failed(_) | EngineError::Lost(_) => {}
        }
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.failures = state.failures.saturating_add(1);
        state.last = Some(error.clone());
        let failures = state.failures;
        drop(state);
        if failures == FAILURES {
            tracing::warn!(model = self.id, url = self.url, %error, failures, "the remote server cannot serve");
        }
    }

    /// How long to wait until the next look.
    fn pause(&self, usual: Duration) -> Duration {
        let failures = self.state.lock().unwrap_or_else(PoisonError::into_inner).failures;
        let pause = if (1..FAILURES).contains(&failures) { usual.min(SOON) } else { usual };
        pause.mul_f64(jitter())
    }
}

/// Looks at the server for ever.
pub(super) async fn watch(connection: Arc<Connection>) {
    loop {
        tokio::time::sleep(connection.health.pause(connection.settings.check_pause())).await;
        let _ = connection.health.noting(listing::at_check(&connection).await);
    }
}

/// From 0.8 to 1.2, so that many nodes do not ask one server all at once. The clock's last digits are random enough.
fn jitter() -> f64 {
    let nanos = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).map_or(0, |since| since.subsec_nanos());
    0.8 + f64::from(nanos / 100 % 1000) * 0.0004
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lost() -> EngineError {
        EngineError::Lost("gone".to_owned())
    }

    #[test]
    fn three_failures_in_a_row_make_it_unhealthy_and_one_success_heals_it() {
        let health = Health::new("m", "http://h/v1");
        health.failed(&lost());
        health.failed(&lost());
        assert_eq!(health.now(), Ok(()));
        health.failed(&EngineError::Failed("broken".to_owned()));
        assert_eq!(health.now(), Err(EngineError::Failed("broken".to_owned())));
        assert_eq!(health.noting(Ok(7)), Ok(7));
        assert_eq!(health.now(), Ok(()));
    }

    #[test]
    fn a_wrong_request_shows_that_the_server_lives_and_an_overload_shows_nothing() {
        let health = Health::new("m", "http://h/v1");
        for _ in 0..2 {
            health.failed(&lost());
        }
        health.failed(&EngineError::Overloaded { retry_after_ms: None });
        health.failed(&EngineError::Cancelled);
        assert_eq!(health.now(), Ok(()));
        health.failed(&EngineError::request("input", "empty"));
        health.failed(&lost());
        assert_eq!(health.now(), Ok(()), "it counts from the start again");
    }

    #[test]
    fn pauses_differ_a_little_and_are_short_while_in_doubt() {
        let health = Health::new("m", "http://h/v1");
        let usual = Duration::from_secs(5);
        assert!((4.0..=6.0).contains(&health.pause(usual).as_secs_f64()));
        health.failed(&lost());
        assert!((0.8..=1.2).contains(&health.pause(usual).as_secs_f64()));
    }
}

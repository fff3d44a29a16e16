//! Our registration with a trunk: when it is renewed and when it is tried again (RFC 3261 §10.2, RFC 5626 §4.5).

use std::time::Duration;

use rand::Rng as _;

/// How our registration with a peer stands.
#[derive(Debug)]
pub(crate) struct Registration {
    pub(crate) registered: bool,
    /// The status of the last failure.
    pub(crate) failure: Option<u16>,
    pub(crate) call_id: String,
    pub(crate) number: u32,
    /// The shortest time that the registrar takes, where it said so (423).
    pub(crate) at_least: u32,
    /// By which proxies requests go out (RFC 3608).
    pub(crate) service_route: Vec<String>,
    failures: u32,
}

impl Registration {
    /// Not registered yet.
    pub(crate) fn new() -> Self {
        Self {
            registered: false,
            failure: None,
            call_id: String::new(),
            number: 0,
            at_least: 0,
            service_route: Vec::new(),
            failures: 0,
        }
    }

    /// It holds for so long: when to renew it.
    pub(crate) fn granted(&mut self, seconds: u32) -> Duration {
        self.registered = true;
        self.failure = None;
        self.failures = 0;
        let seconds = f64::from(seconds.max(2));
        // Early enough for a second try, and not all at the same moment.
        Duration::from_secs_f64(seconds * rand::rng().random_range(0.7..0.85))
    }

    /// It was refused, or nobody answered: when to try again. The pause doubles from 10 s to half an hour.
    pub(crate) fn refused(&mut self, status: u16, retry_after: Option<u32>) -> Duration {
        self.registered = false;
        self.failure = Some(status);
        let pause = (10u64 << self.failures.min(8)).min(1800);
        self.failures = self.failures.saturating_add(1);
        let pause = Duration::from_secs(pause).mul_f64(rand::rng().random_range(0.5..1.0));
        pause.max(Duration::from_secs(u64::from(retry_after.unwrap_or(0).min(3600))))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_after_failures_grow_and_a_success_forgets_them() {
        let mut registration = Registration::new();
        let first = registration.refused(503, None);
        assert!(first <= Duration::from_secs(10));
        for _ in 0..20 {
            assert!(registration.refused(503, None) <= Duration::from_secs(1800));
        }
        let renew = registration.granted(600);
        assert!(renew > Duration::from_secs(400) && renew < Duration::from_secs(520));
        assert!(registration.refused(403, None) <= Duration::from_secs(10));
        assert!(registration.refused(503, Some(120)) >= Duration::from_secs(120));
    }
}

//! Time as the dispatcher sees it: a number that its caller hands in, so that a day passes in a second where it is simulated.

use std::ops::{Add, Sub};
use std::time::Duration;

use serde::{Deserialize, Serialize};

/// A moment: microseconds since an origin of the caller's choice. It never goes backwards within one dispatcher.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Moment(pub u64);

impl Moment {
    /// The moment that many seconds after the origin.
    #[must_use]
    pub fn from_secs_f64(seconds: f64) -> Self {
        Self(micros(seconds))
    }

    /// Seconds since the origin.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "microseconds of 285 years fit the mantissa")]
    pub fn as_secs_f64(self) -> f64 {
        self.0 as f64 / 1e6
    }

    /// How long after `earlier` this is; zero where it is not.
    #[must_use]
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_micros(self.0.saturating_sub(earlier.0))
    }

    /// Seconds after `earlier`, zero where it is not.
    #[must_use]
    pub fn secs_since(self, earlier: Self) -> f64 {
        Self(self.0.saturating_sub(earlier.0)).as_secs_f64()
    }

    /// That many seconds later.
    #[must_use]
    pub fn plus_secs(self, seconds: f64) -> Self {
        Self(self.0.saturating_add(micros(seconds)))
    }
}

impl Add<Duration> for Moment {
    type Output = Self;

    fn add(self, duration: Duration) -> Self {
        Self(self.0.saturating_add(u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)))
    }
}

impl Sub<Duration> for Moment {
    type Output = Self;

    fn sub(self, duration: Duration) -> Self {
        Self(self.0.saturating_sub(u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)))
    }
}

/// Whole microseconds of that many seconds, rounded up so that a wake is never too early; negative is zero.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a cast of f64 to u64 saturates")]
fn micros(seconds: f64) -> u64 {
    (seconds * 1e6).ceil() as u64
}

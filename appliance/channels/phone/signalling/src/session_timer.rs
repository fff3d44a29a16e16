//! Session timers (RFC 4028): a session that nobody refreshes is over, so that a call whose other side vanished ends.

use std::time::{Duration, Instant};

use crate::message::params::Params;
use crate::message::{Headers, Known};

/// What is agreed of a session's refreshing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct SessionTimer {
    /// For how long it holds without a refresh.
    pub(crate) expires: Duration,
    /// Whether we refresh it.
    pub(crate) ours: bool,
    /// When it was refreshed last.
    pub(crate) refreshed: Instant,
}

/// What is due.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Due {
    /// Nothing yet.
    Nothing,
    /// A refresh of ours.
    Refresh,
    /// The end: BYE.
    End,
}

/// `Session-Expires: 1800;refresher=uac`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct SessionExpires {
    /// In seconds.
    pub(crate) seconds: u32,
    /// Whether whoever sent the request refreshes; unsaid is for the other side to choose.
    pub(crate) uac: Option<bool>,
}

impl SessionExpires {
    /// What a message says of it.
    pub(crate) fn of(headers: &Headers) -> Option<Self> {
        let value = headers.get(Known::SessionExpires)?;
        let params = Params::parse(value.split_once(';').map_or("", |(_, params)| params)).ok()?;
        let uac = match params.get("refresher") {
            Some(who) if who.eq_ignore_ascii_case("uac") => Some(true),
            Some(who) if who.eq_ignore_ascii_case("uas") => Some(false),
            _ => None,
        };
        Some(Self { seconds: headers.number(Known::SessionExpires)?, uac })
    }
}

impl std::fmt::Display for SessionExpires {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}", self.seconds)?;
        match self.uac {
            Some(true) => f.write_str(";refresher=uac"),
            Some(false) => f.write_str(";refresher=uas"),
            None => Ok(()),
        }
    }
}

/// The longest `Min-SE` of others that is respected, in seconds.
const LONGEST_LEAST: u32 = 86_400;

/// The shortest session that both sides take, in seconds: ours, or what `Min-SE` says where that is more (RFC 4028 §9).
pub(crate) fn least(ours: u32, headers: &Headers) -> u32 {
    ours.max(headers.number(Known::MinSe).unwrap_or(0).min(LONGEST_LEAST))
}

/// What we answer to a request's wish. `None`: no timer. `supported` says whether the asker knows timers at all, `wanted` is
/// our own wish in seconds (0: none), `least` the shortest that both take.
pub(crate) fn answer(
    asked: Option<SessionExpires>,
    supported: bool,
    wanted: u32,
    least: u32,
) -> Option<SessionExpires> {
    let seconds = match (asked, wanted) {
        (Some(asked), 0) => asked.seconds,
        (Some(asked), wanted) => asked.seconds.min(wanted.max(least)),
        (None, 0) => return None,
        (None, wanted) => wanted.max(least),
    };
    // Somebody who knows nothing of timers does not refresh; then we do.
    let uac = supported && asked.and_then(|asked| asked.uac).unwrap_or(supported && asked.is_some());
    Some(SessionExpires { seconds, uac: Some(uac) })
}

impl SessionTimer {
    /// The timer that an agreement sets.
    pub(crate) fn new(agreed: SessionExpires, we_are_uac: bool, now: Instant) -> Self {
        let expires = Duration::from_secs(u64::from(agreed.seconds.max(1)));
        Self { expires, ours: agreed.uac.unwrap_or(true) == we_are_uac, refreshed: now }
    }

    /// When something is due: half way for a refresh of ours, unless one is under way; for the end a third of the time,
    /// 32 s at most, before it expires (RFC 4028 §10).
    pub(crate) fn deadline(&self, refreshing: bool) -> Instant {
        if self.ours && !refreshing { self.refreshed + self.expires / 2 } else { self.ends_at() }
    }

    fn ends_at(&self) -> Instant {
        self.refreshed + self.expires - (self.expires / 3).min(Duration::from_secs(32))
    }

    /// What is due now.
    pub(crate) fn due(&self, now: Instant) -> Due {
        if now >= self.ends_at() {
            Due::End
        } else if self.ours && now >= self.refreshed + self.expires / 2 {
            Due::Refresh
        } else {
            Due::Nothing
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_knows_no_timers_is_refreshed_by_us() {
        assert_eq!(answer(None, false, 1800, 90), Some(SessionExpires { seconds: 1800, uac: Some(false) }));
        assert_eq!(answer(None, false, 0, 90), None);
    }

    #[test]
    fn the_callers_choice_of_the_refresher_is_kept_and_the_time_may_only_be_shortened() {
        let asked = |seconds, uac| Some(SessionExpires { seconds, uac });
        assert_eq!(answer(asked(3600, None), true, 1800, 90), asked(1800, Some(true)));
        assert_eq!(answer(asked(120, Some(false)), true, 1800, 90), asked(120, Some(false)));
        assert_eq!(answer(asked(3600, Some(true)), true, 0, 90), asked(3600, Some(true)));
    }

    #[test]
    fn a_refresher_acts_half_way_and_the_other_ends_a_dead_session_before_it_expires() {
        let now = Instant::now();
        let ours = SessionTimer::new(SessionExpires { seconds: 90, uac: Some(true) }, true, now);
        assert_eq!(ours.due(now + Duration::from_secs(44)), Due::Nothing);
        assert_eq!(ours.due(now + Duration::from_secs(45)), Due::Refresh);
        let theirs = SessionTimer::new(SessionExpires { seconds: 90, uac: Some(true) }, false, now);
        assert_eq!(theirs.due(now + Duration::from_secs(59)), Due::Nothing);
        assert_eq!(theirs.due(now + Duration::from_secs(60)), Due::End);
    }
}

//! The conversation itself: events in, actions out.

use std::time::Duration;

use crate::action::Action;
use crate::event::Event;
use crate::setup::Setup;
use crate::standing::Standing;

/// One telephone conversation. Has no clock and does nothing itself.
#[derive(Debug)]
pub struct Dialogue {
    setup: Setup,
}

impl Dialogue {
    /// A conversation that begins with [`Event::Answered`].
    #[must_use]
    pub fn new(setup: Setup) -> Self {
        Self { setup }
    }

    /// What is to be done after `event`, which happened `at` after the call was answered.
    pub fn on(&mut self, at: Duration, event: Event) -> Vec<Action> {
        let _ = (at, event, &self.setup);
        Vec::new()
    }

    /// When [`Event::Tick`] is wanted next.
    #[must_use]
    pub fn due(&self) -> Option<Duration> {
        None
    }

    /// Where the call stands.
    #[must_use]
    pub fn standing(&self) -> Standing {
        Standing::Ringing
    }
}

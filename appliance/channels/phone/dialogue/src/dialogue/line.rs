//! Silence, noise, music, machines, and nodes that come and go.

use std::time::Duration;

use desk::ports::speech::Abilities;

use super::{Dialogue, Mode, prompt};
use crate::action::{Clause, Ending, Note};
use crate::menus::LevelId;
use crate::prompts::{Filled, Fixed, dictated};
use crate::settings::seconds;
use crate::setup::Direction;
use crate::turn_taking::{Nudge, Surroundings};

/// A message is left without a tone after so long.
const TONE_PATIENCE: Duration = Duration::from_secs(25);

impl Dialogue {
    /// The caller has been silent for long.
    pub(super) fn nudge(&mut self, nudge: Nudge) {
        if !self.is_free() || nudge == Nudge::Goodbye {
            if nudge == Nudge::Goodbye && !self.mouth.is_last() {
                self.say_last(vec![prompt(Fixed::GoodbyeSilence)], Ending::Silence);
            }
            return;
        }
        match (nudge, self.mode.clone()) {
            (_, Mode::Value { .. }) if self.value_silent() => {}
            (_, Mode::Question { what, .. }) => self.repeat_question(&what),
            (_, Mode::Menu { .. }) => self.read_menu(),
            (Nudge::First, _) => self.say(vec![prompt(Fixed::StillThere1)]),
            (Nudge::Second, _) => self.say(vec![prompt(Fixed::StillThere2)]),
            _ => self.open_menu(LevelId::Main),
        }
    }

    /// The line sounds otherwise than before.
    pub(super) fn sounds_like(&mut self, surroundings: Surroundings) {
        self.note(Note::Surroundings(surroundings));
        let had_music = self.music.take().is_some();
        match surroundings {
            Surroundings::Machine => self.machine(),
            Surroundings::Music => {
                // We are on hold ourselves: nobody hears what we say.
                let waits = matches!(self.mode, Mode::Waiting(_) | Mode::Transferring { .. } | Mode::WithPerson);
                self.music = (!waits).then_some(self.now);
                if !waits && !self.mouth.is_last() {
                    self.mouth.stop(&self.setup.prompts, &mut self.out);
                }
            }
            Surroundings::Noise if !self.told.noise && self.is_free() => {
                self.told.noise = true;
                self.say(vec![prompt(Fixed::Noise)]);
            }
            Surroundings::Shouting => self.told.shouted = true,
            Surroundings::Clear if had_music && self.is_free() => {
                self.turns.is_there();
                self.say(vec![prompt(Fixed::MusicOver)]);
            }
            _ => {}
        }
    }

    /// Whether what was not understood was shouted: calmly said, once, in place of "I did not understand".
    pub(super) fn was_shouted(&mut self) -> bool {
        let say = self.told.shouted && !self.told.shouting;
        self.told.shouting |= say;
        if say {
            self.say(vec![prompt(Fixed::Shouting)]);
        }
        say
    }

    /// A machine is on the line. One that we rang gets a message after its tone; one that rang us is let go.
    fn machine(&mut self) {
        if self.mode == Mode::WithPerson {
            return;
        }
        self.leave_queue();
        self.thinking = None;
        match self.setup.direction {
            Direction::Inbound => self.say_last(vec![prompt(Fixed::Goodbye)], Ending::Machine),
            Direction::CallBack { .. } => {
                self.mouth.stop(&self.setup.prompts, &mut self.out);
                self.mode = Mode::Machine { until: self.now + TONE_PATIENCE };
            }
        }
    }

    /// The machine's tone has ended: the message.
    pub(super) fn tone(&mut self) {
        let Direction::CallBack { reference, .. } = &self.setup.direction else { return };
        if !matches!(self.mode, Mode::Machine { .. }) || self.mouth.is_last() {
            return;
        }
        let reference = dictated(&String::from(*reference), self.language);
        let institution = self.setup.prompts.institution(self.language).to_owned();
        let values = [("institution", institution.as_str()), ("reference", reference.as_str())];
        let message = Clause::Text(crate::prompts::filled(Filled::VoiceMail, self.language, &values));
        self.say_last(vec![message], Ending::Machine);
    }

    /// What the line calls for by time alone.
    pub(super) fn line_time(&mut self) {
        match self.mode {
            Mode::Machine { until } if self.now >= until => {
                self.mode = Mode::Machine { until: self.longest() };
                self.tone();
            }
            _ => {}
        }
        if self.menu_at.take_if(|at| self.now >= *at).is_some() && self.mode == Mode::Greeting {
            self.open_menu(LevelId::Main);
        }
        let patience = seconds(self.setup.settings.silence.on_hold_seconds);
        if self.music.is_some_and(|since| self.now >= since + patience) {
            self.music = None;
            self.say_last(vec![prompt(Fixed::GoodbyeSilence)], Ending::Silence);
        }
        if self.desk_until.is_some_and(|until| self.now >= until) {
            self.desk_until = None;
            if self.mode == Mode::Booking { self.not_booked() } else { self.sent(false) }
        }
    }

    /// What can be spoken and heard has changed.
    pub(super) fn able(&mut self, abilities: Abilities) {
        let heard = self.abilities.hears(self.language);
        self.abilities = abilities;
        let hears = self.abilities.hears(self.language);
        if self.mode == Mode::WithPerson || heard == hears {
            return;
        }
        self.listen();
        let occupied =
            matches!(self.mode, Mode::Waiting(_) | Mode::Transferring { .. } | Mode::Booking | Mode::Machine { .. });
        if occupied || self.mouth.is_last() || self.setup.full {
            return;
        }
        if hears {
            if self.menu_at.take().is_some() {
                self.mode = Mode::Open;
            }
            return self.say_after(vec![prompt(Fixed::HearingBack)]);
        }
        match self.mode {
            // What is being keyed goes on; nothing is lost.
            Mode::Menu { .. } | Mode::Question { .. } => {}
            Mode::Value { .. } => self.say_after(vec![prompt(Fixed::Keypad)]),
            _ => {
                self.say(vec![prompt(Fixed::KeypadNow)]);
                self.main_menu_after();
            }
        }
    }
}

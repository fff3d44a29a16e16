//! What follows from all that was heard: when a turn is over, and what is only a pause.

use std::time::Duration;

use super::{Decision, Floor, Heard, Turn, TurnTaking};
use crate::settings::millis;
use crate::turn_taking::phrase::{Finish, is_wordless};
use crate::turn_taking::surroundings::Surroundings;

/// How long complete words are waited for after they were asked for.
const CONCLUDE: Duration = Duration::from_millis(1_200);
/// How long they are waited for where none have come for so much of what was said: a recogniser that is behind, not silent.
const BEHIND: Duration = Duration::from_millis(3_000);
/// Words that came so long before the voice ended do not hold its end.
const FRESH: Duration = Duration::from_millis(700);
/// How long any words are waited for where only voice was heard.
const FIRST_WORDS: Duration = Duration::from_millis(1_800);
/// Less voice than this, and no word in it, is a cough.
const COUGH: Duration = Duration::from_millis(400);
/// The longest pause for the sake of a voice that says nothing.
const LONGEST_HOLD: Duration = Duration::from_secs(6);
/// Pauses for nothing after which only words and keys interrupt.
const PATIENCE_WITH_ECHO: u32 = 4;
/// The longest turn; then it is taken for finished.
const LONGEST_TURN: Duration = Duration::from_secs(60);

impl TurnTaking {
    pub(super) fn judge(&mut self, at: Duration, decisions: &mut Vec<Decision>) {
        match self.floor {
            Floor::Closed | Floor::Ours { interruptible: false } => {}
            Floor::Ours { .. } => self.judge_ours(at, decisions),
            Floor::Caller | Floor::Busy => {
                self.judge_turn(at, decisions);
                self.judge_silence(at, decisions);
            }
        }
    }

    pub(super) fn judge_ours(&mut self, at: Duration, decisions: &mut Vec<Decision>) {
        if self.held.is_some() {
            if at >= self.hold_ends() {
                self.held = None;
                self.in_vain += 1;
                self.heard = Heard::default();
                decisions.push(Decision::GoOn);
            }
            return;
        }
        // Whoever was paused for in vain must speak longer the next time, and in the end in words.
        let enough = millis(self.settings.pause_after_ms) * (1 + 2 * self.in_vain);
        let long = self.voice().is_some() && self.activity.voiced() >= enough && self.in_vain < PATIENCE_WITH_ECHO;
        // A voice that was held for in vain is not held for again until it has ended.
        if self.hears && long && self.heard.since.is_some() {
            self.held = Some(at);
            decisions.push(Decision::Hold);
        } else if self.activity.since().is_none() && self.heard.text().is_empty() {
            self.heard.since = None;
        }
    }

    pub(super) fn hold_ends(&self) -> Duration {
        let held = self.held.unwrap_or_default();
        let longest = held + LONGEST_HOLD;
        match self.activity.since() {
            Some(_) => longest,
            None => {
                (self.activity.ended().unwrap_or(held).max(held) + millis(self.settings.resume_after_ms)).min(longest)
            }
        }
    }

    /// When the turn ends, or complete words are asked for, if the caller stays silent.
    pub(super) fn turn_ends(&self) -> Option<Duration> {
        let text = self.heard.text();
        if text.is_empty() && (self.heard.voiced < COUGH || !self.hears) {
            return None;
        }
        if let Some(concluded) = self.concluded {
            let ended = self.activity.ended().unwrap_or_default();
            let is_behind = self.heard.last_words.is_some_and(|last| last + FRESH < ended);
            let patience = match text.is_empty() {
                true => FIRST_WORDS,
                false if is_behind => BEHIND,
                false => CONCLUDE,
            };
            return Some(concluded + patience);
        }
        let pause = match self.heard.finish {
            Some(Finish::Complete) => self.settings.complete_ms,
            Some(Finish::Usual) | None => self.settings.usual_ms,
            Some(Finish::Unfinished) => self.settings.unfinished_ms,
            Some(Finish::Dictating) => self.settings.dictating_ms,
        };
        Some(self.quiet_from() + millis(pause))
    }

    fn judge_turn(&mut self, at: Duration, decisions: &mut Vec<Decision>) {
        let text = self.heard.text();
        let endless = self.heard.since.is_some_and(|since| at.saturating_sub(since) >= LONGEST_TURN);
        let over = self.voice().is_none() && self.turn_ends().is_some_and(|due| at >= due);
        if text.is_empty() && self.heard.empty && self.voice().is_none() && self.heard.voiced >= COUGH {
            return self.end(at, text, decisions);
        }
        if !over && (!endless || text.is_empty()) {
            // All that was asked for is there: no more waiting.
            if self.concluded.is_none() || !self.heard.partial.is_empty() || text.is_empty() || self.voice().is_some() {
                return;
            }
        }
        let whole = self.heard.partial.is_empty() && !text.is_empty();
        if self.concluded.is_none() && !whole && !endless {
            self.concluded = Some(at);
            decisions.push(Decision::Conclude);
            return;
        }
        self.end(at, text, decisions);
    }

    fn end(&mut self, at: Duration, text: String, decisions: &mut Vec<Decision>) {
        let after = at.saturating_sub(self.quiet_from());
        self.spend();
        let heard = std::mem::take(&mut self.heard);
        self.concluded = None;
        decisions.push(match is_wordless(&text) {
            true => Decision::Wordless,
            false => Decision::Ended(Turn { text, confidence: heard.confidence, language: heard.language, after }),
        });
    }

    fn judge_silence(&mut self, at: Duration, decisions: &mut Vec<Decision>) {
        let waits = self.floor == Floor::Caller && self.voice().is_none() && self.surroundings() != Surroundings::Music;
        if !waits || !self.heard.text().is_empty() || self.concluded.is_some() {
            return self.patience.pause(at);
        }
        self.patience.begin(at);
        decisions.extend(self.patience.tick(at).map(Decision::Nudge));
    }
}

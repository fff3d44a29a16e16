//! What the caller said, and what it leads to.

use desk::language::Language;

use super::{Dialogue, Mode, Purpose, Question, prompt};
use crate::action::{Action, Clause, Ending, Note, Pace, Said, Via, Why};
use crate::clarity::is_clear;
use crate::event::Words;
use crate::exact::{Kind, yes_or_no};
use crate::manner::is_child;
use crate::menus::LevelId;
use crate::prompts::{Filled, Fixed};
use crate::settings::Recording;
use crate::turn_taking::{Decision, Turn, is_listening};
use crate::wishes::{Wish, wish};

/// The loudest that we speak above usual, in decibels.
const LOUDEST: i8 = 9;
/// A step of loudness.
const STEP_DB: i8 = 3;
/// Turns in which a language that was detected is followed without more ado.
const FIRST_TURNS: u32 = 2;

impl Dialogue {
    pub(super) fn words(&mut self, words: &Words) {
        let listens = !matches!(self.mode, Mode::WithPerson | Mode::Machine { .. });
        if listens && self.danger.hear(&words.text, words.stable_chars, words.complete) {
            return self.danger();
        }
        let decisions = self.turns.words(self.now, words);
        self.decided(decisions);
    }

    pub(super) fn decided(&mut self, decisions: Vec<Decision>) {
        for decision in decisions {
            if self.mode == Mode::Over || self.mouth.is_last() {
                return;
            }
            match decision {
                Decision::Began => {}
                Decision::Conclude => self.out.push(Action::Conclude),
                Decision::Hold => self.mouth.pause(&mut self.out),
                Decision::GoOn => {
                    self.mouth.resume(self.now, &self.setup.prompts, &mut self.out);
                    self.note(Note::FalseInterruption);
                }
                Decision::Yield { after } => {
                    self.mouth.stop(&self.setup.prompts, &mut self.out);
                    self.note(Note::Interrupted { decided_after: after });
                }
                Decision::Ended(turn) => self.turn(turn),
                Decision::Wordless => self.wordless(),
                Decision::Nudge(nudge) => self.nudge(nudge),
                Decision::Surroundings(surroundings) => self.sounds_like(surroundings),
                Decision::Tone => self.tone(),
            }
            self.settle_floor();
        }
    }

    /// Somebody may be in danger: 112 at once, then a person.
    fn danger(&mut self) {
        self.note(Note::Danger);
        self.turns.key();
        let again = std::mem::replace(&mut self.in_danger, true);
        let mut clauses = vec![prompt(Fixed::Emergency)];
        let seeks = matches!(self.mode, Mode::Waiting(_) | Mode::Transferring { .. });
        if !again && !seeks {
            clauses.push(prompt(Fixed::EmergencyPerson));
        }
        let mut draft = super::Draft::new(clauses.clone(), self.language);
        draft.interruptible = again;
        self.said = clauses;
        self.thinking = None;
        self.say_draft(draft);
        if !again && !seeks {
            self.seek(None, Why::Danger, true);
        }
    }

    /// The caller has finished a turn.
    fn turn(&mut self, turn: Turn) {
        self.note(Note::TurnEnded { decided_after: turn.after });
        self.turns.is_there();
        if self.thinking.is_some() && is_listening(&turn.text) {
            // "Mhm" while we think is no question.
            return self.speak_kept();
        }
        self.turns_taken += 1;
        let clear = is_clear(&turn.text, turn.confidence, self.setup.settings.least_confidence);
        self.follow_language(&turn, clear);
        if self.said_in_mode(&turn, clear) {
            return;
        }
        if let Some(wish) = wish(&turn.text).filter(|_| clear) {
            self.misunderstood = 0;
            return self.grant(wish);
        }
        if !clear {
            return self.not_understood();
        }
        self.misunderstood = 0;
        if let Some(yes) = yes_or_no(&turn.text).filter(|_| self.closing_asked) {
            return self.answered_closing(yes);
        }
        if !self.told.child && is_child(&turn.text) {
            self.told.child = true;
            self.mouth.pace = Pace::Slow;
            return self.say(vec![prompt(Fixed::Child)]);
        }
        self.submit(Said::Text(turn.text), Via::Voice, turn.confidence);
    }

    /// What the present mode makes of a turn; whether that was all.
    fn said_in_mode(&mut self, turn: &Turn, clear: bool) -> bool {
        match self.mode.clone() {
            Mode::Value { .. } => self.value_said(&turn.text, clear),
            Mode::Question { what, again } => self.question_said(&what, again, turn, clear),
            Mode::Menu { level, .. } if clear && wish(&turn.text).is_none() => self.menu_said(&level, &turn.text),
            Mode::Waiting(_) | Mode::Transferring { .. } | Mode::Booking => {
                self.waiting_said(&turn.text);
                true
            }
            Mode::WithPerson | Mode::Machine { .. } | Mode::Over => true,
            _ => false,
        }
    }

    fn question_said(&mut self, what: &Question, again: bool, turn: &Turn, clear: bool) -> bool {
        match yes_or_no(&turn.text) {
            Some(yes) => self.answered_question(what, yes),
            None if matches!((wish(&turn.text), what), (Some(Wish::CallBack), Question::CallBack { .. })) => {
                self.answered_question(what, true);
            }
            None if clear || again => {
                // Something else: the question is let go.
                self.mode = Mode::Open;
                return false;
            }
            None => {
                self.mode = Mode::Question { what: what.clone(), again: true };
                self.repeat_question(what);
            }
        }
        true
    }

    pub(super) fn answered_question(&mut self, what: &Question, yes: bool) {
        self.mode = Mode::Open;
        self.rest = self.rest.take().filter(|_| yes);
        match (what, yes) {
            (Question::More, true) => self.more(),
            (Question::More, false) => self.anything_else(Vec::new()),
            (Question::CallBack { department }, true) => self.call_back(department.clone()),
            (Question::ThisNumber { department }, true) => self.book_this_number(department.clone()),
            (Question::ThisNumber { department }, false) => {
                self.ask_value(Kind::Phone, Purpose::CallBack { department: department.clone() });
            }
            (Question::CallBack { .. }, false) if self.setup.full => {
                self.say_last(vec![prompt(Fixed::GoodbyeNobody)], Ending::Nobody);
            }
            (Question::CallBack { .. }, false) => self.anything_else(Vec::new()),
        }
    }

    pub(super) fn repeat_question(&mut self, what: &Question) {
        self.say(vec![prompt(match what {
            Question::CallBack { .. } => Fixed::CallBackQuestion,
            Question::ThisNumber { .. } => Fixed::CallBackNumber,
            Question::More => Fixed::GoOn,
        })]);
    }

    /// The caller spoke another language than expected: follow, if it is one of ours.
    fn follow_language(&mut self, turn: &Turn, clear: bool) {
        let known = turn.language.filter(|language| *language != self.language && self.abilities.hears(*language));
        let long = turn.text.split_whitespace().count() >= 3;
        if let Some(language) = known.filter(|_| clear && (self.turns_taken <= FIRST_TURNS || long)) {
            self.switch_language(language);
        }
    }

    /// Whether the conversation could be switched.
    pub(super) fn switch_language(&mut self, language: Language) -> bool {
        if !self.setup.settings.languages.contains(&language) {
            return false;
        }
        if language != self.language {
            self.language = language;
            self.turns.set_language(language);
            self.out.push(Action::SetLanguage(language));
            self.note(Note::Language(language));
            self.listen();
        }
        true
    }

    /// What the caller asked of the call itself.
    pub(super) fn grant(&mut self, wish: Wish) {
        if self.mode == Mode::Greeting {
            self.mode = Mode::Open;
        }
        match wish {
            Wish::Repeat => self.repeat(None),
            Wish::Slower => self.paced(Fixed::Slower, slower(self.mouth.pace)),
            Wish::Faster => self.paced(Fixed::Faster, faster(self.mouth.pace)),
            Wish::Louder => self.louder(Fixed::Louder, STEP_DB),
            Wish::Softer => self.louder(Fixed::Softer, -STEP_DB),
            Wish::Stop => {
                (self.thinking, self.rest, self.offered) = (None, None, None);
                self.say(vec![prompt(Fixed::Stopped)]);
            }
            Wish::Wait => {
                self.turns.give_time();
                self.say(vec![prompt(Fixed::TakeYourTime)]);
            }
            Wish::Person => self.seek(self.department_here(), Why::Asked, false),
            Wish::Goodbye => self.say_last(vec![prompt(Fixed::Goodbye)], Ending::Goodbye),
            Wish::Menu => self.open_menu(LevelId::Main),
            Wish::Back => self.back(),
            Wish::Spell => self.spell(),
            Wish::Message => self.send_message(),
            Wish::Help => self.say(vec![prompt(Fixed::Help), prompt(Fixed::Ask)]),
            Wish::NoRecording => self.refuse_recording(),
            Wish::CallBack => self.call_back(self.department_here()),
            Wish::Case => self.ask_value(Kind::Reference, Purpose::Case),
            Wish::Language(language) => {
                let fixed = if self.switch_language(language) { Fixed::LanguageSet } else { Fixed::AskAgain };
                self.thinking = None;
                if self.abilities.hears(self.language) {
                    return self.say(vec![prompt(fixed)]);
                }
                self.say(vec![prompt(Fixed::KeypadNow)]);
                self.main_menu_after();
            }
        }
    }

    /// Says once more what was said last that matters.
    pub(super) fn repeat(&mut self, intro: Option<Fixed>) {
        if self.said.is_empty() {
            return self.say(intro.into_iter().chain([Fixed::NothingToRepeat]).map(prompt).collect());
        }
        let mut clauses = vec![prompt(intro.unwrap_or(Fixed::RepeatIntro))];
        clauses.extend(self.said.clone());
        self.say(clauses);
    }

    fn paced(&mut self, told: Fixed, pace: Pace) {
        self.mouth.pace = pace;
        self.otherwise(told);
    }

    fn louder(&mut self, told: Fixed, by: i8) {
        self.mouth.gain_db = (self.mouth.gain_db + by).clamp(-LOUDEST, LOUDEST);
        self.otherwise(told);
    }

    /// Says again in the new manner what was said last.
    fn otherwise(&mut self, told: Fixed) {
        if self.said.is_empty() {
            return self.say(vec![prompt(told), prompt(Fixed::AskAgain)]);
        }
        self.repeat(Some(told));
    }

    /// The last number digit by digit.
    fn spell(&mut self) {
        match self.number.clone() {
            Some(number) => {
                let groups: Vec<String> = number.split(' ').map(str::to_owned).collect();
                let before = std::mem::replace(&mut self.mouth.pace, Pace::Slow);
                let clauses = self.number(&groups);
                self.say(clauses);
                self.mouth.pace = before;
            }
            None => self.repeat(None),
        }
    }

    fn send_message(&mut self) {
        let mobile = |number: &&String| number.starts_with("+407") || !number.starts_with("+40");
        match self.setup.caller.number.as_ref().filter(mobile).filter(|_| self.setup.settings.messages) {
            Some(number) => {
                let (number, language) = (number.clone(), self.language);
                self.desk_until = Some(self.now + super::DESK_PATIENCE);
                self.out.push(Action::SendMessage { number, language });
                self.say(vec![prompt(Fixed::Moment1)]);
            }
            None => self.say(vec![prompt(Fixed::MessageNotPossible)]),
        }
    }

    pub(super) fn sent(&mut self, delivered: bool) {
        self.desk_until = None;
        let told = if delivered { Fixed::MessageSent } else { Fixed::MessageFailed };
        self.say_after(vec![prompt(told)]);
    }

    pub(super) fn refuse_recording(&mut self) {
        if self.abilities.hears(self.language) {
            return self.refuse(vec![prompt(Fixed::RecordingOff), prompt(Fixed::Ask)]);
        }
        self.refuse(vec![prompt(Fixed::RecordingOff)]);
        self.main_menu_after();
    }

    /// Whether there is, or may yet be, a recording that a key refuses.
    pub(super) fn is_refusable(&self) -> bool {
        self.setup.settings.recording == Recording::Notice && !self.told.refused_recording
    }

    /// Whether the notice has not been heard to its end.
    pub(super) fn is_unnoticed(&self) -> bool {
        self.is_refusable() && !self.records
    }

    /// Refuses a recording, and says so; also where none has begun: the record says that it was refused.
    pub(super) fn refuse(&mut self, clauses: Vec<Clause>) {
        if !std::mem::replace(&mut self.told.refused_recording, true) || self.records {
            self.records = false;
            self.out.push(Action::Record { on: false });
        }
        self.say(clauses);
    }

    /// Nothing to act on: asked once, then led to the keys, then to a person.
    fn not_understood(&mut self) {
        self.note(Note::NotUnderstood);
        if self.was_shouted() {
            return;
        }
        self.misunderstood = self.misunderstood.saturating_add(1);
        match self.misunderstood {
            1 => self.say(vec![prompt(Fixed::NotUnderstood1)]),
            2 => {
                self.say(vec![prompt(Fixed::NotUnderstood2)]);
                self.main_menu_after();
            }
            _ => self.seek(self.department_here(), Why::NotUnderstood, false),
        }
    }

    /// Voice without words.
    fn wordless(&mut self) {
        if self.kept.is_some() {
            return self.speak_kept();
        }
        if !self.is_free() {
            return;
        }
        self.note(Note::NotUnderstood);
        if self.was_shouted() {
            return;
        }
        self.misunderstood = self.misunderstood.saturating_add(1);
        match self.misunderstood {
            1 => self.say(vec![prompt(Fixed::NotHeard)]),
            2 => self.say(vec![prompt(Fixed::NotUnderstood1), prompt(Fixed::Keypad)]),
            _ => {
                self.misunderstood = 1;
                self.say(vec![prompt(Fixed::NotUnderstood2)]);
                self.main_menu_after();
            }
        }
    }

    /// Says the answer that came while the caller was speaking.
    fn speak_kept(&mut self) {
        if let Some(kept) = self.kept.take() {
            self.reply(kept);
        }
    }

    /// After all is said: is there anything else? Never twice in the same words.
    pub(super) fn anything_else(&mut self, mut clauses: Vec<Clause>) {
        clauses.push(self.closing());
        self.say(clauses);
    }

    /// "Anything else?" was asked: no is goodbye.
    fn answered_closing(&mut self, yes: bool) {
        self.closing_asked = false;
        if yes { self.say(vec![prompt(Fixed::AskAgain)]) } else { self.grant(Wish::Goodbye) }
    }

    pub(super) fn closing(&mut self) -> Clause {
        self.closing_asked = true;
        self.closings = self.closings % 3 + 1;
        prompt(match self.closings {
            1 => Fixed::AnythingElse1,
            2 => Fixed::AnythingElse2,
            _ => Fixed::AnythingElse3,
        })
    }

    /// How many items wait, as a question.
    pub(super) fn more_question(&self, items: usize) -> Clause {
        match items {
            0 => prompt(Fixed::GoOn),
            items => self.text(Filled::MoreItems, &[("count", &items.to_string())]),
        }
    }
}

fn slower(pace: Pace) -> Pace {
    if pace == Pace::Fast { Pace::Normal } else { Pace::Slow }
}

fn faster(pace: Pace) -> Pace {
    if pace == Pace::Slow { Pace::Normal } else { Pace::Fast }
}

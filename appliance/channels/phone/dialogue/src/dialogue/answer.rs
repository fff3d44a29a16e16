//! What the desk replies, and the wait for it.

use desk::outcome::Outcome;

use super::mouth::Draft;
use super::{Dialogue, Mode, Offered, Question, Rest, Thinking, prompt};
use crate::action::{Action, Clause, HeardOf, Why};
use crate::clauses::{choices, outcome};
use crate::event::Answered;
use crate::prompts::{Filled, Fixed};
use crate::settings::millis;

impl Dialogue {
    /// An answer that takes long is announced, and in the end given up.
    pub(super) fn think(&mut self) {
        let settings = &self.setup.settings.turns;
        let (moment, limit) = (millis(settings.moment_ms), millis(settings.answer_ms));
        let Some(thinking) = &mut self.thinking else { return };
        let (submission, waited) = (thinking.submission, self.now.saturating_sub(thinking.since));
        if waited >= limit {
            return self.reply_failed(submission);
        }
        let open = self.mouth.is_open_for(submission);
        if self.mouth.speaks() && !open || self.turns.caller_speaks() {
            return;
        }
        let told = match thinking.moments {
            0 if waited >= moment && submission % 2 == 1 => Fixed::Moment1,
            0 if waited >= moment => Fixed::Moment2,
            1 if waited >= super::LONG_MOMENT => Fixed::MomentLong,
            _ => return,
        };
        thinking.moments += 1;
        self.speak_answer(submission, vec![prompt(told)], false);
    }

    pub(super) fn reply_piece(&mut self, submission: u64, text: &str) {
        let language = self.language;
        let Some(thinking) = self.thinking.as_mut().filter(|thinking| thinking.submission == submission) else {
            return;
        };
        if self.turns.caller_speaks() {
            return;
        }
        let clauses = thinking.stream.push(text, language);
        if !clauses.is_empty() {
            thinking.moments = thinking.moments.max(2);
            self.speak_answer(submission, clauses.into_iter().map(Clause::Text).collect(), false);
        }
    }

    /// Begins to speak an answer, or goes on with it.
    fn speak_answer(&mut self, submission: u64, clauses: Vec<Clause>, last: bool) {
        let clauses = self.speakable(clauses);
        self.spoken_of = self.spoken_of.max(submission);
        if self.mouth.is_open_for(submission) {
            return self.mouth.append(clauses, last, &self.setup.prompts, &mut self.out);
        }
        let mut draft = Draft::new(clauses, self.language);
        (draft.complete, draft.answers) = (last, Some(submission));
        self.say_draft(draft);
    }

    pub(super) fn reply(&mut self, answered: Box<Answered>) {
        if self.turns.caller_speaks() && !self.mouth.speaks() {
            // Never over the caller: it is said once he has finished, unless he asks something else.
            self.kept = Some(answered);
            return;
        }
        let Some(thinking) = self.thinking.take_if(|thinking| thinking.submission == answered.submission) else {
            return;
        };
        if !self.abilities.speaks(self.language) {
            return self.unspeakable(&answered);
        }
        if let Some(case) = &answered.case {
            self.case = Some(case.reference);
        }
        let spoken = outcome(&answered.reply.outcome, &thinking.asked, self.language);
        let mut now = thinking.stream.missing(spoken.now.clone());
        let mut all = spoken.now;
        let list = answered.reply.outcome.choices().to_vec();
        self.offered = (!list.is_empty()).then_some(Offered { turn: answered.turn, choices: list, from: 0 });
        now.extend(spoken.closing.iter().cloned());
        all.extend(spoken.closing);
        self.said = all.into_iter().map(Clause::Text).collect();
        let mut clauses: Vec<Clause> = now.into_iter().map(Clause::Text).collect();
        if spoken.address && self.setup.settings.messages {
            clauses.push(prompt(Fixed::MessageOffer));
        }
        if let Outcome::HandOff(hand_off) = &answered.reply.outcome {
            clauses.extend(self.case_clauses(&answered));
            let department = Some(hand_off.department.clone());
            self.finish_answer(&thinking, clauses);
            return self.seek(department, Why::HandOff, true);
        }
        if !spoken.later.is_empty() {
            clauses.push(self.more_question(spoken.items_left));
            self.rest = Some(Rest { later: spoken.later, submission: answered.submission });
            self.question(Question::More);
        } else if self.offered.is_none() && matches!(answered.reply.outcome, Outcome::Answer(_)) {
            clauses.push(self.closing());
        }
        self.finish_answer(&thinking, clauses);
    }

    /// An answer that nobody waits for any more is not said, and the record knows it.
    pub(super) fn unheard(&mut self, answered: &Answered) {
        if answered.submission > self.spoken_of {
            self.spoken_of = answered.submission;
            let submission = answered.submission;
            self.out.push(Action::Heard(HeardOf { submission, text: String::new(), whole: false, more: false }));
        }
    }

    fn finish_answer(&mut self, thinking: &Thinking, clauses: Vec<Clause>) {
        self.speak_answer(thinking.submission, clauses, true);
    }

    /// An answer came, but no voice is there to speak it: the keys, or a person where that is the answer.
    fn unspeakable(&mut self, answered: &Answered) {
        if let Some(case) = &answered.case {
            self.case = Some(case.reference);
        }
        self.mouth.stop(&self.setup.prompts, &mut self.out);
        match &answered.reply.outcome {
            Outcome::HandOff(hand_off) => {
                let department = Some(hand_off.department.clone());
                let clauses = self.case_clauses(answered);
                self.say(clauses);
                self.seek(department, Why::HandOff, self.mouth.speaks());
            }
            _ => self.seek(None, Why::Failure, false),
        }
    }

    /// The case that was opened: its number, and by when the answer is owed.
    fn case_clauses(&mut self, answered: &Answered) -> Vec<Clause> {
        let Some(case) = &answered.case else { return Vec::new() };
        let mut clauses = vec![prompt(Fixed::YourReference)];
        let groups: Vec<String> = case.reference.to_string().split(' ').map(str::to_owned).collect();
        clauses.extend(self.number(&groups));
        clauses.push(prompt(Fixed::NoteIt));
        if let Some(due) = case.due {
            let date = format!("{:02}.{:02}.{}", due.day(), due.month(), due.year());
            clauses.push(self.text(Filled::Due, &[("date", &date)]));
        }
        clauses
    }

    /// What was left of a long answer.
    pub(super) fn more(&mut self) {
        let Some(rest) = self.rest.take() else { return self.anything_else(vec![prompt(Fixed::NothingMore)]) };
        self.mode = Mode::Open;
        let mut clauses: Vec<Clause> = rest.later.into_iter().map(Clause::Text).collect();
        self.said.clone_from(&clauses);
        if self.offered.is_none() {
            clauses.push(self.closing());
        }
        self.speak_answer(rest.submission, clauses, true);
    }

    /// The choices that were not read out yet.
    pub(super) fn more_choices(&mut self) {
        let Some(offered) = &mut self.offered else { return };
        offered.from += crate::clauses::CHOICES;
        let said = choices(&offered.choices, offered.from, self.language);
        self.say(said.into_iter().map(Clause::Text).collect());
    }

    pub(super) fn reply_failed(&mut self, submission: u64) {
        if self.thinking.take_if(|thinking| thinking.submission == submission).is_none() {
            return;
        }
        self.mouth.stop(&self.setup.prompts, &mut self.out);
        self.say(vec![prompt(Fixed::AnswerFailed), prompt(Fixed::Connecting)]);
        self.seek(None, Why::Failure, true);
    }
}

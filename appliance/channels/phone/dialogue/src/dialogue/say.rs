//! How things are said: at once, after what is being said, or last of all; and what no voice can say is left out.

use super::Dialogue;
use super::mouth::{Draft, Then};
use super::state::{Mode, Question};
use crate::action::{Clause, Ending};
use crate::prompts::{Filled, PromptId, dictated, filled};
use crate::turn_taking::Surroundings;

impl Dialogue {
    pub(super) fn say(&mut self, clauses: Vec<Clause>) {
        let draft = Draft::new(self.speakable(clauses), self.language);
        self.say_draft(draft);
    }

    pub(super) fn say_after(&mut self, clauses: Vec<Clause>) {
        let draft = Draft::new(self.speakable(clauses), self.language);
        self.mouth.say_after(self.now, draft, &self.setup.prompts, &mut self.out);
    }

    /// Says `clauses` and then ends the call.
    pub(super) fn say_last(&mut self, clauses: Vec<Clause>, ending: Ending) {
        let mut draft = Draft::new(self.speakable(clauses), self.language);
        (draft.interruptible, draft.then) = (false, Then::HangUp(ending));
        self.thinking = None;
        self.say_draft(draft);
        if !self.mouth.speaks() {
            self.hang_up(ending);
        }
    }

    pub(super) fn say_draft(&mut self, draft: Draft) {
        self.mouth.say(self.now, draft, &self.setup.prompts, &mut self.out);
    }

    /// Leaves out what no voice can say now: prompts were rendered ahead.
    pub(super) fn speakable(&self, clauses: Vec<Clause>) -> Vec<Clause> {
        let voice = self.abilities.speaks(self.language);
        clauses.into_iter().filter(|clause| voice || matches!(clause, Clause::Prompt(_))).collect()
    }

    pub(super) fn text(&self, text: Filled, values: &[(&str, &str)]) -> Clause {
        Clause::Text(filled(text, self.language, values))
    }

    /// A number digit by digit, in groups.
    pub(super) fn number(&mut self, groups: &[String]) -> Vec<Clause> {
        self.number = Some(groups.join(" "));
        if self.abilities.speaks(self.language) {
            let said: Vec<String> = groups.iter().map(|group| dictated(group, self.language)).collect();
            return vec![Clause::Text(format!("{}.", said.join(", ")))];
        }
        let digits = groups.iter().flat_map(|group| group.chars()).filter_map(|digit| digit.to_digit(10));
        digits.filter_map(|digit| Some(Clause::Prompt(PromptId::Digit(u8::try_from(digit).ok()?)))).collect()
    }

    pub(super) fn question(&mut self, what: Question) {
        self.mode = Mode::Question { what, again: false };
    }

    pub(super) fn today(&self) -> jiff::civil::Date {
        desk::calendar::day_of(self.wall_clock())
    }

    /// Whether the line is clear enough for a remark of ours.
    pub(super) fn is_free(&self) -> bool {
        let busy =
            matches!(self.mode, Mode::Waiting(_) | Mode::Transferring { .. } | Mode::WithPerson | Mode::Machine { .. });
        !busy && !self.mouth.speaks() && self.thinking.is_none() && self.turns.surroundings() != Surroundings::Machine
    }
}

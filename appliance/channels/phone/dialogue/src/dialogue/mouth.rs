//! What we say: one utterance at a time, the next ones waiting, and what the caller really heard of each.

use std::collections::VecDeque;
use std::time::Duration;

use desk::language::Language;

use crate::action::{Action, Clause, Ending, HeardOf, Pace, Utterance, UtteranceId};
use crate::event::{Progress, Spoke};
use crate::prompts::{Fixed, PromptId, Prompts};

/// Utterances that wait behind the one being said.
const MOST_WAITING: usize = 6;
/// The most clauses of one utterance.
const MOST_CLAUSES: usize = 200;
/// Speech is never slower than this, in characters a second.
const SLOWEST: u64 = 7;
/// Time that beginning to speak may take besides.
const BEGINNING: Duration = Duration::from_secs(12);

/// What happens once an utterance was said.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Then {
    /// It is the caller's turn.
    #[default]
    Listen,
    /// The call ends.
    HangUp(Ending),
}

/// Something to say.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Draft {
    pub(super) clauses: Vec<Clause>,
    pub(super) language: Language,
    pub(super) interruptible: bool,
    pub(super) complete: bool,
    pub(super) answers: Option<u64>,
    pub(super) then: Then,
    /// The clause after which the caller knows that the call is recorded.
    pub(super) notice: Option<usize>,
}

impl Draft {
    pub(super) fn new(clauses: Vec<Clause>, language: Language) -> Self {
        let then = Then::Listen;
        Self { clauses, language, interruptible: true, complete: true, answers: None, then, notice: None }
    }
}

/// An utterance on its way.
#[derive(Debug, Clone)]
struct Current {
    id: UtteranceId,
    draft: Draft,
    until: Duration,
    paused: bool,
    clauses: usize,
    partly: f32,
}

/// What is said, and what waits to be said.
#[derive(Debug, Default)]
pub(super) struct Mouth {
    last_id: u64,
    current: Option<Current>,
    /// Stopped on our word; its last report is still to come.
    stopped: Option<Current>,
    waiting: VecDeque<Draft>,
    pub(super) pace: Pace,
    pub(super) gain_db: i8,
}

/// What a report about an utterance means.
#[derive(Debug, PartialEq)]
pub(super) enum Report {
    /// Nothing new.
    None,
    /// The caller has heard the notice of recording.
    Noticed,
    /// It is over by itself; whether an answer was lost on the way.
    Over { then: Then, lost: bool },
}

impl Mouth {
    /// Whether we are speaking, or about to.
    pub(super) fn speaks(&self) -> bool {
        self.current.is_some()
    }

    /// Whether the present utterance may be interrupted.
    pub(super) fn interruptible(&self) -> bool {
        self.current.as_ref().is_none_or(|current| current.draft.interruptible)
    }

    /// Whether the present utterance waits for more of the answer to `submission`.
    pub(super) fn is_open_for(&self, submission: u64) -> bool {
        let open = |current: &Current| !current.draft.complete && current.draft.answers == Some(submission);
        self.current.as_ref().is_some_and(open)
    }

    /// Whether something is said to the end of the call.
    pub(super) fn is_last(&self) -> bool {
        let last = |draft: &Draft| matches!(draft.then, Then::HangUp(_));
        self.current.as_ref().is_some_and(|current| last(&current.draft)) || self.waiting.iter().any(last)
    }

    /// When the present utterance is given up, if nothing is reported of it.
    pub(super) fn due(&self) -> Option<Duration> {
        self.current.as_ref().map(|current| current.until)
    }

    /// Says `draft` at once, in place of what was being said or waited.
    pub(super) fn say(&mut self, at: Duration, draft: Draft, prompts: &Prompts, out: &mut Vec<Action>) {
        self.stop(prompts, out);
        self.begin(at, draft, prompts, out);
    }

    /// Says `draft` after what is being said.
    pub(super) fn say_after(&mut self, at: Duration, draft: Draft, prompts: &Prompts, out: &mut Vec<Action>) {
        match self.current {
            Some(_) if self.waiting.len() < MOST_WAITING && !self.is_last() && !draft.clauses.is_empty() => {
                self.waiting.push_back(draft);
            }
            Some(_) => {}
            None => self.begin(at, draft, prompts, out),
        }
    }

    fn begin(&mut self, at: Duration, mut draft: Draft, prompts: &Prompts, out: &mut Vec<Action>) {
        draft.clauses.truncate(MOST_CLAUSES);
        if draft.clauses.is_empty() {
            return;
        }
        self.last_id += 1;
        let id = UtteranceId(self.last_id);
        out.push(Action::Say(Utterance {
            id,
            language: draft.language,
            clauses: draft.clauses.clone(),
            complete: draft.complete,
            interruptible: draft.interruptible,
            pace: self.pace,
            gain_db: self.gain_db,
            answers: draft.answers,
        }));
        let until = at + longest(&draft.clauses, draft.language, prompts);
        self.current = Some(Current { id, draft, until, paused: false, clauses: 0, partly: 0.0 });
    }

    /// Appends to the present utterance, which is open.
    pub(super) fn append(&mut self, clauses: Vec<Clause>, last: bool, prompts: &Prompts, out: &mut Vec<Action>) {
        let Some(current) = &mut self.current else { return };
        current.until += longest(&clauses, current.draft.language, prompts);
        let room = MOST_CLAUSES.saturating_sub(current.draft.clauses.len());
        let clauses: Vec<Clause> = clauses.into_iter().take(room).collect();
        current.draft.clauses.extend(clauses.iter().cloned());
        current.draft.complete = last;
        out.push(Action::Append { utterance: current.id, clauses, last });
    }

    /// Is silent at once and forgets what waited.
    pub(super) fn stop(&mut self, prompts: &Prompts, out: &mut Vec<Action>) {
        self.waiting.clear();
        if let Some(current) = self.current.take() {
            out.push(Action::Stop { utterance: current.id });
            if let Some(before) = self.stopped.replace(current) {
                out.extend(before.heard(prompts, false));
            }
        }
    }

    /// Is silent, perhaps only for a moment.
    pub(super) fn pause(&mut self, out: &mut Vec<Action>) {
        if let Some(current) = self.current.as_mut().filter(|current| !current.paused) {
            current.paused = true;
            out.push(Action::Pause { utterance: current.id });
        }
    }

    /// Goes on from the beginning of the clause that was cut.
    pub(super) fn resume(&mut self, at: Duration, prompts: &Prompts, out: &mut Vec<Action>) {
        if let Some(current) = self.current.as_mut().filter(|current| current.paused) {
            current.paused = false;
            let left: Vec<Clause> = current.draft.clauses.iter().skip(current.clauses).cloned().collect();
            current.until = current.until.max(at + longest(&left, current.draft.language, prompts));
            out.push(Action::Resume { utterance: current.id, clause: current.clauses });
        }
    }

    /// Takes in how far an utterance has come; the next one that waits begins by itself.
    pub(super) fn spoke(&mut self, at: Duration, spoke: &Spoke, prompts: &Prompts, out: &mut Vec<Action>) -> Report {
        if let Some(stopped) = self.stopped.as_mut().filter(|stopped| stopped.id == spoke.utterance) {
            stopped.progress(spoke);
            if spoke.progress != Progress::Playing
                && let Some(stopped) = self.stopped.take()
            {
                out.extend(stopped.heard(prompts, spoke.progress == Progress::Ended));
            }
            return Report::None;
        }
        let Some(current) = self.current.as_mut().filter(|current| current.id == spoke.utterance) else {
            return Report::None;
        };
        let before = current.clauses;
        current.progress(spoke);
        let noticed = current.draft.notice.is_some_and(|at| before <= at && current.clauses > at);
        match spoke.progress {
            Progress::Playing if noticed => Report::Noticed,
            Progress::Playing => Report::None,
            progress => self.over(at, progress == Progress::Failed, prompts, out),
        }
    }

    /// Gives up an utterance of which nothing is reported.
    pub(super) fn tick(&mut self, at: Duration, prompts: &Prompts, out: &mut Vec<Action>) -> Report {
        if self.due().is_none_or(|due| at < due) {
            return Report::None;
        }
        if let Some(current) = &self.current {
            out.push(Action::Stop { utterance: current.id });
        }
        self.over(at, true, prompts, out)
    }

    fn over(&mut self, at: Duration, failed: bool, prompts: &Prompts, out: &mut Vec<Action>) -> Report {
        let Some(current) = self.current.take() else { return Report::None };
        out.extend(current.heard(prompts, !failed));
        let then = current.draft.then;
        if let Some(next) = self.waiting.pop_front() {
            self.begin(at, next, prompts, out);
        }
        Report::Over { then, lost: failed && current.draft.answers.is_some() && !self.speaks() }
    }
}

impl Mouth {
    /// What the caller heard of the answer that is being said, as the line breaks.
    pub(super) fn broken_off(&mut self, prompts: &Prompts) -> Option<Action> {
        self.current.take().or_else(|| self.stopped.take())?.heard(prompts, false)
    }
}

impl Current {
    fn progress(&mut self, spoke: &Spoke) {
        // A clause that is said again after a pause does not take back what was heard.
        let clauses = spoke.clauses.min(self.draft.clauses.len());
        let partly = if spoke.partly.is_finite() { spoke.partly.clamp(0.0, 1.0) } else { 0.0 };
        if clauses > self.clauses {
            (self.clauses, self.partly) = (clauses, partly);
        } else if clauses == self.clauses {
            self.partly = self.partly.max(partly);
        }
    }

    /// What the caller heard, where it was an answer.
    fn heard(&self, prompts: &Prompts, whole: bool) -> Option<Action> {
        let submission = self.draft.answers?;
        // "Un moment" bridges the wait for the answer and is no part of it.
        let text = |clause: &Clause| match is_bridge(clause) {
            true => String::new(),
            false => words(clause, self.draft.language, prompts),
        };
        let mut said: Vec<String> = match whole {
            true => self.draft.clauses.iter().map(text).collect(),
            false => self.draft.clauses.iter().take(self.clauses).map(text).collect(),
        };
        if !whole && let Some(clause) = self.draft.clauses.get(self.clauses) {
            let clause = text(clause);
            let all: Vec<&str> = clause.split(' ').collect();
            #[expect(
                clippy::cast_precision_loss,
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "a few words"
            )]
            let count = (all.len() as f32 * self.partly) as usize;
            said.extend((count > 0).then(|| all[..count.min(all.len())].join(" ")));
        }
        said.retain(|clause| !clause.is_empty());
        Some(Action::Heard(HeardOf { submission, text: said.join(" "), whole, more: false }))
    }
}

fn is_bridge(clause: &Clause) -> bool {
    matches!(clause, Clause::Prompt(PromptId::Fixed(Fixed::Moment1 | Fixed::Moment2 | Fixed::MomentLong)))
}

/// The words of a clause.
pub(super) fn words(clause: &Clause, language: Language, prompts: &Prompts) -> String {
    match clause {
        Clause::Prompt(id) => prompts.text(id, language),
        Clause::Text(text) => text.clone(),
    }
}

fn longest(clauses: &[Clause], language: Language, prompts: &Prompts) -> Duration {
    let chars: usize = clauses.iter().map(|clause| words(clause, language, prompts).chars().count()).sum();
    BEGINNING + Duration::from_secs(u64::try_from(chars).unwrap_or(u64::MAX / SLOWEST) / SLOWEST)
}

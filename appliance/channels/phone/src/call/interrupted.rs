//! How much of an answer was heard where it was not all, on its way into the conversation.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

use desk::ids::TurnId;
use desk::ports::conversations::Conversations;
use dialogue::HeardOf;

/// How many answers are remembered: an interruption is about the last of them.
const REMEMBERED: usize = 8;

/// Answers of a call, and what of them is still to be written.
#[derive(Default)]
pub(super) struct Interrupted {
    answers: Mutex<VecDeque<Answer>>,
    /// Held while something is written, so that whoever settles after it finds it written.
    writing: tokio::sync::Mutex<()>,
}

struct Answer {
    submission: u64,
    /// Its turn, once it is durable.
    turn: Option<TurnId>,
    /// The part of it that was heard to its end, while there is more.
    part: String,
    /// What was heard of it, until that is written; the inner is `None` for all of it.
    heard: Option<Option<String>>,
    /// The record says that not all of it was heard.
    noted: bool,
}

impl Interrupted {
    /// An answer has become a turn.
    pub(super) fn replied(&self, submission: u64, turn: TurnId) {
        self.with(submission, |answer| answer.turn = Some(turn));
    }

    /// So much of an answer was heard. It may not be a turn yet: its first sentences are said before.
    pub(super) fn heard(&self, heard: HeardOf) {
        self.with(heard.submission, |answer| {
            let words = match answer.part == heard.text {
                true => heard.text,
                false => format!("{} {}", answer.part, heard.text).trim().to_owned(),
            };
            let all = heard.whole && !heard.more;
            if heard.whole && heard.more {
                answer.part.clone_from(&words);
            }
            if !all || answer.noted {
                answer.noted = !all;
                answer.heard = Some((!all).then_some(words));
            }
        });
    }

    fn with(&self, submission: u64, change: impl FnOnce(&mut Answer)) {
        let mut answers = self.answers.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = answers.iter_mut().find(|answer| answer.submission == submission) {
            return change(known);
        }
        if answers.len() >= REMEMBERED {
            answers.pop_front();
        }
        let mut answer = Answer { submission, turn: None, part: String::new(), heard: None, noted: false };
        change(&mut answer);
        answers.push_back(answer);
    }

    /// Writes what can be written.
    pub(super) async fn settle(&self, conversations: &dyn Conversations) {
        let _writing = self.writing.lock().await;
        let ready: Vec<(TurnId, Option<String>)> = {
            let mut answers = self.answers.lock().unwrap_or_else(PoisonError::into_inner);
            let interrupted = answers.iter_mut().filter_map(|answer| Some((answer.turn?, answer.heard.take()?)));
            interrupted.collect()
        };
        for (turn, words) in ready {
            if let Err(error) = conversations.heard(turn, words).await {
                tracing::warn!(%error, "how much of an answer was heard could not be kept");
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_of_an_answer_add_up_and_the_last_of_them_takes_the_mark_away() {
        let interrupted = Interrupted::default();
        let heard = |text: &str, whole, more| {
            interrupted.heard(HeardOf { submission: 1, text: text.to_owned(), whole, more });
            interrupted.answers.lock().unwrap()[0].heard.clone()
        };
        assert_eq!(heard("Mergeți la ghișeu.", true, true), Some(Some("Mergeți la ghișeu.".to_owned())));
        assert_eq!(heard("Mergeți la ghișeu.", true, true), Some(Some("Mergeți la ghișeu.".to_owned())), "repeated");
        assert_eq!(heard("Costă", false, false), Some(Some("Mergeți la ghișeu. Costă".to_owned())));
        assert_eq!(heard("Costă 40 de lei.", true, false), Some(None));
    }

    #[test]
    fn an_answer_that_was_heard_whole_needs_no_word() {
        let interrupted = Interrupted::default();
        interrupted.heard(HeardOf { submission: 1, text: "Da.".to_owned(), whole: true, more: false });
        assert_eq!(interrupted.answers.lock().unwrap()[0].heard, None);
    }
}

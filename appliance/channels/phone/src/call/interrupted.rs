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

//! What was said before, as far as it bears on the turn at hand.

use desk::article::ArticleId;
use desk::language::Language;
use desk::outcome::{Answer, Choice, Outcome};
use desk::turn::{Author, Turn};

/// What an earlier answer was about.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Subject<'a> {
    pub(crate) article: &'a ArticleId,
    pub(crate) language: Language,
    pub(crate) confidence: f32,
}

/// The turns before, oldest first.
#[derive(Debug, Clone, Copy)]
pub(crate) struct History<'a> {
    earlier: &'a [Turn],
    /// Whether turns before these exist that were not handed over.
    truncated: bool,
}

impl<'a> History<'a> {
    /// The turns before `turn` among `earlier`.
    pub(crate) fn new(earlier: &'a [Turn], turn: &Turn) -> Self {
        let before = earlier.iter().position(|other| other.number >= turn.number).unwrap_or(earlier.len());
        let earlier = &earlier[..before];
        Self { earlier, truncated: earlier.first().is_some_and(|first| first.number > 1) }
    }

    fn assistant(self) -> impl Iterator<Item = (&'a Turn, &'a Outcome)> {
        self.earlier
            .iter()
            .rev()
            .filter(|turn| turn.author == Author::Assistant && turn.reached_citizen())
            .filter_map(|turn| turn.content.outcome.as_ref().map(|outcome| (turn, outcome)))
    }

    /// What the assistant did last that was no mere remark.
    pub(crate) fn last_substantial(self) -> Option<&'a Outcome> {
        self.assistant().map(|(_, outcome)| outcome).find(|outcome| !matches!(outcome, Outcome::Remark { .. }))
    }

    /// The last answer.
    pub(crate) fn last_answer(self) -> Option<&'a Answer> {
        self.assistant().find_map(|(_, outcome)| match outcome {
            Outcome::Answer(answer) => Some(answer),
            _ => None,
        })
    }

    /// What was last answered, if nothing else was begun since.
    pub(crate) fn subject(self) -> Option<Subject<'a>> {
        let answer = self.last_answer()?;
        let quote = answer.quotes.first()?;
        Some(Subject { article: &quote.article, language: quote.language, confidence: answer.confidence })
    }

    /// Whether the last thing that was tried was to ask back.
    pub(crate) fn asked_back(self) -> bool {
        matches!(self.last_substantial(), Some(Outcome::Clarify { .. }))
    }

    /// The choices still on the table: those of the assistant's last turn that offered any.
    pub(crate) fn open_choices(self) -> &'a [Choice] {
        self.assistant().map(|(_, outcome)| outcome.choices()).next().unwrap_or_default()
    }

    /// Whether the assistant's last turn waits for one of its choices.
    pub(crate) fn expects_choice(self) -> bool {
        match self.assistant().next() {
            Some((_, Outcome::Answer(answer))) => answer.guide.is_some(),
            Some((_, outcome)) => !outcome.choices().is_empty(),
            None => false,
        }
    }

    /// The choice `number` (from 1) of the turn `turn`.
    pub(crate) fn choice(self, turn: u64, number: u8) -> Option<&'a Choice> {
        let offered = self.assistant().find(|(offering, _)| offering.number == turn)?.1;
        offered.choices().get(usize::from(number).checked_sub(1)?)
    }

    /// The citizen's last words that were no choice.
    pub(crate) fn last_words(self) -> Option<&'a str> {
        self.earlier
            .iter()
            .rev()
            .find(|turn| turn.author == Author::Citizen && turn.content.pick.is_none())
            .map(|turn| turn.content.text.as_str())
    }

    /// Whether the assistant has not spoken yet, as far as we can see.
    pub(crate) fn is_first_reply(self) -> bool {
        !self.truncated && self.assistant().next().is_none()
    }

    /// Whether turns before those at hand exist.
    pub(crate) fn is_truncated(self) -> bool {
        self.truncated
    }

    /// Whether the assistant has said `text`, alone or within more, and was heard to its end.
    pub(crate) fn has_said(self, text: &str) -> bool {
        self.assistant().any(|(turn, outcome)| turn.heard.as_deref().unwrap_or(outcome.text()).contains(text))
    }

    /// The one of `variants` that was not said yet; when all were, the one said longest ago.
    pub(crate) fn fresh(self, variants: &'static [&'static str]) -> &'static str {
        let last_said = |variant: &str| {
            self.assistant().find(|(_, outcome)| outcome.text().contains(variant)).map_or(0, |(turn, _)| turn.number)
        };
        variants.iter().copied().min_by_key(|variant| last_said(variant)).unwrap_or_default()
    }
}

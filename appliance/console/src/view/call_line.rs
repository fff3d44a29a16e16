//! What was said in a call, line by line: of a live one as its server tells it, of an ended one from the conversation.

use std::collections::HashMap;

use desk::call::{Call, Recording, TurnTiming};
use desk::ids::OperatorId;
use desk::outcome::{Outcome, Quote};
use desk::ports::live_calls::Line;
use desk::turn::{Author, Turn};
use ui::{Html, fill};

use crate::texts::Texts;
use crate::view::call::{clock, milliseconds};

/// A line of the transcript.
pub(crate) struct LineView {
    pub(crate) number: u64,
    pub(crate) class: &'static str,
    pub(crate) name: String,
    /// Since the start of the call: `1:07`.
    pub(crate) at: String,
    /// Where in the recording, in seconds with one digit.
    pub(crate) seek: Option<String>,
    pub(crate) seek_title: String,
    pub(crate) language: &'static str,
    pub(crate) text: Option<String>,
    pub(crate) html: Option<Html>,
    pub(crate) interrupted: bool,
    pub(crate) confidence: Option<String>,
    pub(crate) sources: Vec<SourceView>,
    pub(crate) timing: Option<String>,
}

/// A source of an answer, on one line.
pub(crate) struct SourceView {
    pub(crate) title: String,
    pub(crate) institution: String,
    pub(crate) url: Option<String>,
}

/// What lines are made with.
pub(crate) struct Lines<'a> {
    pub(crate) t: &'static Texts,
    pub(crate) names: &'a HashMap<OperatorId, String>,
    pub(crate) language: &'static str,
}

impl Lines<'_> {
    fn author(&self, author: Author) -> (&'static str, String) {
        let t = self.t;
        match author {
            Author::Citizen => ("citizen", t.conversation.citizen.clone()),
            Author::Assistant => ("assistant", t.conversation.assistant.clone()),
            Author::Operator(id) => {
                ("operator", self.names.get(&id).cloned().unwrap_or_else(|| t.role.operator.clone()))
            }
        }
    }

    /// A line of a live call.
    pub(crate) fn live(&self, line: &Line) -> LineView {
        let (class, name) = self.author(line.author);
        LineView {
            number: u64::from(line.number),
            class,
            name,
            at: clock(line.began_ms / 1_000),
            seek: None,
            seek_title: String::new(),
            language: self.language,
            text: Some(line.text.clone()),
            html: None,
            interrupted: line.interrupted,
            confidence: line.confidence.map(|confidence| self.confidence(confidence)),
            sources: sources(&line.sources),
            timing: line.timing.as_ref().and_then(|timing| self.timing(timing)),
        }
    }

    /// The lines of a call that is told by its conversation: turns with their places in the recording.
    pub(crate) fn kept(&self, call: &Call, turns: &[Turn], seekable: bool) -> Vec<LineView> {
        turns.iter().map(|turn| self.kept_line(call, turn, seekable)).collect()
    }

    fn kept_line(&self, call: &Call, turn: &Turn, seekable: bool) -> LineView {
        let (class, name) = self.author(turn.author);
        let of_turn = |number| call.timings.iter().find(|timing| timing.turn == Some(number));
        let timing = of_turn(turn.number);
        // A turn is durable once it is over, or made ready: where it began stands with the timing of the citizen's.
        let answered = || {
            let asked = of_turn(turn.number.checked_sub(1)?)?;
            Some(asked.stopped_ms + u64::from(asked.sound_ms?))
        };
        let since_start = turn.at.duration_since(call.started_at).as_millis();
        let began_ms = timing
            .map(|timing| timing.began_ms)
            .or_else(answered)
            .unwrap_or_else(|| u64::try_from(since_start).unwrap_or(0));
        let seek = match &call.recording {
            Recording::Kept { offset_ms, .. } if seekable => {
                let millis = began_ms.saturating_sub(*offset_ms);
                Some(format!("{}.{}", millis / 1_000, millis % 1_000 / 100))
            }
            _ => None,
        };
        let spoken = turn.author == Author::Assistant;
        let answer = match &turn.content.outcome {
            Some(Outcome::Answer(answer)) => Some(answer),
            _ => None,
        };
        LineView {
            number: turn.number,
            class,
            name,
            at: clock(began_ms / 1_000),
            seek,
            seek_title: fill(&self.t.call.seek, &[("at", &clock(began_ms / 1_000))]),
            language: turn.language.code(),
            text: turn.heard.clone().or_else(|| (!spoken).then(|| turn.content.text.clone())),
            html: (spoken && turn.heard.is_none()).then(|| Html::markdown(&turn.content.text)),
            interrupted: turn.heard.is_some(),
            confidence: answer.map(|answer| self.confidence(answer.confidence)),
            sources: answer.map(|answer| sources(&answer.quotes)).unwrap_or_default(),
            timing: timing.and_then(|timing| self.timing(timing)),
        }
    }

    fn confidence(&self, confidence: f32) -> String {
        fill(&self.t.conversation.confidence, &[("percent", &crate::view::turn::percent(confidence))])
    }

    /// `cuvinte 180 ms · răspuns 420 ms · primul sunet 610 ms`.
    fn timing(&self, timing: &TurnTiming) -> Option<String> {
        let t = &self.t.timing;
        let stages = [
            (&t.decided, timing.decided_ms),
            (&t.words, timing.words_ms),
            (&t.answer, timing.answer_ms),
            (&t.sound, timing.sound_ms),
            (&t.silenced, timing.silenced_ms),
        ];
        let told: Vec<String> = stages
            .into_iter()
            .filter_map(|(name, millis)| Some(format!("{name} {}", milliseconds(millis?, self.t))))
            .collect();
        (!told.is_empty()).then(|| told.join(" · "))
    }
}

fn sources(quotes: &[Quote]) -> Vec<SourceView> {
    let mut seen = Vec::new();
    let mut views = Vec::new();
    for quote in quotes {
        if seen.contains(&&quote.article) {
            continue;
        }
        seen.push(&quote.article);
        views.push(SourceView {
            title: quote.title.clone(),
            institution: quote.institution.clone(),
            // Only web addresses become links, whatever an article says.
            url: quote.url.clone().filter(|url| url.starts_with("https://") || url.starts_with("http://")),
        });
    }
    views
}

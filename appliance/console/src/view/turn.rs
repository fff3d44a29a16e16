//! A turn as operators see it: what was said, what it rests on and how sure it was.

use std::collections::HashMap;

use desk::article::Facts;
use desk::ids::OperatorId;
use desk::language::Language;
use desk::outcome::{Answer, Outcome, Quote};
use desk::turn::{Attachment, Author, Feedback, Turn};
use jiff::Timestamp;
use ui::{Html, dates, fill};

use crate::texts::Texts;
use crate::view::trace::TraceView;

/// A turn in the transcript.
pub(crate) struct TurnView {
    pub(crate) number: u64,
    pub(crate) class: &'static str,
    pub(crate) name: String,
    pub(crate) mark: Option<String>,
    pub(crate) at: String,
    pub(crate) at_full: String,
    pub(crate) at_iso: String,
    pub(crate) language: &'static str,
    pub(crate) foreign: Option<&'static str>,
    pub(crate) text: Option<String>,
    pub(crate) html: Option<Html>,
    pub(crate) picked: Option<String>,
    pub(crate) choices: Vec<String>,
    pub(crate) facts: Vec<(String, String)>,
    pub(crate) quotes: Vec<QuoteView>,
    pub(crate) confidence: Option<String>,
    pub(crate) generated: bool,
    pub(crate) reason: Option<String>,
    /// How much of a spoken answer the citizen heard, where it was not all.
    pub(crate) heard: Option<String>,
    pub(crate) feedback: Option<FeedbackView>,
    pub(crate) attachments: Vec<AttachmentView>,
    pub(crate) trace: Option<TraceView>,
}

/// A source of an answer.
pub(crate) struct QuoteView {
    pub(crate) title: String,
    pub(crate) institution: String,
    pub(crate) url: Option<String>,
    pub(crate) particulars: String,
    pub(crate) excerpt: String,
}

/// What the citizen said of an answer.
pub(crate) struct FeedbackView {
    pub(crate) useful: bool,
    pub(crate) words: String,
    pub(crate) why: Option<String>,
}

/// A file that came with a turn.
pub(crate) struct AttachmentView {
    pub(crate) address: String,
    pub(crate) name: String,
    pub(crate) size: String,
}

/// What a turn is seen with.
pub(crate) struct Sight<'a> {
    pub(crate) t: &'static Texts,
    pub(crate) language: Language,
    pub(crate) answered_in: Language,
    pub(crate) now: Timestamp,
    pub(crate) names: &'a HashMap<OperatorId, String>,
    pub(crate) citizen: &'a str,
}

impl TurnView {
    pub(crate) fn new(turn: &Turn, feedback: Option<&Feedback>, sight: &Sight<'_>) -> Self {
        let t = sight.t;
        let (class, name) = match turn.author {
            Author::Citizen => ("citizen", sight.citizen.to_owned()),
            Author::Assistant => ("assistant", t.conversation.assistant.clone()),
            Author::Operator(id) => {
                ("operator", sight.names.get(&id).cloned().unwrap_or_else(|| t.role.operator.clone()))
            }
        };
        let content = &turn.content;
        let outcome = content.outcome.as_ref();
        let answer = match outcome {
            Some(Outcome::Answer(answer)) => Some(answer),
            _ => None,
        };
        let markdown = turn.author == Author::Assistant;
        Self {
            number: turn.number,
            class,
            name,
            mark: outcome.map(|outcome| mark(outcome, t).to_owned()),
            at: dates::moment(turn.at, sight.now, sight.language),
            at_full: dates::full(turn.at, sight.language),
            at_iso: turn.at.to_string(),
            language: turn.language.code(),
            foreign: (turn.language != sight.answered_in).then(|| turn.language.endonym()),
            text: (!markdown && !content.text.is_empty()).then(|| content.text.clone()),
            html: markdown.then(|| Html::markdown(&content.text)),
            picked: content.pick.map(|pick| fill(&t.conversation.picked, &[("number", &pick.number.to_string())])),
            choices: outcome
                .map(|outcome| outcome.choices().iter().map(|c| c.label.clone()).collect())
                .unwrap_or_default(),
            facts: answer.map(|answer| facts(&answer.facts, t)).unwrap_or_default(),
            quotes: answer.map(|answer| quotes(answer, sight)).unwrap_or_default(),
            confidence: answer
                .map(|answer| fill(&t.conversation.confidence, &[("percent", &percent(answer.confidence))])),
            generated: answer.is_some_and(|answer| answer.generated),
            reason: match outcome {
                Some(Outcome::HandOff(hand_off)) => Some(t.reason(hand_off.reason).to_owned()),
                _ => None,
            },
            heard: turn.heard.as_deref().map(|words| match words {
                "" => t.conversation.heard_nothing.clone(),
                words => fill(&t.conversation.heard, &[("words", words)]),
            }),
            feedback: feedback.map(|feedback| FeedbackView {
                useful: feedback.useful,
                words: if feedback.useful { t.conversation.useful.clone() } else { t.conversation.not_useful.clone() },
                why: feedback.why.clone(),
            }),
            attachments: content
                .attachments
                .iter()
                .enumerate()
                .map(|(index, attachment)| attachment_view(turn, index, attachment))
                .collect(),
            trace: (!content.trace.is_empty()).then(|| TraceView::new(&content.trace, t)),
        }
    }
}

fn mark<'a>(outcome: &Outcome, t: &'a Texts) -> &'a str {
    match outcome {
        Outcome::Answer(_) => &t.conversation.answer,
        Outcome::Clarify { .. } => &t.conversation.clarify,
        Outcome::HandOff(_) => &t.conversation.hand_off,
        Outcome::Remark { .. } => &t.conversation.remark,
    }
}

pub(crate) fn percent(share: f32) -> String {
    format!("{:.0}", (share * 100.0).clamp(0.0, 100.0))
}

fn facts(facts: &Facts, t: &Texts) -> Vec<(String, String)> {
    let c = &t.conversation;
    let bring = (!facts.bring.is_empty()).then(|| facts.bring.join("; "));
    [(&c.bring, bring), (&c.cost, facts.cost.clone()), (&c.time, facts.time.clone()), (&c.place, facts.r#where.clone())]
        .into_iter()
        .filter_map(|(term, value)| value.map(|value| (term.clone(), value)))
        .collect()
}

fn quotes(answer: &Answer, sight: &Sight<'_>) -> Vec<QuoteView> {
    let mut quotes: Vec<QuoteView> = answer.quotes.iter().map(|quote| quote_view(quote, sight)).collect();
    // Several sources of one article stand behind the same words, which are shown once, below the last of them.
    for at in 1..quotes.len() {
        if quotes[at - 1].excerpt == quotes[at].excerpt {
            quotes[at - 1].excerpt.clear();
        }
    }
    quotes
}

fn quote_view(quote: &Quote, sight: &Sight<'_>) -> QuoteView {
    let c = &sight.t.conversation;
    let date = |day| dates::date(day, sight.language);
    let particulars = [
        quote.valid_from.map(|day| fill(&c.valid_from, &[("date", &date(day))])),
        quote.checked_on.map(|day| fill(&c.checked_on, &[("date", &date(day))])),
        Some(fill(&c.version, &[("version", &quote.version.to_string())])),
    ];
    QuoteView {
        title: quote.title.clone(),
        institution: quote.institution.clone(),
        // Only web addresses become links, whatever an article says.
        url: quote.url.clone().filter(|url| url.starts_with("https://") || url.starts_with("http://")),
        particulars: particulars.into_iter().flatten().collect::<Vec<_>>().join(" · "),
        excerpt: quote.excerpt.clone(),
    }
}

fn attachment_view(turn: &Turn, index: usize, attachment: &Attachment) -> AttachmentView {
    AttachmentView {
        address: format!("/console/conversations/{}/attachments/{}/{index}", turn.conversation, turn.number),
        name: attachment.name.clone(),
        size: size(attachment.bytes),
    }
}

/// `312 B`, `48 kB`, `3.1 MB`.
fn size(bytes: u64) -> String {
    match bytes {
        0..1_000 => format!("{bytes} B"),
        1_000..1_000_000 => format!("{} kB", bytes / 1_000),
        _ => format!("{}.{} MB", bytes / 1_000_000, bytes / 100_000 % 10),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_said_in_the_nearest_unit() {
        assert_eq!(size(312), "312 B");
        assert_eq!(size(48_900), "48 kB");
        assert_eq!(size(3_180_000), "3.1 MB");
    }
}

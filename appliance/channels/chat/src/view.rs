//! What citizens' pages and other clients see of a conversation: the API's words, without anything meant for operators only.

use std::sync::Arc;

use desk::article::Facts;
use desk::case::{Case, CaseState};
use desk::clock::{Clock, DayUnit};
use desk::conversation::{Conversation, ConversationState, Owner};
use desk::language::Language;
use desk::outcome::{Outcome, Quote};
use desk::ports::PortResult;
use desk::turn::{Author, Feedback, Turn};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::app::App;
use crate::texts::{Texts, texts};

/// A conversation as its citizen sees it.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct ConversationView {
    /// Its id.
    pub id: Uuid,
    /// The language of answers: `ro`, `hu` or `en`.
    pub language: String,
    /// `open` or `closed`.
    pub state: &'static str,
    /// Who must answer next: `assistant`, `queue` or `operator`.
    pub owner: &'static str,
    /// The department or the person, where it is not the assistant.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub owner_name: Option<String>,
    /// Who has it, as a sentence.
    pub status: String,
    /// The number of turns so far.
    pub turns: u64,
    /// The case that it became.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub case: Option<CaseView>,
    /// The hand-over's banner as HTML, where `render=html` asked for it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub html: Option<String>,
}

/// A case as its citizen sees it.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct CaseView {
    /// The reference, grouped as people say it.
    pub reference: String,
    /// `question`, `incident`, `petition` or `public_information`.
    pub kind: String,
    /// `new`, `in_progress`, `waiting_for_citizen`, `forwarded`, `resolved` or `closed`.
    pub state: String,
    /// The state in the reader's words.
    pub state_text: String,
    /// Whose desk it is on.
    pub department: String,
    /// The registry's number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub registered: Option<String>,
    /// Who has it, as a heading.
    pub heading: String,
    /// What happens next, in a sentence.
    pub next: String,
    /// By when, as people say it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub due_text: Option<String>,
    /// By when, in UTC.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub due: Option<String>,
    /// The rule behind the term.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub citation: Option<String>,
    /// When it was opened, as people say it.
    pub opened: String,
    /// The page on which it can be followed, with the secret: for its citizen only.
    pub follow: String,
}

/// One thing said.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct TurnView {
    /// Its number in the conversation, from 1, without gaps.
    pub number: u64,
    /// Its id.
    pub id: Uuid,
    /// `citizen`, `assistant` or `operator`.
    pub author: &'static str,
    /// How the author is called.
    pub name: String,
    /// In which language.
    pub language: String,
    /// When it became durable, in UTC.
    pub at: String,
    /// When, as people say it.
    pub at_text: String,
    /// `message`, `answer`, `clarify`, `hand_off` or `remark`.
    pub kind: &'static str,
    /// The words; Markdown where the assistant speaks.
    pub text: String,
    /// What to bring, cost, time, where: only what is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub facts: Option<FactsView>,
    /// What an answer rests on.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub sources: Vec<SourceView>,
    /// What the citizen may pick.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub choices: Vec<ChoiceView>,
    /// What came with it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub attachments: Vec<AttachmentView>,
    /// Where it can be heard; only what the institution said, and only while its language can be spoken.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub speech: Option<String>,
    /// What the citizen said of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub useful: Option<bool>,
    /// The turn as HTML, where `render=html` asked for it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub html: Option<String>,
}

/// What the answer card lists.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct FactsView {
    /// What to bring.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub bring: Vec<String>,
    /// What it costs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cost: Option<String>,
    /// How long it takes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub time: Option<String>,
    /// Where to go.
    #[serde(rename = "where", skip_serializing_if = "Option::is_none")]
    pub place: Option<String>,
}

/// A source of an answer.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct SourceView {
    /// The article.
    pub article: String,
    /// Its title.
    pub title: String,
    /// Who published what it rests on.
    pub institution: String,
    /// The page that shows it with its sources and validity.
    pub page: String,
    /// The public page behind it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// The version quoted.
    pub version: u32,
    /// `valabil din … · verificat la …`.
    pub validity: String,
    /// The very words.
    pub excerpt: String,
}

/// A choice.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct ChoiceView {
    /// What is picked, from 1.
    pub number: u8,
    /// What the button says.
    pub label: String,
}

/// A file that came with a turn.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct AttachmentView {
    /// Its name.
    pub name: String,
    /// Its media type.
    pub media_type: String,
    /// Its size as people say it.
    pub size: String,
    /// Where its bytes are.
    pub href: String,
}

/// Makes views in one language.
#[derive(Clone)]
pub(crate) struct Viewer {
    pub(crate) app: Arc<App>,
    pub(crate) language: Language,
    /// The address under which the reader reaches us.
    pub(crate) base: String,
    /// Whether turns and banners are rendered too.
    pub(crate) html: bool,
}

impl Viewer {
    pub(crate) fn texts(&self) -> &'static Texts {
        texts(self.language)
    }

    /// The turn as its citizen sees it.
    pub(crate) async fn turn(&self, turn: &Turn, feedback: Option<&Feedback>) -> TurnView {
        let t = self.texts();
        let (author, name) = match turn.author {
            Author::Citizen => ("citizen", t.turn.citizen.clone()),
            Author::Assistant => ("assistant", t.turn.assistant.clone()),
            Author::Operator(id) => {
                let name = self.app.operator_name(id).await;
                ("operator", name.map_or_else(|| t.turn.staff.clone(), |name| name.to_string()))
            }
        };
        let (kind, facts, sources) = match &turn.content.outcome {
            None => ("message", None, Vec::new()),
            Some(Outcome::Clarify { .. }) => ("clarify", None, Vec::new()),
            Some(Outcome::HandOff(_)) => ("hand_off", None, Vec::new()),
            Some(Outcome::Remark { .. }) => ("remark", None, Vec::new()),
            Some(Outcome::Answer(answer)) => {
                let facts = (!answer.facts.is_empty()).then(|| facts_view(&answer.facts));
                ("answer", facts, self.sources(&answer.quotes))
            }
        };
        let choices = turn.content.outcome.as_ref().map(Outcome::choices).unwrap_or_default();
        let mut view = TurnView {
            number: turn.number,
            id: turn.id.0,
            author,
            name,
            language: turn.language.code().to_owned(),
            at: turn.at.to_string(),
            at_text: ui::dates::moment(turn.at, self.app.parts.time.now(), self.language),
            kind,
            text: turn.content.text.clone(),
            facts,
            sources,
            choices: (1..).zip(choices).map(|(number, one)| ChoiceView { number, label: one.label.clone() }).collect(),
            attachments: turn
                .content
                .attachments
                .iter()
                .enumerate()
                .map(|(index, one)| AttachmentView {
                    name: one.name.clone(),
                    media_type: one.media_type.clone(),
                    size: size(one.bytes),
                    href: format!("/api/v1/conversations/{}/turns/{}/files/{index}", turn.conversation, turn.number),
                })
                .collect(),
            speech: self.speech(turn),
            useful: feedback.map(|feedback| feedback.useful),
            html: None,
        };
        if self.html {
            view.html = Some(crate::cards::turn(&view, self.language));
        }
        view
    }

    /// Where the turn can be heard.
    fn speech(&self, turn: &Turn) -> Option<String> {
        let said = turn.author != Author::Citizen && !turn.content.text.trim().is_empty();
        let heard = said && self.app.parts.speech.abilities().speaks(turn.language);
        heard.then(|| format!("/api/v1/conversations/{}/turns/{}/speech", turn.conversation, turn.number))
    }

    /// One entry an article, however often it is quoted.
    fn sources(&self, quotes: &[Quote]) -> Vec<SourceView> {
        let t = self.texts();
        let mut sources: Vec<SourceView> = Vec::new();
        for quote in quotes {
            if sources.iter().any(|known| known.article == quote.article.0) {
                continue;
            }
            let said = |text: &str, day| ui::fill(text, &[("date", &ui::dates::date(day, self.language))]);
            let validity: Vec<String> = [
                quote.valid_from.map(|day| said(&t.turn.valid_from, day)),
                quote.checked_on.map(|day| said(&t.turn.checked, day)),
                quote.unconfirmed.then(|| t.turn.unconfirmed.clone()),
            ]
            .into_iter()
            .flatten()
            .collect();
            sources.push(SourceView {
                article: quote.article.0.clone(),
                title: quote.title.clone(),
                institution: quote.institution.clone(),
                page: format!("/surse/{}?lang={}", path_segment(&quote.article.0), quote.language),
                url: quote.url.clone(),
                version: quote.version,
                validity: validity.join(" · "),
                excerpt: quote.excerpt.clone(),
            });
        }
        sources
    }

    /// The conversation as its citizen sees it; `secret` goes into the address with which the citizen comes back.
    pub(crate) async fn conversation(&self, conversation: &Conversation, secret: &str) -> PortResult<ConversationView> {
        let t = self.texts();
        let case = match conversation.case {
            Some(id) => Some(self.app.parts.cases.case(id).await?),
            None => None,
        };
        let (owner, owner_name) = match &conversation.owner {
            Owner::Assistant => ("assistant", None),
            Owner::Queue(department) => {
                ("queue", Some(self.app.parts.departments.name(department, self.language).to_owned()))
            }
            Owner::Operator(id) => {
                let name = self.app.operator_name(*id).await;
                ("operator", Some(name.map_or_else(|| t.turn.staff.clone(), |name| name.to_string())))
            }
        };
        let named = owner_name.as_deref().unwrap_or_default();
        let status = match (conversation.state, owner) {
            (ConversationState::Closed, _) => t.status.closed.clone(),
            (_, "queue") => ui::fill(&t.status.queue, &[("department", named)]),
            (_, "operator") => ui::fill(&t.status.operator, &[("name", named)]),
            _ => t.status.assistant.clone(),
        };
        let mut view = ConversationView {
            id: conversation.id.0,
            language: conversation.language.code().to_owned(),
            state: match conversation.state {
                ConversationState::Open => "open",
                ConversationState::Closed => "closed",
            },
            owner,
            owner_name: owner_name.clone(),
            status,
            turns: conversation.turns,
            case: case.map(|case| self.case(&case, conversation, owner_name.as_deref(), secret)),
            html: None,
        };
        if self.html {
            view.html =
                Some(view.case.as_ref().map(|case| crate::cards::banner(case, self.language)).unwrap_or_default());
        }
        Ok(view)
    }

    /// The case as its citizen sees it.
    fn case(&self, case: &Case, conversation: &Conversation, owner: Option<&str>, secret: &str) -> CaseView {
        let t = self.texts();
        let now = self.app.parts.time.now();
        let with_operator = matches!(conversation.owner, Owner::Operator(_));
        let (state, state_text, next) = match case.state {
            CaseState::New => ("new", &t.case.states.new, &t.banner.next_queue),
            CaseState::InProgress => (
                "in_progress",
                &t.case.states.in_progress,
                if with_operator { &t.banner.next_operator } else { &t.banner.next_queue },
            ),
            CaseState::WaitingForCitizen => {
                ("waiting_for_citizen", &t.case.states.waiting_for_citizen, &t.banner.next_waiting)
            }
            CaseState::Forwarded => ("forwarded", &t.case.states.forwarded, &t.banner.next_forwarded),
            CaseState::Resolved => ("resolved", &t.case.states.resolved, &t.banner.next_done),
            CaseState::Closed => ("closed", &t.case.states.closed, &t.banner.next_done),
        };
        let heading = if !case.state.is_open() {
            t.banner.heading_done.clone()
        } else if with_operator {
            ui::fill(&t.banner.heading_operator, &[("name", owner.unwrap_or(&t.turn.staff))])
        } else {
            t.banner.heading_queue.clone()
        };
        // The terms list the answer before the lesser duties of the same kind.
        let clock = case.clocks.iter().find(|clock| clock.is_running());
        CaseView {
            reference: case.reference.to_string(),
            kind: serde_name(&case.kind),
            state: state.to_owned(),
            state_text: state_text.clone(),
            department: self.app.parts.departments.name(&case.department, self.language).to_owned(),
            registered: case.registered.as_ref().map(ToString::to_string),
            heading,
            next: next.clone(),
            due_text: clock.map(|clock| {
                let calendar = &self.app.parts.terms.calendar;
                ui::dates::deadline(clock.due, now, self.unit(clock), calendar, self.language)
            }),
            due: clock.map(|clock| clock.due.to_string()),
            citation: clock.map(|clock| match clock.citation.as_str() {
                desk::clock::SERVICE_TARGET => t.banner.service_target.clone(),
                citation => citation.to_owned(),
            }),
            opened: ui::dates::full(case.created_at, self.language),
            follow: format!("{}/caz/{}?cheie={secret}&lang={}", self.base, String::from(case.reference), self.language),
        }
    }

    fn unit(&self, clock: &Clock) -> DayUnit {
        self.app.parts.terms.term(&clock.term).map_or(DayUnit::Calendar, |term| term.unit)
    }
}

pub(crate) fn facts_view(facts: &Facts) -> FactsView {
    FactsView {
        bring: facts.bring.clone(),
        cost: facts.cost.clone(),
        time: facts.time.clone(),
        place: facts.r#where.clone(),
    }
}

/// The name that an enum has on the wire.
fn serde_name(value: &impl Serialize) -> String {
    serde_json::to_value(value).ok().and_then(|value| value.as_str().map(str::to_owned)).unwrap_or_default()
}

/// A size as people say it.
pub(crate) fn size(bytes: u64) -> String {
    match bytes {
        0..1024 => format!("{bytes} B"),
        1024..1_048_576 => format!("{} kB", bytes.div_ceil(1024)),
        _ => format!("{}.{} MB", bytes / 1_048_576, bytes % 1_048_576 * 10 / 1_048_576),
    }
}

/// An article's id as one segment of a path: imported corpora have `/` and spaces in theirs.
pub(crate) fn path_segment(text: &str) -> String {
    use std::fmt::Write as _;
    text.bytes().fold(String::new(), |mut path, byte| {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'~') {
            path.push(char::from(byte));
        } else {
            // Writing into a String does not fail.
            let _ = write!(path, "%{byte:02X}");
        }
        path
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_corpus_id_is_one_segment() {
        assert_eq!(path_segment("Super Bowl/3"), "Super%20Bowl%2F3");
    }

    #[test]
    fn sizes_are_short() {
        assert_eq!((size(10), size(2_000), size(1_600_000)), ("10 B".into(), "2 kB".into(), "1.5 MB".into()));
    }
}

//! A small knowledge base of our own, and a citizen who chats with the assistant over it.

#![allow(
    dead_code,
    unreachable_pub,
    clippy::unwrap_used,
    reason = "shared by test crates, each of which uses its part; a failed step fails the test"
)]

use std::path::Path;
use std::sync::{Arc, Mutex};

use answers::{Answers, AnswersConfig, Generator};
use desk::article::Article;
use desk::contact::Channel;
use desk::conversation::{Conversation, ConversationState, Owner};
use desk::guide::Guide;
use desk::ids::{ContactId, ConversationId, TurnId};
use desk::language::Language;
use desk::outcome::{Outcome, Reply};
use desk::ports::assistant::{Assistant, Listener, Question};
use desk::turn::{Author, Content, Pick, Turn};
use knowledge::{Contents, KnowledgeIndex, Synonyms};

/// The knowledge of `tests/fixture`.
pub fn fixture() -> KnowledgeIndex {
    index(&read(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixture")))
}

/// An index of `contents`.
pub fn index(contents: &Contents) -> KnowledgeIndex {
    let index = KnowledgeIndex::in_memory().unwrap();
    index.fill(contents, 1).unwrap();
    index
}

/// Articles and guides of a folder laid out like the starter pack.
pub fn read(folder: &Path) -> Contents {
    let mut contents = Contents::default();
    for language in ["ro", "hu", "en"] {
        for text in texts(&folder.join("articles").join(language)) {
            let (front, body) = text.trim_start_matches("+++\n").split_once("\n+++\n").unwrap();
            let mut article: Article = from_toml(front);
            article.body = body.trim().to_owned();
            contents.articles.push(article);
        }
    }
    contents.guides = texts(&folder.join("guides")).iter().map(|text| from_toml::<Guide>(text)).collect();
    if let Ok(text) = std::fs::read_to_string(folder.join("synonyms.toml")) {
        contents.synonyms = Synonyms::from_toml(&text).unwrap();
    }
    contents
}

fn texts(folder: &Path) -> Vec<String> {
    let mut paths: Vec<_> =
        std::fs::read_dir(folder).into_iter().flatten().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    paths.iter().map(|path| std::fs::read_to_string(path).unwrap()).collect()
}

/// Dates are written bare in TOML and read from text by the domain.
fn from_toml<T: serde::de::DeserializeOwned>(text: &str) -> T {
    fn plain(value: toml::Value) -> serde_json::Value {
        match value {
            toml::Value::Datetime(date) => date.to_string().into(),
            toml::Value::Array(items) => items.into_iter().map(plain).collect::<Vec<_>>().into(),
            toml::Value::Table(table) => {
                serde_json::Value::Object(table.into_iter().map(|(key, value)| (key, plain(value))).collect())
            }
            other => serde_json::to_value(other).unwrap(),
        }
    }
    let table: toml::Table = text.parse().unwrap();
    serde_json::from_value(plain(toml::Value::Table(table))).unwrap()
}

/// A citizen and the assistant.
pub struct Chat {
    answers: Arc<Answers>,
    pub conversation: Conversation,
    pub turns: Vec<Turn>,
    heard: Ear,
}

/// Remembers what was heard.
#[derive(Default)]
pub struct Ear(pub Mutex<Vec<String>>);

impl Listener for Ear {
    fn hear(&self, piece: &str) {
        self.0.lock().unwrap().push(piece.to_owned());
    }
}

impl Chat {
    /// A new conversation over the fixture, on a page in `language`.
    pub fn new(language: Language) -> Self {
        Self::with(Arc::new(Answers::new(AnswersConfig::default(), fixture(), None)), language)
    }

    /// The same with a model.
    pub fn with_generator(language: Language, generator: Arc<dyn Generator>, config: AnswersConfig) -> Self {
        Self::with(Arc::new(Answers::new(config, fixture(), Some(generator))), language)
    }

    /// A new conversation with `answers`.
    pub fn with(answers: Arc<Answers>, language: Language) -> Self {
        let at = "2026-12-01T10:00:00Z".parse().unwrap();
        let conversation = Conversation {
            id: ConversationId::new(),
            contact: ContactId::new(),
            channel: Channel::Chat,
            language,
            state: ConversationState::Open,
            owner: Owner::Assistant,
            version: 1,
            case: None,
            turns: 0,
            waiting_since: None,
            created_at: at,
            updated_at: at,
        };
        Self { answers, conversation, turns: Vec::new(), heard: Ear::default() }
    }

    /// The citizen writes `text`.
    pub async fn say(&mut self, text: &str) -> Reply {
        self.turn(Content::text(text)).await
    }

    /// The citizen picks choice `number` of the assistant's last turn.
    pub async fn pick(&mut self, number: u8) -> Reply {
        let offering = self.turns.iter().rev().find(|turn| turn.author == Author::Assistant).unwrap();
        let outcome = offering.content.outcome.as_ref().unwrap();
        let label = outcome.choices()[usize::from(number) - 1].label.clone();
        let pick = Some(Pick { turn: offering.number, number });
        self.turn(Content { pick, ..Content::text(label) }).await
    }

    /// The citizen sends `content`.
    pub async fn turn(&mut self, content: Content) -> Reply {
        let turn = self.push(Author::Citizen, content);
        let (earlier, _) = self.turns.split_at(self.turns.len() - 1);
        let question = Question {
            conversation: &self.conversation,
            earlier,
            turn: &turn,
            now: "2026-12-01T10:00:00Z".parse().unwrap(),
        };
        let reply = self.answers.reply(question, &self.heard).await;
        self.conversation.language = reply.language;
        let content = Content {
            outcome: Some(reply.outcome.clone()),
            trace: reply.trace.clone(),
            ..Content::text(reply.outcome.text())
        };
        self.push(Author::Assistant, content);
        reply
    }

    /// What was heard before the replies were complete.
    pub fn heard(&self) -> String {
        self.heard.0.lock().unwrap().concat()
    }

    fn push(&mut self, author: Author, content: Content) -> Turn {
        let turn = Turn {
            id: TurnId::new(),
            conversation: self.conversation.id,
            number: self.turns.len() as u64 + 1,
            author,
            language: self.conversation.language,
            content,
            heard: None,
            at: "2026-12-01T10:00:00Z".parse().unwrap(),
        };
        self.turns.push(turn.clone());
        turn
    }
}

/// A reply as a person reads it.
pub fn shown(reply: &Reply) -> String {
    let mut lines = Vec::new();
    let kind = match &reply.outcome {
        Outcome::Answer(answer) => format!("ANSWER{}", if answer.generated { " generated" } else { "" }),
        Outcome::Clarify { .. } => "CLARIFY".to_owned(),
        Outcome::HandOff(hand_off) => format!(
            "HAND-OFF {:?} {:?} {:?} to {}",
            hand_off.reason, hand_off.case_kind, hand_off.priority, hand_off.department
        ),
        Outcome::Remark { .. } => "REMARK".to_owned(),
    };
    lines.push(format!("[{} {}]", kind, reply.language));
    lines.push(reply.outcome.text().to_owned());
    if let Outcome::Answer(answer) = &reply.outcome {
        let facts = &answer.facts;
        for (label, fact) in [("cost", &facts.cost), ("time", &facts.time), ("where", &facts.r#where)] {
            lines.extend(fact.as_ref().map(|fact| format!("  {label}: {fact}")));
        }
        if !facts.bring.is_empty() {
            lines.push(format!("  bring: {}", facts.bring.join("; ")));
        }
        for quote in &answer.quotes {
            lines.push(format!(
                "  source: {} v{} ({}): {}, {}, checked {:?}",
                quote.article, quote.version, quote.language, quote.title, quote.institution, quote.checked_on
            ));
        }
    }
    for (at, choice) in reply.outcome.choices().iter().enumerate() {
        lines.push(format!("  {}) {}", at + 1, choice.label));
    }
    lines.join("\n")
}

/// The article from which a reply answers, or the kind of reply in capitals.
pub fn gist(reply: &Reply) -> String {
    match &reply.outcome {
        Outcome::Answer(answer) => answer.quotes[0].article.0.clone(),
        Outcome::Clarify { .. } => "CLARIFY".to_owned(),
        Outcome::HandOff(hand_off) => format!("HAND-OFF {:?} {:?}", hand_off.reason, hand_off.case_kind),
        Outcome::Remark { .. } => "REMARK".to_owned(),
    }
}

//! One message's way: durable first, acknowledged, then answered in a task of the program's own.

use std::sync::Arc;
use std::time::{Duration, Instant};

use desk::contact::{Address, Assurance, Channel};
use desk::conversation::Conversation;
use desk::ids::{ConversationId, IdempotencyKey, TurnId};
use desk::language::Language;
use desk::outcome::Outcome;
use desk::ports::assistant::Listener;
use desk::ports::conversations::{NewConversation, Recorded};
use desk::reception::Answered;
use desk::turn::{Author, Content, MAX_TEXT_CHARS, NewTurn, Pick, Turn};
use service::trace;
use tokio::sync::oneshot;
use tracing::field::Empty;
use tracing::{Instrument as _, Span};
use ui::{Problem, ProblemKind};

use crate::access::{Access, Caller};
use crate::app::App;
use crate::limits::Counted;
use crate::live::Signal;
use crate::secret;

/// How many answers may be under way or waiting; a turn beyond it stays pending and is answered by the catch-up.
const MOST_ANSWERS: usize = 4_096;

/// The longest idempotency key.
const MAX_KEY: usize = 200;

/// The longest name.
const MAX_NAME_CHARS: usize = 100;

/// What a citizen sends.
#[derive(Debug, Clone, Default)]
pub(crate) struct Message {
    pub(crate) text: String,
    pub(crate) pick: Option<Pick>,
    /// Tokens of files uploaded before.
    pub(crate) attachments: Vec<String>,
    /// The language of the page.
    pub(crate) language: Option<Language>,
}

/// A turn that is durable, and word of its answer if this server gives it.
pub(crate) struct Taken {
    pub(crate) recorded: Recorded,
    pub(crate) answer: Option<oneshot::Receiver<()>>,
}

/// Passes pieces of an answer to the open pages of its conversation.
struct Pieces {
    app: Arc<App>,
    conversation: ConversationId,
    number: u64,
}

impl Listener for Pieces {
    fn hear(&self, piece: &str) {
        self.app.live.tell(self.conversation, Signal::Partial { number: self.number, piece: piece.into() });
    }
}

/// Checks a key that a client chose.
pub(crate) fn check_key(key: &str, language: Language) -> Result<(), Problem> {
    if key.is_empty() || key.len() > MAX_KEY || !key.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(
            Problem::new(ProblemKind::Malformed, language).detail("Idempotency-Key: 1 to 200 printable characters")
        );
    }
    Ok(())
}

/// Begins a conversation; a repeated key begins it once and gives the same secret.
pub(crate) async fn begin(
    app: &App,
    caller: &Caller,
    language: Language,
    name: Option<String>,
    key: &str,
) -> Result<Access, Problem> {
    check_key(key, caller.language)?;
    caller.limit(app, Counted::Conversations(caller.address), app.parts.config.limits.conversations)?;
    let secret = app.parts.secret_key.conversation(key);
    let name =
        name.map(|name| name.trim().chars().take(MAX_NAME_CHARS).collect()).filter(|name: &String| !name.is_empty());
    let conversation = app
        .parts
        .reception
        .start(NewConversation {
            id: ConversationId::new(),
            address: Address {
                channel: Channel::Chat,
                value: app.parts.secret_key.visitor(key),
                assurance: Assurance::Claimed,
            },
            name,
            language,
            secret_digest: secret::digest(&secret),
            key: IdempotencyKey(format!("chat:{key}")),
        })
        .await
        .map_err(|error| Problem::from_port(&error, caller.language))?;
    metrics::counter!("sfetnic_chat_conversations_total").increment(1);
    tracing::info!(conversation = %conversation.id, language = %language, "conversation begun");
    Ok(Access { conversation, secret })
}

/// Makes a message durable and has it answered.
pub(crate) async fn take(
    app: &Arc<App>,
    caller: &Caller,
    conversation: &Conversation,
    message: Message,
    key: &str,
) -> Result<Taken, Problem> {
    let limits = &app.parts.config.limits;
    check_key(key, caller.language)?;
    caller.limit(app, Counted::Turns(caller.address), limits.turns_per_address)?;
    caller.limit(app, Counted::TurnsOf(conversation.id), limits.turns_per_conversation)?;
    let started = Instant::now();
    let language = message.language.unwrap_or(conversation.language);
    let content = content(app, caller, conversation, message).await?;
    let turn = NewTurn {
        id: TurnId::new(),
        conversation: conversation.id,
        author: Author::Citizen,
        language,
        content,
        key: IdempotencyKey(format!("chat:{}:{key}", conversation.id)),
    };
    let recorded =
        app.parts.reception.receive(turn).await.map_err(|error| Problem::from_port(&error, caller.language))?;
    if recorded.repeated {
        return Ok(Taken { recorded, answer: None });
    }
    metrics::counter!("sfetnic_chat_turns_total").increment(1);
    metrics::histogram!("sfetnic_chat_receive_seconds").record(started.elapsed().as_secs_f64());
    // Other servers' pages hear through the journal; ours need not wait for it.
    app.live.tell(conversation.id, Signal::Changed);
    let answer = recorded.conversation.assistant_may_speak().then(|| answer(app, recorded.turn.clone())).flatten();
    Ok(Taken { recorded, answer })
}

/// What the message says, checked.
async fn content(
    app: &App,
    caller: &Caller,
    conversation: &Conversation,
    message: Message,
) -> Result<Content, Problem> {
    let invalid = |detail: &str| Problem::new(ProblemKind::Invalid, caller.language).detail(detail);
    let t = crate::texts::texts(caller.language);
    let mut content = Content::default();
    if let Some(pick) = message.pick {
        let turns = app.parts.conversations.turns(conversation.id, pick.turn.saturating_sub(1), 1).await;
        let turns = turns.map_err(|error| Problem::from_port(&error, caller.language))?;
        let offered =
            turns.first().filter(|turn| turn.number == pick.turn).and_then(|turn| turn.content.outcome.as_ref());
        let choices = offered.map(Outcome::choices).unwrap_or_default();
        let choice = usize::from(pick.number).checked_sub(1).and_then(|index| choices.get(index));
        content.text = choice.ok_or_else(|| invalid("pick: no such choice"))?.label.clone();
        content.pick = Some(pick);
    } else {
        content.text = message.text.replace("\r\n", "\n").trim().to_owned();
    }
    if content.text.chars().count() > MAX_TEXT_CHARS {
        let most = MAX_TEXT_CHARS.to_string();
        return Err(Problem::new(ProblemKind::TooLarge, caller.language)
            .detail(ui::fill(&t.composer.too_long, &[("n", &most)])));
    }
    if message.attachments.len() > app.parts.config.limits.attachments_per_turn {
        return Err(invalid("attachments: too many"));
    }
    for token in &message.attachments {
        let attachment = app.parts.secret_key.uploaded(conversation.id, token);
        content.attachments.push(attachment.ok_or_else(|| invalid("attachments: not uploaded to this conversation"))?);
    }
    if content.text.is_empty() && content.attachments.is_empty() {
        return Err(invalid(&t.composer.empty));
    }
    Ok(content)
}

/// Answers `turn` in a task that the program owns; the receiver is told when it is done. `None` when too many wait.
pub(crate) fn answer(app: &Arc<App>, turn: Turn) -> Option<oneshot::Receiver<()>> {
    if app.tasks.len() >= MOST_ANSWERS {
        tracing::warn!(conversation = %turn.conversation, "too many answers under way; left to the catch-up");
        return None;
    }
    let (done, told) = oneshot::channel();
    // It outlives the request that brought the turn; its trace is the same.
    let span = tracing::error_span!(
        parent: None,
        "answer",
        trace = Empty,
        conversation = %turn.conversation,
        turn = turn.number,
        outcome = Empty
    );
    trace::join(&span, trace::current());
    let work = app.clone();
    let task = async move {
        let Ok(_permit) = work.answering.acquire().await else { return };
        let started = Instant::now();
        let pieces = Pieces { app: work.clone(), conversation: turn.conversation, number: turn.number };
        match Box::pin(work.parts.reception.answer(&turn, &pieces)).await {
            Ok(answered) => {
                let outcome = outcome_name(&answered);
                metrics::counter!("sfetnic_chat_answers_total", "outcome" => outcome).increment(1);
                metrics::histogram!("sfetnic_chat_answer_seconds").record(started.elapsed().as_secs_f64());
                tracing::info!(
                    outcome,
                    micros = u64::try_from(started.elapsed().as_micros()).unwrap_or(u64::MAX),
                    "answered"
                );
                Span::current().record("outcome", outcome);
            }
            Err(error) => {
                metrics::counter!("sfetnic_chat_answers_total", "outcome" => "failed").increment(1);
                tracing::error!(%error, "an answer could not be made durable; the turn stays pending");
            }
        }
        work.live.tell(turn.conversation, Signal::Changed);
        // Nobody may be waiting.
        let _ = done.send(());
    };
    app.tasks.spawn(task.instrument(span));
    Some(told)
}

fn outcome_name(answered: &Answered) -> &'static str {
    match answered {
        Answered::Replied { turn, .. } => match &turn.content.outcome {
            Some(Outcome::Answer(_)) => "answer",
            Some(Outcome::Clarify { .. }) => "clarify",
            Some(Outcome::HandOff(_)) => "hand_off",
            _ => "remark",
        },
        Answered::LeftToPerson => "left_to_person",
        Answered::Already => "already",
    }
}

/// Waits until the answer is durable, at most `patience`.
pub(crate) async fn wait(answer: Option<oneshot::Receiver<()>>, patience: Duration) {
    if let Some(told) = answer {
        // Too late or given up: the page learns of it by its events.
        let _ = tokio::time::timeout(patience, told).await;
    }
}

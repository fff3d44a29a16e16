//! The front desk: takes citizens' turns, lets the assistant answer while it owns the conversation, and opens a case where
//! a person must. Every channel goes through it.
//!
//! Receiving and answering are two steps, so that a channel can say "received" as soon as the turn is durable. What lies
//! between them may be lost with the process: the turn stays marked as pending, and [`Reception::catch_up`] answers it.

use std::sync::Arc;
use std::time::Duration;

use jiff::SignedDuration;

use crate::case::{Case, CaseState, Level};
use crate::clock::Terms;
use crate::conversation::{Conversation, Owner};
use crate::ids::{CaseId, ConversationId, IdempotencyKey, TurnId};
use crate::journal::{Actor, Event};
use crate::language::Language;
use crate::outcome::{HandOff, Outcome, Reply};
use crate::ports::assistant::{Assistant, Listener, Question};
use crate::ports::cases::Cases;
use crate::ports::conversations::{Conversations, NewConversation, NewReply, Recorded};
use crate::ports::time::TimeSource;
use crate::ports::{PortError, PortResult};
use crate::reference::Reference;
use crate::registry::{Block, RegistryEntry};
use crate::turn::{Author, Content, NewTurn, Turn};

/// How many turns before the question the assistant sees.
const CONTEXT_TURNS: u32 = 20;
/// How often an answer is made anew because the conversation moved on under it.
const ATTEMPTS: u32 = 4;

/// What the reception works with.
pub struct ReceptionParts {
    /// Conversations and turns.
    pub conversations: Arc<dyn Conversations>,
    /// Cases and the registry.
    pub cases: Arc<dyn Cases>,
    /// Who answers.
    pub assistant: Arc<dyn Assistant>,
    /// The time.
    pub time: Arc<dyn TimeSource>,
    /// By when what is owed.
    pub terms: Terms,
    /// Where registered cases get their numbers.
    pub block: Block,
}

/// Takes citizens' turns and sees that each is answered.
pub struct Reception {
    parts: ReceptionParts,
}

/// What became of a question.
#[derive(Debug, Clone, PartialEq)]
pub enum Answered {
    /// The assistant's turn is durable; a case came with it where a person takes over.
    Replied {
        /// The assistant's turn.
        turn: Box<Turn>,
        /// The conversation after it.
        conversation: Conversation,
        /// The case, where one was opened.
        case: Option<Box<Case>>,
    },
    /// A person owns the conversation: the assistant is silent.
    LeftToPerson,
    /// It had been answered before.
    Already,
}

impl Reception {
    /// A reception that works with `parts`.
    #[must_use]
    pub fn new(parts: ReceptionParts) -> Self {
        Self { parts }
    }

    /// Begins a conversation.
    ///
    /// # Errors
    /// When it cannot be made durable.
    pub async fn start(&self, new: NewConversation) -> PortResult<Conversation> {
        self.parts.conversations.start(new).await
    }

    /// Makes a citizen's turn durable. When this returns, it may be acknowledged.
    ///
    /// # Errors
    /// When it cannot be made durable; a repeated call with the same key is harmless.
    pub async fn receive(&self, turn: NewTurn) -> PortResult<Recorded> {
        self.parts.conversations.record(turn).await
    }

    /// Answers a received turn, if the assistant still owns the conversation.
    ///
    /// # Errors
    /// When the answer cannot be made durable; the turn stays pending.
    pub async fn answer(&self, turn: &Turn, listener: &dyn Listener) -> PortResult<Answered> {
        let mut conversation = self.parts.conversations.conversation(turn.conversation).await?;
        for _ in 0..ATTEMPTS {
            if !conversation.assistant_may_speak() {
                return Ok(Answered::LeftToPerson);
            }
            let earlier = self.parts.conversations.turns_before(conversation.id, turn.number, CONTEXT_TURNS).await?;
            let now = self.parts.time.now();
            let question = Question { conversation: &conversation, earlier: &earlier, turn, now };
            let reply = self.parts.assistant.reply(question, listener).await;
            match self.write(&conversation, turn, reply).await {
                Err(PortError::Conflict { .. }) => {
                    conversation = self.parts.conversations.conversation(turn.conversation).await?;
                }
                Ok(recorded) if recorded.repeated => return Ok(Answered::Already),
                Ok(recorded) => {
                    let case = self.register(&recorded.conversation).await?;
                    return Ok(Answered::Replied {
                        turn: Box::new(recorded.turn),
                        conversation: recorded.conversation,
                        case: case.map(Box::new),
                    });
                }
                Err(error) => return Err(error),
            }
        }
        Err(PortError::Conflict { what: "conversation" })
    }

    /// Hands a conversation over without a question of the citizen's: he asked for a person by a key, or the call cannot be
    /// served. Its open case goes on; where there is none, one is opened about `subject`.
    ///
    /// # Errors
    /// When it cannot be made durable; `Conflict` when the conversation has moved on.
    pub async fn hand_over(
        &self,
        conversation: &Conversation,
        hand_off: HandOff,
        subject: &str,
        language: Language,
    ) -> PortResult<Case> {
        let known = self.goes_on(conversation, &hand_off).await?;
        let case = (!known).then(|| self.new_case(conversation, subject, &hand_off, language));
        let owner = Owner::Queue(hand_off.department.clone());
        let outcome = Outcome::HandOff(hand_off);
        let content = Content { text: outcome.text().to_owned(), outcome: Some(outcome), ..Content::default() };
        let turn = NewTurn {
            id: TurnId::new(),
            conversation: conversation.id,
            author: Author::Assistant,
            language,
            content,
            key: IdempotencyKey(format!("hand over:{}:{}", conversation.id, conversation.version)),
        };
        let expected_version = conversation.version;
        let reply = NewReply { turn, expected_version, owner: Some(owner), case, settles: None };
        let recorded = self.parts.conversations.reply(reply).await?;
        self.register(&recorded.conversation).await?.ok_or(PortError::NotFound { what: "the case" })
    }

    /// Writes the assistant's reply. Its key is the question's id: one question, one answer, whoever gives it.
    async fn write(&self, conversation: &Conversation, question: &Turn, reply: Reply) -> PortResult<Recorded> {
        let Reply { outcome, language, trace } = reply;
        let (owner, case) = match &outcome {
            Outcome::HandOff(hand_off) => {
                let known = self.goes_on(conversation, hand_off).await?;
                let subject = &question.content.text;
                let case = (!known).then(|| self.new_case(conversation, subject, hand_off, language));
                (Some(Owner::Queue(hand_off.department.clone())), case)
            }
            _ => (None, None),
        };
        let content = Content { text: outcome.text().to_owned(), outcome: Some(outcome), trace, ..Content::default() };
        self.parts
            .conversations
            .reply(NewReply {
                turn: NewTurn {
                    id: TurnId::new(),
                    conversation: conversation.id,
                    author: Author::Assistant,
                    language,
                    content,
                    key: IdempotencyKey(format!("answer:{}", question.id)),
                },
                expected_version: conversation.version,
                owner,
                case,
                settles: Some(question.id),
            })
            .await
    }

    /// Whether the conversation's open case goes on with this hand-off, so that nobody is left with two references and no
    /// case is forgotten. It becomes a petition, or a request for public information, when the hand-off is one, and as urgent as it.
    async fn goes_on(&self, conversation: &Conversation, hand_off: &HandOff) -> PortResult<bool> {
        let Some(id) = conversation.case else { return Ok(false) };
        let case = self.parts.cases.case(id).await?;
        if !case.state.is_open() {
            return Ok(false);
        }
        let mut after = Case { priority: case.priority.max(hand_off.priority), ..case.clone() };
        if hand_off.case_kind.is_registered() && !case.kind.is_registered() {
            after.kind = hand_off.case_kind;
            after.clocks = self.parts.terms.start(after.kind, self.parts.time.now());
        }
        if after != case {
            self.parts.cases.update(after, Actor::System, Event::CaseChanged, None).await?;
        }
        Ok(true)
    }

    /// The case that a hand-off opens.
    fn new_case(&self, conversation: &Conversation, subject: &str, hand_off: &HandOff, language: Language) -> Case {
        let now = self.parts.time.now();
        Case {
            id: CaseId::new(),
            reference: Reference::from_random(rand::random()),
            conversation: conversation.id,
            contact: conversation.contact,
            kind: hand_off.case_kind,
            department: hand_off.department.clone(),
            level: Level::L1,
            priority: hand_off.priority,
            state: CaseState::New,
            assignee: None,
            reason: hand_off.reason,
            subject: subject.chars().take(500).collect(),
            language,
            clocks: self.parts.terms.start(hand_off.case_kind, now),
            registered: None,
            version: 1,
            created_at: now,
            updated_at: now,
        }
    }

    /// Gives a case its registry number where the law wants one; a repeated call gives the same number.
    async fn register(&self, conversation: &Conversation) -> PortResult<Option<Case>> {
        let Some(id) = conversation.case else { return Ok(None) };
        let mut case = self.parts.cases.case(id).await?;
        if case.kind.is_registered() && case.registered.is_none() {
            let number = self
                .parts
                .cases
                .register(
                    RegistryEntry {
                        case: id,
                        block: self.parts.block.clone(),
                        day: crate::calendar::day_of(case.created_at),
                        department: case.department.clone(),
                        annexes: 0,
                    },
                    Actor::System,
                )
                .await?;
            case.registered = Some(number);
        }
        Ok(Some(case))
    }

    /// Answers turns that have waited longer than `patience`: their server died between receiving and answering.
    /// Returns how many were settled.
    ///
    /// # Errors
    /// When the pending turns cannot be read; one that cannot be answered stays pending and does not stop the others.
    pub async fn catch_up(&self, patience: Duration, limit: u32) -> PortResult<u32> {
        let patience = SignedDuration::try_from(patience).unwrap_or(SignedDuration::MAX);
        let before = self.parts.time.now().checked_sub(patience).unwrap_or(jiff::Timestamp::MIN);
        let mut settled = 0;
        for pending in self.parts.conversations.pending(before, limit).await? {
            if let Some(turn) = self.find(pending.conversation, pending.turn).await? {
                settled += u32::from(self.answer(&turn, &crate::ports::assistant::Deaf).await.is_ok());
            }
        }
        Ok(settled)
    }

    async fn find(&self, conversation: ConversationId, turn: TurnId) -> PortResult<Option<Turn>> {
        let turns = self.parts.conversations.turns_before(conversation, u64::MAX >> 1, CONTEXT_TURNS).await?;
        Ok(turns.into_iter().find(|candidate| candidate.id == turn))
    }
}

//! The journal: every state change and every privileged act, in sequence, sealed into a hash chain.
//!
//! Rows carry ids, field names and salted digests, never personal text, so that erasure leaves the chain whole.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::ids::{CaseId, ConversationId, OperatorId};

/// Who did it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(tag = "kind", content = "id", rename_all = "snake_case")]
pub enum Actor {
    /// The citizen of the conversation.
    Citizen,
    /// The assistant.
    Assistant,
    /// The program itself: watchdog, sealer, start-up.
    System,
    /// A member of staff in the console.
    Operator(OperatorId),
    /// Whoever holds the server's admin socket, by Unix user id.
    Admin(u32),
}

/// What happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Event {
    /// A conversation began.
    ConversationStarted,
    /// A turn became durable.
    TurnAdded,
    /// A conversation changed its owner.
    OwnerChanged,
    /// A conversation ended.
    ConversationClosed,
    /// A conversation went on after its end.
    ConversationReopened,
    /// The citizen was answered in another language from here on.
    LanguageChanged,
    /// The citizen said whether an answer was of use.
    FeedbackGiven,
    /// How much of a spoken answer the citizen heard was noted.
    AnswerHeard,
    /// A citizen's address is surer than before, or new.
    ContactChanged,
    /// A case was opened.
    CaseOpened,
    /// A case changed: state, level, department, kind, priority, assignee, clocks.
    CaseChanged,
    /// A case got its number in the registry.
    CaseRegistered,
    /// The watchdog raised a case.
    CaseEscalated,
    /// An article was saved, moved or taken back.
    ArticleChanged,
    /// A guide was saved, moved or taken back.
    GuideChanged,
    /// The list of synonyms changed.
    SynonymsChanged,
    /// The list of subjects that are not answered changed.
    OutsideChanged,
    /// A member of staff signed in.
    SignedIn,
    /// A sign-in was refused.
    SignInRefused,
    /// A member of staff signed out.
    SignedOut,
    /// An account was created or changed.
    AccountChanged,
    /// A lease went to another server.
    LeaseTaken,
    /// Somebody asked that an inference node be emptied.
    NodeDrained,
    /// Somebody took an inference node back into service.
    NodeUndrained,
    /// A backup was made.
    BackupMade,
    /// The database was restored from a backup.
    Restored,
    /// A message left for the citizen.
    OutgoingDelivered,
    /// A message could not leave and was given up.
    OutgoingFailed,
    /// A privileged reader opened a conversation or an attachment.
    Viewed,
    /// A telephone call began.
    CallStarted,
    /// A telephone call changed hands, was answered, or was told its conversation.
    CallChanged,
    /// A telephone call ended.
    CallEnded,
    /// A call's recording was kept, or erased.
    RecordingChanged,
    /// A privileged listener heard a recording.
    RecordingHeard,
    /// A member of staff gave a command to a live call.
    CallCommanded,
    /// A promise to ring somebody was made, moved, kept or given up.
    CallBackChanged,
}

/// A row before it has its number.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewEntry {
    /// Who did it.
    pub actor: Actor,
    /// What happened.
    pub event: Event,
    /// The conversation concerned.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub conversation: Option<ConversationId>,
    /// The case concerned.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub case: Option<CaseId>,
    /// Anything else concerned, by id: an article, an account, a lease.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject: Option<String>,
    /// Field names, versions, states, digests: never a citizen's words.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub detail: String,
}

impl NewEntry {
    /// An entry that concerns nothing yet.
    #[must_use]
    pub fn new(actor: Actor, event: Event) -> Self {
        Self { actor, event, conversation: None, case: None, subject: None, detail: String::new() }
    }

    /// Concerns `conversation`.
    #[must_use]
    pub fn conversation(self, conversation: ConversationId) -> Self {
        Self { conversation: Some(conversation), ..self }
    }

    /// Concerns `case`.
    #[must_use]
    pub fn case(self, case: CaseId) -> Self {
        Self { case: Some(case), ..self }
    }

    /// Concerns something else, by its id.
    #[must_use]
    pub fn subject(self, subject: impl Into<String>) -> Self {
        Self { subject: Some(subject.into()), ..self }
    }

    /// Says what changed.
    #[must_use]
    pub fn detail(self, detail: impl Into<String>) -> Self {
        Self { detail: detail.into(), ..self }
    }
}

/// A row of the journal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct JournalEntry {
    /// Its place in the journal, from 1, without gaps.
    pub seq: u64,
    /// When it happened.
    pub at: Timestamp,
    /// What happened.
    #[serde(flatten)]
    pub entry: NewEntry,
}

//! Conversations, turns and contacts: the desk's [`Conversations`] in the database.
//!
//! A writer reads what stands, decides, and writes under the condition that it still stands so. When somebody was faster it
//! reads again, then from the leader, and decides anew; only what the caller decided on is a conflict.

mod contacts;
mod lists;
mod moves;
mod record;
mod reply;
pub(crate) mod rows;
mod start;
mod write_turn;

use async_trait::async_trait;
use desk::contact::{Address, Contact};
use desk::conversation::{Conversation, Owner};
use desk::ids::{ContactId, ConversationId, TurnId};
use desk::journal::{Actor, Event, NewEntry};
use desk::language::Language;
use desk::ports::conversations::{ConversationFilter, Conversations, NewConversation, NewReply, Pending, Recorded};
use desk::ports::{PortError, PortResult};
use desk::turn::{Feedback, NewTurn, Turn};
use jiff::Timestamp;
use subtle::ConstantTimeEq;

use self::rows::Freshness;
use crate::columns;
use crate::store::Store;
use crate::write::Write;

/// How often a write is tried against faster writers of the same conversation before the caller is told.
const ATTEMPTS: usize = 32;

/// What a turn's repeated key violates.
const KEY_COLUMNS: &str = "turns.conversation, turns.key";

/// Conversations in the database.
#[derive(Debug, Clone)]
pub struct ConversationRepository {
    store: Store,
}

impl Store {
    /// Conversations in the database.
    #[must_use]
    pub fn conversations(&self) -> ConversationRepository {
        ConversationRepository { store: self.clone() }
    }
}

#[async_trait]
impl Conversations for ConversationRepository {
    async fn start(&self, new: NewConversation) -> PortResult<Conversation> {
        start::start(&self.store, new).await
    }

    async fn record(&self, turn: NewTurn) -> PortResult<Recorded> {
        record::record(&self.store, turn).await
    }

    async fn reply(&self, reply: NewReply) -> PortResult<Recorded> {
        reply::reply(&self.store, reply).await
    }

    async fn transfer(
        &self,
        id: ConversationId,
        expected_version: u64,
        to: Owner,
        actor: Actor,
    ) -> PortResult<Conversation> {
        moves::transfer(&self.store, id, expected_version, to, actor).await
    }

    async fn close(&self, id: ConversationId, expected_version: u64, actor: Actor) -> PortResult<Conversation> {
        moves::close(&self.store, id, expected_version, actor).await
    }

    async fn set_language(&self, id: ConversationId, language: Language) -> PortResult<Conversation> {
        moves::set_language(&self.store, id, language).await
    }

    async fn conversation(&self, id: ConversationId) -> PortResult<Conversation> {
        rows::load(&self.store, id, Freshness::Local).await
    }

    async fn secret_fits(&self, id: ConversationId, digest: [u8; 32]) -> PortResult<bool> {
        let sql = "SELECT secret_digest FROM conversations WHERE id = ?1";
        let mut found = self.store.read(sql, vec![id.0.into()], |row| row.digest("secret_digest")).await?;
        if found.is_empty() {
            found = self.store.read_latest(sql, vec![id.0.into()], |row| row.digest("secret_digest")).await?;
        }
        let stored = found.pop().ok_or(PortError::NotFound { what: "the conversation" })?;
        Ok(stored.ct_eq(&digest).into())
    }

    async fn turns(&self, id: ConversationId, after: u64, limit: u32) -> PortResult<Vec<Turn>> {
        Ok(rows::turns_after(&self.store, id, after, limit).await?)
    }

    async fn turns_before(&self, id: ConversationId, before: u64, limit: u32) -> PortResult<Vec<Turn>> {
        Ok(rows::turns_before(&self.store, id, before, limit).await?)
    }

    async fn list(&self, filter: ConversationFilter) -> PortResult<Vec<Conversation>> {
        Ok(lists::list(&self.store, filter).await?)
    }

    async fn pending(&self, before: Timestamp, limit: u32) -> PortResult<Vec<Pending>> {
        Ok(lists::pending(&self.store, before, limit).await?)
    }

    async fn known(&self, address: &Address) -> PortResult<Option<Contact>> {
        match contacts::holder_of(&self.store, address, false).await? {
            Some(id) => contacts::contact(&self.store, id, false).await.map(Some),
            None => Ok(None),
        }
    }

    async fn contact(&self, id: ContactId) -> PortResult<Contact> {
        contacts::contact(&self.store, id, false).await
    }

    async fn assure(&self, id: ContactId, address: Address, actor: Actor) -> PortResult<Contact> {
        contacts::assure(&self.store, id, address, actor).await
    }

    async fn feedback(&self, turn: TurnId, feedback: Feedback) -> PortResult<()> {
        let conversation = rows::conversation_of(&self.store, turn).await?;
        let now = self.store.now();
        let mut write = Write::new();
        write.run(
            "INSERT INTO feedback (turn, useful, why, at) VALUES (?1, ?2, ?3, ?4)
             ON CONFLICT (turn) DO UPDATE SET useful = excluded.useful, why = excluded.why, at = excluded.at",
            vec![turn.0.into(), i64::from(feedback.useful).into(), feedback.why.into(), columns::time(now)],
        );
        let entry = NewEntry::new(Actor::Citizen, Event::FeedbackGiven)
            .conversation(conversation)
            .subject(turn.to_string())
            .detail(format!("useful={}", feedback.useful));
        write.journal(entry, now)?;
        Ok(self.store.apply(write).await?)
    }

    async fn heard(&self, turn: TurnId, words: Option<String>) -> PortResult<()> {
        let conversation = rows::conversation_of(&self.store, turn).await?;
        let mut write = Write::new();
        match words {
            Some(words) => write.run(
                "INSERT INTO heard (turn, words) VALUES (?1, ?2) ON CONFLICT (turn) DO UPDATE SET words = excluded.words",
                vec![turn.0.into(), words.into()],
            ),
            None => write.run("DELETE FROM heard WHERE turn = ?1", vec![turn.0.into()]),
        };
        let entry =
            NewEntry::new(Actor::Citizen, Event::AnswerHeard).conversation(conversation).subject(turn.to_string());
        write.journal(entry, self.store.now())?;
        Ok(self.store.apply(write).await?)
    }

    async fn feedback_of(&self, id: ConversationId) -> PortResult<Vec<(TurnId, Feedback)>> {
        let rows = self
            .store
            .read(
                "SELECT f.turn, f.useful, f.why FROM turns t JOIN feedback f ON f.turn = t.id
                 WHERE t.conversation = ?1 ORDER BY t.number",
                vec![id.0.into()],
                |row| {
                    let feedback = Feedback { useful: row.flag("useful")?, why: row.text_if_any("why")? };
                    Ok((TurnId(row.uuid("turn")?), feedback))
                },
            )
            .await?;
        Ok(rows)
    }
}

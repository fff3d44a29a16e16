//! Conversations, turns and what hangs on them, read back.

use desk::contact::Channel;
use desk::conversation::{Conversation, ConversationState};
use desk::ids::{CaseId, ContactId, ConversationId, IdempotencyKey, TurnId};
use desk::ports::{PortError, PortResult};
use desk::turn::Turn;

use crate::columns::{self, Columns};
use crate::error::StoreResult;
use crate::store::Store;

/// A question about conversations: everything before `WHERE` is the same for all.
macro_rules! select_conversations {
    ($rest:literal) => {
        concat!(
            "SELECT id, contact, channel, language, state, owner_kind, owner_id, version, case_id, turns, waiting_since,
             created_at, updated_at FROM conversations ",
            $rest
        )
    };
}
pub(crate) use select_conversations;

macro_rules! select_turns {
    ($rest:literal) => {
        concat!(
            "SELECT id, conversation, number, author_kind, author_id, language, content, at,
             (SELECT words FROM heard WHERE heard.turn = turns.id) AS heard FROM turns ",
            $rest
        )
    };
}

pub(crate) fn conversation(row: &mut Columns<'_, '_>) -> StoreResult<Conversation> {
    Ok(Conversation {
        id: ConversationId(row.uuid("id")?),
        contact: ContactId(row.uuid("contact")?),
        channel: row.name::<Channel>("channel")?,
        language: row.parsed("language")?,
        state: row.name::<ConversationState>("state")?,
        owner: row.owner()?,
        version: row.count("version")?,
        case: row.uuid_if_any("case_id")?.map(CaseId),
        turns: row.count("turns")?,
        waiting_since: row.time_if_any("waiting_since")?,
        created_at: row.time("created_at")?,
        updated_at: row.time("updated_at")?,
    })
}

pub(super) fn turn(row: &mut Columns<'_, '_>) -> StoreResult<Turn> {
    Ok(Turn {
        id: TurnId(row.uuid("id")?),
        conversation: ConversationId(row.uuid("conversation")?),
        number: row.count("number")?,
        author: row.author()?,
        language: row.parsed("language")?,
        content: row.json("content")?,
        heard: row.text_if_any("heard")?,
        at: row.time("at")?,
    })
}

/// How fresh what is read must be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Freshness {
    /// As this server has it; enough for what the write checks again.
    Local,
    /// As the leader has it: after a lost compare-and-swap.
    Latest,
}

/// The conversation called `id`. One that this server does not have yet is asked of the leader.
pub(super) async fn load(store: &Store, id: ConversationId, freshness: Freshness) -> PortResult<Conversation> {
    let sql = select_conversations!("WHERE id = ?1");
    if freshness == Freshness::Local
        && let Some(found) = store.read(sql, vec![id.0.into()], conversation).await?.pop()
    {
        return Ok(found);
    }
    let found = store.read_latest(sql, vec![id.0.into()], conversation).await?.pop();
    found.ok_or(PortError::NotFound { what: "the conversation" })
}

/// Waits, for half a second at most, until this server has the conversation as the leader has it: who is told of a conflict
/// reads here next, and should not find again what he had.
pub(super) async fn catch_up(store: &Store, latest: &Conversation) {
    let deadline = tokio::time::Instant::now() + std::time::Duration::from_millis(500);
    while store.config().is_cluster() && tokio::time::Instant::now() < deadline {
        let here = store.read(select_conversations!("WHERE id = ?1"), vec![latest.id.0.into()], conversation).await;
        if here.is_ok_and(|mut here| here.pop().is_some_and(|here| here.version >= latest.version)) {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(3)).await;
    }
}

/// The turn that was written under `key`, as the leader knows it.
pub(super) async fn turn_under_key(
    store: &Store,
    id: ConversationId,
    key: &IdempotencyKey,
) -> StoreResult<Option<Turn>> {
    let sql = select_turns!("WHERE conversation = ?1 AND key = ?2");
    Ok(store.read_latest(sql, vec![id.0.into(), key.0.clone().into()], turn).await?.pop())
}

/// The conversation that a turn belongs to.
pub(super) async fn conversation_of(store: &Store, turn: TurnId) -> PortResult<ConversationId> {
    let sql = "SELECT conversation FROM turns WHERE id = ?1";
    let map = |row: &mut Columns<'_, '_>| Ok(ConversationId(row.uuid("conversation")?));
    let mut found = store.read(sql, vec![turn.0.into()], map).await?;
    if found.is_empty() {
        found = store.read_latest(sql, vec![turn.0.into()], map).await?;
    }
    found.pop().ok_or(PortError::NotFound { what: "the turn" })
}

pub(super) async fn turns_after(store: &Store, id: ConversationId, after: u64, limit: u32) -> StoreResult<Vec<Turn>> {
    let sql = select_turns!("WHERE conversation = ?1 AND number > ?2 ORDER BY number LIMIT ?3");
    store.read(sql, vec![id.0.into(), columns::count(after), limit.into()], turn).await
}

pub(super) async fn turns_before(store: &Store, id: ConversationId, before: u64, limit: u32) -> StoreResult<Vec<Turn>> {
    let sql = select_turns!("WHERE conversation = ?1 AND number < ?2 ORDER BY number DESC LIMIT ?3");
    let mut turns = store.read(sql, vec![id.0.into(), columns::count(before), limit.into()], turn).await?;
    turns.reverse();
    Ok(turns)
}

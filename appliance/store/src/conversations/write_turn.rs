//! The statements that a turn of any author needs.

use desk::conversation::{Conversation, ConversationState};
use desk::journal::{Event, NewEntry};
use desk::ports::{PortError, PortResult};
use desk::turn::{MAX_TEXT_CHARS, NewTurn, Turn};

use crate::columns;
use crate::error::StoreResult;
use crate::journal::salted_digest;
use crate::write::Write;

pub(super) fn check_length(turn: &NewTurn) -> PortResult<()> {
    if turn.content.text.chars().count() > MAX_TEXT_CHARS {
        return Err(PortError::Refused(format!("a turn holds at most {MAX_TEXT_CHARS} characters")));
    }
    Ok(())
}

/// Replaces the conversation if it still stands as `before`: same version, same number of turns.
pub(super) fn put_conversation(write: &mut Write, before: &Conversation, after: &Conversation) {
    let (owner_kind, owner_id) = columns::owner_columns(&after.owner);
    let state = match after.state {
        ConversationState::Open => "open",
        ConversationState::Closed => "closed",
    };
    write.require(
        "the conversation",
        "UPDATE conversations SET version = ?4, turns = ?5, state = ?6, owner_kind = ?7, owner_id = ?8, case_id = ?9,
         waiting_since = ?10, language = ?11, updated_at = ?12
         WHERE id = ?1 AND version = ?2 AND turns = ?3 RETURNING id",
        vec![
            before.id.0.into(),
            columns::count(before.version),
            columns::count(before.turns),
            columns::count(after.version),
            columns::count(after.turns),
            state.into(),
            owner_kind.into(),
            owner_id.into(),
            columns::uuid_if_any(after.case.map(|case| case.0)),
            columns::time_if_any(after.waiting_since),
            after.language.code().into(),
            columns::time(after.updated_at),
        ],
    );
}

/// Writes the turn, its attachments and its journal row.
pub(super) fn put_turn(write: &mut Write, turn: &Turn, new: &NewTurn) -> StoreResult<()> {
    let content = columns::json("a turn's content", &turn.content)?;
    let salt: [u8; 16] = rand::random();
    let digest = salted_digest(&salt, &content);
    let (author_kind, author_id) = columns::author_columns(turn.author);
    write.run(
        "INSERT INTO turns (id, conversation, number, key, author_kind, author_id, language, content, salt, at)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
        vec![
            turn.id.0.into(),
            turn.conversation.0.into(),
            columns::count(turn.number),
            new.key.0.clone().into(),
            author_kind.into(),
            author_id.into(),
            turn.language.code().into(),
            content.into(),
            salt.as_slice().into(),
            columns::time(turn.at),
        ],
    );
    for attachment in &turn.content.attachments {
        write.run(
            "INSERT INTO attachments (turn, blob) VALUES (?1, ?2) ON CONFLICT DO NOTHING",
            vec![turn.id.0.into(), attachment.blob.0.clone().into()],
        );
    }
    let entry = NewEntry::new(columns::actor_of(turn.author), Event::TurnAdded)
        .conversation(turn.conversation)
        .subject(turn.id.to_string())
        .detail(format!("number={} content={digest}", turn.number));
    write.journal(entry, turn.at)
}

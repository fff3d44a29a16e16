//! A citizen's turn: written with its journal row, its mark for the assistant and what it does to a waiting case.

use desk::conversation::{Conversation, ConversationState, Owner};
use desk::journal::{Event, NewEntry};
use desk::ports::conversations::Recorded;
use desk::ports::{PortError, PortResult};
use desk::turn::{Author, NewTurn, Turn};

use super::rows::{Freshness, load, turn_under_key};
use super::write_turn::{check_length, put_conversation, put_turn};
use crate::cases;
use crate::columns;
use crate::error::{StoreError, StoreResult};
use crate::store::Store;
use crate::write::Write;

pub(super) async fn record(store: &Store, new: NewTurn) -> PortResult<Recorded> {
    if new.author != Author::Citizen {
        return Err(PortError::Refused("only a citizen's turn is recorded; others reply".to_owned()));
    }
    check_length(&new)?;
    let mut freshness = Freshness::Local;
    for _ in 0..super::ATTEMPTS {
        let conversation = load(store, new.conversation, freshness).await?;
        if freshness == Freshness::Latest
            && let Some(turn) = turn_under_key(store, new.conversation, &new.key).await?
        {
            return Ok(Recorded { turn, conversation, repeated: true });
        }
        match try_record(store, &new, conversation).await {
            Ok(recorded) => return Ok(recorded),
            Err(StoreError::Lost(_)) => freshness = Freshness::Latest,
            Err(StoreError::Clash(columns)) if columns == super::KEY_COLUMNS => freshness = Freshness::Latest,
            Err(StoreError::Clash(_)) => return Err(PortError::Conflict { what: "the turn" }),
            Err(error) => return Err(error.into()),
        }
    }
    Err(PortError::Conflict { what: "the conversation" })
}

async fn try_record(store: &Store, new: &NewTurn, before: Conversation) -> StoreResult<Recorded> {
    let now = store.now();
    let mut conversation = Conversation { turns: before.turns + 1, updated_at: now, ..before.clone() };
    let reopened = before.state == ConversationState::Closed;
    if reopened {
        conversation.state = ConversationState::Open;
        conversation.owner = Owner::Assistant;
        conversation.version += 1;
        conversation.waiting_since = None;
    }
    let assistant = conversation.owner == Owner::Assistant;
    if !assistant {
        conversation.waiting_since = conversation.waiting_since.or(Some(now));
    }
    let turn = Turn {
        id: new.id,
        conversation: new.conversation,
        number: conversation.turns,
        author: new.author,
        language: new.language,
        content: new.content.clone(),
        heard: None,
        at: now,
    };
    let mut write = Write::new();
    put_conversation(&mut write, &before, &conversation);
    put_turn(&mut write, &turn, new)?;
    if assistant {
        write.run(
            "INSERT INTO pending (turn, conversation, since) VALUES (?1, ?2, ?3)",
            vec![turn.id.0.into(), turn.conversation.0.into(), columns::time(now)],
        );
    }
    if reopened {
        let entry = NewEntry::new(columns::actor_of(new.author), Event::ConversationReopened)
            .conversation(conversation.id)
            .detail(format!("version={}", conversation.version));
        write.journal(entry, now)?;
    }
    if let Some(case) = before.case {
        cases::citizen_came_back(store, &mut write, case, now).await?;
    }
    store.apply(write).await?;
    Ok(Recorded { turn, conversation, repeated: false })
}

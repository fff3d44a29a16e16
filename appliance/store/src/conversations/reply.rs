//! An answer of the assistant or an operator: turn, journal, change of owner, case and outbox in one transaction.

use desk::conversation::{Conversation, ConversationState, Owner};
use desk::ids::OutgoingId;
use desk::journal::{Event, NewEntry};
use desk::ports::conversations::{NewReply, Recorded};
use desk::ports::{PortError, PortResult};
use desk::turn::{Author, Turn};

use super::rows::{Freshness, catch_up, load, turn_under_key};
use super::write_turn::{check_length, put_conversation, put_turn};
use crate::cases;
use crate::columns;
use crate::error::{StoreError, StoreResult};
use crate::store::Store;
use crate::write::Write;

pub(super) async fn reply(store: &Store, new: NewReply) -> PortResult<Recorded> {
    check_length(&new.turn)?;
    let mut freshness = Freshness::Local;
    for _ in 0..super::ATTEMPTS {
        let conversation = load(store, new.turn.conversation, freshness).await?;
        if freshness == Freshness::Latest {
            if let Some(turn) = turn_under_key(store, conversation.id, &new.turn.key).await? {
                return Ok(Recorded { turn, conversation, repeated: true });
            }
            if conversation.version != new.expected_version {
                catch_up(store, &conversation).await;
                return Err(PortError::Conflict { what: "the conversation" });
            }
        } else if conversation.version != new.expected_version {
            freshness = Freshness::Latest;
            continue;
        }
        check(&new, &conversation)?;
        match try_reply(store, &new, conversation).await {
            Ok(recorded) => return Ok(recorded),
            Err(StoreError::Lost(_)) => freshness = Freshness::Latest,
            Err(StoreError::Clash(columns)) if columns == super::KEY_COLUMNS => freshness = Freshness::Latest,
            Err(error) => return Err(error.into()),
        }
    }
    Err(PortError::Conflict { what: "the conversation" })
}

fn check(new: &NewReply, conversation: &Conversation) -> PortResult<()> {
    let refused = |text: &str| Err(PortError::Refused(text.to_owned()));
    match (new.turn.author, &conversation.owner) {
        (Author::Citizen, _) => return refused("a citizen's turn is recorded, not a reply"),
        (Author::Assistant, owner) if *owner != Owner::Assistant => {
            return refused("the assistant does not talk over a person");
        }
        (Author::Operator(author), Owner::Operator(holder)) if author != *holder => {
            return refused("another operator owns the conversation");
        }
        _ => {}
    }
    if conversation.state == ConversationState::Closed {
        return refused("the conversation is closed");
    }
    if new.case.as_ref().is_some_and(|case| case.conversation != conversation.id) {
        return refused("the case belongs to another conversation");
    }
    Ok(())
}

async fn try_reply(store: &Store, new: &NewReply, before: Conversation) -> StoreResult<Recorded> {
    let now = store.now();
    let owner = match (&new.owner, &new.case) {
        (Some(owner), _) => owner.clone(),
        (None, Some(case)) => Owner::Queue(case.department.clone()),
        (None, None) => before.owner.clone(),
    };
    let moved = owner != before.owner;
    let case = new.case.as_ref().map(|case| case.id);
    let waiting_since = match (&owner, new.turn.author) {
        (Owner::Assistant, _) | (Owner::Operator(_), Author::Operator(_)) => None,
        // Handed on: somebody else owes the citizen the rest from now on.
        (Owner::Queue(_), Author::Operator(_)) => Some(now),
        (_, _) => before.waiting_since.or(Some(now)),
    };
    let conversation = Conversation {
        turns: before.turns + 1,
        version: before.version + u64::from(moved || case.is_some()),
        owner,
        case: case.or(before.case),
        waiting_since,
        updated_at: now,
        ..before.clone()
    };
    let turn = Turn {
        id: new.turn.id,
        conversation: before.id,
        number: conversation.turns,
        author: new.turn.author,
        language: new.turn.language,
        content: new.turn.content.clone(),
        heard: None,
        at: now,
    };
    let actor = columns::actor_of(turn.author);
    let mut write = Write::new();
    put_conversation(&mut write, &before, &conversation);
    put_turn(&mut write, &turn, &new.turn)?;
    if conversation.owner != Owner::Assistant {
        write.run("DELETE FROM pending WHERE conversation = ?1", vec![before.id.0.into()]);
    } else if let Some(settled) = new.settles {
        write.run("DELETE FROM pending WHERE turn = ?1", vec![settled.0.into()]);
    }
    if let Some(case) = &new.case {
        cases::put_new(&mut write, case)?;
        let entry = NewEntry::new(actor, Event::CaseOpened).conversation(before.id).case(case.id).detail(format!(
            "kind={} department={}",
            columns::name("a kind", &case.kind)?,
            case.department
        ));
        write.journal(entry, now)?;
    } else if moved && let Some(case) = before.case {
        cases::follow_owner(store, &mut write, case, &conversation.owner, now).await?;
    }
    if moved {
        write.journal(super::moves::owner_changed(&conversation, actor), now)?;
    }
    if before.channel.pushes_replies() {
        write.run(
            "INSERT INTO outgoing (id, channel, conversation, turn, state, attempts, due)
             VALUES (?1, ?2, ?3, ?4, 'waiting', 0, ?5)",
            vec![
                OutgoingId::new().0.into(),
                before.channel.name().into(),
                before.id.0.into(),
                turn.id.0.into(),
                columns::time(now),
            ],
        );
    }
    store.apply(write).await?;
    Ok(Recorded { turn, conversation, repeated: false })
}

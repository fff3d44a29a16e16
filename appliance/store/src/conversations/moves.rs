//! What moves a conversation without anything being said: another owner, its end, another language.

use desk::conversation::{Conversation, ConversationState, Owner};
use desk::ids::ConversationId;
use desk::journal::{Actor, Event, NewEntry};
use desk::language::Language;
use desk::ports::{PortError, PortResult};

use super::rows::{Freshness, catch_up, load};
use super::write_turn::put_conversation;
use crate::cases;
use crate::error::{StoreError, StoreResult};
use crate::store::Store;
use crate::write::Write;

pub(super) fn owner_changed(conversation: &Conversation, actor: Actor) -> NewEntry {
    let owner = match &conversation.owner {
        Owner::Assistant => "assistant".to_owned(),
        Owner::Queue(department) => format!("queue:{department}"),
        Owner::Operator(operator) => format!("operator:{operator}"),
    };
    NewEntry::new(actor, Event::OwnerChanged)
        .conversation(conversation.id)
        .detail(format!("owner={owner} version={}", conversation.version))
}

fn operator(actor: Actor) -> Option<desk::ids::OperatorId> {
    match actor {
        Actor::Operator(operator) => Some(operator),
        _ => None,
    }
}

/// Loads the conversation and checks that it stands as the caller saw it. `done` tells from the latest state whether what
/// is asked has happened already, by an earlier attempt: then there is nothing left to do.
async fn at_version(
    store: &Store,
    id: ConversationId,
    version: u64,
    freshness: Freshness,
    done: impl Fn(&Conversation) -> bool,
) -> PortResult<Result<Conversation, Conversation>> {
    let mut conversation = load(store, id, freshness).await?;
    if conversation.version != version && freshness == Freshness::Local {
        conversation = load(store, id, Freshness::Latest).await?;
    }
    if conversation.version == version {
        return Ok(Ok(conversation));
    }
    if done(&conversation) {
        return Ok(Err(conversation));
    }
    catch_up(store, &conversation).await;
    Err(PortError::Conflict { what: "the conversation" })
}

pub(super) async fn transfer(
    store: &Store,
    id: ConversationId,
    expected_version: u64,
    to: Owner,
    actor: Actor,
) -> PortResult<Conversation> {
    let mut freshness = Freshness::Local;
    for _ in 0..super::ATTEMPTS {
        let there =
            |conversation: &Conversation| conversation.owner == to && conversation.state == ConversationState::Open;
        let before = match at_version(store, id, expected_version, freshness, there).await? {
            Ok(conversation) => conversation,
            Err(done) => return Ok(done),
        };
        before.check_transfer(operator(actor), &to).map_err(|error| PortError::Refused(error.to_string()))?;
        match try_transfer(store, before, to.clone(), actor).await {
            Ok(conversation) => return Ok(conversation),
            Err(StoreError::Lost(_)) => freshness = Freshness::Latest,
            Err(error) => return Err(error.into()),
        }
    }
    Err(PortError::Conflict { what: "the conversation" })
}

async fn try_transfer(store: &Store, before: Conversation, to: Owner, actor: Actor) -> StoreResult<Conversation> {
    let now = store.now();
    let unanswered = before.owner == Owner::Assistant && is_unanswered(store, before.id).await?;
    let waiting_since = match &to {
        Owner::Assistant => None,
        Owner::Queue(_) => before.waiting_since.or(Some(now)),
        // Whoever takes it owes the answer from now on; the watchdog measures from here.
        Owner::Operator(_) => (before.waiting_since.is_some() || unanswered).then_some(now),
    };
    let conversation =
        Conversation { owner: to, version: before.version + 1, waiting_since, updated_at: now, ..before.clone() };
    let mut write = Write::new();
    put_conversation(&mut write, &before, &conversation);
    if conversation.owner != Owner::Assistant {
        write.run("DELETE FROM pending WHERE conversation = ?1", vec![before.id.0.into()]);
    }
    if let Some(case) = before.case {
        cases::follow_owner(store, &mut write, case, &conversation.owner, now).await?;
    }
    write.journal(owner_changed(&conversation, actor), now)?;
    store.apply(write).await?;
    Ok(conversation)
}

async fn is_unanswered(store: &Store, id: ConversationId) -> StoreResult<bool> {
    let rows = store
        .read("SELECT turn FROM pending WHERE conversation = ?1 LIMIT 1", vec![id.0.into()], |row| row.uuid("turn"))
        .await?;
    Ok(!rows.is_empty())
}

pub(super) async fn close(
    store: &Store,
    id: ConversationId,
    expected_version: u64,
    actor: Actor,
) -> PortResult<Conversation> {
    let mut freshness = Freshness::Local;
    for _ in 0..super::ATTEMPTS {
        let closed = |conversation: &Conversation| conversation.state == ConversationState::Closed;
        let before = match at_version(store, id, expected_version, freshness, closed).await? {
            Ok(conversation) => conversation,
            Err(done) => return Ok(done),
        };
        if before.state == ConversationState::Closed {
            return Ok(before);
        }
        if let (Owner::Operator(holder), Some(by)) = (&before.owner, operator(actor))
            && *holder != by
        {
            return Err(PortError::Refused("another operator owns the conversation".to_owned()));
        }
        match try_close(store, before, actor).await {
            Ok(conversation) => return Ok(conversation),
            Err(StoreError::Lost(_)) => freshness = Freshness::Latest,
            Err(error) => return Err(error.into()),
        }
    }
    Err(PortError::Conflict { what: "the conversation" })
}

async fn try_close(store: &Store, before: Conversation, actor: Actor) -> StoreResult<Conversation> {
    let now = store.now();
    let conversation = Conversation {
        state: ConversationState::Closed,
        version: before.version + 1,
        waiting_since: None,
        updated_at: now,
        ..before.clone()
    };
    let mut write = Write::new();
    put_conversation(&mut write, &before, &conversation);
    write.run("DELETE FROM pending WHERE conversation = ?1", vec![before.id.0.into()]);
    if let Some(case) = before.case {
        cases::resolve(store, &mut write, case, actor, now).await?;
    }
    let entry = NewEntry::new(actor, Event::ConversationClosed)
        .conversation(before.id)
        .detail(format!("version={}", conversation.version));
    write.journal(entry, now)?;
    store.apply(write).await?;
    Ok(conversation)
}

pub(super) async fn set_language(store: &Store, id: ConversationId, language: Language) -> PortResult<Conversation> {
    let mut freshness = Freshness::Local;
    for _ in 0..super::ATTEMPTS {
        let before = load(store, id, freshness).await?;
        if before.language == language {
            return Ok(before);
        }
        let now = store.now();
        let after = Conversation { language, version: before.version + 1, updated_at: now, ..before.clone() };
        let mut write = Write::new();
        put_conversation(&mut write, &before, &after);
        write.run(
            "UPDATE contacts SET language = ?2 WHERE id = ?1",
            vec![before.contact.0.into(), language.code().into()],
        );
        let entry = NewEntry::new(Actor::Citizen, Event::LanguageChanged)
            .conversation(id)
            .detail(format!("language={language} version={}", after.version));
        write.journal(entry, now)?;
        match store.apply(write).await {
            Ok(()) => return Ok(after),
            Err(StoreError::Lost(_)) => freshness = Freshness::Latest,
            Err(error) => return Err(error.into()),
        }
    }
    Err(PortError::Conflict { what: "the conversation" })
}

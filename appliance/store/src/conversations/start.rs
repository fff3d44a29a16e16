//! How a conversation begins: with the contact that its address belongs to, or a new one.

use desk::conversation::{Conversation, ConversationState, Owner};
use desk::ids::ContactId;
use desk::journal::{Actor, Event, NewEntry};
use desk::ports::conversations::NewConversation;
use desk::ports::{PortError, PortResult};
use subtle::ConstantTimeEq;

use super::contacts::{assurance_rank, holder_of};
use super::rows::{conversation, select_conversations};
use crate::columns;
use crate::error::{StoreError, StoreResult};
use crate::store::Store;
use crate::write::Write;

pub(super) async fn start(store: &Store, new: NewConversation) -> PortResult<Conversation> {
    let mut latest = false;
    for _ in 0..super::ATTEMPTS {
        match try_start(store, &new, latest).await {
            Ok(conversation) => return Ok(conversation),
            Err(StoreError::Lost(_)) => latest = true,
            Err(StoreError::Clash(_)) => return standing(store, &new).await,
            Err(error) => return Err(error.into()),
        }
    }
    Err(PortError::Conflict { what: "the contact" })
}

async fn try_start(store: &Store, new: &NewConversation, latest: bool) -> StoreResult<Conversation> {
    let now = store.now();
    let known = holder_of(store, &new.address, latest).await?;
    let contact = known.unwrap_or_else(ContactId::new);
    let (channel, value) = (new.address.channel.name(), new.address.value.clone());
    let mut write = Write::new();
    if known.is_some() {
        write.require(
            "the contact",
            "SELECT contact FROM contact_addresses WHERE contact = ?1 AND channel = ?2 AND value = ?3",
            vec![contact.0.into(), channel.into(), value.into()],
        );
    } else {
        write.require(
            "the contact",
            "SELECT 1 WHERE NOT EXISTS (SELECT 1 FROM contact_addresses WHERE channel = ?1 AND value = ?2)",
            vec![channel.into(), value.clone().into()],
        );
        write.run(
            "INSERT INTO contacts (id, name, language, created_at) VALUES (?1, ?2, ?3, ?4)",
            vec![contact.0.into(), new.name.clone().into(), new.language.code().into(), columns::time(now)],
        );
        write.run(
            "INSERT INTO contact_addresses (contact, channel, value, assurance, added_at) VALUES (?1, ?2, ?3, ?4, ?5)",
            vec![
                contact.0.into(),
                channel.into(),
                value.into(),
                assurance_rank(new.address.assurance).into(),
                columns::time(now),
            ],
        );
    }
    if known.is_some() && new.name.is_some() {
        write.run(
            "UPDATE contacts SET name = ?2 WHERE id = ?1 AND name IS NULL",
            vec![contact.0.into(), new.name.clone().into()],
        );
    }
    let conversation = Conversation {
        id: new.id,
        contact,
        channel: new.address.channel,
        language: new.language,
        state: ConversationState::Open,
        owner: Owner::Assistant,
        version: 1,
        case: None,
        turns: 0,
        waiting_since: None,
        created_at: now,
        updated_at: now,
    };
    write.run(
        "INSERT INTO conversations (id, key, secret_digest, contact, channel, language, state, owner_kind, owner_id,
         version, turns, created_at, updated_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6, 'open', 'assistant', '', 1, 0, ?7, ?7)",
        vec![
            new.id.0.into(),
            new.key.0.clone().into(),
            new.secret_digest.as_slice().into(),
            contact.0.into(),
            channel.into(),
            new.language.code().into(),
            columns::time(now),
        ],
    );
    let entry = NewEntry::new(Actor::Citizen, Event::ConversationStarted)
        .conversation(new.id)
        .detail(format!("channel={channel} language={}", new.language));
    write.journal(entry, now)?;
    store.apply(write).await?;
    Ok(conversation)
}

/// What a repeated start finds. Only who has the same secret is given it: a key can be guessed.
async fn standing(store: &Store, new: &NewConversation) -> PortResult<Conversation> {
    let found = store
        .read_latest(
            "SELECT id, secret_digest FROM conversations WHERE key = ?1",
            vec![new.key.0.clone().into()],
            |row| Ok((row.uuid("id")?, row.digest("secret_digest")?)),
        )
        .await?
        .pop();
    let Some((id, digest)) = found else {
        // The id was there, under another key.
        return Err(PortError::Conflict { what: "the conversation" });
    };
    if !bool::from(digest.ct_eq(&new.secret_digest)) {
        return Err(PortError::Conflict { what: "the conversation" });
    }
    let sql = select_conversations!("WHERE id = ?1");
    let found = store.read_latest(sql, vec![id.into()], conversation).await?.pop();
    found.ok_or(PortError::NotFound { what: "the conversation" })
}

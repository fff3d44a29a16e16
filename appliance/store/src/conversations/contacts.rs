//! Citizens across channels: who holds an address, how sure it is, and when two contacts become one.

use desk::contact::{Address, Assurance, Channel, Contact};
use desk::ids::ContactId;
use desk::journal::{Actor, Event, NewEntry};
use desk::ports::{PortError, PortResult};
use uuid::Uuid;

use crate::columns::{self, Columns};
use crate::error::{StoreError, StoreResult};
use crate::store::Store;
use crate::write::Write;

/// Assurance as a number that sorts.
pub(super) fn assurance_rank(assurance: Assurance) -> i64 {
    match assurance {
        Assurance::Claimed => 0,
        Assurance::Asserted => 1,
        Assurance::Confirmed => 2,
        Assurance::Identified => 3,
    }
}

fn assurance_from(rank: i64) -> Assurance {
    match rank {
        i64::MIN..=0 => Assurance::Claimed,
        1 => Assurance::Asserted,
        2 => Assurance::Confirmed,
        _ => Assurance::Identified,
    }
}

/// Who holds the address best: the surest, then the first.
pub(super) async fn holder_of(store: &Store, address: &Address, latest: bool) -> StoreResult<Option<ContactId>> {
    let sql = "SELECT contact FROM contact_addresses WHERE channel = ?1 AND value = ?2
               ORDER BY assurance DESC, added_at, contact LIMIT 1";
    let params = vec![address.channel.name().into(), address.value.clone().into()];
    let map = |row: &mut Columns<'_, '_>| Ok(ContactId(row.uuid("contact")?));
    let mut rows =
        if latest { store.read_latest(sql, params, map).await? } else { store.read(sql, params, map).await? };
    Ok(rows.pop())
}

/// The contact called `id`, or the one that it was merged into.
pub(super) async fn contact(store: &Store, id: ContactId, latest: bool) -> PortResult<Contact> {
    let sql = "SELECT c.id, c.name, c.language, c.created_at, a.channel, a.value, a.assurance
               FROM contacts c LEFT JOIN contact_addresses a ON a.contact = c.id
               WHERE c.id = COALESCE((SELECT merged_into FROM contacts WHERE id = ?1), ?1)
               ORDER BY a.added_at, a.channel, a.value";
    let map = |row: &mut Columns<'_, '_>| {
        let address = match row.text_if_any("channel")? {
            Some(channel) => Some(Address {
                channel: columns::from_name::<Channel>(&channel)
                    .map_err(|error| StoreError::Decode { column: "channel", source: Box::new(error) })?,
                value: row.text("value")?,
                assurance: assurance_from(row.integer("assurance")?),
            }),
            None => None,
        };
        let contact = Contact {
            id: ContactId(row.uuid("id")?),
            name: row.text_if_any("name")?,
            language: row.parsed("language")?,
            addresses: Vec::new(),
            created_at: row.time("created_at")?,
        };
        Ok((contact, address))
    };
    let params = vec![id.0.into()];
    let rows = if latest { store.read_latest(sql, params, map).await? } else { store.read(sql, params, map).await? };
    let mut whole: Option<Contact> = None;
    for (contact, address) in rows {
        whole.get_or_insert(contact).addresses.extend(address);
    }
    match whole {
        Some(contact) => Ok(contact),
        None if !latest => Box::pin(self::contact(store, id, true)).await,
        None => Err(PortError::NotFound { what: "the contact" }),
    }
}

/// Adds an address to a contact or raises its assurance. Once it is confirmed, another contact that holds it as confirmed
/// is the same citizen: the younger becomes the older.
pub(super) async fn assure(store: &Store, id: ContactId, address: Address, actor: Actor) -> PortResult<Contact> {
    for _ in 0..super::ATTEMPTS {
        let this = contact(store, id, true).await?;
        let twin = if address.assurance >= Assurance::Confirmed { twin(store, &this, &address).await? } else { None };
        let (keep, lose) = match twin {
            Some((other, since)) if (since, other) < (this.created_at, this.id) => (other, Some(this.id)),
            Some((other, _)) => (this.id, Some(other)),
            None => (this.id, None),
        };
        match store.apply(assurance(store, keep, lose, &address, actor)?).await {
            Ok(()) => return contact(store, keep, true).await,
            Err(StoreError::Lost(_)) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Err(PortError::Conflict { what: "the contact" })
}

async fn twin(store: &Store, this: &Contact, address: &Address) -> StoreResult<Option<(ContactId, jiff::Timestamp)>> {
    let mut rows = store
        .read_latest(
            "SELECT c.id, c.created_at FROM contact_addresses a JOIN contacts c ON c.id = a.contact
             WHERE a.channel = ?1 AND a.value = ?2 AND a.contact <> ?3 AND a.assurance >= 2
             ORDER BY c.created_at, c.id LIMIT 1",
            vec![address.channel.name().into(), address.value.clone().into(), this.id.0.into()],
            |row| Ok((ContactId(row.uuid("id")?), row.time("created_at")?)),
        )
        .await?;
    Ok(rows.pop())
}

fn assurance(
    store: &Store,
    keep: ContactId,
    lose: Option<ContactId>,
    address: &Address,
    actor: Actor,
) -> StoreResult<Write> {
    let now = store.now();
    let mut write = Write::new();
    let alive = "SELECT id FROM contacts WHERE id = ?1 AND merged_into IS NULL";
    write.require("the contact", alive, vec![keep.0.into()]);
    if let Some(lose) = lose {
        write.require("the contact", alive, vec![lose.0.into()]);
        let both = || -> Vec<hiqlite::Param> { vec![Uuid::into(keep.0), Uuid::into(lose.0)] };
        write.run("UPDATE conversations SET contact = ?1 WHERE contact = ?2", both());
        write.run("UPDATE cases SET contact = ?1 WHERE contact = ?2", both());
        write.run(
            "INSERT INTO contact_addresses (contact, channel, value, assurance, added_at)
             SELECT ?1, channel, value, assurance, added_at FROM contact_addresses WHERE contact = ?2
             ON CONFLICT (contact, channel, value)
             DO UPDATE SET assurance = MAX(assurance, excluded.assurance)",
            both(),
        );
        write.run("DELETE FROM contact_addresses WHERE contact = ?1", vec![lose.0.into()]);
        write.run("UPDATE contacts SET merged_into = ?1 WHERE id = ?2 OR merged_into = ?2", both());
        let entry =
            NewEntry::new(actor, Event::ContactChanged).subject(keep.to_string()).detail(format!("merged={lose}"));
        write.journal(entry, now)?;
    }
    write.run(
        "INSERT INTO contact_addresses (contact, channel, value, assurance, added_at) VALUES (?1, ?2, ?3, ?4, ?5)
         ON CONFLICT (contact, channel, value) DO UPDATE SET assurance = MAX(assurance, excluded.assurance)",
        vec![
            keep.0.into(),
            address.channel.name().into(),
            address.value.clone().into(),
            assurance_rank(address.assurance).into(),
            columns::time(now),
        ],
    );
    let level = columns::name("an assurance", &address.assurance)?;
    let entry = NewEntry::new(actor, Event::ContactChanged)
        .subject(keep.to_string())
        .detail(format!("channel={} assurance={level}", address.channel.name()));
    write.journal(entry, now)?;
    Ok(write)
}

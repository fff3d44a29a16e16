//! Rows of the journal, read back.

use desk::ids::{CaseId, ConversationId};
use desk::journal::{JournalEntry, NewEntry};

use crate::columns::{self, Columns};
use crate::error::StoreResult;
use crate::store::Store;

pub(super) async fn position(store: &Store) -> StoreResult<u64> {
    let rows = store.read("SELECT COALESCE(MAX(seq), 0) AS seq FROM journal", vec![], |row| row.count("seq")).await?;
    Ok(rows.first().copied().unwrap_or(0))
}

pub(super) async fn entries_after(store: &Store, seq: u64, limit: u32) -> StoreResult<Vec<JournalEntry>> {
    store
        .read(
            "SELECT seq, at, actor_kind, actor_id, event, conversation, case_id, subject, detail
             FROM journal WHERE seq > ?1 ORDER BY seq LIMIT ?2",
            vec![columns::count(seq), limit.into()],
            entry,
        )
        .await
}

fn entry(row: &mut Columns<'_, '_>) -> StoreResult<JournalEntry> {
    let (kind, id) = (row.text("actor_kind")?, row.text("actor_id")?);
    Ok(JournalEntry {
        seq: row.count("seq")?,
        at: row.time("at")?,
        entry: NewEntry {
            actor: columns::actor_from(&kind, &id)?,
            event: row.name("event")?,
            conversation: row.uuid_if_any("conversation")?.map(ConversationId),
            case: row.uuid_if_any("case_id")?.map(CaseId),
            subject: row.text_if_any("subject")?,
            detail: row.text("detail")?,
        },
    })
}

//! Lists of conversations, each answered from an index: who waits longest first, then the newest.

use desk::conversation::Conversation;
use desk::ids::{ConversationId, TurnId};
use desk::ports::conversations::{ConversationFilter, Pending};
use hiqlite::Params;
use jiff::Timestamp;

use super::rows::{conversation, select_conversations};
use crate::columns;
use crate::error::StoreResult;
use crate::store::Store;

pub(super) async fn list(store: &Store, filter: ConversationFilter) -> StoreResult<Vec<Conversation>> {
    let (condition, params) = condition(&filter)?;
    let limit = params.len() + 1;
    let part = |waiting: &str, order: &str| {
        format!("{} {condition} AND {waiting} ORDER BY {order} LIMIT ?{limit}", select_conversations!("WHERE"))
    };
    let with_limit = |limit: u32| params.iter().cloned().chain([limit.into()]).collect::<Params>();
    let waiting = part("waiting_since IS NOT NULL", "waiting_since, id");
    let mut found = store.read(waiting, with_limit(filter.limit), conversation).await?;
    let rest = filter.limit.saturating_sub(u32::try_from(found.len()).unwrap_or(u32::MAX));
    if rest > 0 {
        let others = part("waiting_since IS NULL", "created_at DESC, id");
        found.extend(store.read(others, with_limit(rest), conversation).await?);
    }
    Ok(found)
}

fn condition(filter: &ConversationFilter) -> StoreResult<(String, Params)> {
    let (mut parts, mut params) = (vec!["1 = 1"], Params::new());
    if filter.open {
        parts.push("state = 'open'");
    }
    // One owner at a time: an operator and a queue together are nobody.
    if let Some(operator) = filter.operator {
        parts.push("owner_kind = 'operator' AND owner_id = ?1");
        params.push(operator.to_string().into());
    }
    if filter.waiting || filter.queues.is_some() {
        parts.push("owner_kind = 'queue'");
    }
    if let Some(queues) = &filter.queues {
        let which = if params.is_empty() {
            "owner_id IN (SELECT value FROM json_each(?1))"
        } else {
            "owner_id IN (SELECT value FROM json_each(?2))"
        };
        parts.push(which);
        params.push(columns::json("departments", queues)?.into());
    }
    Ok((parts.join(" AND "), params))
}

pub(super) async fn pending(store: &Store, before: Timestamp, limit: u32) -> StoreResult<Vec<Pending>> {
    store
        .read(
            "SELECT turn, conversation, since FROM pending WHERE since < ?1 ORDER BY since, turn LIMIT ?2",
            vec![columns::time(before), limit.into()],
            |row| {
                Ok(Pending {
                    conversation: ConversationId(row.uuid("conversation")?),
                    turn: TurnId(row.uuid("turn")?),
                    since: row.time("since")?,
                })
            },
        )
        .await
}

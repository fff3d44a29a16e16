//! Commands of operators on their way to the server that has the call: the desk's [`CallIntents`] in the database.

use async_trait::async_trait;
use desk::ids::{CallId, IntentId, OperatorId};
use desk::journal::{Actor, Event, NewEntry};
use desk::ports::live_calls::{CallIntent, CallIntents, CommandError, INTENT_PATIENCE, IntentResult};
use desk::ports::{PortError, PortResult};
use jiff::{SignedDuration, Timestamp};

use crate::columns::{self, Columns};
use crate::error::{StoreError, StoreResult};
use crate::store::Store;
use crate::write::Write;

/// How long a settled intent is kept, for the page that waits for its result.
const KEPT: SignedDuration = SignedDuration::from_mins(10);

/// Commands on their way, in the database.
#[derive(Debug, Clone)]
pub struct CallIntentRepository {
    store: Store,
}

impl Store {
    /// Commands of operators on their way to the server that has the call.
    #[must_use]
    pub fn call_intents(&self) -> CallIntentRepository {
        CallIntentRepository { store: self.clone() }
    }
}

fn intent(row: &mut Columns<'_, '_>) -> StoreResult<CallIntent> {
    Ok(CallIntent {
        id: IntentId(row.uuid("id")?),
        call: CallId(row.uuid("call")?),
        server: row.count("server")?,
        by: OperatorId(row.uuid("by")?),
        command: row.json("command")?,
        at: row.time("at")?,
    })
}

fn earlier(now: Timestamp, by: SignedDuration) -> Timestamp {
    now.checked_sub(by).unwrap_or(Timestamp::MIN)
}

#[async_trait]
impl CallIntents for CallIntentRepository {
    async fn post(&self, intent: CallIntent) -> PortResult<()> {
        let mut write = Write::new();
        write.run("DELETE FROM call_intents WHERE at < ?1", vec![columns::time(earlier(intent.at, KEPT))]);
        write.run(
            "INSERT INTO call_intents (id, call, server, by, command, at, state) VALUES (?1, ?2, ?3, ?4, ?5, ?6, 'posted')",
            vec![
                intent.id.0.into(),
                intent.call.0.into(),
                columns::count(intent.server),
                intent.by.0.into(),
                columns::json("a command", &intent.command)?.into(),
                columns::time(intent.at),
            ],
        );
        let entry = NewEntry::new(Actor::Operator(intent.by), Event::CallCommanded)
            .subject(intent.call.to_string())
            .detail(format!("command={} server={}", intent.command.name(), intent.server));
        write.journal(entry, self.store.now())?;
        match self.store.apply(write).await {
            Ok(()) | Err(StoreError::Clash(_)) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    async fn take(&self, server: u64, now: Timestamp, limit: u32) -> PortResult<Vec<CallIntent>> {
        let sql = "SELECT id, call, server, by, command, at FROM call_intents
                   WHERE server = ?1 AND state = 'posted' ORDER BY at, id LIMIT ?2";
        let posted = self.store.read(sql, vec![columns::count(server), limit.into()], intent).await?;
        let patience = SignedDuration::try_from(INTENT_PATIENCE).unwrap_or(SignedDuration::MAX);
        let mut taken = Vec::with_capacity(posted.len());
        for one in posted {
            if one.at < earlier(now, patience) {
                self.settle(one.id, IntentResult::Failed(CommandError::Expired)).await?;
                continue;
            }
            let mut write = Write::new();
            write.require(
                "the intent",
                "UPDATE call_intents SET state = 'taken' WHERE id = ?1 AND state = 'posted' RETURNING id",
                vec![one.id.0.into()],
            );
            match self.store.apply(write).await {
                Ok(()) => taken.push(one),
                Err(StoreError::Lost(_)) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Ok(taken)
    }

    async fn settle(&self, id: IntentId, result: IntentResult) -> PortResult<()> {
        let mut write = Write::new();
        write.require(
            "the intent",
            "UPDATE call_intents SET state = 'settled', result = COALESCE(result, ?2) WHERE id = ?1 RETURNING id",
            vec![id.0.into(), columns::json("a result", &result)?.into()],
        );
        match self.store.apply(write).await {
            Err(StoreError::Lost(what)) => Err(PortError::NotFound { what }),
            result => Ok(result?),
        }
    }

    async fn result(&self, id: IntentId) -> PortResult<Option<IntentResult>> {
        let sql = "SELECT result FROM call_intents WHERE id = ?1";
        let found = self.store.read(sql, vec![id.0.into()], |row| row.json_if_any("result")).await?.pop();
        Ok(found.flatten())
    }
}

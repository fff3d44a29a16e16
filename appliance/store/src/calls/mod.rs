//! Telephone calls: the desk's [`Calls`] in the database; beside it the promises to ring back and the commands on their way
//! between servers.

mod call_backs;
mod intents;
mod rows;

use async_trait::async_trait;
use desk::call::{Call, Ended, Ending, Recording, Standing};
use desk::ids::{CallId, ConversationId};
use desk::journal::{Actor, Event, NewEntry};
use desk::ports::calls::{CallChange, CallEnd, CallFilter, Calls, StaleRecording};
use desk::ports::{PortError, PortResult};
use jiff::Timestamp;

pub use self::call_backs::CallBackRepository;
pub use self::intents::CallIntentRepository;
use self::rows::{call, put_new, recording_columns, select_calls, stale};
use crate::columns;
use crate::error::{StoreError, StoreResult};
use crate::store::Store;
use crate::write::Write;

/// Calls in the database.
#[derive(Debug, Clone)]
pub struct CallRepository {
    store: Store,
}

impl Store {
    /// Calls in the database.
    #[must_use]
    pub fn calls(&self) -> CallRepository {
        CallRepository { store: self.clone() }
    }
}

/// A row of the journal about `call`: its id, never its number.
fn note(call: CallId, conversation: Option<ConversationId>, event: Event) -> NewEntry {
    let entry = NewEntry::new(Actor::System, event).subject(call.to_string());
    match conversation {
        Some(conversation) => entry.conversation(conversation),
        None => entry,
    }
}

impl CallRepository {
    /// The call as the leader has it: after one's own write, or after a lost one.
    async fn latest(&self, id: CallId) -> PortResult<Call> {
        let found = self.store.read_latest(select_calls!("WHERE id = ?1"), vec![id.0.into()], call).await?.pop();
        found.ok_or(PortError::NotFound { what: "the call" })
    }

    fn ending(&self, call: &Call, end: CallEnd) -> StoreResult<Write> {
        let CallEnd { ended, recording, mut timings, quality } = end;
        timings.truncate(desk::call::MAX_TIMINGS);
        let how = columns::name("an ending", &ended.how)?;
        let [text, blob, keep_until] = recording_columns(&recording)?;
        let mut write = Write::new();
        // A recording that was kept before the end was written stays.
        write.require(
            "the call",
            "UPDATE calls SET ended_at = ?2, ending = ?3, standing = ?4, timings = ?8, quality = ?9,
             recording = CASE WHEN blob IS NOT NULL AND ?6 IS NULL THEN recording ELSE ?5 END,
             keep_until = CASE WHEN blob IS NOT NULL AND ?6 IS NULL THEN keep_until ELSE ?7 END,
             blob = COALESCE(?6, blob)
             WHERE id = ?1 AND ended_at IS NULL RETURNING id",
            vec![
                call.id.0.into(),
                columns::time(ended.at),
                how.clone().into(),
                columns::json("a standing", &Standing::Ended)?.into(),
                text,
                blob,
                keep_until,
                columns::json("timings", &timings)?.into(),
                columns::json("quality", &quality)?.into(),
            ],
        );
        let entry = note(call.id, call.conversation, Event::CallEnded).detail(format!("how={how}"));
        write.journal(entry, self.store.now())?;
        Ok(write)
    }
}

#[async_trait]
impl Calls for CallRepository {
    async fn begin(&self, new: Call) -> PortResult<Call> {
        let mut write = Write::new();
        put_new(&mut write, &new)?;
        let direction = columns::name("a direction", &new.direction)?;
        let entry = note(new.id, new.conversation, Event::CallStarted)
            .detail(format!("server={} direction={direction}", new.server));
        write.journal(entry, self.store.now())?;
        match self.store.apply(write).await {
            Ok(()) => Ok(new),
            Err(StoreError::Clash(_)) => self.latest(new.id).await,
            Err(error) => Err(error.into()),
        }
    }

    async fn change(&self, id: CallId, change: CallChange) -> PortResult<Call> {
        let mut write = Write::new();
        let standing = change.standing.as_ref().map(|standing| columns::json("a standing", standing)).transpose()?;
        let target = change.transferred_to.as_ref().map(|target| columns::json("a target", target)).transpose()?;
        write.require(
            "the call",
            "UPDATE calls SET conversation = COALESCE(?2, conversation), language = COALESCE(?3, language),
             answered_at = COALESCE(?4, answered_at), standing = COALESCE(?5, standing),
             department = COALESCE(?6, department), transferred_to = COALESCE(?7, transferred_to)
             WHERE id = ?1 AND ended_at IS NULL RETURNING id",
            vec![
                id.0.into(),
                columns::uuid_if_any(change.conversation.map(|conversation| conversation.0)),
                change.language.map(|language| language.code().to_owned()).into(),
                columns::time_if_any(change.answered_at),
                standing.into(),
                change.department.clone().map(|department| department.0).into(),
                target.into(),
            ],
        );
        let standing = change.standing.as_ref().map_or("same", Standing::name);
        let entry = note(id, change.conversation, Event::CallChanged).detail(format!("standing={standing}"));
        write.journal(entry, self.store.now())?;
        match self.store.apply(write).await {
            Ok(()) => self.call(id).await,
            Err(StoreError::Lost(what)) => {
                self.latest(id).await?;
                Err(PortError::Conflict { what })
            }
            Err(error) => Err(error.into()),
        }
    }

    async fn end(&self, id: CallId, end: CallEnd) -> PortResult<Call> {
        let before = self.call(id).await?;
        let write = self.ending(&before, end)?;
        match self.store.apply(write).await {
            // As it ended first.
            Ok(()) | Err(StoreError::Lost(_)) => self.latest(id).await,
            Err(error) => Err(error.into()),
        }
    }

    async fn call(&self, id: CallId) -> PortResult<Call> {
        match self.store.read(select_calls!("WHERE id = ?1"), vec![id.0.into()], call).await?.pop() {
            Some(found) => Ok(found),
            None => self.latest(id).await,
        }
    }

    async fn list(&self, filter: CallFilter) -> PortResult<Vec<Call>> {
        let (sql, params) = rows::question(&filter)?;
        Ok(self.store.read(sql, params, call).await?)
    }

    async fn of_conversation(&self, id: ConversationId) -> PortResult<Vec<Call>> {
        let sql = select_calls!("WHERE conversation = ?1 ORDER BY started_at, id");
        Ok(self.store.read(sql, vec![id.0.into()], call).await?)
    }

    async fn attach_recording(&self, id: CallId, recording: Recording) -> PortResult<()> {
        let [text, blob, keep_until] = recording_columns(&recording)?;
        let mut write = Write::new();
        write.require(
            "the call",
            "UPDATE calls SET recording = ?2, blob = ?3, keep_until = ?4 WHERE id = ?1 RETURNING id",
            vec![id.0.into(), text, blob, keep_until],
        );
        let what = match &recording {
            Recording::Kept { bytes, .. } => format!("kept seconds={}", desk::recording::seconds(*bytes)),
            Recording::None { why } => format!("none why={}", columns::name("a reason", why)?),
        };
        write.journal(note(id, None, Event::RecordingChanged).detail(what), self.store.now())?;
        match self.store.apply(write).await {
            Err(StoreError::Lost(what)) => Err(PortError::NotFound { what }),
            result => Ok(result?),
        }
    }

    async fn stale_recordings(&self, now: Timestamp, limit: u32) -> PortResult<Vec<StaleRecording>> {
        let sql =
            "SELECT id, recording FROM calls WHERE blob IS NOT NULL AND keep_until <= ?1 ORDER BY keep_until LIMIT ?2";
        Ok(self.store.read(sql, vec![columns::time(now), limit.into()], stale).await?)
    }

    async fn close_lost(&self, server: u64, before: Timestamp, limit: u32) -> PortResult<Vec<Call>> {
        let sql = select_calls!(
            "WHERE ended_at IS NULL AND server = ?1 AND started_at < ?2 ORDER BY started_at, id LIMIT ?3"
        );
        let params = vec![columns::count(server), columns::time(before), limit.into()];
        let lost = self.store.read_latest(sql, params, call).await?;
        let mut closed = Vec::with_capacity(lost.len());
        for one in lost {
            let end = CallEnd {
                ended: Ended { at: self.store.now(), how: Ending::ServerLost },
                recording: one.recording.clone(),
                timings: one.timings.clone(),
                quality: one.quality,
            };
            closed.push(self.end(one.id, end).await?);
        }
        Ok(closed)
    }
}

//! Notes in the journal who read what. An open page reloads itself often: within a quarter of an hour the same reader of the
//! same thing is noted once.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use desk::ids::{CallId, CaseId, ConversationId, OperatorId};
use desk::journal::{Actor, Event, NewEntry};
use desk::ports::PortResult;
use desk::ports::feed::Feed;
use jiff::{SignedDuration, Timestamp};

/// For so long one note speaks for further looks.
const SPAN: SignedDuration = SignedDuration::from_mins(15);

/// Who looked at what: a conversation or a call, or one of its attachments by digest.
type Look = (OperatorId, uuid::Uuid, Option<String>);

/// What was noted lately by this server.
#[derive(Debug, Default)]
pub(crate) struct Audit {
    noted: Mutex<HashMap<Look, Timestamp>>,
}

impl Audit {
    /// Notes that `operator` sees a conversation, or an attachment of it. Fails rather than show what cannot be noted.
    pub(crate) async fn viewed(
        &self,
        feed: &dyn Feed,
        operator: OperatorId,
        conversation: ConversationId,
        case: Option<CaseId>,
        attachment: Option<&str>,
        now: Timestamp,
    ) -> PortResult<()> {
        let mut entry = NewEntry::new(Actor::Operator(operator), Event::Viewed).conversation(conversation);
        entry.case = case;
        entry.subject = attachment.map(|digest| format!("attachment:{digest}"));
        self.note(feed, (operator, conversation.0, attachment.map(str::to_owned)), entry, now).await
    }

    /// Notes that `operator` sees a call that has no conversation yet.
    pub(crate) async fn viewed_call(
        &self,
        feed: &dyn Feed,
        operator: OperatorId,
        call: CallId,
        now: Timestamp,
    ) -> PortResult<()> {
        let entry = NewEntry::new(Actor::Operator(operator), Event::Viewed).subject(format!("call:{call}"));
        self.note(feed, (operator, call.0, None), entry, now).await
    }

    /// Notes that `operator` hears the recording of a call; a player asks for it in many pieces.
    pub(crate) async fn heard(
        &self,
        feed: &dyn Feed,
        operator: OperatorId,
        call: CallId,
        conversation: Option<ConversationId>,
        now: Timestamp,
    ) -> PortResult<()> {
        let mut entry = NewEntry::new(Actor::Operator(operator), Event::RecordingHeard).subject(call.to_string());
        entry.conversation = conversation;
        self.note(feed, (operator, call.0, Some("recording".to_owned())), entry, now).await
    }

    async fn note(&self, feed: &dyn Feed, look: Look, entry: NewEntry, now: Timestamp) -> PortResult<()> {
        {
            let mut noted = self.noted.lock().unwrap_or_else(PoisonError::into_inner);
            noted.retain(|_, at| now.duration_since(*at) < SPAN);
            if noted.contains_key(&look) {
                return Ok(());
            }
        }
        feed.note(entry).await?;
        self.noted.lock().unwrap_or_else(PoisonError::into_inner).insert(look, now);
        Ok(())
    }
}

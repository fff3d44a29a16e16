//! Notes in the journal who read what. An open page reloads itself often: within a quarter of an hour the same reader of the
//! same thing is noted once.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use desk::ids::{CaseId, ConversationId, OperatorId};
use desk::journal::{Actor, Event, NewEntry};
use desk::ports::PortResult;
use desk::ports::feed::Feed;
use jiff::{SignedDuration, Timestamp};

/// For so long one note speaks for further looks.
const SPAN: SignedDuration = SignedDuration::from_mins(15);

/// Who looked at what: the conversation, or one of its attachments by digest.
type Look = (OperatorId, ConversationId, Option<String>);

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
        let look = (operator, conversation, attachment.map(str::to_owned));
        {
            let mut noted = self.noted.lock().unwrap_or_else(PoisonError::into_inner);
            noted.retain(|_, at| now.duration_since(*at) < SPAN);
            if noted.contains_key(&look) {
                return Ok(());
            }
        }
        let mut entry = NewEntry::new(Actor::Operator(operator), Event::Viewed).conversation(conversation);
        entry.case = case;
        entry.subject = attachment.map(|digest| format!("attachment:{digest}"));
        feed.note(entry).await?;
        self.noted.lock().unwrap_or_else(PoisonError::into_inner).insert(look, now);
        Ok(())
    }
}

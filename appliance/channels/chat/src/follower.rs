//! What a live connection sends: turns as they become durable, who has the conversation, partial sentences, typing.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use desk::ids::ConversationId;
use desk::ports::PortError;
use desk::ports::presence::Typist;
use futures::StreamExt;
use futures::stream::BoxStream;
use serde::Serialize;
use utoipa::ToSchema;

use crate::app::App;
use crate::live::{Signal, Watch};
use crate::view::{ConversationView, TurnView, Viewer};

/// How many turns are loaded at once.
const BATCH: u32 = 100;
/// How long to wait before a failed load is tried again.
const RETRY: Duration = Duration::from_secs(1);

/// Something that a page is told.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(tag = "type", rename_all = "snake_case")]
pub(crate) enum PageEvent {
    /// A turn, durable. On an event stream its number is the event's id.
    Turn {
        /// The turn.
        turn: Box<TurnView>,
    },
    /// Owner, state or case changed, or the connection has just begun.
    Conversation {
        /// How it stands now.
        conversation: Box<ConversationView>,
    },
    /// A piece of an answer that is not complete yet; the whole follows as a turn.
    Partial {
        /// The citizen's turn that is being answered.
        number: u64,
        /// The piece.
        text: String,
    },
    /// A member of staff types.
    Typing {
        /// The name.
        name: String,
    },
    /// A message sent over the socket is durable.
    Received {
        /// The key that it was sent with.
        key: String,
        /// Its number.
        number: u64,
    },
    /// A message sent over the socket was refused.
    Refused {
        /// The key that it was sent with.
        key: String,
        /// Whether sending it again later may succeed.
        again: bool,
        /// What a person is told.
        title: String,
        /// What exactly.
        #[serde(skip_serializing_if = "Option::is_none")]
        detail: Option<String>,
    },
}

impl PageEvent {
    /// The event's name on an event stream.
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::Turn { .. } => "turn",
            Self::Conversation { .. } => "conversation",
            Self::Partial { .. } => "partial",
            Self::Typing { .. } => "typing",
            Self::Received { .. } => "received",
            Self::Refused { .. } => "refused",
        }
    }
}

/// Follows one conversation for one connection. Small while nothing happens: nothing of the conversation is kept but numbers.
pub(crate) struct Follower {
    viewer: Viewer,
    id: ConversationId,
    secret: String,
    watch: Watch,
    typing: BoxStream<'static, Typist>,
    /// The number of the last turn sent.
    last: u64,
    /// What was last told of the conversation: its version and its case's.
    told: Option<(u64, Option<u64>)>,
    /// Something changed that has not been loaded yet.
    stale: bool,
    ready: VecDeque<PageEvent>,
}

impl Follower {
    /// Follows `id`, beginning with the turns after number `last`.
    pub(crate) fn new(viewer: Viewer, id: ConversationId, secret: String, last: u64) -> Self {
        let app: &Arc<App> = &viewer.app;
        // Hear first, load afterwards: nothing falls between.
        let (watch, typing) = (app.live.watch(id), app.parts.presence.follow(id));
        Self { viewer, id, secret, watch, typing, last, told: None, stale: true, ready: VecDeque::new() }
    }

    /// The next event; `None` when the conversation is gone. Safe to be cancelled at any time.
    pub(crate) async fn next(&mut self) -> Option<PageEvent> {
        loop {
            if let Some(event) = self.ready.pop_front() {
                return Some(event);
            }
            // A stream of typing that ended must not be asked again and again; memory goes back when idle.
            self.ready.shrink_to_fit();
            if self.stale {
                match self.load().await {
                    Ok(()) => continue,
                    Err(PortError::NotFound { .. }) => return None,
                    Err(error) => {
                        tracing::debug!(conversation = %self.id, %error, "news could not be loaded; trying again");
                        tokio::time::sleep(RETRY).await;
                        continue;
                    }
                }
            }
            let stop = self.viewer.app.stop.clone();
            tokio::select! {
                signal = self.watch.next() => match signal {
                    Signal::Changed => self.stale = true,
                    Signal::Partial { number, piece } => {
                        self.ready.push_back(PageEvent::Partial { number, text: piece.to_string() });
                    }
                },
                Some(typist) = self.typing.next() => {
                    if let Typist::Operator(id) = typist
                        && let Some(name) = self.viewer.app.operator_name(id).await
                    {
                        self.ready.push_back(PageEvent::Typing { name: name.to_string() });
                    }
                }
                () = stop.cancelled() => return None,
            }
        }
    }

    /// Loads what is new: the conversation if it changed, and the turns after the last sent.
    async fn load(&mut self) -> Result<(), PortError> {
        let conversations = self.viewer.app.parts.conversations.clone();
        let conversation = conversations.conversation(self.id).await?;
        let mut turns = Vec::new();
        if conversation.turns > self.last {
            turns = conversations.turns(self.id, self.last, BATCH).await?;
        }
        let case = match conversation.case {
            Some(id) => Some(self.viewer.app.parts.cases.case(id).await?.version),
            None => None,
        };
        let now = (conversation.version, case);
        let mut view = None;
        if self.told != Some(now) {
            view = Some(self.viewer.conversation(&conversation, &self.secret).await?);
        }
        let feedback = match turns.iter().any(|turn| turn.content.outcome.is_some()) {
            true => conversations.feedback_of(self.id).await?,
            false => Vec::new(),
        };
        let mut events = Vec::with_capacity(turns.len() + 1);
        for turn in &turns {
            let said = feedback.iter().find(|(id, _)| *id == turn.id).map(|(_, feedback)| feedback);
            events.push(PageEvent::Turn { turn: Box::new(self.viewer.turn(turn, said).await) });
        }
        // From here on nothing is awaited: either all of it counts as sent or none.
        if let Some(turn) = turns.last() {
            self.last = turn.number;
        }
        self.stale = turns.len() >= usize::try_from(BATCH).unwrap_or(usize::MAX);
        self.ready.extend(events);
        if let Some(view) = view {
            self.told = Some(now);
            self.ready.push_back(PageEvent::Conversation { conversation: Box::new(view) });
        }
        Ok(())
    }
}

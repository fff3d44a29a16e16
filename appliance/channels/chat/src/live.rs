//! Tells open pages that their conversation changed: one follower of the journal per server, fanned out by conversation.
//!
//! A page is told *that* something changed and loads what is new by number, so that nothing is lost or doubled whoever wrote it
//! and however slow the page is. Partial sentences are the exception: they come from this server only and may be dropped.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use desk::ids::ConversationId;
use desk::ports::cases::Cases;
use desk::ports::feed::{Feed, FeedItem};
use futures::StreamExt;
use tokio::sync::broadcast;

/// How many signals a page may be behind; then it is told to load afresh.
const BEHIND: usize = 8;

/// What a page hears.
#[derive(Debug, Clone)]
pub(crate) enum Signal {
    /// Something durable changed: load what is new.
    Changed,
    /// A piece of the answer to the citizen's turn `number`.
    Partial {
        /// The turn that is being answered.
        number: u64,
        /// The piece.
        piece: Arc<str>,
    },
}

/// Open pages by conversation.
#[derive(Debug, Default)]
pub(crate) struct Live {
    topics: Mutex<HashMap<ConversationId, broadcast::Sender<Signal>>>,
}

/// One page's ear; the conversation is forgotten with its last page.
pub(crate) struct Watch {
    conversation: ConversationId,
    receiver: Option<broadcast::Receiver<Signal>>,
    live: Arc<Live>,
}

impl Live {
    /// Hears of `conversation` from this moment on.
    pub(crate) fn watch(self: &Arc<Self>, conversation: ConversationId) -> Watch {
        let mut topics = self.topics.lock().unwrap_or_else(PoisonError::into_inner);
        let receiver = topics.entry(conversation).or_insert_with(|| broadcast::channel(BEHIND).0).subscribe();
        Watch { conversation, receiver: Some(receiver), live: self.clone() }
    }

    /// Tells the pages of `conversation`.
    pub(crate) fn tell(&self, conversation: ConversationId, signal: Signal) {
        let topics = self.topics.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(topic) = topics.get(&conversation) {
            // No page left: nobody to tell.
            let _ = topic.send(signal);
        }
    }

    fn tell_all(&self) {
        let topics = self.topics.lock().unwrap_or_else(PoisonError::into_inner);
        for topic in topics.values() {
            let _ = topic.send(Signal::Changed);
        }
    }

    /// Follows the journal until it ends.
    pub(crate) async fn run(self: Arc<Self>, feed: Arc<dyn Feed>, cases: Arc<dyn Cases>) {
        let mut rows = feed.follow();
        while let Some(item) = rows.next().await {
            let FeedItem::Entry(row) = item else {
                self.tell_all();
                continue;
            };
            match (row.entry.conversation, row.entry.case) {
                (Some(conversation), _) => self.tell(conversation, Signal::Changed),
                (None, Some(case)) => {
                    if let Ok(case) = cases.case(case).await {
                        self.tell(case.conversation, Signal::Changed);
                    }
                }
                (None, None) => {}
            }
        }
        tracing::debug!("the journal's feed ended");
    }
}

impl Watch {
    /// The next signal. What was missed is one `Changed`.
    pub(crate) async fn next(&mut self) -> Signal {
        match self.receiver.as_mut() {
            Some(receiver) => receiver.recv().await.unwrap_or(Signal::Changed),
            None => std::future::pending().await,
        }
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.receiver = None;
        let mut topics = self.live.topics.lock().unwrap_or_else(PoisonError::into_inner);
        if topics.get(&self.conversation).is_some_and(|topic| topic.receiver_count() == 0) {
            topics.remove(&self.conversation);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn pages_hear_of_their_own_conversation_only() {
        let live = Arc::new(Live::default());
        let (mine, other) = (ConversationId::new(), ConversationId::new());
        let mut watch = live.watch(mine);
        live.tell(other, Signal::Changed);
        live.tell(mine, Signal::Partial { number: 1, piece: "Da.".into() });
        assert!(matches!(watch.next().await, Signal::Partial { .. }));
    }

    #[tokio::test]
    async fn a_page_that_fell_behind_loads_afresh() {
        let live = Arc::new(Live::default());
        let conversation = ConversationId::new();
        let mut watch = live.watch(conversation);
        for _ in 0..=BEHIND + 4 {
            live.tell(conversation, Signal::Partial { number: 1, piece: "…".into() });
        }
        assert!(matches!(watch.next().await, Signal::Changed));
    }

    #[tokio::test]
    async fn a_conversation_without_pages_takes_no_memory() {
        let live = Arc::new(Live::default());
        let conversation = ConversationId::new();
        let (first, second) = (live.watch(conversation), live.watch(conversation));
        drop(first);
        assert_eq!(live.topics.lock().unwrap().len(), 1);
        drop(second);
        assert!(live.topics.lock().unwrap().is_empty());
    }
}

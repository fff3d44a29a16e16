//! Who is typing where: told to whoever looks at the same conversation, forgotten within seconds, never written.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use futures::StreamExt;
use futures::channel::mpsc;
use futures::stream::BoxStream;

use crate::ids::{ConversationId, OperatorId};

/// For how long a sign of typing holds without another.
pub const TYPING_SECONDS: u64 = 6;
/// How many signs a slow follower may be behind before the newest are dropped; a dropped sign is no loss.
const BEHIND: usize = 8;

/// Who types.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Typist {
    /// The citizen of the conversation.
    Citizen,
    /// A member of staff.
    Operator(OperatorId),
}

/// Passes signs of typing between the open pages of one conversation.
pub trait Presence: Send + Sync {
    /// `who` is typing in `conversation` now.
    fn typing(&self, conversation: ConversationId, who: Typist);

    /// Every sign of typing in `conversation` from this moment on.
    fn follow(&self, conversation: ConversationId) -> BoxStream<'static, Typist>;
}

/// Presence among the pages that this process serves. A page served by another server of a cluster sees no sign, and misses
/// nothing that counts.
#[derive(Debug, Default)]
pub struct LocalPresence {
    followers: Mutex<HashMap<ConversationId, Vec<mpsc::Sender<Typist>>>>,
}

impl Presence for LocalPresence {
    fn typing(&self, conversation: ConversationId, who: Typist) {
        let mut followers = self.followers.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(senders) = followers.get_mut(&conversation) {
            senders.retain_mut(|sender| !matches!(sender.try_send(who), Err(error) if error.is_disconnected()));
            if senders.is_empty() {
                followers.remove(&conversation);
            }
        }
    }

    fn follow(&self, conversation: ConversationId) -> BoxStream<'static, Typist> {
        let (sender, receiver) = mpsc::channel(BEHIND);
        let mut followers = self.followers.lock().unwrap_or_else(PoisonError::into_inner);
        let senders = followers.entry(conversation).or_default();
        senders.retain(|sender| !sender.is_closed());
        senders.push(sender);
        receiver.boxed()
    }
}

#[cfg(test)]
mod tests {
    use futures::executor::block_on;

    use super::*;

    #[test]
    fn a_sign_reaches_those_who_look_at_the_same_conversation() {
        let presence = LocalPresence::default();
        let (here, elsewhere) = (ConversationId::new(), ConversationId::new());
        let mut follower = presence.follow(here);
        presence.typing(elsewhere, Typist::Citizen);
        presence.typing(here, Typist::Citizen);
        assert_eq!(block_on(follower.next()), Some(Typist::Citizen));
    }

    #[test]
    fn a_follower_who_left_is_forgotten() {
        let presence = LocalPresence::default();
        let conversation = ConversationId::new();
        drop(presence.follow(conversation));
        presence.typing(conversation, Typist::Citizen);
        assert!(presence.followers.lock().unwrap().is_empty());
    }
}

//! Calls whose place another may take: a desk phone that puts a colleague, or the caller whom it consulted about, in its own
//! stead (RFC 3891, RFC 5589 §7).

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use signalling::CallName;
use tokio::sync::mpsc;

use crate::people::Person;

/// Whoever asks to be put in the place of a call, or for what is at its other end.
pub(crate) enum Swap {
    /// This one takes the place of the person who has the call.
    With(Box<Person>),
    /// Whoever is at the other end is wanted elsewhere.
    Give(tokio::sync::oneshot::Sender<Person>),
}

/// All such calls of a server.
#[derive(Default)]
pub(crate) struct Places {
    holders: Mutex<HashMap<CallName, mpsc::Sender<Swap>>>,
}

/// A call's place; it is gone when this is dropped.
pub(crate) struct Place {
    places: Arc<Places>,
    name: CallName,
    wanted: mpsc::Receiver<Swap>,
}

impl Places {
    /// The place of the call `name`.
    pub(crate) fn enter(self: &Arc<Self>, name: CallName) -> Place {
        let (holder, wanted) = mpsc::channel(1);
        self.holders.lock().unwrap_or_else(PoisonError::into_inner).insert(name.clone(), holder);
        Place { places: Arc::clone(self), name, wanted }
    }

    /// Whether the place of the call `name` can be taken.
    pub(crate) fn knows(&self, name: &CallName) -> bool {
        self.holders.lock().unwrap_or_else(PoisonError::into_inner).contains_key(name)
    }

    /// Asks for the place of the call `name`.
    ///
    /// # Errors
    /// The wish itself, where the call is not there or is being asked already.
    pub(crate) fn ask(&self, name: &CallName, swap: Swap) -> Result<(), Swap> {
        let holders = self.holders.lock().unwrap_or_else(PoisonError::into_inner);
        match holders.get(name) {
            Some(holder) => holder.try_send(swap).map_err(mpsc::error::TrySendError::into_inner),
            None => Err(swap),
        }
    }
}

impl Place {
    /// The next wish. Cancel safe.
    pub(crate) async fn wanted(&mut self) -> Swap {
        match self.wanted.recv().await {
            Some(swap) => swap,
            // The sender lives in the register for as long as this does.
            None => std::future::pending().await,
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.places.holders.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.name);
    }
}

//! Who computes and who waits: a model's slots and the bounded queue before them.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use protocol::Class;
use tokio::sync::oneshot;

/// Why a request does not get a slot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// As many wait as may wait.
    Full {
        /// When it is worth asking again.
        retry_after: Duration,
    },
    /// Its deadline would pass, or has passed, while it waits.
    TooLate {
        /// When it is worth asking again.
        retry_after: Duration,
    },
    /// The model was unloaded meanwhile.
    Closed,
}

/// A model's slots. The most urgent class goes first; within a class, who came first.
#[derive(Debug)]
pub(crate) struct Admission {
    state: Mutex<State>,
    slots: u32,
    longest_queue: usize,
}

#[derive(Debug)]
struct State {
    active: u32,
    queues: [VecDeque<oneshot::Sender<Permit>>; Class::ALL.len()],
    closed: bool,
    /// How long a request holds a slot, smoothed.
    typical: Duration,
}

/// A slot; dropping it gives it to the next.
#[derive(Debug)]
pub(crate) struct Permit {
    admission: Arc<Admission>,
    since: Instant,
}

/// How many compute and wait.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Load {
    pub(crate) active: u32,
    pub(crate) queued: u32,
}

impl Admission {
    pub(crate) fn new(slots: u32, longest_queue: usize) -> Arc<Self> {
        let state = State { active: 0, queues: Default::default(), closed: false, typical: Duration::from_millis(500) };
        Arc::new(Self { state: Mutex::new(state), slots: slots.max(1), longest_queue })
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn load(&self) -> Load {
        let state = self.state();
        Load { active: state.active, queued: u32::try_from(state.waiting()).unwrap_or(u32::MAX) }
    }

    /// Waits for a slot until `deadline`. Dropping the future gives up the place in the queue.
    pub(crate) async fn admit(self: &Arc<Self>, class: Class, deadline: Instant) -> Result<Permit, Refusal> {
        let waiting = {
            let mut state = self.state();
            if state.closed {
                return Err(Refusal::Closed);
            }
            if state.active < self.slots {
                state.active += 1;
                return Ok(Permit { admission: Arc::clone(self), since: Instant::now() });
            }
            let ahead = state.ahead_of(class);
            let wait = state.wait_behind(ahead, self.slots);
            if state.waiting() >= self.longest_queue {
                return Err(Refusal::Full { retry_after: wait });
            }
            if Instant::now() >= deadline {
                return Err(Refusal::TooLate { retry_after: wait });
            }
            let (sender, receiver) = oneshot::channel();
            state.queues[class as usize].push_back(sender);
            receiver
        };
        match tokio::time::timeout_at(deadline.into(), waiting).await {
            Ok(Ok(permit)) => Ok(permit),
            Ok(Err(_)) => Err(Refusal::Closed),
            Err(_) => {
                let state = self.state();
                let ahead = state.ahead_of(class);
                Err(Refusal::TooLate { retry_after: state.wait_behind(ahead, self.slots) })
            }
        }
    }

    /// Takes nobody any more and sends the waiting away.
    pub(crate) fn close(&self) {
        let mut state = self.state();
        state.closed = true;
        state.queues = Default::default();
    }

    /// Gives a slot that became free to the most urgent who still waits.
    fn release(self: &Arc<Self>, held: Duration) {
        let next = {
            let mut state = self.state();
            state.typical = (state.typical * 7 + held) / 8;
            state.active -= 1;
            let next = state.next();
            state.active += u32::from(next.is_some());
            next
        };
        if let Some(next) = next {
            // Whoever left at this very moment drops the permit, which releases the slot again.
            drop(next.send(Permit { admission: Arc::clone(self), since: Instant::now() }));
        }
    }
}

impl State {
    fn next(&mut self) -> Option<oneshot::Sender<Permit>> {
        while let Some(next) = self.queues.iter_mut().find_map(VecDeque::pop_front) {
            if !next.is_closed() {
                return Some(next);
            }
        }
        None
    }

    fn waiting(&self) -> usize {
        self.queues.iter().flatten().filter(|waiting| !waiting.is_closed()).count()
    }

    fn ahead_of(&self, class: Class) -> usize {
        self.queues[..=class as usize].iter().flatten().filter(|waiting| !waiting.is_closed()).count()
    }

    fn wait_behind(&self, ahead: usize, slots: u32) -> Duration {
        let rounds = u32::try_from(ahead + 1).unwrap_or(u32::MAX).div_ceil(slots);
        self.typical.saturating_mul(rounds)
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        self.admission.release(self.since.elapsed());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn soon() -> Instant {
        Instant::now() + Duration::from_secs(60)
    }

    async fn queued(admission: &Arc<Admission>, class: Class) -> tokio::task::JoinHandle<Result<Permit, Refusal>> {
        let before = admission.load().queued;
        let task = tokio::spawn({
            let admission = Arc::clone(admission);
            async move { admission.admit(class, soon()).await }
        });
        while admission.load().queued == before {
            tokio::task::yield_now().await;
        }
        task
    }

    #[tokio::test]
    async fn a_call_goes_before_a_letter_that_came_first() {
        let admission = Admission::new(1, 8);
        let held = admission.admit(Class::Batch, soon()).await.unwrap();
        let letter = queued(&admission, Class::Mail).await;
        let call = queued(&admission, Class::Voice).await;
        drop(held);
        let speaking = call.await.unwrap().unwrap();
        assert!(!letter.is_finished());
        drop(speaking);
        drop(letter.await.unwrap().unwrap());
        assert_eq!(admission.load(), Load::default());
    }

    #[tokio::test]
    async fn a_full_queue_refuses_and_says_when_to_come_back() {
        let admission = Admission::new(1, 1);
        let _held = admission.admit(Class::Chat, soon()).await.unwrap();
        let _waiting = queued(&admission, Class::Chat).await;
        let refused = admission.admit(Class::Voice, soon()).await.unwrap_err();
        assert!(matches!(refused, Refusal::Full { retry_after } if retry_after > Duration::ZERO));
    }

    #[tokio::test]
    async fn whoever_leaves_the_queue_takes_no_slot_along() {
        let admission = Admission::new(1, 8);
        let held = admission.admit(Class::Chat, soon()).await.unwrap();
        let leaver = queued(&admission, Class::Chat).await;
        let stayer = queued(&admission, Class::Chat).await;
        leaver.abort();
        assert!(leaver.await.unwrap_err().is_cancelled());
        drop(held);
        drop(stayer.await.unwrap().unwrap());
        assert_eq!(admission.load(), Load::default());
    }

    #[tokio::test]
    async fn a_deadline_ends_the_wait() {
        let admission = Admission::new(1, 8);
        let _held = admission.admit(Class::Chat, soon()).await.unwrap();
        let at_once = admission.admit(Class::Chat, Instant::now()).await.unwrap_err();
        assert!(matches!(at_once, Refusal::TooLate { .. }));
        let later = admission.admit(Class::Chat, Instant::now() + Duration::from_millis(5)).await.unwrap_err();
        assert!(matches!(later, Refusal::TooLate { .. }));
        assert_eq!(admission.load(), Load { active: 1, queued: 0 });
    }

    #[tokio::test]
    async fn an_unloaded_model_sends_the_waiting_away() {
        let admission = Admission::new(1, 8);
        let _held = admission.admit(Class::Chat, soon()).await.unwrap();
        let waiting = queued(&admission, Class::Chat).await;
        admission.close();
        assert_eq!(waiting.await.unwrap().unwrap_err(), Refusal::Closed);
        assert_eq!(admission.admit(Class::Voice, soon()).await.unwrap_err(), Refusal::Closed);
    }
}

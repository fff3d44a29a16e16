//! Live transcription that survives its node: a session goes through the dispatcher of live streams to a replica, keeps a
//! second one warm, and moves there when the first fails, falls silent or is to be emptied. The client notices a pause.
//!
//! The sound of turns that are not written down is kept ([`kept`]) and heard again at the new home; what the client was told
//! already is not told again ([`story`]). A connection to the second home ([`standby`]) is open before it is needed, with the
//! settings of the session known, and takes no place among the live streams there before its first sound.

mod home;
mod kept;
mod standby;
mod story;

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures::StreamExt;
use policy::{SessionKey, Standing};
use reqwest_websocket::Message;
use serde::Deserialize;
use serde_json::Value;
use tokio::sync::mpsc;
use tokio::time::{Instant, MissedTickBehavior};

use crate::client::Call;
use crate::dispatch::Order;
use crate::error::chain;
use crate::gateway::Nodes;
use home::Home;
pub(crate) use home::ListenError;
pub(crate) use kept::Form;
use kept::Kept;
use standby::Standby;
use story::{Heard, Story};

/// How often it is looked whether the replica is well and the standby there.
const LOOK: Duration = Duration::from_millis(100);
/// How long a session looks for a new home.
const HOMELESS: Duration = Duration::from_secs(10);
/// How long a node may take to write down what was said last.
const LAST_WORDS: Duration = Duration::from_secs(60);
/// The pause between two attempts.
const AGAIN: Duration = Duration::from_millis(100);
/// How long a client may be too slow to take what it is told.
const SLOW: Duration = Duration::from_secs(5);
/// Settings that are remembered for a new home; they are made before the first sound.
const MOST_SETTINGS: usize = 16;
/// What a node is told when all was sent.
const COMMIT: &str = r#"{"type":"input_audio_buffer.commit"}"#;

/// What is asked for.
#[derive(Debug, Clone)]
pub(crate) struct Wish {
    pub(crate) model: String,
    pub(crate) call: Call,
    pub(crate) form: Form,
    pub(crate) rate: Option<u32>,
    pub(crate) session: SessionKey,
    /// Whether another server has passed it on.
    pub(crate) passed_on: bool,
}

/// What a client says.
#[derive(Debug)]
pub(crate) enum Said {
    Sound(Bytes),
    /// An event that is for the node.
    Event(String),
    /// No more sound will come.
    End,
}

/// A session at its home.
pub(crate) struct Listening {
    nodes: Arc<Nodes>,
    wish: Wish,
    home: Home,
    standby: Standby,
    kept: Kept,
    story: Story,
    settings: Vec<String>,
    /// When the client said that nothing more comes.
    ended: Option<Instant>,
}

/// What happened.
enum Next {
    Said(Option<Said>),
    Node(Option<Result<Message, reqwest_websocket::Error>>),
    Order(Order),
    Look,
}

/// What is to be done then.
enum Then {
    GoOn,
    /// The session is over.
    Over,
    /// To another home, for this reason; `suspect`: the connection broke.
    Move {
        why: &'static str,
        suspect: bool,
    },
}

/// The part of a `session.update` that changes how the sound is written.
#[derive(Deserialize)]
struct Update {
    session: Settings,
}

#[derive(Deserialize)]
struct Settings {
    input_audio_format: Option<Form>,
}

impl Listening {
    /// Finds a home for the session.
    ///
    /// # Errors
    /// [`ListenError`] where there is none, or a node refuses what is asked.
    pub(crate) async fn open(nodes: Arc<Nodes>, wish: Wish) -> Result<Self, ListenError> {
        let home = home::find(&nodes, &wish, &mut Standby::default()).await?;
        let kept = Kept::new(wish.form, wish.rate);
        let (standby, story) = (Standby::default(), Story::default());
        Ok(Self { nodes, wish, home, standby, kept, story, settings: Vec::new(), ended: None })
    }

    /// Listens until the client leaves or all that it sent is written down.
    ///
    /// # Errors
    /// [`ListenError`] where no node can go on.
    pub(crate) async fn run(
        mut self,
        mut said: mpsc::Receiver<Said>,
        told: mpsc::Sender<String>,
    ) -> Result<(), ListenError> {
        let _counted = Counted::new();
        let mut look = tokio::time::interval(LOOK);
        look.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            let Home { socket, ticket, .. } = &mut self.home;
            let next = tokio::select! {
                next = said.recv(), if self.ended.is_none() => Next::Said(next),
                event = socket.next() => Next::Node(event),
                order = home::order(ticket.as_mut()) => Next::Order(order),
                () = self.standby.tend() => continue,
                _ = look.tick() => Next::Look,
                () = self.nodes.stop.cancelled() => Next::Said(None),
            };
            let then = match next {
                // The client has left, or this server stops.
                Next::Said(None) => Then::Over,
                Next::Said(Some(said)) => self.pass_on(said).await,
                Next::Node(event) => self.hear(event, &told).await,
                Next::Order(Order::Lost | Order::Reject { .. }) => Then::Move { why: "lost", suspect: false },
                Next::Order(_) => Then::GoOn,
                Next::Look => self.look(),
            };
            match then {
                Then::GoOn => {}
                Then::Over => {
                    self.home.leave();
                    return Ok(());
                }
                Then::Move { why, suspect } => self.change_home(why, suspect).await?,
            }
        }
    }

    /// The client said something.
    async fn pass_on(&mut self, said: Said) -> Then {
        let message = match said {
            Said::Sound(sound) => {
                self.kept.push(sound.clone());
                if self.story.is_quiet() {
                    self.kept.quiet();
                }
                Message::Binary(sound)
            }
            Said::Event(event) => {
                if let Ok(update) = serde_json::from_str::<Update>(&event)
                    && self.settings.len() < MOST_SETTINGS
                {
                    if let Some(form) = update.session.input_audio_format {
                        self.kept = Kept::new(form, None);
                    }
                    self.settings.push(event.clone());
                }
                Message::Text(event)
            }
            Said::End => {
                self.ended = Some(Instant::now());
                Message::Text(COMMIT.to_owned())
            }
        };
        match self.home.send(message).await {
            Ok(()) => Then::GoOn,
            Err(why) => Then::Move { why, suspect: true },
        }
    }

    /// The node said something, or is gone.
    async fn hear(
        &mut self,
        event: Option<Result<Message, reqwest_websocket::Error>>,
        told: &mpsc::Sender<String>,
    ) -> Then {
        let text = match event {
            Some(Ok(Message::Text(text))) => text,
            Some(Ok(Message::Close { .. })) | None if self.ended.is_some() && self.story.is_quiet() => {
                return Then::Over;
            }
            Some(Ok(Message::Close { .. })) => return Then::Move { why: "closed", suspect: false },
            Some(Ok(_)) => return Then::GoOn,
            Some(Err(_)) | None => return Then::Move { why: "broke_off", suspect: true },
        };
        let Ok(event) = serde_json::from_str::<Value>(&text) else { return Then::GoOn };
        let event = match self.story.hear(event) {
            Heard::Known => return Then::GoOn,
            Heard::Tell(event) => event,
            Heard::Written { event, until_ms } => {
                if let Some(until_ms) = until_ms {
                    self.kept.forget_before(until_ms);
                }
                event
            }
            Heard::Failed(message) => {
                tracing::warn!(node = self.home.node(), message, "a live session failed at its node");
                return Then::Move { why: "failed", suspect: false };
            }
        };
        match told.send_timeout(event.to_string(), SLOW).await {
            Ok(()) => Then::GoOn,
            // Who does not take it has left.
            Err(_) => Then::Over,
        }
    }

    /// Looks after the replica and the standby.
    fn look(&mut self) -> Then {
        if self.ended.is_some_and(|ended| ended.elapsed() >= LAST_WORDS) {
            tracing::warn!("a node did not end a session whose client has nothing more to say");
            return Then::Over;
        }
        let Some(replica) = self.home.replica() else { return Then::GoOn };
        let Some(model) = self.nodes.live.get(&self.wish.model) else { return Then::GoOn };
        let second = model.other_home(self.wish.session, replica.id);
        let movable = second.is_some();
        self.standby.keep(second, &self.wish.call);
        match model.standing(replica.id) {
            Some(Standing::Serving | Standing::Returning) => Then::GoOn,
            // It may still speak; between two turns the move costs nothing.
            Some(Standing::AdmitsNothing | Standing::Draining) if movable && self.story.is_quiet() => {
                Then::Move { why: "emptied", suspect: false }
            }
            Some(Standing::AdmitsNothing | Standing::Draining) => Then::GoOn,
            _ if movable => Then::Move { why: "silent", suspect: false },
            _ => Then::GoOn,
        }
    }

    /// Goes on at another home, where the turns that are not written down are heard again.
    async fn change_home(&mut self, why: &'static str, suspect: bool) -> Result<(), ListenError> {
        let began = Instant::now();
        let from = self.home.node().to_owned();
        self.home.give_up(suspect);
        loop {
            let found = home::find(&self.nodes, &self.wish, &mut self.standby).await;
            let left = HOMELESS.saturating_sub(began.elapsed());
            let error = match found {
                Ok(home) => {
                    self.home = home;
                    match self.say_again().await {
                        Ok(()) => break,
                        Err(why) => {
                            self.home.give_up(true);
                            ListenError::BrokeOff(why)
                        }
                    }
                }
                Err(error) => error,
            };
            if left.is_zero() {
                return Err(error);
            }
            tokio::time::sleep(AGAIN.min(left)).await;
        }
        let seconds = began.elapsed().as_secs_f64();
        metrics::counter!("sfetnic_live_moves_total", "model" => self.wish.model.clone(), "why" => why).increment(1);
        metrics::histogram!("sfetnic_live_move_seconds").record(seconds);
        tracing::warn!(from, to = self.home.node(), why, seconds, "a live session moved");
        Ok(())
    }

    /// Tells a new home what the one before it was told and had not written down.
    async fn say_again(&mut self) -> Result<(), &'static str> {
        for settings in &self.settings {
            self.home.send(Message::Text(settings.clone())).await?;
        }
        let (from_ms, pieces) = self.kept.again();
        self.story.moved(from_ms, self.settings.len());
        for piece in pieces {
            self.home.send(Message::Binary(piece)).await?;
        }
        if self.ended.is_some() {
            self.home.send(Message::Text(COMMIT.to_owned())).await?;
        }
        Ok(())
    }
}

/// Counts a session for as long as it lasts.
struct Counted;

impl Counted {
    fn new() -> Self {
        metrics::gauge!("sfetnic_live_sessions").increment(1.0);
        Self
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        metrics::gauge!("sfetnic_live_sessions").decrement(1.0);
    }
}

/// An error with its causes, as a client is told it in the middle of a session.
pub(crate) fn last_event(error: &ListenError) -> String {
    let error =
        serde_json::json!({ "message": chain(error), "type": "server_error", "param": null, "code": "node_lost" });
    serde_json::json!({ "type": "error", "error": error }).to_string()
}

//! The telephone, running: what it is made of, and what goes on beside its calls.

use std::sync::Arc;
use std::time::Duration;

use desk::call::{NotRecorded, Recording};
use desk::journal::Event;
use desk::ports::calls::{CallFilter, CallScope};
use desk::ports::feed::FeedItem;
use desk::ports::live_calls::{CallAbilities, IntentResult, LiveCalls};
use desk::ports::{PortError, PortResult};
use dialogue::{Menus, Prompts};
use futures::StreamExt;
use jiff::{SignedDuration, Timestamp};
use media::Media;
use signalling::{Endpoint, SipConfig, Transport};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::house::{House, PhoneParts};
use crate::live::LiveBoard;
use crate::shelf::Shelf;
use crate::waiting::WaitingRoom;
use crate::{arrivals, call_backs, music};

/// How long a stop waits for goodbyes to be acknowledged.
const GOODBYES: Duration = Duration::from_secs(3);
/// How many of the calls that a dead server left are closed in one round.
const LEFT_BEHIND: u32 = 256;
/// A call that another server has had for longer was lost with that server.
const ABANDONED: SignedDuration = SignedDuration::from_hours(6);
/// How many intents are taken at once.
const INTENTS: u32 = 32;
/// How many recordings are erased in one round.
const STALE: u32 = 64;

/// Why the telephone does not start.
#[derive(Debug, thiserror::Error)]
pub enum PhoneError {
    /// Signalling.
    #[error("failed to start the telephone's signalling")]
    Signalling(#[from] signalling::StartError),
    /// The sound.
    #[error("failed to start the telephone's sound")]
    Media(#[from] media::MediaError),
    /// The configuration contradicts itself, or this machine.
    #[error("the telephone's configuration: {0}")]
    Config(String),
    /// The folder of rendered prompts.
    #[error("failed to make the folder of prompts `{path}`")]
    Prompts {
        /// The folder.
        path: camino::Utf8PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// The music of waiting.
    #[error("failed to make the music of waiting")]
    Music,
    /// The guides, of which the menus are made.
    #[error("failed to read the guides")]
    Guides(#[source] PortError),
}

/// The telephone. Clones are the same.
#[derive(Clone)]
pub struct Phone {
    house: Arc<House>,
}

impl PhoneError {
    /// Whether somebody else has the address where it is to listen.
    #[must_use]
    pub fn is_about_an_address(&self) -> bool {
        matches!(self, Self::Signalling(signalling::StartError::Listen { .. }))
    }
}

impl Phone {
    /// Starts to take calls.
    ///
    /// # Errors
    /// [`PhoneError`].
    pub async fn start(parts: PhoneParts) -> Result<Self, PhoneError> {
        describe();
        parts.config.check().map_err(PhoneError::Config)?;
        let path = parts.folder.join("prompts");
        let menus = menus(&parts).await.map_err(PhoneError::Guides)?;
        let prompts = Prompts::new(&parts.config.dialogue.institution, menus);
        let shelf = Shelf::open(path.clone(), prompts).map_err(|source| PhoneError::Prompts { path, source })?;
        // Computed beside the rest of the start.
        let music = tokio::task::spawn_blocking(|| Arc::new(music::bars()));
        let media = Media::start(parts.config.media.clone())?;
        let sip = SipConfig { stands_by: parts.clustered, ..parts.config.sip.clone() };
        let (endpoint, invitations) = Endpoint::start(sip).await?;
        let abilities = CallAbilities {
            telephone: true,
            supervision: parts.config.supervision,
            transfer_to_numbers: parts.config.transfer_to_numbers,
        };
        let house = Arc::new(House {
            departments: Arc::new(parts.departments.clone()),
            calendar: Arc::new(parts.calendar.clone()),
            settings: Arc::new(parts.config.dialogue.clone()),
            media,
            endpoint,
            shelf: Arc::new(shelf),
            live: Arc::new(LiveBoard::new(abilities)),
            waiting: WaitingRoom::default(),
            places: Arc::default(),
            music: music.await.map_err(|_| PhoneError::Music)?,
            tasks: TaskTracker::new(),
            stop: CancellationToken::new(),
            parts,
        });
        let phone = Self { house };
        phone.close_lost().await;
        let house = &phone.house;
        let keeping = Arc::clone(&house.shelf).keep(Arc::clone(&house.parts.speech), house.stop.clone());
        house.tasks.spawn(keeping);
        house.tasks.spawn(follow(Arc::clone(house)));
        house.tasks.spawn(figures(Arc::clone(house)));
        // Ends with signalling, which ends last.
        tokio::spawn(arrivals::take(Arc::clone(house), invitations));
        Ok(phone)
    }

    /// Where it listens.
    #[must_use]
    pub fn addresses(&self) -> Vec<(Transport, std::net::SocketAddr)> {
        self.house.endpoint.local_addresses()
    }

    /// The calls that go on, for the console.
    #[must_use]
    pub fn live(&self) -> Arc<dyn LiveCalls> {
        Arc::clone(&self.house.live) as _
    }

    /// How signalling stands: exchanges, extensions.
    pub async fn signalling(&self) -> signalling::Status {
        self.house.endpoint.status().await
    }

    /// How many fixed texts are ready to be said, and how many there are.
    #[must_use]
    pub fn prompts(&self) -> (usize, usize) {
        self.house.shelf.progress()
    }

    /// Dials the call-backs that are due; whoever calls it holds the lease of `epoch`.
    ///
    /// # Errors
    /// When they cannot be read.
    pub async fn dial_due(&self, epoch: u64) -> PortResult<usize> {
        call_backs::dial_due(&self.house, epoch).await
    }

    /// Of all servers, this one is known to trunks and desk phones for `term`; whoever calls it holds the telephone's lease, and
    /// calls again before the term is over.
    pub async fn on_duty(&self, term: Duration) {
        self.house.endpoint.on_duty(term).await;
    }

    /// Ends, in the record, the calls of servers that are gone: older than calls are. Whoever calls it holds a lease.
    ///
    /// # Errors
    /// When they cannot be read.
    pub async fn close_abandoned(&self) -> PortResult<usize> {
        let parts = &self.house.parts;
        let before = parts.time.now().saturating_sub(ABANDONED).unwrap_or(Timestamp::MIN);
        let live =
            CallFilter { scope: CallScope::Live, until: Some(before), limit: LEFT_BEHIND, ..CallFilter::default() };
        let mut servers: Vec<u64> = parts.calls.list(live).await?.into_iter().map(|call| call.server).collect();
        servers.sort_unstable();
        servers.dedup();
        let mut closed = 0;
        // This server knows its own.
        for server in servers.into_iter().filter(|server| *server != parts.server) {
            closed += parts.calls.close_lost(server, before, LEFT_BEHIND).await?.len();
        }
        Ok(closed)
    }

    /// Erases the recordings whose time is over. Returns how many.
    ///
    /// # Errors
    /// When they cannot be read or marked.
    pub async fn erase_stale_recordings(&self) -> PortResult<usize> {
        let parts = &self.house.parts;
        let stale = parts.calls.stale_recordings(parts.time.now(), STALE).await?;
        for recording in &stale {
            for part in &recording.parts {
                parts.attachments.forget(part).await?;
            }
            let erased = Recording::None { why: NotRecorded::Erased };
            parts.calls.attach_recording(recording.call, erased).await?;
        }
        Ok(stale.len())
    }

    /// Ends, in the record, the calls that this server had when it died.
    async fn close_lost(&self) {
        let parts = &self.house.parts;
        match parts.calls.close_lost(parts.server, parts.time.now(), LEFT_BEHIND).await {
            Ok(lost) if lost.is_empty() => {}
            Ok(lost) => tracing::warn!(calls = lost.len(), "calls were lost when this server last ended"),
            Err(error) => tracing::warn!(%error, "the calls of this server's last run could not be closed"),
        }
    }

    /// Takes no more calls, says goodbye to those that go on, and stops.
    pub async fn stop(&self) {
        let house = &self.house;
        house.stop.cancel();
        house.tasks.close();
        drop(tokio::time::timeout(GOODBYES, house.tasks.wait()).await);
        house.endpoint.stop(GOODBYES).await;
        let media = house.media.clone();
        drop(tokio::task::spawn_blocking(move || media.stop()).await);
    }
}

async fn menus(parts: &PhoneParts) -> PortResult<Menus> {
    let knowledge = parts.articles.snapshot().await?;
    Ok(Menus::new(&knowledge.guides, &parts.departments))
}

/// Follows the journal: guides that change make new menus, and commands given on other servers are carried out.
async fn follow(house: Arc<House>) {
    let mut rows = house.parts.feed.follow();
    loop {
        let item = tokio::select! {
            item = rows.next() => item,
            () = house.stop.cancelled() => return,
        };
        let Some(item) = item else { return };
        let (guides, intents) = match &item {
            FeedItem::Entry(row) => (row.entry.event == Event::GuideChanged, row.entry.event == Event::CallCommanded),
            // Something was missed: look at everything.
            _ => (true, true),
        };
        if guides {
            match menus(&house.parts).await {
                Ok(menus) => house.shelf.replace(Prompts::new(&house.settings.institution, menus)),
                Err(error) => tracing::warn!(%error, "the menus could not be made anew"),
            }
        }
        if intents {
            carry_out(&house).await;
        }
    }
}

/// Carries out what was commanded on other servers.
async fn carry_out(house: &Arc<House>) {
    let parts = &house.parts;
    let taken = match parts.intents.take(parts.server, parts.time.now(), INTENTS).await {
        Ok(taken) => taken,
        Err(error) => {
            tracing::warn!(%error, "commands of other servers could not be taken");
            return;
        }
    };
    for intent in taken {
        let house = Arc::clone(house);
        house.tasks.clone().spawn(async move {
            let result = match house.live.command(intent.call, intent.by, intent.command).await {
                Ok(()) => IntentResult::Done,
                Err(error) => IntentResult::Failed(error),
            };
            if let Err(error) = house.parts.intents.settle(intent.id, result).await {
                tracing::warn!(%error, "what became of a command could not be written");
            }
        });
    }
}

/// Tells the metrics how the telephone stands, every few seconds.
async fn figures(house: Arc<House>) {
    const EVERY: Duration = Duration::from_secs(5);
    loop {
        let figures = house.media.figures();
        let status = house.endpoint.status().await;
        #[expect(clippy::cast_precision_loss, reason = "far below 2^52")]
        {
            metrics::gauge!("sfetnic_phone_lines").set(figures.lines as f64);
            metrics::gauge!("sfetnic_phone_send_delay_p99_seconds").set(figures.send_delay_p99.as_secs_f64());
            metrics::counter!("sfetnic_phone_packets_skipped_total").absolute(figures.skipped);
            metrics::counter!("sfetnic_phone_packets_sent_total").absolute(figures.packets_sent);
            metrics::counter!("sfetnic_phone_packets_received_total").absolute(figures.packets_received);
            for peer in status.peers {
                metrics::gauge!("sfetnic_phone_peer_up", "peer" => peer.name).set(f64::from(u8::from(peer.up)));
            }
        }
        tokio::select! {
            () = tokio::time::sleep(EVERY) => {}
            () = house.stop.cancelled() => return,
        }
    }
}

fn describe() {
    use metrics::{describe_counter, describe_gauge, describe_histogram};
    describe_counter!("sfetnic_phone_calls_offered_total", "Calls that came in");
    describe_counter!("sfetnic_phone_calls_answered_total", "Calls that were answered, by direction");
    describe_counter!("sfetnic_phone_calls_ended_total", "Calls that ended, by how");
    describe_counter!("sfetnic_phone_full_house_total", "Calls for which there was no room");
    describe_counter!("sfetnic_phone_false_interruptions_total", "Pauses after which it went on");
    describe_counter!("sfetnic_phone_not_understood_total", "What was said and not understood well enough to act on");
    describe_counter!("sfetnic_phone_danger_total", "Calls in which words of danger were heard");
    describe_counter!("sfetnic_phone_keypad_total", "Calls that went on by keypad");
    describe_counter!("sfetnic_phone_people_joined_total", "Calls that a person took");
    describe_counter!(
        "sfetnic_phone_call_backs_total",
        "Call-backs that were dialled, by whether the citizen was reached"
    );
    describe_counter!(
        "sfetnic_phone_frames_not_taken_total",
        "Sound of callers that a node did not take in time, in frames"
    );
    describe_counter!("sfetnic_phone_packets_skipped_total", "Packets not sent because their time had passed");
    describe_counter!("sfetnic_phone_packets_sent_total", "RTP packets sent");
    describe_counter!("sfetnic_phone_packets_received_total", "RTP packets received");
    describe_gauge!("sfetnic_phone_calls", "Calls that go on");
    describe_gauge!("sfetnic_phone_lines", "Lines that are open");
    describe_gauge!("sfetnic_phone_send_delay_p99_seconds", "How late 99 of 100 packets were sent at most");
    describe_gauge!("sfetnic_phone_prompts_missing", "Fixed texts that are not rendered yet");
    describe_gauge!("sfetnic_phone_peer_up", "Whether an exchange answers");
    describe_histogram!(
        "sfetnic_phone_end_of_turn_seconds",
        "From the end of a caller's voice to the decision that he has finished"
    );
    describe_histogram!(
        "sfetnic_phone_first_sound_seconds",
        "From the end of a caller's voice to the first sound of the answer"
    );
    describe_histogram!(
        "sfetnic_phone_interruption_decided_seconds",
        "From a caller's voice to the decision that he interrupts"
    );
    describe_histogram!(
        "sfetnic_phone_silenced_seconds",
        "From that decision to the last packet of what was being said"
    );
    describe_histogram!("sfetnic_phone_call_seconds", "How long calls last");
    describe_histogram!("sfetnic_phone_person_seconds", "How long people speak with citizens");
}

//! Telemetry that plays a story from a file: for tests, and for demonstrations on machines without a GPU
//! (`inference-node serve --telemetry FILE`).
//!
//! The file is TOML (or JSON with the same fields). The GPUs as they are at the start, with the fields of
//! [`GpuSample`](protocol::gpu::GpuSample); whatever is left out is something that this card does not offer:
//!
//! ```toml
//! about = "A card gets too hot and recovers"
//! repeat_after_seconds = 120           # optional: then from the start again
//! driver = { driver_version = "580.95.05", cuda_version = "13.0" }
//!
//! [[gpu]]
//! index = 0
//! name = "NVIDIA H200"
//! vram = { total_bytes = 150_000_000_000, used_bytes = 0, free_bytes = 150_000_000_000 }
//! thermal = { gpu_celsius = 40, slowdown_celsius = 92 }
//! ```
//!
//! Then what happens, in the order of time. A step changes only what it names:
//!
//! ```toml
//! [[step]]
//! at_seconds = 30
//! gpu = [{ index = 0, thermal = { gpu_celsius = 95 } }]   # these fields change
//! # gpu = [{ index = 0, without = ["thermal.gpu_celsius"] }]  # the card no longer tells these
//! # xid = [{ gpu = 0, code = 79 }]     # the driver reports an XID error
//! # lost = [0]                         # these cards no longer answer …
//! # found = [0]                        # … and do again
//! # driver = "not-loaded"              # the driver is gone; also library-missing, version-mismatch, failing, … ; "running" again
//! ```
//!
//! A field that does not exist is an error, with its path: a story with a slip of the pen would prove nothing.

mod file;

use std::path::Path;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use protocol::gpu::{DriverFault, GpuEvent, GpuEventKind, GpuId, Source};
use tracing::warn;

use crate::telemetry::{Delivery, EventSink, Reading, Telemetry};
use crate::watcher::now;

pub use file::ScriptError;

/// The pause while the channel is full.
const WHILE_FULL: Duration = Duration::from_millis(20);

/// A story of GPUs.
#[derive(Debug)]
pub struct Script {
    /// By time; the first is at zero.
    frames: Vec<Frame>,
    repeat_after: Option<Duration>,
    started: Option<Instant>,
    player: Option<Player>,
}

/// What holds from a moment on, and what happens at it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Frame {
    /// Since the start of the story.
    pub(crate) at: Duration,
    pub(crate) reading: Result<Reading, DriverFault>,
    pub(crate) events: Vec<(Option<GpuId>, GpuEventKind)>,
}

impl Script {
    /// The story in the file at `path`: JSON if its name ends so, else TOML.
    ///
    /// # Errors
    /// The file cannot be read, or is no story.
    pub fn open(path: &Path) -> Result<Self, ScriptError> {
        let text = std::fs::read_to_string(path)
            .map_err(|source| ScriptError::Read { path: path.display().to_string(), source })?;
        if path.extension().is_some_and(|extension| extension == "json") {
            Self::from_json(&text)
        } else {
            Self::from_toml(&text)
        }
    }

    /// The story in TOML.
    ///
    /// # Errors
    /// The text is no story.
    pub fn from_toml(text: &str) -> Result<Self, ScriptError> {
        file::from_toml(text).map(Self::from_story)
    }

    /// The story in JSON.
    ///
    /// # Errors
    /// The text is no story.
    pub fn from_json(text: &str) -> Result<Self, ScriptError> {
        file::from_json(text).map(Self::from_story)
    }

    fn from_story((frames, repeat_after): (Vec<Frame>, Option<Duration>)) -> Self {
        Self { frames, repeat_after, started: None, player: None }
    }

    /// The frames one after the other, for who keeps the time himself.
    #[cfg(test)]
    pub(crate) fn frames(&self) -> &[Frame] {
        &self.frames
    }

    /// What holds at this time since the start.
    fn at(&self, elapsed: Duration) -> Option<&Frame> {
        let within = within(elapsed, self.repeat_after);
        self.frames.iter().take_while(|frame| frame.at <= within).last()
    }

    fn started(&mut self) -> Instant {
        *self.started.get_or_insert_with(Instant::now)
    }
}

impl Telemetry for Script {
    fn source(&self) -> Source {
        Source::Script
    }

    fn read(&mut self) -> Result<Reading, DriverFault> {
        let elapsed = self.started().elapsed();
        match self.at(elapsed) {
            Some(frame) => frame.reading.clone(),
            None => Ok(Reading { versions: Default::default(), gpus: Vec::new() }),
        }
    }

    fn listen(&mut self, sink: EventSink) {
        self.player = None;
        let started = self.started();
        let events: Vec<_> = self
            .frames
            .iter()
            .flat_map(|frame| frame.events.iter().map(|(gpu, kind)| (frame.at, gpu.clone(), *kind)))
            .collect();
        if !events.is_empty() {
            self.player = Player::start(events, self.repeat_after, started, sink);
        }
    }

    fn release(&mut self) {}
}

fn within(elapsed: Duration, repeat_after: Option<Duration>) -> Duration {
    match repeat_after {
        Some(length) if !length.is_zero() => Duration::from_nanos((elapsed.as_nanos() % length.as_nanos()) as u64),
        _ => elapsed,
    }
}

type Timed = (Duration, Option<GpuId>, GpuEventKind);

/// A thread that delivers the events of a story at their time.
#[derive(Debug)]
struct Player {
    stop: Option<SyncSender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Player {
    fn start(events: Vec<Timed>, repeat_after: Option<Duration>, started: Instant, sink: EventSink) -> Option<Self> {
        let (stop, stopped) = sync_channel(1);
        let run = move || play(&events, repeat_after, started, &sink, &stopped);
        match std::thread::Builder::new().name("gpu-story".to_owned()).spawn(run) {
            Ok(thread) => Some(Self { stop: Some(stop), thread: Some(thread) }),
            Err(error) => {
                warn!(%error, "failed to start the thread that plays GPU events; the story goes without them");
                None
            }
        }
    }
}

impl Drop for Player {
    fn drop(&mut self) {
        self.stop = None;
        if self.thread.take().is_some_and(|thread| thread.join().is_err()) {
            warn!("the thread that plays GPU events panicked");
        }
    }
}

fn play(events: &[Timed], repeat_after: Option<Duration>, started: Instant, sink: &EventSink, stopped: &Receiver<()>) {
    let ended = |pause| stopped.recv_timeout(pause) != Err(RecvTimeoutError::Timeout);
    let mut round = Duration::ZERO;
    loop {
        for (at, gpu, kind) in events {
            if ended((round + *at).saturating_sub(started.elapsed())) {
                return;
            }
            let event = GpuEvent { gpu: gpu.clone(), at_unix_ms: now(), kind: *kind };
            loop {
                match sink.deliver(event.clone()) {
                    Delivery::Taken => break,
                    Delivery::Closed => return,
                    Delivery::Full if ended(WHILE_FULL) => return,
                    Delivery::Full => {}
                }
            }
        }
        match repeat_after {
            Some(length) if !length.is_zero() => round += length,
            _ => return,
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may fail")]

    use super::*;
    use crate::telemetry::GpuReading;

    const STORY: &str = r#"
        about = "Gets warm"
        repeat_after_seconds = 100
        driver = { driver_version = "580.95.05" }
        [[gpu]]
        index = 0
        name = "NVIDIA H200"
        thermal = { gpu_celsius = 40, slowdown_celsius = 92 }
        power = { draw_milliwatts = 75_000 }
        [[step]]
        at_seconds = 30
        gpu = [{ index = 0, thermal = { gpu_celsius = 95 }, without = ["power.draw_milliwatts"] }]
        xid = [{ gpu = 0, code = 13 }]
        [[step]]
        at_seconds = 60
        driver = "not-loaded"
    "#;

    fn celsius(frame: &Frame) -> Option<u32> {
        match frame.reading.as_ref().ok()?.gpus.first()? {
            GpuReading::Here(sample) => sample.thermal.gpu_celsius,
            GpuReading::Lost { .. } => None,
        }
    }

    #[test]
    fn a_step_changes_what_it_names_and_nothing_else() {
        let script = Script::from_toml(STORY).unwrap();
        let warm = script.at(Duration::from_secs(45)).unwrap();
        let GpuReading::Here(sample) = warm.reading.as_ref().unwrap().gpus.first().unwrap() else { panic!("lost") };
        assert_eq!((sample.thermal.gpu_celsius, sample.thermal.slowdown_celsius), (Some(95), Some(92)));
        assert_eq!(sample.power.draw_milliwatts, None);
        assert_eq!(warm.events, [(Some(sample.id.clone()), GpuEventKind::Xid { xid: 13 })]);
    }

    #[test]
    fn a_story_that_repeats_begins_again() {
        let script = Script::from_toml(STORY).unwrap();
        assert_eq!(script.at(Duration::from_secs(130)), script.at(Duration::from_secs(30)));
        assert_eq!(celsius(script.at(Duration::from_secs(105)).unwrap()), Some(40));
        assert!(script.at(Duration::from_secs(75)).unwrap().reading.is_err());
    }

    #[test]
    fn json_tells_the_same_story() {
        let value: serde_json::Value = toml::from_str(STORY).unwrap();
        let json = Script::from_json(&value.to_string()).unwrap();
        assert_eq!(json.frames(), Script::from_toml(STORY).unwrap().frames());
    }

    #[test]
    fn slips_of_the_pen_are_named() {
        for (text, said) in [
            ("[[gpu]]\nindex = 0\nthermal = { gpu_celcius = 40 }", "thermal.gpu_celcius"),
            ("[[gpu]]\nindex = 0\nnvlinks = [{ link = 0, up = true }]", "nvlinks[0].up"),
            ("[[gpu]]\nname = \"x\"", "index"),
            ("[[gpu]]\nindex = 0\n[[gpu]]\nindex = 0", "twice"),
            ("[[step]]\nat_seconds = 1\nlost = [3]", "GPU 3"),
            ("[[step]]\nat_seconds = 9\n[[step]]\nat_seconds = 3", "order"),
            ("[[step]]\nat_seconds = 9\nxids = []", "xids"),
            ("[[gpu]]\nindex = 0\nvram = { total_bytes = \"much\" }", "GPU 0"),
        ] {
            let error = Script::from_toml(text).unwrap_err();
            let whole =
                format!("{error}: {}", std::error::Error::source(&error).map(ToString::to_string).unwrap_or_default());
            assert!(whole.contains(said), "{whole}");
        }
    }

    #[test]
    fn a_missing_file_is_a_clear_error() {
        let error = Script::open(Path::new("/nowhere/story.toml")).unwrap_err();
        assert!(error.to_string().contains("/nowhere/story.toml"), "{error}");
    }
}

//! The thread that watches the GPUs: reads on time, at once when the driver reports an event, and again with growing pauses while
//! the driver is gone.
//!
//! NVML blocks, and on a sick card it blocks for long; a thread of its own keeps that from the node's tasks. What it knows last can
//! be had at any time without waiting; who wants to hear of changes subscribes. A reading that is stuck shows as
//! [`WatchHandle::is_stale`].

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant, SystemTime};

use protocol::gpu::{Driver, DriverFault, DriverFaultKind, GpuEvent, GpuId, Snapshot, UnixMillis};
use tokio::sync::watch;
use tracing::warn;

use crate::backoff::Backoff;
use crate::inspector::Inspector;
use crate::nvml::fault::advice;
use crate::policy::Policy;
use crate::telemetry::{EventSink, Telemetry};

/// Signals on their way to the thread. When it is full, a listener keeps its event and tries again; a command is refused.
const CHANNEL: usize = 256;
/// How long the end of the thread is waited for; a reading may be stuck in the driver.
const END: Duration = Duration::from_secs(5);

/// The moment by this machine's clock.
pub(crate) fn now() -> UnixMillis {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    UnixMillis(u64::try_from(since.as_millis()).unwrap_or(u64::MAX))
}

/// How often to read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WatchSettings {
    /// Between two readings.
    pub interval: Duration,
    /// While the driver is gone.
    pub backoff: Backoff,
    /// How long [`Watcher::start`] waits for the first reading.
    pub first_reading: Duration,
}

impl Default for WatchSettings {
    /// Every second; a driver that is gone is asked after 1 s, then ever less often, at least once a minute.
    fn default() -> Self {
        Self {
            interval: Duration::from_secs(1),
            backoff: Backoff::new(Duration::from_secs(1), Duration::from_secs(60)),
            first_reading: Duration::from_secs(10),
        }
    }
}

/// Why the GPUs are not watched.
#[derive(Debug, thiserror::Error)]
pub enum WatchError {
    /// The system gave no thread.
    #[error("failed to start the thread that watches the GPUs")]
    Thread(#[source] std::io::Error),
    /// A command could not be handed over, because the thread is stuck in the driver or has ended.
    #[error("the thread that watches the GPUs takes no commands: a reading is stuck in the driver, or it has ended")]
    Stuck,
}

/// What the thread wakes up for.
#[derive(Debug)]
pub(crate) enum Signal {
    /// The driver reported something.
    Event(GpuEvent),
    /// Read at once.
    Read,
    /// This GPU was reset.
    Reset(GpuId),
    /// Let the driver go.
    Release,
    /// Take it up again.
    Resume,
}

/// Starts watching.
#[derive(Debug)]
pub struct Watcher;

impl Watcher {
    /// Watches the GPUs that `telemetry` reads, until the handle is dropped. Returns after the first reading, or, if the driver
    /// is stuck, without it.
    ///
    /// # Errors
    /// [`WatchError::Thread`].
    pub fn start(
        telemetry: Box<dyn Telemetry>,
        settings: WatchSettings,
        policy: Policy,
    ) -> Result<WatchHandle, WatchError> {
        let (signals, received) = sync_channel(CHANNEL);
        let (ended, end) = sync_channel(1);
        let (first, first_read) = sync_channel(1);
        let source = telemetry.source();
        let silent = Snapshot {
            source,
            taken_unix_ms: now(),
            revision: 0,
            driver: Driver::Missing(DriverFault {
                kind: DriverFaultKind::Failing,
                detail: "the GPU driver has not answered yet".to_owned(),
                advice: advice(DriverFaultKind::Failing).to_owned(),
            }),
            gpus: Vec::new(),
        };
        let (published, snapshots) = watch::channel(Arc::new(silent));
        let ours = Arc::new(Mutex::new(BTreeSet::new()));
        let stopping = Arc::new(AtomicBool::new(false));
        let watching = Watching {
            telemetry,
            inspector: Inspector::new(source, policy),
            settings,
            received,
            published,
            ours: Arc::clone(&ours),
            released: false,
            stopping: Arc::clone(&stopping),
        };
        let sink = EventSink(signals.clone());
        let run = move || {
            watching.run(sink, &first);
            let _ = ended.send(());
        };
        let thread =
            std::thread::Builder::new().name("gpu-watcher".to_owned()).spawn(run).map_err(WatchError::Thread)?;
        let _ = first_read.recv_timeout(settings.first_reading);
        Ok(WatchHandle { signals, snapshots, ours, stopping, end, thread: Some(thread), interval: settings.interval })
    }
}

/// Holds the thread that watches; ends it when dropped.
#[derive(Debug)]
pub struct WatchHandle {
    signals: SyncSender<Signal>,
    snapshots: watch::Receiver<Arc<Snapshot>>,
    ours: Arc<Mutex<BTreeSet<u32>>>,
    stopping: Arc<AtomicBool>,
    end: Receiver<()>,
    thread: Option<JoinHandle<()>>,
    interval: Duration,
}

impl WatchHandle {
    /// The last snapshot, without waiting.
    #[must_use]
    pub fn latest(&self) -> Arc<Snapshot> {
        Arc::clone(&self.snapshots.borrow())
    }

    /// Every snapshot from now on (the last one only, if the receiver is slow). Who wants news alone compares
    /// [`Snapshot::revision`].
    #[must_use]
    pub fn subscribe(&self) -> watch::Receiver<Arc<Snapshot>> {
        self.snapshots.clone()
    }

    /// Whether the last snapshot is so old that a reading must be stuck in the driver. While the driver is gone or released,
    /// snapshots are rare and never stale.
    #[must_use]
    pub fn is_stale(&self) -> bool {
        let latest = self.snapshots.borrow();
        let limit = (self.interval * 5).max(Duration::from_secs(30));
        matches!(latest.driver, Driver::Running(_))
            && u128::from(now().millis_since(latest.taken_unix_ms)) > limit.as_millis()
    }

    /// From the next reading on the processes with these ids are the node's own: its workers.
    pub fn set_ours(&self, pids: BTreeSet<u32>) {
        match self.ours.lock() {
            Ok(mut ours) => *ours = pids,
            Err(poisoned) => *poisoned.into_inner() = pids,
        }
    }

    /// Reads at once.
    ///
    /// # Errors
    /// [`WatchError::Stuck`].
    pub fn read_now(&self) -> Result<(), WatchError> {
        self.tell(Signal::Read)
    }

    /// Lets the driver go, because no GPU can be reset while somebody holds it open. Readings stand still until [`Self::resume`].
    ///
    /// # Errors
    /// [`WatchError::Stuck`].
    pub fn release(&self) -> Result<(), WatchError> {
        self.tell(Signal::Release)
    }

    /// Takes the driver up again after [`Self::release`].
    ///
    /// # Errors
    /// [`WatchError::Stuck`].
    pub fn resume(&self) -> Result<(), WatchError> {
        self.tell(Signal::Resume)
    }

    /// This GPU was reset: what stood against it until then no longer does.
    ///
    /// # Errors
    /// [`WatchError::Stuck`].
    pub fn note_reset(&self, gpu: GpuId) -> Result<(), WatchError> {
        self.tell(Signal::Reset(gpu))
    }

    /// Stops watching and waits for the thread.
    pub fn stop(self) {
        drop(self);
    }

    fn tell(&self, signal: Signal) -> Result<(), WatchError> {
        self.signals.try_send(signal).map_err(|error| match error {
            TrySendError::Full(_) | TrySendError::Disconnected(_) => WatchError::Stuck,
        })
    }
}

impl Drop for WatchHandle {
    fn drop(&mut self) {
        self.stopping.store(true, Ordering::SeqCst);
        // Wakes the thread up; if the channel is full it is about to wake up anyway.
        let _ = self.signals.try_send(Signal::Read);
        // Not joined at once: a reading that is stuck in the driver must not keep the process from ending.
        if self.end.recv_timeout(END) == Err(RecvTimeoutError::Timeout) {
            warn!("the thread that watches the GPUs is stuck in the driver and is left behind");
        } else if self.thread.take().is_some_and(|thread| thread.join().is_err()) {
            warn!("the thread that watches the GPUs panicked");
        }
    }
}

/// The thread's own things.
struct Watching {
    telemetry: Box<dyn Telemetry>,
    inspector: Inspector,
    settings: WatchSettings,
    received: Receiver<Signal>,
    published: watch::Sender<Arc<Snapshot>>,
    ours: Arc<Mutex<BTreeSet<u32>>>,
    released: bool,
    stopping: Arc<AtomicBool>,
}

impl Watching {
    fn run(mut self, sink: EventSink, first: &SyncSender<()>) {
        self.telemetry.listen(sink);
        let mut due = Instant::now() + self.read();
        let _ = first.send(());
        loop {
            let awaited = self.received.recv_timeout(due.saturating_duration_since(Instant::now()));
            let mut at_once = false;
            let signals: Vec<Signal> = match awaited {
                // All that waits is taken together: a burst of events costs one reading.
                Ok(signal) => std::iter::once(signal).chain(self.received.try_iter()).collect(),
                Err(RecvTimeoutError::Timeout) => {
                    at_once = true;
                    Vec::new()
                }
                Err(RecvTimeoutError::Disconnected) => return,
            };
            if self.stopping.load(Ordering::SeqCst) {
                return;
            }
            for signal in signals {
                at_once = true;
                match signal {
                    Signal::Event(event) => self.inspector.note(&event),
                    Signal::Read => {}
                    Signal::Reset(gpu) => self.inspector.note_reset(&gpu),
                    Signal::Release => self.released = true,
                    Signal::Resume => self.released = false,
                }
            }
            if at_once {
                due = Instant::now() + self.read();
            }
        }
    }

    /// Reads, judges and publishes; the pause until the next time.
    fn read(&mut self) -> Duration {
        let ours = match self.ours.lock() {
            Ok(ours) => ours.clone(),
            Err(poisoned) => poisoned.into_inner().clone(),
        };
        self.inspector.set_ours(ours);
        let (snapshot, pause) = if self.released {
            self.telemetry.release();
            (self.inspector.released(now()), self.settings.interval)
        } else {
            let reading = self.telemetry.read();
            let pause = if reading.is_ok() {
                self.settings.backoff.succeeded();
                self.settings.interval
            } else {
                self.settings.backoff.failed().max(self.settings.interval)
            };
            (self.inspector.observe(now(), reading), pause)
        };
        self.published.send_replace(Arc::new(snapshot));
        pause
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may fail")]

    use std::sync::atomic::AtomicUsize;

    use protocol::gpu::{DriverVersions, GpuEventKind, GpuSample, Health, Source};

    use super::*;
    use crate::telemetry::{Delivery, GpuReading, Reading};

    /// A driver that fails its first `failures` readings and shows how often it was read and released.
    #[derive(Default)]
    struct Driver {
        failures: usize,
        reads: Arc<AtomicUsize>,
        releases: Arc<AtomicUsize>,
        sink: Arc<Mutex<Option<EventSink>>>,
    }

    impl Telemetry for Driver {
        fn source(&self) -> Source {
            Source::Script
        }

        fn read(&mut self) -> Result<Reading, DriverFault> {
            if self.reads.fetch_add(1, Ordering::SeqCst) < self.failures {
                let kind = DriverFaultKind::NotLoaded;
                return Err(DriverFault { kind, detail: "not loaded".to_owned(), advice: advice(kind).to_owned() });
            }
            let sample = GpuSample { id: GpuId("GPU-1".to_owned()), ..GpuSample::default() };
            Ok(Reading { versions: DriverVersions::default(), gpus: vec![GpuReading::Here(Box::new(sample))] })
        }

        fn listen(&mut self, sink: EventSink) {
            *self.sink.lock().unwrap() = Some(sink);
        }

        fn release(&mut self) {
            self.releases.fetch_add(1, Ordering::SeqCst);
        }
    }

    /// Readings so rare that none comes by itself during a test.
    fn rarely() -> WatchSettings {
        let hour = Duration::from_secs(3_600);
        WatchSettings { interval: hour, backoff: Backoff::new(hour, hour), first_reading: hour }
    }

    fn wait_for(handle: &WatchHandle, wanted: impl FnMut(&Arc<Snapshot>) -> bool) -> Arc<Snapshot> {
        let mut snapshots = handle.subscribe();
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async { snapshots.wait_for(wanted).await.unwrap().clone() })
    }

    #[test]
    fn an_event_is_judged_at_once_and_not_with_the_next_reading() {
        let driver = Driver::default();
        let sink = Arc::clone(&driver.sink);
        let handle = Watcher::start(Box::new(driver), rarely(), Policy::built_in().unwrap()).unwrap();
        let before = handle.latest();
        assert_eq!(before.worst(), Health::Ok);
        let event =
            GpuEvent { gpu: Some(GpuId("GPU-1".to_owned())), at_unix_ms: now(), kind: GpuEventKind::Xid { xid: 79 } };
        let delivery = sink.lock().unwrap().as_ref().unwrap().deliver(event);
        assert_eq!(delivery, Delivery::Taken);
        let after = wait_for(&handle, |snapshot| snapshot.worst() == Health::NeedsReset);
        assert!(after.revision > before.revision);
        assert!(!handle.is_stale());
        handle.stop();
    }

    #[test]
    fn a_driver_that_is_missing_at_first_is_found_later() {
        let driver = Driver { failures: 2, ..Driver::default() };
        let short = Duration::from_millis(1);
        let settings = WatchSettings { backoff: Backoff::new(short, short), interval: short, ..rarely() };
        let handle = Watcher::start(Box::new(driver), settings, Policy::built_in().unwrap()).unwrap();
        let found = wait_for(&handle, |snapshot| matches!(snapshot.driver, protocol::gpu::Driver::Running(_)));
        assert_eq!(found.gpus.len(), 1);
    }

    #[test]
    fn a_story_reports_its_xids_at_their_time() {
        let story = "[[gpu]]\nindex = 0\n[[step]]\nat_seconds = 0\nxid = [{ gpu = 0, code = 95 }]";
        let script = crate::script::Script::from_toml(story).unwrap();
        let handle = Watcher::start(Box::new(script), rarely(), Policy::built_in().unwrap()).unwrap();
        let told = wait_for(&handle, |snapshot| snapshot.worst() == Health::NeedsReset);
        assert_eq!(told.gpus[0].xids[0].xid, 95);
    }

    #[test]
    fn a_released_driver_is_not_read_until_it_is_taken_up_again() {
        let driver = Driver::default();
        let (reads, releases) = (Arc::clone(&driver.reads), Arc::clone(&driver.releases));
        let handle = Watcher::start(Box::new(driver), rarely(), Policy::built_in().unwrap()).unwrap();
        handle.release().unwrap();
        wait_for(&handle, |snapshot| snapshot.driver == protocol::gpu::Driver::Released);
        handle.read_now().unwrap();
        assert_eq!(reads.load(Ordering::SeqCst), 1);
        handle.note_reset(GpuId("GPU-1".to_owned())).unwrap();
        handle.resume().unwrap();
        wait_for(&handle, |snapshot| matches!(snapshot.driver, protocol::gpu::Driver::Running(_)));
        assert!(releases.load(Ordering::SeqCst) >= 1);
        assert!(reads.load(Ordering::SeqCst) >= 2);
    }
}

//! GPU memory, set aside before a model is loaded and never promised twice.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use protocol::gpu::{GpuReport, Health, Presence, Snapshot, Source};
use protocol::{GpuLoad, HeldMemory};
use tokio::sync::watch;

/// What is set aside, beside what the driver says is in use.
pub(super) struct Ledger {
    gpus: watch::Receiver<Arc<Snapshot>>,
    reserved: Mutex<BTreeMap<u64, Reserved>>,
    next: Mutex<u64>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Reserved {
    model: String,
    gpu: u32,
    bytes: u64,
    /// The process that fills it, once there is one.
    pid: Option<u32>,
    /// Whether that process has taken all that it needs.
    filled: bool,
}

/// Memory that is set aside until this is dropped.
pub(crate) struct Reservation {
    ledger: Arc<Ledger>,
    number: u64,
    /// The GPU.
    pub(super) gpu: u32,
}

impl fmt::Debug for Reservation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "GPU {}", self.gpu)
    }
}

/// Why no GPU has room.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum NoRoom {
    /// There is no GPU.
    NoGpu,
    /// There is none of the number that was chosen; says which there are.
    NoSuchGpu(String),
    /// None has enough, or not the one that was chosen; says how much each one has.
    TooSmall(String),
}

impl Ledger {
    pub(super) fn new(gpus: watch::Receiver<Arc<Snapshot>>) -> Self {
        Self { gpus, reserved: Mutex::default(), next: Mutex::new(0) }
    }

    fn reserved(&self) -> MutexGuard<'_, BTreeMap<u64, Reserved>> {
        self.reserved.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Sets `bytes` aside for a model: on the chosen GPU, or on the healthy one that is left with the least room, so that the
    /// largest gap stays for a larger model.
    pub(super) fn reserve(
        self: &Arc<Self>,
        model: &str,
        bytes: u64,
        chosen: Option<u32>,
    ) -> Result<Reservation, NoRoom> {
        let snapshot = Arc::clone(&self.gpus.borrow());
        let mut reserved = self.reserved();
        let gpu = fit(&snapshot, &reserved, bytes, chosen)?;
        let number = {
            let mut next = self.next.lock().unwrap_or_else(PoisonError::into_inner);
            *next += 1;
            *next
        };
        reserved.insert(number, Reserved { model: model.to_owned(), gpu, bytes, pid: None, filled: false });
        Ok(Reservation { ledger: Arc::clone(self), number, gpu })
    }

    /// Whether the GPUs are those of a recorded story: memory is set aside on them, and the processor computes.
    pub(super) fn rehearses(&self) -> bool {
        self.gpus.borrow().source == Source::Script
    }

    /// How each GPU is doing.
    pub(super) fn loads(&self) -> Vec<GpuLoad> {
        let snapshot = Arc::clone(&self.gpus.borrow());
        let reserved = self.reserved();
        let load = |report: &GpuReport| {
            let vram = report.sample.vram.unwrap_or_default();
            let here = reserved.values().filter(|one| one.gpu == report.sample.index);
            GpuLoad {
                index: report.sample.index,
                vram_total_bytes: vram.total_bytes,
                vram_free_bytes: vram.free_bytes,
                vram_available_bytes: available(&snapshot, report, &reserved),
                health: report.health.verdict,
                held: here
                    .map(|one| HeldMemory {
                        model: one.model.clone(),
                        set_aside_bytes: one.bytes,
                        used_bytes: taken(&snapshot, report, one),
                    })
                    .collect(),
            }
        };
        snapshot.gpus.iter().map(load).collect()
    }
}

impl Reservation {
    /// Says which process fills it: what that process has taken already is not counted a second time.
    pub(super) fn filled_by(&self, pid: Option<u32>) {
        if let Some(reserved) = self.ledger.reserved().get_mut(&self.number) {
            reserved.pid = pid;
        }
    }

    /// The process has loaded its model: from now on the driver must know of it.
    pub(super) fn filled(&self) {
        if let Some(reserved) = self.ledger.reserved().get_mut(&self.number) {
            reserved.filled = true;
        }
    }
}

impl Drop for Reservation {
    fn drop(&mut self) {
        self.ledger.reserved().remove(&self.number);
    }
}

/// What the process of a reservation has taken of it. `None` where the driver knows no such process though it has loaded its
/// model, as in a container with process numbers of its own.
fn taken(snapshot: &Snapshot, report: &GpuReport, reserved: &Reserved) -> Option<u64> {
    let Some(pid) = reserved.pid else { return Some(0) };
    let processes = report.sample.processes.as_deref().unwrap_or_default();
    let mut own = processes.iter().filter(|process| process.pid == pid).peekable();
    let untold = own.peek().is_none() && reserved.filled && snapshot.source == Source::Nvml;
    (!untold).then(|| own.filter_map(|process| process.vram_bytes).sum())
}

/// Memory that may still be promised: what is free, less what is promised and not yet taken.
fn available(snapshot: &Snapshot, report: &GpuReport, reserved: &BTreeMap<u64, Reserved>) -> u64 {
    let free = report.sample.vram.as_ref().map_or(0, |vram| vram.free_bytes);
    let outstanding: u64 = reserved
        .values()
        .filter(|one| one.gpu == report.sample.index)
        .map(|one| one.bytes.saturating_sub(taken(snapshot, report, one).unwrap_or(one.bytes)))
        .sum();
    free.saturating_sub(outstanding)
}

fn fit(
    snapshot: &Snapshot,
    reserved: &BTreeMap<u64, Reserved>,
    bytes: u64,
    chosen: Option<u32>,
) -> Result<u32, NoRoom> {
    if snapshot.gpus.is_empty() {
        return Err(NoRoom::NoGpu);
    }
    let among = || snapshot.gpus.iter().filter(|report| chosen.is_none_or(|gpu| gpu == report.sample.index));
    if let (Some(gpu), None) = (chosen, among().next()) {
        let there_are: Vec<String> = snapshot.gpus.iter().map(|report| report.sample.index.to_string()).collect();
        return Err(NoRoom::NoSuchGpu(format!("there is no GPU {gpu}; there are: {}", there_are.join(", "))));
    }
    let usable = |report: &&GpuReport| report.presence == Presence::Here && report.health.verdict == Health::Ok;
    let fits = among()
        .filter(usable)
        .map(|report| (available(snapshot, report, reserved), report.sample.index))
        .filter(|(room, _)| *room >= bytes);
    fits.min().map(|(_, index)| index).ok_or_else(|| {
        let rooms: Vec<String> = among()
            .map(|report| {
                let room = available(snapshot, report, reserved);
                match (&report.presence, report.health.verdict) {
                    (Presence::Here, Health::Ok) => format!("GPU {} has {}", report.sample.index, gib(room)),
                    _ => format!("GPU {} is not healthy", report.sample.index),
                }
            })
            .collect();
        NoRoom::TooSmall(format!("it needs {} of GPU memory; {}", gib(bytes), rooms.join(", ")))
    })
}

#[expect(clippy::cast_precision_loss, reason = "shown to people with one decimal")]
fn gib(bytes: u64) -> String {
    format!("{:.1} GiB", bytes as f64 / f64::from(1 << 30))
}

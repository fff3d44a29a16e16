//! GPU memory, set aside before a model is loaded and never promised twice.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use protocol::GpuLoad;
use protocol::gpu::{GpuReport, Health, Presence, Snapshot};
use tokio::sync::watch;

/// What is set aside, beside what the driver says is in use.
pub(super) struct Ledger {
    gpus: watch::Receiver<Arc<Snapshot>>,
    reserved: Mutex<BTreeMap<u64, Reserved>>,
    next: Mutex<u64>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Reserved {
    gpu: u32,
    bytes: u64,
    /// The process that fills it, once there is one.
    pid: Option<u32>,
}

/// Memory that is set aside until this is dropped.
pub(super) struct Reservation {
    ledger: Arc<Ledger>,
    number: u64,
    /// The GPU.
    pub(super) gpu: u32,
}

/// Why no GPU has room.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum NoRoom {
    /// There is no GPU.
    NoGpu,
    /// None has enough; says how much each one has.
    TooSmall(String),
}

impl Ledger {
    pub(super) fn new(gpus: watch::Receiver<Arc<Snapshot>>) -> Self {
        Self { gpus, reserved: Mutex::default(), next: Mutex::new(0) }
    }

    fn reserved(&self) -> MutexGuard<'_, BTreeMap<u64, Reserved>> {
        self.reserved.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Sets `bytes` aside on the healthy GPU that is left with the least room, so that the largest gap stays for a larger
    /// model.
    pub(super) fn reserve(self: &Arc<Self>, bytes: u64) -> Result<Reservation, NoRoom> {
        let snapshot = Arc::clone(&self.gpus.borrow());
        let mut reserved = self.reserved();
        let gpu = best_fit(&snapshot, &reserved, bytes)?;
        let number = {
            let mut next = self.next.lock().unwrap_or_else(PoisonError::into_inner);
            *next += 1;
            *next
        };
        reserved.insert(number, Reserved { gpu, bytes, pid: None });
        Ok(Reservation { ledger: Arc::clone(self), number, gpu })
    }

    /// How each GPU is doing.
    pub(super) fn loads(&self) -> Vec<GpuLoad> {
        let snapshot = Arc::clone(&self.gpus.borrow());
        let reserved = self.reserved();
        let load = |report: &GpuReport| GpuLoad {
            index: report.sample.index,
            vram_free_bytes: report.sample.vram.as_ref().map_or(0, |vram| vram.free_bytes),
            vram_available_bytes: available(report, &reserved),
            health: report.health.verdict,
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
}

impl Drop for Reservation {
    fn drop(&mut self) {
        self.ledger.reserved().remove(&self.number);
    }
}

/// Memory that may still be promised: what is free, less what is promised and not yet taken.
fn available(report: &GpuReport, reserved: &BTreeMap<u64, Reserved>) -> u64 {
    let free = report.sample.vram.as_ref().map_or(0, |vram| vram.free_bytes);
    let taken_by = |pid: u32| {
        let processes = report.sample.processes.as_deref().unwrap_or_default();
        processes.iter().filter(|process| process.pid == pid).filter_map(|process| process.vram_bytes).sum::<u64>()
    };
    let outstanding: u64 = reserved
        .values()
        .filter(|one| one.gpu == report.sample.index)
        .map(|one| one.bytes.saturating_sub(one.pid.map_or(0, taken_by)))
        .sum();
    free.saturating_sub(outstanding)
}

fn best_fit(snapshot: &Snapshot, reserved: &BTreeMap<u64, Reserved>, bytes: u64) -> Result<u32, NoRoom> {
    if snapshot.gpus.is_empty() {
        return Err(NoRoom::NoGpu);
    }
    let usable = |report: &&GpuReport| report.presence == Presence::Here && report.health.verdict == Health::Ok;
    let fits = snapshot
        .gpus
        .iter()
        .filter(usable)
        .map(|report| (available(report, reserved), report.sample.index))
        .filter(|(room, _)| *room >= bytes);
    fits.min().map(|(_, index)| index).ok_or_else(|| {
        let rooms: Vec<String> = snapshot
            .gpus
            .iter()
            .map(|report| {
                let room = available(report, reserved);
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

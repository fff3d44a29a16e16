//! The GPUs of a machine: what was read of them ([`sample`]) and what is thought of it ([`health`]).
//!
//! What a card or its driver does not offer is absent (`null`), never zero and never an error. Units are in the names.

pub mod health;
pub mod sample;

use serde::{Deserialize, Serialize};

pub use health::{Health, HealthReport, Lasting, Reason, Remedy};
pub use sample::{
    Clocks, ComputeCapability, Ecc, EccCounts, GpuId, GpuProcess, GpuSample, Mig, MigInstance, NvLink, NvLinkErrors,
    Pcie, Power, ProcessKind, RecoveryAction, RemappedRows, RetiredPages, Thermal, ThrottleReason, Utilisation, Vram,
};

/// A moment: milliseconds since 1970-01-01 00:00:00 UTC.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct UnixMillis(pub u64);

impl UnixMillis {
    /// Milliseconds from `earlier` to this moment; zero if `earlier` is the later one, as when a clock was set back.
    #[must_use]
    pub fn millis_since(self, earlier: Self) -> u64 {
        self.0.saturating_sub(earlier.0)
    }
}

/// All that is known of a machine's GPUs at one moment.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Snapshot {
    /// Where the readings come from.
    pub source: Source,
    /// When it was taken.
    pub taken_unix_ms: UnixMillis,
    /// Grows by one whenever a verdict or the driver's state changes or an event arrives, not with mere readings: whoever sees it
    /// grow has news to pass on at once.
    pub revision: u64,
    /// Whether the driver answers.
    pub driver: Driver,
    /// Each GPU that is or was there, by index.
    pub gpus: Vec<GpuReport>,
}

impl Snapshot {
    /// The worst verdict on any GPU; [`Health::Ok`] on a machine without GPUs, which serves from its processor.
    #[must_use]
    pub fn worst(&self) -> Health {
        self.gpus.iter().map(|gpu| gpu.health.verdict).max().unwrap_or_default()
    }

    /// Why no GPU can be read and how to mend it, in one sentence each; absent when the driver answers.
    #[must_use]
    pub fn unavailable(&self) -> Option<String> {
        match &self.driver {
            Driver::Running(_) => None,
            Driver::Released => {
                Some("the GPU driver is let go for a reset; it is taken up again afterwards".to_owned())
            }
            Driver::Missing(fault) => Some(format!("{}: {}", fault.detail, fault.advice)),
            Driver::Lost { fault, .. } => {
                Some(format!("the GPU driver stopped answering: {}: {}", fault.detail, fault.advice))
            }
        }
    }
}

/// Where readings come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Source {
    /// NVIDIA's management library: real devices.
    Nvml,
    /// A file that plays a story: tests and demonstrations.
    Script,
}

/// The state of the GPU driver.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "kebab-case")]
pub enum Driver {
    /// It answers.
    Running(DriverVersions),
    /// It has not answered since this process started: most machines without an NVIDIA card.
    Missing(DriverFault),
    /// It answered earlier and no longer does: it was unloaded, updated, or broke.
    Lost {
        /// What happened.
        fault: DriverFault,
        /// Since when.
        since_unix_ms: UnixMillis,
    },
    /// It was let go on purpose, because no GPU can be reset while somebody holds it open.
    Released,
}

/// The versions of the driver and what comes with it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct DriverVersions {
    /// The kernel driver, such as `580.95.05`.
    pub driver_version: Option<String>,
    /// The management library.
    pub nvml_version: Option<String>,
    /// The newest CUDA that the driver serves, such as `13.0`.
    pub cuda_version: Option<String>,
}

/// Why the driver does not answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DriverFault {
    /// The kind of fault.
    pub kind: DriverFaultKind,
    /// What was tried and what came back.
    pub detail: String,
    /// How to mend it.
    pub advice: String,
}

/// Kinds of [`DriverFault`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DriverFaultKind {
    /// The library `libnvidia-ml.so.1` is not on this machine, or not in this container.
    LibraryMissing,
    /// The library is there, but too old, too new or broken.
    LibraryUnusable,
    /// The library is there, the kernel module is not loaded.
    NotLoaded,
    /// Library and kernel module are of different releases: an update without a restart.
    VersionMismatch,
    /// This user may not talk to the driver.
    NoPermission,
    /// The driver answers with something else.
    Failing,
}

/// A GPU: what was read of it last, and what is thought of it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct GpuReport {
    /// The last reading.
    pub sample: GpuSample,
    /// Whether that reading is current.
    pub presence: Presence,
    /// What may be done with the GPU, and why.
    pub health: HealthReport,
    /// The XID errors since this process started, by number.
    pub xids: Vec<XidTally>,
}

/// Whether a GPU can be read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "kebab-case")]
pub enum Presence {
    /// It answers: the sample is current.
    Here,
    /// It was there and no longer answers: the sample is its last.
    Lost {
        /// Since when.
        since_unix_ms: UnixMillis,
        /// What the driver says.
        detail: String,
    },
}

/// How often an XID error was reported.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct XidTally {
    /// Its number in NVIDIA's catalogue.
    pub xid: u32,
    /// What it means.
    pub meaning: String,
    /// How often it came.
    pub count: u64,
    /// When it came last.
    pub last_unix_ms: UnixMillis,
}

/// Something that happened to a GPU.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GpuEvent {
    /// To which; absent when the driver cannot say, as for a card that has just left the bus.
    pub gpu: Option<GpuId>,
    /// When.
    pub at_unix_ms: UnixMillis,
    /// What.
    #[serde(flatten)]
    pub kind: GpuEventKind,
}

/// Kinds of [`GpuEvent`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "kebab-case")]
pub enum GpuEventKind {
    /// The driver reported an XID error.
    Xid {
        /// Its number in NVIDIA's catalogue.
        xid: u32,
    },
    /// Memory failed beyond correction.
    UncorrectedEcc,
    /// The GPU was divided anew.
    MigChanged,
    /// The driver announced something that has no name here (rows retired, poison, a GPU that became unavailable): the next
    /// reading, taken at once, tells what.
    Other,
}

//! One reading of one GPU.

use serde::{Deserialize, Serialize};

/// Names a GPU for as long as it lives: its UUID (`GPU-…`), or its PCI address where the driver gives none.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct GpuId(pub String);

impl std::fmt::Display for GpuId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(&self.0)
    }
}

/// What was read of a GPU. Whatever it does not offer is absent.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct GpuSample {
    /// Its number on this machine. May be another after a restart: remember the id instead.
    pub index: u32,
    /// What names it.
    pub id: GpuId,
    /// The product, such as `NVIDIA H200`.
    pub name: String,
    /// Its address on the PCI bus, such as `00000000:3B:00.0`.
    pub pci_bus_id: Option<String>,
    /// The architecture, such as `Hopper`.
    pub architecture: Option<String>,
    /// What CUDA calls the generation.
    pub compute_capability: Option<ComputeCapability>,
    /// Memory.
    pub vram: Option<Vram>,
    /// The programs that hold memory on it, foreign ones too.
    pub processes: Option<Vec<GpuProcess>>,
    /// How busy it was over the last sampling period of the driver (1/6 to 1 s).
    pub utilisation: Option<Utilisation>,
    /// Temperatures and their limits.
    pub thermal: Thermal,
    /// Electrical power.
    pub power: Power,
    /// Clocks.
    pub clocks: Clocks,
    /// 0 (fastest) to 15 (slowest).
    pub performance_state: Option<u8>,
    /// What holds the clocks back; empty when nothing does.
    pub throttle: Option<Vec<ThrottleReason>>,
    /// Error correction; absent on cards without it.
    pub ecc: Option<Ecc>,
    /// Rows of memory replaced by spare ones (Ampere and later).
    pub remapped_rows: Option<RemappedRows>,
    /// Pages of memory taken out of use (before Ampere).
    pub retired_pages: Option<RetiredPages>,
    /// The link to the machine.
    pub pcie: Option<Pcie>,
    /// The links to other GPUs; empty where there are none.
    pub nvlinks: Vec<NvLink>,
    /// Division into instances; absent where it cannot be divided.
    pub mig: Option<Mig>,
    /// Whether the driver stays initialised while nobody uses the GPU.
    pub persistence_mode: Option<bool>,
    /// What the driver itself asks for (release 565 and later).
    pub recovery_action: Option<RecoveryAction>,
}

impl GpuSample {
    /// Memory held by programs that are not ours, as far as the driver tells; absent where it lists no programs.
    #[must_use]
    pub fn foreign_vram_bytes(&self) -> Option<u64> {
        let processes = self.processes.as_ref()?;
        Some(processes.iter().filter(|process| !process.ours).filter_map(|process| process.vram_bytes).sum())
    }
}

/// A version of CUDA's instruction set.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct ComputeCapability {
    /// 9 of 9.0.
    pub major: u32,
    /// 0 of 9.0.
    pub minor: u32,
}

impl std::fmt::Display for ComputeCapability {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}.{}", self.major, self.minor)
    }
}

/// Memory of a GPU or of an instance.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Vram {
    /// All.
    pub total_bytes: u64,
    /// In use, by whomever.
    pub used_bytes: u64,
    /// Free.
    pub free_bytes: u64,
    /// Kept by driver and firmware; part of neither used nor free.
    pub reserved_bytes: u64,
}

/// A program on a GPU.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct GpuProcess {
    /// Its process id, in the driver's view: in a container others than the container's own.
    pub pid: u32,
    /// What it is called, as far as we may know.
    pub name: Option<String>,
    /// Memory it holds.
    pub vram_bytes: Option<u64>,
    /// What it uses the GPU for.
    pub kind: ProcessKind,
    /// Whether it belongs to the node.
    pub ours: bool,
}

/// What a program uses a GPU for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ProcessKind {
    /// Computing.
    #[default]
    Compute,
    /// Drawing.
    Graphics,
}

/// How busy a GPU is, in percent of time.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Utilisation {
    /// Something ran.
    pub gpu_percent: u32,
    /// Memory was read or written.
    pub memory_percent: u32,
}

/// Temperatures in degrees Celsius.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Thermal {
    /// Of the chip.
    pub gpu_celsius: Option<u32>,
    /// Of the memory.
    pub memory_celsius: Option<u32>,
    /// Where the hardware slows the chip down. Newer drivers no longer tell it for newer cards; the throttle reasons do.
    pub slowdown_celsius: Option<u32>,
    /// Where the chip shuts itself down.
    pub shutdown_celsius: Option<u32>,
    /// Where the driver slows the memory down.
    pub memory_max_celsius: Option<u32>,
}

/// Electrical power in milliwatts.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Power {
    /// Drawn now.
    pub draw_milliwatts: Option<u64>,
    /// The limit in force.
    pub limit_milliwatts: Option<u64>,
    /// The limit that the card starts with.
    pub default_limit_milliwatts: Option<u64>,
}

/// Clocks in megahertz.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Clocks {
    /// Of the processors, now.
    pub sm_mhz: Option<u32>,
    /// Of the memory, now.
    pub memory_mhz: Option<u32>,
    /// Of the processors, at most.
    pub sm_max_mhz: Option<u32>,
    /// Of the memory, at most.
    pub memory_max_mhz: Option<u32>,
}

/// Why clocks are lower than they could be (NVML's clock event reasons).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ThrottleReason {
    /// Nothing runs.
    Idle,
    /// Somebody set the clocks.
    ApplicationClocks,
    /// The power limit is reached.
    SoftwarePowerCap,
    /// The hardware halves the clocks or worse: too hot, too much power, or a signal from the power supply.
    HardwareSlowdown,
    /// The slowest of a group sets the pace.
    SyncBoost,
    /// The driver holds back because chip or memory is too warm.
    SoftwareThermal,
    /// The hardware holds back because the chip is too hot.
    HardwareThermal,
    /// The power supply asks for less.
    HardwarePowerBrake,
    /// The clocks of the display.
    DisplayClocks,
}

/// Error correction of a GPU's memories.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Ecc {
    /// Whether it works now.
    pub enabled: Option<bool>,
    /// Whether it will after the next restart.
    pub enabled_after_restart: Option<bool>,
    /// Errors since the driver was loaded or the GPU reset.
    pub volatile: EccCounts,
    /// Errors over the card's life.
    pub aggregate: EccCounts,
}

/// Errors of memory.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct EccCounts {
    /// Corrected: no harm done.
    pub corrected: Option<u64>,
    /// Not corrected: data were lost.
    pub uncorrected: Option<u64>,
}

/// Rows of memory replaced by spare ones.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct RemappedRows {
    /// Because of errors that were corrected.
    pub corrected: u64,
    /// Because of errors that were not.
    pub uncorrected: u64,
    /// Some wait for the next reset.
    pub pending: bool,
    /// A replacement failed some time: the spare rows are used up.
    pub failed: bool,
}

/// Pages of memory taken out of use.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct RetiredPages {
    /// After repeated errors of one bit.
    pub single_bit: u64,
    /// After an error of two bits.
    pub double_bit: u64,
    /// Some wait for the next reset.
    pub pending: bool,
}

/// The link between a GPU and its machine.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Pcie {
    /// Generation in use; an idle GPU lowers it to save power.
    pub generation: Option<u32>,
    /// The best that card and machine can do together.
    pub generation_max: Option<u32>,
    /// Lanes in use.
    pub width: Option<u32>,
    /// Lanes that card and slot have.
    pub width_max: Option<u32>,
    /// Packets sent again since the driver was loaded.
    pub replays: Option<u64>,
}

/// A link between GPUs.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct NvLink {
    /// Its number on the card.
    pub link: u32,
    /// Whether it is up.
    pub active: bool,
    /// NVLink's version.
    pub version: Option<u32>,
    /// Its errors, where counted.
    pub errors: NvLinkErrors,
}

/// Errors of an NVLink.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct NvLinkErrors {
    /// Packets sent again.
    pub replay: Option<u64>,
    /// Times the link was trained anew.
    pub recovery: Option<u64>,
    /// Damaged control units.
    pub crc_flit: Option<u64>,
    /// Damaged data.
    pub crc_data: Option<u64>,
}

/// Division of a GPU into instances.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Mig {
    /// Whether it is divided now.
    pub enabled: bool,
    /// Whether it will be after the next reset.
    pub enabled_after_reset: bool,
    /// The instances.
    pub instances: Vec<MigInstance>,
}

/// An instance of a divided GPU.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct MigInstance {
    /// Its number on the GPU.
    pub index: u32,
    /// What names it: `MIG-…`.
    pub id: Option<GpuId>,
    /// The product with its profile, such as `NVIDIA H200 MIG 1g.18gb`.
    pub name: Option<String>,
    /// Its memory.
    pub vram: Option<Vram>,
}

/// What the driver asks for after a fault (NVML's recovery actions).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RecoveryAction {
    /// Nothing.
    None,
    /// Reset the GPU.
    ResetGpu,
    /// Restart the operating system.
    RestartMachine,
    /// End what uses the links between GPUs.
    DrainPeerToPeer,
    /// Finish what runs, then reset.
    DrainAndReset,
    /// Something that is newer than this program.
    Unknown,
}

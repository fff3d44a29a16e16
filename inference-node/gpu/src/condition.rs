//! The conditions that telemetry can show, and how each is recognised in one reading.

use protocol::gpu::{GpuSample, Pcie, RecoveryAction, ThrottleReason};
use serde::{Deserialize, Serialize};

use crate::policy::Thresholds;

/// A condition of a GPU. Its name in kebab-case is the code of the reason and the name of its rule in the policy.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[allow(missing_docs, reason = "the names say it, and the policy explains each")]
pub enum Condition {
    DriverLost,
    GpuLost,
    RecoveryResetGpu,
    RecoveryRestartMachine,
    RecoveryDrain,
    RecoveryDrainAndReset,
    TemperatureOverSlowdown,
    TemperatureNearShutdown,
    MemoryTooHot,
    HardwareThermalSlowdown,
    PowerBrake,
    HardwareSlowdown,
    SoftwareThermalSlowdown,
    EccUncorrected,
    EccOff,
    RowRemapPending,
    RowRemapFailed,
    PageRetirementPending,
    PcieWidthDegraded,
    PcieGenerationDegraded,
    NvlinkDown,
    PersistenceOff,
    PowerCapLowered,
    ForeignPrograms,
}

impl Condition {
    /// All of them.
    pub const ALL: [Self; 24] = [
        Self::DriverLost,
        Self::GpuLost,
        Self::RecoveryResetGpu,
        Self::RecoveryRestartMachine,
        Self::RecoveryDrain,
        Self::RecoveryDrainAndReset,
        Self::TemperatureOverSlowdown,
        Self::TemperatureNearShutdown,
        Self::MemoryTooHot,
        Self::HardwareThermalSlowdown,
        Self::PowerBrake,
        Self::HardwareSlowdown,
        Self::SoftwareThermalSlowdown,
        Self::EccUncorrected,
        Self::EccOff,
        Self::RowRemapPending,
        Self::RowRemapFailed,
        Self::PageRetirementPending,
        Self::PcieWidthDegraded,
        Self::PcieGenerationDegraded,
        Self::NvlinkDown,
        Self::PersistenceOff,
        Self::PowerCapLowered,
        Self::ForeignPrograms,
    ];

    /// Its code.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::DriverLost => "driver-lost",
            Self::GpuLost => "gpu-lost",
            Self::RecoveryResetGpu => "recovery-reset-gpu",
            Self::RecoveryRestartMachine => "recovery-restart-machine",
            Self::RecoveryDrain => "recovery-drain",
            Self::RecoveryDrainAndReset => "recovery-drain-and-reset",
            Self::TemperatureOverSlowdown => "temperature-over-slowdown",
            Self::TemperatureNearShutdown => "temperature-near-shutdown",
            Self::MemoryTooHot => "memory-too-hot",
            Self::HardwareThermalSlowdown => "hardware-thermal-slowdown",
            Self::PowerBrake => "power-brake",
            Self::HardwareSlowdown => "hardware-slowdown",
            Self::SoftwareThermalSlowdown => "software-thermal-slowdown",
            Self::EccUncorrected => "ecc-uncorrected",
            Self::EccOff => "ecc-off",
            Self::RowRemapPending => "row-remap-pending",
            Self::RowRemapFailed => "row-remap-failed",
            Self::PageRetirementPending => "page-retirement-pending",
            Self::PcieWidthDegraded => "pcie-width-degraded",
            Self::PcieGenerationDegraded => "pcie-generation-degraded",
            Self::NvlinkDown => "nvlink-down",
            Self::PersistenceOff => "persistence-off",
            Self::PowerCapLowered => "power-cap-lowered",
            Self::ForeignPrograms => "foreign-programs",
        }
    }

    /// Whether `sample` shows it, and then what was seen, in a sentence with figures.
    ///
    /// `standing` is whether it counted before this reading: what is hot stays so until it has cooled some way below the limit.
    /// `links_up` is the most NVLinks that were ever up: a link that never was is a bridge that was never plugged in. A loss of the
    /// driver or of the GPU is no matter of a sample.
    pub(crate) fn shown(self, sample: &GpuSample, at: &Thresholds, standing: bool, links_up: usize) -> Option<String> {
        let throttled = |reason| sample.throttle.as_ref().is_some_and(|reasons| reasons.contains(&reason));
        let asked = |action| sample.recovery_action == Some(action);
        let allowance = if standing { at.cooled_by_celsius } else { 0 };
        match self {
            Self::DriverLost | Self::GpuLost => None,
            Self::RecoveryResetGpu => {
                asked(RecoveryAction::ResetGpu).then(|| "The driver asks for a reset of the GPU.".to_owned())
            }
            Self::RecoveryRestartMachine => asked(RecoveryAction::RestartMachine)
                .then(|| "The driver asks for a restart of the machine.".to_owned()),
            Self::RecoveryDrain => asked(RecoveryAction::DrainPeerToPeer)
                .then(|| "The driver asks to end what uses the links between GPUs.".to_owned()),
            Self::RecoveryDrainAndReset => asked(RecoveryAction::DrainAndReset)
                .then(|| "The driver asks to empty the GPU and to reset it then.".to_owned()),
            Self::TemperatureOverSlowdown => hot(
                "The GPU",
                sample.thermal.gpu_celsius?,
                sample.thermal.slowdown_celsius?,
                allowance,
                "it is slowed down",
            ),
            Self::TemperatureNearShutdown => {
                let limit = sample.thermal.shutdown_celsius?;
                let near = limit.saturating_sub(at.near_shutdown_celsius);
                let celsius = sample.thermal.gpu_celsius?;
                (celsius >= near.saturating_sub(allowance))
                    .then(|| format!("The GPU is at {celsius} °C; it switches itself off at {limit} °C."))
            }
            Self::MemoryTooHot => {
                let (celsius, limit) = (sample.thermal.memory_celsius?, sample.thermal.memory_max_celsius?);
                hot("The memory", celsius, limit, allowance, "it is slowed down")
            }
            Self::HardwareThermalSlowdown => throttled(ThrottleReason::HardwareThermal)
                .then(|| "The hardware halves the clocks because the chip is too hot.".to_owned()),
            Self::PowerBrake => throttled(ThrottleReason::HardwarePowerBrake)
                .then(|| "The hardware halves the clocks because the power supply asks for it.".to_owned()),
            Self::HardwareSlowdown => (throttled(ThrottleReason::HardwareSlowdown)
                && !throttled(ThrottleReason::HardwareThermal)
                && !throttled(ThrottleReason::HardwarePowerBrake))
            .then(|| "The hardware halves the clocks and does not say why.".to_owned()),
            Self::SoftwareThermalSlowdown => throttled(ThrottleReason::SoftwareThermal)
                .then(|| "The driver lowers the clocks because chip or memory is too warm.".to_owned()),
            Self::EccUncorrected => {
                let errors = sample.ecc?.volatile.uncorrected.filter(|errors| *errors > 0)?;
                Some(format!("Memory errors that could not be corrected since the last reset: {errors}."))
            }
            Self::EccOff => {
                (sample.ecc?.enabled == Some(false)).then(|| "Error correction of the memory is off.".to_owned())
            }
            Self::RowRemapPending => {
                sample.remapped_rows?.pending.then(|| "A damaged row of memory waits to be replaced.".to_owned())
            }
            Self::RowRemapFailed => {
                sample.remapped_rows?.failed.then(|| "A damaged row of memory could not be replaced.".to_owned())
            }
            Self::PageRetirementPending => sample
                .retired_pages?
                .pending
                .then(|| "A damaged page of memory waits to be taken out of use.".to_owned()),
            Self::PcieWidthDegraded => {
                let link = working(sample, at)?;
                let (lanes, most) = (link.width?, link.width_max?);
                below(lanes, most).then(|| format!("Works with {lanes} of {most} PCIe lanes."))
            }
            Self::PcieGenerationDegraded => {
                let link = working(sample, at)?;
                let (generation, most) = (link.generation?, link.generation_max?);
                below(generation, most).then(|| format!("Works with PCIe generation {generation} of {most}."))
            }
            Self::NvlinkDown => {
                let up = sample.nvlinks.iter().filter(|link| link.active).count();
                (up < links_up).then(|| format!("{up} of {links_up} links to other GPUs are up."))
            }
            Self::PersistenceOff => {
                (sample.persistence_mode == Some(false)).then(|| "Persistence mode is off.".to_owned())
            }
            Self::PowerCapLowered => {
                let (limit, default) = (sample.power.limit_milliwatts?, sample.power.default_limit_milliwatts?);
                (limit < default).then(|| format!("Power is limited to {} W of {} W.", limit / 1_000, default / 1_000))
            }
            Self::ForeignPrograms => {
                let bytes = sample.foreign_vram_bytes().filter(|bytes| *bytes >= at.foreign_vram_bytes)?;
                Some(format!("Other programs hold {} MiB of its memory.", bytes >> 20))
            }
        }
    }
}

fn hot(what: &str, celsius: u32, limit: u32, allowance: u32, effect: &str) -> Option<String> {
    (celsius >= limit.saturating_sub(allowance)).then(|| format!("{what} is at {celsius} °C; at {limit} °C {effect}."))
}

/// The link of a GPU that works: an idle one slows its link down to save power, which means nothing.
fn working(sample: &GpuSample, at: &Thresholds) -> Option<Pcie> {
    (sample.utilisation?.gpu_percent >= at.busy_percent).then_some(sample.pcie).flatten()
}

fn below(now: u32, most: u32) -> bool {
    now > 0 && now < most
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may fail")]

    use super::*;

    #[test]
    fn the_code_is_the_name_in_the_policy() {
        for condition in Condition::ALL {
            assert_eq!(serde_json::to_value(condition).unwrap(), condition.code());
        }
    }
}

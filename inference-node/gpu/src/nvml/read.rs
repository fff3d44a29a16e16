//! One reading of one card through NVML. What the card lacks is absent.

use nvml_wrapper::bitmasks::device::ThrottleReasons;
use nvml_wrapper::enum_wrappers::device::{
    Clock, EccCounter, MemoryError, PerformanceState, RetirementCause, TemperatureSensor, TemperatureThreshold,
};
use nvml_wrapper::enum_wrappers::nv_link::ErrorCounter;
use nvml_wrapper::enums::device::{DeviceArchitecture, SampleValue, UsedGpuMemory};
use nvml_wrapper::error::NvmlError;
use nvml_wrapper::struct_wrappers::device::{MemoryInfo, ProcessInfo};
use nvml_wrapper::structs::device::FieldId;
use nvml_wrapper::sys_exports::field_id::{
    NVML_FI_DEV_GET_GPU_RECOVERY_ACTION, NVML_FI_DEV_MEMORY_TEMP, NVML_FI_DEV_NVLINK_LINK_COUNT,
    NVML_FI_DEV_REMAPPED_COR, NVML_FI_DEV_REMAPPED_FAILURE, NVML_FI_DEV_REMAPPED_PENDING, NVML_FI_DEV_REMAPPED_UNC,
};
use nvml_wrapper::{Device, Nvml};
use protocol::gpu::{
    Clocks, ComputeCapability, Ecc, EccCounts, GpuId, GpuProcess, GpuSample, Mig, MigInstance, NvLink, NvLinkErrors,
    Pcie, Power, ProcessKind, RecoveryAction, RemappedRows, RetiredPages, Thermal, ThrottleReason, Utilisation, Vram,
};

use super::fault::is_loss;

/// More links than any card has.
const MOST_NVLINKS: u64 = 36;

/// Reads the card with this number.
///
/// # Errors
/// That the card, or the driver, is gone. A card that merely lacks something is no error.
pub(super) fn gpu(nvml: &Nvml, index: u32) -> Result<GpuSample, NvmlError> {
    let device = nvml.device_by_index(index)?;
    let mut ask = Ask::default();
    let pci_bus_id = ask.of(device.pci_info()).map(|pci| pci.bus_id);
    let id = ask.of(device.uuid()).or_else(|| pci_bus_id.clone()).unwrap_or_else(|| format!("gpu-{index}"));
    let fields = Fields::read(&mut ask, &device);
    let remapped_rows = fields.remapped_rows();
    let sample = GpuSample {
        index,
        id: GpuId(id),
        name: ask.of(device.name()).unwrap_or_else(|| "NVIDIA GPU".to_owned()),
        pci_bus_id,
        architecture: ask
            .of(device.architecture())
            .filter(|architecture| *architecture != DeviceArchitecture::Unknown)
            .map(|architecture| architecture.to_string()),
        compute_capability: ask.of(device.cuda_compute_capability()).and_then(|capability| {
            Some(ComputeCapability {
                major: capability.major.try_into().ok()?,
                minor: capability.minor.try_into().ok()?,
            })
        }),
        vram: ask.of(device.memory_info()).as_ref().map(vram),
        processes: processes(&mut ask, nvml, &device),
        utilisation: ask
            .of(device.utilization_rates())
            .map(|rates| Utilisation { gpu_percent: rates.gpu, memory_percent: rates.memory }),
        thermal: thermal(&mut ask, &device, &fields),
        power: Power {
            draw_milliwatts: ask.of(device.power_usage()).map(u64::from),
            limit_milliwatts: ask.of(device.enforced_power_limit()).map(u64::from),
            default_limit_milliwatts: ask.of(device.power_management_limit_default()).map(u64::from),
        },
        clocks: Clocks {
            sm_mhz: ask.of(device.clock_info(Clock::SM)),
            memory_mhz: ask.of(device.clock_info(Clock::Memory)),
            sm_max_mhz: ask.of(device.max_clock_info(Clock::SM)),
            memory_max_mhz: ask.of(device.max_clock_info(Clock::Memory)),
        },
        performance_state: ask.of(device.performance_state()).and_then(performance_state),
        throttle: ask.of(device.current_throttle_reasons()).map(throttle),
        ecc: ecc(&mut ask, &device),
        retired_pages: if remapped_rows.is_none() { retired_pages(&mut ask, &device) } else { None },
        remapped_rows,
        pcie: pcie(&mut ask, &device),
        nvlinks: nvlinks(&mut ask, &device, &fields),
        mig: mig(&mut ask, &device),
        persistence_mode: ask.of(device.is_in_persistent_mode()),
        recovery_action: fields.get(NVML_FI_DEV_GET_GPU_RECOVERY_ACTION).map(recovery_action),
    };
    match ask.loss {
        None => Ok(sample),
        Some(loss) => Err(loss),
    }
}

/// Turns refusals into gaps, and remembers whether the card went away meanwhile.
#[derive(Default)]
struct Ask {
    loss: Option<NvmlError>,
}

impl Ask {
    fn of<T>(&mut self, answer: Result<T, NvmlError>) -> Option<T> {
        match answer {
            Ok(value) => Some(value),
            Err(error) => {
                if is_loss(&error) {
                    self.loss = Some(error);
                }
                None
            }
        }
    }
}

/// Values that NVML gives by number, all asked for in one call.
struct Fields(Vec<(u32, Option<u64>)>);

impl Fields {
    const ASKED: [u32; 7] = [
        NVML_FI_DEV_MEMORY_TEMP,
        NVML_FI_DEV_NVLINK_LINK_COUNT,
        NVML_FI_DEV_REMAPPED_COR,
        NVML_FI_DEV_REMAPPED_UNC,
        NVML_FI_DEV_REMAPPED_PENDING,
        NVML_FI_DEV_REMAPPED_FAILURE,
        NVML_FI_DEV_GET_GPU_RECOVERY_ACTION,
    ];

    fn read(ask: &mut Ask, device: &Device<'_>) -> Self {
        let asked = Self::ASKED.map(FieldId);
        let answers = ask.of(device.field_values_for(&asked)).unwrap_or_default();
        // The answers come in the order of the questions.
        let values = answers
            .into_iter()
            .map(|answer| ask.of(answer).and_then(|sample| ask.of(sample.value)).as_ref().and_then(integer));
        Self(Self::ASKED.into_iter().zip(values).collect())
    }

    fn get(&self, field: u32) -> Option<u64> {
        self.0.iter().find(|(asked, _)| *asked == field).and_then(|(_, value)| *value)
    }

    fn remapped_rows(&self) -> Option<RemappedRows> {
        Some(RemappedRows {
            corrected: self.get(NVML_FI_DEV_REMAPPED_COR)?,
            uncorrected: self.get(NVML_FI_DEV_REMAPPED_UNC)?,
            pending: self.get(NVML_FI_DEV_REMAPPED_PENDING)? != 0,
            failed: self.get(NVML_FI_DEV_REMAPPED_FAILURE)? != 0,
        })
    }
}

fn integer(value: &SampleValue) -> Option<u64> {
    match value {
        SampleValue::U32(value) => Some((*value).into()),
        SampleValue::U64(value) => Some(*value),
        SampleValue::I64(value) => (*value).try_into().ok(),
        SampleValue::F64(_) => None,
    }
}

fn vram(info: &MemoryInfo) -> Vram {
    Vram { total_bytes: info.total, used_bytes: info.used, free_bytes: info.free, reserved_bytes: info.reserved }
}

fn processes(ask: &mut Ask, nvml: &Nvml, device: &Device<'_>) -> Option<Vec<GpuProcess>> {
    let computing = ask.of(device.running_compute_processes());
    let drawing = ask.of(device.running_graphics_processes());
    if computing.is_none() && drawing.is_none() {
        return None;
    }
    let mut processes: Vec<GpuProcess> = Vec::new();
    let labelled = computing.into_iter().flatten().map(|process| (process, ProcessKind::Compute));
    for (process, kind) in labelled.chain(drawing.into_iter().flatten().map(|process| (process, ProcessKind::Graphics)))
    {
        // A program that computes and draws is in both lists with the same memory.
        if processes.iter().all(|listed| listed.pid != process.pid) {
            processes.push(named(nvml, &process, kind));
        }
    }
    Some(processes)
}

fn named(nvml: &Nvml, process: &ProcessInfo, kind: ProcessKind) -> GpuProcess {
    let name = nvml.sys_process_name(process.pid, 128).ok();
    let vram_bytes = match process.used_gpu_memory {
        UsedGpuMemory::Used(bytes) => Some(bytes),
        UsedGpuMemory::Unavailable => None,
    };
    // The arguments of a foreign program are nobody's business.
    let name = name.and_then(|name| name.split_whitespace().next()?.rsplit('/').next().map(str::to_owned));
    GpuProcess { pid: process.pid, name, vram_bytes, kind, ours: false }
}

fn thermal(ask: &mut Ask, device: &Device<'_>, fields: &Fields) -> Thermal {
    let mut threshold = |kind| ask.of(device.temperature_threshold(kind)).filter(|celsius| *celsius > 0);
    let slowdown_celsius = threshold(TemperatureThreshold::Slowdown);
    let shutdown_celsius = threshold(TemperatureThreshold::Shutdown);
    let memory_max_celsius = threshold(TemperatureThreshold::MemoryMax);
    Thermal {
        gpu_celsius: ask.of(device.temperature(TemperatureSensor::Gpu)),
        memory_celsius: fields
            .get(NVML_FI_DEV_MEMORY_TEMP)
            .and_then(|celsius| celsius.try_into().ok())
            .filter(|celsius| *celsius > 0),
        slowdown_celsius,
        shutdown_celsius,
        memory_max_celsius,
    }
}

fn performance_state(state: PerformanceState) -> Option<u8> {
    u8::try_from(state.as_c()).ok().filter(|state| *state <= 15)
}

fn throttle(reasons: ThrottleReasons) -> Vec<ThrottleReason> {
    let known = [
        (ThrottleReasons::GPU_IDLE, ThrottleReason::Idle),
        (ThrottleReasons::APPLICATIONS_CLOCKS_SETTING, ThrottleReason::ApplicationClocks),
        (ThrottleReasons::SW_POWER_CAP, ThrottleReason::SoftwarePowerCap),
        (ThrottleReasons::HW_SLOWDOWN, ThrottleReason::HardwareSlowdown),
        (ThrottleReasons::SYNC_BOOST, ThrottleReason::SyncBoost),
        (ThrottleReasons::SW_THERMAL_SLOWDOWN, ThrottleReason::SoftwareThermal),
        (ThrottleReasons::HW_THERMAL_SLOWDOWN, ThrottleReason::HardwareThermal),
        (ThrottleReasons::HW_POWER_BRAKE_SLOWDOWN, ThrottleReason::HardwarePowerBrake),
        (ThrottleReasons::DISPLAY_CLOCK_SETTING, ThrottleReason::DisplayClocks),
    ];
    known.into_iter().filter(|(bit, _)| reasons.contains(*bit)).map(|(_, reason)| reason).collect()
}

fn ecc(ask: &mut Ask, device: &Device<'_>) -> Option<Ecc> {
    let mode = ask.of(device.is_ecc_enabled())?;
    let mut counts = |counter: EccCounter| EccCounts {
        corrected: ask.of(device.total_ecc_errors(MemoryError::Corrected, counter)),
        uncorrected: ask.of(device.total_ecc_errors(MemoryError::Uncorrected, counter)),
    };
    Some(Ecc {
        enabled: Some(mode.currently_enabled),
        enabled_after_restart: Some(mode.pending_enabled),
        volatile: counts(EccCounter::Volatile),
        aggregate: counts(EccCounter::Aggregate),
    })
}

fn retired_pages(ask: &mut Ask, device: &Device<'_>) -> Option<RetiredPages> {
    let mut count = |cause| ask.of(device.retired_pages(cause)).map(|pages| pages.len() as u64);
    let single_bit = count(RetirementCause::MultipleSingleBitEccErrors)?;
    let double_bit = count(RetirementCause::DoubleBitEccError)?;
    Some(RetiredPages { single_bit, double_bit, pending: ask.of(device.are_pages_pending_retired())? })
}

fn pcie(ask: &mut Ask, device: &Device<'_>) -> Option<Pcie> {
    let link = Pcie {
        generation: ask.of(device.current_pcie_link_gen()),
        generation_max: ask.of(device.max_pcie_link_gen()),
        width: ask.of(device.current_pcie_link_width()),
        width_max: ask.of(device.max_pcie_link_width()),
        replays: ask.of(device.pcie_replay_counter()).map(u64::from),
    };
    (link != Pcie::default()).then_some(link)
}

fn nvlinks(ask: &mut Ask, device: &Device<'_>, fields: &Fields) -> Vec<NvLink> {
    let count = fields.get(NVML_FI_DEV_NVLINK_LINK_COUNT).unwrap_or(0).min(MOST_NVLINKS);
    let mut links = Vec::new();
    for link in 0..u32::try_from(count).unwrap_or(0) {
        let wrapper = device.link_wrapper_for(link);
        let Some(active) = ask.of(wrapper.is_active()) else { continue };
        let mut errors = NvLinkErrors::default();
        if active {
            let mut counter = |kind| ask.of(wrapper.error_counter(kind));
            errors = NvLinkErrors {
                replay: counter(ErrorCounter::DlReplay),
                recovery: counter(ErrorCounter::DlRecovery),
                crc_flit: counter(ErrorCounter::DlCrcFlit),
                crc_data: counter(ErrorCounter::DlCrcData),
            };
        }
        let version = if active { ask.of(wrapper.version()) } else { None };
        links.push(NvLink { link, active, version, errors });
    }
    links
}

fn mig(ask: &mut Ask, device: &Device<'_>) -> Option<Mig> {
    let mode = ask.of(device.mig_mode())?;
    let (enabled, enabled_after_reset) = (mode.current != 0, mode.pending != 0);
    let mut instances = Vec::new();
    if enabled {
        // The count is of places; most are empty.
        for index in 0..ask.of(device.mig_device_count()).unwrap_or(0) {
            let Some(instance) = ask.of(device.mig_device_by_index(index)) else { continue };
            instances.push(MigInstance {
                index,
                id: ask.of(instance.uuid()).map(GpuId),
                name: ask.of(instance.name()),
                vram: ask.of(instance.memory_info()).as_ref().map(vram),
            });
        }
    }
    Some(Mig { enabled, enabled_after_reset, instances })
}

fn recovery_action(action: u64) -> RecoveryAction {
    // `nvmlDeviceGpuRecoveryAction_t`; later drivers add 6 (reset of the bus) and 7 (restart of the system).
    match action {
        0 => RecoveryAction::None,
        1 => RecoveryAction::ResetGpu,
        2 | 7 => RecoveryAction::RestartMachine,
        3 => RecoveryAction::DrainPeerToPeer,
        4 => RecoveryAction::DrainAndReset,
        _ => RecoveryAction::Unknown,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unsupported_fields_are_absent_not_errors() {
        let mut ask = Ask::default();
        for refusal in
            [NvmlError::NotSupported, NvmlError::NoPermission, NvmlError::UnexpectedVariant(77), NvmlError::NotFound]
        {
            assert_eq!(ask.of::<u32>(Err(refusal)), None);
        }
        assert!(ask.loss.is_none());
        assert_eq!(ask.of::<u32>(Err(NvmlError::GpuLost)), None);
        assert!(matches!(ask.loss, Some(NvmlError::GpuLost)));
    }

    #[test]
    fn several_throttle_reasons_are_told_apart() {
        let bits = ThrottleReasons::HW_SLOWDOWN | ThrottleReasons::HW_POWER_BRAKE_SLOWDOWN;
        assert_eq!(throttle(bits), [ThrottleReason::HardwareSlowdown, ThrottleReason::HardwarePowerBrake]);
        assert_eq!(throttle(ThrottleReasons::NONE), []);
    }

    #[test]
    fn a_row_is_remapped_only_where_the_card_answers_all_four_questions() {
        let answers = [(NVML_FI_DEV_REMAPPED_COR, Some(2)), (NVML_FI_DEV_REMAPPED_UNC, Some(1))];
        let rest = [(NVML_FI_DEV_REMAPPED_PENDING, Some(1)), (NVML_FI_DEV_REMAPPED_FAILURE, Some(0))];
        let whole = Fields(answers.into_iter().chain(rest).collect());
        let expected = RemappedRows { corrected: 2, uncorrected: 1, pending: true, failed: false };
        assert_eq!(whole.remapped_rows(), Some(expected));
        assert_eq!(Fields(answers.to_vec()).remapped_rows(), None);
    }
}

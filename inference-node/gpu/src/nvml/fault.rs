//! What NVML's errors mean to an operator.

use nvml_wrapper::error::NvmlError;
use protocol::gpu::{DriverFault, DriverFaultKind};

/// The fault that `error` stands for, with advice.
pub(super) fn of(error: &NvmlError) -> DriverFault {
    let kind = kind(error);
    DriverFault { kind, detail: detail(error), advice: advice(kind).to_owned() }
}

/// Whether `error`, given for one card, is the whole driver's.
pub(super) fn is_of_the_driver(error: &NvmlError) -> bool {
    matches!(error, NvmlError::Uninitialized | NvmlError::DriverNotLoaded | NvmlError::LibRmVersionMismatch)
}

/// Whether `error` means that a card is gone, rather than that it lacks what it was asked for.
pub(super) fn is_loss(error: &NvmlError) -> bool {
    is_of_the_driver(error) || matches!(error, NvmlError::GpuLost | NvmlError::ResetRequired)
}

fn kind(error: &NvmlError) -> DriverFaultKind {
    match error {
        NvmlError::LibraryNotFound => DriverFaultKind::LibraryMissing,
        NvmlError::LibloadingError(loading) if loading.to_string().contains("No such file") => {
            DriverFaultKind::LibraryMissing
        }
        NvmlError::LibloadingError(_) | NvmlError::FailedToLoadSymbol(_) | NvmlError::FunctionNotFound => {
            DriverFaultKind::LibraryUnusable
        }
        NvmlError::DriverNotLoaded => DriverFaultKind::NotLoaded,
        NvmlError::LibRmVersionMismatch => DriverFaultKind::VersionMismatch,
        NvmlError::NoPermission | NvmlError::OperatingSystem => DriverFaultKind::NoPermission,
        _ => DriverFaultKind::Failing,
    }
}

fn detail(error: &NvmlError) -> String {
    match error {
        NvmlError::LibloadingError(loading) => format!("failed to open NVIDIA's management library: {loading}"),
        NvmlError::FailedToLoadSymbol(symbol) => format!("NVIDIA's management library lacks a function: {symbol}"),
        other => other.to_string(),
    }
}

/// How to mend a fault of this kind.
pub(crate) fn advice(kind: DriverFaultKind) -> &'static str {
    match kind {
        DriverFaultKind::LibraryMissing => {
            "with an NVIDIA card, install its driver (570 or later), restart, and try `nvidia-smi`; in a container, give it the card \
             (NVIDIA Container Toolkit, `--gpus all`); without a card nothing needs to be done"
        }
        DriverFaultKind::LibraryUnusable => "install the driver anew, 570 or later, and try `nvidia-smi`",
        DriverFaultKind::NotLoaded => {
            "load the driver with `modprobe nvidia`; if that fails, `journalctl -k | grep -i nvidia` says why (often Secure Boot, \
             or a kernel update for which the module was not built)"
        }
        DriverFaultKind::VersionMismatch => "the driver was updated under a running kernel: restart the machine",
        DriverFaultKind::NoPermission => {
            "let this user open `/dev/nvidiactl` and `/dev/nvidia0`, and the container the devices"
        }
        DriverFaultKind::Failing => {
            "try `nvidia-smi`, look at `journalctl -k | grep -i -e nvrm -e xid`, and restart the machine if both fail"
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_fault_comes_with_advice() {
        for (error, expected) in [
            (NvmlError::LibraryNotFound, DriverFaultKind::LibraryMissing),
            (NvmlError::FunctionNotFound, DriverFaultKind::LibraryUnusable),
            (NvmlError::DriverNotLoaded, DriverFaultKind::NotLoaded),
            (NvmlError::LibRmVersionMismatch, DriverFaultKind::VersionMismatch),
            (NvmlError::NoPermission, DriverFaultKind::NoPermission),
            (NvmlError::Unknown, DriverFaultKind::Failing),
        ] {
            let fault = of(&error);
            assert_eq!(fault.kind, expected);
            assert!(!fault.detail.is_empty() && !fault.advice.is_empty());
        }
    }
}

//! The NVML side against a library that stands in for NVIDIA's: a C file compiled here, because the way through the loader and
//! the structures of `nvml.h` is what can go wrong. Without a C compiler the tests say so and pass.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stderr,
    reason = "a test may fail, and says when it skips itself"
)]

use std::io::ErrorKind;
use std::path::PathBuf;
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use gpu::{
    Backoff, Driver, DriverFaultKind, GpuReading, Health, NvmlTelemetry, Policy, Snapshot, Telemetry, WatchHandle,
    WatchSettings, Watcher, look_once,
};
use protocol::gpu::{Presence, RecoveryAction};

/// A card that does as it is told.
struct StandIn {
    folder: tempfile::TempDir,
}

impl StandIn {
    fn new(state: &str) -> Option<Self> {
        let stand_in = Self { folder: tempfile::tempdir().unwrap() };
        stand_in.say(state);
        let source = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/stand_in_nvml.c");
        let control = format!("-DCONTROL=\"{}\"", stand_in.folder.path().join("control").display());
        let compiled = Command::new("cc")
            .args(["-shared", "-fPIC", "-O1", &control, "-o"])
            .arg(stand_in.library())
            .arg(source)
            .status();
        match compiled {
            Ok(status) => assert!(status.success(), "cc: {status}"),
            Err(error) if error.kind() == ErrorKind::NotFound => {
                eprintln!("skipped: no C compiler here");
                return None;
            }
            Err(error) => panic!("cc: {error}"),
        }
        Some(stand_in)
    }

    fn library(&self) -> PathBuf {
        self.folder.path().join("libnvidia-ml.so.1")
    }

    /// Written beside and renamed, so that the library never reads half of it.
    fn say(&self, state: &str) {
        let beside = self.folder.path().join("next");
        std::fs::write(&beside, state).unwrap();
        std::fs::rename(beside, self.folder.path().join("control")).unwrap();
    }

    fn telemetry(&self) -> NvmlTelemetry {
        NvmlTelemetry::with_library(self.library())
    }
}

fn watch(card: &StandIn) -> WatchHandle {
    let often = Duration::from_millis(20);
    let settings =
        WatchSettings { interval: often, backoff: Backoff::new(often, often), first_reading: Duration::from_secs(60) };
    Watcher::start(Box::new(card.telemetry()), settings, Policy::built_in().unwrap()).unwrap()
}

fn wait_for(handle: &WatchHandle, wanted: impl FnMut(&Arc<Snapshot>) -> bool) -> Arc<Snapshot> {
    let mut snapshots = handle.subscribe();
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(async { snapshots.wait_for(wanted).await.unwrap().clone() })
}

#[test]
fn a_card_is_read_and_what_it_lacks_is_absent() {
    let Some(card) = StandIn::new("ok") else { return };
    let reading = card.telemetry().read().unwrap();
    assert_eq!(reading.versions.cuda_version.as_deref(), Some("13.0"));
    let [GpuReading::Here(sample)] = reading.gpus.as_slice() else { panic!("{reading:?}") };
    assert_eq!((sample.id.0.as_str(), sample.name.as_str()), ("GPU-stand-in", "NVIDIA Stand-In"));
    let vram = sample.vram.unwrap();
    assert_eq!((vram.total_bytes, vram.used_bytes, vram.free_bytes, vram.reserved_bytes), (1000, 250, 700, 50));
    assert_eq!(sample.thermal.gpu_celsius, Some(51));
    let rows = sample.remapped_rows.unwrap();
    assert_eq!((rows.corrected, rows.pending, rows.failed), (4, true, false));
    assert_eq!(sample.recovery_action, Some(RecoveryAction::DrainAndReset));
    assert_eq!(sample.foreign_vram_bytes(), Some(200));
    assert_eq!((sample.ecc, sample.pcie, sample.thermal.memory_celsius), (None, None, None));
    assert!(sample.nvlinks.is_empty() && sample.mig.is_none() && sample.throttle.is_none());
}

#[test]
fn what_the_driver_asks_for_becomes_the_verdict() {
    let Some(card) = StandIn::new("ok") else { return };
    let snapshot = look_once(&mut card.telemetry(), Policy::built_in().unwrap());
    let codes: Vec<&str> = snapshot.gpus[0].health.reasons.iter().map(|reason| reason.code.as_str()).collect();
    assert_eq!(codes, ["recovery-drain-and-reset", "row-remap-pending"]);
    assert_eq!(snapshot.worst(), Health::NeedsReset);
}

#[test]
fn an_xid_comes_through_as_it_happens() {
    let Some(card) = StandIn::new("ok") else { return };
    let handle = watch(&card);
    card.say("xid 79 first");
    let told = wait_for(&handle, |snapshot| snapshot.gpus.iter().any(|gpu| !gpu.xids.is_empty()));
    assert_eq!((told.gpus[0].xids[0].xid, told.gpus[0].xids[0].count), (79, 1));
    card.say("xid 13 second");
    let told = wait_for(&handle, |snapshot| snapshot.gpus[0].xids.len() == 2);
    assert!(told.gpus[0].health.reasons.iter().any(|reason| reason.code == "xid-13"));
    handle.stop();
}

#[test]
fn a_card_that_falls_off_the_bus_is_a_state_and_no_panic() {
    let Some(card) = StandIn::new("ok") else { return };
    let handle = watch(&card);
    card.say("lost");
    let lost = wait_for(&handle, |snapshot| matches!(snapshot.gpus[0].presence, Presence::Lost { .. }));
    assert_eq!(lost.gpus[0].sample.id.0, "GPU-stand-in");
    assert_eq!(lost.gpus[0].health.reasons[0].code, "gpu-lost");
    card.say("ok");
    wait_for(&handle, |snapshot| snapshot.gpus[0].presence == Presence::Here);
}

#[test]
fn a_vanished_driver_is_reported_and_found_again() {
    let Some(card) = StandIn::new("unloaded") else { return };
    let handle = watch(&card);
    let Driver::Missing(fault) = &handle.latest().driver else { panic!("{:?}", handle.latest()) };
    assert_eq!(fault.kind, DriverFaultKind::NotLoaded);
    card.say("ok");
    wait_for(&handle, |snapshot| matches!(snapshot.driver, Driver::Running(_)));
    card.say("unloaded");
    let gone = wait_for(&handle, |snapshot| matches!(snapshot.driver, Driver::Lost { .. }));
    assert_eq!(gone.gpus.len(), 1);
    card.say("ok");
    wait_for(&handle, |snapshot| matches!(snapshot.driver, Driver::Running(_)));
    // Let go, it is held by nobody; the connection comes back when asked for.
    handle.release().unwrap();
    wait_for(&handle, |snapshot| snapshot.driver == Driver::Released);
    handle.resume().unwrap();
    wait_for(&handle, |snapshot| matches!(snapshot.driver, Driver::Running(_)));
}

//! The GPUs of a machine: telemetry from NVML and the policy that judges their health.
//!
//! | step | where | nature |
//! |---|---|---|
//! | read | [`Telemetry`]: [`NvmlTelemetry`] (real devices), [`Script`] (a story from a file) | asks the driver; a card that lacks something leaves a gap |
//! | judge | [`Policy`] (a table with its sources), [`judge()`], [`History`] | pure: what was known and a reading in, a verdict with reasons out |
//! | gather | [`Inspector`] | keeps the histories and makes the [`Snapshot`]; knows no clock and no thread |
//! | watch | [`Watcher`] | a thread that reads on time, at once when the driver reports an event, and again with growing pauses when it is gone |
//! | tell | [`metrics`], [`render`] | pure: snapshot in, text out |
//!
//! The driver's library is loaded at run time. A machine without it is no error: [`Driver::Missing`] says why and how to mend it,
//! and the node serves from its processor. A driver that disappears, a card that falls off the bus, are states too.
//!
//! What travels to others is in [`protocol::gpu`].

mod backoff;
mod condition;
mod history;
mod inspector;
mod judge;
pub mod metrics;
mod nvml;
mod policy;
pub mod render;
mod script;
#[cfg(test)]
mod stories;
mod telemetry;
mod watcher;

pub use backoff::Backoff;
pub use condition::Condition;
pub use history::History;
pub use inspector::Inspector;
pub use judge::judge;
pub use nvml::NvmlTelemetry;
pub use policy::{Lasts, Policy, PolicyError, Rule, Thresholds, XidRule};
pub use protocol::gpu::{
    Driver, DriverFault, DriverFaultKind, DriverVersions, GpuEvent, GpuEventKind, GpuId, GpuReport, GpuSample, Health,
    HealthReport, Reason, Remedy, Snapshot, Source, UnixMillis,
};
pub use script::{Script, ScriptError};
pub use telemetry::{Delivery, EventSink, GpuReading, Reading, Telemetry};
pub use watcher::{WatchError, WatchHandle, WatchSettings, Watcher};

/// One snapshot, for a command that asks once: reads, judges and lets the driver go.
///
/// Rules that want a state to last (a slowdown for ten seconds) cannot speak after a single reading.
pub fn look_once(telemetry: &mut dyn Telemetry, policy: Policy) -> Snapshot {
    let mut inspector = Inspector::new(telemetry.source(), policy);
    let reading = telemetry.read();
    let snapshot = inspector.observe(watcher::now(), reading);
    telemetry.release();
    snapshot
}

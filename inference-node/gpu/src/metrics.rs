//! The GPUs for Prometheus: names in its style, in base units.

use std::fmt::Write;

use protocol::gpu::{Driver, GpuReport, Health, Presence, Snapshot};

/// What a metric is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Description {
    /// Its name, unit at the end.
    pub name: &'static str,
    /// Counter or gauge.
    pub kind: Kind,
    /// What it tells.
    pub help: &'static str,
}

/// How a metric behaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Goes up and down.
    Gauge,
    /// Only goes up, until something is restarted.
    Counter,
}

/// One value.
#[derive(Debug, Clone, PartialEq)]
pub struct Metric {
    /// Its name.
    pub name: &'static str,
    /// Names and values of its labels.
    pub labels: Vec<(&'static str, String)>,
    /// The value.
    pub value: f64,
}

macro_rules! descriptions {
    ($($kind:ident $name:literal: $help:literal,)*) => {
        /// Every metric that [`list`] may give.
        pub const DESCRIPTIONS: &[Description] = &[$(Description { name: $name, kind: Kind::$kind, help: $help },)*];
    };
}

descriptions! {
    Gauge "gpu_driver_up": "Whether the GPU driver answers.",
    Gauge "gpu_info": "Always 1; product, architecture and versions in the labels.",
    Gauge "gpu_up": "Whether the GPU answers.",
    Gauge "gpu_health": "1 for the verdict that holds, 0 for the others.",
    Gauge "gpu_health_reason": "1 for each reason for or against the GPU.",
    Gauge "gpu_vram_total_bytes": "Memory of the GPU.",
    Gauge "gpu_vram_used_bytes": "Memory in use, by whomever.",
    Gauge "gpu_vram_free_bytes": "Memory that is free.",
    Gauge "gpu_vram_foreign_bytes": "Memory that programs hold which are not the node's.",
    Gauge "gpu_utilisation_ratio": "Share of time in which something ran.",
    Gauge "gpu_memory_utilisation_ratio": "Share of time in which memory was read or written.",
    Gauge "gpu_temperature_celsius": "Temperature of the chip.",
    Gauge "gpu_memory_temperature_celsius": "Temperature of the memory.",
    Gauge "gpu_temperature_slowdown_celsius": "Temperature at which the hardware slows down.",
    Gauge "gpu_power_watts": "Power drawn.",
    Gauge "gpu_power_limit_watts": "Limit of the power.",
    Gauge "gpu_sm_clock_hertz": "Clock of the processors.",
    Gauge "gpu_memory_clock_hertz": "Clock of the memory.",
    Gauge "gpu_throttled": "1 for each reason that holds the clocks back.",
    Gauge "gpu_ecc_volatile_errors": "Memory errors since the driver was loaded or the GPU reset.",
    Counter "gpu_ecc_errors_total": "Memory errors over the card's life.",
    Gauge "gpu_remapped_rows": "Rows of memory replaced by spare ones.",
    Gauge "gpu_remapped_rows_pending": "Whether rows wait for a reset to be replaced.",
    Gauge "gpu_remapped_rows_failed": "Whether a row could not be replaced.",
    Gauge "gpu_pcie_link_generation": "Generation of the link to the machine; lower while idle.",
    Gauge "gpu_pcie_link_lanes": "Lanes of the link to the machine.",
    Counter "gpu_pcie_replays_total": "Packets sent again on the link to the machine.",
    Gauge "gpu_nvlinks_up": "Links to other GPUs that are up.",
    Counter "gpu_nvlink_errors_total": "Errors on the links to other GPUs.",
    Counter "gpu_xid_events_total": "XID errors since the node started.",
    Gauge "gpu_snapshot_timestamp_seconds": "When the readings were taken.",
}

/// All values of `snapshot`. What a card does not offer gives no value.
#[must_use]
pub fn list(snapshot: &Snapshot) -> Vec<Metric> {
    let mut values = Values(Vec::new());
    let up = matches!(snapshot.driver, Driver::Running(_));
    values.add("gpu_driver_up", &[], Some(f64::from(u8::from(up))));
    values.add("gpu_snapshot_timestamp_seconds", &[], Some(snapshot.taken_unix_ms.0 as f64 / 1e3));
    for gpu in &snapshot.gpus {
        of_gpu(&mut values, gpu, &snapshot.driver);
    }
    values.0
}

/// `snapshot` in Prometheus' text format.
#[must_use]
pub fn exposition(snapshot: &Snapshot) -> String {
    let metrics = list(snapshot);
    let mut text = String::new();
    for description in DESCRIPTIONS {
        let mut values = metrics.iter().filter(|metric| metric.name == description.name).peekable();
        if values.peek().is_none() {
            continue;
        }
        let kind = match description.kind {
            Kind::Gauge => "gauge",
            Kind::Counter => "counter",
        };
        // Writing into a String cannot fail.
        let _ = writeln!(text, "# HELP {0} {1}\n# TYPE {0} {kind}", description.name, description.help);
        for metric in values {
            let labels: Vec<String> =
                metric.labels.iter().map(|(name, value)| format!("{name}=\"{}\"", escaped(value))).collect();
            let labels = if labels.is_empty() { String::new() } else { format!("{{{}}}", labels.join(",")) };
            let _ = writeln!(text, "{}{labels} {}", metric.name, metric.value);
        }
    }
    text
}

fn escaped(value: &str) -> String {
    value.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}

struct Values(Vec<Metric>);

impl Values {
    fn add(&mut self, name: &'static str, labels: &[(&'static str, &str)], value: Option<f64>) {
        let labels = labels.iter().map(|(name, value)| (*name, (*value).to_owned())).collect();
        self.0.extend(value.map(|value| Metric { name, labels, value }));
    }
}

fn of_gpu(values: &mut Values, gpu: &GpuReport, driver: &Driver) {
    let sample = &gpu.sample;
    let index = sample.index.to_string();
    let this = [("gpu", sample.id.0.as_str()), ("index", index.as_str())];
    let with = |name: &'static str, value: &'static str| [this[0], this[1], (name, value)];
    let flag = |set: bool| f64::from(u8::from(set));
    let running = match driver {
        Driver::Running(versions) => Some(versions),
        _ => None,
    };
    let here = gpu.presence == Presence::Here && running.is_some();
    let architecture = sample.architecture.as_deref().unwrap_or_default();
    let version = running.and_then(|versions| versions.driver_version.as_deref()).unwrap_or_default();
    let info =
        [this[0], this[1], ("name", sample.name.as_str()), ("architecture", architecture), ("driver_version", version)];
    values.add("gpu_info", &info, Some(1.0));
    values.add("gpu_up", &this, Some(flag(here)));
    for verdict in [Health::Ok, Health::AdmitNothingNew, Health::Drain, Health::NeedsReset] {
        values.add("gpu_health", &with("verdict", verdict.name()), Some(flag(gpu.health.verdict == verdict)));
    }
    for reason in &gpu.health.reasons {
        let labels = [this[0], this[1], ("code", reason.code.as_str()), ("verdict", reason.verdict.name())];
        values.add("gpu_health_reason", &labels, Some(1.0));
    }
    for tally in &gpu.xids {
        let xid = tally.xid.to_string();
        values.add("gpu_xid_events_total", &[this[0], this[1], ("xid", xid.as_str())], Some(tally.count as f64));
    }
    if here {
        of_sample(values, gpu, &this, &with);
    }
}

fn of_sample<'a>(
    values: &mut Values,
    gpu: &'a GpuReport,
    this: &[(&'static str, &'a str); 2],
    with: &dyn Fn(&'static str, &'static str) -> [(&'static str, &'a str); 3],
) {
    let sample = &gpu.sample;
    let bytes = |bytes: Option<u64>| bytes.map(|bytes| bytes as f64);
    values.add("gpu_vram_total_bytes", this, bytes(sample.vram.map(|vram| vram.total_bytes)));
    values.add("gpu_vram_used_bytes", this, bytes(sample.vram.map(|vram| vram.used_bytes)));
    values.add("gpu_vram_free_bytes", this, bytes(sample.vram.map(|vram| vram.free_bytes)));
    values.add("gpu_vram_foreign_bytes", this, bytes(sample.foreign_vram_bytes()));
    let ratio = |percent: u32| f64::from(percent) / 100.0;
    values.add("gpu_utilisation_ratio", this, sample.utilisation.map(|share| ratio(share.gpu_percent)));
    values.add("gpu_memory_utilisation_ratio", this, sample.utilisation.map(|share| ratio(share.memory_percent)));
    values.add("gpu_temperature_celsius", this, sample.thermal.gpu_celsius.map(f64::from));
    values.add("gpu_memory_temperature_celsius", this, sample.thermal.memory_celsius.map(f64::from));
    values.add("gpu_temperature_slowdown_celsius", this, sample.thermal.slowdown_celsius.map(f64::from));
    let watts = |milliwatts: Option<u64>| milliwatts.map(|milliwatts| milliwatts as f64 / 1e3);
    values.add("gpu_power_watts", this, watts(sample.power.draw_milliwatts));
    values.add("gpu_power_limit_watts", this, watts(sample.power.limit_milliwatts));
    let hertz = |mhz: Option<u32>| mhz.map(|mhz| f64::from(mhz) * 1e6);
    values.add("gpu_sm_clock_hertz", this, hertz(sample.clocks.sm_mhz));
    values.add("gpu_memory_clock_hertz", this, hertz(sample.clocks.memory_mhz));
    for reason in sample.throttle.iter().flatten() {
        values.add("gpu_throttled", &with("reason", crate::render::throttle_name(*reason)), Some(1.0));
    }
    if let Some(ecc) = sample.ecc {
        for (name, counts) in [("gpu_ecc_volatile_errors", ecc.volatile), ("gpu_ecc_errors_total", ecc.aggregate)] {
            values.add(name, &with("kind", "corrected"), bytes(counts.corrected));
            values.add(name, &with("kind", "uncorrected"), bytes(counts.uncorrected));
        }
    }
    if let Some(rows) = sample.remapped_rows {
        values.add("gpu_remapped_rows", &with("cause", "corrected"), Some(rows.corrected as f64));
        values.add("gpu_remapped_rows", &with("cause", "uncorrected"), Some(rows.uncorrected as f64));
        values.add("gpu_remapped_rows_pending", this, Some(f64::from(u8::from(rows.pending))));
        values.add("gpu_remapped_rows_failed", this, Some(f64::from(u8::from(rows.failed))));
    }
    if let Some(link) = sample.pcie {
        values.add("gpu_pcie_link_generation", this, link.generation.map(f64::from));
        values.add("gpu_pcie_link_lanes", this, link.width.map(f64::from));
        values.add("gpu_pcie_replays_total", this, bytes(link.replays));
    }
    if !sample.nvlinks.is_empty() {
        let up = sample.nvlinks.iter().filter(|link| link.active).count();
        values.add("gpu_nvlinks_up", this, Some(up as f64));
        let all = |count: fn(&protocol::gpu::NvLinkErrors) -> Option<u64>| {
            let counts: Vec<u64> = sample.nvlinks.iter().filter_map(|link| count(&link.errors)).collect();
            (!counts.is_empty()).then(|| counts.iter().sum::<u64>() as f64)
        };
        values.add("gpu_nvlink_errors_total", &with("kind", "replay"), all(|errors| errors.replay));
        values.add("gpu_nvlink_errors_total", &with("kind", "recovery"), all(|errors| errors.recovery));
        values.add("gpu_nvlink_errors_total", &with("kind", "crc-flit"), all(|errors| errors.crc_flit));
        values.add("gpu_nvlink_errors_total", &with("kind", "crc-data"), all(|errors| errors.crc_data));
    }
}

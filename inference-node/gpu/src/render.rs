//! The GPUs for people: text for the command line, without colour, so that it can be kept and compared.

use std::fmt::Write;

use comfy_table::{CellAlignment, ContentArrangement, Table, presets};
use protocol::gpu::{
    Driver, DriverFaultKind, DriverVersions, GpuReport, Health, Lasting, Presence, Reason, Snapshot, Source,
    ThrottleReason, Vram,
};

/// A table of all GPUs with what stands against them; on a machine without, what that means and how to mend it.
#[must_use]
pub fn list(snapshot: &Snapshot) -> String {
    let mut text = head(snapshot);
    if snapshot.gpus.is_empty() {
        return text;
    }
    let mut table = Table::new();
    table.load_preset(presets::UTF8_HORIZONTAL_ONLY).set_content_arrangement(ContentArrangement::Disabled);
    table.set_header([
        "GPU",
        "product",
        "health",
        "memory",
        "foreign",
        "load",
        "heat",
        "power",
        "clock",
        "held back by",
    ]);
    for gpu in &snapshot.gpus {
        table.add_row(row(gpu));
    }
    for right in [0, 3, 4, 5, 6, 7, 8] {
        if let Some(column) = table.column_mut(right) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    let _ = writeln!(text, "{}", trimmed(&table.to_string()));
    for gpu in &snapshot.gpus {
        for reason in gpu.health.reasons.iter().filter(|reason| reason.verdict > Health::Ok) {
            let _ = writeln!(text, "GPU {}: {} {}", gpu.sample.index, reason.message, reason.advice);
        }
        if let Some(mig) = gpu.sample.mig.as_ref().filter(|mig| mig.enabled) {
            let _ = writeln!(text, "GPU {}: divided into {} instances", gpu.sample.index, mig.instances.len());
            for instance in &mig.instances {
                let name = instance.name.as_deref().unwrap_or("instance");
                let _ = writeln!(text, "  {} {name}  {}", instance.index, memory(instance.vram));
            }
        }
    }
    text
}

/// The verdict on each GPU with its reasons, what to do and who says so.
#[must_use]
pub fn check(snapshot: &Snapshot) -> String {
    let mut text = head(snapshot);
    for gpu in &snapshot.gpus {
        let sample = &gpu.sample;
        let _ =
            writeln!(text, "\nGPU {} {} ({}): {}", sample.index, sample.name, sample.id, in_words(gpu.health.verdict));
        for reason in &gpu.health.reasons {
            explain(&mut text, reason);
        }
        if gpu.health.reasons.is_empty() {
            let _ = writeln!(text, "  nothing stands against it");
        }
        let counted: Vec<String> = gpu.xids.iter().map(|tally| format!("{} × {}", tally.xid, tally.count)).collect();
        if !counted.is_empty() {
            let _ = writeln!(text, "  XID errors since the start: {}", counted.join(", "));
        }
    }
    if !snapshot.gpus.is_empty() {
        let _ = writeln!(text, "\nAll together: {}", in_words(snapshot.worst()));
    }
    text
}

/// How many readings, and how old, stand behind the text; the driver, or why there is none.
fn head(snapshot: &Snapshot) -> String {
    let mut text = String::new();
    if snapshot.source == Source::Script {
        text.push_str("These GPUs are played from a file.\n");
    }
    match &snapshot.driver {
        Driver::Running(versions) => {
            let _ = writeln!(text, "{}", versions_in_words(versions));
            if snapshot.gpus.is_empty() {
                text.push_str(
                    "The driver answers but lists no GPU: the node runs on the processor.\n\
                     To mend it: look for the card in `lspci -d 10de:`; in a container, give it the card.\n",
                );
            }
        }
        Driver::Missing(fault) if fault.kind == DriverFaultKind::LibraryMissing => {
            let _ = writeln!(
                text,
                "No NVIDIA driver here: the node runs on the processor.\nWhy: {}.\nTo mend it: {}.",
                fault.detail, fault.advice
            );
        }
        Driver::Missing(fault) => {
            let _ = writeln!(
                text,
                "The NVIDIA driver does not answer: the node runs on the processor.\nWhy: {}.\nTo mend it: {}.",
                fault.detail, fault.advice
            );
        }
        Driver::Lost { fault, .. } => {
            let _ = writeln!(
                text,
                "The NVIDIA driver no longer answers; the readings below are its last.\nWhy: {}.\nTo mend it: {}.",
                fault.detail, fault.advice
            );
        }
        Driver::Released => {
            text.push_str("The NVIDIA driver is let go for a reset; the readings below are from before.\n");
        }
    }
    text
}

fn versions_in_words(versions: &DriverVersions) -> String {
    let driver = versions.driver_version.as_deref().unwrap_or("of unknown version");
    match &versions.cuda_version {
        Some(cuda) => format!("NVIDIA driver {driver}, CUDA up to {cuda}"),
        None => format!("NVIDIA driver {driver}"),
    }
}

fn row(gpu: &GpuReport) -> [String; 10] {
    let sample = &gpu.sample;
    let or_dash = |value: Option<String>| value.unwrap_or_else(|| "–".to_owned());
    let health = match gpu.presence {
        Presence::Here => gpu.health.verdict.to_string(),
        Presence::Lost { .. } => format!("{} (lost)", gpu.health.verdict),
    };
    if gpu.presence != Presence::Here {
        let gone = || "–".to_owned();
        let [index, name] = [sample.index.to_string(), sample.name.clone()];
        return [index, name, health, memory(sample.vram), gone(), gone(), gone(), gone(), gone(), gone()];
    }
    let held: Option<Vec<&str>> = sample.throttle.as_ref().map(|reasons| {
        reasons.iter().filter(|reason| **reason != ThrottleReason::Idle).map(|reason| throttle_name(*reason)).collect()
    });
    let power = sample.power.draw_milliwatts.map(|draw| match sample.power.limit_milliwatts {
        Some(limit) => format!("{}/{} W", draw / 1_000, limit / 1_000),
        None => format!("{} W", draw / 1_000),
    });
    [
        sample.index.to_string(),
        sample.name.clone(),
        health,
        memory(sample.vram),
        or_dash(sample.foreign_vram_bytes().map(gib)),
        or_dash(sample.utilisation.map(|share| format!("{} %", share.gpu_percent))),
        or_dash(sample.thermal.gpu_celsius.map(|celsius| format!("{celsius} °C"))),
        or_dash(power),
        or_dash(sample.clocks.sm_mhz.map(|mhz| format!("{mhz} MHz"))),
        or_dash(held.map(|held| if held.is_empty() { "nothing".to_owned() } else { held.join(", ") })),
    ]
}

fn memory(vram: Option<Vram>) -> String {
    vram.map_or_else(|| "–".to_owned(), |vram| format!("{} of {}", gib(vram.used_bytes), gib(vram.total_bytes)))
}

fn gib(bytes: u64) -> String {
    format!("{:.1} GiB", bytes as f64 / f64::from(1 << 30))
}

fn explain(text: &mut String, reason: &Reason) {
    let ends = match reason.lasting {
        Lasting::Seen => "",
        Lasting::Reset => " (until a reset)",
        Lasting::Time { .. } => " (for a while)",
    };
    let mark = if reason.verdict == Health::Ok { "note" } else { reason.verdict.name() };
    let _ = writeln!(text, "  {mark}: {}{ends} [{}]", reason.message, reason.code);
    let _ = writeln!(text, "    do: {}", reason.advice);
    let _ = writeln!(text, "    by: {}", reason.source);
}

/// A verdict for people.
fn in_words(health: Health) -> &'static str {
    match health {
        Health::Ok => "ok, takes work",
        Health::AdmitNothingNew => "takes nothing new, what runs goes on",
        Health::Drain => "takes nothing new, what runs is finished or moved",
        Health::NeedsReset => "must be reset before it is used again",
    }
}

/// The name of a throttle reason, as on the wire.
pub(crate) fn throttle_name(reason: ThrottleReason) -> &'static str {
    match reason {
        ThrottleReason::Idle => "idle",
        ThrottleReason::ApplicationClocks => "application-clocks",
        ThrottleReason::SoftwarePowerCap => "software-power-cap",
        ThrottleReason::HardwareSlowdown => "hardware-slowdown",
        ThrottleReason::SyncBoost => "sync-boost",
        ThrottleReason::SoftwareThermal => "software-thermal",
        ThrottleReason::HardwareThermal => "hardware-thermal",
        ThrottleReason::HardwarePowerBrake => "hardware-power-brake",
        ThrottleReason::DisplayClocks => "display-clocks",
    }
}

fn trimmed(table: &str) -> String {
    table.lines().map(str::trim_end).collect::<Vec<_>>().join("\n")
}

//! `inference-node gpu …`.

use std::process::ExitCode;
use std::time::Duration;

use gpu::{Health, NvmlTelemetry, Policy, Script, Snapshot, Telemetry, WatchHandle, WatchSettings, Watcher};

use super::{EXIT_WRONG, print};
use crate::cli::GpuCommand;
use crate::config::{Config, GpuConfig};

/// Shows what the driver, or the story in its place, tells.
///
/// # Errors
/// When the policy or the story cannot be read.
pub(crate) async fn run(command: GpuCommand, config: &Config, json: bool) -> anyhow::Result<ExitCode> {
    let policy = policy(&config.gpu)?;
    match command {
        GpuCommand::List => {
            let snapshot = look(&config.gpu, policy)?;
            show(&snapshot, json, gpu::render::list)?;
            Ok(ExitCode::SUCCESS)
        }
        GpuCommand::Check => {
            let snapshot = look(&config.gpu, policy)?;
            show(&snapshot, json, gpu::render::check)?;
            Ok(if snapshot.worst() == Health::Ok { ExitCode::SUCCESS } else { ExitCode::from(EXIT_WRONG) })
        }
        GpuCommand::Watch { every } => watch(&config.gpu, policy, Duration::from_secs(every), json).await,
    }
}

fn look(config: &GpuConfig, policy: Policy) -> anyhow::Result<Snapshot> {
    Ok(gpu::look_once(&mut *telemetry(config)?, policy))
}

fn show(snapshot: &Snapshot, json: bool, render: fn(&Snapshot) -> String) -> anyhow::Result<()> {
    if json {
        return print::json(snapshot);
    }
    print::line(render(snapshot));
    Ok(())
}

async fn watch(config: &GpuConfig, policy: Policy, every: Duration, json: bool) -> anyhow::Result<ExitCode> {
    let settings = WatchSettings { interval: every, ..WatchSettings::default() };
    let handle: WatchHandle = Watcher::start(telemetry(config)?, settings, policy)?;
    let mut snapshots = handle.subscribe();
    let clear = std::io::IsTerminal::is_terminal(&std::io::stdout()) && !json;
    loop {
        let snapshot = std::sync::Arc::clone(&snapshots.borrow_and_update());
        if clear {
            // Home, then clear to the end: the picture does not flicker.
            print::line("\u{1b}[H\u{1b}[J");
        }
        show(&snapshot, json, gpu::render::list)?;
        tokio::select! {
            changed = snapshots.changed() => if changed.is_err() { return Ok(ExitCode::SUCCESS) },
            _ = tokio::signal::ctrl_c() => return Ok(ExitCode::SUCCESS),
        }
    }
}

/// The driver, or the story in its place.
///
/// # Errors
/// When the story cannot be read.
pub(crate) fn telemetry(config: &GpuConfig) -> anyhow::Result<Box<dyn Telemetry>> {
    Ok(match &config.telemetry {
        None => Box::new(NvmlTelemetry::new()),
        Some(story) => Box::new(Script::open(story.as_std_path())?),
    })
}

/// The verdicts.
///
/// # Errors
/// When the table cannot be read.
pub(crate) fn policy(config: &GpuConfig) -> anyhow::Result<Policy> {
    use anyhow::Context;
    Ok(match &config.policy {
        None => Policy::built_in()?,
        Some(path) => {
            let text = std::fs::read_to_string(path)
                .with_context(|| format!("failed to read the policy `{path}` (gpu.policy)"))?;
            Policy::with_overrides(&text).with_context(|| format!("`{path}` is no table of verdicts (gpu.policy)"))?
        }
    })
}

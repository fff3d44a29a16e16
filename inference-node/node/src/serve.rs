//! `inference-node serve`: everything wired together, started, kept healthy, stopped in order.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use camino::Utf8PathBuf;
use engines::worker::WorkerCommand;
use gpu::{WatchSettings, Watcher};
use protocol::Heartbeat;
use protocol::gpu::Health;
use service::telemetry::{Program, Telemetry};
use service::{http, logs, metrics, signals, systemd};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::api::{self, Api, Epoch, Keys};
use crate::commands::gpu::{policy, telemetry};
use crate::config::Config;
use crate::host::{Host, HostParts};

/// Runs the node until it is told to stop.
///
/// # Errors
/// When a part cannot start, or fails for good while running.
pub(crate) async fn run(config: Config) -> anyhow::Result<()> {
    let program = Program { name: "inference-node", version: env!("CARGO_PKG_VERSION"), instance: &config.node.name };
    let export = Telemetry::start(&config.telemetry, program)?;
    logs::start(&config.log.filter, config.log.format, &export)?;
    let metrics = metrics::start()?;
    let (stop, stop_models) = (CancellationToken::new(), CancellationToken::new());
    std::fs::create_dir_all(&config.data.folder)
        .with_context(|| format!("failed to make the data folder `{}`", config.data.folder))?;
    let keys = Keys::read_or_make(&config.key_file())?;
    let watching = Watcher::start(telemetry(&config.gpu)?, WatchSettings::default(), policy(&config.gpu)?)?;
    let gpus = watching.subscribe();

    // Removed when the node ends; the sockets in it are for this user alone.
    let sockets =
        tempfile::Builder::new().prefix("inference-node-").tempdir().context("failed to make a folder for sockets")?;
    let store = models::Store::at(config.store_folder()).context("failed to open the store of models")?;
    let program = std::env::current_exe().context("failed to find this program")?;
    let parts = HostParts {
        store,
        gpu_worker: gpu_program(&program).map(worker),
        worker: worker(program),
        sockets: Utf8PathBuf::from_path_buf(sockets.path().to_owned())
            .map_err(|path| anyhow::anyhow!("`{}` is not in UTF-8", path.display()))?,
        gpus: gpus.clone(),
        config: config.clone(),
    };
    let host = Arc::new(Host::start(parts, stop_models.clone())?);

    let server = http::Server::bind(config.http.listen, config.http.tls.as_ref(), "http.listen")?;
    let address = server.address()?;
    let first = Heartbeat {
        node: config.node.name.clone(),
        incarnation: 0,
        sequence: 0,
        health: Health::Ok,
        models: Vec::new(),
        gpus: Vec::new(),
    };
    let (beats, heartbeat) = watch::channel(Arc::new(first));
    let router = api::router(Api {
        host: Arc::clone(&host),
        keys,
        epoch: Epoch::default(),
        name: config.node.name.clone(),
        gpus: gpus.clone(),
        heartbeat,
        metrics: metrics.clone(),
        longest_wait: Duration::from_secs(config.admission.longest_wait_seconds),
        largest_request: config.http.largest_request_bytes,
        longest_recording: config.models.longest_recording_seconds,
    });

    let mut running: JoinSet<anyhow::Result<()>> = JoinSet::new();
    running.spawn(signals::watch(stop.clone()));
    let grace = Duration::from_secs(config.http.stop_seconds);
    running.spawn(server.run(router, stop.clone(), grace));
    running.spawn(done(api::beat(config.node.name.clone(), Arc::clone(&host), gpus, beats, stop.clone())));
    running.spawn(done(service::metrics::keep(metrics, stop.clone())));
    running.spawn(done({
        let (host, stop) = (Arc::clone(&host), stop.clone());
        async move {
            tokio::select! {
                () = host.follow_store() => {}
                () = stop.cancelled() => {}
            }
        }
    }));
    let watchdog_stop = stop.clone();
    running.spawn(done(async move { systemd::keep_watchdog(|| std::future::ready(true), watchdog_stop).await }));

    greet(&config, address);
    systemd::ready("serving");
    tracing::info!(%address, engines = ?engines::built_in(), "ready");

    let mut outcome = Ok(());
    while let Some(ended) = running.join_next().await {
        if !stop.is_cancelled() {
            systemd::stopping();
            stop.cancel();
        }
        let ended = ended.context("a part of the node panicked").and_then(|result| result);
        if let Err(error) = ended {
            tracing::error!(error = format!("{error:#}"), "a part of the node failed");
            outcome = outcome.and(Err(error));
        }
    }
    // Requests have ended; now the workers may.
    stop_models.cancel();
    host.ended().await;
    watching.stop();
    export.stop().await;
    tracing::info!("stopped");
    outcome
}

async fn done(part: impl Future<Output = ()>) -> anyhow::Result<()> {
    part.await;
    Ok(())
}

/// Tells whoever started it where to look.
#[expect(clippy::print_stdout, reason = "this is what the person at the terminal waits for")]
fn greet(config: &Config, address: std::net::SocketAddr) {
    let scheme = if config.http.tls.is_some() { "https" } else { "http" };
    println!();
    println!("  Models      {scheme}://{address}/v1 (OpenAI's API)");
    println!("  API key     {}", config.key_file());
    println!("  Health      {scheme}://{address}/readyz");
    println!();
}

/// A program as a worker.
fn worker(program: PathBuf) -> WorkerCommand {
    WorkerCommand { program, arguments: vec!["worker".to_owned()] }
}

/// The program for models on a GPU: this one where it was built with CUDA, else the one beside it, or among its
/// libraries, that was. That one is apart because it cannot start without NVIDIA's driver, and a node must.
fn gpu_program(this: &Path) -> Option<PathBuf> {
    if cfg!(feature = "cuda") {
        return Some(this.to_owned());
    }
    let places = ["inference-node-cuda", "../lib/sfetnic/inference-node-cuda"].map(|place| this.with_file_name(place));
    let found = places.iter().find(|place| place.is_file());
    if found.is_none() {
        tracing::info!(missing = ?places, "models are computed on the processor");
    }
    found.cloned()
}

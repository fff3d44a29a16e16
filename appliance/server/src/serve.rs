//! `appliance serve`: everything wired together, started, kept healthy, stopped in order.

mod endpoints;
mod generator;
mod knowledge;
mod secrets;
mod telephone;
mod wiring;
mod workers;

use std::time::Duration;

use anyhow::Context;
use service::telemetry::{Program, Telemetry};
use service::{http, logs, metrics, signals, systemd};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::admin;
use crate::config::Config;
pub(crate) use wiring::open_attachments;

/// How long the database may take to come up: a killed server rebuilds it from snapshot and log first.
const DATABASE_PATIENCE: Duration = Duration::from_secs(300);

/// Runs the server until it is told to stop.
///
/// # Errors
/// When a part cannot start, or fails for good while running.
pub(crate) async fn run(config: Config) -> anyhow::Result<()> {
    let instance = config.store.node.to_string();
    let program = Program { name: "appliance", version: env!("CARGO_PKG_VERSION"), instance: &instance };
    let telemetry = Telemetry::start(&config.telemetry, program)?;
    logs::start(&config.log.filter, config.log.format, &telemetry)?;
    let metrics = metrics::start()?;
    let stop = CancellationToken::new();
    let started = std::time::Instant::now();

    std::fs::create_dir_all(&config.data.folder)
        .with_context(|| format!("failed to make the data folder `{}`", config.data.folder))?;
    let wired = wiring::wire(&config, DATABASE_PATIENCE).await?;

    let mut parts: JoinSet<anyhow::Result<()>> = JoinSet::new();
    parts.spawn(signals::watch(stop.clone()));
    let phone = telephone::start(&wired, &config).await?;
    workers::start(&mut parts, &wired, phone.as_ref(), &config, &stop);
    let admin_socket = config.admin_socket();
    let admin_parts = wired.admin(&config, phone.clone());
    let admin_stop = stop.clone();
    parts.spawn(async move { admin::listen(&admin_socket, admin_parts, admin_stop).await });

    let first = wired.first_administrator(&config).await?;
    let server = http::Server::bind(config.http.listen, config.http.tls.as_ref(), "http.listen")?;
    let chat = wired.chat(&config);
    let router = wired.router(&config, &chat, phone.as_ref())?;
    let http_stop = stop.clone();
    let grace = Duration::from_secs(config.http.stop_seconds);
    parts.spawn(async move { server.run(router, http_stop, grace).await });

    let store = wired.store.clone();
    let healthy = move || {
        let store = store.clone();
        async move { store.health().await.is_ok() }
    };
    let watchdog_stop = stop.clone();
    parts.spawn(async move {
        systemd::keep_watchdog(healthy, watchdog_stop).await;
        Ok(())
    });

    greet(&config, phone.as_ref(), first.as_ref());
    // Last, for whoever asks whether this server is ready may send citizens here at once.
    parts.spawn(endpoints::listen(config.metrics.listen, wired.store.clone(), metrics, stop.clone()));
    systemd::ready("serving");
    tracing::info!(startup_ms = started.elapsed().as_millis(), "ready");

    // The first part to end, by a signal or a failure, ends all.
    let mut outcome = Ok(());
    while let Some(ended) = parts.join_next().await {
        if !stop.is_cancelled() {
            systemd::stopping();
            stop.cancel();
        }
        let ended = ended.context("a part of the server panicked").and_then(|result| result);
        if let Err(error) = ended {
            tracing::error!(error = format!("{error:#}"), "a part of the server failed");
            outcome = outcome.and(Err(error));
        }
    }
    if let Some(phone) = phone {
        phone.stop().await;
    }
    chat.stop(grace).await;
    wired.gateway.stop().await;
    wired.store.close().await.context("failed to close the database in order")?;
    telemetry.stop().await;
    tracing::info!("stopped");
    outcome
}

/// Tells whoever started it where to look.
#[expect(clippy::print_stdout, reason = "this is what the person at the terminal waits for")]
fn greet(config: &Config, phone: Option<&phone::Phone>, first: Option<&console::accounts::Issued>) {
    let scheme = if config.http.tls.is_some() { "https" } else { "http" };
    let base = config.http.public_url.clone().unwrap_or_else(|| format!("{scheme}://{}", config.http.listen));
    println!();
    println!("  Citizens    {base}/");
    println!("  Operators   {base}/console");
    if let Some((transport, address)) = phone.and_then(|phone| phone.addresses().into_iter().next()) {
        println!("  Telephone   sip:sfetnic@{address} ({transport})");
    }
    println!("  Health      http://{}/readyz", config.metrics.listen);
    if let Some(issued) = first {
        println!();
        println!("  First sign-in: user {}, one-time password {}", issued.operator.username, issued.one_time_password);
        // The sub-command finds this server by the same variable.
        let folder = std::env::var("SFETNIC_DATA__FOLDER").map(|folder| format!("SFETNIC_DATA__FOLDER={folder} "));
        let (folder, name) = (folder.unwrap_or_default(), &issued.operator.username);
        println!("  It is shown only now; `{folder}appliance user reset-password {name}` makes another.");
    }
    println!();
}

//! The gateway alone, before servers that keep our heartbeat: what `make bench-scheduler` measures.
//!
//! `cargo run --release --package gateway --example gateway -- PORT URL,URL…`; the key is `sfn-bench-no-secret-at-all`, as long
//! as inference nodes want theirs. It logs warnings, or what the variable `SFETNIC_LOG__FILTER` says, as JSON: `gateway=debug`
//! has every dispatch.

use std::time::Duration;

use anyhow::{Context, ensure};
use axum::serve::ListenerExt;
use camino::Utf8PathBuf;
use gateway::{CustomerConfig, Gateway, InferenceConfig, NodeConfig};
use protocol::Class;
use service::logs::LogFormat;
use sha2::{Digest, Sha256};

/// As the appliance has it.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const KEY: &str = "sfn-bench-no-secret-at-all";

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [port, urls] = arguments.as_slice() else {
        anyhow::bail!("PORT and the servers' URLs, with commas, are needed")
    };
    let filter = std::env::var("SFETNIC_LOG__FILTER").unwrap_or_else(|_| "warn".to_owned());
    service::logs::start(&filter, LogFormat::Json, &service::telemetry::Telemetry::default())?;
    let folder = tempfile::tempdir()?;
    let key_file = Utf8PathBuf::from_path_buf(folder.path().join("key")).map_err(|_| anyhow::anyhow!("no UTF-8"))?;
    std::fs::write(&key_file, KEY)?;
    let node = |(number, url): (usize, &str)| NodeConfig {
        name: format!("node-{number}"),
        url: url.to_owned(),
        key_file: key_file.clone(),
        certificate: None,
        key: None,
        authorities: None,
    };
    let bench = CustomerConfig {
        name: "bench".to_owned(),
        key_sha256: hex::encode(Sha256::digest(KEY.as_bytes())),
        class: Class::Voice,
        requests_per_minute: u32::MAX,
        parallel: 1_000_000,
    };
    let nodes: Vec<NodeConfig> = urls.split(',').enumerate().map(node).collect();
    let count = nodes.len();
    let config = InferenceConfig { nodes, customers: vec![bench], ..InferenceConfig::default() };
    config.check().map_err(anyhow::Error::msg)?;
    let gateway = Gateway::start(&config, None);
    for _ in 0..100 {
        if gateway.status().iter().any(|model| model.replicas.len() == count) {
            break;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    ensure!(!gateway.status().is_empty(), "no server is heard");
    let alive = axum::Router::new().route("/healthz", axum::routing::get(|| async { "ok" }));
    let router = gateway.router().context("no key")?.merge(alive);
    let listener = tokio::net::TcpListener::bind(format!("127.0.0.1:{port}")).await?;
    // As the appliance's own server has it: small writes leave at once.
    let listener = listener.tap_io(|stream| {
        let _ = stream.set_nodelay(true);
    });
    axum::serve(listener, router).await?;
    Ok(())
}

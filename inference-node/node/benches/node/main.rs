//! Figures of a node over HTTP beside the same engines called directly, in one run: compare ratios.
//!
//! `cargo bench --package node`; with `MODELS=folder` the small models in it are measured too (`make models-test` makes them),
//! and with `PYTHON=program` whisper.cpp's own binding (`pywhispercpp`) as a peer.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a benchmark prints, or fails"
)]

#[path = "../../tests/support/mod.rs"]
mod support;

#[cfg(feature = "whisper")]
mod hearing;
#[cfg(feature = "mistral")]
mod language;
mod speech;

use std::time::Duration;

use support::Node;

#[tokio::main]
async fn main() {
    // `cargo bench --package node -- hearing` measures one part.
    let parts: Vec<String> = std::env::args().skip(1).filter(|argument| !argument.starts_with('-')).collect();
    let wanted = |part: &str| parts.is_empty() || parts.iter().any(|name| name == part);
    if wanted("speech") {
        idle();
        speech::measure().await;
    }
    #[cfg(feature = "mistral")]
    if wanted("language") {
        language::measure().await;
    }
    #[cfg(feature = "whisper")]
    if wanted("hearing") {
        hearing::measure().await;
    }
}

/// Memory of a node that has loaded nothing.
fn idle() {
    let node = Node::start_with(tempfile::tempdir().unwrap(), &[("SFETNIC_NODE_MODELS__LOAD", "[]")]);
    std::thread::park_timeout(Duration::from_secs(1));
    println!("idle, no model loaded: {:.0} MB", memory(node.pid()));
}

/// Resident memory of a process, in MB.
fn memory(pid: u32) -> f64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    line.trim().trim_end_matches(" kB").parse::<f64>().unwrap() / 1024.0
}

/// The value below which a share of them lies.
fn percentile(times: &mut [Duration], share: f64) -> f64 {
    times.sort_unstable();
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        clippy::cast_precision_loss,
        reason = "an index"
    )]
    let index = ((times.len() - 1) as f64 * share).round() as usize;
    times[index].as_secs_f64() * 1000.0
}

fn report(what: &str, times: &mut [Duration]) {
    println!("{what}: p50 {:.2} ms, p99 {:.2} ms", percentile(times, 0.5), percentile(times, 0.99));
}

/// A node that serves some of the small models.
async fn node_with(models: &[&str]) -> Node {
    let node = Node::start();
    for id in models {
        let output = node.run(&["models", "import", support::small_models::folder(id).to_str().unwrap()]);
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }
    // A model that tells voice from noise serves others and is never asked for itself.
    for id in models.iter().filter(|id| **id != "tiny-vad") {
        while node.model(id).await.get("error").is_some() {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        node.wait_for(id, "ready").await;
    }
    node
}

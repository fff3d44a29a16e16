//! Engines fail, models come and go, clients leave: the node lives.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails where it stands")]

mod support;

use std::time::Duration;

use futures::StreamExt;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::{Value, json};
use support::{Node, refused, sentence};

#[tokio::test]
async fn an_engine_that_is_killed_is_reported_and_started_again() {
    let node = Node::start();
    node.wait_for("espeak", "ready").await;
    let workers = node.workers();
    assert_eq!(workers.len(), 1, "each model has a process of its own");
    // It must not be mended before we look: nothing is loaded again while the next start is half a second away.
    kill(Pid::from_raw(workers[0]), Signal::SIGKILL).unwrap();
    let model = node.wait_for("espeak", "restarting").await;
    assert!(model["reason"].as_str().unwrap().contains("signal 9"), "{model}");
    let error = refused(node.speak(sentence("wav")).await, 503).await;
    assert_eq!(error["code"], "model_restarting");
    assert_eq!(node.get("/readyz").send().await.unwrap().status(), 503);
    node.wait_for("espeak", "ready").await;
    assert_ne!(node.workers(), workers);
    assert_eq!(node.speak(sentence("wav")).await.status(), 200);
    let metrics = node.get("/metrics").send().await.unwrap().text().await.unwrap();
    assert!(metrics.contains("node_engine_restarts_total{model=\"espeak\"} 1"), "{metrics}");
}

#[tokio::test]
async fn a_model_is_unloaded_and_loaded_by_request() {
    let node = Node::start();
    node.wait_for("espeak", "ready").await;
    assert_eq!(node.post("/v1/models/espeak/unload").send().await.unwrap().status(), 202);
    node.wait_for("espeak", "unloaded").await;
    assert_eq!(node.workers(), Vec::<i32>::new(), "its memory is given back");
    let response = node.speak(sentence("wav")).await;
    assert!(response.headers().contains_key("retry-after"));
    assert_eq!(refused(response, 503).await["code"], "model_unloaded");
    assert_eq!(node.get("/readyz").send().await.unwrap().status(), 200, "nothing that is wanted is missing");
    assert_eq!(node.post("/v1/models/espeak/load").send().await.unwrap().status(), 202);
    node.wait_for("espeak", "ready").await;
    assert_eq!(node.speak(sentence("wav")).await.status(), 200);
    refused(node.post("/v1/models/nothing/load").send().await.unwrap(), 404).await;
}

#[tokio::test]
async fn a_heartbeat_comes_by_itself_and_at_once_when_a_model_changes() {
    let node = Node::start();
    node.wait_for("espeak", "ready").await;
    let mut stream = node.get("/v1/node/heartbeat").send().await.unwrap().bytes_stream();
    let mut text = String::new();
    let mut beats: Vec<Value> = Vec::new();
    let mut unloaded = false;
    while !beats.iter().any(|beat| beat["models"][0]["state"] == "unloaded") {
        text.push_str(&String::from_utf8_lossy(&stream.next().await.unwrap().unwrap()));
        while let Some(end) = text.find("\n\n") {
            let event = text.drain(..end + 2).collect::<String>();
            let data = event.lines().find_map(|line| line.strip_prefix("data: ")).unwrap();
            beats.push(serde_json::from_str(data).unwrap());
        }
        if beats.len() > 3 && !unloaded {
            unloaded = true;
            assert_eq!(node.post("/v1/models/espeak/unload").send().await.unwrap().status(), 202);
        }
    }
    let sequences: Vec<u64> = beats.iter().map(|beat| beat["sequence"].as_u64().unwrap()).collect();
    assert!(sequences.windows(2).all(|pair| pair[0] < pair[1]), "{sequences:?}");
    let incarnation = &beats[0]["incarnation"];
    assert!(beats.iter().all(|beat| &beat["incarnation"] == incarnation));
}

#[tokio::test]
async fn a_gigabyte_is_refused_without_being_read() {
    let node = Node::start();
    let pieces = futures::stream::repeat_with(|| Ok::<_, std::io::Error>(vec![0_u8; 1 << 20])).take(1024);
    let body = reqwest::Body::wrap_stream(pieces);
    let sent = node.post("/v1/audio/speech").header("content-type", "application/json").body(body).send().await;
    // The node may close the connection while the client still sends; both are a refusal.
    if let Ok(response) = sent {
        assert_eq!(refused(response, 413).await["code"], "request_too_large");
    }
    assert_eq!(node.get("/healthz").send().await.unwrap().status(), 200);
}

#[tokio::test]
async fn a_stop_lets_what_was_begun_come_to_its_end() {
    let mut node = Node::start();
    node.wait_for("espeak", "ready").await;
    let long = "Răspunsul vine în cel mult treizeci de zile. ".repeat(50);
    let request = json!({ "model": "espeak", "input": long, "voice": "ro", "response_format": "pcm" });
    let response = node.speak(request.clone()).await;
    let whole = tokio::spawn(async move { response.bytes().await });
    let status = tokio::task::spawn_blocking(move || node.stop()).await.unwrap();
    assert!(status.success(), "{status}");
    assert!(whole.await.unwrap().unwrap().len() > 22_050 * 2 * 60);
}

#[tokio::test]
async fn workers_do_not_outlive_a_killed_node() {
    let node = Node::start();
    node.wait_for("espeak", "ready").await;
    let worker = Pid::from_raw(node.workers()[0]);
    drop(node);
    for _ in 0..200 {
        if kill(worker, None).is_err() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("the worker is still there");
}

//! Models on GPUs of a recorded story: on the one that was chosen, or refused.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails where it stands")]

mod support;

use reqwest::StatusCode;
use serde_json::{Value, json};
use support::{Node, program, refused, small_models};

/// The model needs 200 MB: GPU 0 has room for five, GPU 1 for one beside a foreign program, GPU 2 for none.
const STORY: &str = r#"
    driver = { driver_version = "580.95.05" }
    [[gpu]]
    index = 0
    name = "NVIDIA H200"
    vram = { total_bytes = 1_000_000_000, used_bytes = 0, free_bytes = 1_000_000_000 }
    [[gpu]]
    index = 1
    name = "NVIDIA H200"
    vram = { total_bytes = 1_000_000_000, used_bytes = 700_000_000, free_bytes = 300_000_000 }
    [[gpu]]
    index = 2
    name = "NVIDIA H200"
    vram = { total_bytes = 1_000_000_000, used_bytes = 900_000_000, free_bytes = 100_000_000 }
"#;
const MODEL: &str = "/v1/models/tiny-llama";

/// A node with three GPUs on which nothing is loaded yet.
fn start() -> Node {
    let folder = tempfile::tempdir().unwrap();
    let story = folder.path().join("story.toml");
    std::fs::write(&story, STORY).unwrap();
    let mut import = program();
    import.args(["models", "import"]).arg(small_models::folder("tiny-llama"));
    let output = import.env("SFETNIC_NODE_DATA__FOLDER", folder.path()).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let story = story.to_str().unwrap().to_owned();
    Node::start_with(folder, &[("SFETNIC_NODE_GPU__TELEMETRY", &story), ("SFETNIC_NODE_MODELS__LOAD", "[]")])
}

async fn gpu(node: &Node, index: usize) -> Value {
    let mut beats = node.get("/v1/node/heartbeat").send().await.unwrap();
    let mut text = String::new();
    while !text.contains("\n\n") {
        text.push_str(&String::from_utf8_lossy(&beats.chunk().await.unwrap().unwrap()));
    }
    let data = text.lines().find_map(|line| line.strip_prefix("data: ")).unwrap();
    serde_json::from_str::<Value>(data).unwrap()["gpus"][index].take()
}

/// Waits until a heartbeat says that so much of a GPU may still be promised.
async fn available(node: &Node, index: usize, bytes: u64) -> Value {
    let started = std::time::Instant::now();
    loop {
        let told = gpu(node, index).await;
        if told["vram_available_bytes"] == bytes {
            return told;
        }
        assert!(started.elapsed() < std::time::Duration::from_secs(30), "{told}");
    }
}

async fn load(node: &Node, body: Value) -> reqwest::Response {
    node.post(&format!("{MODEL}/load")).json(&body).send().await.unwrap()
}

#[tokio::test]
async fn a_model_is_loaded_on_the_gpu_that_was_chosen_and_on_no_other() {
    let node = start();
    assert_eq!(node.model("tiny-llama").await["state"], "unloaded", "nothing is loaded by itself");

    let loaded = load(&node, json!({ "gpu": 0 })).await;
    assert_eq!(loaded.status(), StatusCode::ACCEPTED);
    let held = available(&node, 0, 800_000_000).await;
    assert_eq!(held["held"][0]["model"], "tiny-llama");
    let ready = node.wait_for("tiny-llama", "ready").await;
    assert_eq!(ready["gpu"], 0, "{ready}");

    assert_eq!(load(&node, json!({ "gpu": 0 })).await.status(), StatusCode::ACCEPTED, "it is there already");
    let elsewhere = refused(load(&node, json!({ "gpu": 1 })).await, 409).await;
    assert!(elsewhere["message"].as_str().unwrap().contains("on GPU 0 already; unload it first"), "{elsewhere}");

    assert_eq!(node.post(&format!("{MODEL}/unload")).send().await.unwrap().status(), StatusCode::ACCEPTED);
    node.wait_for("tiny-llama", "unloaded").await;
    available(&node, 0, 1_000_000_000).await;
    let queried = node.post(&format!("{MODEL}/load?gpu=1")).send().await.unwrap();
    assert_eq!(queried.status(), StatusCode::ACCEPTED);
    assert_eq!(node.wait_for("tiny-llama", "ready").await["gpu"], 1);
}

#[tokio::test]
async fn a_gpu_that_will_not_do_is_refused_and_the_best_fit_is_taken_where_none_is_chosen() {
    let node = start();
    let full = refused(load(&node, json!({ "gpu": 2 })).await, 409).await;
    assert_eq!((&full["code"], &full["param"]), (&json!("gpu_unavailable"), &json!("gpu")), "{full}");
    assert!(full["message"].as_str().unwrap().contains("GPU 2 has 0.1 GiB"), "{full}");
    let missing = refused(load(&node, json!({ "gpu": 7 })).await, 400).await;
    assert!(missing["message"].as_str().unwrap().contains("there are: 0, 1, 2"), "{missing}");
    refused(load(&node, json!({ "gpus": [1] })).await, 400).await;
    refused(node.post(&format!("{MODEL}/load?gpu=first")).send().await.unwrap(), 400).await;
    let voices = node.post("/v1/models/espeak/load?gpu=0").send().await.unwrap();
    assert!(refused(voices, 409).await["message"].as_str().unwrap().contains("processor"));
    assert_eq!(node.model("tiny-llama").await["state"], "unloaded", "a refusal changes nothing");

    assert_eq!(node.post(&format!("{MODEL}/load")).send().await.unwrap().status(), StatusCode::ACCEPTED);
    assert_eq!(node.wait_for("tiny-llama", "ready").await["gpu"], 1, "the tightest GPU that has room");
}

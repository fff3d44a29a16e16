//! Language models and embeddings behind OpenAI's API.
#![cfg(feature = "mistral")]
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails where it stands")]

mod support;

use std::time::{Duration, Instant};

use futures::StreamExt;
use serde_json::{Value, json};
use support::{Node, python, refused, small_models};

/// A node with small models of ours.
async fn node(models: &[&str]) -> Node {
    let node = Node::start();
    for id in models {
        let output = node.run(&["models", "import", small_models::folder(id).to_str().unwrap()]);
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }
    for id in models {
        while node.model(id).await.get("error").is_some() {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        node.wait_for(id, "ready").await;
    }
    node
}

fn endless() -> Value {
    let messages = json!([{ "role": "user", "content": "Bună ziua" }]);
    // Any token but the end: the model speaks until it is stopped.
    json!({ "model": "tiny-llama", "messages": messages, "stream": true, "max_tokens": 1500, "temperature": 1.5 })
}

#[tokio::test]
async fn openais_own_client_talks_and_compares_unchanged() {
    let node = node(&["tiny-llama", "tiny-embeddings"]).await;
    let (base, key) = (node.base.clone(), node.key().to_owned());
    tokio::task::spawn_blocking(move || python::run("language_model.py", &[&base, &key])).await.unwrap();
}

#[tokio::test]
async fn the_same_weights_as_safetensors_say_the_same() {
    let node = node(&["tiny-llama", "tiny-llama-safetensors"]).await;
    let mut said = Vec::new();
    for model in ["tiny-llama", "tiny-llama-safetensors"] {
        let request = json!({ "model": model, "temperature": 0, "max_tokens": 12,
                              "messages": [{ "role": "user", "content": "Bună ziua" }] });
        let answer: Value =
            node.post("/v1/chat/completions").json(&request).send().await.unwrap().json().await.unwrap();
        said.push(answer["choices"][0]["message"]["content"].as_str().unwrap().to_owned());
    }
    // Eight bits and sixteen round differently: the first words agree.
    let first = |text: &str| text.split_whitespace().next().unwrap_or_default().to_owned();
    assert_eq!(first(&said[0]), first(&said[1]), "{said:?}");
}

#[tokio::test]
async fn a_client_that_leaves_frees_its_slot() {
    let node = node(&["tiny-llama"]).await;
    let mut streams = Vec::new();
    let slots = node.model("tiny-llama").await["slots"].as_u64().unwrap();
    for _ in 0..slots {
        let mut stream = node.post("/v1/chat/completions").json(&endless()).send().await.unwrap().bytes_stream();
        stream.next().await.unwrap().unwrap();
        streams.push(stream);
    }
    drop(streams);
    let started = Instant::now();
    loop {
        let metrics = node.get("/metrics").send().await.unwrap().text().await.unwrap();
        if metrics.contains("node_requests_active{model=\"tiny-llama\"} 0") {
            break;
        }
        assert!(started.elapsed() < Duration::from_secs(30), "{metrics}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test]
async fn a_model_cut_short_fails_alone() {
    let node = node(&["tiny-llama"]).await;
    let cut = tempfile::tempdir().unwrap();
    for entry in std::fs::read_dir(small_models::folder("tiny-llama")).unwrap() {
        let path = entry.unwrap().path();
        let mut bytes = std::fs::read(&path).unwrap();
        if path.extension().is_some_and(|ending| ending == "gguf") {
            bytes.truncate(bytes.len() / 2);
        } else {
            bytes = String::from_utf8(bytes).unwrap().replace("id = \"tiny-llama\"", "id = \"cut\"").into_bytes();
        }
        std::fs::write(cut.path().join(path.file_name().unwrap()), bytes).unwrap();
    }
    let output = node.run(&["models", "import", cut.path().to_str().unwrap()]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    while node.model("cut").await.get("error").is_some() {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let model = node.wait_for("cut", "failed").await;
    assert!(!model["reason"].as_str().unwrap().is_empty(), "{model}");
    let request = json!({ "model": "cut", "messages": [{ "role": "user", "content": "a" }] });
    refused(node.post("/v1/chat/completions").json(&request).send().await.unwrap(), 503).await;
    let request = json!({ "model": "tiny-llama", "messages": [{ "role": "user", "content": "a" }], "max_tokens": 4 });
    assert_eq!(node.post("/v1/chat/completions").json(&request).send().await.unwrap().status(), 200);
}

//! A language model over HTTP beside the same model in this process.

use std::time::{Duration, Instant};

use engines::tasks::{ChatEvent, ChatMessage, ChatRequest, ChatRole, ResponseFormat};
use engines::{Device, Model, ModelSpec, Stop};
use futures::StreamExt;
use protocol::{EngineKind, Task};
use serde_json::json;

use crate::support::{Node, small_models};
use crate::{node_with, report};

const TOKENS: u32 = 400;
const ROUNDS: usize = 10;
const QUESTION: &str = "Bună ziua";

pub(crate) async fn measure() {
    let node = node_with(&["tiny-llama"]).await;
    let direct = load().await;
    let (mut here, mut there) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        here.push(in_process(&*direct).await);
        there.push(over_http(&node).await);
    }
    let (here, there) = (median(&mut here), median(&mut there));
    println!("language model, tokens/s in process: {here:.0}");
    println!("language model, tokens/s streamed over HTTP: {there:.0}; ratio {:.3}", there / here);
    cancellation(&node).await;
}

async fn load() -> std::sync::Arc<dyn Model> {
    let folder = small_models::folder("tiny-llama");
    let weights = std::fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let weights = weights.into_iter().find(|name| name.ends_with(".gguf"));
    let spec = ModelSpec {
        id: "direct".to_owned(),
        task: Task::Chat,
        engine: EngineKind::Mistral,
        languages: Vec::new(),
        folder: Some(folder.to_str().unwrap().into()),
        scratch: None,
        weights,
        device: Device::Cpu,
        threads: 1,
        slots: 4,
        context: Some(2048),
        voice_activity: None,
        remote: None,
        settings: serde_json::Map::new(),
    };
    engines::load(spec).await.unwrap()
}

fn median(values: &mut [f64]) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

/// Tokens a second; sampling hot keeps the model from ending early.
async fn in_process(model: &dyn Model) -> f64 {
    let request = ChatRequest {
        messages: vec![ChatMessage { role: ChatRole::User, content: QUESTION.to_owned() }],
        max_tokens: Some(TOKENS),
        temperature: Some(1.5),
        top_p: None,
        seed: None,
        stop: Vec::new(),
        frequency_penalty: None,
        presence_penalty: None,
        format: ResponseFormat::Text,
    };
    let started = Instant::now();
    let mut events = model.chat(request, Stop::new()).await.unwrap();
    loop {
        if let ChatEvent::Finished { usage, .. } = events.recv().await.unwrap().unwrap() {
            return f64::from(usage.completion_tokens) / started.elapsed().as_secs_f64();
        }
    }
}

fn asked() -> serde_json::Value {
    json!({ "model": "tiny-llama", "messages": [{ "role": "user", "content": QUESTION }], "max_tokens": TOKENS,
            "temperature": 1.5, "stream": true, "stream_options": { "include_usage": true } })
}

async fn over_http(node: &Node) -> f64 {
    let started = Instant::now();
    let mut stream = node.post("/v1/chat/completions").json(&asked()).send().await.unwrap().bytes_stream();
    let mut text = String::new();
    while let Some(piece) = stream.next().await {
        text.push_str(&String::from_utf8_lossy(&piece.unwrap()));
    }
    let elapsed = started.elapsed().as_secs_f64();
    let usage = text.lines().filter_map(|line| line.strip_prefix("data: ")).rev().nth(1).unwrap();
    let usage: serde_json::Value = serde_json::from_str(usage).unwrap();
    usage["usage"]["completion_tokens"].as_f64().unwrap() / elapsed
}

/// From the moment a client leaves until its slot is free.
async fn cancellation(node: &Node) {
    let mut times = Vec::new();
    for _ in 0..50 {
        let mut stream = node.post("/v1/chat/completions").json(&asked()).send().await.unwrap().bytes_stream();
        stream.next().await.unwrap().unwrap();
        drop(stream);
        let started = Instant::now();
        while !node
            .get("/metrics")
            .send()
            .await
            .unwrap()
            .text()
            .await
            .unwrap()
            .contains("node_requests_active{model=\"tiny-llama\"} 0")
        {
            tokio::time::sleep(Duration::from_micros(200)).await;
        }
        times.push(started.elapsed());
    }
    report("cancellation, from the client's leaving to the free slot (asking takes part of it)", &mut times);
}

//! A language model over HTTP beside the same model by mistral.rs in this process.

use std::time::{Duration, Instant};

use futures::StreamExt;
use mistralrs::{Constraint, GgufModelBuilder, RequestBuilder, Response, TextMessageRole};
use serde_json::json;

use crate::support::{Node, small_models};
use crate::{node_with, report};

const TOKENS: u32 = 400;
const ROUNDS: usize = 15;
const QUESTION: &str = "Bună ziua";

pub(crate) async fn measure() {
    let node = node_with(&["tiny-llama"]).await;
    let direct = load().await;
    let (mut here, mut there) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        here.push(in_process(&direct).await);
        there.push(over_http(&node).await);
    }
    let (here, there) = (median(&mut here), median(&mut there));
    println!("language model, tokens/s by mistral.rs in process: {here:.0}");
    println!("language model, tokens/s streamed over HTTP: {there:.0}; ratio {:.3}", there / here);
    cancellation(&node).await;
}

/// The library as its own documentation uses it.
async fn load() -> mistralrs::Model {
    let folder = small_models::folder("tiny-llama");
    let mut names = std::fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let weights = names.find(|name| name.ends_with(".gguf")).unwrap();
    GgufModelBuilder::new(folder.to_str().unwrap(), vec![weights]).with_force_cpu().build().await.unwrap()
}

fn median(values: &mut [f64]) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

/// A form that no message of the measured length completes: a model may end early, this one cannot.
fn endless() -> serde_json::Value {
    json!({ "type": "array", "items": { "type": "boolean" }, "minItems": 100_000 })
}

/// Tokens a second.
async fn in_process(model: &mistralrs::Model) -> f64 {
    let request = RequestBuilder::new()
        .add_message(TextMessageRole::User, QUESTION)
        .set_sampler_max_len(TOKENS as usize)
        .set_constraint(Constraint::JsonSchema(endless()));
    let started = Instant::now();
    let mut pieces = model.stream_chat_request(request).await.unwrap();
    let mut tokens = 0;
    while let Some(piece) = pieces.next().await {
        let Response::Chunk(piece) = piece else { panic!("not a piece of a message") };
        tokens = piece.usage.map_or(tokens, |usage| usage.completion_tokens);
    }
    f64::from(u32::try_from(tokens).unwrap()) / started.elapsed().as_secs_f64()
}

fn asked() -> serde_json::Value {
    json!({ "model": "tiny-llama", "messages": [{ "role": "user", "content": QUESTION }], "max_tokens": TOKENS,
            "temperature": 0, "stream": true, "stream_options": { "include_usage": true },
            "response_format": { "type": "json_schema", "json_schema": { "name": "endless", "schema": endless() } } })
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

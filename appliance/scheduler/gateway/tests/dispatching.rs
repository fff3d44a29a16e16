//! The gateway for other systems, with real inference nodes and their small language model.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test that cannot go on has failed")]

mod support;

use std::time::{Duration, Instant};

use futures::StreamExt;
use gateway::{CustomerConfig, Gateway, InferenceConfig, NodeConfig, Role, Writing, WritingError};
use policy::Standing;
use protocol::Class;
use reqwest::{Client, RequestBuilder, Response};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use support::{Node, PATIENCE, start_with, until};
use tokio::net::TcpListener;

const KEY: &str = "sfn-a-key-of-the-registry-for-tests";

/// A gateway over some nodes, listening.
struct Listening {
    gateway: Gateway,
    url: String,
    http: Client,
}

fn customer(class: Class) -> CustomerConfig {
    CustomerConfig {
        name: "registry".to_owned(),
        key_sha256: hex::encode(Sha256::digest(KEY.as_bytes())),
        class,
        requests_per_minute: 10_000,
        parallel: 64,
    }
}

fn configured(nodes: &[&Node], customer: CustomerConfig) -> InferenceConfig {
    let named = nodes.iter().enumerate();
    let nodes =
        named.map(|(index, node)| NodeConfig { name: format!("node-{index}"), ..node.config().all().remove(0) });
    let config = InferenceConfig { nodes: nodes.collect(), customers: vec![customer], ..InferenceConfig::default() };
    config.check().unwrap();
    config
}

fn serve(gateway: Gateway, listener: TcpListener) -> Listening {
    let url = format!("http://{}", listener.local_addr().unwrap());
    let router = gateway.router().unwrap();
    tokio::spawn(async move { axum::serve(listener, router).await });
    Listening { gateway, url, http: Client::new() }
}

async fn listening(nodes: &[&Node], customer: CustomerConfig) -> Listening {
    let gateway = Gateway::start(&configured(nodes, customer), None);
    serve(gateway, TcpListener::bind("127.0.0.1:0").await.unwrap())
}

impl Listening {
    fn post(&self, path: &str, body: &Value) -> RequestBuilder {
        self.http.post(format!("{}{path}", self.url)).bearer_auth(KEY).json(body)
    }

    /// Waits until so many replicas of the model serve.
    async fn wait(&self, model: &str, replicas: usize) {
        until(&format!("{replicas} replicas of {model}"), || self.able(model) == replicas).await;
    }

    fn able(&self, model: &str) -> usize {
        let status = self.gateway.status().into_iter().find(|status| status.model == model);
        status.map_or(0, |status| {
            status
                .replicas
                .iter()
                .filter(|replica| matches!(replica.status.standing, Standing::Serving | Standing::Returning))
                .count()
        })
    }
}

fn question(stream: bool) -> Value {
    json!({ "model": "tiny-llama", "stream": stream, "temperature": 0, "max_tokens": 40,
            "messages": [{ "role": "user", "content": "Bună ziua" }] })
}

/// A message that goes on until it is stopped.
fn endless() -> Value {
    json!({ "model": "tiny-llama", "stream": true, "temperature": 1.5, "max_tokens": 1500,
            "messages": [{ "role": "user", "content": "Bună ziua" }] })
}

async fn refused(response: Response, status: u16) -> Value {
    assert_eq!(response.status(), status);
    response.json::<Value>().await.unwrap()["error"].take()
}

/// The words of a streamed message.
async fn words(response: Response) -> String {
    assert_eq!(response.headers()["content-type"], "text/event-stream");
    let text = response.text().await.unwrap();
    let events = text.lines().filter_map(|line| line.strip_prefix("data: "));
    let pieces = events.filter_map(|event| serde_json::from_str::<Value>(event).ok());
    pieces.filter_map(|piece| piece["choices"][0]["delta"]["content"].as_str().map(str::to_owned)).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_system_with_a_key_asks_as_it_would_ask_a_node() {
    let node = start_with(&["tiny-llama", "tiny-embeddings"]);
    let gateway = listening(&[&node], customer(Class::Chat)).await;
    gateway.wait("tiny-llama", 1).await;
    gateway.wait("tiny-embeddings", 1).await;
    gateway.wait("espeak", 1).await;

    let whole: Value =
        gateway.post("/v1/chat/completions", &question(false)).send().await.unwrap().json().await.unwrap();
    let said = whole["choices"][0]["message"]["content"].as_str().unwrap().to_owned();
    assert!(!said.is_empty());
    let streamed = words(gateway.post("/v1/chat/completions", &question(true)).send().await.unwrap()).await;
    assert_eq!(streamed, said, "piece by piece it is the same message");

    let request = json!({ "model": "tiny-embeddings", "input": ["a", "b"] });
    let made: Value = gateway.post("/v1/embeddings", &request).send().await.unwrap().json().await.unwrap();
    assert_eq!(made["data"].as_array().unwrap().len(), 2);
    let request = json!({ "model": "auto", "input": "Bună ziua", "voice": "ro", "response_format": "wav" });
    let sound = gateway.post("/v1/audio/speech", &request).send().await.unwrap();
    assert_eq!(sound.headers()["content-type"], "audio/wav");
    assert!(sound.bytes().await.unwrap().len() > 10_000);

    let list: Value = gateway
        .http
        .get(format!("{}/v1/models", gateway.url))
        .bearer_auth(KEY)
        .send()
        .await
        .unwrap()
        .json()
        .await
        .unwrap();
    let ids: Vec<&str> = list["data"].as_array().unwrap().iter().map(|model| model["id"].as_str().unwrap()).collect();
    assert_eq!(ids, ["espeak", "tiny-embeddings", "tiny-llama"]);
    gateway.gateway.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_wrong_is_said_and_quotas_hold() {
    let node = start_with(&["tiny-llama"]);
    let few = CustomerConfig { parallel: 1, ..customer(Class::Mail) };
    let gateway = listening(&[&node], few).await;
    gateway.wait("tiny-llama", 1).await;
    let path = "/v1/chat/completions";

    let stranger = gateway.http.post(format!("{}{path}", gateway.url)).json(&question(false));
    assert_eq!(refused(stranger.send().await.unwrap(), 401).await["code"], "invalid_api_key");
    let urgent = gateway.post(path, &question(false)).header("x-sfetnic-class", "voice");
    assert!(refused(urgent.send().await.unwrap(), 400).await["message"].as_str().unwrap().contains("mail"));
    let unknown = gateway.post(path, &json!({ "model": "gpt-9", "messages": [] }));
    assert_eq!(refused(unknown.send().await.unwrap(), 404).await["param"], "model");
    let missing = gateway.post(path, &json!({ "model": "tiny-llama" }));
    assert_eq!(refused(missing.send().await.unwrap(), 400).await["param"], "messages");
    // What only the node knows, the node says.
    let hot = gateway.post(
        path,
        &json!({ "model": "tiny-llama", "messages": [{ "role": "user", "content": "a" }], "temperature": -1 }),
    );
    assert_eq!(refused(hot.send().await.unwrap(), 400).await["param"], "temperature");

    let mut first = gateway.post(path, &endless()).send().await.unwrap().bytes_stream();
    first.next().await.unwrap().unwrap();
    let second = gateway.post(path, &question(false)).send().await.unwrap();
    assert!(second.headers().contains_key("retry-after"));
    assert_eq!(refused(second, 429).await["code"], "quota_exceeded");
    drop(first);
    let started = Instant::now();
    while gateway.post(path, &question(false)).send().await.unwrap().status() != 200 {
        assert!(started.elapsed() < PATIENCE, "the quota is not given back");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    gateway.gateway.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_node_costs_only_what_had_begun_to_be_answered() {
    let (mut doomed, other) = (start_with(&["tiny-llama"]), start_with(&["tiny-llama"]));
    let gateway = listening(&[&doomed, &other], customer(Class::Chat)).await;
    gateway.wait("tiny-llama", 2).await;
    let ask = |index: u32| {
        let mut request = question(true);
        request["messages"][0]["content"] = json!(format!("Bună ziua, {index}"));
        gateway.post("/v1/chat/completions", &request)
    };
    let asked: Vec<_> = (0..24).map(|index| tokio::spawn(ask(index).send())).collect();
    tokio::time::sleep(Duration::from_millis(30)).await;
    doomed.child.kill().await.unwrap();
    let mut cut_off = 0;
    for asked in asked {
        // Every one is answered; one that was being answered there ends with an error that says so.
        let response = asked.await.unwrap().unwrap();
        assert_eq!(response.status(), 200);
        let text = response.text().await.unwrap();
        if text.contains("node_lost") {
            cut_off += 1;
        } else {
            assert!(text.contains("[DONE]"), "{text}");
        }
    }
    assert!(cut_off <= 4, "{cut_off} were cut off, and the node answers one at a time");
    assert_eq!(gateway.able("tiny-llama"), 1);
    let said = words(ask(99).send().await.unwrap()).await;
    assert!(!said.is_empty());
    gateway.gateway.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_leaves_frees_the_place_for_the_next() {
    let node = start_with(&["tiny-llama"]);
    let gateway = listening(&[&node], customer(Class::Chat)).await;
    gateway.wait("tiny-llama", 1).await;
    for _ in 0..3 {
        let mut endless = gateway.post("/v1/chat/completions", &endless()).send().await.unwrap().bytes_stream();
        endless.next().await.unwrap().unwrap();
    }
    let waiting = gateway.post("/v1/chat/completions", &question(true)).send();
    let said = tokio::time::timeout(PATIENCE, waiting).await.expect("the place is free").unwrap();
    assert!(!words(said).await.is_empty());
    let open = || {
        gateway
            .gateway
            .status()
            .iter()
            .map(|model| model.replicas.iter().map(|replica| replica.status.streaming).sum::<u32>())
            .sum::<u32>()
    };
    until("nothing is under way", || open() == 0).await;
    gateway.gateway.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deadline_that_cannot_be_met_is_told_at_once() {
    let node = start_with(&["tiny-llama"]);
    let gateway = listening(&[&node], customer(Class::Voice)).await;
    gateway.wait("tiny-llama", 1).await;
    let mut long = question(true);
    long["messages"][0]["content"] = json!("cuvânt ".repeat(200_000));
    let started = Instant::now();
    let refusal =
        gateway.post("/v1/chat/completions", &long).header("x-sfetnic-deadline-ms", "200").send().await.unwrap();
    assert!(refusal.headers().contains_key("retry-after"));
    assert_eq!(refused(refusal, 503).await["code"], "deadline_cannot_be_met");
    assert!(started.elapsed() < PATIENCE);
    gateway.gateway.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_appliance_itself_has_a_model_write_word_by_word() {
    let node = start_with(&["tiny-llama"]);
    let gateway = listening(&[&node], customer(Class::Chat)).await;
    let writing = || Writing {
        model: "tiny-llama".to_owned(),
        instructions: "Răspunde scurt.".to_owned(),
        text: "Bună ziua".to_owned(),
        max_tokens: 30,
        class: Class::Voice,
        deadline: Duration::from_secs(60),
        session: Some(7),
    };
    let models = gateway.gateway.language_models();
    let too_early = models.write(writing()).await.err();
    assert!(matches!(too_early, None | Some(WritingError::Unavailable(_))), "{too_early:?}");
    gateway.wait("tiny-llama", 1).await;
    let pieces: Vec<_> = models.write(writing()).await.unwrap().collect().await;
    assert!(pieces.len() > 3, "word by word: {pieces:?}");
    let said: String = pieces.into_iter().map(Result::unwrap).collect();
    assert!(!said.trim().is_empty());
    let unknown = models.write(Writing { model: "none".to_owned(), ..writing() }).await.err();
    assert!(matches!(unknown, Some(WritingError::Unavailable(_))), "{unknown:?}");
    gateway.gateway.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_server_dispatches_for_all_and_another_takes_over() {
    let node = start_with(&["tiny-llama"]);
    let (one, two) = (TcpListener::bind("127.0.0.1:0").await.unwrap(), TcpListener::bind("127.0.0.1:0").await.unwrap());
    let address = |listener: &TcpListener| format!("http://{}", listener.local_addr().unwrap());
    let peers = [(1, address(&one)), (2, address(&two))].into();
    let config = InferenceConfig { peers, ..configured(&[&node], customer(Class::Chat)) };
    config.check().unwrap();
    let start = || Gateway::start(&config, Some(&[7; 32]));
    let (first, second) = (serve(start(), one), serve(start(), two));
    first.wait("tiny-llama", 1).await;
    second.wait("tiny-llama", 1).await;
    let ask = async |server: &Listening| server.post("/v1/chat/completions", &question(true)).send().await.unwrap();

    // Nobody dispatches yet: who asks is kept waiting, not refused.
    let follow = |dispatcher| Role::Follower { dispatcher };
    first.gateway.play(follow(None));
    second.gateway.play(follow(None));
    let (early, ()) = tokio::join!(ask(&second), async {
        tokio::time::sleep(Duration::from_millis(200)).await;
        first.gateway.play(Role::Dispatcher { epoch: 4 });
        second.gateway.play(follow(Some(1)));
    });
    assert!(!words(early).await.is_empty());

    // The second takes over before the first has noticed: the node refuses the first, whose requests go to the second.
    second.gateway.play(Role::Dispatcher { epoch: 5 });
    assert!(!words(ask(&second).await).await.is_empty());
    let (late, ()) = tokio::join!(ask(&first), async {
        tokio::time::sleep(Duration::from_millis(300)).await;
        first.gateway.play(follow(Some(2)));
    });
    assert!(!words(late).await.is_empty());

    // Two that each take the other for the dispatcher do not pass a request round and round.
    second.gateway.play(follow(Some(1)));
    let lost = first.post("/v1/chat/completions", &question(true)).header("x-sfetnic-deadline-ms", "1000");
    assert_eq!(refused(lost.send().await.unwrap(), 503).await["code"], "no_dispatcher");
    first.gateway.stop().await;
    second.gateway.stop().await;
}

//! A node whose GPU reports an XID error: what it has not begun moves, what it answers ends there, and nothing new comes.
//!
//! The nodes are real and their GPUs play a story; the model behind them is played here, so that its first token comes when the
//! test wants it to.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test that cannot go on has failed")]

mod support;

use std::convert::Infallible;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use axum::extract::{Path, State};
use axum::response::sse::{Event, Sse};
use axum::routing::{get, post};
use axum::{Json, Router};
use futures::{Stream, StreamExt, stream};
use gateway::{CustomerConfig, Gateway, InferenceConfig, NodeConfig};
use policy::Standing;
use protocol::Class;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use support::{Node, free_port, start_before, until};
use tokio::net::TcpListener;
use tokio::sync::Semaphore;

const KEY: &str = "sfn-a-key-of-the-registry-for-tests";
const MODEL: &str = "played";
/// The card leaves the bus some seconds after its node has started, when all is in place.
const XID_79: &str = "driver = { driver_version = '580.95.05' }
[[gpu]]
index = 0
name = 'NVIDIA H200'
[[step]]
at_seconds = 12
lost = [0]
xid = [{ code = 79 }]
";
const WELL: &str = "driver = { driver_version = '580.95.05' }
[[gpu]]
index = 0
name = 'NVIDIA H200'
";

/// The server behind both nodes.
struct Played {
    /// What was asked, and through which node.
    asked: Mutex<Vec<(String, String)>>,
    /// An answer that began goes on when it gets one of these.
    goes_on: Semaphore,
    /// Answers that nobody waits for any more.
    left: AtomicUsize,
}

impl Played {
    fn asked(&self, node: &str, what: &str) -> usize {
        self.asked.lock().unwrap().iter().filter(|(at, text)| at == node && text == what).count()
    }
}

/// Counts an answer that is dropped before its end.
struct Leaving(Arc<Played>);

impl Drop for Leaving {
    fn drop(&mut self) {
        self.0.left.fetch_add(1, Ordering::SeqCst);
    }
}

fn piece(text: &str) -> Event {
    Event::default().data(json!({ "choices": [{ "index": 0, "delta": { "content": text } }] }).to_string())
}

/// The head of an answer comes at once, as from any server; its first token does not where the sick node asks for `slow`.
async fn answer(
    State(played): State<Arc<Played>>,
    Path(node): Path<String>,
    Json(request): Json<Value>,
) -> Sse<impl Stream<Item = Result<Event, Infallible>>> {
    let what = request["messages"][0]["content"].as_str().unwrap().to_owned();
    played.asked.lock().unwrap().push((node.clone(), what.clone()));
    let pieces = stream::unfold(0, move |step| {
        let (played, sick, what) = (Arc::clone(&played), node == "sick", what.clone());
        async move {
            match step {
                0 if sick && what == "slow" => {
                    let _leaving = Leaving(played);
                    std::future::pending().await
                }
                0 => Some((Ok(piece("unu")), 1)),
                1 => {
                    if sick {
                        played.goes_on.acquire().await.unwrap().forget();
                    }
                    Some((Ok(piece(" doi")), 2))
                }
                2 => Some((Ok(Event::default().data("[DONE]")), 3)),
                _ => None,
            }
        }
    });
    Sse::new(pieces)
}

async fn play() -> (Arc<Played>, String) {
    let played = Played { asked: Mutex::default(), goes_on: Semaphore::new(0), left: AtomicUsize::new(0) };
    let played = Arc::new(played);
    let models = || async { Json(json!({ "object": "list", "data": [{ "id": MODEL, "object": "model" }] })) };
    let router = Router::new()
        .route("/{node}/v1/chat/completions", post(answer))
        .route("/{node}/v1/models", get(models))
        .with_state(Arc::clone(&played));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, router).await });
    (played, url)
}

fn named(name: &str, node: &Node) -> NodeConfig {
    NodeConfig { name: name.to_owned(), ..node.config().all().remove(0) }
}

async fn listening(nodes: Vec<NodeConfig>) -> (Gateway, String) {
    let customer = CustomerConfig {
        name: "registry".to_owned(),
        key_sha256: hex::encode(Sha256::digest(KEY.as_bytes())),
        // Nobody waits, so that no deadline passes on a busy machine.
        class: Class::Batch,
        requests_per_minute: 10_000,
        parallel: 64,
    };
    let config = InferenceConfig { nodes, customers: vec![customer], ..InferenceConfig::default() };
    config.check().unwrap();
    let gateway = Gateway::start(&config, None);
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/v1/chat/completions", listener.local_addr().unwrap());
    let router = gateway.router().unwrap();
    tokio::spawn(async move { axum::serve(listener, router).await });
    (gateway, url)
}

fn standing(gateway: &Gateway, node: &str) -> Option<Standing> {
    let model = gateway.status().into_iter().find(|model| model.model == MODEL)?;
    model.replicas.into_iter().find(|replica| replica.node == node).map(|replica| replica.status.standing)
}

fn serves(gateway: &Gateway, node: &str) -> bool {
    matches!(standing(gateway, node), Some(Standing::Serving | Standing::Returning))
}

#[tokio::test(flavor = "multi_thread")]
async fn an_xid_moves_what_has_no_first_token_and_lets_the_rest_end() {
    let (played, url) = play().await;
    let well = start_before(&format!("{url}/well/v1"), MODEL, free_port(), WELL);
    let sick = start_before(&format!("{url}/sick/v1"), MODEL, free_port(), XID_79);
    let (gateway, address) = listening(vec![named("sick", &sick), named("well", &well)]).await;
    let http = reqwest::Client::new();
    let ask = |what: &str| {
        let message = json!([{ "role": "user", "content": what }]);
        let request = json!({ "model": MODEL, "stream": true, "messages": message });
        http.post(&address).bearer_auth(KEY).json(&request).send()
    };
    until("both nodes serve", || serves(&gateway, "sick") && serves(&gateway, "well")).await;

    // With the other out of the way it gets both: one that begins to be answered, and one that does not.
    gateway.drain(["well".to_owned()].into());
    until("the well node is drained", || standing(&gateway, "well") == Some(Standing::Draining)).await;
    let mut begun = ask("begun").await.unwrap().bytes_stream();
    let mut text = String::new();
    while !text.contains("unu") {
        text.push_str(&String::from_utf8_lossy(&begun.next().await.unwrap().unwrap()));
    }
    let slow = tokio::spawn(ask("slow"));
    until("the sick node has both", || played.asked("sick", "slow") == 1).await;
    gateway.drain([].into());
    until("the well node serves", || serves(&gateway, "well")).await;

    until("the XID is heard", || standing(&gateway, "sick") == Some(Standing::AdmitsNothing)).await;
    let moved = slow.await.unwrap().unwrap().text().await.unwrap();
    assert!(moved.contains("unu") && moved.contains("[DONE]"), "{moved}");
    assert_eq!((played.asked("sick", "slow"), played.asked("well", "slow")), (1, 1));
    until("the sick node has stopped it", || played.left.load(Ordering::SeqCst) == 1).await;
    for _ in 0..5 {
        assert!(ask("new").await.unwrap().text().await.unwrap().contains("[DONE]"));
    }
    assert_eq!((played.asked("sick", "new"), played.asked("well", "new")), (0, 5));

    played.goes_on.add_permits(1);
    while let Some(piece) = begun.next().await {
        text.push_str(&String::from_utf8_lossy(&piece.unwrap()));
    }
    assert!(text.contains(" doi") && text.contains("[DONE]"), "what had begun ends where it was: {text}");
    gateway.stop().await;
}

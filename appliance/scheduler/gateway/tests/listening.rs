//! Live transcription through the gateway, by real inference nodes that are killed and drained under it.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test that cannot go on has failed")]

mod support;

use std::time::Duration;

use futures::{SinkExt, StreamExt};
use gateway::{CustomerConfig, Gateway, InferenceConfig, NodeConfig, Role};
use protocol::Class;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use support::{Node, PATIENCE, start_with, until};
use tokio::net::{TcpListener, TcpStream};
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

const KEY: &str = "sfn-a-key-of-the-switchboard-for-tests";
/// One of the sentences that the small model knows.
const SENTENCE: &str = "vreau să vorbesc cu un om";
/// A packet of the telephone's: 20 ms of A-law.
const PACKET: usize = 160;

type Socket = WebSocketStream<MaybeTlsStream<TcpStream>>;

fn configured(nodes: &[&Node]) -> InferenceConfig {
    let named = nodes.iter().enumerate();
    let nodes =
        named.map(|(index, node)| NodeConfig { name: format!("node-{index}"), ..node.config().all().remove(0) });
    let switchboard = CustomerConfig {
        name: "switchboard".to_owned(),
        key_sha256: hex::encode(Sha256::digest(KEY.as_bytes())),
        class: Class::Voice,
        requests_per_minute: 10_000,
        parallel: 64,
    };
    InferenceConfig { nodes: nodes.collect(), customers: vec![switchboard], ..InferenceConfig::default() }
}

async fn serve(gateway: &Gateway, listener: TcpListener) -> String {
    let address = listener.local_addr().unwrap();
    let router = gateway.router().unwrap();
    tokio::spawn(async move { axum::serve(listener, router).await });
    format!("ws://{address}/v1/realtime")
}

async fn anywhere() -> TcpListener {
    TcpListener::bind("127.0.0.1:0").await.unwrap()
}

/// The node that listens, by the gateway's own account.
fn listening(gateway: &Gateway) -> Option<String> {
    let live = gateway.status().into_iter().find(|status| status.live && status.model == "tiny-whisper")?;
    live.replicas.into_iter().find(|replica| replica.status.streaming > 0).map(|replica| replica.node)
}

fn able(gateway: &Gateway) -> usize {
    let live = gateway.status().into_iter().find(|status| status.live && status.model == "tiny-whisper");
    live.map_or(0, |live| {
        live.replicas
            .iter()
            .filter(|replica| replica.status.slots > 0 && !format!("{:?}", replica.status.standing).contains("Gone"))
            .count()
    })
}

/// Two nodes that listen, a gateway over them, and where it is.
async fn two_nodes() -> ([Node; 2], Gateway, String) {
    let models = ["tiny-whisper", "tiny-vad"];
    let nodes = [start_with(&models), start_with(&models)];
    let gateway = Gateway::start(&configured(&[&nodes[0], &nodes[1]]), None);
    let url = serve(&gateway, anywhere().await).await;
    until("both nodes listen", || able(&gateway) == 2).await;
    (nodes, gateway, url)
}

async fn call(url: &str, query: &str) -> Result<Socket, Error> {
    let mut request = format!("{url}?{query}").into_client_request().unwrap();
    request.headers_mut().insert("authorization", format!("Bearer {KEY}").parse().unwrap());
    connect_async(request).await.map(|(socket, _)| socket)
}

async fn telephone(url: &str) -> Socket {
    call(url, "model=auto&language=ro&format=g711_alaw").await.unwrap()
}

fn run(program: &str, arguments: &[&str]) {
    let output = std::process::Command::new(program).args(arguments).output();
    let output = output.unwrap_or_else(|error| panic!("`{program}` is needed, `make deps-test` installs it: {error}"));
    assert!(output.status.success(), "{program}: {}", String::from_utf8_lossy(&output.stderr));
}

/// The sentence as a telephone carries it: A-law, 8 kHz.
fn sentence() -> Vec<u8> {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let (wave, raw) = (file("citizen.wav"), file("citizen.al"));
    run("espeak-ng", &["-v", "ro", "-s", "150", "-w", &wave, SENTENCE]);
    run("sox", &[&wave, "-t", "raw", "-r", "8000", "-c", "1", "-e", "a-law", &raw]);
    std::fs::read(raw).unwrap()
}

fn silence(seconds: f64) -> Vec<u8> {
    vec![0xd5; (seconds * 8_000.0) as usize]
}

async fn send(socket: &mut Socket, sound: &[u8]) {
    for packet in sound.chunks(PACKET) {
        socket.send(Message::Binary(packet.to_vec().into())).await.unwrap();
    }
}

/// Events until one of the kind, that one the last.
async fn hear(socket: &mut Socket, kind: &str, events: &mut Vec<Value>) {
    let heard = tokio::time::timeout(PATIENCE, async {
        while let Some(message) = socket.next().await {
            match message.unwrap() {
                Message::Text(text) => {
                    let event: Value = serde_json::from_str(&text).unwrap();
                    let last = event["type"] == kind;
                    events.push(event);
                    if last {
                        return;
                    }
                }
                Message::Close(_) => break,
                _ => {}
            }
        }
        panic!("it ended before {kind}: {events:#?}");
    });
    heard.await.unwrap_or_else(|_| panic!("no {kind}"));
}

fn words(text: &str) -> Vec<String> {
    let plain: String = text.to_lowercase().chars().filter(|c| c.is_alphanumeric() || c.is_whitespace()).collect();
    plain.split_whitespace().map(str::to_owned).collect()
}

const STARTED: &str = "input_audio_buffer.speech_started";
const COMPLETED: &str = "conversation.item.input_audio_transcription.completed";

fn of<'a>(events: &'a [Value], kind: &str) -> Vec<&'a Value> {
    events.iter().filter(|event| event["type"] == kind).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_goes_on_when_its_node_is_killed_in_the_middle_of_a_sentence() {
    let (mut nodes, gateway, url) = two_nodes().await;
    let sound = sentence();

    let mut socket = telephone(&url).await;
    let mut events = Vec::new();
    let middle = sound.len() / 2;
    send(&mut socket, &[silence(0.5), sound[..middle].to_vec()].concat()).await;
    hear(&mut socket, STARTED, &mut events).await;
    let first = listening(&gateway).expect("one node listens");
    let victim: usize = first.strip_prefix("node-").unwrap().parse().unwrap();
    nodes[victim].child.kill().await.unwrap();
    send(&mut socket, &[sound[middle..].to_vec(), silence(1.5)].concat()).await;
    hear(&mut socket, COMPLETED, &mut events).await;

    let kinds: Vec<&str> = events.iter().map(|event| event["type"].as_str().unwrap()).collect();
    assert_eq!((of(&events, "session.created").len(), of(&events, STARTED).len()), (1, 1), "told once: {kinds:?}");
    let completed = events.last().unwrap();
    assert_eq!(words(completed["transcript"].as_str().unwrap()), words(SENTENCE), "{completed}");
    assert_eq!(completed["item_id"], of(&events, STARTED)[0]["item_id"]);
    let second = listening(&gateway).expect("another node listens");
    assert_ne!(second, first);

    // The call goes on as if nothing had been.
    send(&mut socket, &[sound, silence(1.5)].concat()).await;
    events.clear();
    hear(&mut socket, COMPLETED, &mut events).await;
    assert_eq!(words(events.last().unwrap()["transcript"].as_str().unwrap()), words(SENTENCE));
    assert!(of(&events, STARTED)[0]["audio_start_ms"].as_u64().unwrap() > 2_000, "on the clock of the call");
    socket.send(Message::Text(json!({ "type": "input_audio_buffer.commit" }).to_string().into())).await.unwrap();
    while let Some(Ok(message)) = socket.next().await {
        assert!(!message.is_text(), "nothing more is said: {message}");
    }
    until("its place is free again", || listening(&gateway).is_none()).await;
    gateway.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_drained_node_is_left_between_two_sentences() {
    let (_nodes, gateway, url) = two_nodes().await;
    let sound = sentence();

    let mut socket = telephone(&url).await;
    let mut events = Vec::new();
    send(&mut socket, &[silence(0.5), sound.clone(), silence(1.5)].concat()).await;
    hear(&mut socket, COMPLETED, &mut events).await;
    let first = listening(&gateway).expect("one node listens");
    gateway.drain([first.clone()].into());
    until("the session moves", || listening(&gateway).is_some_and(|node| node != first)).await;
    send(&mut socket, &[sound, silence(1.5)].concat()).await;
    hear(&mut socket, COMPLETED, &mut events).await;
    let transcripts: Vec<Vec<String>> =
        of(&events, COMPLETED).iter().map(|event| words(event["transcript"].as_str().unwrap())).collect();
    assert_eq!(transcripts, [words(SENTENCE), words(SENTENCE)], "{events:#?}");
    gateway.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn another_server_passes_a_call_on_to_the_one_that_dispatches() {
    let node = start_with(&["tiny-whisper", "tiny-vad"]);
    let listeners = [anywhere().await, anywhere().await];
    let peers = (1_u64..)
        .zip(&listeners)
        .map(|(server, listener)| (server, format!("http://{}", listener.local_addr().unwrap())));
    let config = InferenceConfig { peers: peers.collect(), ..configured(&[&node]) };
    let gateways = [Gateway::start(&config, Some(&[7; 32])), Gateway::start(&config, Some(&[7; 32]))];
    let [first, second] = listeners;
    let urls = [serve(&gateways[0], first).await, serve(&gateways[1], second).await];
    gateways[0].play(Role::Dispatcher { epoch: 1 });
    gateways[1].play(Role::Follower { dispatcher: Some(1) });
    until("the node listens", || gateways.iter().all(|gateway| able(gateway) == 1)).await;

    let mut socket = telephone(&urls[1]).await;
    let mut events = Vec::new();
    let sound = sentence();
    send(&mut socket, &[silence(0.5), sound, silence(1.5)].concat()).await;
    hear(&mut socket, COMPLETED, &mut events).await;
    assert_eq!(words(events.last().unwrap()["transcript"].as_str().unwrap()), words(SENTENCE));
    assert_eq!(listening(&gateways[0]).as_deref(), Some("node-0"));
    assert!(listening(&gateways[1]).is_none(), "only one server dispatches");
    for gateway in &gateways {
        gateway.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_listened_to_is_refused_before_the_call_begins() {
    let node = start_with(&["tiny-whisper", "tiny-vad"]);
    let gateway = Gateway::start(&configured(&[&node]), None);
    let url = serve(&gateway, anywhere().await).await;
    until("the node listens", || able(&gateway) == 1).await;
    for (query, status) in [
        ("model=nobody", 404),
        ("model=auto&language=xx", 400),
        ("model=auto&format=mp3", 400),
        ("model=auto&rate=1", 400),
        ("model=tiny-vad", 404),
    ] {
        match call(&url, query).await {
            Err(Error::Http(response)) => assert_eq!(response.status(), status, "{query}"),
            other => panic!("{query}: {other:?}"),
        }
    }
    let mut socket = call(&url, "model=tiny-whisper").await.unwrap();
    socket.send(Message::Text("{}".into())).await.unwrap();
    let mut events = Vec::new();
    tokio::time::timeout(Duration::from_secs(10), hear(&mut socket, "error", &mut events)).await.unwrap();
    assert_eq!(events.last().unwrap()["error"]["type"], "invalid_request_error");
    gateway.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_leaves_a_node_that_hangs() {
    let (nodes, gateway, url) = two_nodes().await;
    let sound = sentence();

    let mut socket = telephone(&url).await;
    let mut events = Vec::new();
    let middle = sound.len() / 2;
    send(&mut socket, &[silence(0.5), sound[..middle].to_vec()].concat()).await;
    hear(&mut socket, STARTED, &mut events).await;
    let first = listening(&gateway).expect("one node listens");
    let stuck = &nodes[first.strip_prefix("node-").unwrap().parse::<usize>().unwrap()];
    // It takes whatever is sent and says nothing more, as a hung process does.
    run("kill", &["-STOP", &stuck.child.id().unwrap().to_string()]);
    send(&mut socket, &[sound[middle..].to_vec(), silence(1.5)].concat()).await;
    hear(&mut socket, COMPLETED, &mut events).await;
    assert_eq!(words(events.last().unwrap()["transcript"].as_str().unwrap()), words(SENTENCE));
    assert_ne!(listening(&gateway), Some(first));
    gateway.stop().await;
}

//! One question's way, followed by its trace: chat, answers, dispatch, node, worker, each by its own word.
#![allow(
    clippy::expect_used,
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test says what it expected and fails where it stands"
)]

#[path = "../../../service/tests/support/collector.rs"]
mod collector;
mod support;

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use collector::{Collector, Seen};
use reqwest::Client;
use serde_json::json;
use support::{Chat, Server, WIDE_LIMITS, free_port, send, start_chat};

const MODEL: &str = "tiny-llama";
const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
const CALLER: &str = "00f067aa0ba902b7";
/// What nobody may find in a span or a log.
const NAME: &str = "Ileana Cosânzeana";

/// An inference node with a small language model, in a process of its own.
struct Node {
    child: Child,
    port: u16,
    folder: PathBuf,
}

impl Drop for Node {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Node {
    async fn start(folder: &Path, variables: &[(&str, &str)]) -> Self {
        let beside = std::env::current_exe().unwrap().ancestors().nth(2).unwrap().join("inference-node");
        let binary = std::env::var_os("INFERENCE_NODE").map_or(beside, PathBuf::from);
        assert!(binary.exists(), "{} is missing; build it: cargo build --package node", binary.display());
        let small = std::env::var("SMALL_MODELS")
            .unwrap_or_else(|_| format!("{}/.cache/sfetnic/small-models", std::env::var("HOME").unwrap()));
        let source = format!("{small}/{MODEL}");
        assert!(Path::new(&source).is_dir(), "`{source}` is missing; make it: make models-test");
        let imported = Command::new(&binary)
            .args(["models", "import", &source])
            .env("SFETNIC_NODE_DATA__FOLDER", folder)
            .output()
            .unwrap();
        assert!(imported.status.success(), "{}", String::from_utf8_lossy(&imported.stderr));
        let port = free_port();
        let child = Command::new(&binary)
            .arg("serve")
            .env("SFETNIC_NODE_DATA__FOLDER", folder)
            .env("SFETNIC_NODE_HTTP__LISTEN", format!("127.0.0.1:{port}"))
            .env("SFETNIC_NODE_LOG__FILTER", "info,engines=debug,mistralrs_core=off")
            .env("SFETNIC_NODE_LOG__FORMAT", "json")
            .envs(variables.iter().copied())
            .stdout(Stdio::null())
            .stderr(File::create(folder.join("log")).unwrap())
            .spawn()
            .unwrap();
        Self { child, port, folder: folder.to_owned() }
    }

    fn log(&self) -> String {
        std::fs::read_to_string(self.folder.join("log")).unwrap()
    }
}

/// A server whose answers are worded by the node's model, and which logs what it does.
fn server(folder: &Path, node: &Node, telemetry: &str) -> Server {
    let extra = format!(
        "[inference]\nurl = \"http://127.0.0.1:{}\"\nkey_file = {:?}\n\
         [answers.generation]\nmodel = \"{MODEL}\"\nfirst_sentence_ms = 30000\ndeadline_ms = 60000\nmax_tokens = 8\n{telemetry}",
        node.port,
        node.folder.join("api-key"),
    );
    let server = Server::single(folder, &extra);
    let file = folder.join("sfetnic.toml");
    let config = std::fs::read_to_string(&file).unwrap().replace("filter = \"warn\"", "filter = \"info\"");
    std::fs::write(&file, config).unwrap();
    server
}

async fn until_the_model_is_heard(server: &Server) {
    let started = Instant::now();
    while !server.run(&["cluster", "status"]).contains(MODEL) {
        assert!(started.elapsed() < Duration::from_secs(60), "the model is not heard: {}", server.complaints());
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

async fn ask(client: &Client, server: &Server, chat: &Chat, key: &str) {
    let answer = client
        .post(server.url(&format!("/api/v1/conversations/{}/turns?wait=true", chat.id)))
        .bearer_auth(&chat.secret)
        .header("Idempotency-Key", key)
        .header("traceparent", format!("00-{TRACE}-{CALLER}-01"))
        .json(&json!({ "text": format!("Mă numesc {NAME}. Mi-a expirat buletinul, ce fac?") }))
        .send()
        .await
        .unwrap();
    assert!(answer.status().is_success(), "{}", answer.text().await.unwrap());
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_trace_leads_from_the_chat_to_the_worker() {
    let folder = tempfile::tempdir().unwrap();
    let (collector, url) = Collector::start().await;
    let node_folder = folder.path().join("node");
    std::fs::create_dir(&node_folder).unwrap();
    let node = Node::start(&node_folder, &[("SFETNIC_NODE_TELEMETRY__TRACES_URL", &url)]).await;
    let mut server = server(folder.path(), &node, &format!("[telemetry]\ntraces_url = \"{url}\"\n"));
    server.start();
    server.ready().await;
    until_the_model_is_heard(&server).await;

    let client = Client::new();
    let chat = start_chat(&client, &server.url(""), "a-key-of-this-test").await.expect("a conversation");
    ask(&client, &server, &chat, "the-first-turn").await;

    // Each is a child of the one before it.
    let chain: &[(&str, &str)] = &[
        ("appliance", "POST /api/v1/conversations/{id}/turns"),
        ("appliance", "answer"),
        ("appliance", "reply"),
        ("appliance", "word"),
        ("appliance", "dispatch"),
        ("inference-node", "POST /v1/chat/completions"),
        ("inference-node", "generate"),
        ("inference-worker", "work"),
    ];
    let in_trace = |program: &str, name: &str| {
        let (program, name) = (program.to_owned(), name.to_owned());
        move |seen: &Seen| hex(&seen.span.trace_id) == TRACE && seen.program == program && seen.span.name == name
    };
    let mut before: Option<Seen> = None;
    for (program, name) in chain {
        let seen = collector.wait_for(&format!("{program}: {name}"), in_trace(program, name)).await;
        match &before {
            None => assert_eq!(hex(&seen.span.parent_span_id), CALLER),
            Some(before) => assert!(seen.is_child_of(before), "{name} is not a child of {}", before.span.name),
        }
        before = Some(seen);
    }
    let one = |name: &str| {
        let found = collector.named(name).into_iter().find(|seen| hex(&seen.span.trace_id) == TRACE);
        found.unwrap_or_else(|| panic!("no `{name}`"))
    };
    let reply = one("reply");
    for stage in ["retrieve", "decide", "check"] {
        let seen = collector.wait_for(stage, in_trace("appliance", stage)).await;
        assert!(seen.is_child_of(&reply), "{stage}");
    }
    let asked = one("POST /v1/chat/completions");
    assert!(collector.wait_for("queue", in_trace("inference-node", "queue")).await.is_child_of(&asked));
    let dispatch = one("dispatch");
    assert_eq!(dispatch.attribute("model"), MODEL);
    assert_eq!(dispatch.attribute("class"), "chat");
    assert_eq!(dispatch.attribute("attempts"), "1");
    assert!(!dispatch.attribute("node").is_empty() && !dispatch.attribute("outcome").is_empty(), "{dispatch:?}");
    assert!(dispatch.events().contains(&"first token"), "{:?}", dispatch.events());
    assert!(one("work").events().contains(&"first piece"));

    let everything = format!("{:?}", collector.seen.lock().unwrap());
    for private in ["Ileana", "buletinul", &chat.secret] {
        assert!(!everything.contains(private), "`{private}` left the machine");
    }
    assert!(server.stop());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_program_logs_the_trace_though_nothing_is_exported() {
    let folder = tempfile::tempdir().unwrap();
    let node_folder = folder.path().join("node");
    std::fs::create_dir(&node_folder).unwrap();
    let node = Node::start(&node_folder, &[]).await;
    let mut server = server(folder.path(), &node, "");
    server.start();
    server.ready().await;
    until_the_model_is_heard(&server).await;

    let client = Client::new();
    let chat = start_chat(&client, &server.url(""), "a-key-of-this-test").await.expect("a conversation");
    ask(&client, &server, &chat, "the-first-turn").await;
    let answered = server.complaints();
    let answered = answered.lines().find(|line| line.contains("answered") && line.contains(TRACE));
    assert!(answered.is_some_and(|line| line.contains(&chat.id)), "{}", server.complaints());
    // The node writes its line when the answer has been read, the worker when it was sent.
    let started = Instant::now();
    for what in ["computed", "a request was answered"] {
        while !node.log().lines().any(|line| line.contains(what) && line.contains(TRACE)) {
            assert!(started.elapsed() < Duration::from_secs(10), "no `{what}` in {}", node.log());
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }
    assert!(!server.complaints().contains("Ileana") && !node.log().contains("Ileana"));
    assert!(server.stop());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn answers_come_though_the_collector_never_answers() {
    let folder = tempfile::tempdir().unwrap();
    let mute = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/v1/traces", mute.local_addr().unwrap());
    let telemetry = format!("[telemetry]\ntraces_url = \"{url}\"\n{WIDE_LIMITS}");
    let mut server = Server::single(folder.path(), &telemetry);
    server.start();
    server.ready().await;

    let client = Client::new();
    let chat = start_chat(&client, &server.url(""), "a-key-of-this-test").await.expect("a conversation");
    let started = Instant::now();
    for turn in 0..100 {
        let key = format!("turn-{turn}-of-this-test");
        let answer = send(&client, &server.url(""), &chat, "Mi-a expirat buletinul, ce fac?", &key, true).await;
        assert!(
            answer.is_some_and(|answer| answer["followed_by"].as_array().is_some_and(|turns| !turns.is_empty())),
            "turn {turn}"
        );
    }
    println!("100 questions in {:?} with a mute collector", started.elapsed());
    let warned = server.complaints().matches("spans cannot be sent").count();
    assert!(warned <= 1, "{warned} warnings: {}", server.complaints());
    let stopping = Instant::now();
    assert!(server.stop());
    assert!(stopping.elapsed() < Duration::from_secs(10), "it took {:?} to stop", stopping.elapsed());
}

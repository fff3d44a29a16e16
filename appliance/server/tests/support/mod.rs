//! Real servers for tests: started as processes, killed without warning, asked over HTTP as citizens do.
#![allow(dead_code, reason = "each test uses a part")]

use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use reqwest::{Client, StatusCode};
use serde_json::{Value, json};

/// A port that was free a moment ago.
pub(crate) fn free_port() -> u16 {
    TcpListener::bind(("127.0.0.1", 0)).expect("a free port").local_addr().expect("its address").port()
}

/// A server of its own folder and ports; killed when dropped.
pub(crate) struct Server {
    pub folder: PathBuf,
    pub http: u16,
    pub metrics: u16,
    child: Option<Child>,
}

/// One server's addresses inside a cluster.
#[derive(Clone, Copy)]
pub(crate) struct Peer {
    pub id: u64,
    pub raft: u16,
    pub api: u16,
}

impl Server {
    /// A single server in `folder`, not started yet. `extra` is appended to its configuration.
    pub(crate) fn single(folder: &Path, extra: &str) -> Self {
        let (raft, api) = (free_port(), free_port());
        Self::configured(
            folder,
            &format!(
                "[store]\npeers = [{{ id = 1, raft = \"127.0.0.1:{raft}\", api = \"127.0.0.1:{api}\" }}]\nlisten = \"127.0.0.1\"\n{extra}"
            ),
        )
    }

    /// Three servers of one cluster below `folder`, not started yet.
    pub(crate) fn cluster(folder: &Path, extra: &str) -> Vec<Self> {
        let peers = [1, 2, 3].map(|id| Peer { id, raft: free_port(), api: free_port() });
        for secret in ["raft.secret", "api.secret"] {
            std::fs::write(folder.join(secret), format!("{}-of-these-three-servers", secret)).expect("a secret");
        }
        let list: Vec<String> = peers
            .iter()
            .map(|peer| {
                format!("{{ id = {}, raft = \"127.0.0.1:{}\", api = \"127.0.0.1:{}\" }}", peer.id, peer.raft, peer.api)
            })
            .collect();
        peers
            .iter()
            .map(|peer| {
                let own = folder.join(format!("server-{}", peer.id));
                std::fs::create_dir_all(&own).expect("a folder");
                let store = format!(
                    "[store]\nnode = {}\npeers = [{}]\nlisten = \"127.0.0.1\"\nraft_secret = {:?}\napi_secret = {:?}\n{extra}",
                    peer.id,
                    list.join(", "),
                    folder.join("raft.secret"),
                    folder.join("api.secret"),
                );
                Self::configured(&own, &store)
            })
            .collect()
    }

    fn configured(folder: &Path, rest: &str) -> Self {
        let (http, metrics) = (free_port(), free_port());
        // The telephone's usual port is one, and tests are many.
        let phone = if rest.contains("[phone") { "" } else { "[phone]\nenabled = false\n" };
        let config = format!(
            "[data]\nfolder = {:?}\n[http]\nlisten = \"127.0.0.1:{http}\"\nstop_seconds = 2\n[metrics]\nlisten = \"127.0.0.1:{metrics}\"\n[log]\nfilter = \"warn\"\n{phone}{rest}\n",
            folder.join("data"),
        );
        std::fs::write(folder.join("sfetnic.toml"), config).expect("the configuration");
        Self { folder: folder.to_owned(), http, metrics, child: None }
    }

    /// Starts the process; what it prints goes to files in its folder.
    pub(crate) fn start(&mut self) {
        assert!(self.child.is_none(), "started twice");
        let output = |name: &str| {
            let file = std::fs::OpenOptions::new().create(true).append(true).open(self.folder.join(name));
            Stdio::from(file.expect("an output file"))
        };
        let child = self.command(&["serve"]).stdout(output("stdout")).stderr(output("stderr")).spawn();
        self.child = Some(child.expect("the server starts"));
    }

    /// A sub-command with this server's configuration.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_appliance"));
        command.arg("--config").arg(self.folder.join("sfetnic.toml")).args(arguments).current_dir(&self.folder);
        command
    }

    /// Runs a sub-command to its end and returns what it printed.
    pub(crate) fn run(&self, arguments: &[&str]) -> String {
        let output = self.command(arguments).output().expect("the sub-command runs");
        let (printed, complained) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        assert!(output.status.success(), "`appliance {}` failed: {printed}{complained}", arguments.join(" "));
        printed.into_owned()
    }

    /// Waits until it says that it is ready.
    pub(crate) async fn ready(&mut self) {
        let client = Client::new();
        let started = Instant::now();
        let (ready, page) = (self.metrics_url("/readyz"), self.url("/"));
        loop {
            let answers =
                async |url: &str| client.get(url).send().await.is_ok_and(|answer| answer.status().is_success());
            if answers(&ready).await && answers(&page).await {
                return;
            }
            if let Some(status) = self.child.as_mut().and_then(|child| child.try_wait().expect("its state")) {
                panic!("the server ended with {status}: {}", self.complaints());
            }
            assert!(started.elapsed() < Duration::from_secs(120), "not ready: {}", self.complaints());
            tokio::time::sleep(Duration::from_millis(25)).await;
        }
    }

    /// Its process.
    pub(crate) fn pid(&self) -> u32 {
        self.child.as_ref().expect("it runs").id()
    }

    /// Kills it without warning (SIGKILL).
    pub(crate) fn kill(&mut self) {
        if let Some(mut child) = self.child.take() {
            child.kill().expect("it is killed");
            child.wait().expect("it is gone");
        }
    }

    /// Asks it to stop (SIGTERM) and waits; whether it ended well.
    pub(crate) fn stop(&mut self) -> bool {
        let mut child = self.child.take().expect("it runs");
        let pid = nix::unistd::Pid::from_raw(i32::try_from(child.id()).expect("a process id"));
        nix::sys::signal::kill(pid, nix::sys::signal::Signal::SIGTERM).expect("it is told");
        child.wait().expect("it is gone").success()
    }

    /// What it wrote to its log.
    pub(crate) fn complaints(&self) -> String {
        std::fs::read_to_string(self.folder.join("stderr")).unwrap_or_default()
    }

    /// What it printed.
    pub(crate) fn printed(&self) -> String {
        std::fs::read_to_string(self.folder.join("stdout")).unwrap_or_default()
    }

    /// An address of its pages and API.
    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.http)
    }

    /// An address of its metrics and health.
    pub(crate) fn metrics_url(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.metrics)
    }

    /// Which server leads, by its own word.
    pub(crate) async fn leader(&self) -> Option<u64> {
        let answer = Client::new().get(self.metrics_url("/readyz")).send().await.ok()?;
        answer.json::<Value>().await.ok()?["leader"].as_u64()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.kill();
    }
}

/// One citizen's conversation, as the public API gives it.
#[derive(Debug, Clone)]
pub(crate) struct Chat {
    pub id: String,
    pub secret: String,
}

/// Starts a conversation at `base`; `None` when that server cannot now.
pub(crate) async fn start_chat(client: &Client, base: &str, key: &str) -> Option<Chat> {
    let answer = client
        .post(format!("{base}/api/v1/conversations"))
        .header("Idempotency-Key", key)
        .json(&json!({ "language": "ro" }))
        .send()
        .await
        .ok()?;
    if !answer.status().is_success() {
        return None;
    }
    let body: Value = answer.json().await.ok()?;
    Some(Chat { id: body["conversation"]["id"].as_str()?.to_owned(), secret: body["secret"].as_str()?.to_owned() })
}

/// Sends a turn; `Some` when it was acknowledged.
pub(crate) async fn send(client: &Client, base: &str, chat: &Chat, text: &str, key: &str, wait: bool) -> Option<Value> {
    let answer = client
        .post(format!("{base}/api/v1/conversations/{}/turns{}", chat.id, if wait { "?wait=true" } else { "" }))
        .bearer_auth(&chat.secret)
        .header("Idempotency-Key", key)
        .json(&json!({ "text": text }))
        .send()
        .await
        .ok()?;
    match answer.status() {
        status if status.is_success() => answer.json().await.ok(),
        StatusCode::TOO_MANY_REQUESTS => panic!("the limits are too tight for the test"),
        _ => None,
    }
}

/// Every turn of a conversation.
pub(crate) async fn turns(client: &Client, base: &str, chat: &Chat) -> Vec<Value> {
    let mut all: Vec<Value> = Vec::new();
    loop {
        let after = all.last().and_then(|turn| turn["number"].as_u64()).unwrap_or(0);
        let url = format!("{base}/api/v1/conversations/{}/turns?after={after}", chat.id);
        let answer = client.get(url).bearer_auth(&chat.secret).send().await.expect("turns");
        assert!(answer.status().is_success(), "{}", answer.status());
        let body: Value = answer.json().await.expect("JSON");
        let page = body.as_array().expect("a list of turns").clone();
        if page.is_empty() {
            return all;
        }
        all.extend(page);
    }
}

/// Limits that one loopback address with many citizens behind it does not meet.
pub(crate) const WIDE_LIMITS: &str = "\
[chat.limits]
conversations = { per_minute = 1000000, burst = 1000000 }
turns_per_address = { per_minute = 1000000, burst = 1000000 }
turns_per_conversation = { per_minute = 1000000, burst = 1000000 }
requests = { per_minute = 1000000, burst = 1000000 }
connections_per_address = 20000
";

/// When an acknowledged message was sent, and when the acknowledgement came.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Written {
    pub sent: Instant,
    pub acknowledged: Instant,
}

/// What one citizen was told is durable.
#[derive(Debug, Default)]
pub(crate) struct Acknowledged {
    pub chat: Option<Chat>,
    /// The texts acknowledged, each unique.
    pub turns: Vec<String>,
    /// The case's reference and registry number, if one was told.
    pub case: Option<(String, Option<String>)>,
}

/// A citizen who writes through any of `bases` until `stop`, every message again with the same key until it is
/// acknowledged. The first message of every second citizen lodges a petition, so that a case is opened and registered.
pub(crate) async fn citizen(
    number: usize,
    bases: Vec<String>,
    stop: std::sync::Arc<std::sync::atomic::AtomicBool>,
    written: std::sync::Arc<std::sync::Mutex<Vec<Written>>>,
) -> Acknowledged {
    let client = Client::builder().timeout(Duration::from_secs(5)).build().expect("a client");
    let mut said = Acknowledged::default();
    let mut turn = number;
    let stopped = || stop.load(std::sync::atomic::Ordering::Relaxed);
    let key = format!("citizen-{number}-of-this-test");
    while said.chat.is_none() && !stopped() {
        said.chat = start_chat(&client, &bases[turn % bases.len()], &key).await;
        turn += 1;
    }
    let Some(chat) = said.chat.clone() else { return said };
    for message in 0_u32.. {
        let petition = number.is_multiple_of(2) && message == 0;
        let text = if petition {
            format!("Vreau să depun o petiție despre drumul din sat, semnat cetățeanul {number}")
        } else {
            format!("Mi-a expirat buletinul, ce fac? Mesajul {message} al cetățeanului {number}")
        };
        let key = format!("turn-{number}-{message}");
        loop {
            if stopped() {
                return said;
            }
            let base = &bases[turn % bases.len()];
            turn += 1;
            let sent = Instant::now();
            if let Some(answer) = send(&client, base, &chat, &text, &key, petition).await {
                written.lock().expect("not poisoned").push(Written { sent, acknowledged: Instant::now() });
                said.turns.push(text);
                let case = &answer["conversation"]["case"];
                if let Some(reference) = case["reference"].as_str() {
                    let registered = case["registered"].as_str().map(str::to_owned);
                    said.case = Some((reference.to_owned(), registered));
                }
                break;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        tokio::time::sleep(Duration::from_millis(30)).await;
    }
    said
}

/// Checks at `base` that everything acknowledged is there, once, in order, with turn numbers without gaps, and that no two
/// cases share a reference or a registry number.
pub(crate) async fn check_everything_once(base: &str, acknowledged: &[Acknowledged]) {
    let client = Client::new();
    let (mut references, mut numbers) = (std::collections::HashSet::new(), std::collections::HashSet::new());
    for said in acknowledged {
        let Some(chat) = &said.chat else { continue };
        let stored = turns(&client, base, chat).await;
        for (index, turn) in stored.iter().enumerate() {
            assert_eq!(turn["number"].as_u64(), Some(index as u64 + 1), "turn numbers have no gaps");
        }
        let citizens: Vec<&str> =
            stored.iter().filter(|turn| turn["author"] == "citizen").filter_map(|turn| turn["text"].as_str()).collect();
        for text in &said.turns {
            let times = citizens.iter().filter(|stored| *stored == text).count();
            assert_eq!(times, 1, "an acknowledged turn is there {times} times");
        }
        let answer = client
            .get(format!("{base}/api/v1/conversations/{}", chat.id))
            .bearer_auth(&chat.secret)
            .send()
            .await
            .expect("the conversation");
        let conversation: Value = answer.json().await.expect("JSON");
        let case = &conversation["case"];
        if let Some((reference, registered)) = &said.case {
            assert_eq!(case["reference"].as_str(), Some(reference.as_str()), "the case told to the citizen");
            if let Some(registered) = registered {
                assert_eq!(case["registered"].as_str(), Some(registered.as_str()), "the registry number told");
            }
        }
        if let Some(reference) = case["reference"].as_str() {
            assert!(references.insert(reference.to_owned()), "two cases share {reference}");
        }
        if let Some(number) = case["registered"].as_str() {
            assert!(numbers.insert(number.to_owned()), "two cases share number {number}");
        }
    }
    assert!(!references.is_empty(), "no case was opened: the test proves nothing");
    assert!(!numbers.is_empty(), "no number was given: the test proves nothing");
}

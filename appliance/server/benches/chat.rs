//! Figures of the running program, as citizens meet it over HTTP: start-up, answers, memory. Prints Markdown rows.
//!
//! `cargo bench --package server --bench chat`; the server under test and the load share the machine.
#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "figures are printed, and a failed step ends the run"
)]

#[path = "../tests/support/mod.rs"]
mod support;

use std::sync::Arc;
use std::time::{Duration, Instant};

use futures::StreamExt;
use futures::stream::FuturesUnordered;
use reqwest::Client;
use support::{Chat, Server, WIDE_LIMITS, send, start_chat};

/// How long each load lasts.
const LOAD: Duration = Duration::from_secs(8);
/// How many chats are held open for the figure of memory.
const OPEN_CHATS: usize = 10_000;

/// What citizens ask in the load; each has its answer in the starter pack.
const QUESTIONS: [&str; 6] = [
    "mi-a expirat buletinul ce fac",
    "cum fac un pasaport pentru copil",
    "am pierdut permisul auto",
    "unde platesc impozitul pe casa",
    "cat dureaza raspunsul la o petitie",
    "vreau cazier judiciar online",
];

fn main() {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime");
    runtime.block_on(measure());
}

async fn measure() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut server = Server::single(folder.path(), WIDE_LIMITS);
    println!("| figure | value |\n|---|---|");

    let first = start_up(&mut server).await;
    println!("| start-up, first (empty folder, starter pack stored and indexed) | {} ms |", first.as_millis());
    let mut warm = Vec::new();
    for _ in 0..3 {
        assert!(server.stop(), "{}", server.complaints());
        warm.push(start_up(&mut server).await);
    }
    warm.sort();
    println!("| start-up, later (median of 3) | {} ms |", warm[1].as_millis());
    tokio::time::sleep(Duration::from_secs(2)).await;
    println!("| memory at rest | {} MiB |", resident_mib(&server));

    for conversations in [1, 32, 256] {
        let (answers, mut latencies) = load(&server, conversations).await;
        latencies.sort();
        let at = |share: f64| latencies[((latencies.len() - 1) as f64 * share) as usize].as_secs_f64() * 1000.0;
        println!(
            "| {conversations} conversations | {:.0} answers/s, p50 {:.1} ms, p99 {:.1} ms |",
            answers as f64 / LOAD.as_secs_f64(),
            at(0.50),
            at(0.99),
        );
    }

    let before = resident_mib(&server);
    let open = open_chats(&server, OPEN_CHATS).await;
    tokio::time::sleep(Duration::from_secs(3)).await;
    let with = resident_mib(&server);
    println!("| memory with {} open chats | {with} MiB ({before} MiB before) |", open.len());
    drop(open);
    server.kill();
}

async fn start_up(server: &mut Server) -> Duration {
    let started = Instant::now();
    server.start();
    server.ready().await;
    started.elapsed()
}

/// Resident memory of the server's process.
fn resident_mib(server: &Server) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{}/status", server.pid())).expect("the process lives");
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).expect("VmRSS");
    line.split_whitespace().nth(1).and_then(|kib| kib.parse::<u64>().ok()).expect("a number") / 1024
}

/// So many conversations, each asking again as soon as it was answered.
async fn load(server: &Server, conversations: usize) -> (usize, Vec<Duration>) {
    let base = server.url("");
    let client = Client::new();
    let mut chats = Vec::new();
    for number in 0..conversations {
        let key = format!("load-{conversations}-{number}-unguessable");
        chats.push(start_chat(&client, &base, &key).await.expect("a conversation"));
    }
    let until = Instant::now() + LOAD;
    let mut running: FuturesUnordered<_> = chats
        .into_iter()
        .enumerate()
        .map(|(number, chat)| ask_until(client.clone(), base.clone(), chat, number, until))
        .collect();
    let mut latencies = Vec::new();
    while let Some(of_one) = running.next().await {
        latencies.extend(of_one);
    }
    (latencies.len(), latencies)
}

async fn ask_until(client: Client, base: String, chat: Chat, number: usize, until: Instant) -> Vec<Duration> {
    let mut latencies = Vec::new();
    for question in 0.. {
        if Instant::now() >= until {
            break;
        }
        let asked = Instant::now();
        let text = QUESTIONS[(number + question) % QUESTIONS.len()];
        let answer = send(&client, &base, &chat, text, &format!("question-{question}"), true).await.expect("an answer");
        assert!(answer["followed_by"][0]["author"] == "assistant", "answered: {answer}");
        latencies.push(asked.elapsed());
    }
    latencies
}

/// So many chats with an open stream of events each.
async fn open_chats(server: &Server, count: usize) -> Vec<reqwest::Response> {
    let base = Arc::new(server.url(""));
    let client = Client::builder().pool_max_idle_per_host(0).build().expect("a client");
    futures::stream::iter(0..count)
        .map(|number| {
            let (client, base) = (client.clone(), Arc::clone(&base));
            async move {
                let chat = start_chat(&client, &base, &format!("open-{number}-unguessable")).await?;
                let url = format!("{base}/api/v1/conversations/{}/events", chat.id);
                let events = client.get(url).bearer_auth(&chat.secret).send().await.ok()?;
                events.status().is_success().then_some(events)
            }
        })
        .buffer_unordered(64)
        .filter_map(std::future::ready)
        .collect()
        .await
}

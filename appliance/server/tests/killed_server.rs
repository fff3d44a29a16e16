//! One real server, killed under load: what was acknowledged is there after the restart, and what was owed is answered.
#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a test says what it measured and fails where it stands"
)]

mod support;

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use reqwest::Client;
use support::{Server, WIDE_LIMITS, check_everything_once, citizen, send, start_chat, turns};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_killed_under_load_loses_nothing_acknowledged() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut server = Server::single(folder.path(), WIDE_LIMITS);
    server.start();
    server.ready().await;
    let (stop, written) = (Arc::new(AtomicBool::new(false)), Arc::new(Mutex::new(Vec::new())));
    let citizens: Vec<_> = (0..4)
        .map(|number| tokio::spawn(citizen(number, vec![server.url("")], Arc::clone(&stop), Arc::clone(&written))))
        .collect();
    for _ in 0..3 {
        tokio::time::sleep(Duration::from_millis(1500)).await;
        server.kill();
        let killed = Instant::now();
        server.start();
        server.ready().await;
        println!("kill to ready: {} ms", killed.elapsed().as_millis());
    }
    tokio::time::sleep(Duration::from_secs(1)).await;
    stop.store(true, Ordering::Relaxed);
    let mut acknowledged = Vec::new();
    for citizen in citizens {
        acknowledged.push(citizen.await.expect("a citizen"));
    }
    check_everything_once(&server.url(""), &acknowledged).await;
    let verdict = server.run(&["journal", "verify"]);
    assert!(verdict.contains("whole"), "{verdict}");
    assert!(server.stop(), "a graceful stop ends well: {}", server.complaints());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_question_received_just_before_the_kill_is_answered_after_the_restart() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut server = Server::single(folder.path(), WIDE_LIMITS);
    server.start();
    server.ready().await;
    let client = Client::new();
    let base = server.url("");
    let chat = start_chat(&client, &base, "one-citizen-before-the-kill").await.expect("a conversation");
    let sent = send(&client, &base, &chat, "Mi-a expirat buletinul, ce fac?", "only-once", false).await;
    assert!(sent.is_some(), "acknowledged");
    server.kill();
    server.start();
    server.ready().await;
    let deadline = Instant::now() + Duration::from_secs(30);
    loop {
        let stored = turns(&client, &base, &chat).await;
        if let [question, answer] = &stored[..] {
            assert_eq!(question["author"], "citizen");
            assert_eq!(answer["author"], "assistant");
            break;
        }
        assert!(Instant::now() < deadline, "never answered: {stored:?}");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

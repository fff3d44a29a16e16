//! Three real servers of one cluster: written through all of them while the leader is killed again and again.
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

use support::{Server, WIDE_LIMITS, Written, check_everything_once, citizen};

const CITIZENS: usize = 6;
const KILLS: usize = 3;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_killed_leader_loses_no_acknowledged_turn_case_or_number() {
    let folder = tempfile::tempdir().expect("a folder");
    let master = folder.path().join("master.key");
    std::fs::write(&master, "5f".repeat(32)).expect("a key");
    let extra = format!("{WIDE_LIMITS}[secrets]\nmaster_key = {master:?}\n");
    let mut servers = Server::cluster(folder.path(), &extra);
    for server in &mut servers {
        server.start();
    }
    for server in &mut servers {
        server.ready().await;
    }

    let (stop, written) = (Arc::new(AtomicBool::new(false)), Arc::new(Mutex::new(Vec::new())));
    let bases: Vec<String> = servers.iter().map(|server| server.url("")).collect();
    let citizens: Vec<_> = (0..CITIZENS)
        .map(|number| tokio::spawn(citizen(number, bases.clone(), Arc::clone(&stop), Arc::clone(&written))))
        .collect();
    tokio::time::sleep(Duration::from_secs(3)).await;

    for _ in 0..KILLS {
        let leader = loop {
            if let Some(leader) = servers[0].leader().await.or(servers[1].leader().await) {
                break usize::try_from(leader).expect("a small number") - 1;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        };
        let killed = Instant::now();
        servers[leader].kill();
        let again = wait_for_write_after(&written, killed).await;
        println!("kill of the leader to the next acknowledged write: {} ms", again.as_millis());
        servers[leader].start();
        servers[leader].ready().await;
        tokio::time::sleep(Duration::from_secs(1)).await;
    }

    stop.store(true, Ordering::Relaxed);
    let mut acknowledged = Vec::new();
    for citizen in citizens {
        acknowledged.push(citizen.await.expect("a citizen"));
    }
    let turns: usize = acknowledged.iter().map(|said| said.turns.len()).sum();
    println!("{turns} acknowledged turns over {KILLS} kills");
    assert!(turns > CITIZENS * 3, "too little was written to prove anything");
    // Followers may be a moment behind.
    tokio::time::sleep(Duration::from_secs(1)).await;
    for base in &bases {
        check_everything_once(base, &acknowledged).await;
    }
}

/// How long after `moment` the first message sent after it was acknowledged.
async fn wait_for_write_after(written: &Mutex<Vec<Written>>, moment: Instant) -> Duration {
    loop {
        let first = written.lock().expect("not poisoned").iter().copied().find(|write| write.sent > moment);
        if let Some(first) = first {
            return first.acknowledged - moment;
        }
        assert!(moment.elapsed() < Duration::from_secs(30), "no write was acknowledged after the leader's death");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

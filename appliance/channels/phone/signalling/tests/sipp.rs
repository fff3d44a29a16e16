//! What sipp makes of us as a callee: one scenario a file in `tests/sipp`, each played against an endpoint.
//!
//! Whoever has no sipp installed sees the test pass with a word about it; `scripts/install-deps test` installs it.

#![allow(clippy::expect_used, clippy::panic, clippy::print_stdout)]

mod common;

use std::process::Stdio;
use std::time::Duration;

use common::*;
use signalling::{CallEvent, Invitation, TimersConfig, Transport};
use tokio::process::Command;

/// Answers as a switchboard would: `ring` only rings, everybody else is answered at once; every offer is agreed to.
async fn attend(mut invitation: Invitation) {
    invitation.ring().await;
    if invitation.dialled == "ring" {
        within(invitation.cancelled()).await;
        return;
    }
    let Ok((_call, mut events)) = invitation.accept(answer()).await else { return };
    while let Some(event) = events.next().await {
        if let CallEvent::Offer(pending) = event {
            pending.answer(answer()).await;
        }
    }
}

async fn play(scenario: &str, target: std::net::SocketAddr, folder: &std::path::Path) -> Result<(), String> {
    let file = format!("{}/tests/sipp/{scenario}.xml", env!("CARGO_MANIFEST_DIR"));
    let run = Command::new("sipp")
        .args([
            &target.to_string(),
            "-sf",
            &file,
            "-i",
            "127.0.0.1",
            "-m",
            "1",
            "-nostdin",
            "-timeout",
            "25",
            "-trace_err",
        ])
        .args(["-error_file", &format!("{}/{scenario}.log", folder.display())])
        .current_dir(folder)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .status();
    let status = tokio::time::timeout(Duration::from_secs(40), run).await;
    match status {
        Ok(Ok(status)) if status.success() => Ok(()),
        other => {
            let log = std::fs::read_to_string(folder.join(format!("{scenario}.log"))).unwrap_or_default();
            let log: String = log.chars().take(1500).collect();
            Err(format!("{scenario}: {other:?}\n{log}"))
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_scenario_of_sipp_passes() {
    if Command::new("sipp").arg("-v").stdout(Stdio::null()).stderr(Stdio::null()).status().await.is_err() {
        println!("sipp is not installed; nothing was tried");
        return;
    }
    let timers = TimersConfig { t1_milliseconds: 40, t2_milliseconds: 160, t4_milliseconds: 100 };
    let (endpoint, mut invitations) = start(signalling::SipConfig { timers, ..config(&[Transport::Udp]) }).await;
    let target = endpoint.local_addresses()[0].1;
    tokio::spawn(async move {
        while let Some(invitation) = invitations.recv().await {
            tokio::spawn(attend(invitation));
        }
    });
    let folder = tempfile::tempdir().expect("a folder");
    let mut scenarios: Vec<String> = std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/sipp"))
        .expect("the scenarios")
        .filter_map(|entry| Some(entry.ok()?.path().file_stem()?.to_str()?.to_owned()))
        .collect();
    scenarios.sort();
    let mut failures = Vec::new();
    for batch in scenarios.chunks(6) {
        let mut tasks = tokio::task::JoinSet::new();
        for scenario in batch {
            let (scenario, folder) = (scenario.clone(), folder.path().to_owned());
            tasks.spawn(async move { play(&scenario, target, &folder).await });
        }
        while let Some(result) = tasks.join_next().await {
            failures.extend(result.expect("joined").err());
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
    idle(&endpoint).await;
}

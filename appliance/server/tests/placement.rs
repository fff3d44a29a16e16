//! Placement by the command line: the plan explains itself, a drained node stays drained, and the journal knows who asked.
#![allow(clippy::expect_used, clippy::panic, reason = "a test says what it expected and fails where it stands")]

mod support;

use serde_json::Value;
use support::Server;

/// Two nodes that nobody answers for.
const NODES: &str = "[inference]
nodes = [{ name = \"gpu-1\", url = \"http://127.0.0.1:9\", key_file = \"key\" },
         { name = \"gpu-2\", url = \"http://127.0.0.1:9\", key_file = \"key\" }]
";

fn fails(server: &Server, arguments: &[&str]) -> (Option<i32>, String) {
    let output = server.command(arguments).output().expect("the sub-command runs");
    (output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_drained_node_stays_drained_over_a_killed_server() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut server = Server::single(folder.path(), NODES);
    server.start();
    server.ready().await;

    let plan = server.run(&["cluster", "plan"]);
    assert!(plan.contains("[[inference.models]]") && plan.contains("Nothing is placed"), "{plan}");
    let (code, complaint) = fails(&server, &["cluster", "drain", "gpu-9"]);
    assert_eq!(code, Some(1));
    assert!(complaint.contains("no inference node `gpu-9`; the nodes are: gpu-1, gpu-2"), "{complaint}");

    assert!(server.run(&["cluster", "drain", "gpu-1"]).contains("gpu-1 is drained: "));
    assert!(server.run(&["cluster", "drain", "gpu-1"]).contains("drained already"));
    assert!(server.run(&["cluster", "undrain", "gpu-2"]).contains("in service already"));
    server.kill();
    server.start();
    server.ready().await;

    let drained: Value = serde_json::from_str(&server.run(&["--json", "cluster", "plan"])).expect("JSON");
    assert_eq!(drained["drained"], serde_json::json!(["gpu-1"]));
    let nodes = server.run(&["cluster", "nodes"]);
    let gpu_1 = nodes.lines().find(|line| line.contains("gpu-1")).expect("the node");
    assert!(gpu_1.contains("drained"), "{nodes}");
    let back: Value = serde_json::from_str(&server.run(&["--json", "cluster", "undrain", "gpu-1"])).expect("JSON");
    assert_eq!(back, serde_json::json!({ "node": "gpu-1", "drained": false, "changed": true }));

    let journal = server.run(&["journal", "tail", "-n", "50"]);
    let rows: Vec<&str> =
        journal.lines().filter(|line| line.contains("Drained") || line.contains("Undrained")).collect();
    assert_eq!(rows.len(), 2, "each change once: {journal}");
    let uid = nix::unistd::geteuid().to_string();
    assert!(rows.iter().all(|row| row.contains("gpu-1") && row.contains(&uid)), "{rows:?}");
}

#[test]
fn a_catalogue_that_contradicts_itself_starts_no_server() {
    let folder = tempfile::tempdir().expect("a folder");
    let wrong = "[[inference.models]]\nid = \"qwen\"\nvram_gib = 0\n";
    let server = Server::single(folder.path(), wrong);
    let (code, complaint) = fails(&server, &["config"]);
    assert_eq!(code, Some(1));
    assert!(complaint.contains("inference.models: `qwen`: vram_gib is 0"), "{complaint}");
}

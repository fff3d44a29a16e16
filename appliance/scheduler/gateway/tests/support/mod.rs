//! Real inference nodes for tests.
#![allow(dead_code, unreachable_pub, reason = "shared by test crates, each of which uses its part")]

use std::net::TcpListener;
use std::path::PathBuf;
use std::process::Stdio;
use std::time::{Duration, Instant};

use camino::Utf8PathBuf;
use gateway::InferenceConfig;
use tokio::process::{Child, Command};

/// However busy the machine is, a node has started by then.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// A real inference node.
pub struct Node {
    pub child: Child,
    pub port: u16,
    pub folder: tempfile::TempDir,
}

pub fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

fn binary() -> PathBuf {
    let beside = std::env::current_exe().unwrap().ancestors().nth(2).unwrap().join("inference-node");
    let binary = std::env::var_os("INFERENCE_NODE").map_or(beside, PathBuf::from);
    let command = "cargo build -p node --no-default-features --features espeak";
    assert!(binary.exists(), "{} is missing; build it: {command}", binary.display());
    binary
}

/// A node with small models of `make models-test` in its store.
pub fn start_with(models: &[&str]) -> Node {
    start(store_of(models), free_port())
}

/// A data folder with small models in its store.
pub fn store_of(models: &[&str]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let small = std::env::var("SMALL_MODELS")
        .unwrap_or_else(|_| format!("{}/.cache/sfetnic/small-models", std::env::var("HOME").unwrap()));
    for model in models {
        let source = format!("{small}/{model}");
        assert!(PathBuf::from(&source).is_dir(), "`{source}` is missing; make it: make models-test");
        import(&folder, &source);
    }
    folder
}

/// Takes the model in a folder into the store in another.
fn import(folder: &tempfile::TempDir, source: &str) {
    let output = std::process::Command::new(binary())
        .args(["models", "import", source])
        .env("SFETNIC_NODE_DATA__FOLDER", folder.path())
        .env("SFETNIC_NODE_LOG__FILTER", "warn,mistralrs_core=off")
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

/// A node before another server, whose model it passes on under its name; its GPUs play a story.
pub fn start_before(url: &str, model: &str, port: u16, story: &str) -> Node {
    let folder = tempfile::tempdir().unwrap();
    let source = folder.path().join("source");
    std::fs::create_dir(&source).unwrap();
    let manifest = format!(
        "schema = 1\nid = '{model}'\ntask = 'chat'\nengine = 'remote'\nlanguages = ['*']\ncontext = 8_192\nparallel = 8\n\
         remote = {{ url = '{url}', model = '{model}' }}\n"
    );
    std::fs::write(source.join("model.toml"), manifest).unwrap();
    import(&folder, source.to_str().unwrap());
    let file = folder.path().join("story.toml");
    std::fs::write(&file, story).unwrap();
    let file = file.to_str().unwrap().to_owned();
    let only = format!("[\"{model}\"]");
    start_as(folder, port, &[("SFETNIC_NODE_GPU__TELEMETRY", &file), ("SFETNIC_NODE_MODELS__LOAD", &only)])
}

/// A node with recorded GPUs of so many megabytes, which loads nothing by itself but the built-in voices.
pub fn start_on_gpus(folder: tempfile::TempDir, port: u16, gpus: &[u64]) -> Node {
    let gpu = |(index, megabytes): (usize, &u64)| {
        let bytes = megabytes * 1_000_000;
        format!(
            "[[gpu]]\nindex = {index}\nname = 'NVIDIA H200'\n\
             vram = {{ total_bytes = {bytes}, used_bytes = 0, free_bytes = {bytes} }}\n"
        )
    };
    let story = folder.path().join("story.toml");
    let gpus: String = gpus.iter().enumerate().map(gpu).collect();
    std::fs::write(&story, format!("driver = {{ driver_version = '580.95.05' }}\n{gpus}")).unwrap();
    let story = story.to_str().unwrap().to_owned();
    start_as(folder, port, &[("SFETNIC_NODE_GPU__TELEMETRY", &story), ("SFETNIC_NODE_MODELS__LOAD", "[\"espeak\"]")])
}

pub fn start(folder: tempfile::TempDir, port: u16) -> Node {
    start_as(folder, port, &[])
}

fn start_as(folder: tempfile::TempDir, port: u16, variables: &[(&str, &str)]) -> Node {
    let child = Command::new(binary())
        .arg("serve")
        .env("SFETNIC_NODE_DATA__FOLDER", folder.path())
        .env("SFETNIC_NODE_HTTP__LISTEN", format!("127.0.0.1:{port}"))
        .env("SFETNIC_NODE_LOG__FILTER", "warn,mistralrs_core=off")
        .envs(variables.iter().copied())
        .stdout(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    Node { child, port, folder }
}

impl Node {
    pub fn config(&self) -> InferenceConfig {
        let key_file = Utf8PathBuf::from_path_buf(self.folder.path().join("api-key")).unwrap();
        let url = Some(format!("http://127.0.0.1:{}", self.port));
        InferenceConfig { url, key_file: Some(key_file), ..InferenceConfig::default() }
    }
}

pub async fn until(what: &str, done: impl Fn() -> bool) {
    let started = Instant::now();
    while !done() {
        assert!(started.elapsed() < PATIENCE, "{what}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

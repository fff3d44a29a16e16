//! A real node in a process of its own.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, dead_code, reason = "a test fails where it stands")]

pub(crate) mod python;
pub(crate) mod small_models;
pub(crate) mod sound;

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use reqwest::{Client, RequestBuilder, Response};
use serde_json::{Value, json};
use tempfile::TempDir;

/// How long anything may take on a busy machine before the test says that it does not come.
const PATIENCE: Duration = Duration::from_secs(60);

/// A running node; it ends with the test.
pub(crate) struct Node {
    child: Child,
    folder: TempDir,
    pub(crate) base: String,
    pub(crate) client: Client,
    key: String,
}

/// The program under test.
pub(crate) fn program() -> Command {
    Command::new(env!("CARGO_BIN_EXE_inference-node"))
}

impl Node {
    /// Starts a node with an empty store.
    pub(crate) fn start() -> Self {
        Self::start_with(tempfile::tempdir().unwrap(), &[])
    }

    /// Starts a node over a data folder, with further variables.
    pub(crate) fn start_with(folder: TempDir, variables: &[(&str, &str)]) -> Self {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let mut child = program()
            .arg("serve")
            .env("SFETNIC_NODE_DATA__FOLDER", folder.path())
            .env("SFETNIC_NODE_HTTP__LISTEN", "127.0.0.1:0")
            .envs(variables.iter().copied())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let address = lines
            .find_map(|line| line.unwrap().trim().strip_prefix("Models")?.split_whitespace().next().map(str::to_owned))
            .expect("the node says where it listens");
        // Nobody reads what else it says; the pipe must not fill.
        std::thread::spawn(move || lines.for_each(drop));
        let key = std::fs::read_to_string(folder.path().join("api-key")).unwrap().trim().to_owned();
        let base = address.trim_end_matches("/v1").to_owned();
        Self { child, folder, base, client: Client::new(), key }
    }

    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    pub(crate) fn key(&self) -> &str {
        &self.key
    }

    pub(crate) fn get(&self, path: &str) -> RequestBuilder {
        self.client.get(format!("{}{path}", self.base)).bearer_auth(&self.key)
    }

    pub(crate) fn post(&self, path: &str) -> RequestBuilder {
        self.client.post(format!("{}{path}", self.base)).bearer_auth(&self.key)
    }

    /// Speaks through the API.
    pub(crate) async fn speak(&self, body: Value) -> Response {
        self.post("/v1/audio/speech").json(&body).send().await.unwrap()
    }

    /// One model as the node lists it.
    pub(crate) async fn model(&self, id: &str) -> Value {
        self.get(&format!("/v1/models/{id}")).send().await.unwrap().json().await.unwrap()
    }

    /// Waits until a model is in a state.
    pub(crate) async fn wait_for(&self, id: &str, state: &str) -> Value {
        let started = Instant::now();
        loop {
            let model = self.model(id).await;
            if model["state"] == state {
                return model;
            }
            assert!(started.elapsed() < PATIENCE, "`{id}` does not get {state}: {model}");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// The processes that the node started, by model.
    pub(crate) fn workers(&self) -> Vec<i32> {
        let children = format!("/proc/{0}/task", self.child.id());
        let tasks = std::fs::read_dir(children).unwrap();
        let lists =
            tasks.map(|task| std::fs::read_to_string(task.unwrap().path().join("children")).unwrap_or_default());
        lists.flat_map(|list| list.split_whitespace().map(|pid| pid.parse().unwrap()).collect::<Vec<i32>>()).collect()
    }

    /// Ends the node as a person would, and waits for it.
    pub(crate) fn stop(&mut self) -> std::process::ExitStatus {
        let pid = nix::unistd::Pid::from_raw(i32::try_from(self.child.id()).unwrap());
        nix::sys::signal::kill(pid, nix::sys::signal::Signal::SIGTERM).unwrap();
        self.child.wait().unwrap()
    }

    /// Runs a sub-command over the node's data folder.
    pub(crate) fn run(&self, arguments: &[&str]) -> std::process::Output {
        program().args(arguments).env("SFETNIC_NODE_DATA__FOLDER", self.folder()).output().unwrap()
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// OpenAI's error object of a refused request.
pub(crate) async fn refused(response: Response, status: u16) -> Value {
    assert_eq!(response.status().as_u16(), status, "{}", response.text().await.unwrap());
    let body: Value = response.json().await.unwrap();
    assert!(body["error"]["message"].as_str().is_some_and(|message| !message.is_empty()), "{body}");
    body["error"].clone()
}

/// A sentence for the voices.
pub(crate) fn sentence(format: &str) -> Value {
    json!({ "model": "espeak", "voice": "ro", "response_format": format,
            "input": "Bună ziua. Programul cu publicul este de luni până vineri, între orele opt și șaisprezece." })
}

/// A file of the repository.
pub(crate) fn repository(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(path)
}

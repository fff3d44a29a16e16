//! A worker's process: how it is started, what it says when it is ready, how it ends.

use std::io::Write;
use std::process::{ExitStatus, Stdio};
use std::sync::Arc;
use std::time::Duration;

use camino::Utf8PathBuf;
use serde::{Deserialize, Serialize};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::UnixListener;
use tokio::process::{Child, ChildStdin, Command};

use super::client::WorkerModel;
use super::server;
use crate::{EngineError, Facts, Model, ModelSpec};

/// How much sooner the kernel ends a worker than other processes when memory is short (`proc(5)`, `oom_score_adj`): the
/// model is lost and loaded again, the node lives.
const SACRIFICE: &str = "500";

/// How long a worker may take to end by itself.
const GOING: Duration = Duration::from_secs(3);

/// How a worker is started: a program that calls [`run`].
#[derive(Debug, Clone)]
pub struct WorkerCommand {
    /// The program.
    pub program: std::path::PathBuf,
    /// What makes it a worker.
    pub arguments: Vec<String>,
}

/// What a worker is told on its standard input, before anything else.
#[derive(Debug, Serialize, Deserialize)]
struct Orders {
    spec: ModelSpec,
    socket: Utf8PathBuf,
}

/// A running worker with its loaded model. Dropping it ends the process.
pub struct Worker {
    child: Child,
    model: Arc<dyn Model>,
    /// The worker ends when this closes, so that it never outlives its node.
    lifeline: ChildStdin,
}

impl Worker {
    /// Starts a process, has it load the model, and returns when it is ready. Dropping the future ends the process.
    ///
    /// # Errors
    /// What the engine says of the model, or [`EngineError::Lost`] when the process ends before it is ready.
    pub async fn start(command: &WorkerCommand, spec: ModelSpec, socket: Utf8PathBuf) -> Result<Self, EngineError> {
        let failed = |error: std::io::Error| EngineError::Lost(format!("it could not be started: {error}"));
        drop(std::fs::remove_file(&socket));
        let mut child = Command::new(&command.program)
            .args(&command.arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .map_err(failed)?;
        let (Some(mut lifeline), Some(stdout)) = (child.stdin.take(), child.stdout.take()) else {
            return Err(EngineError::Lost("it has no standard input and output".to_owned()));
        };
        let orders = serde_json::to_string(&Orders { spec, socket: socket.clone() })
            .map_err(|error| EngineError::Failed(error.to_string()))?;
        // A worker that dies at once breaks this pipe; how it ended says more than that.
        drop(lifeline.write_all(format!("{orders}\n").as_bytes()).await);
        let mut line = String::new();
        drop(BufReader::new(stdout).read_line(&mut line).await);
        let facts = match serde_json::from_str::<Result<Facts, EngineError>>(&line) {
            Ok(said) => said?,
            Err(_) => return Err(EngineError::Lost(ending(child.wait().await.ok()))),
        };
        Ok(Self { child, model: Arc::new(WorkerModel::new(socket, facts)), lifeline })
    }

    /// The model; its requests fail with [`EngineError::Lost`] once the worker has ended.
    #[must_use]
    pub fn model(&self) -> Arc<dyn Model> {
        Arc::clone(&self.model)
    }

    /// The process, for telling whose GPU memory is whose.
    #[must_use]
    pub fn pid(&self) -> Option<u32> {
        self.child.id()
    }

    /// Ends the process and waits until it is gone: only then its memory is free.
    pub async fn stop(self) {
        let Self { mut child, lifeline, .. } = self;
        drop(lifeline);
        if tokio::time::timeout(GOING, child.wait()).await.is_err() {
            drop(child.kill().await);
        }
    }

    /// Waits until the process ends, and says how.
    pub async fn ended(&mut self) -> String {
        ending(self.child.wait().await.ok())
    }
}

/// How a process ended, for people.
fn ending(status: Option<ExitStatus>) -> String {
    use std::os::unix::process::ExitStatusExt;
    match status {
        None => "how is not known".to_owned(),
        Some(status) => match (status.signal(), status.code()) {
            (Some(9), _) => "killed (signal 9), as the kernel does when memory is exhausted".to_owned(),
            (Some(6), _) => "it aborted (signal 6)".to_owned(),
            (Some(11), _) => "it broke (signal 11, an access to memory that is not its own)".to_owned(),
            (Some(signal), _) => format!("ended by signal {signal}"),
            (None, code) => format!("exit status {}", code.unwrap_or(-1)),
        },
    }
}

/// What a worker does: takes its orders from standard input, loads the model, says so on standard output, and answers until
/// standard input closes.
///
/// # Errors
/// When its orders or its socket cannot be used. A model that cannot be loaded is told to the node and is no error here.
pub async fn run() -> Result<(), EngineError> {
    drop(std::fs::write("/proc/self/oom_score_adj", SACRIFICE));
    let mut stdin = BufReader::new(tokio::io::stdin());
    let mut line = String::new();
    stdin.read_line(&mut line).await.map_err(|error| EngineError::Failed(format!("failed to read orders: {error}")))?;
    let orders: Orders = serde_json::from_str(&line)
        .map_err(|error| EngineError::Failed(format!("a worker is started by the node only: {error}")))?;
    let loading = async {
        let listener = UnixListener::bind(&orders.socket)
            .map_err(|error| EngineError::Failed(format!("failed to listen on `{}`: {error}", orders.socket)))?;
        Ok((listener, crate::load(orders.spec).await?))
    };
    let loaded = tokio::select! {
        loaded = loading => loaded,
        () = closed(&mut stdin) => return Ok(()),
    };
    let (listener, model) = match loaded {
        Ok((listener, model)) => {
            say(&Ok(model.facts()))?;
            (listener, model)
        }
        Err(error) => return say(&Err(error)),
    };
    tokio::select! {
        served = server::serve(listener, model) => served.map_err(|error| EngineError::Failed(error.to_string())),
        () = closed(&mut stdin) => Ok(()),
    }
}

/// Returns when the node has gone.
async fn closed(stdin: &mut BufReader<tokio::io::Stdin>) {
    let mut nothing = [0; 64];
    while !matches!(stdin.read(&mut nothing).await, Ok(0) | Err(_)) {}
}

fn say(said: &Result<Facts, EngineError>) -> Result<(), EngineError> {
    let line = serde_json::to_string(said).map_err(|error| EngineError::Failed(error.to_string()))?;
    let mut out = std::io::stdout();
    writeln!(out, "{line}")
        .and_then(|()| out.flush())
        .map_err(|error| EngineError::Failed(format!("failed to report: {error}")))
}

//! Keeps one model as it is wanted: loads it, starts it again when its engine ends, lets it finish before it is unloaded.

use std::sync::Arc;
use std::time::{Duration, Instant};

use engines::worker::Worker;
use engines::{Device, EngineError, Model, ModelSpec};
use models::{FileRole, ModelId, OpenedModel, StoreError};
use protocol::{EngineKind, ModelState};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::HostParts;
use super::admission::{Admission, Load};
use super::hosted::{Command, Hosted};
use super::vram::{Ledger, NoRoom, Reservation};

/// The first pause before an engine is started again; it doubles with each failure in a row.
const FIRST_PAUSE: Duration = Duration::from_millis(500);
/// The longest pause.
const LONGEST_PAUSE: Duration = Duration::from_secs(60);
/// An engine that ran so long is not failing in a row any more.
const STEADY: Duration = Duration::from_secs(60);
/// How long requests under way may take when a model is unloaded.
const DRAIN: Duration = Duration::from_secs(30);
/// How often an engine without a process of its own is asked how it is.
const HEALTH_EVERY: Duration = Duration::from_secs(1);

/// What a supervisor works with.
pub(super) struct Supervised {
    pub(super) hosted: Arc<Hosted>,
    pub(super) commands: mpsc::Receiver<Command>,
    pub(super) wanted: bool,
    pub(super) parts: Arc<HostParts>,
    pub(super) ledger: Arc<Ledger>,
    pub(super) stop: CancellationToken,
}

/// Why a model is not served.
enum Trouble {
    /// Trying again may help.
    Passing(String),
    /// A person must mend it.
    Lasting(String),
}

/// A loaded model and what keeps it there.
enum Running {
    Process {
        worker: Box<Worker>,
        reservation: Option<Reservation>,
        /// Keep the files from being removed or replaced.
        _files: Vec<OpenedModel>,
    },
    /// Its work is done elsewhere, so that it needs no process.
    Elsewhere(Arc<dyn Model>),
}

/// What ended a wait.
enum Turn {
    Told(Command),
    Stopped,
}

/// Where a model shall be loaded.
#[derive(Default)]
struct Place {
    /// The GPU that was chosen for it, and is again when its engine is started again; none: the best fit.
    chosen: Option<u32>,
    /// Memory there that is set aside already.
    reserved: Option<Reservation>,
}

impl From<Option<Reservation>> for Place {
    fn from(reserved: Option<Reservation>) -> Self {
        Self { chosen: reserved.as_ref().map(|reserved| reserved.gpu), reserved }
    }
}

/// Runs until the node stops.
pub(super) async fn run(mut supervised: Supervised) {
    let mut failures = 0;
    let mut wanted = supervised.wanted;
    let mut place = Place::default();
    loop {
        if !wanted {
            match supervised.told().await {
                Turn::Told(Command::Load(reserved)) => (wanted, failures, place) = (true, 0, reserved.into()),
                Turn::Told(Command::Unload) => supervised.hosted.set(ModelState::Unloaded, None),
                Turn::Stopped => return,
            }
            continue;
        }
        supervised.hosted.set(ModelState::Loading, None);
        if place.chosen.is_some() {
            supervised.hosted.placed(place.chosen);
        }
        let started = Instant::now();
        let loading = start(&supervised.hosted, &supervised.parts, &supervised.ledger, &mut place);
        let trouble = tokio::select! {
            running = loading => match running {
                Ok(running) => {
                    tracing::info!(model = supervised.hosted.id(), load_ms = started.elapsed().as_millis(), "model ready");
                    let since = Instant::now();
                    match serve(running, &supervised.hosted, &mut supervised.commands, &supervised.stop).await {
                        Ended::Unloaded => {
                            supervised.hosted.set(ModelState::Unloaded, None);
                            wanted = false;
                            continue;
                        }
                        Ended::Stopped => return,
                        Ended::Broken(reason) => {
                            if since.elapsed() > STEADY {
                                failures = 0;
                            }
                            Trouble::Passing(reason)
                        }
                    }
                }
                Err(trouble) => trouble,
            },
            // Dropping the load ends its process.
            turn = unload(&mut supervised.commands, &supervised.stop) => match turn {
                Turn::Stopped => return,
                Turn::Told(_) => {
                    supervised.hosted.set(ModelState::Unloaded, None);
                    wanted = false;
                    continue;
                }
            },
        };
        match trouble {
            Trouble::Lasting(reason) => {
                tracing::error!(model = supervised.hosted.id(), reason, "model failed");
                supervised.hosted.set(ModelState::Failed, Some(reason));
                wanted = false;
            }
            Trouble::Passing(reason) => {
                let pause = pause(failures);
                failures += 1;
                metrics::counter!("node_engine_restarts_total", "model" => supervised.hosted.id().to_owned())
                    .increment(1);
                tracing::warn!(
                    model = supervised.hosted.id(),
                    reason,
                    pause_ms = pause.as_millis(),
                    "engine starts again"
                );
                supervised.hosted.set(ModelState::Restarting, Some(reason));
                tokio::select! {
                    () = tokio::time::sleep(pause) => {}
                    turn = supervised.told() => match turn {
                        Turn::Stopped => return,
                        Turn::Told(Command::Load(reserved)) => {
                            failures = 0;
                            if reserved.is_some() {
                                place = reserved.into();
                            }
                        }
                        Turn::Told(Command::Unload) => {
                            supervised.hosted.set(ModelState::Unloaded, None);
                            wanted = false;
                        }
                    }
                }
            }
        }
    }
}

impl Supervised {
    async fn told(&mut self) -> Turn {
        tokio::select! {
            () = self.stop.cancelled() => Turn::Stopped,
            command = self.commands.recv() => command.map_or(Turn::Stopped, Turn::Told),
        }
    }
}

/// Waits until it is to be unloaded; to load it means nothing now.
async fn unload(commands: &mut mpsc::Receiver<Command>, stop: &CancellationToken) -> Turn {
    loop {
        tokio::select! {
            () = stop.cancelled() => return Turn::Stopped,
            command = commands.recv() => match command {
                None => return Turn::Stopped,
                Some(Command::Unload) => return Turn::Told(Command::Unload),
                Some(Command::Load(_)) => {}
            }
        }
    }
}

/// The pause before the next attempt after so many failures in a row.
fn pause(failures: u32) -> Duration {
    FIRST_PAUSE.saturating_mul(1 << failures.min(10)).min(LONGEST_PAUSE)
}

/// How serving ended.
enum Ended {
    Unloaded,
    Stopped,
    Broken(String),
}

async fn serve(
    mut running: Running,
    hosted: &Hosted,
    commands: &mut mpsc::Receiver<Command>,
    stop: &CancellationToken,
) -> Ended {
    let (model, gpu) = match &running {
        Running::Process { worker, reservation, .. } => {
            (worker.model(), reservation.as_ref().inspect(|it| it.filled()).map(|it| it.gpu))
        }
        Running::Elsewhere(model) => (Arc::clone(model), None),
    };
    let admissions = hosted.serve(model, gpu);
    let turn = tokio::select! {
        reason = broken(&mut running) => return Ended::Broken(reason),
        turn = unload(commands, stop) => turn,
    };
    hosted.set(ModelState::Draining, None);
    tokio::select! {
        () = idle(&admissions) => {}
        () = tokio::time::sleep(DRAIN) => tracing::warn!(model = hosted.id(), "requests under way were cut off"),
        _ = broken(&mut running) => {}
    }
    if let Running::Process { worker, .. } = running {
        worker.stop().await;
    }
    match turn {
        Turn::Told(_) => Ended::Unloaded,
        Turn::Stopped => Ended::Stopped,
    }
}

/// Waits until nothing is under way.
async fn idle(admissions: &[Arc<Admission>]) {
    while admissions.iter().any(|admission| admission.load() != Load::default()) {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// Waits until the engine ends or cannot serve; says why.
async fn broken(running: &mut Running) -> String {
    match running {
        Running::Process { worker, .. } => EngineError::Lost(worker.ended().await).to_string(),
        Running::Elsewhere(model) => loop {
            tokio::time::sleep(HEALTH_EVERY).await;
            if let Err(error) = model.health() {
                return error.to_string();
            }
        },
    }
}

/// Finds the files, sets memory aside, and has the engine load the model.
async fn start(
    hosted: &Hosted,
    parts: &HostParts,
    ledger: &Arc<Ledger>,
    place: &mut Place,
) -> Result<Running, Trouble> {
    let (spec, files) = specify(hosted, parts).await?;
    if spec.engine == EngineKind::Remote {
        return engines::load(spec).await.map(Running::Elsewhere).map_err(passing_or_lasting);
    }
    let reservation = match place.reserved.take() {
        Some(reserved) => Some(reserved),
        None if uses_gpus(parts, ledger) => set_aside(hosted, ledger, place.chosen)?,
        None => None,
    };
    hosted.placed(reservation.as_ref().map(|reservation| reservation.gpu));
    let (command, device) = match (&reservation, &parts.gpu_worker) {
        (Some(reservation), Some(worker)) if !ledger.rehearses() => (worker, Device::Cuda(reservation.gpu)),
        _ => (&parts.worker, Device::Cpu),
    };
    let socket = parts.sockets.join(format!("{}.sock", hosted.id()));
    let worker = Worker::start(command, ModelSpec { device, ..spec }, socket).await.map_err(passing_or_lasting)?;
    if let Some(reservation) = &reservation {
        reservation.filled_by(worker.pid());
    }
    Ok(Running::Process { worker: Box::new(worker), reservation, _files: files })
}

/// Whether models are put on GPUs here: there is a program that computes on them, or GPUs of a recorded story, on which
/// memory is set aside as if there were.
pub(super) fn uses_gpus(parts: &HostParts, ledger: &Ledger) -> bool {
    parts.gpu_worker.is_some() || ledger.rehearses()
}

/// Whether starting the engine again may help.
#[expect(clippy::needless_pass_by_value, reason = "used as a function of `map_err`")]
fn passing_or_lasting(error: EngineError) -> Trouble {
    match error {
        // Another server may come up again; our own files do not mend themselves.
        EngineError::Load(_) | EngineError::Unsupported(_) | EngineError::Request { .. } => {
            Trouble::Lasting(error.to_string())
        }
        _ => Trouble::Passing(error.to_string()),
    }
}

/// Memory for the model, where it is to be computed on a GPU.
fn set_aside(hosted: &Hosted, ledger: &Arc<Ledger>, chosen: Option<u32>) -> Result<Option<Reservation>, Trouble> {
    let entry = hosted.entry();
    if !entry.wants_gpu() {
        return Ok(None);
    }
    match ledger.reserve(&entry.id, entry.vram_bytes, chosen) {
        Ok(reservation) => Ok(Some(reservation)),
        Err(NoRoom::NoGpu) if chosen.is_none() => Ok(None),
        Err(NoRoom::NoGpu) => Err(Trouble::Passing("the GPU that was chosen is not there any more".to_owned())),
        Err(NoRoom::TooSmall(reason) | NoRoom::NoSuchGpu(reason)) => Err(Trouble::Passing(reason)),
    }
}

/// Everything that the engine needs to know; the files are checked against their manifest.
async fn specify(hosted: &Hosted, parts: &HostParts) -> Result<(ModelSpec, Vec<OpenedModel>), Trouble> {
    let entry = hosted.entry().clone();
    let store = parts.store.clone();
    let opening = tokio::task::spawn_blocking(move || {
        let mut files = Vec::new();
        let mut open = |id: &ModelId| {
            files.push(store.open(id)?);
            Ok::<_, StoreError>(files.len() - 1)
        };
        // Another server has its own files.
        let own = match &entry.stored {
            Some(id) if entry.engine != EngineKind::Remote => Some(open(id)?),
            _ => None,
        };
        let voice_activity = entry.voice_activity.as_ref().map(open).transpose()?;
        let folder = own.map(|own| files[own].folder().to_owned());
        let voice_activity = voice_activity.and_then(|other| files[other].files(FileRole::Weights).first().cloned());
        let mut settings = entry.settings;
        // Ours, not the engine's.
        settings.remove("device");
        let spec = ModelSpec {
            id: entry.id,
            task: entry.task,
            engine: entry.engine,
            languages: entry.languages,
            folder,
            scratch: Some(entry.scratch),
            weights: entry.weights,
            device: Device::Cpu,
            threads: entry.threads,
            slots: entry.slots,
            context: entry.context,
            voice_activity,
            remote: entry.remote,
            settings,
        };
        Ok::<_, StoreError>((spec, files))
    });
    let spec = opening.await.map_err(|error| Trouble::Passing(format!("the store failed: {error}")))?;
    let (spec, files) = spec.map_err(|error| Trouble::Lasting(format!("{:#}", anyhow::Error::new(error))))?;
    if let Some(scratch) = &spec.scratch {
        std::fs::create_dir_all(scratch)
            .map_err(|error| Trouble::Passing(format!("failed to make `{scratch}`: {error}")))?;
    }
    Ok((spec, files))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_and_are_bounded() {
        assert_eq!(pause(0), Duration::from_millis(500));
        assert_eq!(pause(1), Duration::from_secs(1));
        assert_eq!(pause(6), Duration::from_secs(32));
        assert_eq!(pause(7), LONGEST_PAUSE);
        assert_eq!(pause(u32::MAX), LONGEST_PAUSE);
    }
}

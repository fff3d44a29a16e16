//! From the text of a story to its frames.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use protocol::gpu::{DriverFault, DriverFaultKind, DriverVersions, GpuEventKind, GpuId, GpuSample};
use serde::Deserialize;
use serde_json::{Map, Value};

use super::Frame;
use crate::nvml::fault::advice;
use crate::telemetry::{GpuReading, Reading};

/// Why a text is no story.
#[derive(Debug, thiserror::Error)]
pub enum ScriptError {
    /// The file cannot be read.
    #[error("failed to read the telemetry story `{path}`")]
    Read {
        /// The file.
        path: String,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// It is no TOML, or has other fields.
    #[error("failed to read the telemetry story as TOML")]
    Toml(#[source] Box<toml::de::Error>),
    /// It is no JSON, or has other fields.
    #[error("failed to read the telemetry story as JSON")]
    Json(#[source] serde_json::Error),
    /// A GPU without a number.
    #[error("a GPU of the telemetry story has no `index`: give each its number, from 0")]
    NoIndex,
    /// Two GPUs have the same number.
    #[error("GPU {0} stands twice in the telemetry story: give each its own `index`")]
    Twice(u64),
    /// A step speaks of a GPU that the story does not have.
    #[error("the step at {at_seconds} s speaks of GPU {index}, which is not among the `[[gpu]]`")]
    NoSuchGpu {
        /// When.
        at_seconds: u64,
        /// Its number.
        index: u64,
    },
    /// A value is of the wrong kind.
    #[error("GPU {index} of the telemetry story has a field of the wrong kind")]
    Field {
        /// Its number.
        index: u64,
        /// Which.
        #[source]
        source: serde_json::Error,
    },
    /// A field does not exist.
    #[error("GPU {index} of the telemetry story has the field `{path}`, which does not exist")]
    UnknownField {
        /// Its number.
        index: u64,
        /// Which.
        path: String,
    },
    /// The steps are not in the order of time.
    #[error("the step at {at_seconds} s comes after a later one: put the steps in order")]
    Order {
        /// When.
        at_seconds: u64,
    },
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Story {
    #[allow(dead_code, reason = "for readers of the file")]
    about: Option<String>,
    repeat_after_seconds: Option<u64>,
    #[serde(default)]
    driver: DriverVersions,
    #[serde(default)]
    gpu: Vec<Map<String, Value>>,
    #[serde(default)]
    step: Vec<Step>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Step {
    at_seconds: u64,
    driver: Option<DriverState>,
    #[serde(default)]
    gpu: Vec<Map<String, Value>>,
    #[serde(default)]
    lost: Vec<u64>,
    #[serde(default)]
    found: Vec<u64>,
    #[serde(default)]
    xid: Vec<XidRow>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct XidRow {
    /// Left out: the driver cannot say which.
    gpu: Option<u64>,
    code: u32,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
enum DriverState {
    Running,
    #[serde(untagged)]
    Fault(DriverFaultKind),
}

pub(super) type Told = (Vec<Frame>, Option<Duration>);

pub(super) fn from_toml(text: &str) -> Result<Told, ScriptError> {
    told(toml::from_str(text).map_err(|error| ScriptError::Toml(Box::new(error)))?)
}

pub(super) fn from_json(text: &str) -> Result<Told, ScriptError> {
    told(serde_json::from_str(text).map_err(ScriptError::Json)?)
}

/// The world of a story at one moment.
struct World {
    versions: DriverVersions,
    fault: Option<DriverFaultKind>,
    gpus: BTreeMap<u64, Value>,
    lost: BTreeSet<u64>,
}

fn told(story: Story) -> Result<Told, ScriptError> {
    let mut world = World { versions: story.driver, fault: None, gpus: BTreeMap::new(), lost: BTreeSet::new() };
    for gpu in story.gpu {
        let index = index(&gpu)?;
        if world.gpus.insert(index, Value::Object(gpu)).is_some() {
            return Err(ScriptError::Twice(index));
        }
    }
    let mut frames = vec![Frame { at: Duration::ZERO, reading: world.reading()?, events: Vec::new() }];
    let mut latest = 0;
    for step in story.step {
        let at_seconds = step.at_seconds;
        if at_seconds < latest {
            return Err(ScriptError::Order { at_seconds });
        }
        latest = at_seconds;
        let events = world.go_on(step)?;
        frames.push(Frame { at: Duration::from_secs(at_seconds), reading: world.reading()?, events });
    }
    Ok((frames, story.repeat_after_seconds.map(Duration::from_secs)))
}

impl World {
    fn go_on(&mut self, step: Step) -> Result<Vec<(Option<GpuId>, GpuEventKind)>, ScriptError> {
        let at_seconds = step.at_seconds;
        match step.driver {
            Some(DriverState::Running) => self.fault = None,
            Some(DriverState::Fault(kind)) => self.fault = Some(kind),
            None => {}
        }
        for mut change in step.gpu {
            let index = index(&change)?;
            let gone = change.remove("without");
            let gpu = self.gpus.get_mut(&index).ok_or(ScriptError::NoSuchGpu { at_seconds, index })?;
            merge(gpu, Value::Object(change));
            for path in gone.iter().filter_map(Value::as_array).flatten().filter_map(Value::as_str) {
                remove(gpu, path);
            }
        }
        let known = |index: &u64| self.gpus.contains_key(index);
        let named = step.lost.iter().chain(&step.found).chain(step.xid.iter().filter_map(|xid| xid.gpu.as_ref()));
        if let Some(index) = named.copied().find(|index| !known(index)) {
            return Err(ScriptError::NoSuchGpu { at_seconds, index });
        }
        self.lost.extend(step.lost);
        self.lost.retain(|index| !step.found.contains(index));
        let event = |row: &XidRow| (row.gpu.map(|index| self.id(index)), GpuEventKind::Xid { xid: row.code });
        Ok(step.xid.iter().map(event).collect())
    }

    fn reading(&self) -> Result<Result<Reading, DriverFault>, ScriptError> {
        let mut gpus = Vec::new();
        for (index, value) in &self.gpus {
            let mut sample: GpuSample =
                serde_json::from_value(value.clone()).map_err(|source| ScriptError::Field { index: *index, source })?;
            let whole = serde_json::to_value(&sample).map_err(|source| ScriptError::Field { index: *index, source })?;
            if let Some(path) = unknown(value, &whole) {
                return Err(ScriptError::UnknownField { index: *index, path });
            }
            sample.id = self.id(*index);
            gpus.push(if self.lost.contains(index) {
                let detail = "device fell off the bus or has otherwise become inaccessible".to_owned();
                GpuReading::Lost { index: sample.index, id: Some(sample.id), detail }
            } else {
                GpuReading::Here(Box::new(sample))
            });
        }
        Ok(match self.fault {
            None => Ok(Reading { versions: self.versions.clone(), gpus }),
            Some(kind) => Err(DriverFault {
                kind,
                detail: "the story says that the driver does not answer".to_owned(),
                advice: advice(kind).to_owned(),
            }),
        })
    }

    fn id(&self, index: u64) -> GpuId {
        let id = self.gpus.get(&index).and_then(|gpu| gpu.get("id")).and_then(Value::as_str);
        GpuId(id.map_or_else(|| format!("GPU-story-{index}"), str::to_owned))
    }
}

fn index(gpu: &Map<String, Value>) -> Result<u64, ScriptError> {
    gpu.get("index").and_then(Value::as_u64).ok_or(ScriptError::NoIndex)
}

fn merge(below: &mut Value, above: Value) {
    match (below, above) {
        (Value::Object(below), Value::Object(above)) => {
            for (key, value) in above {
                merge(below.entry(key).or_insert(Value::Null), value);
            }
        }
        (below, above) => *below = above,
    }
}

fn remove(value: &mut Value, path: &str) {
    let Value::Object(fields) = value else { return };
    match path.split_once('.') {
        Some((first, rest)) => {
            if let Some(inner) = fields.get_mut(first) {
                remove(inner, rest);
            }
        }
        None => {
            fields.remove(path);
        }
    }
}

/// The path of a field in `given` that is not in `known`, the same value read and written again.
fn unknown(given: &Value, known: &Value) -> Option<String> {
    match (given, known) {
        (Value::Object(given), Value::Object(known)) => given.iter().find_map(|(key, value)| match known.get(key) {
            None => Some(key.clone()),
            Some(inner) => unknown(value, inner).map(|path| join(key, &path)),
        }),
        (Value::Array(given), Value::Array(known)) => {
            given.iter().zip(known).enumerate().find_map(|(place, (given, known))| {
                unknown(given, known).map(|path| join(&format!("[{place}]"), &path))
            })
        }
        _ => None,
    }
}

fn join(first: &str, rest: &str) -> String {
    if rest.starts_with('[') { format!("{first}{rest}") } else { format!("{first}.{rest}") }
}

//! What a node is and how it is doing: its description, asked for, and its heartbeat, pushed.

use serde::{Deserialize, Serialize};

use crate::gpu::{Health, Snapshot};
use crate::model::{EngineKind, ModelDescription, ModelState};

/// Where a node describes itself.
pub const NODE_PATH: &str = "/v1/node";
/// Where a node pushes its heartbeat as server-sent events, one [`Heartbeat`] an event.
pub const HEARTBEAT_PATH: &str = "/v1/node/heartbeat";

/// What a node is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct NodeDescription {
    /// Its name in the cluster.
    pub name: String,
    /// The release it runs.
    pub version: String,
    /// The engines built into it.
    pub engines: Vec<EngineKind>,
    /// Its processor.
    pub cpu: CpuDescription,
    /// Its GPUs, or why there are none.
    pub gpus: Snapshot,
    /// The models that it has, loaded or not.
    pub models: Vec<ModelDescription>,
}

/// A machine's processor and memory.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CpuDescription {
    /// Threads that run at the same time.
    pub threads: u32,
    /// Memory of the machine.
    pub memory_bytes: u64,
}

/// How a node is doing now; sent every 200 ms and at once when something changes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Heartbeat {
    /// The node.
    pub node: String,
    /// Random at each start of the node: a new one means that it forgot everything.
    pub incarnation: u64,
    /// Grows by one with each heartbeat of an incarnation; whoever misses one knows.
    pub sequence: u64,
    /// Whether the node takes new requests.
    pub health: Health,
    /// Its models.
    pub models: Vec<ModelLoad>,
    /// Its GPUs.
    pub gpus: Vec<GpuLoad>,
}

/// How busy a model is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ModelLoad {
    /// Its name.
    pub id: String,
    /// Where it is in its life.
    pub state: ModelState,
    /// Requests being computed.
    pub active: u32,
    /// Requests that wait for a slot.
    pub queued: u32,
    /// Requests it can compute at the same time.
    pub slots: u32,
    /// Live streams that it listens to; they share its slots, each computing a small part of the time.
    #[serde(default)]
    pub streams: u32,
    /// Live streams that it can listen to at the same time; zero where it does not listen, or while it does not serve.
    #[serde(default)]
    pub stream_slots: u32,
    /// The GPU that it is on, is being loaded on, or was on when its engine ended; none on the CPU.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gpu: Option<u32>,
    /// Why it is in its state, when that needs saying.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// How a GPU is doing, in short.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GpuLoad {
    /// Its number on the node.
    pub index: u32,
    /// All its memory; zero where the node is of a release that did not tell.
    #[serde(default)]
    pub vram_total_bytes: u64,
    /// Memory that nobody uses: neither this node's models nor foreign processes.
    pub vram_free_bytes: u64,
    /// Memory that may still be given to models here: free, less what is reserved and not yet in use.
    pub vram_available_bytes: u64,
    /// What may be done with it.
    pub health: Health,
    /// What this node's models hold of it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub held: Vec<HeldMemory>,
}

/// What a model holds of a GPU.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HeldMemory {
    /// The model.
    pub model: String,
    /// What is set aside for it.
    pub set_aside_bytes: u64,
    /// What its process has taken so far; absent where the driver does not tell it by process.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub used_bytes: Option<u64>,
}

/// What may be said with `POST /v1/models/{id}/load`, as JSON in the body or as a query.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LoadRequest {
    /// The GPU to load it on, and no other; without it the one that is left with the least room.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gpu: Option<u32>,
}

//! What is told of nodes and models to those who operate the cluster.

use std::collections::BTreeMap;

use policy::ReplicaStatus;
use protocol::NodeDescription;
use serde::{Deserialize, Serialize};

/// How a model is doing.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ModelStatus {
    /// The model.
    pub model: String,
    /// Whether it is its live streams that are told of here, which are counted apart from single requests.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub live: bool,
    /// Requests that wait for it, by class.
    pub waiting: BTreeMap<String, usize>,
    /// Where it runs.
    pub replicas: Vec<PlacedReplica>,
}

/// A replica and the node that it runs on.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PlacedReplica {
    /// The node.
    pub node: String,
    /// How it is seen by the dispatcher.
    #[serde(flatten)]
    pub status: ReplicaStatus,
}

/// How a node is doing.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct NodeStatus {
    /// Its name in the configuration.
    pub name: String,
    /// Milliseconds since its last heartbeat; none while it was never heard.
    pub silent_ms: Option<u64>,
    /// Whether an operator has it emptied.
    #[serde(default)]
    pub drained: bool,
    /// What it says of itself now; none when it does not answer.
    pub description: Option<NodeDescription>,
    /// Why it does not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trouble: Option<String>,
}

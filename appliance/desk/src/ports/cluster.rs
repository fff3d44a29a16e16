//! The inference nodes, for the page that shows them. What they are is told in the words of those who operate them.

use async_trait::async_trait;

/// A node.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Node {
    /// Its name in the configuration.
    pub name: String,
    /// Milliseconds since it was last heard; none while it never was.
    pub silent_ms: Option<u64>,
    /// Whether somebody has it emptied: it is given nothing new.
    pub drained: bool,
    /// The release it runs; none while it does not answer.
    pub release: Option<String>,
    /// Its GPUs.
    pub gpus: Vec<Gpu>,
    /// Why it has none, or why it does not answer.
    pub trouble: Option<String>,
}

/// A GPU.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Gpu {
    /// Its number on the node.
    pub index: u32,
    /// The product.
    pub product: String,
    /// The temperature of the chip.
    pub celsius: Option<u32>,
    /// How much of the time it works.
    pub busy_percent: Option<u32>,
    /// Memory in use, by whomever.
    pub used_bytes: u64,
    /// All memory.
    pub total_bytes: u64,
    /// What may be done with it.
    pub health: GpuHealth,
    /// Why, worst first.
    pub reasons: Vec<String>,
}

/// What may be done with a GPU.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum GpuHealth {
    /// Everything.
    #[default]
    Ok,
    /// Nothing new is placed.
    AdmitsNothing,
    /// It is being emptied.
    Draining,
    /// It has to be reset.
    NeedsReset,
}

/// A model, wherever it runs.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Model {
    /// Its name.
    pub name: String,
    /// Whether its live streams are told of here; else its single requests.
    pub live: bool,
    /// Requests that wait for it: calls, chats, letters, the rest.
    pub waiting: [usize; 4],
    /// Where it runs.
    pub replicas: Vec<Replica>,
}

/// A model on a node.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Replica {
    /// The node.
    pub node: String,
    /// Whether it is given requests.
    pub serves: bool,
    /// Requests there.
    pub busy: u32,
    /// Requests that it computes at once.
    pub slots: u32,
}

/// A model on its way onto a GPU or off it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// Onto or off.
    pub action: StepAction,
    /// Where it stands.
    pub state: StepState,
    /// The model.
    pub model: String,
    /// The node.
    pub node: String,
    /// The GPU's number on the node.
    pub gpu: u32,
    /// Whether nobody serves the model from this step until it is loaded again.
    pub interrupts: bool,
}

/// What is done with a model.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StepAction {
    /// It is loaded.
    Load,
    /// It is unloaded.
    Unload,
}

/// Where a step stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StepState {
    /// Others come first.
    Waiting,
    /// Requests under way finish first.
    Emptying,
    /// The node is at it.
    Begun,
}

/// Tells of the nodes and models.
#[async_trait]
pub trait Cluster: Send + Sync {
    /// The nodes, asked now; those that do not answer within seconds are told so of.
    async fn nodes(&self) -> Vec<Node>;

    /// The models.
    fn models(&self) -> Vec<Model>;

    /// What is still to be done until every model lies where it should.
    fn steps(&self) -> Vec<Step>;
}

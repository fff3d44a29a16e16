//! What an inference node and those who use it say to each other.
//!
//! Plain types with their wire format (JSON by serde); no network. Requests for models follow OpenAI's API and need no types
//! of ours: [`request`] holds only what we add to them.

pub mod gpu;
pub mod model;
pub mod node;
pub mod request;

pub use model::{EngineKind, Language, ModelDescription, ModelState, Task};
pub use node::{CpuDescription, GpuLoad, Heartbeat, HeldMemory, LoadRequest, ModelLoad, NodeDescription};
pub use request::Class;

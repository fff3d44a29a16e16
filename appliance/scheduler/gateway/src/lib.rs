//! Has the models on the inference nodes work for the appliance.
//!
//! Each configured node is followed by its heartbeat ([`follow`]); a request goes to the node that is ranked best at that moment
//! ([`rank`], pure), and to the next one where that fails before its first result. The domain sees only its ports.

mod answer;
mod client;
mod cluster;
mod config;
mod dispatch;
mod error;
mod follow;
mod gateway;
mod language;
mod languages;
mod openai;
mod rank;
mod role;
mod speech;
mod status;
mod work;

pub use config::{CustomerConfig, InferenceConfig, NodeConfig};
pub use gateway::Gateway;
pub use language::{LanguageModels, Writing, WritingError};
pub use role::Role;
pub use status::{ModelStatus, NodeStatus, PlacedReplica};

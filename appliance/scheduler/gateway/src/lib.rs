//! Has the models on the inference nodes work for the appliance.
//!
//! Each configured node is followed by its heartbeat ([`follow`]); a request goes to the node that is ranked best at that moment
//! ([`rank`], pure), and to the next one where that fails before its first result. The domain sees only its ports. Which
//! models lie on which nodes is planned and carried out here too ([`placing`]), where the configuration has a catalogue.

mod answer;
mod catalogue;
mod client;
mod cluster;
mod config;
mod directions;
mod dispatch;
mod error;
mod follow;
mod gateway;
mod language;
mod languages;
mod openai;
mod placing;
mod rank;
mod role;
mod speech;
mod status;
mod work;

pub use catalogue::{ModelConfig, WantConfig};
pub use config::{CustomerConfig, InferenceConfig, NodeConfig};
pub use gateway::Gateway;
pub use language::{LanguageModels, Writing, WritingError};
pub use placing::{PendingStep, PlacementStatus, RefusedModel, StepState};
pub use role::Role;
pub use status::{ModelStatus, NodeStatus, PlacedReplica};

//! Has the models on the inference nodes work for the appliance.
//!
//! Each configured node is followed by its heartbeat ([`follow`]), which tells what can be done ([`ability`]). Every request,
//! for text as for speech, goes through its model's dispatcher ([`dispatch`]) and is carried out at the replica that this
//! chooses ([`work`]); live speech is a request that lasts ([`listening`]). The domain sees only its ports. Which models lie on
//! which nodes is planned and carried out here too ([`placing`]), where the configuration has a catalogue.

mod ability;
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
mod gather;
mod journey;
mod language;
mod languages;
mod listening;
mod openai;
mod placing;
mod role;
mod speech;
mod status;
mod work;

pub use catalogue::{ModelConfig, WantConfig};
pub use config::{CustomerConfig, InferenceConfig, NodeConfig};
pub use gateway::Gateway;
pub use language::{LanguageModels, Writing, WritingError};
pub use placing::{PendingStep, PlacementStatus, RefusedModel, ReplicaAim, StepState};
pub use role::Role;
pub use status::{ModelStatus, NodeStatus, PlacedReplica};

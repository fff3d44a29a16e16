//! What the console and the metrics show of signalling.

use serde::Serialize;

use crate::Transport;

/// How signalling stands.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Status {
    /// Trunks, in the order of the configuration.
    pub peers: Vec<PeerStatus>,
    /// Desk phones.
    pub extensions: Vec<ExtensionStatus>,
    /// Calls, invitations and calls that we make.
    pub calls: usize,
    /// Of those, answered ones.
    pub answered: usize,
    /// Transactions under way.
    pub transactions: usize,
    /// Connections over TCP and TLS.
    pub connections: usize,
}

/// How a trunk stands.
#[derive(Debug, Clone, Serialize)]
pub struct PeerStatus {
    /// Its name.
    pub name: String,
    /// Whether calls may go out by it: one of its targets answers.
    pub up: bool,
    /// Whether we are registered with it; `None` when we need not be.
    pub registered: Option<bool>,
    /// The status of the last attempt to register that failed.
    pub registration_failure: Option<u16>,
    /// Its calls.
    pub calls: usize,
    /// Its targets.
    pub targets: Vec<TargetStatus>,
}

/// How one address of a trunk stands.
#[derive(Debug, Clone, Serialize)]
pub struct TargetStatus {
    /// Where.
    pub address: String,
    /// Over what.
    pub transport: Transport,
    /// Whether it is called.
    pub up: bool,
}

/// How a desk phone stands.
#[derive(Debug, Clone, Serialize)]
pub struct ExtensionStatus {
    /// Its name.
    pub user: String,
    /// How many devices are registered under it.
    pub bindings: usize,
}

//! Trunks.
use crate::Transport;
use std::net::SocketAddr;

/// One address of a peer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Candidate {
    pub(crate) transport: Transport,
    pub(crate) address: SocketAddr,
    /// The name in its certificate.
    pub(crate) host: String,
    pub(crate) priority: u16,
    pub(crate) weight: u16,
}

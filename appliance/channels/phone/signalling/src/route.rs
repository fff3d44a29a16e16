//! Where a message goes, or came from.

use std::net::SocketAddr;

use crate::Transport;
use crate::peers::Candidate;

/// One way through the network. Over TCP and TLS it names the connection, so that what belongs to a call goes back on the
/// connection that the call came by; only when that is gone a new one is made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Route {
    pub(crate) transport: Transport,
    pub(crate) remote: SocketAddr,
    /// Our address on this way, where it was learnt; else the listener's.
    pub(crate) local: Option<SocketAddr>,
    /// The connection, over TCP and TLS.
    pub(crate) connection: Option<u64>,
    /// The name that the certificate of the other side must bear, when we connect.
    pub(crate) host: String,
}

impl Route {
    /// A way to an address.
    pub(crate) fn to(transport: Transport, remote: SocketAddr, host: &str) -> Self {
        Self { transport, remote, local: None, connection: None, host: host.into() }
    }

    /// A way to one of somebody's addresses.
    pub(crate) fn to_candidate(candidate: &Candidate) -> Self {
        let mut route = Self::to(candidate.transport, candidate.address, &candidate.host);
        // The port is the listener's; none is named, so that any fits.
        route.local = candidate.local.map(|ip| SocketAddr::new(ip, 0));
        route
    }

    /// Whether two ways lead to the same place.
    pub(crate) fn same_place(&self, other: &Self) -> bool {
        self.transport == other.transport && self.remote == other.remote
    }
}

//! Who may call, and how many at a time.

use std::net::IpAddr;
use std::time::Instant;

use super::Agent;
use crate::message::{Known, Request};
use crate::route::Route;

/// From whom a request is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Source {
    /// A trunk, known by its address.
    Peer(usize),
    /// Somebody who says to be a desk phone, or asks to register as one; the password will tell.
    Phone,
    /// Somebody on this very machine, where that is enough.
    Loopback,
    Stranger,
}

impl Agent {
    pub(super) fn source(&self, request: &Request, route: &Route) -> Source {
        let ip = canonical(route.remote.ip());
        let caller = request.headers.address(Known::From).and_then(|from| from.uri.user_plain());
        let is_phone =
            caller.as_deref().is_some_and(|user| self.extensions.iter().any(|known| known.config.user == user));
        let claims = request.method == "REGISTER" || is_phone && request.headers.get(Known::Authorization).is_some();
        let registered_here =
            is_phone && self.bindings.values().flatten().any(|binding| binding.route.remote == route.remote);
        if !self.extensions.is_empty() && (claims || registered_here) {
            return Source::Phone;
        }
        if let Some(peer) = self.peer_at(ip) {
            return Source::Peer(peer);
        }
        if is_phone {
            return Source::Phone;
        }
        if self.config.loopback_callers && ip.is_loopback() { Source::Loopback } else { Source::Stranger }
    }

    /// The trunk that an address belongs to.
    pub(super) fn peer_at(&self, ip: IpAddr) -> Option<usize> {
        self.peers.iter().position(|peer| {
            peer.config.allow.iter().any(|network| network.contains(&ip))
                || peer.targets.iter().any(|target| canonical(target.candidate.address.ip()) == ip)
        })
    }

    /// Whether whoever sent what could not be read is answered: not strangers, beyond a trickle.
    pub(super) fn may_answer(&mut self, route: &Route, now: Instant) -> bool {
        let ip = canonical(route.remote.ip());
        self.config.loopback_callers && ip.is_loopback() || self.peer_at(ip).is_some() || self.strangers.take(now)
    }

    /// Whether a new call finds room. `None`: not even to hear that all are busy.
    pub(super) fn room(&mut self, peer: Option<usize>, now: Instant) -> Option<Room> {
        let calls = self.legs.len();
        if self.stopping || calls >= self.config.max_calls + self.config.overflow_calls {
            return None;
        }
        let mut full = calls >= self.config.max_calls;
        if let Some(index) = peer {
            let of_peer = self.legs.values().filter(|leg| leg.peer == Some(index)).count();
            let peer = &mut self.peers[index];
            if peer.bucket.as_mut().is_some_and(|bucket| !bucket.take(now)) {
                return None;
            }
            let most = peer.config.max_calls;
            full |= most > 0 && of_peer >= most;
            if most > 0 && of_peer >= most + self.config.overflow_calls {
                return None;
            }
        }
        Some(Room { full })
    }
}

/// There is room, perhaps only to be told that all are busy.
pub(super) struct Room {
    pub(super) full: bool,
}

/// An IPv4 address that came over an IPv6 socket is IPv4.
fn canonical(ip: IpAddr) -> IpAddr {
    ip.to_canonical()
}

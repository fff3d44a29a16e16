//! Where a call of ours may go: desk phones, trunks, straight to an address, and where a redirection points (RFC 3263 §4,
//! RFC 3261 §8.1.3.4).

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::time::Instant;

use bytes::Bytes;

use super::Agent;
use super::leg::Attempt;
use crate::SecureMedia;
use crate::dialling::{CallerId, Dial, Target, Way};
use crate::message::uri::Scheme;
use crate::message::{Known, NameAddr, Response, Uri};
use crate::peers::Candidate;

/// Places that one call may go to.
const MOST_PLACES: usize = 16;
/// Contacts of one redirection that are looked at.
const MOST_CONTACTS: usize = 8;

impl Agent {
    /// How a call would go.
    pub(crate) fn way(&self, to: Target, now: Instant) -> Way {
        let places = self.places(&Dial::new(to, CallerId::default(), Bytes::new()), Vec::new(), now);
        let demands = |place: &Attempt| match (place.peer, &place.extension) {
            (Some(peer), _) => self.peers[peer].config.secure_media,
            (None, Some(user)) => {
                let known = self.extensions.iter().find(|known| known.config.user == *user);
                known.map(|known| known.config.secure_media).unwrap_or_default()
            }
            (None, None) => SecureMedia::Off,
        };
        Way {
            secure_media: places.iter().map(demands).max().unwrap_or_default(),
            local: places.front().and_then(|place| place.candidate.local),
        }
    }

    /// Everywhere that a call may go, the best first.
    pub(super) fn places(&self, dial: &Dial, straight: Vec<Candidate>, now: Instant) -> VecDeque<Attempt> {
        let mut places = VecDeque::new();
        let (number, uri) = match &dial.to {
            Target::Extension(user) => {
                for binding in self.bindings.get(user).into_iter().flatten().rev().filter(|one| one.expires > now) {
                    let route = &binding.route;
                    let candidate = Candidate {
                        transport: route.transport,
                        address: route.remote,
                        local: route.local.map(|local| local.ip()),
                        host: route.host.clone(),
                        priority: 0,
                        weight: 0,
                    };
                    places.push_back(Attempt {
                        peer: None,
                        target: None,
                        extension: Some(user.clone()),
                        uri: binding.contact.uri.to_string(),
                        candidate,
                        connection: route.connection,
                    });
                }
                return places;
            }
            Target::Number(number) => (Some(number.as_str()), None),
            Target::Uri(uri) => (None, Uri::parse(uri).ok()),
        };
        let tel = uri.as_ref().filter(|uri| uri.scheme == Scheme::Tel).and_then(Uri::number);
        let number = number.map(str::to_owned).or(tel);
        for (index, peer) in self.peers.iter().enumerate() {
            let named = dial.peer.as_ref().is_none_or(|name| *name == peer.config.name);
            let fits = match (&number, &uri) {
                (Some(_), _) => peer.config.outbound,
                (None, Some(uri)) => dial.peer.is_some() || uri.host == peer.domain(),
                (None, None) => false,
            };
            if !named || !fits {
                continue;
            }
            let to = match (&number, &uri) {
                (Some(number), _) => Uri::sip(Some(number), &peer.domain(), None).to_string(),
                (None, Some(uri)) => bare(uri).to_string(),
                (None, None) => continue,
            };
            for target in peer.order(now) {
                let candidate = peer.targets[target].candidate.clone();
                let (peer, target) = (Some(index), Some(target));
                places.push_back(Attempt {
                    peer,
                    target,
                    extension: None,
                    uri: to.clone(),
                    candidate,
                    connection: None,
                });
            }
        }
        if let (None, Some(uri)) = (&number, &uri) {
            for candidate in straight {
                let (peer, target, extension, connection) = (None, None, None, None);
                places.push_back(Attempt {
                    peer,
                    target,
                    extension,
                    uri: bare(uri).to_string(),
                    candidate,
                    connection,
                });
            }
        }
        places.truncate(MOST_PLACES);
        places
    }

    /// Where a 3xx sends a call, the most wanted first (RFC 3261 §20.10). A trunk may send it elsewhere within the trunk:
    /// to its domain, its addresses, or a number. Whoever was called straight may name any address. A desk phone may not: who
    /// takes a call instead of its owner is ours to decide.
    pub(super) fn redirected(&self, from: &Attempt, response: &Response, now: Instant) -> VecDeque<Attempt> {
        let mut places = VecDeque::new();
        if from.extension.is_some() {
            return places;
        }
        let contacts = response.headers.list(Known::Contact).take(MOST_CONTACTS);
        let mut contacts: Vec<NameAddr> = contacts.filter_map(|contact| NameAddr::parse(contact).ok()).collect();
        let wanted = |contact: &NameAddr| contact.params.get("q").and_then(|q| q.parse::<f32>().ok()).unwrap_or(1.0);
        contacts.sort_by(|one, other| wanted(other).total_cmp(&wanted(one)));
        for uri in contacts.into_iter().map(|contact| bare(&contact.uri)) {
            let ip = uri.ip().map(|ip| ip.to_canonical());
            match (from.peer, ip) {
                (Some(peer), Some(ip)) if self.peer_at(ip) != Some(peer) => {}
                (_, Some(ip)) if uri.scheme != Scheme::Tel => {
                    let transport = uri.transport().unwrap_or(from.candidate.transport);
                    let address = SocketAddr::new(ip, uri.port.unwrap_or(transport.default_port()));
                    let candidate = Candidate { transport, address, host: uri.host.clone(), ..from.candidate.clone() };
                    let uri = uri.to_string();
                    let target = None;
                    places.push_back(Attempt { uri, candidate, target, connection: None, ..from.clone() });
                }
                (Some(index), None) => {
                    let peer = &self.peers[index];
                    let uri = match &uri.scheme {
                        Scheme::Tel => uri.number().map(|number| Uri::sip(Some(&number), &peer.domain(), None)),
                        Scheme::Sip | Scheme::Sips if uri.host == peer.domain() => Some(uri),
                        _ => None,
                    };
                    let Some(uri) = uri else { continue };
                    for target in peer.order(now) {
                        let candidate = peer.targets[target].candidate.clone();
                        let (uri, target) = (uri.to_string(), Some(target));
                        places.push_back(Attempt { uri, candidate, target, connection: None, ..from.clone() });
                    }
                }
                _ => {}
            }
        }
        places.truncate(MOST_PLACES);
        places
    }
}

/// An address as it may stand in a request line.
fn bare(uri: &Uri) -> Uri {
    Uri { headers: None, ..uri.clone() }
}

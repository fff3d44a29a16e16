//! From a name to addresses: SRV records with their order and weight, else plain addresses (RFC 3263, RFC 2782).
//!
//! Trunks are looked up ahead and again every minute, so that no call waits for the name server, and one that is gone does
//! not take the trunks with it.

use std::net::SocketAddr;
use std::time::Duration;

use hickory_resolver::TokioResolver;
use hickory_resolver::proto::rr::RData;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use crate::Transport;
use crate::command::{Command, Commands};
use crate::message::Uri;
use crate::peers::Candidate;
use crate::transport::local_towards;

/// How long one look-up may take.
const PATIENCE: Duration = Duration::from_secs(5);
/// How often trunks are looked up.
const AGAIN: Duration = Duration::from_secs(60);
/// How often one that was not found is.
const SOON: Duration = Duration::from_secs(5);

/// The addresses of an address that is one, and needs no look-up.
pub(crate) fn literal(uri: &Uri, order: usize) -> Option<Candidate> {
    let transport = uri.transport().unwrap_or(Transport::Udp);
    let address = SocketAddr::new(uri.ip()?, uri.port.unwrap_or(transport.default_port()));
    let local = local_towards(address);
    Some(Candidate { transport, address, local, host: uri.host.clone(), priority: rank(order, 0), weight: 0 })
}

/// Targets in the order of the configuration, records of one target by their priority.
fn rank(order: usize, priority: u16) -> u32 {
    (order.min(255) as u32) << 16 | u32::from(priority)
}

/// All addresses of several targets.
pub(crate) async fn find(resolver: Option<&TokioResolver>, targets: &[Uri]) -> Vec<Candidate> {
    let mut found = Vec::new();
    for (order, uri) in targets.iter().enumerate() {
        match literal(uri, order) {
            Some(candidate) => found.push(candidate),
            None => found.extend(look_up(resolver, uri, order).await),
        }
    }
    found
}

async fn look_up(resolver: Option<&TokioResolver>, uri: &Uri, order: usize) -> Vec<Candidate> {
    let transport = uri.transport().unwrap_or(Transport::Udp);
    let mut found = Vec::new();
    if let (None, Some(resolver)) = (uri.port, resolver) {
        let service = match transport {
            Transport::Udp => "_sip._udp",
            Transport::Tcp => "_sip._tcp",
            Transport::Tls => "_sips._tcp",
        };
        if let Ok(Ok(lookup)) = timeout(PATIENCE, resolver.srv_lookup(format!("{service}.{}.", uri.host))).await {
            for record in lookup.answers().iter().take(16) {
                let RData::SRV(srv) = &record.data else { continue };
                let target = srv.target.to_utf8();
                for address in addresses(target.trim_end_matches('.'), srv.port).await {
                    found.push(Candidate {
                        transport,
                        address,
                        local: local_towards(address),
                        // The certificate must bear the domain that was asked for (RFC 5922 §4).
                        host: uri.host.clone(),
                        priority: rank(order, srv.priority),
                        weight: srv.weight,
                    });
                }
            }
        }
    }
    if found.is_empty() {
        for address in addresses(&uri.host, uri.port.unwrap_or(transport.default_port())).await {
            let (host, priority, local) = (uri.host.clone(), rank(order, 0), local_towards(address));
            found.push(Candidate { transport, address, local, host, priority, weight: 0 });
        }
    }
    found
}

async fn addresses(host: &str, port: u16) -> Vec<SocketAddr> {
    match timeout(PATIENCE, tokio::net::lookup_host((host, port))).await {
        Ok(Ok(addresses)) => addresses.take(8).collect(),
        _ => Vec::new(),
    }
}

/// Keeps the addresses of a peer up to date.
pub(crate) async fn keep_found(peer: usize, targets: Vec<Uri>, commands: Commands, stop: CancellationToken) {
    let resolver = resolver();
    loop {
        let candidates = find(resolver.as_ref(), &targets).await;
        let pause = if candidates.is_empty() { SOON } else { AGAIN };
        if !candidates.is_empty() {
            commands.send(Command::PeerFound { peer, candidates }).await;
        }
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(pause) => {}
        }
    }
}

/// The system's name servers; without any, only plain addresses are found.
pub(crate) fn resolver() -> Option<TokioResolver> {
    TokioResolver::builder_tokio().ok()?.build().ok()
}

//! Datagrams.

use std::collections::HashMap;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use bytes::Bytes;
use socket2::{Domain, Protocol, Socket, Type};
use tokio::net::UdpSocket;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::Arrival;
use crate::Transport;
use crate::route::Route;

/// Room for bursts between two looks at the socket, in bytes.
const BUFFER: usize = 4 << 20;
/// How many of our addresses towards others are remembered.
const REMEMBERED: usize = 1024;

/// A socket with room for bursts.
pub(super) fn bind(address: SocketAddr) -> io::Result<UdpSocket> {
    let socket = Socket::new(Domain::for_address(address), Type::DGRAM, Some(Protocol::UDP))?;
    if address.is_ipv6() {
        // IPv4 has listeners of its own.
        socket.set_only_v6(true)?;
    }
    // The system may grant less; that is no reason not to start.
    let _ = socket.set_recv_buffer_size(BUFFER);
    let _ = socket.set_send_buffer_size(BUFFER);
    socket.set_nonblocking(true)?;
    socket.bind(&address.into())?;
    UdpSocket::from_std(socket.into())
}

/// Receives until told to stop.
pub(super) async fn receive(
    socket: Arc<UdpSocket>,
    bound: SocketAddr,
    arrivals: mpsc::Sender<Arrival>,
    stop: CancellationToken,
) {
    let mut buffer = vec![0; 65_536];
    let mut towards: HashMap<IpAddr, IpAddr> = HashMap::new();
    loop {
        let received = tokio::select! {
            () = stop.cancelled() => return,
            received = socket.recv_from(&mut buffer) => received,
        };
        // An error here tells of an earlier datagram that nobody took.
        let Ok((length, remote)) = received else { continue };
        let ip = if bound.ip().is_unspecified() {
            if towards.len() >= REMEMBERED {
                towards.clear();
            }
            *towards.entry(remote.ip()).or_insert_with(|| local_towards(remote).unwrap_or(bound.ip()))
        } else {
            bound.ip()
        };
        let route = Route {
            transport: Transport::Udp,
            remote,
            local: Some(SocketAddr::new(ip, bound.port())),
            connection: None,
            host: remote.ip().to_string(),
        };
        let bytes = Bytes::copy_from_slice(&buffer[..length]);
        if let Err(mpsc::error::TrySendError::Closed(_)) = arrivals.try_send(Arrival::Message { bytes, route }) {
            return;
        }
    }
}

/// Our address as an address sees us: the system's choice of route, without sending anything.
pub(crate) fn local_towards(remote: SocketAddr) -> Option<IpAddr> {
    let any: SocketAddr = if remote.is_ipv4() { ([0, 0, 0, 0], 0).into() } else { ([0u16; 8], 0).into() };
    let socket = std::net::UdpSocket::bind(any).ok()?;
    socket.connect(remote).ok()?;
    socket.local_addr().ok().map(|address| address.ip())
}

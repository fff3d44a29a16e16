//! Sockets: what comes in goes to one bounded queue, what goes out finds its socket or connection.
//!
//! A datagram that finds the queue full is dropped, for its sender sends it again; a connection waits instead, so that TCP
//! slows the other side down. A connection that does not take what is sent to it is closed.

mod connection;
mod tls;
mod udp;

pub(crate) use udp::local_towards;

use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use tokio::net::{TcpListener, UdpSocket};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};
use tokio_rustls::{TlsAcceptor, TlsConnector};
use tokio_util::sync::CancellationToken;

use crate::Transport;
use crate::agent::Local;
use crate::config::SipConfig;
use crate::endpoint::StartError;
use crate::message::uri::split_host;
use crate::route::Route;

/// How much may wait to be worked on.
const ARRIVALS: usize = 4096;
/// How much may wait to be written to one connection.
const OUTGOING: usize = 256;

/// What comes from the network.
#[derive(Debug)]
pub(crate) enum Arrival {
    /// A message.
    Message { bytes: Bytes, route: Route },
    /// The head of a message whose end cannot be found. The connection takes an answer and is then closed.
    Broken { head: Bytes, status: u16, why: &'static str, route: Route },
    /// Somebody connected.
    Opened { id: u64, route: Route, outgoing: mpsc::Sender<Bytes> },
    /// A connection is gone, or never came to be.
    Closed { id: u64, route: Route },
}

/// Limits of connections.
#[derive(Debug, Clone)]
struct Limits {
    places: Arc<Semaphore>,
    per_address: Arc<Mutex<HashMap<IpAddr, usize>>>,
    most_per_address: usize,
    handshake: Duration,
    idle: Duration,
}

/// A place among the connections; leaving it frees it.
#[derive(Debug)]
struct Place {
    _permit: OwnedSemaphorePermit,
    address: IpAddr,
    per_address: Arc<Mutex<HashMap<IpAddr, usize>>>,
}

impl Limits {
    fn place(&self, address: IpAddr) -> Option<Place> {
        let permit = Arc::clone(&self.places).try_acquire_owned().ok()?;
        let mut counts = self.per_address.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let count = counts.entry(address).or_default();
        if *count >= self.most_per_address {
            return None;
        }
        *count += 1;
        Some(Place { _permit: permit, address, per_address: Arc::clone(&self.per_address) })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut counts = self.per_address.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if let Some(count) = counts.get_mut(&self.address) {
            *count -= 1;
            if *count == 0 {
                counts.remove(&self.address);
            }
        }
    }
}

/// A connection, from where messages are written to it.
#[derive(Debug)]
struct Open {
    route: Route,
    outgoing: mpsc::Sender<Bytes>,
}

/// All sockets.
pub(crate) struct Transports {
    locals: Vec<Local>,
    udp: Vec<(SocketAddr, Arc<UdpSocket>)>,
    open: HashMap<u64, Open>,
    arrivals: mpsc::Sender<Arrival>,
    limits: Limits,
    connector: Option<TlsConnector>,
    ids: Arc<std::sync::atomic::AtomicU64>,
    stop: CancellationToken,
}

/// A message could not even be handed to a socket.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("no way to send")]
pub(crate) struct NoWay;

impl Transports {
    /// Listens on everything that is configured.
    pub(crate) async fn listen(
        config: &SipConfig,
        stop: CancellationToken,
    ) -> Result<(Self, mpsc::Receiver<Arrival>), StartError> {
        let (arrivals, receiver) = mpsc::channel(ARRIVALS);
        let mut transports = Self {
            locals: Vec::new(),
            udp: Vec::new(),
            open: HashMap::new(),
            arrivals,
            limits: Limits {
                places: Arc::new(Semaphore::new(config.max_connections.clamp(1, 1 << 20))),
                per_address: Arc::default(),
                most_per_address: config.max_connections_per_address.max(1),
                handshake: Duration::from_secs(config.handshake_seconds.max(1)),
                idle: Duration::from_secs(config.idle_seconds.max(1)),
            },
            connector: tls::connector(config)?,
            ids: Arc::new(1.into()),
            stop,
        };
        for listener in &config.listeners {
            let failed =
                |source| StartError::Listen { transport: listener.transport, address: listener.address, source };
            let address = match listener.transport {
                Transport::Udp => {
                    let socket = Arc::new(udp::bind(listener.address).map_err(failed)?);
                    let address = socket.local_addr().map_err(failed)?;
                    tokio::spawn(udp::receive(
                        Arc::clone(&socket),
                        address,
                        transports.arrivals.clone(),
                        transports.stop.clone(),
                    ));
                    transports.udp.push((address, socket));
                    address
                }
                Transport::Tcp | Transport::Tls => {
                    let acceptor = match listener.transport {
                        Transport::Tls => Some(tls::acceptor(listener)?),
                        _ => None,
                    };
                    let socket = TcpListener::bind(listener.address).await.map_err(failed)?;
                    let address = socket.local_addr().map_err(failed)?;
                    transports.accept(socket, acceptor, listener.transport);
                    address
                }
            };
            let advertised = match &listener.advertised {
                Some(place) => {
                    let read = split_host(place);
                    Some(read.ok_or_else(|| StartError::Config(format!("advertised: `{place}` is no host")))?)
                }
                None => None,
            };
            transports.locals.push(Local { transport: listener.transport, address, advertised });
        }
        Ok((transports, receiver))
    }

    fn accept(&self, socket: TcpListener, acceptor: Option<TlsAcceptor>, transport: Transport) {
        let door = connection::Door {
            acceptor,
            transport,
            limits: self.limits.clone(),
            arrivals: self.arrivals.clone(),
            ids: Arc::clone(&self.ids),
            stop: self.stop.clone(),
        };
        tokio::spawn(door.keep_open(socket));
    }

    /// Where it listens.
    pub(crate) fn locals(&self) -> Vec<Local> {
        self.locals.clone()
    }

    /// How many connections there are.
    pub(crate) fn connections(&self) -> usize {
        self.open.len()
    }

    /// Somebody connected.
    pub(crate) fn opened(&mut self, id: u64, route: Route, outgoing: mpsc::Sender<Bytes>) {
        self.open.insert(id, Open { route, outgoing });
    }

    /// A connection is gone. `false`: there is another one to the same place.
    pub(crate) fn closed(&mut self, id: u64, route: &Route) -> bool {
        self.open.remove(&id);
        !self.open.values().any(|open| open.route.same_place(route))
    }

    /// Sends bytes on a way.
    ///
    /// # Errors
    /// [`NoWay`] when nothing leads there.
    pub(crate) fn send(&mut self, route: &Route, bytes: Bytes) -> Result<(), NoWay> {
        if route.transport == Transport::Udp {
            return self.send_datagram(route, &bytes);
        }
        let id = route
            .connection
            .filter(|id| self.open.contains_key(id))
            .or_else(|| self.open.iter().find(|(_, open)| open.route.same_place(route)).map(|(id, _)| *id));
        let id = match id {
            Some(id) => id,
            None => self.connect(route)?,
        };
        let open = self.open.get(&id).ok_or(NoWay)?;
        if open.outgoing.try_send(bytes).is_err() {
            // It does not take what is sent to it; dropping the queue closes it.
            self.open.remove(&id);
            return Err(NoWay);
        }
        Ok(())
    }

    fn send_datagram(&self, route: &Route, bytes: &[u8]) -> Result<(), NoWay> {
        let v4 = route.remote.is_ipv4();
        let fits = |address: &SocketAddr| address.is_ipv4() == v4;
        let same = |address: &SocketAddr| route.local.is_some_and(|local| local.port() == address.port());
        let loopback = |address: &SocketAddr| address.ip().is_loopback() == route.remote.ip().is_loopback();
        let pick = |rule: &dyn Fn(&SocketAddr) -> bool| self.udp.iter().find(|(at, _)| fits(at) && rule(at));
        let (_, socket) = pick(&same).or_else(|| pick(&loopback)).or_else(|| pick(&|_| true)).ok_or(NoWay)?;
        match socket.try_send_to(bytes, route.remote) {
            Ok(_) => Ok(()),
            // The socket's buffer is full: as if it were lost on the way, and sent again.
            Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => Ok(()),
            Err(error) => {
                tracing::debug!(peer = %route.remote, %error, "a datagram could not be sent");
                Err(NoWay)
            }
        }
    }

    fn connect(&mut self, route: &Route) -> Result<u64, NoWay> {
        let connector = match route.transport {
            Transport::Tls => Some(self.connector.clone().ok_or(NoWay)?),
            _ => None,
        };
        let place = self.limits.place(route.remote.ip()).ok_or(NoWay)?;
        let id = self.ids.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        let (outgoing, queue) = mpsc::channel(OUTGOING);
        let mut route = route.clone();
        route.connection = Some(id);
        let call = connection::Call {
            id,
            route: route.clone(),
            connector,
            limits: self.limits.clone(),
            arrivals: self.arrivals.clone(),
            stop: self.stop.clone(),
        };
        tokio::spawn(call.make(queue, place));
        self.open.insert(id, Open { route, outgoing });
        Ok(id)
    }
}

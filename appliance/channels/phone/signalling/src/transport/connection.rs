//! Connections over TCP and TLS: made or taken, read and written by one task each, closed when idle.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use bytes::Bytes;
use rustls_pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep_until, timeout};
use tokio_rustls::{TlsAcceptor, TlsConnector};
use tokio_util::sync::CancellationToken;

use super::{Arrival, Limits, OUTGOING, Place};
use crate::Transport;
use crate::route::Route;
use crate::stream::{BrokenStream, Frame, Framer};

/// How often a connection that we made is shown to be alive (RFC 5626 §4.4.1).
const KEEP_ALIVE: Duration = Duration::from_secs(95);

/// For how long whoever sent what has no end may still read what we answer.
const FAREWELL: Duration = Duration::from_secs(1);

/// A listening socket's task.
pub(super) struct Door {
    pub(super) acceptor: Option<TlsAcceptor>,
    pub(super) transport: Transport,
    pub(super) limits: Limits,
    pub(super) arrivals: mpsc::Sender<Arrival>,
    pub(super) ids: Arc<AtomicU64>,
    pub(super) stop: CancellationToken,
}

impl Door {
    /// Takes connections until told to stop.
    pub(super) async fn keep_open(self, socket: TcpListener) {
        loop {
            let accepted = tokio::select! {
                () = self.stop.cancelled() => return,
                accepted = socket.accept() => accepted,
            };
            let (stream, remote) = match accepted {
                Ok(accepted) => accepted,
                Err(error) => {
                    // Out of file descriptors, as a rule; some come back.
                    tracing::warn!(%error, "a connection could not be taken");
                    tokio::time::sleep(Duration::from_millis(100)).await;
                    continue;
                }
            };
            let Some(place) = self.limits.place(remote.ip()) else {
                tracing::warn!(peer = %remote, "too many connections");
                continue;
            };
            let id = self.ids.fetch_add(1, Ordering::Relaxed);
            let route = Route {
                transport: self.transport,
                remote,
                local: stream.local_addr().ok(),
                connection: Some(id),
                host: remote.ip().to_string(),
            };
            tokio::spawn(greet(
                stream,
                route,
                self.acceptor.clone(),
                self.limits.clone(),
                self.arrivals.clone(),
                self.stop.clone(),
                place,
            ));
        }
    }
}

/// The handshake of who connected, and then its messages.
async fn greet(
    stream: TcpStream,
    route: Route,
    acceptor: Option<TlsAcceptor>,
    limits: Limits,
    arrivals: mpsc::Sender<Arrival>,
    stop: CancellationToken,
    place: Place,
) {
    let _ = stream.set_nodelay(true);
    let (outgoing, queue) = mpsc::channel(OUTGOING);
    let Some(id) = route.connection else { return };
    let opened = Arrival::Opened { id, route: route.clone(), outgoing };
    match acceptor {
        None => {
            if arrivals.send(opened).await.is_ok() {
                converse(stream, route, queue, &limits, &arrivals, &stop, false).await;
            }
        }
        Some(acceptor) => match timeout(limits.handshake, acceptor.accept(stream)).await {
            Ok(Ok(stream)) => {
                if arrivals.send(opened).await.is_ok() {
                    converse(stream, route, queue, &limits, &arrivals, &stop, false).await;
                }
            }
            Ok(Err(error)) => tracing::debug!(peer = %route.remote, %error, "a TLS handshake failed"),
            Err(_) => tracing::debug!(peer = %route.remote, "a TLS handshake took too long"),
        },
    }
    drop(place);
}

/// A connection that we make.
pub(super) struct Call {
    pub(super) id: u64,
    pub(super) route: Route,
    pub(super) connector: Option<TlsConnector>,
    pub(super) limits: Limits,
    pub(super) arrivals: mpsc::Sender<Arrival>,
    pub(super) stop: CancellationToken,
}

impl Call {
    /// Connects, and then converses.
    pub(super) async fn make(self, queue: mpsc::Receiver<Bytes>, place: Place) {
        let remote = self.route.remote;
        match timeout(self.limits.handshake, self.connect()).await {
            Ok(Ok(Stream::Plain(stream))) => {
                converse(stream, self.route, queue, &self.limits, &self.arrivals, &self.stop, true).await;
            }
            Ok(Ok(Stream::Tls(stream))) => {
                converse(*stream, self.route, queue, &self.limits, &self.arrivals, &self.stop, true).await;
            }
            failed => {
                let why = match failed {
                    Ok(Err(error)) => error.to_string(),
                    _ => "it took too long".into(),
                };
                tracing::warn!(peer = %remote, why, "a connection could not be made");
                let _ = self.arrivals.send(Arrival::Closed { id: self.id, route: self.route }).await;
            }
        }
        drop(place);
    }

    async fn connect(&self) -> std::io::Result<Stream> {
        let stream = TcpStream::connect(self.route.remote).await?;
        let _ = stream.set_nodelay(true);
        match &self.connector {
            None => Ok(Stream::Plain(stream)),
            Some(connector) => {
                let name = ServerName::try_from(self.route.host.clone()).map_err(std::io::Error::other)?;
                Ok(Stream::Tls(Box::new(connector.connect(name, stream).await?)))
            }
        }
    }
}

enum Stream {
    Plain(TcpStream),
    Tls(Box<tokio_rustls::client::TlsStream<TcpStream>>),
}

/// Reads and writes messages until either side has enough, and tells so.
async fn converse(
    stream: impl AsyncRead + AsyncWrite,
    route: Route,
    queue: mpsc::Receiver<Bytes>,
    limits: &Limits,
    arrivals: &mpsc::Sender<Arrival>,
    stop: &CancellationToken,
    ours: bool,
) {
    let remote: SocketAddr = route.remote;
    if let Err(why) = exchange(stream, &route, queue, limits, arrivals, stop, ours).await {
        tracing::debug!(peer = %remote, %why, "a connection ended");
    }
    let id = route.connection.unwrap_or_default();
    let _ = arrivals.send(Arrival::Closed { id, route }).await;
}

async fn exchange(
    stream: impl AsyncRead + AsyncWrite,
    route: &Route,
    mut queue: mpsc::Receiver<Bytes>,
    limits: &Limits,
    arrivals: &mpsc::Sender<Arrival>,
    stop: &CancellationToken,
    ours: bool,
) -> std::io::Result<()> {
    let (mut reader, mut writer) = tokio::io::split(stream);
    let mut framer = Framer::default();
    let mut buffer = vec![0; 8192];
    let mut active = Instant::now();
    let mut alive = Instant::now();
    loop {
        tokio::select! {
            () = stop.cancelled() => return Ok(()),
            read = reader.read(&mut buffer) => {
                let length = read?;
                if length == 0 {
                    return Ok(());
                }
                framer.push(&buffer[..length]);
                loop {
                    let frame = match framer.next() {
                        Ok(Some(frame)) => frame,
                        Ok(None) => break,
                        Err(broken) => {
                            let why = broken.to_string();
                            if let Some(arrival) = refusable(broken, route)
                                && arrivals.send(arrival).await.is_ok()
                            {
                                take_leave(&mut reader, &mut writer, &mut queue).await;
                            }
                            return Err(std::io::Error::other(why));
                        }
                    };
                    match frame {
                        Frame::Ping => {
                            // A telephone behind a NAT keeps its way open so for as long as it is registered.
                            active = Instant::now();
                            write(&mut writer, b"\r\n", limits.handshake).await?;
                        }
                        Frame::Message(bytes) => {
                            active = Instant::now();
                            let arrival = Arrival::Message { bytes, route: route.clone() };
                            if arrivals.send(arrival).await.is_err() {
                                return Ok(());
                            }
                        }
                    }
                }
            }
            message = queue.recv() => {
                let Some(bytes) = message else { return Ok(()) };
                active = Instant::now();
                alive = active;
                write(&mut writer, &bytes, limits.handshake).await?;
            }
            () = sleep_until(alive + KEEP_ALIVE), if ours => {
                alive = Instant::now();
                write(&mut writer, b"\r\n\r\n", limits.handshake).await?;
            }
            () = sleep_until(active + limits.idle) => return Ok(()),
        }
    }
}

/// What can still be refused of a stream that is broken.
fn refusable(broken: BrokenStream, route: &Route) -> Option<Arrival> {
    let (head, status, why) = match broken {
        BrokenStream::LongHead => return None,
        BrokenStream::NoLength(head) => (head, 400, "a Content-Length is needed here"),
        BrokenStream::LongBody(head) => (head, 513, "the body is too long"),
    };
    Some(Arrival::Broken { head, status, why, route: route.clone() })
}

/// Writes the last answer. What still comes is read and thrown away, for closing a connection with bytes unread takes the
/// answer away from the other side (RFC 1122 §4.2.2.13).
async fn take_leave(
    reader: &mut (impl AsyncRead + Unpin),
    writer: &mut (impl AsyncWrite + Unpin),
    queue: &mut mpsc::Receiver<Bytes>,
) {
    let farewell = async {
        if let Some(bytes) = queue.recv().await {
            writer.write_all(&bytes).await?;
        }
        writer.shutdown().await?;
        let mut rest = [0; 4096];
        while reader.read(&mut rest).await? > 0 {}
        Ok::<(), std::io::Error>(())
    };
    // Whoever does not listen any more is not waited for.
    let _ = timeout(FAREWELL, farewell).await;
}

/// Writes all of it; the other side may not take longer than this to read it.
async fn write(writer: &mut (impl AsyncWrite + Unpin), bytes: &[u8], within: Duration) -> std::io::Result<()> {
    let written = async {
        writer.write_all(bytes).await?;
        writer.flush().await
    };
    timeout(within, written).await.map_err(|_| std::io::Error::from(std::io::ErrorKind::TimedOut))?
}

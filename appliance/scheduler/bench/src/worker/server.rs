//! The ports of the servers of one process, and what a fault does to their connections.

use std::cell::RefCell;
use std::convert::Infallible;
use std::io::IoSlice;
use std::net::{Ipv4Addr, SocketAddr};
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};
use std::time::Duration;

use camino::Utf8PathBuf;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use rand::SeedableRng;
use rand::rngs::StdRng;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::Instant;

use super::journal::Journal;
use super::stats::{Balance, ProcessStats};
use super::{Fault, Worker, WorkerConfig, api};

/// How often the outstanding prefill of all servers is looked at.
const SAMPLE_EVERY: Duration = Duration::from_millis(20);
/// How long a server that resets all connections listens to a new one, without ever answering.
const BEFORE_RESET: Duration = Duration::from_millis(5);

/// The servers could not be started.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// The port is taken, or the system refuses it.
    #[error("failed to listen on port {port}")]
    Listen {
        /// The port.
        port: u16,
        /// Why not.
        #[source]
        source: std::io::Error,
    },
    /// The journal cannot be written.
    #[error("failed to open the journal `{path}`")]
    Journal {
        /// The file.
        path: Utf8PathBuf,
        /// Why not.
        #[source]
        source: std::io::Error,
    },
}

/// All servers of the process.
pub(crate) struct Process {
    workers: Vec<Rc<Worker>>,
    balance: RefCell<Balance>,
}

impl Process {
    pub(super) fn stats(&self) -> ProcessStats {
        self.balance.borrow().report(&self.workers)
    }

    /// Whether there is a server at that port.
    pub(super) fn set_fault(&self, port: u16, fault: Fault) -> bool {
        let Some(worker) = self.workers.iter().find(|worker| worker.port == port) else { return false };
        worker.set_fault(fault);
        true
    }
}

/// Serves `workers` servers on consecutive ports of the loopback address from `port` on, until the process ends. Must run within
/// a [`tokio::task::LocalSet`].
///
/// # Errors
/// When a port cannot be listened on, or the journal not be written.
pub async fn serve(config: WorkerConfig, port: u16, workers: u16) -> Result<Infallible, ServeError> {
    let started = Instant::now();
    let journal = config.journal.clone();
    let journal = Journal::open(journal.as_deref())
        .map_err(|source| ServeError::Journal { path: journal.unwrap_or_default(), source })?;
    let journal = Rc::new(journal);
    let ports = (0..workers).map(|index| port + index);
    let process = Rc::new(Process {
        workers: ports.map(|port| Worker::new(config.clone(), port, started, Rc::clone(&journal))).collect(),
        balance: RefCell::default(),
    });
    for worker in &process.workers {
        let listener = listen(worker.port).await.map_err(|source| ServeError::Listen { port: worker.port, source })?;
        tokio::task::spawn_local(Rc::clone(worker).keep_time());
        tokio::task::spawn_local(accept(Rc::clone(&process), Rc::clone(worker), listener));
    }
    let mut ticks = tokio::time::interval(SAMPLE_EVERY);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Skip);
    loop {
        ticks.tick().await;
        process.balance.borrow_mut().sample(&process.workers);
    }
}

async fn listen(port: u16) -> std::io::Result<TcpListener> {
    TcpListener::bind(SocketAddr::from((Ipv4Addr::LOCALHOST, port))).await
}

async fn accept(process: Rc<Process>, worker: Rc<Worker>, listener: TcpListener) {
    let mut fault = worker.fault.subscribe();
    let mut listener = Some(listener);
    let mut connections: u64 = 0;
    loop {
        if *fault.borrow_and_update() == Fault::Die {
            listener = None;
        } else if listener.is_none() {
            listener = listen(worker.port).await.ok();
        }
        let accepted = async {
            match &listener {
                Some(listener) => listener.accept().await,
                None => std::future::pending().await,
            }
        };
        let stream = tokio::select! {
            accepted = accepted => accepted,
            _ = fault.changed() => continue,
        };
        match stream {
            Ok((stream, _)) => {
                connections += 1;
                let random = StdRng::seed_from_u64(worker.config.seed ^ connections << 16 ^ u64::from(worker.port));
                tokio::task::spawn_local(connection(Rc::clone(&process), Rc::clone(&worker), stream, random));
            }
            // Out of file descriptors, most likely: others end soon.
            Err(_) => tokio::time::sleep(Duration::from_millis(10)).await,
        }
    }
}

/// Serves one connection. It is served by being polled, so a stall is simply a time in which it is not.
async fn connection(process: Rc<Process>, worker: Rc<Worker>, stream: TcpStream, mut random: StdRng) {
    // Refused only on a socket that is closed already.
    let _ = stream.set_nodelay(true);
    let mut fault = worker.fault.subscribe();
    let service = service_fn(|request| {
        let (process, worker) = (Rc::clone(&process), Rc::clone(&worker));
        async move { Ok::<_, Infallible>(api::answer(&process, &worker, request).await) }
    });
    let mut connection =
        http1::Builder::new().serve_connection(TokioIo::new(Gate { stream, worker: Rc::clone(&worker) }), service);
    if *fault.borrow() == Fault::Reset {
        // Long enough to see whether it is a request for work or only somebody who looks whether we live.
        let _ = tokio::time::timeout(BEFORE_RESET, &mut connection).await;
    }
    loop {
        let now = *fault.borrow_and_update();
        match now {
            Fault::Reset | Fault::Die => {
                let stream = connection.into_parts().io.into_inner().stream;
                // Then dropping it sends a reset and discards what was not sent.
                let _ = stream.set_zero_linger();
                return;
            }
            Fault::Stall { .. } => {
                if let Some(spell) = now.spell(&mut random) {
                    tokio::select! {
                        () = tokio::time::sleep(spell) => {}
                        _ = fault.changed() => continue,
                    }
                }
                // The next bytes come through; then the dice are thrown again.
                tokio::select! {
                    _ = &mut connection => return,
                    _ = fault.changed() => {}
                    () = tokio::time::sleep(Duration::from_millis(20)) => {}
                }
            }
            Fault::None | Fault::Hang | Fault::Slow { .. } => tokio::select! {
                _ = &mut connection => return,
                _ = fault.changed() => {}
            },
        }
    }
}

/// A connection through which nothing goes out while its server hangs or is about to reset it. What comes in is read all the
/// same, as the system would, so that it can be counted.
struct Gate {
    stream: TcpStream,
    worker: Rc<Worker>,
}

impl Gate {
    /// Whoever changes the fault wakes the connection's task, which then tries again; so nobody needs to be woken here.
    fn shut(&self) -> bool {
        matches!(*self.worker.fault.borrow(), Fault::Hang | Fault::Reset)
    }
}

impl AsyncRead for Gate {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, buffer)
    }
}

impl AsyncWrite for Gate {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<std::io::Result<usize>> {
        if self.shut() { Poll::Pending } else { Pin::new(&mut self.stream).poll_write(cx, bytes) }
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        parts: &[IoSlice<'_>],
    ) -> Poll<std::io::Result<usize>> {
        if self.shut() { Poll::Pending } else { Pin::new(&mut self.stream).poll_write_vectored(cx, parts) }
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        if self.shut() { Poll::Pending } else { Pin::new(&mut self.stream).poll_flush(cx) }
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        if self.shut() { Poll::Pending } else { Pin::new(&mut self.stream).poll_shutdown(cx) }
    }
}

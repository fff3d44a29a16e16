//! An HTTP server: plain on the loopback, else TLS with certificates that are read again when renewed.
//!
//! Small writes leave at once (TCP_NODELAY, RFC 9293 §3.7.4): a token or a piece of sound that waits for the other side's
//! acknowledgement of the one before it is up to 40 ms late.

use std::net::{SocketAddr, TcpListener};
use std::time::Duration;

use anyhow::Context;
use axum::Router;
use axum_server::Handle;
use axum_server::accept::NoDelayAcceptor;
use axum_server::tls_rustls::{RustlsAcceptor, RustlsConfig};
use tokio_util::sync::CancellationToken;

use crate::tls::{self, TlsFiles, WithClient};

/// A client that has not sent its request's head by then is let go.
const HEADER_PATIENCE: Duration = Duration::from_secs(15);

/// A bound listener; bound before anything is told to be ready.
pub struct Server {
    listener: TcpListener,
    tls: Option<(RustlsConfig, TlsFiles)>,
}

impl Server {
    /// Binds the address and reads the certificate. `key` is the configuration's name for the address.
    ///
    /// # Errors
    /// When the address is taken or the certificate cannot be used.
    pub fn bind(address: SocketAddr, files: Option<&TlsFiles>, key: &str) -> anyhow::Result<Self> {
        let listener = TcpListener::bind(address)
            .with_context(|| format!("failed to listen on {address} ({key}); is another server running?"))?;
        listener.set_nonblocking(true).context("failed to set up the listener")?;
        let tls = match files {
            None => None,
            Some(files) => Some((RustlsConfig::from_config(tls::server_config(files)?), files.clone())),
        };
        Ok(Self { listener, tls })
    }

    /// Where it listens: tells the port when any was asked for.
    ///
    /// # Errors
    /// When the system does not say.
    pub fn address(&self) -> anyhow::Result<SocketAddr> {
        self.listener.local_addr().context("failed to ask for the listener's address")
    }

    /// Serves until `stop`, then waits up to `grace` for requests under way.
    ///
    /// # Errors
    /// When the listener fails.
    pub async fn run(self, router: Router, stop: CancellationToken, grace: Duration) -> anyhow::Result<()> {
        let handle = Handle::new();
        let stopping = tokio::spawn({
            let (handle, stop) = (handle.clone(), stop.clone());
            async move {
                stop.cancelled().await;
                handle.graceful_shutdown(Some(grace));
            }
        });
        let service = router.into_make_service_with_connect_info::<SocketAddr>();
        let mut server = axum_server::from_tcp(self.listener).context("failed to set up the listener")?;
        patient(&mut server);
        let served = match self.tls {
            None => server.acceptor(NoDelayAcceptor::new()).handle(handle).serve(service).await,
            Some((config, files)) => {
                let reloading = tokio::spawn(tls::keep_fresh(config.clone(), files, stop.clone()));
                let acceptor = WithClient(RustlsAcceptor::new(config).acceptor(NoDelayAcceptor::new()));
                let served = server.acceptor(acceptor).handle(handle).serve(service).await;
                reloading.abort();
                served
            }
        };
        stopping.abort();
        served.context("the HTTP server failed")
    }
}

fn patient<A: axum_server::Address, T>(server: &mut axum_server::Server<A, T>) {
    server.http_builder().http1().timer(hyper_util::rt::TokioTimer::new()).header_read_timeout(HEADER_PATIENCE);
}

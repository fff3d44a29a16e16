//! The citizens' and operators' HTTP server: plain on the loopback, else TLS with certificates that are read again when renewed.

use std::net::{SocketAddr, TcpListener};
use std::time::{Duration, SystemTime};

use anyhow::Context;
use axum::Router;
use axum_server::Handle;
use axum_server::tls_rustls::RustlsConfig;
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

use crate::config::{HttpConfig, TlsFiles};

/// How often the certificate's files are looked at.
const RELOAD_EVERY: Duration = Duration::from_secs(30);
/// A client that has not sent its request's head by then is let go.
const HEADER_PATIENCE: Duration = Duration::from_secs(15);

/// A bound listener; bound before anything is told to be ready.
pub(super) struct Server {
    listener: TcpListener,
    tls: Option<(RustlsConfig, TlsFiles)>,
}

impl Server {
    /// Binds the address and reads the certificate.
    ///
    /// # Errors
    /// When the address is taken or the certificate cannot be used.
    pub(super) async fn bind(config: &HttpConfig) -> anyhow::Result<Self> {
        let listener = TcpListener::bind(config.listen).with_context(|| {
            format!("failed to listen on {} (http.listen); is another server running?", config.listen)
        })?;
        listener.set_nonblocking(true).context("failed to set up the listener")?;
        let tls = match &config.tls {
            None => None,
            Some(files) => Some((read(files).await?, files.clone())),
        };
        Ok(Self { listener, tls })
    }

    /// Serves until `stop`, then waits up to `grace` for requests under way.
    ///
    /// # Errors
    /// When the listener fails.
    pub(super) async fn run(self, router: Router, stop: CancellationToken, grace: Duration) -> anyhow::Result<()> {
        let handle = Handle::new();
        let stopping = tokio::spawn({
            let (handle, stop) = (handle.clone(), stop.clone());
            async move {
                stop.cancelled().await;
                handle.graceful_shutdown(Some(grace));
            }
        });
        let service = router.into_make_service_with_connect_info::<SocketAddr>();
        let served = match self.tls {
            None => {
                let mut server = axum_server::from_tcp(self.listener).context("failed to set up the listener")?;
                patient(&mut server);
                server.handle(handle).serve(service).await
            }
            Some((tls, files)) => {
                let reloading = tokio::spawn(keep_fresh(tls.clone(), files, stop.clone()));
                let mut server =
                    axum_server::from_tcp_rustls(self.listener, tls).context("failed to set up the listener")?;
                patient(&mut server);
                let served = server.handle(handle).serve(service).await;
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

async fn read(files: &TlsFiles) -> anyhow::Result<RustlsConfig> {
    RustlsConfig::from_pem_file(&files.certificate, &files.key).await.with_context(|| {
        format!("failed to read the certificate `{}` with its key `{}` (http.tls)", files.certificate, files.key)
    })
}

/// Reads the certificate again on SIGHUP and whenever its files change. A certificate that cannot be read leaves the old one
/// in force.
async fn keep_fresh(tls: RustlsConfig, files: TlsFiles, stop: CancellationToken) {
    let mut seen = modified(&files);
    let Ok(mut hang_up) = signal(SignalKind::hangup()) else { return };
    loop {
        let asked = tokio::select! {
            () = stop.cancelled() => return,
            _ = hang_up.recv() => true,
            () = tokio::time::sleep(RELOAD_EVERY) => false,
        };
        let now = modified(&files);
        if !asked && now == seen {
            continue;
        }
        seen = now;
        match tls.reload_from_pem_file(&files.certificate, &files.key).await {
            Ok(()) => tracing::info!(certificate = %files.certificate, "read the certificate again"),
            Err(error) => {
                tracing::error!(%error, certificate = %files.certificate, "the renewed certificate cannot be used; the old one stays");
            }
        }
    }
}

fn modified(files: &TlsFiles) -> [Option<SystemTime>; 2] {
    [&files.certificate, &files.key].map(|file| std::fs::metadata(file).and_then(|data| data.modified()).ok())
}

//! TLS of our servers: certificates from files, read again when they change, and clients' certificates.

use std::fs::File;
use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use anyhow::Context;
use axum_server::accept::{Accept, NoDelayAcceptor};
use axum_server::tls_rustls::{RustlsAcceptor, RustlsConfig};
use camino::Utf8PathBuf;
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig};
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use serde::{Deserialize, Serialize};
use tokio::net::TcpStream;
use tokio::signal::unix::{SignalKind, signal};
use tokio_rustls::server::TlsStream;
use tokio_util::sync::CancellationToken;
use tower_http::add_extension::AddExtension;

/// How often the certificate's files are looked at.
const RELOAD_EVERY: Duration = Duration::from_secs(30);

/// A certificate from files, read again when they change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TlsFiles {
    /// The certificate chain (PEM).
    pub certificate: Utf8PathBuf,
    /// Its key (PEM).
    pub key: Utf8PathBuf,
    /// The authorities whose certificates clients may show (PEM); without it clients are not asked for one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_authorities: Option<Utf8PathBuf>,
}

/// What a client showed, as an extension of each of its requests over TLS.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ClientCertificate {
    /// Whether it showed a certificate of one of the authorities. A wrong one ends the handshake.
    pub shown: bool,
}

/// Reads the files. A client may leave its certificate away: what needs one looks at [`ClientCertificate`], so that health
/// can be asked without.
pub(crate) fn server_config(files: &TlsFiles) -> anyhow::Result<Arc<ServerConfig>> {
    let chain = certificates(&files.certificate)?;
    let key = PrivateKeyDer::from_pem_file(&files.key)
        .with_context(|| format!("failed to read the key `{}` (http.tls.key)", files.key))?;
    let builder = ServerConfig::builder();
    let builder = match &files.client_authorities {
        None => builder.with_no_client_auth(),
        Some(path) => {
            let mut roots = RootCertStore::empty();
            for authority in certificates(path)? {
                roots.add(authority).with_context(|| format!("`{path}` holds what is no certificate authority"))?;
            }
            let verifier = WebPkiClientVerifier::builder(Arc::new(roots))
                .allow_unauthenticated()
                .build()
                .with_context(|| format!("failed to use the authorities in `{path}` (http.tls.client_authorities)"))?;
            builder.with_client_cert_verifier(verifier)
        }
    };
    let mut config = builder.with_single_cert(chain, key).with_context(|| {
        format!("failed to use the certificate `{}` with its key `{}` (http.tls)", files.certificate, files.key)
    })?;
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(Arc::new(config))
}

fn certificates(path: &Utf8PathBuf) -> anyhow::Result<Vec<CertificateDer<'static>>> {
    let file = File::open(path).with_context(|| format!("failed to open the certificate `{path}` (http.tls)"))?;
    let found: Result<Vec<_>, _> = CertificateDer::pem_reader_iter(io::BufReader::new(file)).collect();
    let found = found.with_context(|| format!("`{path}` is not in PEM form (http.tls)"))?;
    anyhow::ensure!(!found.is_empty(), "`{path}` holds no certificate (http.tls)");
    Ok(found)
}

/// Reads the certificate again on SIGHUP and whenever its files change. A certificate that cannot be read leaves the old one
/// in force.
pub(crate) async fn keep_fresh(tls: RustlsConfig, files: TlsFiles, stop: CancellationToken) {
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
        match server_config(&files) {
            Ok(config) => {
                tls.reload_from_config(config);
                tracing::info!(certificate = %files.certificate, "read the certificate again");
            }
            Err(error) => {
                let error = format!("{error:#}");
                tracing::error!(error, certificate = %files.certificate, "the renewed certificate cannot be used; the old one stays");
            }
        }
    }
}

fn modified(files: &TlsFiles) -> Vec<Option<SystemTime>> {
    [Some(&files.certificate), Some(&files.key), files.client_authorities.as_ref()]
        .into_iter()
        .flatten()
        .map(|file| std::fs::metadata(file).and_then(|data| data.modified()).ok())
        .collect()
}

/// Accepts TLS and tells each request what its client showed.
#[derive(Clone)]
pub(crate) struct WithClient(pub(crate) RustlsAcceptor<NoDelayAcceptor>);

impl<S> Accept<TcpStream, S> for WithClient
where
    S: Send + 'static,
{
    type Stream = TlsStream<TcpStream>;
    type Service = AddExtension<S, ClientCertificate>;
    type Future = Pin<Box<dyn Future<Output = io::Result<(Self::Stream, Self::Service)>> + Send>>;

    fn accept(&self, stream: TcpStream, service: S) -> Self::Future {
        let handshake = self.0.accept(stream, service);
        Box::pin(async move {
            let (stream, service) = handshake.await?;
            let shown = stream.get_ref().1.peer_certificates().is_some();
            Ok((stream, AddExtension::new(service, ClientCertificate { shown })))
        })
    }
}

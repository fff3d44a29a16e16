//! TLS: our certificate to those who connect, theirs to us, and the other way round (RFC 3261 §26.2, RFC 5922).

use std::sync::Arc;

use camino::Utf8Path;
use rustls::crypto::CryptoProvider;
use rustls::server::WebPkiClientVerifier;
use rustls::{ClientConfig, RootCertStore, ServerConfig};
use rustls_pki_types::pem::PemObject as _;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::{TlsAcceptor, TlsConnector};

use crate::config::{Listener, SipConfig};
use crate::endpoint::StartError;

fn provider() -> Arc<CryptoProvider> {
    Arc::new(rustls::crypto::ring::default_provider())
}

fn failed(path: &Utf8Path, what: &dyn std::fmt::Display) -> StartError {
    StartError::File { path: path.to_owned(), what: what.to_string() }
}

fn certificates(path: &Utf8Path) -> Result<Vec<CertificateDer<'static>>, StartError> {
    let read = CertificateDer::pem_file_iter(path).map_err(|error| failed(path, &error))?;
    let all: Vec<_> = read.collect::<Result<_, _>>().map_err(|error| failed(path, &error))?;
    if all.is_empty() { Err(failed(path, &"it holds no certificate")) } else { Ok(all) }
}

fn roots(path: &Utf8Path) -> Result<RootCertStore, StartError> {
    let mut roots = RootCertStore::empty();
    for certificate in certificates(path)? {
        roots.add(certificate).map_err(|error| failed(path, &error))?;
    }
    Ok(roots)
}

fn identity(listener: &Listener) -> Result<(Vec<CertificateDer<'static>>, PrivateKeyDer<'static>), StartError> {
    let (Some(certificate), Some(key)) = (&listener.certificate, &listener.key) else {
        return Err(StartError::Config("a TLS listener needs `certificate` and `key`".into()));
    };
    let secret = PrivateKeyDer::from_pem_file(key).map_err(|error| failed(key, &error))?;
    Ok((certificates(certificate)?, secret))
}

/// For those who connect.
pub(super) fn acceptor(listener: &Listener) -> Result<TlsAcceptor, StartError> {
    let (chain, key) = identity(listener)?;
    let wrong = |error: rustls::Error| StartError::Config(format!("TLS: {error}"));
    let builder =
        ServerConfig::builder_with_provider(provider()).with_safe_default_protocol_versions().map_err(wrong)?;
    let builder = match &listener.client_ca {
        None => builder.with_no_client_auth(),
        Some(path) => {
            let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots(path)?), provider());
            builder.with_client_cert_verifier(verifier.build().map_err(|error| failed(path, &error))?)
        }
    };
    Ok(TlsAcceptor::from(Arc::new(builder.with_single_cert(chain, key).map_err(wrong)?)))
}

/// For those to whom we connect; without authorities there is nobody that we could know again.
pub(super) fn connector(config: &SipConfig) -> Result<Option<TlsConnector>, StartError> {
    let Some(path) = &config.authorities else { return Ok(None) };
    let wrong = |error: rustls::Error| StartError::Config(format!("TLS: {error}"));
    let builder =
        ClientConfig::builder_with_provider(provider()).with_safe_default_protocol_versions().map_err(wrong)?;
    let builder = builder.with_root_certificates(roots(path)?);
    let own = config.listeners.iter().find(|listener| listener.certificate.is_some() && listener.key.is_some());
    let client = match own {
        Some(listener) => {
            let (chain, key) = identity(listener)?;
            builder.with_client_auth_cert(chain, key).map_err(wrong)?
        }
        None => builder.with_no_client_auth(),
    };
    Ok(Some(TlsConnector::from(Arc::new(client))))
}

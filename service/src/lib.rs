//! What every program of ours does around its work: configuration with origins, logs, metrics, traces, HTTPS, signals,
//! systemd.
//!
//! No part of what the programs are for lives here.

pub mod config;
pub mod http;
pub mod logs;
pub mod metrics;
pub mod signals;
pub mod systemd;
pub mod telemetry;
mod tls;
pub mod trace;

pub use tls::{ClientCertificate, TlsFiles};

/// Chooses the TLS provider. Several end up in the tree; every program says once which one serves.
pub fn choose_tls_provider() {
    // A second call finds the first one's choice.
    let _ = rustls::crypto::ring::default_provider().install_default();
}

/// Whether an address is this machine's own: only there may keys and citizens' words travel without TLS.
#[must_use]
pub fn is_loopback(url: &url::Url) -> bool {
    let Some(host) = url.host_str() else { return false };
    let address = host.trim_start_matches('[').trim_end_matches(']');
    host == "localhost" || address.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
}

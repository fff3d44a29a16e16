//! What is configured of the telephone's signalling: where it listens, with which trunks, for which desk phones.
//!
//! The defaults make a laptop work: UDP and TCP on the loopback, where local soft phones may call without a password, and
//! no trunk. Secrets are never in the configuration itself, but in files that it names.

use std::net::SocketAddr;
use std::time::Duration;

use camino::Utf8PathBuf;
use ipnet::IpNet;
use serde::{Deserialize, Serialize};

use crate::Transport;

/// Everything that can be set of signalling.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SipConfig {
    /// Where it listens.
    pub listeners: Vec<Listener>,
    /// The name in `From` of calls that we make, and the realm of our challenges.
    pub domain: String,
    /// What `User-Agent` and `Server` say.
    pub user_agent: String,
    /// Whether whoever calls from this very machine is let in without a password.
    pub loopback_callers: bool,
    /// By which algorithms callers may prove who they are (RFC 8760), the preferred first. Old telephones give up at a challenge
    /// that names one they do not know; for them `["md5"]` alone.
    pub digest: Vec<DigestAlgorithm>,
    /// Trunks and neighbouring exchanges, in the order in which calls go out.
    pub peers: Vec<PeerConfig>,
    /// Desk phones that register here.
    pub extensions: Vec<ExtensionConfig>,
    /// Whether it is known to trunks and desk phones only while [`crate::Endpoint::on_duty`] says so: one server of several.
    #[serde(skip)]
    pub stands_by: bool,
    /// Calls at one time, both ways together. Those beyond come as [`crate::Invitation::full`].
    pub max_calls: usize,
    /// How many calls beyond `max_calls` may hear "all busy"; whoever comes after them is refused with 503.
    pub overflow_calls: usize,
    /// What `Retry-After` says to whoever is refused for want of room, in seconds.
    pub retry_after_seconds: u32,
    /// For how long a session holds without a refresh (RFC 4028), in seconds; 0 asks for none.
    pub session_expires_seconds: u32,
    /// The shortest such time that we take from others, in seconds.
    pub min_session_seconds: u32,
    /// For how long a caller may be kept between the invitation and its answer, in seconds.
    pub answer_within_seconds: u32,
    /// For how long a next peer is waited with when the last one does not even say 100, in milliseconds.
    pub failover_milliseconds: u64,
    /// The protocol's own waits.
    pub timers: TimersConfig,
    /// Authorities by which the certificates of TLS peers are judged (PEM). Without it no outgoing TLS connection succeeds.
    pub authorities: Option<Utf8PathBuf>,
    /// Connections at one time over TCP and TLS.
    pub max_connections: usize,
    /// Connections at one time from one address.
    pub max_connections_per_address: usize,
    /// For how long a connection or a TLS handshake may take, in seconds.
    pub handshake_seconds: u64,
    /// After how long a connection without a message is closed, in seconds.
    pub idle_seconds: u64,
}

impl Default for SipConfig {
    fn default() -> Self {
        let address = SocketAddr::from(([127, 0, 0, 1], 5060));
        Self {
            listeners: vec![Listener::new(Transport::Udp, address), Listener::new(Transport::Tcp, address)],
            domain: "sfetnic.invalid".into(),
            user_agent: concat!("Sfetnic/", env!("CARGO_PKG_VERSION")).into(),
            loopback_callers: true,
            digest: vec![DigestAlgorithm::Sha256, DigestAlgorithm::Md5],
            peers: Vec::new(),
            extensions: Vec::new(),
            stands_by: false,
            max_calls: 500,
            overflow_calls: 50,
            retry_after_seconds: 30,
            session_expires_seconds: 1800,
            min_session_seconds: 90,
            answer_within_seconds: 180,
            failover_milliseconds: 4000,
            timers: TimersConfig::default(),
            authorities: None,
            max_connections: 1024,
            max_connections_per_address: 128,
            handshake_seconds: 5,
            idle_seconds: 600,
        }
    }
}

/// One place where SIP is listened for.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Listener {
    /// Over what.
    pub transport: Transport,
    /// Where; port 0 takes any that is free.
    pub address: SocketAddr,
    /// The host, or host and port, under which others reach it, where that is not `address` (behind NAT).
    #[serde(default)]
    pub advertised: Option<String>,
    /// The certificate chain (PEM), for TLS. It is shown to servers as well when we are the client.
    #[serde(default)]
    pub certificate: Option<Utf8PathBuf>,
    /// Its private key (PEM).
    #[serde(default)]
    pub key: Option<Utf8PathBuf>,
    /// Authorities (PEM) one of which must have signed the certificate of whoever connects.
    #[serde(default)]
    pub client_ca: Option<Utf8PathBuf>,
}

impl Listener {
    /// A listener without TLS and without NAT.
    pub fn new(transport: Transport, address: SocketAddr) -> Self {
        Self { transport, address, advertised: None, certificate: None, key: None, client_ca: None }
    }
}

/// How a password is proved without being told (RFC 7616).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum DigestAlgorithm {
    /// SHA-256.
    #[serde(rename = "sha-256")]
    Sha256,
    /// MD5, which all telephones know.
    Md5,
}

/// What the media of a peer's calls must be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SecureMedia {
    /// Plain RTP.
    #[default]
    Off,
    /// SRTP where the other side can.
    Offered,
    /// SRTP or no call.
    Required,
}

/// A trunk, or another exchange.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PeerConfig {
    /// What logs and metrics call it.
    pub name: String,
    /// Where calls go out, the best first: `sip:host;transport=tls` (found by SRV) or `sip:host:port`.
    pub targets: Vec<String>,
    /// From which networks it calls, besides its targets' addresses.
    pub allow: Vec<IpNet>,
    /// Our name with it.
    pub user: Option<String>,
    /// The file that holds our password with it.
    pub password_file: Option<Utf8PathBuf>,
    /// The domain of the addresses with it, where it is not the host of the first target.
    pub domain: Option<String>,
    /// Whether we register with it.
    pub register: bool,
    /// For how long, in seconds.
    pub expires_seconds: u32,
    /// Whether its calls must carry our password (digest), besides coming from its addresses.
    pub authenticate: bool,
    /// Whether the identities that it asserts are believed (RFC 3325) and ours are told to it.
    pub trusted: bool,
    /// How often it is asked whether it lives (OPTIONS), in seconds; 0 never asks.
    pub probe_seconds: u32,
    /// Its calls at one time; 0 sets no limit of its own.
    pub max_calls: usize,
    /// Its new calls within a second; 0 sets no limit of its own.
    pub calls_per_second: u32,
    /// What its media must be.
    pub secure_media: SecureMedia,
    /// Whether calls to numbers may go out by it.
    pub outbound: bool,
}

impl Default for PeerConfig {
    fn default() -> Self {
        Self {
            name: String::new(),
            targets: Vec::new(),
            allow: Vec::new(),
            user: None,
            password_file: None,
            domain: None,
            register: false,
            expires_seconds: 600,
            authenticate: false,
            trusted: false,
            probe_seconds: 30,
            max_calls: 0,
            calls_per_second: 0,
            secure_media: SecureMedia::Off,
            outbound: true,
        }
    }
}

/// A desk phone that may register and call.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ExtensionConfig {
    /// Its name and number here.
    pub user: String,
    /// The file that holds its password.
    pub password_file: Utf8PathBuf,
    /// Who is shown to be calling, where it is not the number.
    pub display: Option<String>,
    /// What its media must be.
    pub secure_media: SecureMedia,
}

/// The waits that RFC 3261 names, in milliseconds. Shorter ones are for tests and for networks of one room.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TimersConfig {
    /// The round trip that is reckoned with.
    pub t1_milliseconds: u64,
    /// The longest pause between two retransmissions.
    pub t2_milliseconds: u64,
    /// For how long a message may wander in the network.
    pub t4_milliseconds: u64,
}

impl Default for TimersConfig {
    fn default() -> Self {
        Self { t1_milliseconds: 500, t2_milliseconds: 4000, t4_milliseconds: 5000 }
    }
}

/// The same as durations, with what is derived from them.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Timers {
    pub(crate) t1: Duration,
    pub(crate) t2: Duration,
    pub(crate) t4: Duration,
}

impl Timers {
    /// 64·T1: when a transaction is given up.
    pub(crate) fn give_up(&self) -> Duration {
        self.t1 * 64
    }

    /// Timer C, 3 minutes at the usual T1: for how long a final response is waited for after a provisional one.
    pub(crate) fn proceeding(&self) -> Duration {
        self.t1 * 360
    }
}

impl From<TimersConfig> for Timers {
    fn from(config: TimersConfig) -> Self {
        Self {
            t1: Duration::from_millis(config.t1_milliseconds.max(1)),
            t2: Duration::from_millis(config.t2_milliseconds.max(1)),
            t4: Duration::from_millis(config.t4_milliseconds.max(1)),
        }
    }
}

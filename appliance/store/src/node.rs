//! From our configuration to a running hiqlite node.

use hiqlite::tls::{ServerTlsConfig, ServerTlsConfigCerts};
use hiqlite::{Client, LogSync, Node, NodeConfig, SnapshotPolicy};

use crate::config::{ClusterTls, FILE_NAME, StoreConfig};
use crate::error::{StoreError, StoreResult};
use crate::secrets;

/// A file of the log. An entry that does not fit into one would stop the log's writer: see [`MAX_ENTRY_BYTES`].
const LOG_FILE_BYTES: u32 = 2 * 1024 * 1024;

/// The largest transaction, with room for what the log adds.
pub(crate) const MAX_ENTRY_BYTES: usize = LOG_FILE_BYTES as usize / 2;

/// Starts the node; returns once somebody leads.
pub(crate) async fn start(config: &StoreConfig) -> StoreResult<Client> {
    let node = node_config(config)?;
    Box::pin(hiqlite::start_node(node)).await.map_err(StoreError::Start)
}

fn node_config(config: &StoreConfig) -> StoreResult<NodeConfig> {
    let folder = &config.folder;
    std::fs::create_dir_all(folder).map_err(|source| StoreError::Prepare { path: folder.clone(), source })?;
    let secret = |given: &Option<camino::Utf8PathBuf>, name: &str| match given {
        Some(path) => StoreConfig::read_secret(path),
        None => secrets::read_or_make(&folder.join(name)),
    };
    let secret_raft = secret(&config.raft_secret, "raft.secret")?;
    let secret_api = secret(&config.api_secret, "api.secret")?;
    let nodes = if config.peers.is_empty() {
        let (raft, api) = secrets::loopback_ports(&folder.join("ports"))?;
        vec![Node { id: 1, addr_raft: format!("127.0.0.1:{raft}"), addr_api: format!("127.0.0.1:{api}") }]
    } else {
        let node =
            |peer: &crate::config::Peer| Node { id: peer.id, addr_raft: peer.raft.clone(), addr_api: peer.api.clone() };
        config.peers.iter().map(node).collect()
    };
    let listen = config
        .listen
        .clone()
        .unwrap_or_else(|| if config.peers.is_empty() { "127.0.0.1" } else { "0.0.0.0" }.to_owned());
    let tls = tls(&config.tls);

    let entries = config.entries_per_snapshot();
    let mut raft = NodeConfig::default_raft_config(entries);
    raft.cluster_name = "sfetnic".to_owned();
    raft.heartbeat_interval = config.heartbeat_millis;
    raft.election_timeout_min = config.election_millis();
    raft.election_timeout_max = config.election_millis() + 10;
    raft.snapshot_policy = SnapshotPolicy::LogsSinceLast(entries);

    Ok(NodeConfig {
        node_id: if config.peers.is_empty() { 1 } else { config.node },
        nodes,
        listen_addr_api: listen.clone().into(),
        listen_addr_raft: listen.into(),
        data_dir: folder.to_string().into(),
        filename_db: FILE_NAME.into(),
        read_pool_size: config.readers,
        // An acknowledged write is on the disk.
        wal_sync: LogSync::Immediate,
        wal_size: LOG_FILE_BYTES,
        raft_config: raft,
        tls_raft: tls.clone(),
        tls_api: tls,
        secret_raft,
        secret_api,
        ..NodeConfig::default()
    })
}

fn tls(tls: &ClusterTls) -> Option<ServerTlsConfig> {
    match tls {
        ClusterTls::Off => None,
        ClusterTls::SelfSigned => Some(ServerTlsConfig::TlsAutoCertificates),
        ClusterTls::Files { certificate, key, verify } => Some(ServerTlsConfig::Specific(ServerTlsConfigCerts {
            key: key.to_string().into(),
            cert: certificate.to_string().into(),
            danger_tls_no_verify: !verify,
        })),
    }
}

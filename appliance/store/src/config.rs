//! How the database is set up: one node that needs nothing, or several that know each other.

use std::time::Duration;

use camino::Utf8PathBuf;
use serde::{Deserialize, Serialize};

use crate::error::{StoreError, StoreResult};

/// One server of a cluster.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Peer {
    /// Its number, from 1; one of them is 1.
    pub id: u64,
    /// Where the others replicate to it: `10.0.0.1:8100`.
    pub raft: String,
    /// Where the others forward writes to it: `10.0.0.1:8200`.
    pub api: String,
}

/// How servers of a cluster encrypt what they say to each other. They also prove that they know the secrets.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(tag = "mode", rename_all = "kebab-case", deny_unknown_fields)]
pub enum ClusterTls {
    /// Not at all: one server, or a network that encrypts by itself.
    #[default]
    Off,
    /// With certificates that each server makes for itself; the secrets alone prove who speaks.
    SelfSigned,
    /// With certificates from files.
    Files {
        /// The certificate chain, PEM.
        certificate: Utf8PathBuf,
        /// Its key, PEM.
        key: Utf8PathBuf,
        /// Whether the others' certificates are checked against the system's authorities.
        #[serde(default = "yes")]
        verify: bool,
    },
}

fn yes() -> bool {
    true
}

/// The database of one server. The default is a single node in `data/database`, on the loopback, with secrets of its own.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct StoreConfig {
    /// Where everything is kept.
    pub folder: Utf8PathBuf,
    /// This server's number among `peers`.
    pub node: u64,
    /// Every server of the cluster, this one too; empty: a single node.
    pub peers: Vec<Peer>,
    /// The address to listen on; unless given, the loopback on a single node and every interface in a cluster.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub listen: Option<String>,
    /// How the servers encrypt what they say to each other.
    pub tls: ClusterTls,
    /// File with the secret of replication; a single node makes its own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub raft_secret: Option<Utf8PathBuf>,
    /// File with the secret of forwarded writes; a single node makes its own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub api_secret: Option<Utf8PathBuf>,
    /// How often a leader says that it is there.
    pub heartbeat_millis: u64,
    /// How long the first of the servers waits to stand for election once the leader's lease is over; each further one
    /// waits longer, up to the next value, so that two never stand at the same time again and again.
    pub election_min_millis: u64,
    /// See `election_min_millis`.
    pub election_max_millis: u64,
    /// After so many entries of the log the database is written out whole and the log before it dropped. More: a longer
    /// restart after a crash. Fewer: more often a pause of all writes while it is written out. Unless given, it follows from
    /// the size of the database at start: 2,000 while it is small, up to 20,000.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub snapshot_after: Option<u64>,
    /// How many questions are answered at once.
    pub readers: usize,
    /// How long a write is repeated while nobody acknowledges it.
    pub write_timeout_millis: u64,
}

impl Default for StoreConfig {
    fn default() -> Self {
        Self {
            folder: Utf8PathBuf::from("data/database"),
            node: 1,
            peers: Vec::new(),
            listen: None,
            tls: ClusterTls::Off,
            raft_secret: None,
            api_secret: None,
            heartbeat_millis: 100,
            election_min_millis: 300,
            election_max_millis: 700,
            snapshot_after: None,
            readers: 4,
            write_timeout_millis: 10_000,
        }
    }
}

impl StoreConfig {
    /// A single node in `folder`.
    #[must_use]
    pub fn single(folder: impl Into<Utf8PathBuf>) -> Self {
        Self { folder: folder.into(), ..Self::default() }
    }

    /// Whether there are several servers.
    #[must_use]
    pub fn is_cluster(&self) -> bool {
        self.peers.len() > 1
    }

    pub(crate) fn write_timeout(&self) -> Duration {
        Duration::from_millis(self.write_timeout_millis)
    }

    /// Checks what can be told without starting.
    ///
    /// # Errors
    /// [`StoreError::Config`] says what is wrong.
    pub fn check(&self) -> Result<(), StoreError> {
        let wrong = |text: &str| Err(StoreError::Config(text.to_owned()));
        if !self.peers.is_empty() {
            let ids: std::collections::BTreeSet<u64> = self.peers.iter().map(|peer| peer.id).collect();
            if ids.len() != self.peers.len() || !ids.contains(&1) || ids.contains(&0) {
                return wrong("`peers` need different ids from 1, one of them 1");
            }
            if !ids.contains(&self.node) {
                return wrong("`node` is not among `peers`");
            }
        }
        if self.is_cluster() && (self.raft_secret.is_none() || self.api_secret.is_none()) {
            return wrong("a cluster needs `raft_secret` and `api_secret`, the same on every server");
        }
        if self.peers.len() == 2 {
            return wrong("two servers cannot outvote a third that is missing: use one or three");
        }
        if self.heartbeat_millis == 0
            || self.election_min_millis <= self.heartbeat_millis
            || self.election_max_millis <= self.election_min_millis
        {
            return wrong("`heartbeat_millis` < `election_min_millis` < `election_max_millis` must hold");
        }
        if self.readers == 0 || self.snapshot_after == Some(0) {
            return wrong("`readers` and `snapshot_after` must be at least 1");
        }
        Ok(())
    }

    /// How many log entries make a snapshot: in the time in which these are applied again, a database of this size is read
    /// back about once.
    pub(crate) fn entries_per_snapshot(&self) -> u64 {
        let megabytes = std::fs::metadata(self.database_file()).map_or(0, |file| file.len() / 1_000_000);
        self.snapshot_after.unwrap_or_else(|| (megabytes * 40).clamp(2_000, 20_000))
    }

    /// How long this server waits to stand for election. The Raft library draws it at random, but once for all, and two
    /// servers that drew nearly the same would split every vote.
    pub(crate) fn election_millis(&self) -> u64 {
        let before = self.peers.iter().filter(|peer| peer.id < self.node).count() as u64;
        let steps = (self.peers.len() as u64).saturating_sub(1).max(1);
        self.election_min_millis + (self.election_max_millis - self.election_min_millis) * before / steps
    }

    pub(crate) fn database_file(&self) -> Utf8PathBuf {
        self.folder.join("state_machine/db").join(FILE_NAME)
    }

    pub(crate) fn read_secret(path: &Utf8PathBuf) -> StoreResult<String> {
        let text = std::fs::read_to_string(path)
            .map_err(|source| StoreError::Secret { path: path.clone(), source })?
            .trim()
            .to_owned();
        if text.len() < 16 {
            return Err(StoreError::Config(format!("the secret in `{path}` is shorter than 16 characters")));
        }
        Ok(text)
    }
}

/// The database file's name in its folder.
pub(crate) const FILE_NAME: &str = "store.db";

#[cfg(test)]
mod tests {
    use super::*;

    fn peer(id: u64) -> Peer {
        Peer { id, raft: format!("10.0.0.{id}:8100"), api: format!("10.0.0.{id}:8200") }
    }

    #[test]
    fn the_default_needs_nothing() {
        assert!(StoreConfig::default().check().is_ok());
    }

    #[test]
    fn a_cluster_without_secrets_or_with_two_servers_is_refused() {
        let mut config = StoreConfig { peers: vec![peer(1), peer(2), peer(3)], ..StoreConfig::default() };
        assert!(config.check().is_err());
        config.raft_secret = Some("raft".into());
        config.api_secret = Some("api".into());
        assert!(config.check().is_ok());
        config.peers.pop();
        assert!(config.check().is_err());
    }

    #[test]
    fn servers_stand_for_election_one_after_the_other() {
        let peers = vec![peer(1), peer(2), peer(3)];
        let wait = |node| StoreConfig { node, peers: peers.clone(), ..StoreConfig::default() }.election_millis();
        assert_eq!([wait(1), wait(2), wait(3)], [300, 500, 700]);
        assert_eq!(StoreConfig::default().election_millis(), 300);
    }

    #[test]
    fn a_node_that_is_not_among_the_peers_is_refused() {
        let config = StoreConfig {
            node: 7,
            peers: vec![peer(1), peer(2), peer(3)],
            raft_secret: Some("raft".into()),
            api_secret: Some("api".into()),
            ..StoreConfig::default()
        };
        assert!(config.check().is_err());
    }
}

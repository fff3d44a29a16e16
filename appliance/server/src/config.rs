//! Configuration: one TOML file plus `SFETNIC_…` variables, every key with a default that makes a laptop work.

use std::net::SocketAddr;

use blobs::BlobsConfig;
use camino::{Utf8Path, Utf8PathBuf};
use desk::clock::Term;
use desk::department::Departments;
use desk::registry::Block;
use desk::watchdog::WatchdogPolicy;
use serde::{Deserialize, Serialize};
use service::TlsFiles;
use service::config::Places;
use service::logs::LogFormat;
use service::telemetry::TelemetryConfig;
use store::StoreConfig;

pub(crate) use service::config::{ConfigError, render};

/// Where the configuration is looked for.
const PLACES: Places = Places {
    prefix: "SFETNIC_",
    files: &["sfetnic.toml", "/etc/sfetnic/appliance.toml"],
    // The inference node's, which is often set up in the same shell.
    others: &["NODE_"],
};

/// The configuration with its origins.
pub(crate) type Loaded = service::config::Loaded<Config>;

/// Reads the configuration and checks what no single key shows.
///
/// # Errors
/// See [`ConfigError`].
pub(crate) fn load(file: Option<&Utf8Path>) -> Result<Loaded, ConfigError> {
    service::config::load::<Config>(file, PLACES)?.try_map(|config| {
        let config = config.placed();
        config.check()?;
        Ok(config)
    })
}

/// Everything that can be set.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Config {
    /// Where the program keeps what it must not lose.
    pub data: DataConfig,
    /// Where it listens.
    pub http: HttpConfig,
    /// The replicated database.
    pub store: StoreConfig,
    /// Attachments and other bytes.
    pub blobs: BlobsConfig,
    /// The knowledge base.
    pub knowledge: KnowledgeConfig,
    /// How questions are answered.
    pub answers: answers::AnswersConfig,
    /// The inference nodes, which speak and hear.
    pub inference: gateway::InferenceConfig,
    /// The citizens' chat.
    pub chat: chat::ChatConfig,
    /// The telephone.
    pub phone: phone::PhoneConfig,
    /// The operators' console.
    pub console: ConsoleConfig,
    /// The departments to which conversations and cases go.
    pub departments: Departments,
    /// What must stay secret.
    pub secrets: SecretsConfig,
    /// When the watchdog steps in.
    pub watchdog: WatchdogPolicy,
    /// Legal terms that replace or join the built-in ones, by `id`.
    pub terms: Vec<Term>,
    /// Working days and holidays.
    pub calendar: desk::calendar::Calendar,
    /// Where registered cases get their numbers.
    pub registry: RegistryConfig,
    /// Backups.
    pub backup: BackupConfig,
    /// Logs.
    pub log: LogConfig,
    /// Metrics.
    pub metrics: MetricsConfig,
    /// The export of spans.
    pub telemetry: TelemetryConfig,
    /// The admin socket.
    pub admin: AdminConfig,
}

/// Where the program keeps what it must not lose.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct DataConfig {
    /// The folder. By default systemd's state folder, else `sfetnic` in the user's data folder.
    pub folder: Utf8PathBuf,
}

impl Default for DataConfig {
    fn default() -> Self {
        Self { folder: service::config::data_folder("sfetnic") }
    }
}

/// Where the program listens.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct HttpConfig {
    /// Address and port. Plain HTTP is served on the loopback only; any other address needs `tls`.
    pub listen: SocketAddr,
    /// The certificate; without it plain HTTP.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tls: Option<TlsFiles>,
    /// The address that citizens type, where it differs from `listen` (behind a proxy).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub public_url: Option<String>,
    /// How long a graceful stop waits for requests under way, in seconds.
    pub stop_seconds: u64,
}

impl Default for HttpConfig {
    fn default() -> Self {
        Self { listen: SocketAddr::from(([127, 0, 0, 1], 8080)), tls: None, public_url: None, stop_seconds: 10 }
    }
}

/// The knowledge base.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct KnowledgeConfig {
    /// Whether an empty knowledge base is filled with the starter pack.
    pub starter_pack: bool,
}

impl Default for KnowledgeConfig {
    fn default() -> Self {
        Self { starter_pack: true }
    }
}

/// The operators' console.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct ConsoleConfig {
    /// A session ends when unused for so many minutes.
    pub idle_minutes: u64,
    /// A session ends so many hours after the sign-in, used or not.
    pub session_hours: u64,
    /// The first administrator's user name.
    pub first_administrator: String,
}

impl Default for ConsoleConfig {
    fn default() -> Self {
        Self { idle_minutes: 30, session_hours: 10, first_administrator: "admin".to_owned() }
    }
}

/// What must stay secret: names of files, never the secrets themselves.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct SecretsConfig {
    /// The file with the key from which those of attachments and of citizens' links are derived; by default `master.key` in
    /// the data folder, made at the first start. The servers of a cluster share one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub master_key: Option<Utf8PathBuf>,
}

/// Where registered cases get their numbers.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct RegistryConfig {
    /// The block of numbers.
    pub block: Block,
}

impl Default for RegistryConfig {
    fn default() -> Self {
        Self { block: Block { name: "R".to_owned(), first: 1, last: 999_999 } }
    }
}

/// Backups.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct BackupConfig {
    /// The file with the key that backups are encrypted with; by default `backup.key` in the data folder, made when first
    /// needed. Keep a copy elsewhere: without it no backup can be read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key_file: Option<Utf8PathBuf>,
}

/// Logs.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct LogConfig {
    /// Which events: `info`, `warn`, `chat=debug,info`…
    pub filter: String,
    /// How they are written.
    pub format: LogFormat,
}

impl Default for LogConfig {
    fn default() -> Self {
        Self {
            filter: "info,hiqlite=warn,hiqlite::store::state_machine=error,openraft=warn,tantivy=warn".to_owned(),
            format: LogFormat::Auto,
        }
    }
}

/// Metrics.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct MetricsConfig {
    /// Where Prometheus fetches `/metrics`; `/healthz` and `/readyz` are there too.
    pub listen: SocketAddr,
}

impl Default for MetricsConfig {
    fn default() -> Self {
        Self { listen: SocketAddr::from(([127, 0, 0, 1], 9464)) }
    }
}

/// The admin socket, through which the sub-commands reach the running server.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct AdminConfig {
    /// The socket; by default `admin.sock` in systemd's runtime folder, else in the data folder.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub socket: Option<Utf8PathBuf>,
    /// Unix user ids that may use it beside root and the server's own.
    pub users: Vec<u32>,
}

impl Config {
    /// With what is not placed by itself in the data folder.
    #[must_use]
    pub(crate) fn placed(mut self) -> Self {
        let folder = &self.data.folder;
        if self.store.folder == StoreConfig::default().folder {
            self.store.folder = folder.join("database");
        }
        if self.blobs.folder == BlobsConfig::default().folder {
            self.blobs.folder = folder.join("blobs");
        }
        self
    }

    /// The same, with everything that a server keeps in files in another folder.
    #[must_use]
    pub(crate) fn moved_to(mut self, folder: Utf8PathBuf) -> Self {
        self.store.folder = folder.join("database");
        self.blobs.folder = folder.join("blobs");
        self.data.folder = folder;
        self
    }

    /// The legal terms in force: the built-in ones, with those of the configuration in their place or beside them.
    #[must_use]
    pub(crate) fn terms_in_force(&self) -> desk::clock::Terms {
        let mut terms = desk::clock::Terms { calendar: self.calendar.clone(), ..desk::clock::Terms::default() };
        for term in &self.terms {
            match terms.terms.iter_mut().find(|known| known.id == term.id) {
                Some(known) => known.clone_from(term),
                None => terms.terms.push(term.clone()),
            }
        }
        terms
    }

    /// Where the admin socket is.
    #[must_use]
    pub(crate) fn admin_socket(&self) -> Utf8PathBuf {
        self.admin.socket.clone().unwrap_or_else(|| {
            let runtime = service::config::variable("RUNTIME_DIRECTORY");
            runtime.map_or_else(|| self.data.folder.clone(), Utf8PathBuf::from).join("admin.sock")
        })
    }

    /// Where the master key is.
    #[must_use]
    pub(crate) fn master_key(&self) -> Utf8PathBuf {
        self.secrets.master_key.clone().unwrap_or_else(|| self.data.folder.join("master.key"))
    }

    /// Where the key of the backups is.
    #[must_use]
    pub(crate) fn backup_key(&self) -> Utf8PathBuf {
        self.backup.key_file.clone().unwrap_or_else(|| self.data.folder.join("backup.key"))
    }

    /// Checks what no single key shows.
    ///
    /// # Errors
    /// Says which keys do not fit together, and how to mend it.
    pub(crate) fn check(&self) -> Result<(), ConfigError> {
        if self.http.tls.is_none() && !self.http.listen.ip().is_loopback() {
            return Err(ConfigError::Contradiction(format!(
                "http.listen is {}, which others can reach, but http.tls is not set; set http.tls.certificate and \
                 http.tls.key, or listen on 127.0.0.1",
                self.http.listen
            )));
        }
        if self.store.is_cluster() && self.secrets.master_key.is_none() {
            return Err(ConfigError::Contradiction(
                "a cluster needs secrets.master_key, the same file on every server".to_owned(),
            ));
        }
        if self.registry.block.first > self.registry.block.last {
            return Err(ConfigError::Contradiction(
                "registry.block: `first` must not be greater than `last`".to_owned(),
            ));
        }
        self.inference.check().map_err(ConfigError::Contradiction)?;
        self.telemetry.check().map_err(ConfigError::Contradiction)?;
        if !(1..=100).contains(&self.watchdog.clock_percent) {
            return Err(ConfigError::Contradiction("watchdog.clock_percent must be from 1 to 100".to_owned()));
        }
        Ok(())
    }
}

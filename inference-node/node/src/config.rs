//! Configuration of a node: one TOML file plus `SFETNIC_NODE_…` variables, every key with a default that makes a laptop work.

use std::net::SocketAddr;

use camino::{Utf8Path, Utf8PathBuf};
use serde::{Deserialize, Serialize};
use service::TlsFiles;
use service::config::{ConfigError, Places};
use service::logs::LogFormat;
use service::telemetry::TelemetryConfig;

/// Where the configuration is looked for.
pub(crate) const PLACES: Places = Places {
    prefix: "SFETNIC_NODE_",
    files: &["inference-node.toml", "/etc/sfetnic/inference-node.toml"],
    others: &[],
};

/// The configuration with its origins.
pub(crate) type Loaded = service::config::Loaded<Config>;

/// Everything that can be set.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Config {
    /// What the node is called in the cluster.
    pub(crate) node: NodeConfig,
    /// Where it keeps its models.
    pub(crate) data: DataConfig,
    /// Where it listens.
    pub(crate) http: HttpConfig,
    /// Who may use it.
    pub(crate) access: AccessConfig,
    /// Which models it serves, and how.
    pub(crate) models: ModelsConfig,
    /// How requests are admitted.
    pub(crate) admission: AdmissionConfig,
    /// The GPUs.
    pub(crate) gpu: GpuConfig,
    /// Logs.
    pub(crate) log: LogConfig,
    /// The export of spans.
    pub(crate) telemetry: TelemetryConfig,
}

/// What the node is called in the cluster.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct NodeConfig {
    /// Its name; by default the machine's.
    pub(crate) name: String,
}

impl Default for NodeConfig {
    fn default() -> Self {
        let name = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
        let name = name.trim();
        Self { name: if name.is_empty() { "node".to_owned() } else { name.to_owned() } }
    }
}

/// Where the node keeps its models.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct DataConfig {
    /// The folder. By default systemd's state folder, else `inference-node` in the user's data folder.
    pub(crate) folder: Utf8PathBuf,
}

impl Default for DataConfig {
    fn default() -> Self {
        Self { folder: service::config::data_folder("inference-node") }
    }
}

/// Where the node listens.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct HttpConfig {
    /// Address and port. Plain HTTP is served on the loopback only; any other address needs `tls` with
    /// `client_authorities`.
    pub(crate) listen: SocketAddr,
    /// The certificate, its key, and the authorities of the clients' certificates; without it plain HTTP.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) tls: Option<TlsFiles>,
    /// The largest request, in bytes; recordings are large.
    pub(crate) largest_request_bytes: usize,
    /// How long a graceful stop waits for requests under way, in seconds.
    pub(crate) stop_seconds: u64,
}

impl Default for HttpConfig {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 8090)),
            tls: None,
            largest_request_bytes: 64 << 20,
            stop_seconds: 10,
        }
    }
}

/// Who may use the node.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct AccessConfig {
    /// The file with the API keys, one a line; by default `api-key` in the data folder, made with one key at the first
    /// start.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) key_file: Option<Utf8PathBuf>,
}

/// Which models the node serves, and how.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct ModelsConfig {
    /// The models loaded at the start; `*` means all. Others wait until they are asked for by `POST /v1/models/ID/load`.
    pub(crate) load: Vec<String>,
    /// Threads for each computation on the processor; 0 means half of them.
    pub(crate) threads: u32,
    /// The longest recording that is transcribed at once, in seconds.
    pub(crate) longest_recording_seconds: u32,
    /// Public keys (minisign) whose bundles are trusted: the keys themselves or files that hold one.
    pub(crate) trusted_keys: Vec<String>,
}

impl Default for ModelsConfig {
    fn default() -> Self {
        Self { load: vec!["*".to_owned()], threads: 0, longest_recording_seconds: 1800, trusted_keys: Vec::new() }
    }
}

impl ModelsConfig {
    /// Whether a model is loaded at the start.
    pub(crate) fn loads(&self, id: &str) -> bool {
        self.load.iter().any(|name| name == "*" || name == id)
    }

    /// Threads for each computation on the processor.
    pub(crate) fn threads(&self) -> u32 {
        let all = std::thread::available_parallelism().map_or(1, |threads| u32::try_from(threads.get()).unwrap_or(1));
        if self.threads == 0 { all.div_ceil(2) } else { self.threads }
    }
}

/// How requests are admitted.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct AdmissionConfig {
    /// Requests that may wait for each model; others are refused with 429.
    pub(crate) queue: usize,
    /// How long a request without a deadline of its own may wait, in seconds.
    pub(crate) longest_wait_seconds: u64,
}

impl Default for AdmissionConfig {
    fn default() -> Self {
        Self { queue: 64, longest_wait_seconds: 30 }
    }
}

/// The GPUs.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct GpuConfig {
    /// A recorded story instead of the driver's telemetry, for rehearsals: see `inference-node gpu --help`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) telemetry: Option<Utf8PathBuf>,
    /// A table of verdicts that replaces the built-in one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) policy: Option<Utf8PathBuf>,
}

/// Logs.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct LogConfig {
    /// Which events: `info`, `warn`, `engines=debug,info`…
    pub(crate) filter: String,
    /// How they are written.
    pub(crate) format: LogFormat,
}

impl Default for LogConfig {
    fn default() -> Self {
        Self {
            filter: "info,mistralrs_core=warn,mistralrs_core::engine=off,mistralrs_quant=warn,ort=warn,whisper_rs=warn"
                .to_owned(),
            format: LogFormat::Auto,
        }
    }
}

impl Config {
    /// Where the API keys are.
    pub(crate) fn key_file(&self) -> Utf8PathBuf {
        self.access.key_file.clone().unwrap_or_else(|| self.data.folder.join("api-key"))
    }

    /// Where the models are.
    pub(crate) fn store_folder(&self) -> Utf8PathBuf {
        self.data.folder.join("models")
    }

    fn check(&self) -> Result<(), ConfigError> {
        let mutual = self.http.tls.as_ref().is_some_and(|tls| tls.client_authorities.is_some());
        if !self.http.listen.ip().is_loopback() && !mutual {
            return Err(ConfigError::Contradiction(format!(
                "http.listen is {}, which others can reach: set http.tls.certificate, http.tls.key and \
                 http.tls.client_authorities, or listen on 127.0.0.1",
                self.http.listen
            )));
        }
        if self.admission.longest_wait_seconds == 0 {
            return Err(ConfigError::Contradiction("admission.longest_wait_seconds must be at least 1".to_owned()));
        }
        self.telemetry.check().map_err(ConfigError::Contradiction)
    }
}

/// Reads the configuration and checks what no single key shows.
///
/// # Errors
/// See [`ConfigError`].
pub(crate) fn load(file: Option<&Utf8Path>) -> Result<Loaded, ConfigError> {
    service::config::load::<Config>(file, PLACES)?.try_map(|config| {
        config.check()?;
        Ok(config)
    })
}

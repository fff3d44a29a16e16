//! Reads the configuration from its file and the environment, and remembers where each value came from.

use std::net::SocketAddr;

use camino::{Utf8Path, Utf8PathBuf};
use figment::Figment;
use figment::providers::{Env, Format, Serialized, Toml};

use super::Config;

/// Prefix of the variables; levels are joined by two underscores: `SFETNIC_HTTP__LISTEN`.
const PREFIX: &str = "SFETNIC_";
/// Where the file is looked for when none is named.
const PLACES: [&str; 2] = ["sfetnic.toml", "/etc/sfetnic/appliance.toml"];

/// The origin of what nobody set.
const DEFAULT: &str = "default";

/// Why the configuration cannot be used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ConfigError {
    /// The named file is not there.
    #[error("configuration file `{0}` does not exist")]
    Missing(Utf8PathBuf),
    /// A key is unknown or a value of the wrong kind.
    #[error("the configuration cannot be used: {0}")]
    Wrong(Box<figment::Error>),
    /// Plain HTTP beyond the loopback.
    #[error(
        "http.listen is {listen}, which others can reach, but http.tls is not set; set http.tls.certificate and http.tls.key, or listen on 127.0.0.1"
    )]
    PlainHttp {
        /// The address.
        listen: SocketAddr,
    },
    /// Keys that do not fit together.
    #[error("the configuration contradicts itself: {0}")]
    Contradiction(String),
}

/// The configuration with its origins.
pub(crate) struct Loaded {
    /// What is in force.
    pub config: Config,
    /// Where it came from.
    figment: Figment,
}

impl Loaded {
    /// Where the value of `key` (`http.listen`) came from.
    #[must_use]
    pub(crate) fn origin(&self, key: &str) -> String {
        let Some(metadata) = self.figment.find_metadata(key) else { return DEFAULT.to_owned() };
        match &metadata.source {
            Some(figment::Source::File(path)) => path.display().to_string(),
            _ if metadata.name.contains("environment") => format!("{PREFIX}{}", key.to_uppercase().replace('.', "__")),
            _ => DEFAULT.to_owned(),
        }
    }
}

/// Reads the configuration: defaults, then the file, then the environment.
///
/// # Errors
/// See [`ConfigError`].
pub(crate) fn load(file: Option<&Utf8Path>) -> Result<Loaded, ConfigError> {
    let file = match file {
        Some(named) if !named.exists() => return Err(ConfigError::Missing(named.to_owned())),
        Some(named) => Some(named.to_owned()),
        None => PLACES.iter().map(Utf8PathBuf::from).find(|place| place.exists()),
    };
    let mut figment = Figment::from(Serialized::defaults(Config::default()));
    if let Some(file) = &file {
        figment = figment.merge(Toml::file_exact(file));
    }
    // SFETNIC_CONFIG names the file itself; single underscores belong to the key's own name.
    let figment = figment.merge(Env::prefixed(PREFIX).ignore(&["config"]).split("__"));
    let config: Config = figment.extract().map_err(|error| ConfigError::Wrong(Box::new(error)))?;
    let config = config.placed();
    config.check()?;
    Ok(Loaded { config, figment })
}

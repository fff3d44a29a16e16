//! Configuration: defaults, then one TOML file, then `SFETNIC_…` variables, each value knowing where it came from.

mod print;

use camino::{Utf8Path, Utf8PathBuf};
use figment::Figment;
use figment::providers::{Env, Format, Serialized, Toml};
use serde::Serialize;
use serde::de::DeserializeOwned;

pub use print::render;

/// The origin of what nobody set.
const DEFAULT: &str = "default";

/// Where a program's configuration is.
#[derive(Debug, Clone, Copy)]
pub struct Places {
    /// Prefix of the variables; levels are joined by two underscores: `SFETNIC_HTTP__LISTEN`.
    pub prefix: &'static str,
    /// Where the file is looked for when none is named.
    pub files: &'static [&'static str],
    /// Beginnings of variables, after the prefix, that are another program's.
    pub others: &'static [&'static str],
}

/// Why the configuration cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The named file is not there.
    #[error("configuration file `{0}` does not exist")]
    Missing(Utf8PathBuf),
    /// A key is unknown or a value of the wrong kind.
    #[error("the configuration cannot be used: {0}")]
    Wrong(Box<figment::Error>),
    /// Keys that do not fit together.
    #[error("the configuration contradicts itself: {0}")]
    Contradiction(String),
}

/// A configuration with its origins.
pub struct Loaded<C> {
    /// What is in force.
    pub config: C,
    figment: Figment,
    prefix: &'static str,
}

impl<C> Loaded<C> {
    /// Where the value of `key` (`http.listen`) came from.
    #[must_use]
    pub fn origin(&self, key: &str) -> String {
        let Some(metadata) = self.figment.find_metadata(key) else { return DEFAULT.to_owned() };
        match &metadata.source {
            Some(figment::Source::File(path)) => path.display().to_string(),
            _ if metadata.name.contains("environment") => {
                format!("{}{}", self.prefix, key.to_uppercase().replace('.', "__"))
            }
            _ => DEFAULT.to_owned(),
        }
    }

    /// The same origins for a configuration that was completed after it was read.
    ///
    /// # Errors
    /// Those of `complete`.
    pub fn try_map<D>(self, complete: impl FnOnce(C) -> Result<D, ConfigError>) -> Result<Loaded<D>, ConfigError> {
        Ok(Loaded { config: complete(self.config)?, figment: self.figment, prefix: self.prefix })
    }
}

/// Reads the configuration: defaults, then the file, then the environment.
///
/// # Errors
/// See [`ConfigError`].
pub fn load<C>(file: Option<&Utf8Path>, places: Places) -> Result<Loaded<C>, ConfigError>
where
    C: Default + Serialize + DeserializeOwned,
{
    let file = match file {
        Some(named) if !named.exists() => return Err(ConfigError::Missing(named.to_owned())),
        Some(named) => Some(named.to_owned()),
        None => places.files.iter().map(Utf8PathBuf::from).find(|place| place.exists()),
    };
    let mut figment = Figment::from(Serialized::defaults(C::default()));
    if let Some(file) = &file {
        figment = figment.merge(Toml::file_exact(file));
    }
    // …CONFIG names the file itself; single underscores belong to the key's own name.
    let ours = move |key: &str| !places.others.iter().any(|other| key.to_ascii_uppercase().starts_with(other));
    let variables = Env::prefixed(places.prefix).ignore(&["config"]).filter(move |key| ours(key.as_str()));
    let figment = figment.merge(variables.split("__"));
    let config: C = figment.extract().map_err(|error| ConfigError::Wrong(Box::new(error)))?;
    Ok(Loaded { config, figment, prefix: places.prefix })
}

/// A variable of the environment that is set to something.
#[must_use]
pub fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

/// The folder for what a program must not lose: systemd's state folder, else `name` in the user's data folder.
#[must_use]
pub fn data_folder(name: &str) -> Utf8PathBuf {
    variable("STATE_DIRECTORY")
        .or_else(|| variable("XDG_DATA_HOME").map(|data| format!("{data}/{name}")))
        .or_else(|| variable("HOME").map(|home| format!("{home}/.local/share/{name}")))
        .unwrap_or_else(|| format!("{name}-data"))
        .into()
}

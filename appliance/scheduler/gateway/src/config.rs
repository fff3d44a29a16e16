//! Which inference nodes there are, and how they are reached.

use std::collections::BTreeMap;

use camino::Utf8PathBuf;
use placement::{Model, Settings};
use policy::PolicyConfig;
use protocol::Class;
use reqwest::Url;
use serde::{Deserialize, Serialize};

use crate::catalogue::{ModelConfig, catalogue};

/// The inference nodes. None: the appliance answers from its own knowledge, and neither speaks nor hears.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct InferenceConfig {
    /// The nodes.
    pub nodes: Vec<NodeConfig>,
    /// The address of a single node, instead of `nodes`: `http://127.0.0.1:8090`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// The file with the single node's API key.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key_file: Option<Utf8PathBuf>,
    /// Other systems of the institution that may use the models, through OpenAI's API under `/v1`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub customers: Vec<CustomerConfig>,
    /// The addresses of all servers of the cluster by their number in `store`: requests are passed on to the one that
    /// dispatches. Empty with a single server.
    #[serde(skip_serializing_if = "BTreeMap::is_empty", with = "by_number")]
    pub peers: BTreeMap<u64, String>,
    /// The authorities that vouch for the other servers (PEM); without it those of the system.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub peer_authorities: Option<Utf8PathBuf>,
    /// How requests are dispatched.
    pub dispatch: PolicyConfig,
    /// The catalogue of models that the appliance places on the nodes' GPUs. Empty: each node loads what its own configuration
    /// says.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub models: Vec<ModelConfig>,
    /// How models are placed.
    pub placement: Settings,
}

/// Tables of TOML have names, not numbers.
mod by_number {
    use std::collections::BTreeMap;

    use serde::de::Error;
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    pub(super) fn serialize<S: Serializer>(peers: &BTreeMap<u64, String>, serializer: S) -> Result<S::Ok, S::Error> {
        let named: BTreeMap<String, &String> = peers.iter().map(|(number, url)| (number.to_string(), url)).collect();
        named.serialize(serializer)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<BTreeMap<u64, String>, D::Error> {
        let named = BTreeMap::<String, String>::deserialize(deserializer)?;
        let number = |(name, url): (String, String)| {
            name.parse()
                .map(|number| (number, url))
                .map_err(|_| D::Error::custom(format!("`{name}` is no server's number")))
        };
        named.into_iter().map(number).collect()
    }
}

/// A system that may use the models.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CustomerConfig {
    /// What it is called in metrics.
    pub name: String,
    /// The SHA-256 of its key, in hexadecimal: `appliance gateway key` makes both.
    pub key_sha256: String,
    /// The most urgent class that it may ask for, and the one it gets when it asks for none.
    #[serde(default = "batch")]
    pub class: Class,
    /// Requests that it may send in a minute.
    #[serde(default = "requests_per_minute")]
    pub requests_per_minute: u32,
    /// Requests of it that may be under way at once.
    #[serde(default = "parallel")]
    pub parallel: u32,
}

fn batch() -> Class {
    Class::Batch
}

fn requests_per_minute() -> u32 {
    600
}

fn parallel() -> u32 {
    64
}

impl CustomerConfig {
    /// The sum of its key.
    ///
    /// # Errors
    /// Says what is wrong with `key_sha256`.
    pub fn key_sum(&self) -> Result<[u8; 32], String> {
        let mut sum = [0; 32];
        hex::decode_to_slice(self.key_sha256.trim(), &mut sum).map_err(|error| {
            format!("inference.customers: `key_sha256` of `{}` is no SHA-256 in hexadecimal: {error}", self.name)
        })?;
        Ok(sum)
    }

    fn check(&self) -> Result<(), String> {
        self.key_sum()?;
        if self.requests_per_minute == 0 || self.parallel == 0 {
            return Err(format!("inference.customers: a quota of `{}` is 0; remove the system instead", self.name));
        }
        Ok(())
    }
}

/// One inference node.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NodeConfig {
    /// What it is called in logs and metrics.
    pub name: String,
    /// Its address. Plain HTTP to the loopback only: the key and citizens' words travel to it.
    pub url: String,
    /// The file with the API key.
    pub key_file: Utf8PathBuf,
    /// Our certificate, which the node asks for (PEM).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub certificate: Option<Utf8PathBuf>,
    /// Its key (PEM).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<Utf8PathBuf>,
    /// The authorities that vouch for the node (PEM); without it those of the system.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub authorities: Option<Utf8PathBuf>,
}

impl InferenceConfig {
    /// Every node: those listed, or the single one.
    #[must_use]
    pub fn all(&self) -> Vec<NodeConfig> {
        match (&self.url, &self.key_file) {
            (Some(url), Some(key_file)) => vec![NodeConfig {
                name: "node".to_owned(),
                url: url.clone(),
                key_file: key_file.clone(),
                certificate: None,
                key: None,
                authorities: None,
            }],
            _ => self.nodes.clone(),
        }
    }

    /// The catalogue as the planner knows it.
    ///
    /// # Errors
    /// Says what contradicts itself, and how to mend it.
    pub fn catalogue(&self) -> Result<Vec<Model>, String> {
        catalogue(&self.models)
    }

    /// Checks what no single key shows.
    ///
    /// # Errors
    /// Says which keys do not fit together, and how to mend it.
    pub fn check(&self) -> Result<(), String> {
        if self.url.is_some() != self.key_file.is_some() {
            return Err("inference.url and inference.key_file belong together; set both or neither".to_owned());
        }
        if self.url.is_some() && !self.nodes.is_empty() {
            return Err("inference.url is for a single node; list it in inference.nodes with the others".to_owned());
        }
        for url in self.peers.values() {
            check_url("a server of the cluster", url)?;
        }
        for (index, customer) in self.customers.iter().enumerate() {
            customer.check()?;
            if self.customers.iter().skip(index + 1).any(|other| other.name == customer.name) {
                return Err(format!("inference.customers: two are called `{}`", customer.name));
            }
        }
        self.catalogue()?;
        let nodes = self.all();
        for (index, node) in nodes.iter().enumerate() {
            node.check()?;
            if nodes.iter().skip(index + 1).any(|other| other.name == node.name) {
                return Err(format!("inference.nodes: two are called `{}`", node.name));
            }
        }
        Ok(())
    }
}

impl NodeConfig {
    fn check(&self) -> Result<(), String> {
        let Self { name, url, .. } = self;
        check_url(name, url)?;
        if self.certificate.is_some() != self.key.is_some() {
            return Err(format!("inference: `certificate` and `key` of `{name}` belong together; set both or neither"));
        }
        Ok(())
    }
}

fn check_url(name: &str, url: &str) -> Result<(), String> {
    let parsed = Url::parse(url).map_err(|error| format!("inference: the url `{url}` of `{name}`: {error}"))?;
    let secure = match parsed.scheme() {
        "https" => true,
        "http" => false,
        other => {
            return Err(format!("inference: the url `{url}` of `{name}` begins with {other}, not with http or https"));
        }
    };
    if !secure && !service::is_loopback(&parsed) {
        return Err(format!("inference: `{name}` at `{url}` is another machine; use https"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(text: &str) -> InferenceConfig {
        toml::from_str(text).unwrap()
    }

    #[test]
    fn without_a_word_there_is_no_node() {
        let config = parsed("");
        config.check().unwrap();
        assert!(config.all().is_empty());
    }

    #[test]
    fn two_variables_make_a_node() {
        let config = parsed("url = 'http://127.0.0.1:8090'\nkey_file = '/run/key'");
        config.check().unwrap();
        assert_eq!(config.all()[0].url, "http://127.0.0.1:8090");
    }

    #[test]
    fn a_key_never_leaves_the_machine_in_the_clear() {
        let at = |url: &str| parsed(&format!("nodes = [{{ name = 'a', url = '{url}', key_file = '/k' }}]")).check();
        assert!(at("http://gpu-1:8090").unwrap_err().contains("use https"));
        at("https://gpu-1:8090").unwrap();
        at("http://[::1]:8090").unwrap();
        at("http://localhost:8090").unwrap();
        assert!(at("gpu-1").is_err() && at("ftp://127.0.0.1").is_err());
    }

    #[test]
    fn what_does_not_fit_together_is_said() {
        for wrong in [
            "url = 'http://127.0.0.1:1'",
            "url = 'http://127.0.0.1:1'\nkey_file = '/k'\nnodes = [{ name = 'a', url = 'https://a', key_file = '/k' }]",
            "nodes = [{ name = 'a', url = 'https://a', key_file = '/k' }, { name = 'a', url = 'https://b', key_file = '/k' }]",
            "nodes = [{ name = 'a', url = 'https://a', key_file = '/k', certificate = '/c' }]",
        ] {
            assert!(parsed(wrong).check().is_err(), "{wrong}");
        }
    }
}

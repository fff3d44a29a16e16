//! Where bytes are kept, and how many at once.

use std::net::IpAddr;

use camino::Utf8PathBuf;
use serde::{Deserialize, Serialize};
use url::Url;

use crate::error::BlobError;

/// Contents pass through memory whole; a larger limit is a mistake.
const MOST_BYTES: u64 = 1024 * 1024 * 1024;

/// How bytes are kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct BlobsConfig {
    /// The folder of a single server; not used where `s3` is configured.
    pub folder: Utf8PathBuf,
    /// The most bytes that one content may have. What was kept under a higher limit can still be fetched.
    pub max_bytes: u64,
    /// The S3-compatible store that all servers of a cluster share.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub s3: Option<S3Config>,
}

impl Default for BlobsConfig {
    fn default() -> Self {
        Self { folder: Utf8PathBuf::from("data/blobs"), max_bytes: 25 * 1024 * 1024, s3: None }
    }
}

impl BlobsConfig {
    pub(crate) fn check(&self) -> Result<(), BlobError> {
        if !(1..=MOST_BYTES).contains(&self.max_bytes) {
            return Err(BlobError::Limit { most: MOST_BYTES });
        }
        self.s3.as_ref().map_or(Ok(()), S3Config::check)
    }
}

/// A store that speaks S3. Its bucket must exist and should keep no versions of deleted objects.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct S3Config {
    /// Its address: `https://s3.primaria.example:3900`.
    pub endpoint: String,
    /// The bucket.
    pub bucket: String,
    /// The region that it expects in signatures; Garage's own default if not given.
    #[serde(default = "default_region")]
    pub region: String,
    /// File with the id of the access key.
    pub access_key_file: Utf8PathBuf,
    /// File with the secret of the access key.
    pub secret_key_file: Utf8PathBuf,
    /// What the names of our objects begin with, where others share the bucket.
    #[serde(default)]
    pub prefix: String,
    /// Certificates (PEM) of the authority that signed the store's own, beside those that the system trusts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ca_file: Option<Utf8PathBuf>,
    /// Whether it may be reached without TLS; only on this machine.
    #[serde(default)]
    pub allow_http: bool,
}

fn default_region() -> String {
    "garage".to_owned()
}

impl S3Config {
    fn check(&self) -> Result<(), BlobError> {
        let wrong = |why| Err(BlobError::Endpoint { endpoint: self.endpoint.clone(), why });
        let Ok(url) = Url::parse(&self.endpoint) else { return wrong("it is no URL") };
        let Some(host) = url.host_str() else { return wrong("it names no host") };
        if !url.username().is_empty() || url.password().is_some() {
            return wrong("credentials belong into files");
        }
        if url.query().is_some() || url.fragment().is_some() {
            return wrong("it ends after the path");
        }
        match url.scheme() {
            "https" => Ok(()),
            "http" if !self.allow_http => wrong("it is without TLS, and `allow_http` is not set"),
            "http" if !is_loopback(host) => wrong("without TLS only a store on this machine may be used"),
            "http" => Ok(()),
            _ => wrong("it must begin with https://"),
        }
    }
}

fn is_loopback(host: &str) -> bool {
    let address = host.trim_start_matches('[').trim_end_matches(']');
    host == "localhost" || address.parse().is_ok_and(|address: IpAddr| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with_endpoint(endpoint: &str, allow_http: bool) -> BlobsConfig {
        let text = format!(
            "[s3]\nendpoint = \"{endpoint}\"\nbucket = \"sfetnic\"\naccess_key_file = \"id\"\n\
             secret_key_file = \"secret\"\nallow_http = {allow_http}\n"
        );
        toml::from_str(&text).unwrap()
    }

    #[test]
    fn the_default_is_a_local_folder_and_reads_back_as_written() {
        let config = BlobsConfig::default();
        assert!(config.check().is_ok());
        let text = toml::to_string(&config).unwrap();
        assert_eq!(text, "folder = \"data/blobs\"\nmax_bytes = 26214400\n");
        assert_eq!(toml::from_str::<BlobsConfig>(&text).unwrap(), config);
        assert_eq!(toml::from_str::<BlobsConfig>("").unwrap(), config);
    }

    #[test]
    fn unknown_keys_are_errors() {
        assert!(toml::from_str::<BlobsConfig>("maxbytes = 1").is_err());
        let s3 = "endpoint = \"https://s3\"\nbucket = \"b\"\naccess_key_file = \"a\"\nsecret_key_file = \"s\"\n";
        assert!(toml::from_str::<BlobsConfig>(&format!("[s3]\n{s3}")).is_ok());
        assert!(toml::from_str::<BlobsConfig>(&format!("[s3]\n{s3}secret_key = \"written here\"\n")).is_err());
    }

    #[test]
    fn without_tls_only_this_machine_is_reached() {
        for endpoint in ["http://127.0.0.1:3900", "http://localhost:3900", "http://[::1]:3900"] {
            assert!(with_endpoint(endpoint, true).check().is_ok(), "{endpoint}");
            assert!(with_endpoint(endpoint, false).check().is_err(), "{endpoint}");
        }
        for endpoint in
            ["http://10.0.0.5:3900", "http://localhost.example", "http://127.0.0.1@s3.example", "http://127.1.example"]
        {
            assert!(with_endpoint(endpoint, true).check().is_err(), "{endpoint}");
        }
        assert!(with_endpoint("https://s3.example:3900", false).check().is_ok());
    }

    #[test]
    fn what_is_no_address_is_refused_with_its_reason() {
        for endpoint in
            ["", "s3.example", "ftp://s3.example", "https://", "https://id:secret@s3.example", "https://s3/?a=b"]
        {
            let error = with_endpoint(endpoint, true).check().unwrap_err();
            assert!(matches!(error, BlobError::Endpoint { .. }), "{endpoint}: {error}");
        }
    }

    #[test]
    fn a_limit_is_neither_nothing_nor_more_than_memory() {
        for max_bytes in [0, MOST_BYTES + 1] {
            assert!(matches!(BlobsConfig { max_bytes, ..Default::default() }.check(), Err(BlobError::Limit { .. })));
        }
    }
}

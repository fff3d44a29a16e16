//! The command line's side of the admin socket.

use std::time::Duration;

use camino::{Utf8Path, Utf8PathBuf};
use reqwest::Response;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::Failure;

/// Why the server could not be asked.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ClientError {
    /// Nobody listens.
    #[error("the server is not running (nobody listens at `{socket}`); start it with `appliance serve`")]
    NotRunning {
        /// The socket.
        socket: Utf8PathBuf,
        /// Why.
        #[source]
        source: reqwest::Error,
    },
    /// The client could not be made.
    #[error("failed to set up the connection to the server")]
    Setup(#[source] reqwest::Error),
    /// The exchange broke off.
    #[error("the server did not answer in full")]
    Exchange(#[source] reqwest::Error),
    /// The server refused.
    #[error("{0}")]
    Refused(String),
}

/// Asks the running server.
pub(crate) struct AdminClient {
    http: reqwest::Client,
    socket: Utf8PathBuf,
}

impl AdminClient {
    /// A client of the server at `socket`.
    ///
    /// # Errors
    /// When the client cannot be made.
    pub(crate) fn new(socket: &Utf8Path) -> Result<Self, ClientError> {
        let http = reqwest::Client::builder()
            .unix_socket(socket.as_std_path())
            .connect_timeout(Duration::from_secs(5))
            .build()
            .map_err(ClientError::Setup)?;
        Ok(Self { http, socket: socket.to_owned() })
    }

    /// Fetches `path`.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub(crate) async fn get<T: DeserializeOwned>(&self, path: &str) -> Result<T, ClientError> {
        self.finish(self.http.get(url(path)).send().await).await?.json().await.map_err(ClientError::Exchange)
    }

    /// Sends `body` to `path`.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub(crate) async fn post<T: DeserializeOwned>(&self, path: &str, body: &impl Serialize) -> Result<T, ClientError> {
        self.finish(self.http.post(url(path)).json(body).send().await)
            .await?
            .json()
            .await
            .map_err(ClientError::Exchange)
    }

    /// Fetches `path` as a stream of bytes.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub(crate) async fn stream(&self, path: &str) -> Result<Response, ClientError> {
        self.finish(self.http.get(url(path)).send().await).await
    }

    /// Deletes `path`.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub(crate) async fn delete(&self, path: &str) -> Result<(), ClientError> {
        self.finish(self.http.delete(url(path)).send().await).await.map(|_| ())
    }

    async fn finish(&self, sent: reqwest::Result<Response>) -> Result<Response, ClientError> {
        let response = match sent {
            Ok(response) => response,
            Err(source) if source.is_connect() => {
                return Err(ClientError::NotRunning { socket: self.socket.clone(), source });
            }
            Err(source) => return Err(ClientError::Exchange(source)),
        };
        if response.status().is_success() {
            return Ok(response);
        }
        let status = response.status();
        let failure = response.json::<Failure>().await;
        Err(ClientError::Refused(failure.map_or_else(|_| format!("the server answered {status}"), |said| said.error)))
    }
}

fn url(path: &str) -> String {
    format!("http://appliance{path}")
}

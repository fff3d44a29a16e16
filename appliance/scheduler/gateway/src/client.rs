//! One node over HTTP: typed in, typed out. Nothing else of this crate sees a status or a header.

use std::io;
use std::time::Duration;

use bytes::Bytes;
use camino::Utf8Path;
use futures::Stream;
use protocol::node::{HEARTBEAT_PATH, NODE_PATH};
use protocol::request::{CLASS_HEADER, DEADLINE_HEADER, EPOCH_HEADER, FIRST_TOKEN_HEADER, STALE_EPOCH, TRACE_HEADER};
use protocol::{Class, LoadRequest, NodeDescription};
use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderValue, RETRY_AFTER};
use reqwest::redirect::Policy;
use reqwest::{Certificate, Client, ClientBuilder, Identity, RequestBuilder, Response, StatusCode, Url};
use reqwest_websocket::{Upgrade as _, WebSocket};
use serde::Deserialize;

use crate::config::NodeConfig;
use crate::error::NodeError;

/// Header of a request that another server of the cluster has passed on.
pub(crate) const PASSED_ON_HEADER: &str = "x-sfetnic-passed-on";
/// Where live transcription is.
pub(crate) const REALTIME_PATH: &str = "/v1/realtime";
/// How long a connection may take to be made.
const CONNECT: Duration = Duration::from_secs(2);
/// How long a node may take to describe itself.
const DESCRIBE: Duration = Duration::from_secs(3);
/// The largest description, error or transcript that is read.
const MOST_TEXT: usize = 1024 * 1024;

/// A node, reached with the key and the certificates that its files held when it was made.
#[derive(Debug, Clone)]
pub(crate) struct NodeClient {
    http: Client,
    /// Makes connections that become WebSockets.
    upgrading: Client,
    base: Url,
    /// It is no node but the server that dispatches to them.
    dispatches: bool,
}

/// A session of live transcription.
#[derive(Debug, Clone)]
pub(crate) struct Call {
    /// The model, and how the sound is written.
    pub(crate) query: Vec<(&'static str, String)>,
    pub(crate) class: Class,
    pub(crate) trace: Option<HeaderValue>,
    pub(crate) epoch: Option<u64>,
}

/// A request that is passed on as it came.
pub(crate) struct Onward {
    pub(crate) path: &'static str,
    pub(crate) body: Bytes,
    pub(crate) media_type: HeaderValue,
    pub(crate) class: Class,
    /// How long its first token is waited for.
    pub(crate) first_token: Option<Duration>,
    /// How long its answer is wanted.
    pub(crate) life: Option<Duration>,
    pub(crate) trace: Option<HeaderValue>,
    pub(crate) epoch: Option<u64>,
}

/// What a node did with it.
pub(crate) enum Sent {
    /// It answers.
    Accepted(Response),
    /// The request itself is at fault.
    Refused { status: StatusCode, body: Bytes },
}

#[derive(Deserialize)]
struct Envelope {
    error: Message,
}

#[derive(Deserialize)]
struct Message {
    message: String,
    #[serde(default)]
    code: Option<String>,
}

impl NodeClient {
    /// Reads the node's files and sets the client up; connects with the first request.
    pub(crate) async fn open(node: &NodeConfig) -> Result<Self, NodeError> {
        let mut headers = HeaderMap::new();
        headers.insert(AUTHORIZATION, authorization(&node.key_file).await?);
        let authorities = match &node.authorities {
            Some(path) => Some(authorities(path, &read(path).await?)?),
            None => None,
        };
        let identity = match (&node.certificate, &node.key) {
            (Some(certificate), Some(key)) => {
                let mut pem = read(certificate).await?;
                pem.push(b'\n');
                pem.extend(read(key).await?);
                let identity = Identity::from_pem(&pem);
                Some(identity.map_err(|source| NodeError::Tls { path: certificate.clone(), source })?)
            }
            _ => None,
        };
        Self::new(&node.url, false, move || {
            let builder = builder(headers.clone(), authorities.clone());
            match identity.clone() {
                Some(identity) => builder.identity(identity),
                None => builder,
            }
        })
    }

    /// Another server of the cluster, which takes requests as a node does.
    pub(crate) fn peer(url: &str, key: &str, vouching: Option<&Utf8Path>) -> Result<Self, NodeError> {
        let mut headers = HeaderMap::new();
        let mut value =
            HeaderValue::from_str(&format!("Bearer {key}")).map_err(|_| NodeError::NoKey { path: "".into() })?;
        value.set_sensitive(true);
        headers.insert(AUTHORIZATION, value);
        headers.insert(PASSED_ON_HEADER, HeaderValue::from_static("1"));
        let authorities = match vouching {
            Some(path) => {
                let pem = std::fs::read(path).map_err(|source| NodeError::Read { path: path.to_owned(), source })?;
                Some(authorities(path, &pem)?)
            }
            None => None,
        };
        Self::new(url, true, move || builder(headers.clone(), authorities.clone()))
    }

    fn new(url: &str, dispatches: bool, builder: impl Fn() -> ClientBuilder) -> Result<Self, NodeError> {
        let http = builder().build().map_err(NodeError::Client)?;
        // A connection that is to become a WebSocket must not be one of HTTP/2.
        let upgrading = builder().http1_only().build().map_err(NodeError::Client)?;
        let base = Url::parse(url).map_err(|_| NodeError::Address { url: url.to_owned() })?;
        Ok(Self { http, upgrading, base, dispatches })
    }

    fn address(&self, path: &str) -> Url {
        let mut address = self.base.clone();
        // Cheaper than reading the whole address anew for each request.
        address.set_path(&format!("{}{path}", self.base.path().trim_end_matches('/')));
        address
    }

    /// What the node is: its models with their tasks and languages.
    pub(crate) async fn describe(&self) -> Result<NodeDescription, NodeError> {
        const WHAT: &str = "what it is";
        let asked = async {
            let response = ask(self.http.get(self.address(NODE_PATH)), WHAT).await?;
            let body = whole(response, WHAT).await?;
            serde_json::from_slice(&body).map_err(|source| NodeError::Unreadable { what: WHAT, source })
        };
        within(DESCRIBE, WHAT, asked).await
    }

    /// The heartbeat's bytes, as server-sent events.
    pub(crate) async fn heartbeat(
        &self,
    ) -> Result<impl Stream<Item = Result<Bytes, reqwest::Error>> + Send + Unpin + use<>, NodeError> {
        const WHAT: &str = "for its heartbeat";
        let asked = ask(self.http.get(self.address(HEARTBEAT_PATH)), WHAT);
        let response = within(DESCRIBE, WHAT, asked).await?;
        Ok(Box::pin(response.bytes_stream()))
    }

    /// Passes a request on; returns with the head of its answer.
    pub(crate) async fn forward(&self, onward: Onward) -> Result<Sent, NodeError> {
        let mut request = self.http.post(self.address(onward.path)).header(CONTENT_TYPE, onward.media_type);
        request = request.header(CLASS_HEADER, onward.class.name());
        if let Some(life) = onward.life {
            request = request.header(DEADLINE_HEADER, life.as_millis().to_string());
        }
        // What a node does with a late first token is nothing; the server that dispatches rejects the request.
        if let Some(left) = onward.first_token.filter(|_| self.dispatches) {
            request = request.header(FIRST_TOKEN_HEADER, left.as_millis().to_string());
        }
        if let Some(trace) = onward.trace {
            request = request.header(TRACE_HEADER, trace);
        }
        if let Some(epoch) = onward.epoch {
            request = request.header(EPOCH_HEADER, epoch);
        }
        let sent = request.body(onward.body).send().await;
        let response = sent.map_err(|source| NodeError::Ask { what: "for an answer", source: source.without_url() })?;
        if response.status().is_success() {
            return Ok(Sent::Accepted(response));
        }
        refused(response).await
    }

    /// Opens a session of live transcription; `standby` takes no place at the node before its first sound.
    pub(crate) async fn listen(&self, call: &Call, standby: bool) -> Result<WebSocket, NodeError> {
        const WHAT: &str = "to listen";
        let mut request = self.upgrading.get(self.address(REALTIME_PATH)).query(&call.query);
        if standby {
            request = request.query(&[("standby", "true")]);
        }
        request = request.header(CLASS_HEADER, call.class.name());
        if let Some(trace) = &call.trace {
            request = request.header(TRACE_HEADER, trace);
        }
        if let Some(epoch) = call.epoch {
            request = request.header(EPOCH_HEADER, epoch);
        }
        within(CONNECT, WHAT, async {
            let answer = request.upgrade().send().await;
            let answer = answer.map_err(|source| NodeError::Upgrade { source: Box::new(source) })?;
            if answer.status() == StatusCode::SWITCHING_PROTOCOLS {
                return answer.into_websocket().await.map_err(|source| NodeError::Upgrade { source: Box::new(source) });
            }
            match refused(answer.into_inner()).await? {
                Sent::Accepted(_) => Err(NodeError::Failed { status: 200, message: "it does not listen".to_owned() }),
                Sent::Refused { body, .. } => Err(NodeError::Refused { message: message(&body) }),
            }
        })
        .await
    }

    /// Has a model loaded on a GPU; returns once the memory is set aside, or refused.
    pub(crate) async fn load(&self, model: &str, gpu: u32, epoch: Option<u64>) -> Result<(), NodeError> {
        let request = self.http.post(self.address(&format!("/v1/models/{model}/load")));
        tell(request.json(&LoadRequest { gpu: Some(gpu) }), "to load a model", epoch).await
    }

    /// Has a model finish what it has begun and unloaded; returns at once.
    pub(crate) async fn unload(&self, model: &str, epoch: Option<u64>) -> Result<(), NodeError> {
        let request = self.http.post(self.address(&format!("/v1/models/{model}/unload")));
        tell(request, "to unload a model", epoch).await
    }
}

fn builder(headers: HeaderMap, authorities: Option<Vec<Certificate>>) -> ClientBuilder {
    let builder = Client::builder()
        .default_headers(headers)
        .connect_timeout(CONNECT)
        .redirect(Policy::none())
        // What is said to a node is said to nobody between.
        .no_proxy();
    match authorities {
        Some(authorities) => builder.tls_certs_only(authorities),
        None => builder,
    }
}

fn authorities(path: &Utf8Path, pem: &[u8]) -> Result<Vec<Certificate>, NodeError> {
    Certificate::from_pem_bundle(pem).map_err(|source| NodeError::Tls { path: path.to_owned(), source })
}

/// The first key of the file, as it is sent; never shown in a log.
async fn authorization(path: &Utf8Path) -> Result<HeaderValue, NodeError> {
    let bytes = read(path).await?;
    let text = String::from_utf8_lossy(&bytes);
    let key = text.lines().map(str::trim).find(|line| !line.is_empty() && !line.starts_with('#'));
    let value = key.and_then(|key| HeaderValue::from_str(&format!("Bearer {key}")).ok());
    let mut value = value.ok_or_else(|| NodeError::NoKey { path: path.to_owned() })?;
    value.set_sensitive(true);
    Ok(value)
}

async fn read(path: &Utf8Path) -> Result<Vec<u8>, NodeError> {
    let bytes: io::Result<Vec<u8>> = tokio::fs::read(path).await;
    bytes.map_err(|source| NodeError::Read { path: path.to_owned(), source })
}

async fn within<T>(
    patience: Duration,
    what: &'static str,
    work: impl Future<Output = Result<T, NodeError>>,
) -> Result<T, NodeError> {
    let done = tokio::time::timeout(patience, work).await;
    done.unwrap_or(Err(NodeError::Late { what, within: patience }))
}

/// Tells the node to do something, as the dispatcher of an epoch.
async fn tell(request: RequestBuilder, what: &'static str, epoch: Option<u64>) -> Result<(), NodeError> {
    let request = match epoch {
        Some(epoch) => request.header(EPOCH_HEADER, epoch),
        None => request,
    };
    within(DESCRIBE, what, async {
        let sent = request.send().await.map_err(|source| NodeError::Ask { what, source: source.without_url() })?;
        if sent.status().is_success() {
            return Ok(());
        }
        match refused(sent).await? {
            Sent::Accepted(_) => Ok(()),
            Sent::Refused { status, body } => {
                Err(NodeError::Failed { status: status.as_u16(), message: message(&body) })
            }
        }
    })
    .await
}

/// Sends a request; a refusal is an error.
async fn ask(request: RequestBuilder, what: &'static str) -> Result<Response, NodeError> {
    // The address would name the machine where citizens' requests are logged.
    let sent = request.send().await.map_err(|source| NodeError::Ask { what, source: source.without_url() })?;
    if sent.status().is_success() {
        return Ok(sent);
    }
    let status = sent.status().as_u16();
    let retry_after = retry_after(&sent);
    let body = whole(sent, what).await.unwrap_or_default();
    let message = message(&body);
    Err(match status {
        429 | 503 => NodeError::Busy { retry_after, message },
        400 | 413 | 415 | 422 => NodeError::Refused { message },
        _ => NodeError::Failed { status, message },
    })
}

/// What an error's body says.
pub(crate) fn message(body: &[u8]) -> String {
    serde_json::from_slice::<Envelope>(body).map(|envelope| envelope.error.message).unwrap_or_default()
}

/// What a refusal of a request that was passed on means.
async fn refused(response: Response) -> Result<Sent, NodeError> {
    let status = response.status();
    let retry_after = retry_after(&response);
    let body = whole(response, "for an answer").await.unwrap_or_default();
    let told = serde_json::from_slice::<Envelope>(&body).ok().map(|envelope| envelope.error);
    let message = told.as_ref().map(|error| error.message.clone()).unwrap_or_default();
    match status.as_u16() {
        429 | 503 => Err(NodeError::Busy { retry_after, message }),
        409 if told.is_some_and(|error| error.code.as_deref() == Some(STALE_EPOCH)) => Err(NodeError::Succeeded),
        // Our own key: nothing that the caller could mend.
        401 | 403 => Err(NodeError::Failed { status: status.as_u16(), message }),
        400..500 => Ok(Sent::Refused { status, body: body.into() }),
        status => Err(NodeError::Failed { status, message }),
    }
}

fn retry_after(response: &Response) -> Duration {
    let header = response.headers().get(RETRY_AFTER).and_then(|value| value.to_str().ok());
    Duration::from_secs(header.and_then(|value| value.parse().ok()).unwrap_or(2))
}

/// A body that is not a stream.
async fn whole(mut response: Response, what: &'static str) -> Result<Vec<u8>, NodeError> {
    let mut body = Vec::new();
    while let Some(bytes) = response.chunk().await.map_err(|source| NodeError::BrokeOff { what, source })? {
        if body.len() + bytes.len() > MOST_TEXT {
            return Err(NodeError::TooMuch { what, most: MOST_TEXT });
        }
        body.extend_from_slice(&bytes);
    }
    Ok(body)
}

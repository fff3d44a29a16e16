//! The way to the other server: its address, its key, a pool of connections, and bounds for whatever comes back.

use std::error::Error as _;
use std::fmt::Write as _;
use std::time::Duration;

use bytes::Bytes;
use camino::Utf8Path;
use futures::{Stream, stream};
use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderValue};
use reqwest::{Certificate, Client, RequestBuilder, Response, StatusCode, Url, redirect};
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};
use tokio::time::timeout;

use super::health::Health;
use super::refusal;
use super::settings::Settings;
use crate::spec::RemoteServer;
use crate::{EngineError, Stop};

/// The most that is read of an answer that says why there is none.
const REFUSAL_BYTES: usize = 64 << 10;
/// How long an idle connection is kept: shorter than Python servers do (uvicorn 5 s), so that no request meets one that
/// the server is just closing.
const IDLE_CONNECTION: Duration = Duration::from_secs(4);

/// One kind of work of the other server.
pub(super) struct Route {
    /// Its path after `/v1/`.
    pub(super) path: &'static str,
    /// What is at fault when the server finds a request wrong and does not say where.
    pub(super) subject: &'static str,
    /// The most that is read of an answer, in bytes.
    pub(super) limit: usize,
}

/// The way to the other server.
pub(super) struct Connection {
    /// The model's name there.
    pub(super) model: String,
    /// Its address up to and including `/v1`, without a slash at the end.
    pub(super) url: String,
    pub(super) settings: Settings,
    pub(super) health: Health,
    pub(super) key_file: Option<String>,
    key: Option<String>,
    http: Client,
}

impl Connection {
    /// Reads the key and sets up the client; sends nothing yet.
    pub(super) async fn open(
        id: &str,
        server: &RemoteServer,
        settings: Settings,
        slots: u32,
    ) -> Result<Self, EngineError> {
        let url = checked_url(&server.url)?;
        let key = match &server.key_file {
            Some(path) => Some(read_key(path).await?),
            None => None,
        };
        let certificates = match &settings.ca_file {
            Some(path) => Some(read_certificates(path).await?),
            // No certificate is ever looked at; so that a bare image without any can still use a server nearby.
            None if url.scheme() == "http" => Some(Vec::new()),
            None => None,
        };
        let http = client(&settings, key.as_deref(), certificates, slots)?;
        let url = url.as_str().trim_end_matches('/').to_owned();
        Ok(Self {
            model: server.model.clone(),
            health: Health::new(id, &url),
            url,
            settings,
            key_file: server.key_file.as_ref().map(ToString::to_string),
            key,
            http,
        })
    }

    /// Asks for a page besides the work itself, at a full address; gives its status and its body.
    pub(super) async fn look_at(
        &self,
        url: &str,
        patience: Duration,
        limit: usize,
    ) -> Result<(StatusCode, Vec<u8>), EngineError> {
        let looking = async {
            let response = self.http.get(url).send().await.map_err(|error| self.broken(url, error))?;
            let status = response.status();
            Ok((status, self.answer(response, limit).collect().await?))
        };
        timeout(patience, looking)
            .await
            .unwrap_or_else(|_| Err(EngineError::Lost(format!("`{url}` did not answer in {}", shown(patience)))))
    }

    /// Sends `fields` as JSON, with the model's name and the manifest's further fields.
    pub(super) async fn post_json(
        &self,
        route: &Route,
        mut fields: Map<String, Value>,
        stop: &Stop,
    ) -> Result<Answer, EngineError> {
        fields.insert("model".to_owned(), Value::String(self.model.clone()));
        for (name, value) in &self.settings.request {
            fields.entry(name).or_insert_with(|| value.clone());
        }
        self.post(route, |request| request.json(&fields), stop).await
    }

    /// Sends what `fill` puts into the request, and waits until the server begins a good answer.
    pub(super) async fn post(
        &self,
        route: &Route,
        fill: impl FnOnce(RequestBuilder) -> RequestBuilder,
        stop: &Stop,
    ) -> Result<Answer, EngineError> {
        let url = format!("{}/{}", self.url, route.path);
        let patience = self.settings.answer_time();
        let mut request = fill(self.http.post(&url));
        if let Some(trace) = service::trace::header() {
            request = request.header(service::trace::HEADER, trace);
        }
        let response = tokio::select! {
            biased;
            () = stop.cancelled() => return Err(EngineError::Cancelled),
            sent = timeout(patience, request.send()) => match sent {
                Ok(sent) => sent.map_err(|error| self.broken(&url, error))?,
                Err(_) => {
                    let waited = shown(patience);
                    return Err(EngineError::Lost(format!("`{url}` did not begin to answer in {waited}")));
                }
            },
        };
        let status = response.status();
        if status.is_success() {
            return Ok(self.answer(response, route.limit));
        }
        let headers = response.headers().clone();
        // Why it refuses is worth little waiting: the status says most.
        let why = self.answer(response, REFUSAL_BYTES).collect_within(Duration::from_secs(5), stop).await?;
        Err(refusal::of_status(self, route, status, &headers, &why))
    }

    fn answer(&self, response: Response, limit: usize) -> Answer {
        Answer { url: self.url.clone(), idle: self.settings.idle_time(), left: limit, limit, response }
    }

    fn broken(&self, url: &str, error: reqwest::Error) -> EngineError {
        let doing = if error.is_connect() { "failed to reach" } else { "the exchange broke off with" };
        EngineError::Lost(format!("{doing} `{url}`: {}", self.cleaned(&causes(error))))
    }

    /// Text of the other server as it may be shown and logged: one line, not too long, without the key.
    pub(super) fn cleaned(&self, text: &str) -> String {
        let text = match &self.key {
            Some(key) => text.replace(key, "[key]"),
            None => text.to_owned(),
        };
        let mut line: String =
            text.split(|c: char| c.is_control()).filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" ");
        if let Some((end, _)) = line.char_indices().nth(500) {
            line.truncate(end);
            line.push('…');
        }
        line
    }
}

/// An answer on its way. Dropping it before its end closes the connection.
pub(super) struct Answer {
    response: Response,
    url: String,
    idle: Duration,
    left: usize,
    limit: usize,
}

impl Answer {
    /// The media type without parameters, in lower case; empty when absent.
    pub(super) fn media_type(&self) -> String {
        self.content_type().split(';').next().unwrap_or_default().trim().to_ascii_lowercase()
    }

    /// A parameter of the media type.
    pub(super) fn media_parameter(&self, wanted: &str) -> Option<&str> {
        self.content_type().split(';').skip(1).find_map(|parameter| {
            let (name, value) = parameter.split_once('=')?;
            name.trim().eq_ignore_ascii_case(wanted).then(|| value.trim().trim_matches('"'))
        })
    }

    fn content_type(&self) -> &str {
        self.response.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }

    /// The next bytes; `None` at a proper end.
    pub(super) async fn next(&mut self) -> Result<Option<Bytes>, EngineError> {
        let came = timeout(self.idle, self.response.chunk()).await.map_err(|_| {
            EngineError::Lost(format!(
                "nothing came from `{}` for {} in the middle of an answer",
                self.url,
                shown(self.idle)
            ))
        })?;
        let came = came
            .map_err(|error| EngineError::Lost(format!("the answer of `{}` broke off: {}", self.url, causes(error))))?;
        if let Some(bytes) = &came {
            self.left = self.left.checked_sub(bytes.len()).ok_or_else(|| {
                EngineError::Failed(format!("the answer of `{}` is longer than {} bytes", self.url, self.limit))
            })?;
        }
        Ok(came)
    }

    /// The pieces as a stream.
    pub(super) fn pieces(self) -> impl Stream<Item = Result<Bytes, EngineError>> + Send {
        stream::try_unfold(self, |mut answer| async move { Ok(answer.next().await?.map(|bytes| (bytes, answer))) })
    }

    /// The whole body.
    async fn collect(mut self) -> Result<Vec<u8>, EngineError> {
        let mut body = Vec::new();
        while let Some(bytes) = self.next().await? {
            body.extend_from_slice(&bytes);
        }
        Ok(body)
    }

    /// The body as far as it comes in time and within its limit.
    async fn collect_within(mut self, patience: Duration, stop: &Stop) -> Result<Vec<u8>, EngineError> {
        let mut body = Vec::new();
        let collecting = async {
            while let Ok(Some(bytes)) = self.next().await {
                body.extend_from_slice(&bytes);
            }
        };
        tokio::select! {
            biased;
            () = stop.cancelled() => return Err(EngineError::Cancelled),
            _ = timeout(patience, collecting) => {}
        }
        Ok(body)
    }

    /// The whole body as JSON.
    pub(super) async fn json<T: DeserializeOwned>(self, stop: &Stop) -> Result<T, EngineError> {
        let url = self.url.clone();
        let body = tokio::select! {
            biased;
            () = stop.cancelled() => return Err(EngineError::Cancelled),
            body = self.collect() => body?,
        };
        serde_json::from_slice(&body).map_err(|error| {
            EngineError::Failed(format!("the answer of `{url}` is not the JSON that OpenAI's API has: {error}"))
        })
    }
}

/// A client for this server alone. Requests go straight to it and are never redirected: what is said to a model is not for
/// whoever else stands on the way.
fn client(
    settings: &Settings,
    key: Option<&str>,
    certificates: Option<Vec<Certificate>>,
    slots: u32,
) -> Result<Client, EngineError> {
    if rustls::crypto::CryptoProvider::get_default().is_none() {
        return Err(EngineError::Load(
            "no rustls provider is installed; install one when the process starts".to_owned(),
        ));
    }
    let mut headers = HeaderMap::new();
    if let Some(key) = key {
        let mut value = HeaderValue::from_str(&format!("Bearer {key}"))
            .map_err(|_| EngineError::Load("the key holds characters that HTTP cannot carry".to_owned()))?;
        value.set_sensitive(true);
        headers.insert(AUTHORIZATION, value);
    }
    let mut builder = Client::builder()
        .user_agent(concat!("sfetnic/", env!("CARGO_PKG_VERSION")))
        .default_headers(headers)
        .no_proxy()
        .redirect(redirect::Policy::none())
        .http1_only()
        .connect_timeout(settings.connect_time())
        .pool_idle_timeout(IDLE_CONNECTION)
        .pool_max_idle_per_host(slots.max(1) as usize + 1);
    if let Some(certificates) = certificates {
        builder = builder.tls_certs_only(certificates);
    }
    builder.build().map_err(|error| EngineError::Load(format!("failed to set up the client: {}", causes(error))))
}

fn checked_url(given: &str) -> Result<Url, EngineError> {
    let wrong = |why: &str| {
        EngineError::Load(format!(
            "the server's `url` {why}; write its address up to and including `/v1`, such as `http://10.0.0.7:8000/v1`"
        ))
    };
    let url = Url::parse(given).map_err(|error| wrong(&format!("`{given}` is no address ({error})")))?;
    if !url.username().is_empty() || url.password().is_some() {
        return Err(wrong("holds a password, which would end up in logs: put a key in `key_file`"));
    }
    if !matches!(url.scheme(), "http" | "https") {
        return Err(wrong(&format!("`{given}` is neither http nor https")));
    }
    if url.query().is_some() || url.fragment().is_some() {
        return Err(wrong("holds a query or a fragment"));
    }
    Ok(url)
}

async fn read_key(path: &Utf8Path) -> Result<String, EngineError> {
    let text = tokio::fs::read_to_string(path)
        .await
        .map_err(|error| EngineError::Load(format!("failed to read the key from `{path}`: {error}")))?;
    let key = text.trim();
    if key.is_empty() || !key.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(EngineError::Load(format!("`{path}` must hold the key alone, in one line of plain characters")));
    }
    Ok(key.to_owned())
}

async fn read_certificates(path: &Utf8Path) -> Result<Vec<Certificate>, EngineError> {
    let pem = tokio::fs::read(path)
        .await
        .map_err(|error| EngineError::Load(format!("failed to read certificates from `{path}`: {error}")))?;
    let certificates = Certificate::from_pem_bundle(&pem).unwrap_or_default();
    if certificates.is_empty() {
        return Err(EngineError::Load(format!("`{path}` holds no certificate in PEM")));
    }
    Ok(certificates)
}

/// What went wrong, down to its first cause, without the address, which our messages name themselves.
fn causes(error: reqwest::Error) -> String {
    let error = error.without_url();
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(source) = cause {
        let _ = write!(text, ": {source}");
        cause = source.source();
    }
    text
}

fn shown(time: Duration) -> String {
    if time.subsec_millis() == 0 { format!("{} s", time.as_secs()) } else { format!("{} ms", time.as_millis()) }
}

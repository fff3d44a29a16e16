//! Carries batches of spans to the collector by the HTTP client that the tree has anyway.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use anyhow::Context;
use async_trait::async_trait;
use camino::Utf8Path;
use opentelemetry_http::{Bytes, HttpClient, HttpError, Request, Response};
use reqwest::redirect::Policy;
use reqwest::{Certificate, Client};
use tokio::runtime::Handle;

/// How long a connection may take to be made.
const CONNECT: Duration = Duration::from_secs(2);
/// How long the collector may take with a batch; meanwhile the queue fills.
const ANSWER: Duration = Duration::from_secs(5);
/// How much of the collector's answer is read.
const MOST: usize = 64 * 1024;

/// Sends for the exporter, whose thread knows no runtime: the sending is a task of ours.
#[derive(Debug)]
pub(super) struct Courier {
    http: Client,
    runtime: Handle,
    failing: AtomicBool,
}

impl Courier {
    pub(super) fn new(authorities: Option<&Utf8Path>) -> anyhow::Result<Self> {
        crate::choose_tls_provider();
        let mut builder =
            Client::builder().connect_timeout(CONNECT).timeout(ANSWER).redirect(Policy::none()).no_proxy();
        if let Some(path) = authorities {
            let pem =
                std::fs::read(path).with_context(|| format!("failed to read `{path}` (telemetry.authorities)"))?;
            let found = Certificate::from_pem_bundle(&pem)
                .with_context(|| format!("`{path}` holds no certificate authorities (telemetry.authorities)"))?;
            builder = builder.tls_certs_only(found);
        }
        let http = builder.build().context("failed to set up the client of the collector (telemetry)")?;
        Ok(Self { http, runtime: Handle::current(), failing: AtomicBool::new(false) })
    }

    /// Says when sending begins to fail and when it works again, not each time: spans are a help, not the work.
    fn note(&self, problem: Option<String>) {
        let failed = problem.is_some();
        if self.failing.swap(failed, Ordering::Relaxed) == failed {
            return;
        }
        match problem {
            Some(error) => tracing::warn!(error, "spans cannot be sent; those that find no room are left out"),
            None => tracing::info!("spans are sent again"),
        }
    }
}

#[async_trait]
impl HttpClient for Courier {
    async fn send_bytes(&self, request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
        let http = self.http.clone();
        let sent = self.runtime.spawn(async move { send(&http, request).await }).await;
        let sent = sent.map_err(HttpError::from).and_then(|sent| sent);
        self.note(match &sent {
            Ok(response) if response.status().is_success() => None,
            Ok(response) => Some(format!("the collector answered {}", response.status())),
            Err(error) => Some(chain(error.as_ref())),
        });
        sent
    }
}

async fn send(http: &Client, request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
    let mut response = http.execute(reqwest::Request::try_from(request)?).await?;
    let mut body = Vec::new();
    while body.len() < MOST
        && let Some(piece) = response.chunk().await?
    {
        body.extend_from_slice(&piece);
    }
    let mut answer = Response::builder().status(response.status());
    if let Some(headers) = answer.headers_mut() {
        headers.extend(response.headers().clone());
    }
    Ok(answer.body(Bytes::from(body))?)
}

fn chain(error: &dyn std::error::Error) -> String {
    std::iter::successors(error.source(), |error| error.source()).fold(error.to_string(), |text, source| {
        let source = source.to_string();
        if text.ends_with(&source) { text } else { format!("{text}: {source}") }
    })
}

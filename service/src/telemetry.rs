//! Exports spans to a collector: OTLP over HTTP (OTLP specification, §OTLP/HTTP), in batches, beside the work.
//!
//! Off by default, and then nothing of it exists. On, a span that ends goes into a bounded queue, from which a thread of its
//! own sends; when the queue is full, because the collector is slow or gone, spans are left out and nobody waits. Only spans
//! of our own crates leave ([`TRACED`]): what a dependency notes in its spans is not known here and may name people.

mod courier;

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use anyhow::Context;
use camino::{Utf8Path, Utf8PathBuf};
use opentelemetry::KeyValue;
use opentelemetry::trace::TracerProvider;
use opentelemetry_otlp::{Protocol, SpanExporter, WithExportConfig, WithHttpConfig};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::{BatchConfigBuilder, BatchSpanProcessor, Sampler, SdkTracerProvider};
use serde::{Deserialize, Serialize};
use tracing::{Level, Metadata, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::filter::filter_fn;
use tracing_subscriber::registry::LookupSpan;
use url::Url;

use crate::is_loopback;
use courier::Courier;

/// The crates whose spans are exported, with their log lines within those. No span of theirs may hold a citizen's words.
pub const TRACED: &[&str] =
    &["answers", "appliance", "chat", "console", "engines", "gateway", "inference_node", "phone", "service"];

/// Spans that wait to be sent: a quarter of a minute of a busy server, a few MiB.
const QUEUE: usize = 4_096;
/// Spans in one message.
const BATCH: usize = 512;
/// How long a span waits for company.
const DELAY: Duration = Duration::from_secs(1);
/// How long the end of the program waits for what is still to be sent.
const FLUSH: Duration = Duration::from_secs(2);

static ON: AtomicBool = AtomicBool::new(false);

/// Where spans are sent.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TelemetryConfig {
    /// The collector's address for spans, such as `http://127.0.0.1:4318/v1/traces`; without it none are sent. Plain HTTP to
    /// the loopback only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub traces_url: Option<String>,
    /// The share of the traces begun here that is sent, from 0 to 1. Of a trace that came from elsewhere, whoever began it
    /// has decided.
    pub ratio: f64,
    /// A file with headers for the collector, `name: value`, one a line: the place for its key.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub header_file: Option<Utf8PathBuf>,
    /// The authorities of the collector's certificate (PEM), where they are not the system's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub authorities: Option<Utf8PathBuf>,
}

impl Default for TelemetryConfig {
    fn default() -> Self {
        Self { traces_url: None, ratio: 1.0, header_file: None, authorities: None }
    }
}

impl TelemetryConfig {
    /// Checks what no single key shows.
    ///
    /// # Errors
    /// Says which key is wrong, and how to mend it.
    pub fn check(&self) -> Result<(), String> {
        if !(0.0..=1.0).contains(&self.ratio) {
            return Err(format!("telemetry.ratio is {}; it must be from 0 to 1", self.ratio));
        }
        let Some(text) = &self.traces_url else { return Ok(()) };
        let url = Url::parse(text).map_err(|error| format!("telemetry.traces_url `{text}`: {error}"))?;
        match url.scheme() {
            "https" => Ok(()),
            "http" if is_loopback(&url) => Ok(()),
            "http" => Err(format!("telemetry.traces_url `{text}` is another machine; use https")),
            other => Err(format!("telemetry.traces_url `{text}` begins with {other}, not with http or https")),
        }
    }
}

/// Who exports: what OpenTelemetry calls the resource.
#[derive(Debug, Clone, Copy)]
pub struct Program<'a> {
    /// The program's name, the same on every machine: `service.name`.
    pub name: &'static str,
    /// Its version: `service.version`.
    pub version: &'static str,
    /// Which one of those it is: `service.instance.id`.
    pub instance: &'a str,
}

/// The export at work; nothing where it is off, which is its default.
#[derive(Default)]
pub struct Telemetry {
    provider: Option<SdkTracerProvider>,
}

impl Telemetry {
    /// Sets the export up, where there is a collector. It need not be there: it is tried with every batch. Must be called
    /// within a tokio runtime.
    ///
    /// # Errors
    /// When a file of the configuration cannot be read or used.
    pub fn start(config: &TelemetryConfig, program: Program<'_>) -> anyhow::Result<Self> {
        let Some(url) = &config.traces_url else { return Ok(Self::default()) };
        let headers = config.header_file.as_deref().map(headers).transpose()?.unwrap_or_default();
        let exporter = SpanExporter::builder()
            .with_http()
            .with_protocol(Protocol::HttpBinary)
            .with_endpoint(url)
            .with_headers(headers)
            .with_http_client(Courier::new(config.authorities.as_deref())?)
            .build()
            .context("failed to set up the export of spans (telemetry.traces_url)")?;
        let batches = BatchConfigBuilder::default()
            .with_max_queue_size(QUEUE)
            .with_max_export_batch_size(BATCH)
            .with_scheduled_delay(DELAY)
            .build();
        let resource = Resource::builder_empty().with_attributes([
            KeyValue::new("service.name", program.name),
            KeyValue::new("service.version", program.version),
            KeyValue::new("service.instance.id", program.instance.to_owned()),
        ]);
        let provider = SdkTracerProvider::builder()
            .with_sampler(Sampler::ParentBased(Box::new(Sampler::TraceIdRatioBased(config.ratio))))
            .with_resource(resource.build())
            .with_span_processor(BatchSpanProcessor::builder(exporter).with_batch_config(batches).build())
            .build();
        ON.store(true, Ordering::Relaxed);
        Ok(Self { provider: Some(provider) })
    }

    /// What listens to spans, where the export is on.
    pub fn layer<S>(&self) -> Option<impl Layer<S> + Send + Sync + use<S>>
    where
        S: Subscriber + for<'span> LookupSpan<'span> + Send + Sync,
    {
        let tracer = self.provider.as_ref()?.tracer("sfetnic");
        let layer = tracing_opentelemetry::layer()
            .with_tracer(tracer)
            .with_context_activation(false)
            .with_location(false)
            .with_threads(false)
            .with_target(false)
            .with_tracked_inactivity(false);
        Some(layer.with_filter(filter_fn(leaves)))
    }

    /// Sends what is still to be sent, for a moment at most.
    pub async fn stop(self) {
        let Some(provider) = self.provider else { return };
        ON.store(false, Ordering::Relaxed);
        let sent = tokio::task::spawn_blocking(move || provider.shutdown_with_timeout(FLUSH)).await;
        if let Ok(Err(error)) = sent {
            tracing::warn!(%error, "the last spans were not sent");
        }
    }
}

/// Whether spans are exported.
pub(crate) fn is_on() -> bool {
    ON.load(Ordering::Relaxed)
}

/// Whether a span, or a log line within one, is exported.
fn leaves(metadata: &Metadata<'_>) -> bool {
    let level = if metadata.is_span() { Level::DEBUG } else { Level::INFO };
    *metadata.level() <= level && metadata.target().split("::").next().is_some_and(|name| TRACED.contains(&name))
}

fn headers(path: &Utf8Path) -> anyhow::Result<HashMap<String, String>> {
    let text =
        std::fs::read_to_string(path).with_context(|| format!("failed to read `{path}` (telemetry.header_file)"))?;
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
    let header = |line: &str| {
        // The line itself may be a secret.
        let (name, value) = line.split_once(':').with_context(|| format!("a line of `{path}` is no `name: value`"))?;
        Ok((name.trim().to_owned(), value.trim().to_owned()))
    };
    lines.map(header).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_http_stays_on_the_machine() {
        let at = |url: &str| TelemetryConfig { traces_url: Some(url.to_owned()), ..TelemetryConfig::default() }.check();
        for fine in
            ["http://127.0.0.1:4318/v1/traces", "http://[::1]:4318/v1/traces", "https://tempo.example/v1/traces"]
        {
            assert_eq!(at(fine), Ok(()), "{fine}");
        }
        assert!(at("http://tempo.example:4318/v1/traces").unwrap_err().contains("use https"));
        assert!(at("grpc://127.0.0.1:4317").unwrap_err().contains("begins with grpc"));
        assert!(at("collector").unwrap_err().contains("telemetry.traces_url"));
        assert!(TelemetryConfig { ratio: 1.5, ..TelemetryConfig::default() }.check().is_err());
    }

    #[tokio::test]
    async fn nothing_exists_while_it_is_off() {
        let program = Program { name: "test", version: "0", instance: "0" };
        let telemetry = Telemetry::start(&TelemetryConfig::default(), program).unwrap();
        assert!(telemetry.layer::<tracing_subscriber::Registry>().is_none());
        assert!(!is_on());
        telemetry.stop().await;
    }
}

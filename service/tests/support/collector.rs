//! A collector of spans for tests: OTLP over HTTP, read by the protocol's own definitions.
#![allow(dead_code, unreachable_pub, reason = "shared by test crates, each of which uses its part")]
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on has failed")]

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::KeyValue;
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::trace::v1::Span;
use prost::Message;

/// However busy the machine is, spans have come by then.
const PATIENCE: Duration = Duration::from_secs(60);

/// A span with the program that sent it.
#[derive(Debug, Clone)]
pub struct Seen {
    pub program: String,
    pub span: Span,
}

/// What has come so far.
#[derive(Clone, Default)]
pub struct Collector {
    pub seen: Arc<Mutex<Vec<Seen>>>,
    pub headers: Arc<Mutex<Vec<HeaderMap>>>,
}

impl Collector {
    /// Listens on a port of its own; gives the address for spans.
    pub async fn start() -> (Self, String) {
        let collector = Self::default();
        let router = Router::new().route("/v1/traces", post(take)).with_state(collector.clone());
        let listener = tokio::net::TcpListener::bind(SocketAddr::from(([127, 0, 0, 1], 0))).await.unwrap();
        let url = format!("http://{}/v1/traces", listener.local_addr().unwrap());
        tokio::spawn(async move { axum::serve(listener, router).await });
        (collector, url)
    }

    /// Every span of that name.
    pub fn named(&self, name: &str) -> Vec<Seen> {
        self.seen.lock().unwrap().iter().filter(|seen| seen.span.name == name).cloned().collect()
    }

    /// The first span that fits; waits for it.
    pub async fn wait_for(&self, what: &str, fits: impl Fn(&Seen) -> bool) -> Seen {
        let started = Instant::now();
        loop {
            if let Some(found) = self.seen.lock().unwrap().iter().find(|seen| fits(seen)) {
                return found.clone();
            }
            assert!(started.elapsed() < PATIENCE, "no {what} among {:?}", self.names());
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    fn names(&self) -> Vec<String> {
        let seen = self.seen.lock().unwrap();
        seen.iter().map(|seen| format!("{}: {}", seen.program, seen.span.name)).collect()
    }
}

async fn take(State(collector): State<Collector>, headers: HeaderMap, body: Bytes) -> StatusCode {
    assert_eq!(headers["content-type"], "application/x-protobuf");
    let request = ExportTraceServiceRequest::decode(body).unwrap();
    collector.headers.lock().unwrap().push(headers);
    let mut all = collector.seen.lock().unwrap();
    for resource in request.resource_spans {
        let program = resource.resource.map(|resource| text(&resource.attributes, "service.name")).unwrap_or_default();
        let spans = resource.scope_spans.into_iter().flat_map(|scope| scope.spans);
        all.extend(spans.map(|span| Seen { program: program.clone(), span }));
    }
    StatusCode::OK
}

/// An attribute as text; empty where there is none.
pub fn text(attributes: &[KeyValue], key: &str) -> String {
    let value = attributes.iter().find(|attribute| attribute.key == key).and_then(|found| found.value.clone());
    match value.and_then(|value| value.value) {
        Some(Value::StringValue(text)) => text,
        Some(Value::IntValue(number)) => number.to_string(),
        Some(Value::DoubleValue(number)) => number.to_string(),
        Some(Value::BoolValue(truth)) => truth.to_string(),
        _ => String::new(),
    }
}

impl Seen {
    pub fn attribute(&self, key: &str) -> String {
        text(&self.span.attributes, key)
    }

    pub fn is_child_of(&self, other: &Self) -> bool {
        self.span.parent_span_id == other.span.span_id && self.span.trace_id == other.span.trace_id
    }

    pub fn events(&self) -> Vec<&str> {
        self.span.events.iter().map(|event| event.name.as_str()).collect()
    }
}

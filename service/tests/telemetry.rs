//! Traces with a collector that is there, that is slow, and that is not there.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on has failed")]

#[path = "support/collector.rs"]
mod collector;

use std::io;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::Body;
use axum::http::{Request, StatusCode};
use axum::routing::get;
use collector::Collector;
use service::telemetry::{Program, Telemetry, TelemetryConfig};
use service::trace::{self, TraceParent};
use tower::ServiceExt;
use tracing::Instrument;
use tracing::dispatcher::DefaultGuard;
use tracing::field::Empty;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{EnvFilter, Layer};

const CAME: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
const PROGRAM: Program<'_> = Program { name: "test", version: "0", instance: "here" };

/// Whether spans are exported is one for the whole process: one test at a time.
static ONE: tokio::sync::Mutex<()> = tokio::sync::Mutex::const_new(());

/// Log lines, kept.
#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<u8>>>);

impl io::Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Lines {
    fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }
}

/// Logs as the programs write them, for this thread.
fn listen(telemetry: &Telemetry, filter: &str) -> (Lines, DefaultGuard) {
    let lines = Lines::default();
    let writer = lines.clone();
    let logs = tracing_subscriber::fmt::layer().with_ansi(false).with_writer(move || writer.clone());
    let subscriber = tracing_subscriber::registry().with(logs.with_filter(EnvFilter::new(filter)));
    let guard = match telemetry.layer() {
        None => subscriber.set_default(),
        Some(spans) => subscriber.with(spans).set_default(),
    };
    (lines, guard)
}

fn to(url: &str) -> TelemetryConfig {
    TelemetryConfig { traces_url: Some(url.to_owned()), ..TelemetryConfig::default() }
}

/// One request as our servers take it, whose handler asks another program.
async fn request(parent: Option<&str>) -> (StatusCode, String) {
    let handler = get(|| async {
        let within = tracing::debug_span!(target: "gateway", "ask", model = "tiny");
        async {
            tracing::warn!(target: "gateway", "asked");
            trace::header().map(|value| value.to_str().unwrap().to_owned()).unwrap_or_default()
        }
        .instrument(within)
        .await
    });
    let router = Router::new().route("/things/{id}", handler).layer(axum::middleware::from_fn(trace::serve));
    let mut request = Request::get("/things/12");
    if let Some(parent) = parent {
        request = request.header(trace::HEADER, parent);
    }
    let response = router.oneshot(request.body(Body::empty()).unwrap()).await.unwrap();
    let status = response.status();
    let body = axum::body::to_bytes(response.into_body(), 1_000).await.unwrap();
    (status, String::from_utf8(body.to_vec()).unwrap())
}

#[tokio::test]
async fn one_trace_from_the_request_to_what_it_asks_for() {
    let _one = ONE.lock().await;
    let (collector, url) = Collector::start().await;
    let folder = tempfile::tempdir().unwrap();
    let header_file = camino::Utf8PathBuf::from_path_buf(folder.path().join("headers")).unwrap();
    std::fs::write(&header_file, "# the collector's key\nx-key: secret\n").unwrap();
    let config = TelemetryConfig { header_file: Some(header_file), ..to(&url) };
    let telemetry = Telemetry::start(&config, PROGRAM).unwrap();
    let (lines, _guard) = listen(&telemetry, "warn");
    let (_, told) = request(Some(CAME)).await;
    telemetry.stop().await;

    let server = collector.wait_for("request", |seen| seen.span.name == "GET /things/{id}").await;
    let ask = collector.named("ask").remove(0);
    assert_eq!(hex(&server.span.trace_id), TRACE);
    assert_eq!(hex(&server.span.parent_span_id), "00f067aa0ba902b7");
    assert_eq!(server.attribute("http.response.status_code"), "200");
    assert_eq!(server.program, "test");
    assert!(ask.is_child_of(&server), "{ask:?}");
    assert_eq!(ask.attribute("model"), "tiny");
    assert_eq!(told, format!("00-{TRACE}-{}-01", hex(&ask.span.span_id)));
    assert_eq!(collector.headers.lock().unwrap()[0]["x-key"], "secret");
    let text = lines.text();
    assert!(text.contains(&format!("trace={TRACE}")) && text.contains("asked"), "{text}");
    assert!(!text.contains("/things/12"), "an address names people's conversations: {text}");
}

#[tokio::test]
async fn what_is_not_ours_and_what_nobody_samples_does_not_leave() {
    let _one = ONE.lock().await;
    let (collector, url) = Collector::start().await;
    let telemetry = Telemetry::start(&TelemetryConfig { ratio: 0.0, ..to(&url) }, PROGRAM).unwrap();
    let (_, _guard) = listen(&telemetry, "info");
    let (_, begun_here) = request(None).await;
    assert!(begun_here.ends_with("-00"), "{begun_here}");
    let (_, sampled_elsewhere) = request(Some(CAME)).await;
    assert!(sampled_elsewhere.ends_with("-01"), "{sampled_elsewhere}");
    tracing::info_span!(target: "h2", "frame", bytes = "what a citizen said").in_scope(|| ());
    telemetry.stop().await;

    let seen = collector.seen.lock().unwrap().clone();
    assert!(seen.iter().all(|seen| hex(&seen.span.trace_id) == TRACE), "{seen:?}");
    assert_eq!(seen.len(), 2, "{seen:?}");
}

#[tokio::test]
async fn a_trace_is_in_the_logs_and_passed_on_though_nothing_is_exported() {
    let _one = ONE.lock().await;
    let (lines, _guard) = listen(&Telemetry::default(), "warn");
    let (_, passed_on) = request(Some(CAME)).await;
    assert_eq!(passed_on, CAME, "who takes no part passes the header on as it came");
    let (_, begun) = request(None).await;
    let parent = TraceParent::read(&begun).unwrap_or_else(|| panic!("`{begun}` is no header"));
    assert_eq!(parent.to_string(), begun);
    let text = lines.text();
    assert!(text.contains(&format!("trace={TRACE}")), "{text}");
    assert!(text.contains(&format!("trace={}", &begun[3..35])), "{text}");
    assert!(!text.contains("otel"), "{text}");
    assert_eq!(trace::header(), None, "nothing was joined here");
    assert!(tracing::debug_span!(target: "gateway", "inner").is_disabled(), "spans for nobody are not made");
}

#[tokio::test]
async fn a_span_of_its_own_task_joins_the_trace_of_what_began_it() {
    let _one = ONE.lock().await;
    let (collector, url) = Collector::start().await;
    let telemetry = Telemetry::start(&to(&url), PROGRAM).unwrap();
    let (_, _guard) = listen(&telemetry, "info");
    let outer = tracing::error_span!(target: "chat", "outer", trace = Empty);
    trace::join(&outer, None);
    let own = outer.in_scope(|| {
        let own = tracing::error_span!(target: "chat", parent: None, "own", trace = Empty);
        trace::join(&own, trace::current());
        own
    });
    drop(outer);
    tokio::spawn(async { tokio::time::sleep(Duration::from_millis(20)).await }.instrument(own)).await.unwrap();
    telemetry.stop().await;
    let (outer, own) = (collector.named("outer").remove(0), collector.named("own").remove(0));
    assert!(own.is_child_of(&outer), "{own:?}");
    assert!(outer.span.end_time_unix_nano < own.span.end_time_unix_nano, "the first did not wait for the second");
}

/// A collector that takes connections and never answers.
async fn mute() -> String {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/v1/traces", listener.local_addr().unwrap());
    tokio::spawn(async move {
        let mut held = Vec::new();
        while let Ok((stream, _)) = listener.accept().await {
            held.push(stream);
        }
    });
    url
}

#[tokio::test(flavor = "multi_thread")]
async fn a_collector_that_is_mute_or_gone_holds_nobody_up() {
    let _one = ONE.lock().await;
    // Nobody listens on the discard port.
    for url in [mute().await, "http://127.0.0.1:9/v1/traces".to_owned()] {
        let telemetry = Telemetry::start(&to(&url), PROGRAM).unwrap();
        let (_, guard) = listen(&telemetry, "off");
        let mut slowest = Duration::ZERO;
        let started = Instant::now();
        // Many more than find room.
        for _ in 0..20_000 {
            let began = Instant::now();
            let span = tracing::error_span!(target: "chat", "request", trace = Empty);
            trace::join(&span, None);
            span.in_scope(|| ());
            drop(span);
            slowest = slowest.max(began.elapsed());
        }
        let all = started.elapsed();
        drop(guard);
        let stopping = Instant::now();
        telemetry.stop().await;
        println!("{url}: {all:?} for 20000 spans, the slowest {slowest:?}, {:?} to stop", stopping.elapsed());
        assert!(slowest < Duration::from_secs(1), "a span waited {slowest:?}");
        assert!(stopping.elapsed() < Duration::from_secs(5), "it took {:?} to stop", stopping.elapsed());
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

//! One trace from the channel to the token (W3C Trace Context), whether or not spans are exported.
//!
//! A piece of work that others wait for — a request, the answering of a turn — [`join`]s a trace with its outermost span: the
//! one that came with it, else a new one. From then on every log line within carries the trace's identity as the field
//! `trace`, and [`header`] gives what the next program is told. Spans within it need nothing of this module: they are
//! exported as its descendants where [`crate::telemetry`] is on, and cost a comparison where it is not.
//!
//! The outermost spans are of the level `error`, so that no filter of the logs that lets anything pass hides them; the inner
//! ones are of the level `debug`, so that logs are not longer for them. No span has a citizen's words, names or addresses.

mod http;
mod parent;

use ::http::{HeaderMap, HeaderValue};
use opentelemetry::trace::TraceContextExt;
use opentelemetry::{Context, KeyValue};
use tracing::{Dispatch, Span};
use tracing_opentelemetry::OpenTelemetrySpanExt;
use tracing_subscriber::Registry;
use tracing_subscriber::registry::LookupSpan;

pub use http::serve;
pub use parent::TraceParent;

/// Header with the trace (W3C Trace Context §3.2).
pub const HEADER: &str = "traceparent";

/// The trace that a request came with.
#[must_use]
pub fn parent_of(headers: &HeaderMap) -> Option<TraceParent> {
    // More than one is none (§3.2.2).
    let mut all = headers.get_all(HEADER).iter();
    let one = all.next().filter(|_| all.next().is_none())?;
    TraceParent::read(one.to_str().ok()?)
}

/// What the next program is told of the present span.
#[must_use]
pub fn header() -> Option<HeaderValue> {
    HeaderValue::from_str(&current()?.to_string()).ok()
}

/// Where the present span stands. `None` outside of what has joined a trace.
#[must_use]
pub fn current() -> Option<TraceParent> {
    let span = Span::current();
    exported(&span).or_else(|| {
        span.with_subscriber(|(id, dispatch)| {
            let registry = dispatch.downcast_ref::<Registry>()?;
            let span = registry.span(id)?;
            span.scope().find_map(|span| span.extensions().get::<TraceParent>().copied())
        })
        .flatten()
    })
}

/// Has a span, just made and never entered, join the trace of `parent`, or a new one. It must declare the field `trace`.
pub fn join(span: &Span, parent: Option<TraceParent>) {
    if let Some(parent) = parent {
        // Fails where spans are not exported, and nothing is to be done then.
        let _ = span.set_parent(Context::new().with_remote_span_context(parent.remote()));
    }
    let joined = exported(span).or(parent).unwrap_or_default();
    span.with_subscriber(|(id, dispatch): (&tracing::Id, &Dispatch)| {
        if let Some(registry) = dispatch.downcast_ref::<Registry>()
            && let Some(span) = registry.span(id)
        {
            span.extensions_mut().replace(joined);
        }
    });
    span.record("trace", tracing::field::display(joined.trace()));
}

/// Notes a moment within a span, with what belongs to it; for the exporter alone.
pub fn note(span: &Span, moment: &'static str, details: &[(&'static str, &str)]) {
    if crate::telemetry::is_on() {
        let details = details.iter().map(|(name, value)| KeyValue::new(*name, (*value).to_owned()));
        span.add_event(moment, details.collect());
    }
}

/// Where the span stands by the exporter's word.
fn exported(span: &Span) -> Option<TraceParent> {
    if !crate::telemetry::is_on() {
        return None;
    }
    TraceParent::of(span.context().span().span_context())
}

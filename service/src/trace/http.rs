//! The span around a request to one of our servers.

use axum::extract::{MatchedPath, Request};
use axum::middleware::Next;
use axum::response::Response;
use tracing::Instrument;
use tracing::field::Empty;

use super::{join, parent_of};

/// A layer of a router: each request is a span that joins the trace which the request came with, and begins one where none
/// came. It tells the route, never the address, which names people's conversations; `request` is left to the program.
///
/// Names are those of OpenTelemetry's semantic conventions for HTTP spans.
pub async fn serve(request: Request, next: Next) -> Response {
    let route = request.extensions().get::<MatchedPath>().map(|path| path.as_str().to_owned());
    let span = tracing::error_span!(
        "request",
        trace = Empty,
        request = Empty,
        http.request.method = %request.method(),
        http.route = route,
        http.response.status_code = Empty,
        otel.kind = Empty,
        otel.name = Empty,
        otel.status_code = Empty,
    );
    if crate::telemetry::is_on() {
        // What is for the exporter alone stands in no log line without it.
        span.record("otel.kind", "server");
        let name = format!("{} {}", request.method(), route.as_deref().unwrap_or_default());
        span.record("otel.name", name.trim_end());
    }
    join(&span, parent_of(request.headers()));
    let response = next.run(request).instrument(span.clone()).await;
    if crate::telemetry::is_on() {
        span.record("http.response.status_code", response.status().as_u16());
        if response.status().is_server_error() {
            span.record("otel.status_code", "error");
        }
    }
    response
}

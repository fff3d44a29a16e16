//! Every address that citizens reach, and what holds for all of them: limits of size, origins, security headers.

use std::sync::Arc;

use axum::Router;
use axum::extract::{DefaultBodyLimit, Request, State};
use axum::http::header::{
    ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN,
    ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE, HeaderValue, ORIGIN, VARY,
};
use axum::http::{HeaderName, Method, StatusCode};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};

use crate::app::App;
use crate::{api, pages};

/// Room beside a file in a form.
const FORM_BYTES: usize = 256 * 1024;

/// The router of everything but the assets.
pub(crate) fn router(app: Arc<App>) -> Router {
    let (api, _) = api::routes().split_for_parts();
    let api = api.layer(middleware::from_fn_with_state(app.clone(), share));
    let mut routes = Router::new()
        .route("/", get(pages::home::negotiated))
        .route("/ro", get(pages::home::romanian))
        .route("/hu", get(pages::home::hungarian))
        .route("/en", get(pages::home::english))
        .route("/mesaj", post(pages::message::send))
        .route("/parere", post(pages::message::opinion))
        .route("/nou", post(pages::message::leave))
        .route("/surse/{article}", get(pages::source::show))
        .route("/caz", get(pages::case::ask).post(pages::case::look_up))
        .route("/caz/{reference}", get(pages::case::show))
        .route("/embed.js", get(pages::embed::script))
        .fallback(pages::missing);
    if app.parts.config.demo {
        routes = routes.route("/demo", get(pages::embed::demo));
    }
    let bytes = app.parts.config.limits.attachment_bytes + FORM_BYTES;
    routes
        .merge(api)
        .layer(DefaultBodyLimit::max(bytes))
        .layer(middleware::map_response(ui::security::headers))
        .with_state(app)
}

/// Lets pages of the allowed origins use the API: answers their preflights and marks what they may read.
async fn share(State(app): State<Arc<App>>, request: Request, next: Next) -> Response {
    let origin = request.headers().get(ORIGIN).cloned();
    let origin = origin.filter(|origin| {
        origin.to_str().is_ok_and(|origin| app.parts.config.allowed_origins.iter().any(|allowed| allowed == origin))
    });
    let preflight = request.method() == Method::OPTIONS;
    let mut response = match (&origin, preflight) {
        (Some(_), true) => StatusCode::NO_CONTENT.into_response(),
        _ => next.run(request).await,
    };
    let headers = response.headers_mut();
    headers.append(VARY, HeaderValue::from_static("origin"));
    if let Some(origin) = origin {
        headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin);
        headers.insert(ACCESS_CONTROL_EXPOSE_HEADERS, HeaderValue::from_static("retry-after"));
        headers
            .insert(HeaderName::from_static("cross-origin-resource-policy"), HeaderValue::from_static("cross-origin"));
        if preflight {
            headers.insert(ACCESS_CONTROL_ALLOW_METHODS, HeaderValue::from_static("GET, POST"));
            headers.insert(
                ACCESS_CONTROL_ALLOW_HEADERS,
                HeaderValue::from_static("authorization, content-type, idempotency-key, last-event-id"),
            );
            headers.insert(ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static("600"));
        }
    }
    response
}

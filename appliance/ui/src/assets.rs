//! The bundled styles and scripts, served from the binary under names that carry a digest of their content.

use std::collections::HashMap;
use std::sync::LazyLock;

use axum::Router;
use axum::extract::Path;
use axum::http::header::{
    ACCEPT_ENCODING, ACCESS_CONTROL_ALLOW_ORIGIN, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_TYPE, ETAG, IF_NONE_MATCH,
    VARY,
};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use rust_embed::RustEmbed;

/// For names that carry a digest: what they name never changes.
const FOREVER: &str = "public, max-age=31536000, immutable";

#[derive(RustEmbed)]
#[folder = "$CARGO_MANIFEST_DIR/dist"]
struct Bundle;

/// Plain names (`base.css`) to names with a digest (`base-1f….css`).
static MANIFEST: LazyLock<HashMap<String, String>> = LazyLock::new(|| {
    let bytes = Bundle::get("manifest.json").map(|file| file.data.into_owned()).unwrap_or_default();
    serde_json::from_slice(&bytes).unwrap_or_default()
});

/// The address of the asset called `name` (`base.css`, `console.js`), under `/assets/`.
#[must_use]
pub fn url(name: &str) -> String {
    format!("/assets/{}", MANIFEST.get(name).map_or(name, String::as_str))
}

/// Whether the bundle holds an asset called `name`.
#[must_use]
pub fn exists(name: &str) -> bool {
    MANIFEST.contains_key(name)
}

/// Serves every asset under `/assets/`.
pub fn router<S: Clone + Send + Sync + 'static>() -> Router<S> {
    Router::new().route("/assets/{name}", get(serve))
}

async fn serve(Path(name): Path<String>, headers: HeaderMap) -> Response {
    if MANIFEST.values().any(|hashed| *hashed == name) {
        respond(&name, &headers, FOREVER)
    } else {
        StatusCode::NOT_FOUND.into_response()
    }
}

/// The asset called `name` under an address of its own that stays the same (`/embed.js`): asked again after `max_age_seconds`.
#[must_use]
pub fn stable(name: &str, request: &HeaderMap, max_age_seconds: u32) -> Response {
    match MANIFEST.get(name) {
        Some(hashed) => respond(hashed, request, &format!("public, max-age={max_age_seconds}")),
        None => StatusCode::NOT_FOUND.into_response(),
    }
}

/// The best encoding that the client takes: the suffix of the file and the header's value.
fn encoding(request: &HeaderMap) -> Option<(&'static str, &'static str)> {
    let accepted = request.get(ACCEPT_ENCODING)?.to_str().ok()?;
    let takes = |wanted: &str| {
        accepted.split(',').any(|part| {
            let mut pieces = part.split(';').map(str::trim);
            pieces.next() == Some(wanted) && !pieces.any(|weight| matches!(weight, "q=0" | "q=0.0" | "q=0.00"))
        })
    };
    [("br", "br"), ("gz", "gzip")].into_iter().find(|(_, name)| takes(name))
}

fn respond(hashed: &str, request: &HeaderMap, caching: &str) -> Response {
    let chosen = encoding(request).and_then(|(suffix, name)| Some((Bundle::get(&format!("{hashed}.{suffix}"))?, name)));
    let (file, encoded) = match chosen {
        Some((file, name)) => (file, Some(name)),
        None => match Bundle::get(hashed) {
            Some(file) => (file, None),
            None => return StatusCode::NOT_FOUND.into_response(),
        },
    };
    let tag = format!("\"{hashed}{}\"", encoded.map(|name| format!("-{name}")).unwrap_or_default());
    let mut headers = HeaderMap::new();
    let mut set = |name, value: &str| {
        if let Ok(value) = HeaderValue::from_str(value) {
            headers.insert(name, value);
        }
    };
    set(CONTENT_TYPE, media_type(hashed));
    set(CACHE_CONTROL, caching);
    set(ETAG, &tag);
    set(VARY, "accept-encoding");
    // Nothing here is secret, and the element on another site loads the script for its microphone.
    set(ACCESS_CONTROL_ALLOW_ORIGIN, "*");
    if request.get(IF_NONE_MATCH).and_then(|known| known.to_str().ok()).is_some_and(|known| known.contains(&tag)) {
        return (StatusCode::NOT_MODIFIED, headers).into_response();
    }
    if let Some(name) = encoded {
        headers.insert(CONTENT_ENCODING, HeaderValue::from_static(name));
    }
    (headers, file.data.into_owned()).into_response()
}

fn media_type(name: &str) -> &'static str {
    match name.rsplit('.').next() {
        Some("css") => "text/css; charset=utf-8",
        Some("js") => "text/javascript; charset=utf-8",
        Some("json") => "application/json",
        Some("svg") => "image/svg+xml",
        _ => "application/octet-stream",
    }
}

#[cfg(test)]
mod tests {
    use axum::body::Body;
    use axum::http::Request;
    use tower::ServiceExt;

    use super::*;

    async fn fetch(address: &str, headers: &[(&str, &str)]) -> Response {
        let mut request = Request::get(address);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        router::<()>().oneshot(request.body(Body::empty()).unwrap()).await.unwrap()
    }

    #[tokio::test]
    async fn a_style_sheet_is_served_compressed_and_kept_forever() {
        let response = fetch(&url("base.css"), &[("accept-encoding", "gzip, br")]).await;
        assert_eq!(response.status(), StatusCode::OK);
        assert_eq!(response.headers()[CONTENT_TYPE], "text/css; charset=utf-8");
        assert_eq!(response.headers()[CONTENT_ENCODING], "br");
        assert!(response.headers()[CACHE_CONTROL].to_str().unwrap().contains("immutable"));
    }

    #[tokio::test]
    async fn what_the_browser_still_has_is_not_sent_again() {
        let address = url("base.css");
        let tag = fetch(&address, &[]).await.headers()[ETAG].to_str().unwrap().to_owned();
        assert_eq!(fetch(&address, &[("if-none-match", &tag)]).await.status(), StatusCode::NOT_MODIFIED);
    }

    #[tokio::test]
    async fn an_encoding_that_is_refused_is_not_used() {
        let response = fetch(&url("base.css"), &[("accept-encoding", "br;q=0, gzip")]).await;
        assert_eq!(response.headers()[CONTENT_ENCODING], "gzip");
    }

    #[tokio::test]
    async fn nothing_but_the_bundle_is_served() {
        for address in ["/assets/manifest.json", "/assets/..%2Fsrc%2Flib.rs", "/assets/none.css"] {
            assert_eq!(fetch(address, &[]).await.status(), StatusCode::NOT_FOUND, "{address}");
        }
    }
}

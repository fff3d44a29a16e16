//! Headers that keep a page to itself: a strict content security policy and its companions.

use axum::http::HeaderName;
use axum::http::header::{
    CONTENT_SECURITY_POLICY, HeaderValue, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS,
};
use axum::response::Response;

/// Styles, scripts, sound and connections from the own origin only; nothing inline, no frames, no plug-ins. Sound that a page has
/// fetched itself is a blob.
pub const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; \
     media-src 'self' blob:; connect-src 'self'; font-src 'self'; manifest-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

/// Adds the headers where the handler has not set its own. Use it as a layer:
/// `router.layer(axum::middleware::map_response(ui::security::headers))`.
pub async fn headers(mut response: Response) -> Response {
    let opener = HeaderName::from_static("cross-origin-opener-policy");
    let resource = HeaderName::from_static("cross-origin-resource-policy");
    let permissions = HeaderName::from_static("permissions-policy");
    let defaults = [
        (CONTENT_SECURITY_POLICY, POLICY),
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (X_FRAME_OPTIONS, "DENY"),
        (REFERRER_POLICY, "same-origin"),
        (opener, "same-origin"),
        (resource, "same-origin"),
        (permissions, "camera=(), microphone=(self), geolocation=(), payment=(), usb=()"),
    ];
    for (name, value) in defaults {
        response.headers_mut().entry(name).or_insert(HeaderValue::from_static(value));
    }
    response
}

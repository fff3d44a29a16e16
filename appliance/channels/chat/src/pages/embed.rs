//! The script that other sites embed, and a page that shows how.

use std::sync::Arc;

use askama::Template;
use axum::extract::State;
use axum::http::header::HeaderValue;
use axum::http::{HeaderMap, HeaderName};
use axum::response::Response;
use ui::Page;

use crate::access::Caller;
use crate::app::App;

/// How long a site's visitors keep the script before they ask again, in seconds.
const SCRIPT_LIFE: u32 = 3_600;

#[derive(Template)]
#[template(path = "demo.html")]
struct Demo {
    page: Page,
}

/// `GET /embed.js`.
pub(crate) async fn script(request: HeaderMap) -> Response {
    let mut response = ui::assets::stable("embed.js", &request, SCRIPT_LIFE);
    let headers = response.headers_mut();
    headers.insert(HeaderName::from_static("cross-origin-resource-policy"), HeaderValue::from_static("cross-origin"));
    response
}

/// `GET /demo`: a page as another site might have it.
pub(crate) async fn demo(State(_app): State<Arc<App>>, caller: Caller) -> Response {
    ui::page(&Demo { page: Page::new(caller.language, "Demo") }, caller.language)
}

//! Refuses what other sites make a browser send: with `SameSite=Strict` the second of two locks, and no token in any form.

use axum::extract::Request;
use axum::http::{HeaderMap, Method, Uri, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use crate::pages::problem::Problem;

/// Lets reads pass, and writes that a page of this very host sent.
pub(crate) async fn guard(request: Request, next: Next) -> Response {
    let reads = matches!(*request.method(), Method::GET | Method::HEAD | Method::OPTIONS);
    if reads || from_here(request.headers(), request.uri()) {
        next.run(request).await
    } else {
        tracing::warn!(path = request.uri().path(), "refused a request that another site sent");
        Problem::ForeignOrigin.into_response()
    }
}

/// `Sec-Fetch-Site` decides where the browser sends it (HTTPS and the loopback); else `Origin` must name this host. A request
/// with neither did not come from a browser's form.
fn from_here(headers: &HeaderMap, uri: &Uri) -> bool {
    let text = |name| headers.get(name).and_then(|value: &axum::http::HeaderValue| value.to_str().ok());
    if let Some(site) = text("sec-fetch-site") {
        return matches!(site, "same-origin" | "none");
    }
    let host = text(header::HOST.as_str()).or_else(|| uri.authority().map(|authority| authority.as_str()));
    let (Some(origin), Some(host)) = (text(header::ORIGIN.as_str()), host) else { return false };
    origin.split_once("://").is_some_and(|(_, name)| name.eq_ignore_ascii_case(host))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(pairs: &[(&'static str, &'static str)]) -> bool {
        let headers = pairs.iter().map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap())).collect();
        from_here(&headers, &Uri::from_static("/console/sign-in"))
    }

    #[test]
    fn a_form_of_this_host_passes() {
        assert!(check(&[("sec-fetch-site", "same-origin")]));
        assert!(check(&[("host", "sfetnic.primaria.ro"), ("origin", "https://sfetnic.primaria.ro")]));
        assert!(check(&[("host", "localhost:8080"), ("origin", "http://localhost:8080")]));
    }

    #[test]
    fn another_site_is_refused_whatever_it_says() {
        assert!(!check(&[("sec-fetch-site", "cross-site"), ("host", "a.ro"), ("origin", "https://a.ro")]));
        assert!(!check(&[("sec-fetch-site", "same-site")]));
        assert!(!check(&[("host", "a.ro"), ("origin", "https://b.ro")]));
        assert!(!check(&[("host", "a.ro"), ("origin", "null")]));
        assert!(!check(&[("host", "a.ro")]));
    }
}

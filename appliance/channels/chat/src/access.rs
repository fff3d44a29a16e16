//! Who asks: address, language, origin and the secret that opens a conversation.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Instant;

use axum::extract::{ConnectInfo, FromRequestParts, Query};
use axum::http::header::{AUTHORIZATION, COOKIE, HOST, ORIGIN};
use axum::http::request::Parts;
use axum::http::{HeaderMap, Method};
use desk::conversation::Conversation;
use desk::ids::ConversationId;
use desk::language::Language;
use serde::Deserialize;
use ui::{Problem, ProblemKind};

use crate::app::App;
use crate::config::Rate;
use crate::limits::{Counted, counted_address};
use crate::secret;

/// The name of the cookie that brings a citizen's page back to its conversation.
const COOKIE_NAME: &str = "sfetnic";
/// For how long the browser keeps it, in seconds.
const COOKIE_LIFE: u64 = 30 * 24 * 3600;

/// Who asks.
#[derive(Debug, Clone)]
pub(crate) struct Caller {
    /// The address that limits count.
    pub(crate) address: IpAddr,
    /// The language of messages and rendered parts.
    pub(crate) language: Language,
    /// Whether the request was made by a page of our own origin.
    pub(crate) same_origin: bool,
    /// The address under which the caller reaches us: `https://host`.
    pub(crate) base: String,
    /// The secret of the `Authorization` header.
    bearer: Option<String>,
    /// Conversation and secret of the cookie.
    cookie: Option<(ConversationId, String)>,
}

/// A conversation that the caller may see, and the secret that proves it.
#[derive(Debug, Clone)]
pub(crate) struct Access {
    pub(crate) conversation: Conversation,
    pub(crate) secret: String,
}

#[derive(Deserialize)]
struct LanguageQuery {
    lang: Option<String>,
}

impl FromRequestParts<Arc<App>> for Caller {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, Problem> {
        let headers = &parts.headers;
        let asked = Query::<LanguageQuery>::try_from_uri(&parts.uri).ok().and_then(|query| query.lang.clone());
        let language = asked
            .and_then(|code| code.parse().ok())
            .or_else(|| ui::problem::accepted_language(headers))
            .unwrap_or_default();
        let peer = parts.extensions.get::<ConnectInfo<SocketAddr>>().map(|info| info.0.ip());
        let trusted = peer.is_some_and(|peer| app.parts.config.trusted_proxies.contains(&peer));
        let address = address(peer, headers, &app.parts.config.trusted_proxies);
        let host = trusted
            .then(|| text(headers, "x-forwarded-host"))
            .flatten()
            .or_else(|| text(headers, HOST.as_str()))
            .or_else(|| parts.uri.authority().map(|authority| authority.as_str()));
        let origin = text(headers, ORIGIN.as_str());
        let same_origin = match origin {
            Some(origin) => host.is_some_and(|host| {
                origin.split_once("://").is_some_and(|(_, origin_host)| origin_host.eq_ignore_ascii_case(host))
            }),
            // Browsers name the origin of every request that could change something.
            None => parts.method == Method::GET || parts.method == Method::HEAD,
        };
        if let Some(origin) = origin
            && !same_origin
            && !app.parts.config.allowed_origins.iter().any(|allowed| allowed == origin)
        {
            metrics::counter!("sfetnic_chat_refused_total", "reason" => "origin").increment(1);
            return Err(Problem::new(ProblemKind::Forbidden, language).detail("origin not allowed"));
        }
        let bearer = text(headers, AUTHORIZATION.as_str())
            .and_then(|value| value.strip_prefix("Bearer ").or_else(|| value.strip_prefix("bearer ")))
            .map(|secret| secret.trim().to_owned())
            .or_else(|| protocol_secret(headers));
        let scheme = if app.parts.config.secure_cookies { "https" } else { "http" };
        let base = format!("{scheme}://{}", host.unwrap_or("localhost"));
        let caller = Self { address, language, same_origin, base, bearer, cookie: cookie(headers) };
        caller.limit(app, Counted::Requests(caller.address), app.parts.config.limits.requests)?;
        Ok(caller)
    }
}

fn text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}

/// The address of the client: the peer, or behind proxies that are trusted the last address they did not add themselves.
fn address(peer: Option<IpAddr>, headers: &HeaderMap, trusted: &[IpAddr]) -> IpAddr {
    let peer = peer.unwrap_or(IpAddr::from([127, 0, 0, 1]));
    let forwarded = || {
        let list = text(headers, "x-forwarded-for")?;
        list.rsplit(',').filter_map(|entry| entry.trim().parse::<IpAddr>().ok()).find(|entry| !trusted.contains(entry))
    };
    let address = if trusted.contains(&peer) { forwarded().unwrap_or(peer) } else { peer };
    counted_address(address)
}

/// A browser's WebSocket cannot send headers; the element passes the secret as a sub-protocol, `secret.<secret>`.
fn protocol_secret(headers: &HeaderMap) -> Option<String> {
    let protocols = text(headers, "sec-websocket-protocol")?;
    protocols.split(',').find_map(|protocol| protocol.trim().strip_prefix("secret.")).map(str::to_owned)
}

fn cookie(headers: &HeaderMap) -> Option<(ConversationId, String)> {
    headers
        .get_all(COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .find(|(name, _)| name.strip_prefix("__Host-").unwrap_or(name) == COOKIE_NAME)
        .and_then(|(_, value)| value.split_once('.'))
        .and_then(|(id, secret)| Some((id.parse().ok()?, secret.to_owned())))
}

/// The `Set-Cookie` value that brings a page back to its conversation. `Lax`, so that a citizen who follows a link from another
/// site finds the conversation again; what changes anything also checks the origin.
pub(crate) fn cookie_for(id: ConversationId, secret: &str, secure: bool) -> String {
    let (prefix, attribute) = if secure { ("__Host-", "; Secure") } else { ("", "") };
    format!("{prefix}{COOKIE_NAME}={id}.{secret}; Path=/; Max-Age={COOKIE_LIFE}; HttpOnly; SameSite=Lax{attribute}")
}

/// The `Set-Cookie` value that ends it.
pub(crate) fn cookie_end(secure: bool) -> String {
    let (prefix, attribute) = if secure { ("__Host-", "; Secure") } else { ("", "") };
    format!("{prefix}{COOKIE_NAME}=; Path=/; Max-Age=0; HttpOnly; SameSite=Lax{attribute}")
}

impl Caller {
    /// Takes one of what the caller may ask for.
    pub(crate) fn limit(&self, app: &App, counted: Counted, rate: Rate) -> Result<(), Problem> {
        app.buckets.take(counted, rate, Instant::now()).map_err(|seconds| {
            metrics::counter!("sfetnic_chat_refused_total", "reason" => "rate").increment(1);
            Problem::new(ProblemKind::TooMany, self.language).retry_after(seconds)
        })
    }

    /// The conversation of the cookie, if there is one and its secret fits.
    pub(crate) async fn current(&self, app: &App) -> Result<Option<Access>, Problem> {
        let Some((id, secret)) = &self.cookie else { return Ok(None) };
        self.open(app, *id, secret).await
    }

    /// The conversation `id`, if the caller's secret fits. Whoever has the wrong secret is told nothing of the conversation.
    pub(crate) async fn access(&self, app: &App, id: ConversationId) -> Result<Access, Problem> {
        let from_cookie = || self.cookie.as_ref().filter(|(owner, _)| *owner == id).map(|(_, secret)| secret);
        let Some(secret) = self.bearer.as_ref().or_else(from_cookie) else {
            return Err(Problem::new(ProblemKind::Unauthorised, self.language));
        };
        self.open(app, id, secret).await?.ok_or_else(|| Problem::new(ProblemKind::Unauthorised, self.language))
    }

    /// Like [`Caller::access`], for what changes something: a cookie counts only from our own pages.
    pub(crate) async fn access_to_change(&self, app: &App, id: ConversationId) -> Result<Access, Problem> {
        if self.bearer.is_none() && !self.same_origin {
            return Err(Problem::new(ProblemKind::Forbidden, self.language));
        }
        self.access(app, id).await
    }

    /// The conversation `id`, if `secret` is its secret.
    pub(crate) async fn open(&self, app: &App, id: ConversationId, secret: &str) -> Result<Option<Access>, Problem> {
        let port = |error| Problem::from_port(&error, self.language);
        match app.parts.conversations.secret_fits(id, secret::digest(secret)).await {
            Ok(true) => {}
            Ok(false) | Err(desk::ports::PortError::NotFound { .. }) => return Ok(None),
            Err(error) => return Err(port(error)),
        }
        let conversation = app.parts.conversations.conversation(id).await.map_err(port)?;
        Ok(Some(Access { conversation, secret: secret.to_owned() }))
    }

    /// The secret that the caller brought for a case.
    pub(crate) fn bearer(&self) -> Option<&str> {
        self.bearer.as_deref()
    }
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        pairs.iter().map(|(name, value)| (name.parse().unwrap(), HeaderValue::from_static(value))).collect()
    }

    #[test]
    fn only_a_trusted_proxy_says_who_asks() {
        let (proxy, client) = (IpAddr::from([10, 0, 0, 1]), IpAddr::from([192, 0, 2, 9]));
        let sent = headers(&[("x-forwarded-for", "198.51.100.1, 192.0.2.9, 10.0.0.1")]);
        assert_eq!(address(Some(proxy), &sent, &[proxy]), client);
        assert_eq!(address(Some(client), &headers(&[("x-forwarded-for", "203.0.113.5")]), &[proxy]), client);
    }

    #[test]
    fn a_cookie_is_read_back() {
        let id = ConversationId::new();
        for secure in [true, false] {
            let value = cookie_for(id, "s3cret", secure);
            let pair = value.split(';').next().unwrap();
            let mut headers = HeaderMap::new();
            headers.insert(COOKIE, HeaderValue::from_str(&format!("other=1; {pair}")).unwrap());
            assert_eq!(cookie(&headers), Some((id, "s3cret".to_owned())));
        }
    }

    #[test]
    fn a_socket_brings_its_secret_as_a_protocol() {
        let sent = headers(&[("sec-websocket-protocol", "sfetnic.v1, secret.abc")]);
        assert_eq!(protocol_secret(&sent), Some("abc".to_owned()));
    }
}

//! One request over HTTP, and the times at which its answer came.

use std::cell::RefCell;
use std::rc::Rc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::client::conn::http1::{self, SendRequest};
use hyper::header::{CONTENT_TYPE, HOST, HeaderName, HeaderValue};
use hyper::{Method, Request, Response};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

/// How a request ended.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Outcome {
    /// With all of its answer.
    Complete,
    /// With this status instead of an answer.
    Status(u16),
    /// No connection came about.
    Connect,
    /// The connection broke before the first token.
    BrokenBefore,
    /// The connection or the stream broke after the first token.
    BrokenAfter,
    /// The program said in the stream that it had failed.
    ErrorInStream,
    /// It was given up, at its own time limit or at the end of the run.
    Unfinished,
}

impl Outcome {
    /// Its name in reports.
    #[must_use]
    pub fn name(&self) -> String {
        match self {
            Self::Complete => "complete".to_owned(),
            Self::Status(status) => format!("status_{status}"),
            Self::Connect => "connect".to_owned(),
            Self::BrokenBefore => "broken_before_first_token".to_owned(),
            Self::BrokenAfter => "broken_after_first_token".to_owned(),
            Self::ErrorInStream => "error_in_stream".to_owned(),
            Self::Unfinished => "unfinished".to_owned(),
        }
    }
}

/// What was seen of one answer. Times count from the sending.
#[derive(Debug, Clone, Default)]
pub(super) struct Observation {
    pub(super) first_token: Option<Duration>,
    pub(super) end: Duration,
    /// Between events that bring tokens.
    pub(super) gaps: Vec<Duration>,
    pub(super) cached_tokens: u64,
}

/// Where requests go: kept connections to some addresses, in turn.
pub(super) struct Client {
    targets: Vec<Target>,
    headers: Vec<(HeaderName, HeaderValue)>,
    next: std::cell::Cell<usize>,
}

struct Target {
    address: String,
    idle: RefCell<Vec<SendRequest<Full<Bytes>>>>,
}

impl Client {
    pub(super) fn new(addresses: &[String], headers: Vec<(HeaderName, HeaderValue)>) -> Self {
        let targets =
            addresses.iter().map(|address| Target { address: address.clone(), idle: RefCell::default() }).collect();
        Self { targets, headers, next: std::cell::Cell::new(0) }
    }

    /// Sends one chat completion and reads its answer to the end. What is seen is written down as it comes, so that it is there
    /// also where the caller gives up.
    pub(super) async fn complete(
        &self,
        class: &str,
        body: Bytes,
        stream: bool,
        sent: Instant,
        seen: &Rc<RefCell<Observation>>,
    ) -> Outcome {
        let turn = self.next.replace(self.next.get().wrapping_add(1));
        let target = &self.targets[turn % self.targets.len()];
        let mut connection = match target.connection().await {
            Ok(connection) => connection,
            Err(_) => return Outcome::Connect,
        };
        let response = match connection.send_request(self.request(target, class, &body)).await {
            // A kept connection that the other side was just closing: nothing of the request was read.
            Err(error) if error.is_canceled() => {
                connection = match target.fresh().await {
                    Ok(connection) => connection,
                    Err(_) => return Outcome::Connect,
                };
                connection.send_request(self.request(target, class, &body)).await
            }
            other => other,
        };
        let Ok(response) = response else { return Outcome::BrokenBefore };
        let outcome = read(response, stream, sent, seen).await;
        if !connection.is_closed() && matches!(outcome, Outcome::Complete | Outcome::Status(_)) {
            target.idle.borrow_mut().push(connection);
        }
        outcome
    }

    fn request(&self, target: &Target, class: &str, body: &Bytes) -> Request<Full<Bytes>> {
        let mut request = Request::new(Full::new(body.clone()));
        *request.method_mut() = Method::POST;
        *request.uri_mut() = hyper::Uri::from_static("/v1/chat/completions");
        let headers = request.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        if let Ok(host) = HeaderValue::from_str(&target.address) {
            headers.insert(HOST, host);
        }
        if let Ok(class) = HeaderValue::from_str(class) {
            headers.insert("x-sfetnic-class", class);
        }
        headers.insert("x-smg-priority", HeaderValue::from_static(super::smg_priority(class)));
        headers.extend(self.headers.iter().cloned());
        request
    }
}

impl Target {
    async fn connection(&self) -> anyhow::Result<SendRequest<Full<Bytes>>> {
        loop {
            // The one used last, so that those that are too many grow old and are closed.
            let Some(mut kept) = self.idle.borrow_mut().pop() else { break };
            if !kept.is_closed() && kept.ready().await.is_ok() {
                return Ok(kept);
            }
        }
        self.fresh().await
    }

    async fn fresh(&self) -> anyhow::Result<SendRequest<Full<Bytes>>> {
        let stream = TcpStream::connect(&self.address).await?;
        stream.set_nodelay(true)?;
        let (sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
        tokio::task::spawn_local(connection);
        Ok(sender)
    }
}

async fn read(response: Response<Incoming>, stream: bool, sent: Instant, seen: &Rc<RefCell<Observation>>) -> Outcome {
    let status = response.status();
    let mut body = response.into_body();
    let mut events = Events::default();
    let mut last = None;
    while let Some(frame) = body.frame().await {
        let Ok(frame) = frame else {
            return if last.is_some() { Outcome::BrokenAfter } else { Outcome::BrokenBefore };
        };
        let Some(data) = frame.data_ref() else { continue };
        if !status.is_success() {
            continue;
        }
        let now = sent.elapsed();
        let tokens = if stream { events.push(data) } else { 1 };
        let mut seen = seen.borrow_mut();
        seen.end = now;
        for _ in 0..tokens {
            match last.replace(now) {
                None => seen.first_token = Some(now),
                Some(before) if stream => seen.gaps.push(now - before),
                Some(_) => {}
            }
        }
    }
    seen.borrow_mut().cached_tokens = events.cached_tokens;
    match (status.is_success(), stream) {
        (false, _) => Outcome::Status(status.as_u16()),
        (true, true) if events.error => Outcome::ErrorInStream,
        (true, true) if !events.done => {
            if last.is_some() {
                Outcome::BrokenAfter
            } else {
                Outcome::BrokenBefore
            }
        }
        (true, _) => Outcome::Complete,
    }
}

/// Finds in a stream of events those that bring tokens, without reading them as JSON: this runs on the core of the servers.
#[derive(Debug, Default)]
struct Events {
    line: Vec<u8>,
    done: bool,
    error: bool,
    cached_tokens: u64,
}

impl Events {
    /// Takes what came; how many events with tokens it ended.
    fn push(&mut self, mut data: &[u8]) -> usize {
        let mut tokens = 0;
        while let Some(end) = data.iter().position(|byte| *byte == b'\n') {
            if self.line.is_empty() {
                tokens += usize::from(self.line_is_token(&data[..end]));
            } else {
                let mut line = std::mem::take(&mut self.line);
                line.extend_from_slice(&data[..end]);
                tokens += usize::from(self.line_is_token(&line));
            }
            data = &data[end + 1..];
        }
        self.line.extend_from_slice(data);
        tokens
    }

    fn line_is_token(&mut self, line: &[u8]) -> bool {
        let Some(event) = line.strip_prefix(b"data:") else { return false };
        let event = event.trim_ascii();
        if event == b"[DONE]" {
            self.done = true;
            return false;
        }
        if event.starts_with(br#"{"error""#) {
            self.error = true;
            return false;
        }
        if let Some(count) = after(event, br#""cached_tokens":"#) {
            let digits = count.trim_ascii_start().iter().take_while(|byte| byte.is_ascii_digit());
            self.cached_tokens = digits.fold(0, |number, digit| number * 10 + u64::from(digit - b'0'));
        }
        after(event, br#""content":"#).is_some_and(|text| {
            let text = text.trim_ascii_start();
            text.starts_with(b"\"") && !text.starts_with(b"\"\"")
        })
    }
}

fn after<'a>(text: &'a [u8], key: &[u8]) -> Option<&'a [u8]> {
    let at = text.windows(key.len()).position(|window| window == key)?;
    Some(&text[at + key.len()..])
}

#[cfg(test)]
mod tests {
    use super::*;

    const ANSWER: &str = concat!(
        "data: {\"choices\":[{\"delta\":{\"role\":\"assistant\",\"content\":\"\"}}]}\n\n",
        ": a comment that keeps the line open\n\n",
        "data: {\"choices\":[{\"delta\":{\"content\":\"da\"}}]}\n\n",
        "data: {\"choices\":[{\"delta\":{\"content\": \"nu\"}}]}\n\n",
        "data: {\"choices\":[],\"usage\":{\"prompt_tokens_details\":{\"cached_tokens\":512}}}\n\n",
        "data: [DONE]\n\n",
    );

    #[test]
    fn tokens_are_found_however_the_stream_is_cut() {
        for size in 1..ANSWER.len() {
            let mut events = Events::default();
            let tokens: usize = ANSWER.as_bytes().chunks(size).map(|part| events.push(part)).sum();
            assert_eq!((tokens, events.done, events.cached_tokens), (2, true, 512), "in parts of {size}");
        }
    }

    #[test]
    fn an_error_in_the_stream_is_not_an_answer() {
        let mut events = Events::default();
        events.push(b"data: {\"error\":{\"message\":\"gone\"}}\n\n");
        assert!(events.error && !events.done);
    }
}

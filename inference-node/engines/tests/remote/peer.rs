//! A small server with OpenAI's API. It does real if simple work: it repeats what it is told, counts letters, hums. On
//! demand it misbehaves.

use std::collections::VecDeque;
use std::io;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{ConnectInfo, DefaultBodyLimit, State};
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::Response;
use futures::stream;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

/// A running server.
pub(crate) struct Peer {
    pub(crate) url: String,
    address: SocketAddr,
    desk: Arc<Desk>,
    closing: CancellationToken,
    serving: JoinHandle<()>,
}

/// What the server knows and notes.
#[derive(Default)]
struct Desk {
    asked: Mutex<Vec<Asked>>,
    replies: Mutex<VecDeque<Reply>>,
    listing: Mutex<Option<Reply>>,
    left: AtomicUsize,
}

/// A request as it came.
#[derive(Debug, Clone)]
pub(crate) struct Asked {
    pub(crate) path: String,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
    pub(crate) from: SocketAddr,
}

impl Asked {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }
}

/// An answer made to order.
#[derive(Clone)]
pub(crate) enum Reply {
    /// At once.
    Whole { status: u16, headers: Vec<(&'static str, String)>, body: Vec<u8> },
    /// Piece by piece.
    Pieces { media_type: &'static str, pieces: Vec<Vec<u8>>, end: End },
    /// Never.
    Silence,
}

/// How pieces end.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum End {
    Properly,
    /// As they should, but the body's end comes a little after the last piece.
    Late,
    /// The connection is cut.
    Cut,
    /// Nothing comes any more.
    Silence,
}

impl Reply {
    pub(crate) fn json(status: u16, body: &Value) -> Self {
        let headers = vec![("content-type", "application/json".to_owned())];
        Self::Whole { status, headers, body: body.to_string().into_bytes() }
    }

    /// Server-sent events, each a piece.
    pub(crate) fn events<'a>(events: impl IntoIterator<Item = &'a str>, end: End) -> Self {
        let pieces = events.into_iter().map(|event| format!("data: {event}\n\n").into_bytes()).collect();
        Self::Pieces { media_type: "text/event-stream; charset=utf-8", pieces, end }
    }

    pub(crate) fn sound(media_type: &'static str, pieces: Vec<Vec<u8>>) -> Self {
        Self::Pieces { media_type, pieces, end: End::Properly }
    }
}

impl Peer {
    pub(crate) async fn start() -> Self {
        Self::start_at("127.0.0.1:0".parse().unwrap()).await
    }

    /// On another address of this machine, whose ports nobody else takes meanwhile.
    pub(crate) async fn start_alone(last: u8) -> Self {
        Self::start_at(SocketAddr::from(([127, 0, 0, last], 0))).await
    }

    async fn start_at(address: SocketAddr) -> Self {
        let listener = TcpListener::bind(address).await.unwrap();
        let address = listener.local_addr().unwrap();
        let desk = Arc::new(Desk::default());
        let closing = CancellationToken::new();
        let router = Router::new()
            .fallback(serve)
            .layer(DefaultBodyLimit::disable())
            .with_state(Arc::clone(&desk))
            .into_make_service_with_connect_info::<SocketAddr>();
        let until = closing.clone().cancelled_owned();
        let serving =
            tokio::spawn(async move { axum::serve(listener, router).with_graceful_shutdown(until).await.unwrap() });
        Self { url: format!("http://{address}/v1"), address, desk, closing, serving }
    }

    /// Goes away, with its connections; gives the way back.
    pub(crate) async fn go_away(self) -> impl Future<Output = Self> {
        self.closing.cancel();
        self.serving.await.unwrap();
        Self::start_at(self.address)
    }

    /// Answers the next request for work so.
    pub(crate) fn next(&self, reply: Reply) {
        self.desk.replies.lock().unwrap().push_back(reply);
    }

    /// Answers `GET /v1/models` so from now on.
    pub(crate) fn list(&self, reply: Reply) {
        *self.desk.listing.lock().unwrap() = Some(reply);
    }

    /// The requests for work so far.
    pub(crate) fn asked(&self) -> Vec<Asked> {
        self.desk.asked.lock().unwrap().clone()
    }

    /// Returns once a client has left before its answer was complete.
    pub(crate) async fn somebody_left(&self) {
        let seen = async {
            while self.desk.left.load(Ordering::SeqCst) == 0 {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        tokio::time::timeout(Duration::from_secs(60), seen).await.expect("nobody left");
    }
}

/// Notes when it is dropped early that its client has left.
struct Attending {
    desk: Arc<Desk>,
    done: bool,
}

impl Attending {
    fn finish(mut self) {
        self.done = true;
    }
}

impl Drop for Attending {
    fn drop(&mut self) {
        if !self.done {
            self.desk.left.fetch_add(1, Ordering::SeqCst);
        }
    }
}

async fn serve(
    State(desk): State<Arc<Desk>>,
    ConnectInfo(from): ConnectInfo<SocketAddr>,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let path = uri.path().to_owned();
    let reply = match path.as_str() {
        "/v1/models" => desk.listing.lock().unwrap().clone().unwrap_or_else(listing),
        "/health" => Reply::json(200, &json!({"status": "ok"})),
        _ => {
            let asked = Asked { path, headers, body, from };
            let made = work(&asked);
            desk.asked.lock().unwrap().push(asked);
            let ordered = desk.replies.lock().unwrap().pop_front();
            ordered.unwrap_or(made)
        }
    };
    give(desk, reply).await
}

async fn give(desk: Arc<Desk>, reply: Reply) -> Response {
    let attending = Attending { desk, done: false };
    match reply {
        Reply::Whole { status, headers, body } => {
            attending.finish();
            let response = Response::builder().status(StatusCode::from_u16(status).unwrap());
            let response = headers.into_iter().fold(response, |response, (name, value)| response.header(name, value));
            response.body(Body::from(body)).unwrap()
        }
        Reply::Pieces { media_type, pieces, end } => {
            let pieces = stream::unfold((pieces.into_iter(), attending), move |(mut pieces, attending)| async move {
                // Lets each piece go out by itself.
                tokio::time::sleep(Duration::from_millis(1)).await;
                match (pieces.next(), end) {
                    (Some(piece), _) => Some((Ok(piece), (pieces, attending))),
                    (None, End::Cut) => Some((Err(io::Error::other("cut")), (pieces, attending))),
                    (None, End::Silence) => std::future::pending().await,
                    (None, End::Properly | End::Late) => {
                        if end == End::Late {
                            tokio::time::sleep(Duration::from_millis(30)).await;
                        }
                        attending.finish();
                        None
                    }
                }
            });
            Response::builder().header("content-type", media_type).body(Body::from_stream(pieces)).unwrap()
        }
        Reply::Silence => std::future::pending().await,
    }
}

fn listing() -> Reply {
    let models = json!([{"id": "other"}, {"id": "m", "object": "model", "max_model_len": 4096}]);
    Reply::json(200, &json!({"object": "list", "data": models}))
}

fn work(asked: &Asked) -> Reply {
    match asked.path.as_str() {
        "/v1/chat/completions" => repeat(&asked.json()),
        "/v1/embeddings" => count_letters(&asked.json()),
        "/v1/audio/speech" => hum(&asked.json()),
        "/v1/audio/transcriptions" => hear(),
        _ => Reply::json(404, &json!({"detail": "Not Found"})),
    }
}

/// Says the last message again, word by word.
fn repeat(request: &Value) -> Reply {
    let said = request["messages"].as_array().unwrap().last().unwrap()["content"].as_str().unwrap().to_owned();
    let delta = |delta: Value, reason: Value| {
        let choice = json!({"index": 0, "delta": delta, "finish_reason": reason});
        json!({"object": "chat.completion.chunk", "choices": [choice], "usage": null}).to_string()
    };
    let mut events = vec![delta(json!({"role": "assistant", "content": ""}), Value::Null)];
    events.extend(said.split_inclusive(' ').map(|word| delta(json!({"content": word}), Value::Null)));
    events.push(delta(json!({}), json!("stop")));
    if request["stream_options"]["include_usage"] == true {
        let words = said.split(' ').count();
        let usage = json!({
            "prompt_tokens": words + 3,
            "completion_tokens": words,
            "prompt_tokens_details": {"cached_tokens": 2},
        });
        events.push(json!({"choices": [], "usage": usage}).to_string());
    }
    events.push("[DONE]".to_owned());
    Reply::events(events.iter().map(String::as_str), End::Properly)
}

/// A vector of each text: its letters, and 4. In reverse, since no order is promised.
fn count_letters(request: &Value) -> Reply {
    let texts = request["input"].as_array().unwrap();
    let data: Vec<_> = texts
        .iter()
        .enumerate()
        .rev()
        .map(|(index, text)| json!({"index": index, "embedding": [text.as_str().unwrap().chars().count(), 4]}))
        .collect();
    Reply::json(200, &json!({"object": "list", "data": data, "usage": {"prompt_tokens": 7, "total_tokens": 7}}))
}

/// A sample for each letter, with its number, cut at every third byte.
fn hum(request: &Value) -> Reply {
    let text = request["input"].as_str().unwrap();
    let bytes: Vec<u8> = text.chars().flat_map(|letter| (u32::from(letter) as i16).to_le_bytes()).collect();
    Reply::sound("audio/pcm", bytes.chunks(3).map(<[u8]>::to_vec).collect())
}

fn hear() -> Reply {
    let segment = json!({"id": 0, "start": 0.0, "end": 1.0, "text": " Bună ziua.", "avg_logprob": -0.25, "no_speech_prob": 0.125});
    let words = json!([{"word": "Bună", "start": 0.0, "end": 0.5}, {"word": "ziua", "start": 0.5, "end": 1.0}]);
    let heard = json!({"task": "transcribe", "language": "romanian", "duration": 1.0, "text": "Bună ziua.", "segments": [segment], "words": words});
    Reply::json(200, &heard)
}

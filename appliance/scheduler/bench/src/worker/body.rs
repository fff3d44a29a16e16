//! The bodies of answers: a document, or a stream of events as OpenAI's API and vLLM send them.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::fmt::Write as _;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use hyper::body::{Body, Frame, SizeHint};
use tokio::sync::mpsc;

use super::Ticket;
use crate::engine::Output;

/// What a generated token reads like.
const WORD: &str = " cerere";

/// A body, whole or as it comes.
pub(crate) enum Answer {
    /// Whole.
    Document(Option<Bytes>),
    /// As it comes.
    Stream(Box<EventStream>),
    /// The same event again and again.
    Beats(Box<Beats>),
}

impl From<String> for Answer {
    fn from(text: String) -> Self {
        Self::Document(Some(Bytes::from(text)))
    }
}

impl Body for Answer {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        match self.get_mut() {
            Self::Document(bytes) => Poll::Ready(bytes.take().map(|bytes| Ok(Frame::data(bytes)))),
            Self::Stream(stream) => stream.poll(cx).map(|bytes| bytes.map(|bytes| Ok(Frame::data(bytes)))),
            Self::Beats(beats) => beats.every.poll_tick(cx).map(|_| Some(Ok(Frame::data(beats.event.clone())))),
        }
    }

    fn is_end_stream(&self) -> bool {
        matches!(self, Self::Document(None))
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Self::Document(bytes) => SizeHint::with_exact(bytes.as_ref().map_or(0, |bytes| bytes.len() as u64)),
            Self::Stream(_) | Self::Beats(_) => SizeHint::default(),
        }
    }
}

/// A heartbeat, every 200 ms.
pub(crate) struct Beats {
    every: tokio::time::Interval,
    event: Bytes,
}

impl Beats {
    pub(crate) fn new(beat: &serde_json::Value) -> Self {
        let event = Bytes::from(format!("event: heartbeat\ndata: {beat}\n\n"));
        Self { every: tokio::time::interval(std::time::Duration::from_millis(200)), event }
    }
}

/// The events of one answer.
pub(crate) struct EventStream {
    ready: VecDeque<Bytes>,
    outputs: Option<(Ticket, mpsc::UnboundedReceiver<Output>)>,
    events: Events,
}

impl EventStream {
    /// A stream of what the engine will generate.
    pub(crate) fn live(events: Events, ticket: Ticket, receiver: mpsc::UnboundedReceiver<Output>) -> Self {
        Self { ready: VecDeque::new(), outputs: Some((ticket, receiver)), events }
    }

    /// A stream that is all there, one event a token.
    pub(crate) fn instant(events: Events, tokens: u32) -> Self {
        let mut ready: VecDeque<Bytes> = (0..tokens).map(|_| events.delta(1)).collect();
        ready.push_back(events.end(tokens, 0));
        Self { ready, outputs: None, events }
    }

    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Option<Bytes>> {
        if let Some(bytes) = self.ready.pop_front() {
            return Poll::Ready(Some(bytes));
        }
        let Some((ticket, receiver)) = &mut self.outputs else { return Poll::Ready(None) };
        let Some(output) = std::task::ready!(receiver.poll_recv(cx)) else { return Poll::Ready(None) };
        ticket.goes_out();
        self.events.generated += output.tokens;
        if output.finished {
            self.ready.push_back(self.events.end(self.events.generated, output.cached_tokens));
            self.outputs = None;
        }
        Poll::Ready(Some(self.events.delta(output.tokens)))
    }
}

/// Writes the events of one answer.
pub(crate) struct Events {
    /// All that stands before the delta, the same in each event.
    head: String,
    prompt_tokens: u32,
    include_usage: bool,
    generated: u32,
}

impl Events {
    /// The writer of the answer `id` of `model`.
    pub(crate) fn new(id: u64, model: &str, prompt_tokens: u32, include_usage: bool) -> Self {
        let head =
            format!(r#"data: {{"id":"chatcmpl-{id}","object":"chat.completion.chunk","created":0,"model":"{model}","#);
        Self { head, prompt_tokens, include_usage, generated: 0 }
    }

    fn delta(&self, tokens: u32) -> Bytes {
        let mut event = String::with_capacity(self.head.len() + 80 + WORD.len() * tokens as usize);
        event.push_str(&self.head);
        event.push_str(r#""choices":[{"index":0,"delta":{"role":"assistant","content":""#);
        push_words(&mut event, tokens);
        event.push_str("\"},\"finish_reason\":null}]}\n\n");
        event.into()
    }

    fn end(&self, tokens: u32, cached_tokens: u32) -> Bytes {
        let mut event = self.head.clone();
        event.push_str("\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"length\"}]}\n\n");
        if self.include_usage {
            let usage = usage(self.prompt_tokens, tokens, cached_tokens);
            // Writing to a string cannot fail.
            let _ = write!(event, "{}\"choices\":[],\"usage\":{usage}}}\n\n", self.head);
        }
        event.push_str("data: [DONE]\n\n");
        event.into()
    }
}

/// The whole answer as one document.
pub(crate) fn document(id: u64, model: &str, prompt_tokens: u32, tokens: u32, cached_tokens: u32) -> String {
    let mut content = String::new();
    push_words(&mut content, tokens);
    let usage = usage(prompt_tokens, tokens, cached_tokens);
    format!(
        r#"{{"id":"chatcmpl-{id}","object":"chat.completion","created":0,"model":"{model}","choices":[{{"index":0,"message":{{"role":"assistant","content":"{content}"}},"finish_reason":"length"}}],"usage":{usage}}}"#
    )
}

fn push_words(text: &mut String, tokens: u32) {
    for _ in 0..tokens {
        text.push_str(WORD);
    }
}

fn usage(prompt: u32, completion: u32, cached: u32) -> String {
    let total = u64::from(prompt) + u64::from(completion);
    format!(
        r#"{{"prompt_tokens":{prompt},"completion_tokens":{completion},"total_tokens":{total},"prompt_tokens_details":{{"cached_tokens":{cached}}}}}"#
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_event_is_json_and_the_last_one_says_done() {
        let events = Events::new(7, "fake", 12, true);
        let text =
            [events.delta(2), events.end(2, 4)].iter().map(|part| String::from_utf8_lossy(part)).collect::<String>();
        let lines: Vec<&str> = text.lines().filter(|line| !line.is_empty()).collect();
        let (last, others) = lines.split_last().unwrap();
        assert_eq!(*last, "data: [DONE]");
        let parsed: Vec<serde_json::Value> =
            others.iter().map(|line| serde_json::from_str(line.strip_prefix("data: ").unwrap()).unwrap()).collect();
        assert_eq!(parsed[0]["choices"][0]["delta"]["content"], " cerere cerere");
        assert_eq!(parsed[1]["choices"][0]["finish_reason"], "length");
        assert_eq!(parsed[2]["usage"]["prompt_tokens_details"]["cached_tokens"], 4);
    }

    #[test]
    fn the_document_is_json_too() {
        let value: serde_json::Value = serde_json::from_str(&document(1, "fake", 10, 3, 0)).unwrap();
        assert_eq!(value["usage"]["total_tokens"], 13);
    }
}

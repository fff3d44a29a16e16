//! An answer on its way back: whole, or piece by piece with the dispatcher told when it ends.

use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::{Bytes, BytesMut};
use futures::{FutureExt, Stream as Pieces};
use http::StatusCode;
use reqwest::Response;
use reqwest::header::HeaderValue;

use crate::dispatch::Ticket;
use crate::error::NodeError;
use crate::gather::Gather;
use crate::journey::Journey;

/// An answer.
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) media_type: HeaderValue,
    pub(crate) body: Body,
}

/// What an answer consists of.
pub(crate) enum Body {
    Whole(Bytes),
    Streamed(Streamed),
}

/// An answer that has begun.
pub(crate) struct Stream {
    pub(crate) media_type: HeaderValue,
    pub(crate) first: Option<Bytes>,
    pub(crate) response: Response,
}

/// The pieces of an answer. Dropped before its end, it cancels the request, and the node stops.
pub(crate) struct Streamed {
    first: Option<Bytes>,
    rest: Pin<Box<dyn Pieces<Item = reqwest::Result<Bytes>> + Send>>,
    ticket: Option<(Ticket, u32)>,
    journey: Option<Box<Journey>>,
    events: bool,
    tokens: u32,
}

impl Answer {
    pub(crate) fn whole(status: StatusCode, media_type: HeaderValue, body: Bytes) -> Self {
        Self { status, media_type, body: Body::Whole(body) }
    }

    /// The whole body, of at most `most` bytes.
    ///
    /// # Errors
    /// [`NodeError`] where it breaks off or is larger.
    pub(crate) async fn collect(self, most: usize) -> Result<Bytes, NodeError> {
        let mut pieces = match self.body {
            Body::Whole(bytes) => return Ok(bytes),
            Body::Streamed(pieces) => pieces,
        };
        let mut whole = BytesMut::new();
        while let Some(piece) = futures::StreamExt::next(&mut pieces).await {
            let piece = piece?;
            if whole.len() + piece.len() > most {
                return Err(NodeError::TooMuch { what: "an answer", most });
            }
            whole.extend_from_slice(&piece);
        }
        Ok(whole.freeze())
    }

    /// The same, with the span that lasts as long as it.
    pub(crate) fn at_the_end_of(mut self, mut journey: Journey) -> Self {
        match &mut self.body {
            Body::Streamed(pieces) => pieces.journey = Some(Box::new(journey)),
            Body::Whole(_) if self.status.is_success() => journey.ended("answered"),
            Body::Whole(_) => journey.ended("refused"),
        }
        self
    }

    pub(crate) fn stream(stream: Stream, ticket: Option<(Ticket, u32)>) -> Self {
        let events = stream.media_type.as_bytes().starts_with(b"text/event-stream");
        let status = stream.response.status();
        let rest = Box::pin(Gather::new(Box::pin(stream.response.bytes_stream())));
        let streamed = Streamed { first: stream.first, rest, ticket, journey: None, events, tokens: 0 };
        Self { status, media_type: stream.media_type, body: Body::Streamed(streamed) }
    }
}

impl Streamed {
    fn ended(&mut self, outcome: &'static str) {
        if let Some(mut journey) = self.journey.take() {
            journey.ended(outcome);
        }
    }

    /// Server-sent events carry about a token each; of other answers the number is not known here.
    fn count(&mut self, piece: &Bytes) {
        if self.events {
            let events = memchr::memmem::find_iter(piece, b"data:").count();
            self.tokens = self.tokens.saturating_add(u32::try_from(events).unwrap_or(u32::MAX));
        }
    }

    fn end(&mut self) {
        self.ended("answered");
        if let Some((ticket, attempt)) = self.ticket.take() {
            ticket.finished(attempt, self.tokens);
        }
    }

    fn broke(&mut self) {
        self.ended("lost");
        if let Some((mut ticket, attempt)) = self.ticket.take() {
            ticket.failed(attempt, true);
            // The policy says that it is lost; whatever it says, it is over.
            let _ = ticket.order().now_or_never();
        }
    }
}

impl Pieces for Streamed {
    type Item = Result<Bytes, NodeError>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        if let Some(first) = self.first.take() {
            self.count(&first);
            return Poll::Ready(Some(Ok(first)));
        }
        match self.rest.as_mut().poll_next(context) {
            Poll::Pending => Poll::Pending,
            Poll::Ready(Some(Ok(piece))) => {
                self.count(&piece);
                Poll::Ready(Some(Ok(piece)))
            }
            Poll::Ready(Some(Err(source))) => {
                self.broke();
                let error = NodeError::BrokeOff { what: "an answer", source: source.without_url() };
                Poll::Ready(Some(Err(error)))
            }
            Poll::Ready(None) => {
                self.end();
                Poll::Ready(None)
            }
        }
    }
}

//! Messages cut out of a stream by their `Content-Length` (RFC 3261 §18.3), and the empty lines that keep it open
//! (RFC 5626 §3.5.1). What is kept of a stream is bounded.

use bytes::{Buf, Bytes, BytesMut};

use crate::message::parse::{MAX_BODY, MAX_HEAD, head_end};

/// What a stream yields.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Frame {
    /// A message, to be parsed.
    Message(Bytes),
    /// A keep-alive that asks for an answer (CRLF CRLF); the answer is one CRLF.
    Ping,
}

/// A stream can no longer be cut into messages and must be closed. Whoever sent the last head can still be told why.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum BrokenStream {
    #[error("a head longer than {MAX_HEAD} bytes")]
    LongHead,
    #[error("a message without a readable Content-Length")]
    NoLength(Bytes),
    #[error("a body longer than {MAX_BODY} bytes")]
    LongBody(Bytes),
}

/// What has come and is no whole message yet.
#[derive(Debug, Default)]
pub(crate) struct Framer {
    bytes: BytesMut,
    breaks: usize,
}

impl Framer {
    /// Takes what came.
    pub(crate) fn push(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
    }

    /// The next message, if it is whole.
    ///
    /// # Errors
    /// See [`BrokenStream`]; the message's bounds are lost, so nothing after it can be read.
    pub(crate) fn next(&mut self) -> Result<Option<Frame>, BrokenStream> {
        while let Some(b'\r' | b'\n') = self.bytes.first() {
            self.breaks += usize::from(self.bytes[0] == b'\n');
            self.bytes.advance(1);
            if self.breaks == 2 {
                self.breaks = 0;
                return Ok(Some(Frame::Ping));
            }
        }
        if self.bytes.is_empty() {
            return Ok(None);
        }
        self.breaks = 0;
        let Some((end, skip)) = head_end(&self.bytes) else {
            return if self.bytes.len() > MAX_HEAD { Err(BrokenStream::LongHead) } else { Ok(None) };
        };
        if end > MAX_HEAD {
            return Err(BrokenStream::LongHead);
        }
        let Some(length) = content_length(&self.bytes[..end]) else {
            return Err(BrokenStream::NoLength(self.bytes.split_to(end).freeze()));
        };
        if length > MAX_BODY {
            return Err(BrokenStream::LongBody(self.bytes.split_to(end).freeze()));
        }
        let whole = end + skip + length;
        if self.bytes.len() < whole {
            return Ok(None);
        }
        Ok(Some(Frame::Message(self.bytes.split_to(whole).freeze())))
    }
}

fn content_length(head: &[u8]) -> Option<usize> {
    let mut lines = head.split(|b| *b == b'\n');
    lines.find_map(|line| {
        let colon = line.iter().position(|b| *b == b':')?;
        let name = line[..colon].trim_ascii();
        let ours = name.eq_ignore_ascii_case(b"content-length") || name.eq_ignore_ascii_case(b"l");
        ours.then(|| std::str::from_utf8(line[colon + 1..].trim_ascii()).ok()?.parse().ok())
    })?
}

//! Hands on together what came together.
//!
//! An HTTP client gives out one chunk at a time, though one packet often brings several; each handed on by itself would cost a
//! write of its own. So after a piece the task lets others run, the connection that the pieces come from among them, and hands on
//! what has come by then. A piece that comes alone waits for two turns of the scheduler and for no timer.

use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::{Bytes, BytesMut};
use futures::Stream;

/// The most bytes that are handed on together.
const MOST: usize = 64 * 1024;

/// How often others are let run: the server asks twice in one run of its task, and the first time nobody else has run yet.
const TURNS: u8 = 2;

/// A stream that joins pieces that are there at the same time.
pub(crate) struct Gather<S, E> {
    pieces: S,
    together: BytesMut,
    /// How often others were let run since the last piece came.
    turns: u8,
    /// What ends the stream once `together` is handed on.
    end: Option<Result<(), E>>,
}

impl<S, E> Gather<S, E> {
    pub(crate) fn new(pieces: S) -> Self {
        Self { pieces, together: BytesMut::new(), turns: 0, end: None }
    }
}

impl<S: Stream<Item = Result<Bytes, E>> + Unpin, E: Unpin> Stream for Gather<S, E> {
    type Item = Result<Bytes, E>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        while self.end.is_none() && self.together.len() < MOST {
            match Pin::new(&mut self.pieces).poll_next(context) {
                Poll::Ready(Some(Ok(piece))) => {
                    self.together.extend_from_slice(&piece);
                    self.turns = 0;
                }
                Poll::Ready(Some(Err(error))) => self.end = Some(Err(error)),
                Poll::Ready(None) => self.end = Some(Ok(())),
                Poll::Pending if self.together.is_empty() => return Poll::Pending,
                Poll::Pending if self.turns == TURNS => break,
                Poll::Pending => {
                    self.turns += 1;
                    context.waker().wake_by_ref();
                    return Poll::Pending;
                }
            }
        }
        if !self.together.is_empty() {
            self.turns = 0;
            return Poll::Ready(Some(Ok(self.together.split().freeze())));
        }
        match self.end.replace(Ok(())) {
            Some(Err(error)) => Poll::Ready(Some(Err(error))),
            Some(Ok(())) | None => Poll::Ready(None),
        }
    }
}

#[cfg(test)]
mod tests {
    use futures::StreamExt;
    use tokio::sync::mpsc;

    use super::*;

    fn gathered(
        pieces: mpsc::Receiver<Result<Bytes, &'static str>>,
    ) -> impl Stream<Item = Result<Bytes, &'static str>> {
        let pieces =
            futures::stream::unfold(pieces, |mut pieces| async { Some((pieces.recv().await?, pieces)) }).boxed();
        Gather::new(pieces)
    }

    #[tokio::test]
    async fn what_comes_together_goes_on_together_and_what_comes_later_later() {
        // Room for one: the sender goes on only when the piece before was taken, as an HTTP connection does.
        let (sender, receiver) = mpsc::channel(1);
        let mut gathered = gathered(receiver);
        let connection = tokio::spawn(async move {
            for piece in ["a", "b", "c"] {
                sender.send(Ok(Bytes::from(piece))).await.unwrap();
            }
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
            sender.send(Ok(Bytes::from("d"))).await.unwrap();
            sender.send(Err("torn")).await.unwrap();
        });
        assert_eq!(gathered.next().await, Some(Ok(Bytes::from("abc"))));
        assert_eq!(gathered.next().await, Some(Ok(Bytes::from("d"))));
        assert_eq!(gathered.next().await, Some(Err("torn")));
        assert_eq!(gathered.next().await, None);
        connection.await.unwrap();
    }

    #[tokio::test]
    async fn large_pieces_are_not_heaped_up() {
        let (sender, receiver) = mpsc::channel(8);
        for _ in 0..8 {
            sender.send(Ok(Bytes::from(vec![0; MOST / 2]))).await.unwrap();
        }
        drop(sender);
        let sizes: Vec<usize> = gathered(receiver).map(|piece| piece.unwrap().len()).collect().await;
        assert_eq!(sizes, [MOST; 4]);
    }
}

//! A request's place in the dispatcher, held by whoever carries it out.

use std::sync::Arc;
use std::time::Duration;

use policy::{Event, Rejection, RequestId};
use tokio::sync::mpsc;

use super::model::{ModelDispatcher, Replica};

/// What a request is told to do.
pub(crate) enum Order {
    /// Go to this replica.
    Go { replica: Arc<Replica>, attempt: u32 },
    /// Come back from it, and wait again.
    Back,
    /// It will not be served.
    Reject { reason: Rejection, retry_after: Duration },
    /// Its replica failed after the first token.
    Lost,
}

/// A request in the dispatcher. Dropping it before its end cancels the request.
pub(crate) struct Ticket {
    dispatcher: Arc<ModelDispatcher>,
    request: RequestId,
    orders: mpsc::Receiver<Order>,
    over: bool,
}

impl Ticket {
    pub(super) fn new(dispatcher: Arc<ModelDispatcher>, request: RequestId, orders: mpsc::Receiver<Order>) -> Self {
        Self { dispatcher, request, orders, over: false }
    }

    /// The next order. Cancel safe.
    pub(crate) async fn order(&mut self) -> Order {
        let order = self.orders.recv().await.unwrap_or(Order::Lost);
        self.over |= matches!(order, Order::Reject { .. } | Order::Lost);
        order
    }

    /// The replica made the first token, from now on the request stays there.
    pub(crate) fn first_token(&self, attempt: u32, cached_tokens: Option<u32>) {
        self.dispatcher.happened(Event::FirstToken { request: self.request, attempt, cached_tokens });
    }

    /// The replica failed it. Before the first token an order follows; after it the request is over.
    pub(crate) fn failed(&self, attempt: u32, replica_suspect: bool) {
        self.dispatcher.happened(Event::Failed { request: self.request, attempt, replica_suspect });
    }

    /// It is answered.
    pub(crate) fn finished(mut self, attempt: u32, output_tokens: u32) {
        self.over = true;
        let event = Event::Finished { request: self.request, attempt, output_tokens };
        self.dispatcher.forget(self.request, Some(event));
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        let cancel = (!self.over).then_some(Event::Cancel { request: self.request });
        self.dispatcher.forget(self.request, cancel);
    }
}

//! One request's way through the dispatch as a span: queued, sent to a replica, perhaps withdrawn or moved, its first token,
//! its end.

use service::trace;
use tracing::Span;
use tracing::field::Empty;

/// The span of a request; it ends when this is dropped.
pub(crate) struct Journey {
    span: Span,
    node: Option<String>,
    attempts: u32,
    outcome: &'static str,
}

impl Journey {
    /// A request is queued for a model.
    pub(crate) fn begin(model: &str, class: &'static str) -> Self {
        let span = tracing::debug_span!(
            "dispatch",
            model,
            class,
            node = Empty,
            attempts = Empty,
            outcome = Empty,
            otel.kind = "client"
        );
        Self { span, node: None, attempts: 0, outcome: "abandoned" }
    }

    /// What is done for it happens within this.
    pub(crate) fn span(&self) -> Span {
        self.span.clone()
    }

    /// It is sent to a node.
    pub(crate) fn sent(&mut self, node: &str) {
        let moved = self.node.as_deref().is_some_and(|before| before != node);
        trace::note(&self.span, if moved { "moved" } else { "dispatched" }, &[("node", node)]);
        self.node = Some(node.to_owned());
        self.attempts += 1;
    }

    /// It was called back from its node, and waits again.
    pub(crate) fn withdrawn(&self) {
        trace::note(&self.span, "withdrawn", &[]);
    }

    /// The first piece of its answer is there.
    pub(crate) fn first_token(&self) {
        trace::note(&self.span, "first token", &[]);
    }

    /// How it ended.
    pub(crate) fn ended(&mut self, outcome: &'static str) {
        self.outcome = outcome;
    }
}

impl Drop for Journey {
    fn drop(&mut self) {
        self.span.record("node", self.node.as_deref().unwrap_or_default());
        self.span.record("attempts", self.attempts);
        self.span.record("outcome", self.outcome);
        // A span ends when it was last left.
        self.span.in_scope(|| ());
    }
}

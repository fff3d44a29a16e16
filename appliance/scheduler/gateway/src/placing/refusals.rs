//! Nodes on which a model failed to load: they are left alone with it for a while, longer with each failure in a row, so that
//! a model that cannot be loaded somewhere is not tried there for ever.

use std::collections::BTreeMap;
use std::time::Duration;

use placement::{ModelId, NodeName};
use tokio::time::Instant;

/// For how long after the first failure, and at most.
const PAUSES: (Duration, Duration) = (Duration::from_secs(30), Duration::from_secs(1_800));

/// The refusals that are remembered.
#[derive(Debug, Default)]
pub(super) struct Refusals {
    known: BTreeMap<(ModelId, NodeName), Refusal>,
}

#[derive(Debug)]
struct Refusal {
    until: Instant,
    failures: u32,
    reason: String,
}

impl Refusals {
    /// Takes note of a failure; says for how long the node is left alone with the model.
    pub(super) fn note(&mut self, model: &ModelId, node: &NodeName, reason: String, now: Instant) -> Duration {
        let key = (model.clone(), node.clone());
        let failures = self.known.get(&key).map_or(0, |refusal| refusal.failures);
        let pause = PAUSES.0.saturating_mul(1 << failures.min(16)).min(PAUSES.1);
        self.known.insert(key, Refusal { until: now + pause, failures: failures.saturating_add(1), reason });
        pause
    }

    /// The model is loaded there: what failed before counts no more.
    pub(super) fn forget(&mut self, model: &ModelId, node: &NodeName) {
        self.known.remove(&(model.clone(), node.clone()));
    }

    /// Forgets everything about a node: it was started again.
    pub(super) fn forget_node(&mut self, node: &NodeName) {
        self.known.retain(|(_, of), _| of != node);
    }

    /// Why a node is left alone with a model now, and for how long still.
    pub(super) fn why(&self, model: &ModelId, node: &NodeName, now: Instant) -> Option<(&str, Duration)> {
        let refusal = self.known.get(&(model.clone(), node.clone()))?;
        let left = refusal.until.saturating_duration_since(now);
        (!left.is_zero()).then_some((refusal.reason.as_str(), left))
    }

    /// All that hold now.
    pub(super) fn all(&self, now: Instant) -> impl Iterator<Item = (&ModelId, &NodeName, &str, Duration)> {
        self.known.iter().filter_map(move |((model, node), refusal)| {
            let left = refusal.until.saturating_duration_since(now);
            (!left.is_zero()).then_some((model, node, refusal.reason.as_str(), left))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_node_is_left_alone_longer_with_each_failure() {
        let (model, node) = (ModelId::from("m"), NodeName::from("a"));
        let mut refusals = Refusals::default();
        let start = Instant::now();
        assert_eq!(refusals.note(&model, &node, "no room".to_owned(), start), PAUSES.0);
        assert_eq!(refusals.why(&model, &node, start), Some(("no room", PAUSES.0)));
        assert_eq!(refusals.why(&model, &node, start + PAUSES.0), None, "it may be tried again");
        assert_eq!(refusals.note(&model, &node, "no room".to_owned(), start), PAUSES.0 * 2);
        for _ in 0..20 {
            refusals.note(&model, &node, "no room".to_owned(), start);
        }
        assert_eq!(refusals.why(&model, &node, start), Some(("no room", PAUSES.1)));
        refusals.forget(&model, &node);
        assert_eq!(refusals.all(start).count(), 0);
    }
}

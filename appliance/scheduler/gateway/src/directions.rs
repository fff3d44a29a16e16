//! Which replicas are given nothing new though they could serve: their node is drained, or they are about to be unloaded.
//!
//! Told to the dispatchers with each heartbeat. A replica on a drained node that is the last of its model goes on serving
//! while its heir is being loaded: an operator who drains a node wants it empty, not the citizens unanswered.

use std::collections::BTreeSet;
use std::sync::{PoisonError, RwLock};

/// What operators and the plan say of nodes and models.
#[derive(Debug, Default)]
pub(crate) struct Directions {
    inner: RwLock<Inner>,
}

#[derive(Debug, Default)]
struct Inner {
    drained: BTreeSet<String>,
    /// Models on nodes that are about to be unloaded there.
    emptying: BTreeSet<(String, String)>,
    /// Models that are being loaded, or soon will be.
    coming: BTreeSet<String>,
}

impl Directions {
    fn with<T>(&self, ask: impl FnOnce(&Inner) -> T) -> T {
        ask(&self.inner.read().unwrap_or_else(PoisonError::into_inner))
    }

    fn change(&self, change: impl FnOnce(&mut Inner)) {
        change(&mut self.inner.write().unwrap_or_else(PoisonError::into_inner));
    }

    /// These nodes are drained, and no others. Says whether that is news.
    pub(crate) fn drain(&self, nodes: BTreeSet<String>) -> bool {
        let news = self.with(|inner| inner.drained != nodes);
        if news {
            self.change(|inner| inner.drained = nodes);
        }
        news
    }

    /// What the plan that is carried out says: models (with their nodes) that are about to be unloaded, and models that come.
    pub(crate) fn follow_plan(&self, emptying: BTreeSet<(String, String)>, coming: BTreeSet<String>) {
        if self.with(|inner| inner.emptying != emptying || inner.coming != coming) {
            self.change(|inner| (inner.emptying, inner.coming) = (emptying, coming));
        }
    }

    /// Whether a node is drained.
    pub(crate) fn is_drained(&self, node: &str) -> bool {
        self.with(|inner| inner.drained.contains(node))
    }

    /// Every drained node.
    pub(crate) fn drained(&self) -> BTreeSet<String> {
        self.with(|inner| inner.drained.clone())
    }

    /// Whether a model is about to be unloaded from a node.
    pub(crate) fn is_leaving(&self, model: &str, node: &str) -> bool {
        self.with(|inner| inner.emptying.contains(&(model.to_owned(), node.to_owned())))
    }

    /// Whether a replica is given nothing new; `elsewhere`: another replica of its model serves.
    pub(crate) fn withholds(&self, model: &str, node: &str, elsewhere: bool) -> bool {
        self.is_leaving(model, node)
            || self.with(|inner| inner.drained.contains(node) && (elsewhere || !inner.coming.contains(model)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_replica_on_a_drained_node_serves_until_its_heir_does() {
        let directions = Directions::default();
        assert!(!directions.withholds("m", "a", true));
        assert!(directions.drain(["a".to_owned()].into()));
        assert!(!directions.drain(["a".to_owned()].into()), "no news");
        assert!(directions.withholds("m", "a", false), "nothing comes in its place");
        directions.follow_plan(BTreeSet::new(), ["m".to_owned()].into());
        assert!(!directions.withholds("m", "a", false));
        assert!(directions.withholds("m", "a", true));
        assert!(!directions.withholds("m", "b", true));
        directions.follow_plan([("m".to_owned(), "b".to_owned())].into(), BTreeSet::new());
        assert!(directions.withholds("m", "b", false));
    }
}

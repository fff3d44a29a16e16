//! Which nodes can do what is asked, the best first: a pure function from what was last heard of them.

use std::time::Duration;

use protocol::{Language, Task};
use tokio::time::Instant;

/// A node that was silent for so long is given nothing: it sends a heartbeat every 200 ms.
pub(crate) const SILENCE: Duration = Duration::from_millis(700);
/// So long is a page told that a node that fell silent can do what it could: buttons shall not come and go with a hiccup.
pub(crate) const LINGER: Duration = Duration::from_secs(10);

/// What was last heard of a node.
#[derive(Debug, Clone)]
pub(crate) struct Node {
    /// When.
    pub(crate) heard: Instant,
    /// Whether it takes anything new.
    pub(crate) admits: bool,
    /// Its models that are ready.
    pub(crate) ready: Vec<Ready>,
}

/// A model that serves.
#[derive(Debug, Clone)]
pub(crate) struct Ready {
    pub(crate) id: String,
    pub(crate) task: Task,
    /// Empty: not bound to languages.
    pub(crate) languages: Vec<Language>,
    /// Requests that it computes at the same time.
    pub(crate) slots: u32,
    /// Requests that it computes or that wait for it.
    pub(crate) busy: u32,
}

impl Node {
    /// How full the emptiest model is that serves `task` in `language`, in thousandths of its slots; `None` when none does.
    fn load(&self, task: Task, language: Language) -> Option<u64> {
        let serves =
            |model: &&Ready| model.task == task && (model.languages.is_empty() || model.languages.contains(&language));
        let load = |model: &Ready| u64::from(model.busy) * 1_000 / u64::from(model.slots.max(1));
        self.ready.iter().filter(serves).map(load).min()
    }

    /// Whether it could do it, heard from no longer ago than `patience`.
    pub(crate) fn can(&self, task: Task, language: Language, now: Instant, patience: Duration) -> bool {
        self.admits && now.saturating_duration_since(self.heard) <= patience && self.load(task, language).is_some()
    }
}

/// Indexes of the nodes that can do it now, the least busy first, equals in their order.
pub(crate) fn rank<'a>(
    nodes: impl Iterator<Item = Option<&'a Node>>,
    task: Task,
    language: Language,
    now: Instant,
) -> Vec<usize> {
    let mut able: Vec<(u64, usize)> = nodes
        .enumerate()
        .filter_map(|(index, node)| Some((index, node.filter(|node| node.can(task, language, now, SILENCE))?)))
        .filter_map(|(index, node)| Some((node.load(task, language)?, index)))
        .collect();
    able.sort_unstable();
    able.into_iter().map(|(_, index)| index).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn node(heard: Instant, task: Task, languages: &[Language], busy: u32) -> Node {
        let model = Ready { id: "model".to_owned(), task, languages: languages.to_vec(), slots: 4, busy };
        Node { heard, admits: true, ready: vec![model] }
    }

    fn ranked(nodes: &[Node], now: Instant) -> Vec<usize> {
        rank(nodes.iter().map(Some), Task::Speech, Language::Ro, now)
    }

    #[test]
    fn the_least_busy_comes_first_and_equals_stay_in_order() {
        let now = Instant::now();
        let nodes = [3, 1, 1].map(|busy| node(now, Task::Speech, &[Language::Ro], busy));
        assert_eq!(ranked(&nodes, now), [1, 2, 0]);
    }

    #[test]
    fn a_node_that_fell_silent_is_given_nothing_but_still_shown_for_a_while() {
        let now = Instant::now();
        let nodes = [node(now, Task::Speech, &[], 0)];
        let later = now + Duration::from_millis(701);
        assert!(ranked(&nodes, later).is_empty());
        assert!(nodes[0].can(Task::Speech, Language::Ro, later, LINGER));
        assert!(!nodes[0].can(Task::Speech, Language::Ro, now + Duration::from_secs(11), LINGER));
    }

    #[test]
    fn another_language_another_task_or_a_draining_node_do_not_serve() {
        let now = Instant::now();
        let draining = Node { admits: false, ..node(now, Task::Speech, &[], 0) };
        let nodes = [node(now, Task::Speech, &[Language::Hu], 0), node(now, Task::Transcription, &[], 0), draining];
        assert!(ranked(&nodes, now).is_empty());
    }
}

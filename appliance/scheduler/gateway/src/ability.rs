//! What the nodes can do: which models serve a task in a language, by what was last heard of each node.
//!
//! Which replica of a model a request goes to is the dispatcher's choice; here is told only which models there are to choose
//! from, and what a page may offer.

use std::collections::BTreeSet;
use std::time::Duration;

use protocol::{EngineKind, Language, Task};
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
    pub(crate) engine: EngineKind,
    /// Empty: not bound to languages.
    pub(crate) languages: Vec<Language>,
    /// Whether it listens to live sound.
    pub(crate) listens: bool,
}

/// What a model is wanted for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Wanted {
    pub(crate) task: Task,
    /// None: any.
    pub(crate) language: Option<Language>,
    /// Whether it has to listen to live sound.
    pub(crate) live: bool,
}

impl Wanted {
    /// For single requests.
    pub(crate) fn request(task: Task, language: Option<Language>) -> Self {
        Self { task, language, live: false }
    }

    fn fits(&self, model: &Ready) -> bool {
        let speaks = |language| model.languages.is_empty() || model.languages.contains(&language);
        model.task == self.task && self.language.is_none_or(speaks) && (model.listens || !self.live)
    }
}

/// The models that do it on nodes heard no longer ago than `patience`: trained ones before the built-in voices, then by name.
pub(crate) fn models<'a>(
    nodes: impl Iterator<Item = &'a Node>,
    wanted: Wanted,
    now: Instant,
    patience: Duration,
) -> Vec<String> {
    let able = nodes.filter(|node| node.admits && now.saturating_duration_since(node.heard) <= patience);
    let fit = able.flat_map(|node| &node.ready).filter(|model| wanted.fits(model));
    let found: BTreeSet<(bool, &str)> =
        fit.map(|model| (model.engine == EngineKind::Espeak, model.id.as_str())).collect();
    found.into_iter().map(|(_, id)| id.to_owned()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn node(heard: Instant, id: &str, engine: EngineKind, languages: &[Language]) -> Node {
        let languages = languages.to_vec();
        let model = Ready { id: id.to_owned(), task: Task::Speech, engine, languages, listens: false };
        Node { heard, admits: true, ready: vec![model] }
    }

    fn speaks(language: Language) -> Wanted {
        Wanted::request(Task::Speech, Some(language))
    }

    #[test]
    fn trained_voices_come_before_the_built_in_ones_and_each_model_once() {
        let now = Instant::now();
        let piper = |name| node(now, name, EngineKind::Piper, &[Language::Ro]);
        let nodes =
            [node(now, "espeak", EngineKind::Espeak, &[]), piper("voice-b"), piper("voice-a"), piper("voice-b")];
        let found = models(nodes.iter(), speaks(Language::Ro), now, SILENCE);
        assert_eq!(found, ["voice-a", "voice-b", "espeak"]);
        assert_eq!(models(nodes.iter(), speaks(Language::Hu), now, SILENCE), ["espeak"]);
    }

    #[test]
    fn a_node_that_fell_silent_is_given_nothing_but_still_shown_for_a_while() {
        let nodes = [node(Instant::now(), "espeak", EngineKind::Espeak, &[])];
        let after = |millis| nodes[0].heard + Duration::from_millis(millis);
        assert!(models(nodes.iter(), speaks(Language::Ro), after(701), SILENCE).is_empty());
        assert_eq!(models(nodes.iter(), speaks(Language::Ro), after(701), LINGER), ["espeak"]);
        assert!(models(nodes.iter(), speaks(Language::Ro), after(11_000), LINGER).is_empty());
    }

    #[test]
    fn another_task_a_draining_node_or_one_that_does_not_listen_do_not_serve() {
        let now = Instant::now();
        let draining = Node { admits: false, ..node(now, "espeak", EngineKind::Espeak, &[]) };
        assert!(models([draining].iter(), speaks(Language::Ro), now, SILENCE).is_empty());
        let nodes = [node(now, "espeak", EngineKind::Espeak, &[])];
        let hears = Wanted::request(Task::Transcription, None);
        assert!(models(nodes.iter(), hears, now, SILENCE).is_empty());
        assert!(models(nodes.iter(), Wanted { live: true, ..speaks(Language::Ro) }, now, SILENCE).is_empty());
    }
}

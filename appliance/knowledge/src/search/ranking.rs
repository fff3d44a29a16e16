//! The order of hits: a weighted sum of what was measured.
//!
//! The weights are data (`weights.toml`), fitted by `cargo run --release -p knowledge --example calibrate`. Articles with
//! everyday phrasings and plain texts are weighed differently, for a question is put in the words of the one and about the
//! facts of the other.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde::Deserialize;

use super::evidence::Evidence;

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Named {
    plain: BTreeMap<String, f32>,
    curated: BTreeMap<String, f32>,
}

/// One weight for each of [`Evidence::NAMES`].
struct Weights {
    plain: Vec<f32>,
    curated: Vec<f32>,
}

static WEIGHTS: LazyLock<Weights> = LazyLock::new(|| {
    // A file that does not parse is caught by the test below; then nothing is weighed but the words themselves.
    let words = || BTreeMap::from([("weighed".to_owned(), 1.0)]);
    let named: Named =
        toml::from_str(include_str!("weights.toml")).unwrap_or_else(|_| Named { plain: words(), curated: words() });
    let list = |named: &BTreeMap<String, f32>| {
        Evidence::NAMES.iter().map(|name| named.get(*name).copied().unwrap_or(0.0)).collect()
    };
    Weights { plain: list(&named.plain), curated: list(&named.curated) }
});

/// The score by which hits are ordered.
pub(crate) fn score(evidence: &Evidence) -> f32 {
    let weights = if evidence.curated > 0.0 { &WEIGHTS.curated } else { &WEIGHTS.plain };
    evidence.values().iter().zip(weights).map(|(value, weight)| value * weight).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_weight_names_a_measure() {
        let named: Named = toml::from_str(include_str!("weights.toml")).unwrap();
        assert!(!named.plain.is_empty() && !named.curated.is_empty());
        for name in named.plain.keys().chain(named.curated.keys()) {
            assert!(Evidence::NAMES.contains(&name.as_str()), "{name}");
        }
    }
}

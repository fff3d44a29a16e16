//! The order of hits: a weighted sum of what was measured.
//!
//! The weights are data (`weights.toml`), fitted by `cargo run --release -p answers --example calibrate`.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use super::evidence::Evidence;

/// One weight for each of [`Evidence::NAMES`].
static WEIGHTS: LazyLock<Vec<f32>> = LazyLock::new(|| {
    // A file that does not parse would be caught by the test below; then nothing is weighed but the words themselves.
    let named: BTreeMap<String, f32> =
        toml::from_str(include_str!("weights.toml")).unwrap_or_else(|_| BTreeMap::from([("weighed".to_owned(), 1.0)]));
    Evidence::NAMES.iter().map(|name| named.get(*name).copied().unwrap_or(0.0)).collect()
});

/// The score by which hits are ordered.
pub(crate) fn score(evidence: &Evidence) -> f32 {
    evidence.values().iter().zip(WEIGHTS.iter()).map(|(value, weight)| value * weight).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_weight_names_a_measure() {
        let named: BTreeMap<String, f32> = toml::from_str(include_str!("weights.toml")).unwrap();
        assert!(!named.is_empty());
        for name in named.keys() {
            assert!(Evidence::NAMES.contains(&name.as_str()), "{name}");
        }
    }
}

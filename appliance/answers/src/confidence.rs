//! How sure it is that an article holds the answer: a calibrated probability from the evidence of the search.
//!
//! Logistic regression over a few measures, for it is calibrated by construction, cannot surprise outside its data and can
//! be read: boosted trees and small networks on the same measures were no better on unseen subjects. Its weights are data
//! (`confidence/weights.toml`), fitted on questions whose paragraph is there and questions whose paragraph was taken away,
//! by `cargo run --release -p knowledge --example calibrate`.

use std::sync::LazyLock;

use knowledge::Evidence;
use serde::Deserialize;

/// Below this probability an article does not answer by itself.
pub const DEFAULT_THRESHOLD: f64 = 0.5;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Model {
    bias: f64,
    weights: std::collections::BTreeMap<String, f64>,
}

/// One weight for each of [`Evidence::NAMES`], and the bias.
static MODEL: LazyLock<(Vec<f64>, f64)> =
    LazyLock::new(|| match toml::from_str::<Model>(include_str!("confidence/weights.toml")) {
        Ok(model) => {
            let weight = |name: &&str| model.weights.get(*name).copied().unwrap_or(0.0);
            (Evidence::NAMES.iter().map(weight).collect(), model.bias)
        }
        // A file that does not parse is caught by the tests; without weights nothing is believed.
        Err(_) => (vec![0.0; Evidence::NAMES.len()], f64::NEG_INFINITY),
    });

/// The probability that the article with this evidence holds the answer.
#[must_use]
pub fn probability(evidence: &Evidence) -> f64 {
    let (weights, bias) = &*MODEL;
    let sum: f64 = evidence.values().iter().zip(weights).map(|(value, weight)| f64::from(*value) * weight).sum();
    1.0 / (1.0 + (-(sum + bias)).exp())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_weight_names_a_measure() {
        let model: Model = toml::from_str(include_str!("confidence/weights.toml")).unwrap();
        assert!(!model.weights.is_empty() && model.bias.is_finite());
        for name in model.weights.keys() {
            assert!(Evidence::NAMES.contains(&name.as_str()), "{name}");
        }
    }

    #[test]
    fn no_evidence_is_no_answer_and_full_evidence_is_one() {
        let full = Evidence {
            stems: 1.2,
            prefixes: 1.2,
            grams: 1.2,
            window_grams: 1.2,
            window_stems: 1.2,
            weighed: 0.8,
            covered: 1.0,
            covered_sentence: 1.0,
            covered_window: 1.0,
            adjacent: 1.0,
            alike: 1.0,
            score: 20.0,
            lead: 10.0,
            ..Evidence::default()
        };
        assert!(probability(&Evidence::default()) < 0.05);
        assert!(probability(&full) > 0.95);
    }
}

//! How sure it is that an article holds the answer: a calibrated probability from the evidence of the search.
//!
//! Logistic regression over a few measures, for it is calibrated by construction, cannot surprise outside its data and can
//! be read: boosted trees and small networks on the same measures were no better on unseen subjects. Its weights are data
//! (`confidence/weights.toml`), fitted on questions whose paragraph is there and questions whose paragraph was taken away,
//! by `cargo run --release -p knowledge --example calibrate`.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use knowledge::Evidence;
use serde::Deserialize;

/// Below this probability an article does not answer by itself.
pub const DEFAULT_THRESHOLD: f64 = 0.5;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Models {
    plain: Model,
    curated: Model,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Model {
    bias: f64,
    weights: BTreeMap<String, f64>,
}

/// One weight for each of [`Evidence::NAMES`], and the bias.
struct Logistic {
    weights: Vec<f64>,
    bias: f64,
}

impl Logistic {
    fn of(model: &Model) -> Self {
        let weight = |name: &&str| model.weights.get(*name).copied().unwrap_or(0.0);
        Self { weights: Evidence::NAMES.iter().map(weight).collect(), bias: model.bias }
    }

    /// Believes nothing.
    fn mute() -> Self {
        Self { weights: Vec::new(), bias: f64::NEG_INFINITY }
    }

    fn probability(&self, evidence: &Evidence) -> f64 {
        let sum: f64 =
            evidence.values().iter().zip(&self.weights).map(|(value, weight)| f64::from(*value) * weight).sum();
        1.0 / (1.0 + (-(sum + self.bias)).exp())
    }
}

/// For plain texts, and for articles with everyday phrasings.
static MODELS: LazyLock<(Logistic, Logistic)> =
    LazyLock::new(|| match toml::from_str::<Models>(include_str!("confidence/weights.toml")) {
        Ok(models) => (Logistic::of(&models.plain), Logistic::of(&models.curated)),
        // A file that does not parse is caught by the tests.
        Err(_) => (Logistic::mute(), Logistic::mute()),
    });

/// The probability that the article with this evidence holds the answer.
#[must_use]
pub fn probability(evidence: &Evidence) -> f64 {
    let model = if evidence.curated > 0.0 { &MODELS.1 } else { &MODELS.0 };
    model.probability(evidence)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_weight_names_a_measure() {
        let models: Models = toml::from_str(include_str!("confidence/weights.toml")).unwrap();
        for model in [models.plain, models.curated] {
            assert!(!model.weights.is_empty() && model.bias.is_finite());
            for name in model.weights.keys() {
                assert!(Evidence::NAMES.contains(&name.as_str()), "{name}");
            }
        }
    }

    #[test]
    fn no_evidence_is_no_answer_and_full_evidence_is_one() {
        for curated in [0.0, 1.0] {
            let mut full = Evidence {
                stems: 1.3,
                prefixes: 1.3,
                grams: 1.3,
                window_grams: 1.3,
                window_stems: 1.3,
                weighed: 0.8,
                covered: 1.0,
                covered_sentence: 1.0,
                covered_window: 1.0,
                adjacent: 1.0,
                alike: 1.0,
                score: 20.0,
                lead: 8.0,
                curated,
                ..Evidence::default()
            };
            if curated > 0.0 {
                full = Evidence {
                    head_stems: 1.5,
                    head_grams: 1.5,
                    covered_head: 1.0,
                    covered_asked: 1.0,
                    asked: 1.0,
                    title: 0.5,
                    ..full
                };
            }
            assert!(probability(&Evidence { curated, ..Evidence::default() }) < 0.1);
            assert!(probability(&full) > 0.9);
        }
    }
}

//! Measures retrieval and confidence, and fits their weights.
//!
//! ```text
//! DATA=squad-file.json cargo run --release -p knowledge --example calibrate          # prints figures
//! DATA=squad-file.json WRITE=1 cargo run --release -p knowledge --example calibrate  # and writes both weight files
//! ```
//!
//! Questions come from the SQuAD files named by `DATA` (several are parted by `:`; none is needed) and from the starter
//! pack's `questions/`. Every SQuAD file is asked whole and with paragraphs taken away, so that the subject is known but
//! the answer is not, and each time as written and with typing errors. Figures are of cross-validation by document: no
//! question is judged by weights that saw its document.
#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "a tool for developers, stopped by its first error")]

mod corpus;
mod fit;
mod noise;

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use corpus::{Asked, Setting};
use knowledge::{Evidence, KnowledgeIndex, Query};

/// Measures by which hits are ordered.
const RANKED_BY: &[&str] = &[
    "stems",
    "window_grams",
    "prefixes",
    "grams",
    "weighed",
    "covered_window",
    "names",
    "title",
    "expected",
    "collection",
];
/// Measures of which confidence is made.
const BELIEVED_BY: &[&str] = &[
    "stems",
    "prefixes",
    "grams",
    "window_grams",
    "window_stems",
    "covered",
    "covered_sentence",
    "covered_window",
    "adjacent",
    "worst_missing",
    "missing_names",
    "score",
    "lead",
    "alike",
    "missing",
    "alone",
];
/// What articles with everyday phrasings are ordered by besides.
const CURATED_RANKED_BY: &[&str] = &["asked", "covered_asked", "head_stems", "head_grams", "covered_head"];
/// And what confidence in them is made of besides.
const CURATED_BELIEVED_BY: &[&str] =
    &["asked", "covered_asked", "head_stems", "head_grams", "covered_head", "amount", "outside"];
/// Parts of the cross-validation.
const FOLDS: usize = 6;
/// Hits kept of each question.
const HITS: usize = 10;

/// What one question brought up.
pub(crate) struct Outcome {
    setting: String,
    /// Whether the articles have everyday phrasings: they have weights of their own.
    curated: bool,
    group: String,
    in_scope: bool,
    /// The right article's place among the hits.
    right: Option<usize>,
    hits: Vec<Vec<f32>>,
    /// What was asked, and the hits' articles: for a look at single questions.
    text: String,
    articles: Vec<String>,
}

fn main() {
    let settings = corpus::settings();
    let mut outcomes = Vec::new();
    for setting in &settings {
        outcomes.extend(ask(setting));
    }
    if let Ok(path) = std::env::var("DUMP") {
        dump(&path, &outcomes);
    }
    let order = cross_validated_ranking(&outcomes);
    println!("\nrecall at 1, weights of other documents\n{}", per_setting(&outcomes, |chosen| recall(chosen, &order)));
    let belief = cross_validated_confidence(&outcomes);
    println!("\nconfidence, weights of other documents\n{}", per_setting(&outcomes, |chosen| judged(chosen, &belief)));
    if std::env::var("WRITE").is_ok() {
        write(&outcomes);
    }
}

fn ask(setting: &Setting) -> Vec<Outcome> {
    let index = KnowledgeIndex::in_memory().unwrap();
    index.fill(&setting.contents, 1).unwrap();
    let snapshot = index.snapshot();
    let mut times = Vec::new();
    let (mut scope, mut first) = (0, 0);
    let mut outcomes = Vec::new();
    for Asked { text, language, article, group } in &setting.questions {
        let mut query = Query::citizen(text.clone(), *language, corpus::day());
        query.limit = HITS;
        let started = Instant::now();
        let found = snapshot.search(&query).unwrap();
        times.push(started.elapsed());
        let right = article.as_ref().and_then(|id| found.articles.iter().position(|hit| &hit.article.id == id));
        scope += usize::from(article.is_some());
        first += usize::from(right == Some(0));
        if std::env::var("MISSES").is_ok() && article.is_some() && right != Some(0) {
            println!(
                "  {text}\n    expected {}, got {:?}",
                article.as_ref().unwrap(),
                found.articles.first().map(|hit| &hit.article.id.0)
            );
        }
        outcomes.push(Outcome {
            setting: setting.name.clone(),
            curated: setting.curated,
            group: group.clone(),
            in_scope: article.is_some(),
            right,
            hits: found.articles.iter().map(|hit| hit.evidence.values()).collect(),
            text: text.clone(),
            articles: found.articles.iter().map(|hit| hit.article.id.0.clone()).collect(),
        });
    }
    times.sort_unstable();
    let at = |share: usize| times.get(times.len() * share / 100).copied().unwrap_or(Duration::ZERO);
    println!(
        "{:<34} {:>4} articles, recall at 1 {:.4} of {scope}, p50 {:?}, p99 {:?}",
        setting.name,
        setting.contents.articles.len(),
        first as f64 / f64::from(scope.max(1) as u32),
        at(50),
        at(99)
    );
    outcomes
}

/// What the hits of one kind of article are ordered by.
fn ranked_by(curated: bool) -> Vec<&'static str> {
    RANKED_BY.iter().chain(if curated { CURATED_RANKED_BY } else { &[] }).copied().collect()
}

/// What confidence in one kind of article is made of.
fn believed_by(curated: bool) -> Vec<&'static str> {
    BELIEVED_BY.iter().chain(if curated { CURATED_BELIEVED_BY } else { &[] }).copied().collect()
}

fn columns(names: &[&str]) -> Vec<usize> {
    let place = |name: &&str| Evidence::NAMES.iter().position(|known| known == name).unwrap();
    names.iter().map(place).collect()
}

fn pick(values: &[f32], columns: &[usize]) -> Vec<f64> {
    columns.iter().map(|&column| f64::from(values[column])).collect()
}

/// Which part of the cross-validation a group is judged in.
fn fold(group: &str) -> usize {
    let hash = group
        .bytes()
        .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3));
    (hash >> 20) as usize % FOLDS
}

/// The outcomes of one kind that one part of the cross-validation learns from.
fn others(outcomes: &[Outcome], part: usize, curated: bool) -> Vec<&Outcome> {
    outcomes.iter().filter(|outcome| fold(&outcome.group) != part && outcome.curated == curated).collect()
}

fn ranking_weights(outcomes: &[&Outcome]) -> Vec<f64> {
    let columns = columns(&ranked_by(outcomes.first().is_some_and(|outcome| outcome.curated)));
    let lists: Vec<(Vec<Vec<f64>>, usize)> = outcomes
        .iter()
        .filter_map(|outcome| Some((outcome.hits.iter().map(|hit| pick(hit, &columns)).collect(), outcome.right?)))
        .collect();
    fit::listwise(&lists)
}

/// Whether each question's best hit is right, by weights that did not see its document.
fn cross_validated_ranking(outcomes: &[Outcome]) -> Vec<bool> {
    let columns = [false, true].map(|curated| columns(&ranked_by(curated)));
    let mut right = vec![false; outcomes.len()];
    for part in 0..FOLDS {
        let weights = [false, true].map(|curated| ranking_weights(&others(outcomes, part, curated)));
        for (outcome, right) in outcomes.iter().zip(&mut right).filter(|(outcome, _)| fold(&outcome.group) == part) {
            let kind = usize::from(outcome.curated);
            let score = |hit: &Vec<f32>| fit::dot(&pick(hit, &columns[kind]), &weights[kind]);
            let best = outcome.hits.iter().map(score).enumerate().max_by(|left, right| left.1.total_cmp(&right.1));
            *right = outcome.right.is_some() && best.map(|(at, _)| at) == outcome.right;
        }
    }
    right
}

fn confidence_model(outcomes: &[&Outcome]) -> fit::Logistic {
    let columns = columns(&believed_by(outcomes.first().is_some_and(|outcome| outcome.curated)));
    let rows: Vec<(Vec<f64>, bool)> = outcomes
        .iter()
        .filter_map(|outcome| Some((pick(outcome.hits.first()?, &columns), outcome.right == Some(0))))
        .collect();
    fit::logistic(&rows)
}

/// The probability of each question's best hit, by a model that did not see its document.
fn cross_validated_confidence(outcomes: &[Outcome]) -> Vec<f64> {
    let columns = [false, true].map(|curated| columns(&believed_by(curated)));
    let mut belief = vec![0.0; outcomes.len()];
    for part in 0..FOLDS {
        let models = [false, true].map(|curated| confidence_model(&others(outcomes, part, curated)));
        for (outcome, belief) in outcomes.iter().zip(&mut belief).filter(|(outcome, _)| fold(&outcome.group) == part) {
            let kind = usize::from(outcome.curated);
            *belief = outcome.hits.first().map_or(0.0, |hit| models[kind].probability(&pick(hit, &columns[kind])));
        }
    }
    belief
}

fn per_setting(outcomes: &[Outcome], line: impl Fn(&[(usize, &Outcome)]) -> String) -> String {
    let mut settings: BTreeMap<&str, Vec<(usize, &Outcome)>> = BTreeMap::new();
    for (index, outcome) in outcomes.iter().enumerate() {
        settings.entry(&outcome.setting).or_default().push((index, outcome));
    }
    settings.iter().map(|(name, chosen)| format!("  {name:<34} {}\n", line(chosen))).collect()
}

fn recall(chosen: &[(usize, &Outcome)], right: &[bool]) -> String {
    let scope = chosen.iter().filter(|(_, outcome)| outcome.in_scope).count();
    let found = chosen.iter().filter(|(index, _)| right[*index]).count();
    format!("{:.4} of {scope}", found as f64 / scope.max(1) as f64)
}

/// AUROC, and at several thresholds what is answered of what is in scope and what is answered wrong of all.
fn judged(chosen: &[(usize, &Outcome)], belief: &[f64]) -> String {
    let right = |outcome: &Outcome| outcome.right == Some(0);
    let positive: Vec<f64> = chosen.iter().filter(|(_, o)| right(o)).map(|(i, _)| belief[*i]).collect();
    let negative: Vec<f64> = chosen.iter().filter(|(_, o)| !o.in_scope).map(|(i, _)| belief[*i]).collect();
    let mut text = if negative.is_empty() {
        "AUROC      -".to_owned()
    } else {
        format!("AUROC {:.4}", fit::auroc(&positive, &negative))
    };
    let scope = chosen.iter().filter(|(_, o)| o.in_scope).count().max(1) as f64;
    for threshold in [0.5, 0.6, 0.7, 0.8] {
        let answered: Vec<_> = chosen.iter().filter(|(index, _)| belief[*index] >= threshold).collect();
        let inside = answered.iter().filter(|(_, o)| o.in_scope).count() as f64 / scope;
        let wrong = answered.iter().filter(|(_, o)| !right(o)).count() as f64 / chosen.len() as f64;
        let outside = answered.iter().filter(|(_, o)| !o.in_scope).count() as f64 / negative.len().max(1) as f64;
        let (inside, wrong, outside) = (inside * 100.0, wrong * 100.0, outside * 100.0);
        text.push_str(&format!("  | {threshold}: answered {inside:.1} %, wrong {wrong:.1} %, outside {outside:.1} %"));
    }
    text
}

fn dump(path: &str, outcomes: &[Outcome]) {
    let mut text = format!("{}\n", serde_json::json!(Evidence::NAMES));
    for outcome in outcomes {
        let Outcome { setting, group, in_scope, right, hits, text: question, articles, .. } = outcome;
        let line = serde_json::json!({
            "setting": setting, "group": group, "in_scope": in_scope, "right": right, "hits": hits,
            "question": question, "articles": articles,
        });
        text.push_str(&line.to_string());
        text.push('\n');
    }
    std::fs::write(path, text).unwrap();
}

fn write(outcomes: &[Outcome]) {
    let lines = |names: &[&'static str], weights: &[f64]| -> String {
        names.iter().zip(weights).map(|(name, weight)| format!("{name} = {weight:.3}\n")).collect()
    };
    let head = "Fitted by `cargo run --release -p knowledge --example calibrate`.";
    let mut ranking = format!("# How much each measure counts when hits are ordered. {head}\n");
    let mut belief = format!("# How much each measure speaks for an answer. {head}\n");
    for (name, curated) in [("plain", false), ("curated", true)] {
        let chosen: Vec<&Outcome> = outcomes.iter().filter(|outcome| outcome.curated == curated).collect();
        assert!(
            !chosen.is_empty(),
            "weights are written only when there are questions of both kinds: name a file in DATA"
        );
        ranking.push_str(&format!("\n[{name}]\n{}", lines(&ranked_by(curated), &ranking_weights(&chosen))));
        let model = confidence_model(&chosen);
        belief.push_str(&format!(
            "\n[{name}]\nbias = {:.3}\n\n[{name}.weights]\n{}",
            model.bias,
            lines(&believed_by(curated), &model.weights)
        ));
    }
    let here = env!("CARGO_MANIFEST_DIR");
    std::fs::write(format!("{here}/src/search/weights.toml"), ranking).unwrap();
    std::fs::write(format!("{here}/../answers/src/confidence/weights.toml"), belief).unwrap();
    println!(
        "\nwrote both weight files; run again: confidence is fitted on hits in the order of the weights compiled in"
    );
}

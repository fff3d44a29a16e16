//! An article in several views, each scored by BM25: stems, beginnings of words, runs of letters; whole, head and windows.

use super::evidence::Evidence;
use super::question::{Weighted, Wording};
use crate::analysis::counts::Counts;
use crate::analysis::document::Analysed;
use crate::analysis::windows::Windows;
use crate::index::sample::{Sample, View};

/// BM25's saturation of repeated terms.
pub(super) const K1: f32 = 1.2;
/// How far BM25 discounts long texts.
pub(super) const B: f32 = 0.75;
/// Windows whose letters are compared: the best by their stems.
const CLOSE_WINDOWS: usize = 5;

/// Mean lengths, for BM25.
pub(crate) struct Means<'a> {
    pub(crate) words: f32,
    pub(crate) sample: &'a Sample,
}

/// Raises the views to those of `wording`, where it matches better.
pub(super) fn views(evidence: &mut Evidence, wording: &Wording, analysed: &Analysed, means: &Means<'_>) {
    let sample = means.sample;
    let raise = |view: &mut f32, score: f32| *view = view.max(score);
    raise(&mut evidence.stems, bm25(&wording.stems, &analysed.stems, means.words));
    raise(&mut evidence.prefixes, bm25(&wording.prefixes, &analysed.prefixes, sample.mean(View::Prefixes)));
    raise(&mut evidence.grams, bm25(&wording.grams, &analysed.grams, sample.mean(View::Grams)));
    let (head_stems, head_grams) = sample.mean_head();
    raise(&mut evidence.head_stems, bm25(&wording.stems, &analysed.head_stems, head_stems));
    raise(&mut evidence.head_grams, bm25(&wording.grams, &analysed.head_grams, head_grams));
    let stems = bm25_of_windows(&wording.stems, &analysed.window_stems, sample.mean_window_words());
    let grams = bm25_of_windows(&wording.window_grams, &analysed.window_grams, sample.mean(View::WindowGrams));
    let mut close: Vec<usize> = (0..stems.len()).collect();
    close.sort_by(|&left, &right| stems[right].total_cmp(&stems[left]));
    for window in close.into_iter().take(CLOSE_WINDOWS) {
        raise(&mut evidence.window_stems, stems[window]);
        raise(&mut evidence.window_grams, grams[window]);
    }
}

/// BM25's discount of a text of `length` terms where `mean` is usual.
fn discount(length: u32, mean: f32) -> f32 {
    K1 * (1.0 - B + B * length as f32 / mean)
}

fn saturated(weight: f32, count: f32, discount: f32) -> f32 {
    weight * count * (K1 + 1.0) / (count + discount)
}

fn bm25(question: &Weighted, counts: &Counts, mean: f32) -> f32 {
    let discount = discount(counts.total, mean);
    let sum: f32 = question
        .terms
        .iter()
        .map(|&(term, weight)| match counts.get(term) {
            0 => 0.0,
            count => saturated(weight, f32::from(count), discount),
        })
        .sum();
    sum / question.total.max(f32::EPSILON)
}

fn bm25_of_windows(question: &Weighted, windows: &Windows, mean: f32) -> Vec<f32> {
    let discounts: Vec<f32> = windows.lengths().iter().map(|&length| discount(length, mean)).collect();
    let mut scores = vec![0.0; discounts.len()];
    for &(term, weight) in &question.terms {
        for entry in windows.with(term) {
            let window = entry.window as usize;
            scores[window] += saturated(weight, entry.count as f32, discounts[window]);
        }
    }
    let total = question.total.max(f32::EPSILON);
    scores.iter_mut().for_each(|score| *score /= total);
    scores
}

//! Two small fits by gradient descent: which hit is right, and whether a hit is right.

/// Steps of the descent.
const STEPS: i32 = 300;
/// Pull of all weights towards nothing.
const RIDGE: f64 = 0.03;

pub(crate) fn dot(left: &[f64], right: &[f64]) -> f64 {
    left.iter().zip(right).map(|(a, b)| a * b).sum()
}

/// Mean and deviation of every column.
fn scales<'a>(rows: impl Iterator<Item = &'a Vec<f64>>, width: usize) -> (Vec<f64>, Vec<f64>) {
    let (mut count, mut sum, mut squares) = (0.0, vec![0.0; width], vec![0.0; width]);
    for row in rows {
        count += 1.0;
        for column in 0..width {
            sum[column] += row[column];
            squares[column] += row[column] * row[column];
        }
    }
    let mean: Vec<f64> = sum.iter().map(|sum| sum / f64::max(count, 1.0)).collect();
    let deviation = squares
        .iter()
        .zip(&mean)
        .map(|(squares, mean)| (squares / f64::max(count, 1.0) - mean * mean).max(0.0).sqrt() + 1e-9);
    let deviation = deviation.collect();
    (mean, deviation)
}

/// Adam: steps scaled by how steady the gradient is.
fn descend(width: usize, mut gradient: impl FnMut(&[f64]) -> Vec<f64>) -> Vec<f64> {
    let (mut weights, mut mean, mut square) = (vec![0.0; width], vec![0.0; width], vec![0.0; width]);
    for step in 1..=STEPS {
        let slope = gradient(&weights);
        for column in 0..width {
            mean[column] = 0.9 * mean[column] + 0.1 * slope[column];
            square[column] = 0.99 * square[column] + 0.01 * slope[column] * slope[column];
            let (mean, square) =
                (mean[column] / (1.0 - 0.9_f64.powi(step)), square[column] / (1.0 - 0.99_f64.powi(step)));
            weights[column] -= 0.1 * mean / (square.sqrt() + 1e-8);
        }
    }
    weights
}

/// Weights by which the right one of each list comes first (softmax over the list).
pub(crate) fn listwise(lists: &[(Vec<Vec<f64>>, usize)]) -> Vec<f64> {
    let width = lists.first().and_then(|(rows, _)| rows.first()).map_or(0, Vec::len);
    let (_, deviation) = scales(lists.iter().flat_map(|(rows, _)| rows), width);
    let scaled: Vec<(Vec<Vec<f64>>, usize)> = lists
        .iter()
        .map(|(rows, right)| {
            (
                rows.iter().map(|row| row.iter().zip(&deviation).map(|(value, by)| value / by).collect()).collect(),
                *right,
            )
        })
        .collect();
    let weights = descend(width, |weights| {
        let mut slope: Vec<f64> = weights.iter().map(|weight| RIDGE * weight).collect();
        for (rows, right) in &scaled {
            let scores: Vec<f64> = rows.iter().map(|row| dot(row, weights)).collect();
            let most = scores.iter().copied().fold(f64::NEG_INFINITY, f64::max);
            let parts: Vec<f64> = scores.iter().map(|score| (score - most).exp()).collect();
            let sum: f64 = parts.iter().sum();
            for (at, row) in rows.iter().enumerate() {
                let push = (parts[at] / sum - if at == *right { 1.0 } else { 0.0 }) / scaled.len() as f64;
                slope.iter_mut().zip(row).for_each(|(slope, value)| *slope += push * value);
            }
        }
        slope
    });
    weights.iter().zip(&deviation).map(|(weight, by)| weight / by).collect()
}

/// A fitted logistic regression.
pub(crate) struct Logistic {
    pub(crate) weights: Vec<f64>,
    pub(crate) bias: f64,
}

impl Logistic {
    pub(crate) fn probability(&self, row: &[f64]) -> f64 {
        1.0 / (1.0 + (-(dot(row, &self.weights) + self.bias)).exp())
    }
}

/// Weights by which right rows are told from wrong ones.
pub(crate) fn logistic(rows: &[(Vec<f64>, bool)]) -> Logistic {
    let width = rows.first().map_or(0, |(row, _)| row.len());
    let (mean, deviation) = scales(rows.iter().map(|(row, _)| row), width);
    let scaled: Vec<(Vec<f64>, f64)> = rows
        .iter()
        .map(|(row, right)| {
            let mut scaled: Vec<f64> =
                (0..width).map(|column| (row[column] - mean[column]) / deviation[column]).collect();
            scaled.push(1.0);
            (scaled, if *right { 1.0 } else { 0.0 })
        })
        .collect();
    let weights = descend(width + 1, |weights| {
        let mut slope: Vec<f64> = weights.iter().map(|weight| RIDGE / 10.0 * weight).collect();
        slope[width] = 0.0;
        for (row, right) in &scaled {
            let push = (1.0 / (1.0 + (-dot(row, weights)).exp()) - right) / scaled.len() as f64;
            slope.iter_mut().zip(row).for_each(|(slope, value)| *slope += push * value);
        }
        slope
    });
    let unscaled: Vec<f64> = (0..width).map(|column| weights[column] / deviation[column]).collect();
    let bias = weights[width] - dot(&unscaled, &mean);
    Logistic { weights: unscaled, bias }
}

/// The probability that a positive is above a negative.
pub(crate) fn auroc(positive: &[f64], negative: &[f64]) -> f64 {
    let above: f64 = positive
        .iter()
        .flat_map(|value| {
            negative.iter().map(move |other| {
                if value > other {
                    1.0
                } else if value < other {
                    0.0
                } else {
                    0.5
                }
            })
        })
        .sum();
    above / (positive.len() * negative.len()).max(1) as f64
}

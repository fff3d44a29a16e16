//! The signal that goes through every format, and how alike two are.

use audio::Pcm;

pub(crate) const RATE: u32 = 16_000;
const SECONDS: f64 = 2.5;
/// How far a format may shift or lengthen sound.
const PATIENCE: f64 = 0.030;

/// Syllables: a gliding voice with overtones below 3 kHz, four times a second, never twice alike.
pub(crate) fn pcm() -> Pcm {
    let mut phase = 0.0f64;
    let samples = (0..(f64::from(RATE) * SECONDS) as usize).map(|n| {
        let t = n as f64 / f64::from(RATE);
        let pitch = 150.0 + 60.0 * (t * 2.3).sin() + 20.0 * t;
        phase += std::f64::consts::TAU * pitch / f64::from(RATE);
        let voice: f64 = (1..=14).map(|overtone| (phase * f64::from(overtone)).sin() / f64::from(overtone)).sum();
        let syllable = (std::f64::consts::PI * t * 4.0).sin().powi(2) * (0.6 + 0.4 * (t * 1.7).cos());
        (0.25 * voice * syllable) as f32
    });
    Pcm { rate: RATE, samples: samples.collect() }
}

pub(crate) fn s16le() -> Vec<u8> {
    pcm().to_i16().into_iter().flat_map(i16::to_le_bytes).collect()
}

/// Asserts that `samples`, at the signal's rate, are the signal: as long, in its place, and alike to the given correlation.
pub(crate) fn assert_alike(samples: &[f32], correlation: f64, what: &str) {
    let source = pcm().samples;
    let patience = (PATIENCE * f64::from(RATE)) as usize;
    let excess = samples.len().abs_diff(source.len());
    assert!(excess <= patience, "{what}: {} samples instead of {}", samples.len(), source.len());
    // The second from 0.7 s, wherever within the patience it lies.
    let (from, length) = (RATE as usize * 7 / 10, RATE as usize);
    let reference = &source[from..from + length];
    let best = (from - patience..=from + patience)
        .map(|start| correlate(reference, &samples[start..start + length]))
        .fold(f64::NEG_INFINITY, f64::max);
    assert!(best >= correlation, "{what}: correlation {best}");
}

fn correlate(a: &[f32], b: &[f32]) -> f64 {
    let product = |a: &[f32], b: &[f32]| -> f64 { a.iter().zip(b).map(|(a, b)| f64::from(a * b)).sum() };
    product(a, b) / (product(a, a) * product(b, b)).sqrt().max(1e-9)
}

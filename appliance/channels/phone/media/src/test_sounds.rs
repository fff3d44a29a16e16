//! Sounds for tests, and how alike two are.

use std::f32::consts::TAU;

/// A sine of `ms` milliseconds.
pub(crate) fn tone(hertz: f32, rate: u32, ms: usize, peak: f32) -> Vec<i16> {
    let samples = rate as usize * ms / 1000;
    (0..samples).map(|i| ((i as f32 * hertz * TAU / rate as f32).sin() * peak) as i16).collect()
}

/// The best correlation of two sounds over delays of up to 400 samples either way.
pub(crate) fn correlation(a: &[i16], b: &[i16]) -> f32 {
    (-400_i32..=400)
        .map(|delay| {
            let (from_a, from_b) = if delay < 0 { (delay.unsigned_abs() as usize, 0) } else { (0, delay as usize) };
            let pairs = a.iter().skip(from_a).zip(b.iter().skip(from_b));
            let (mut ab, mut aa, mut bb) = (0.0_f32, 1.0_f32, 1.0_f32);
            for (x, y) in pairs {
                let (x, y) = (f32::from(*x), f32::from(*y));
                ab += x * y;
                aa += x * x;
                bb += y * y;
            }
            ab / (aa * bb).sqrt()
        })
        .fold(0.0, f32::max)
}

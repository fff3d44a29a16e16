//! Loudness: gain, and a limiter against clipping.

/// Where [`limit`] begins to bend, about -1.9 dB below full scale.
const KNEE: f32 = 0.8;

/// Amplifies in place by `decibels` (negative attenuates), then limits, so that a loud passage bends instead of clipping.
pub fn apply_gain(samples: &mut [f32], decibels: f32) {
    let factor = 10f32.powf(decibels / 20.0);
    for sample in samples {
        *sample = limit(*sample * factor);
    }
}

/// Limits in place; see [`limit`].
pub fn limit_all(samples: &mut [f32]) {
    for sample in samples {
        *sample = limit(*sample);
    }
}

/// Keeps a sample within ±1.0: unchanged up to the knee, above it a smooth curve that approaches full scale.
///
/// It has no memory, so it costs no delay and streams in any chunks. A limiter that looks ahead would distort less, which
/// rarely matters here: synthesised speech exceeds the knee for single peaks only.
#[must_use]
pub fn limit(sample: f32) -> f32 {
    let magnitude = sample.abs();
    if magnitude <= KNEE {
        return sample;
    }
    if magnitude.is_nan() {
        return 0.0;
    }
    let room = 1.0 - KNEE;
    (KNEE + room * ((magnitude - KNEE) / room).tanh()).copysign(sample)
}

/// The largest magnitude, in decibels relative to full scale; negative infinity for silence.
#[must_use]
pub fn peak_decibels(samples: &[f32]) -> f32 {
    20.0 * samples.iter().fold(0f32, |peak, sample| peak.max(sample.abs())).log10()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quiet_sound_passes_untouched_and_loud_sound_never_clips() {
        assert_eq!(limit(0.5), 0.5);
        assert_eq!(limit(-KNEE), -KNEE);
        assert!(limit(1.0) > 0.9 && limit(1.0) < 1.0);
        assert!(limit(100.0) <= 1.0 && limit(f32::NEG_INFINITY) >= -1.0);
        assert_eq!(limit(f32::NAN), 0.0);
        let mut last = -2.0;
        for step in -3000..3000 {
            let limited = limit(step as f32 / 1000.0);
            assert!(limited >= last);
            last = limited;
        }
    }

    #[test]
    fn gain_is_in_decibels() {
        let mut samples = [0.1, -0.2];
        apply_gain(&mut samples, 6.0206);
        assert!((samples[0] - 0.2).abs() < 1e-5 && (samples[1] + 0.4).abs() < 1e-5);
        assert!((peak_decibels(&samples) + 7.96).abs() < 0.01);
    }
}

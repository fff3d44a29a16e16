//! Samples and their conversions.

/// Mono sound: samples of nominally -1.0 to 1.0.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Pcm {
    /// Samples per second.
    pub rate: u32,
    /// The samples. Values beyond ±1.0 are allowed here and saturate when they become integers.
    pub samples: Vec<f32>,
}

impl Pcm {
    /// Sound from 16-bit samples.
    #[must_use]
    pub fn from_i16(rate: u32, samples: &[i16]) -> Self {
        Self { rate, samples: samples.iter().map(|&sample| from_i16(sample)).collect() }
    }

    /// Sound from several interleaved channels: their average, which cannot clip. A trailing incomplete frame is dropped.
    #[must_use]
    pub fn from_interleaved(rate: u32, channels: usize, samples: &[f32]) -> Self {
        let mut mono = Vec::new();
        mix_to_mono(samples, channels, &mut mono);
        Self { rate, samples: mono }
    }

    /// How long it lasts, in seconds.
    #[must_use]
    pub fn seconds(&self) -> f64 {
        if self.rate == 0 { 0.0 } else { self.samples.len() as f64 / f64::from(self.rate) }
    }

    /// The samples as 16-bit integers, rounded and saturated.
    #[must_use]
    pub fn to_i16(&self) -> Vec<i16> {
        self.samples.iter().map(|&sample| to_i16(sample)).collect()
    }
}

/// One sample as a 16-bit integer: rounded to the nearest, saturated at the ends; what is not a number is silence.
#[must_use]
pub fn to_i16(sample: f32) -> i16 {
    // `as` saturates and turns NaN into 0.
    (sample * 32768.0).round() as i16
}

/// One 16-bit sample as a float in -1.0 .. 1.0; `to_i16` gives the same integer back.
pub(crate) fn from_i16(sample: i16) -> f32 {
    f32::from(sample) / 32768.0
}

/// Appends to `mono` the average of each frame of `channels` interleaved samples. What is not finite becomes silence: one
/// such sample would spoil everything that a filter computes after it.
pub(crate) fn mix_to_mono(interleaved: &[f32], channels: usize, mono: &mut Vec<f32>) {
    let finite = |sample: f32| if sample.is_finite() { sample } else { 0.0 };
    match channels {
        0 => {}
        1 => mono.extend(interleaved.iter().map(|&sample| finite(sample))),
        _ => {
            let share = 1.0 / channels as f32;
            mono.extend(interleaved.chunks_exact(channels).map(|frame| finite(frame.iter().sum::<f32>() * share)));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn integers_survive_the_way_through_floats() {
        for sample in i16::MIN..=i16::MAX {
            assert_eq!(to_i16(from_i16(sample)), sample);
        }
    }

    #[test]
    fn floats_are_rounded_and_saturated_not_wrapped() {
        assert_eq!(to_i16(1.0), i16::MAX);
        assert_eq!(to_i16(7.5), i16::MAX);
        assert_eq!(to_i16(-7.5), i16::MIN);
        assert_eq!(to_i16(f32::NAN), 0);
        assert_eq!(to_i16(0.6 / 32768.0), 1);
        assert_eq!(to_i16(-0.6 / 32768.0), -1);
    }

    #[test]
    fn channels_are_averaged() {
        let mixed = Pcm::from_interleaved(8000, 2, &[1.0, 0.0, -0.5, -0.5, 0.25]);
        assert_eq!(mixed.samples, [0.5, -0.5]);
        assert!((mixed.seconds() - 2.0 / 8000.0).abs() < f64::EPSILON);
    }
}

//! A client's live sound, in the form in which engines hear it.

use audio::Resampler;
use serde::Deserialize;

/// The rate at which engines hear.
const HEARD: u32 = 16_000;
/// The rate of OpenAI's `pcm16`.
const PCM16: u32 = 24_000;

/// How a client's sound is written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Form {
    /// 16 bits a sample, the lower byte first.
    #[default]
    Pcm16,
    /// The telephone's in Europe (ITU-T G.711), 8 kHz.
    G711Alaw,
    /// The telephone's in America, 8 kHz.
    G711Ulaw,
}

/// Turns a client's bytes into samples at 16 kHz, however they are cut.
pub(super) struct Sound {
    form: Form,
    resampler: Resampler,
    /// The first half of a sample that was cut in two.
    half: Option<u8>,
}

impl Sound {
    /// Sound of that form; `rate` is for `pcm16` only.
    ///
    /// # Errors
    /// Says what rate is wrong.
    pub(super) fn new(form: Form, rate: Option<u32>) -> Result<Self, String> {
        let rate = match form {
            Form::Pcm16 => rate.unwrap_or(PCM16),
            Form::G711Alaw | Form::G711Ulaw => 8_000,
        };
        if !(8_000..=48_000).contains(&rate) {
            return Err(format!("{rate} is not from 8000 to 48000"));
        }
        let resampler = Resampler::new(rate, HEARD).map_err(|error| format!("{:#}", anyhow::Error::new(error)))?;
        Ok(Self { form, resampler, half: None })
    }

    /// The samples in `bytes`; some may come with the next ones.
    pub(super) fn take(&mut self, bytes: &[u8]) -> Vec<f32> {
        let samples: Vec<f32> = match self.form {
            Form::G711Alaw => bytes.iter().map(|&byte| unit(audio::alaw_decode(byte))).collect(),
            Form::G711Ulaw => bytes.iter().map(|&byte| unit(audio::ulaw_decode(byte))).collect(),
            Form::Pcm16 => {
                let mut whole = Vec::with_capacity(bytes.len() / 2 + 1);
                let mut low = self.half.take();
                for &byte in bytes {
                    match low.take() {
                        None => low = Some(byte),
                        Some(low) => whole.push(unit(i16::from_le_bytes([low, byte]))),
                    }
                }
                self.half = low;
                whole
            }
        };
        // Rates were checked when it was made; what a resampler cannot take is silence.
        self.resampler.push(&samples).unwrap_or_default()
    }

    /// What is still inside, at the end.
    pub(super) fn rest(&mut self) -> Vec<f32> {
        self.resampler.finish().unwrap_or_default()
    }
}

fn unit(sample: i16) -> f32 {
    f32::from(sample) / 32768.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn samples_cut_in_two_come_whole() {
        let samples: Vec<i16> = (0..1600).map(|n: i16| (n % 540) * 37 - 10_000).collect();
        let bytes: Vec<u8> = samples.iter().flat_map(|sample| sample.to_le_bytes()).collect();
        let mut sound = Sound::new(Form::Pcm16, Some(16_000)).unwrap();
        let mut heard = Vec::new();
        for cut in bytes.chunks(7) {
            heard.extend(sound.take(cut));
        }
        heard.extend(sound.rest());
        assert_eq!(heard, samples.iter().map(|&sample| unit(sample)).collect::<Vec<_>>());
    }

    #[test]
    fn a_second_of_telephone_sound_is_a_second_of_samples() {
        let mut sound = Sound::new(Form::G711Alaw, None).unwrap();
        let mut heard: usize = (0..50).map(|_| sound.take(&[0xd5; 160]).len()).sum();
        heard += sound.rest().len();
        assert!(heard.abs_diff(16_000) <= 1, "{heard}");
    }

    #[test]
    fn a_rate_out_of_this_world_is_refused() {
        assert!(Sound::new(Form::Pcm16, Some(1)).is_err());
        assert!(Sound::new(Form::Pcm16, Some(1_000_000)).is_err());
    }
}

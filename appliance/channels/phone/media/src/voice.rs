//! How likely a frame is speech, by `earshot`.

use earshot::Detector;

use crate::codec::double;

/// Samples, at 16 kHz, that the detector judges at once: 16 ms.
const FRAME: usize = 256;

/// Mean level, in decibels below full scale, under which nobody speaks: such frames, half of most calls, cost nothing.
const SILENT_DB: f32 = -65.0;

/// Judges the frames of one line.
pub(crate) struct VoiceActivity {
    detector: Box<Detector>,
    waiting: Vec<i16>,
    before: i16,
    last: f32,
}

impl VoiceActivity {
    pub(crate) fn new() -> Self {
        Self { detector: Box::new(Detector::default()), waiting: Vec::with_capacity(2 * FRAME), before: 0, last: 0.0 }
    }

    /// How likely the newest 16 ms that these samples complete are speech, 0 to 1.
    pub(crate) fn hear(&mut self, samples: &[i16], rate: u32, level_db: f32) -> f32 {
        if level_db < SILENT_DB {
            self.waiting.clear();
            self.last = 0.0;
            return self.last;
        }
        if rate == 8_000 {
            double(samples, &mut self.before, &mut self.waiting);
        } else {
            self.waiting.extend_from_slice(samples);
        }
        let whole = self.waiting.len() / FRAME * FRAME;
        let judged = self.waiting[..whole].chunks_exact(FRAME).map(|frame| self.detector.predict_i16(frame));
        if let Some(most) = judged.reduce(f32::max) {
            self.last = most;
        }
        self.waiting.drain(..whole);
        self.last
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::codec::level_db;
    use crate::test_sounds::tone;

    #[test]
    fn silence_and_a_steady_tone_end_as_no_speech_at_either_rate() {
        for rate in [8_000, 16_000] {
            let mut voice = VoiceActivity::new();
            assert_eq!(voice.hear(&vec![0; rate as usize / 50], rate, -100.0), 0.0);
            let hum = tone(50.0, rate, 1_000, 300.0);
            let last =
                hum.chunks(rate as usize / 50).map(|frame| voice.hear(frame, rate, level_db(frame))).last().unwrap();
            assert!(last < 0.5, "{last}");
        }
    }
}

//! Packets that were kept into frames of 20 ms.

use std::time::Duration;

use super::{Leg, Path};
use crate::codec::{Decoder, TICKS_PER_MS, level_db};
use crate::conceal::{Concealer, cross_fade};
use crate::jitter::{SLOT, Slot};
use crate::sdp::Content;
use crate::voice::VoiceActivity;
use crate::{Codec, Frame};

/// Slots in a frame.
const SLOTS: usize = 20 * TICKS_PER_MS / SLOT;
/// Samples of a slot at the highest rate.
const MOST: usize = 2 * SLOT;

impl Leg {
    /// The frame that was heard last, and its rate.
    pub(crate) fn frame(&self) -> (&[i16], u32) {
        (&self.inward.frame, self.inward.decoder.codec().rate())
    }

    /// Makes the next 20 ms, if anybody wants them. Whether there is a frame.
    pub(super) fn hear(&mut self) -> bool {
        let wanted = self.inward.drum.as_ref().is_some_and(|drum| drum.wants_frames());
        if self.recorder.as_ref().is_some_and(|recorder| recorder.abandoned()) {
            self.recorder = None;
        }
        let Some(agreed) = &self.agreed else { return false };
        let tones = self.config.in_band_digits && agreed.digits.is_none() && self.inward.drum.is_some();
        let listening =
            (wanted || tones || self.recorder.is_some() || self.path == Path::Mix) && agreed.direction.receives();
        let codec = agreed.receive.iter().find_map(|format| match format.content {
            Content::Voice(codec) => Some(codec),
            Content::Digits | Content::Noise => None,
        });
        if listening != self.inward.listening {
            self.inward.listening = listening;
            self.inward.jitter.restart();
        }
        self.inward.frame.clear();
        let heard = listening && self.inward.jitter.started();
        if heard {
            let concealed = self.decode_frame(codec);
            if tones && let Some(press) = self.hear_tones() {
                self.pressed(press);
            }
            if wanted {
                self.give(concealed);
            }
        }
        if let Some(recorder) = &mut self.recorder {
            recorder.frame(&self.inward.frame, self.inward.decoder.codec().rate());
        }
        heard
    }

    /// Decodes a frame's slots. Whether one of them was made up.
    fn decode_frame(&mut self, codec: Option<Codec>) -> bool {
        if let Some(codec) = codec
            && self.inward.frames == 0
        {
            self.turn_to(codec);
        }
        let (mut concealed, mut samples, mut other) = (false, [0; MOST], [0; MOST]);
        for _ in 0..SLOTS {
            let (count, made_up) = self.decode_slot(&mut samples);
            concealed |= made_up;
            if self.inward.jitter.wants_to_shrink() {
                let (next, _) = self.decode_slot(&mut other);
                let old = samples;
                samples = other;
                cross_fade(&old[..count.min(next)], &mut samples[..next.min(MOST)]);
                self.inward.frame.extend_from_slice(&samples[..next]);
            } else {
                self.inward.frame.extend_from_slice(&samples[..count]);
            }
        }
        // A change of codec within the frame leaves slots of two lengths.
        self.inward.frame.resize(SLOTS * SLOT * self.inward.decoder.codec().samples_per_byte(), 0);
        concealed
    }

    fn decode_slot(&mut self, samples: &mut [i16; MOST]) -> (usize, bool) {
        let mut bytes = [0; SLOT];
        let slot = self.inward.jitter.pull(&mut bytes);
        if let Slot::Voice(codec) = slot {
            self.turn_to(codec);
        }
        let inward = &mut self.inward;
        let count = SLOT * inward.decoder.codec().samples_per_byte();
        let part = &mut samples[..count];
        match slot {
            Slot::Voice(_) => {
                inward.decoder.decode(&bytes, part);
                inward.concealer.received(part);
                (count, false)
            }
            Slot::Missing => {
                inward.concealer.missing(part);
                (count, true)
            }
            Slot::Noise(level) => {
                inward.concealer.noise(level, part);
                (count, false)
            }
        }
    }

    fn turn_to(&mut self, codec: Codec) {
        if self.inward.decoder.codec() != codec {
            self.inward.decoder = Decoder::new(codec);
            self.inward.concealer = Concealer::new(codec.rate());
        }
    }

    fn hear_tones(&mut self) -> Option<crate::digits::event::Press> {
        let inward = &mut self.inward;
        if inward.decoder.codec() == Codec::G722 {
            // The tones lie far below 4 kHz: every other sample holds them.
            let halved: Vec<i16> = inward.frame.iter().step_by(2).copied().collect();
            inward.tones.hear(&halved)
        } else {
            inward.tones.hear(&inward.frame)
        }
    }

    fn give(&mut self, concealed: bool) {
        let inward = &mut self.inward;
        let Some(drum) = &inward.drum else { return };
        let rate = inward.decoder.codec().rate();
        let level_db = level_db(&inward.frame);
        let speech = inward.voice.get_or_insert_with(VoiceActivity::new).hear(&inward.frame, rate, level_db);
        drum.frame(Frame {
            at: Duration::from_millis(20 * inward.frames),
            samples: inward.frame.as_slice().into(),
            rate,
            speech,
            level_db,
            concealed,
        });
        inward.frames += 1;
    }
}

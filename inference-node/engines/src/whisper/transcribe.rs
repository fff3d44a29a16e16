//! A whole recording, written down.

use std::sync::Arc;
use std::thread;

use protocol::Language;
use whisper_rs::WhisperTokenId;

use super::decode::{Pass, SHORTEST};
use super::hypothesis::{Hypothesis, hypothesis};
use super::slots::{Slot, Slots};
use super::voice_activity::{Activity, VoiceActivity, seconds, tame};
use super::{RATE, language};
use crate::EngineError;
use crate::tasks::{Segment, Transcript, TranscriptionRequest, Word};

/// How much is listened to at once while nobody has spoken yet, in samples.
const GLANCE: usize = 4 * RATE as usize;
/// How much is listened to at once after that.
const LOOK: usize = 30 * RATE as usize;

/// Writes down a recording. Blocks for as long as that takes.
///
/// # Errors
/// Those of the engine.
pub(crate) fn transcribe(
    slot: &mut Slot,
    slots: &Slots,
    mut detector: Box<dyn VoiceActivity>,
    request: TranscriptionRequest,
    language: Option<Language>,
) -> Result<Transcript, EngineError> {
    let TranscriptionRequest { mut samples, prompt, temperature, word_times, .. } = request;
    let length = seconds(samples.len());
    let silence = Transcript { language, seconds: length, ..Transcript::default() };
    tame(&mut samples);

    // Until somebody speaks; the rest of the voice activity is found out while whisper.cpp computes.
    let frame = detector.frame();
    let mut activity = Activity::new(frame, Vec::new());
    let (mut heard, mut speaks) = (0, false);
    for glance in samples.chunks(GLANCE / frame * frame) {
        if slot.stopping.asked() {
            return Err(EngineError::Cancelled);
        }
        activity.extend(detector.hear(glance));
        speaks = activity.speaks_since(seconds(heard));
        heard += glance.len();
        if speaks {
            break;
        }
    }
    if !speaks {
        return Ok(silence);
    }
    if samples.len() < SHORTEST {
        samples.resize(SHORTEST, 0.0);
    }

    let language = match language {
        Some(language) => language,
        None => {
            let first = (activity.first_speech().unwrap_or(0.0) - 0.3).max(0.0);
            let first = ((first * f64::from(RATE)) as usize).min(samples.len() - SHORTEST);
            language::find_out(slot, slots, &samples[first..])?.0
        }
    };
    let prompt: Vec<WhisperTokenId> = prompt.map_or_else(Vec::new, |prompt| slots.tokens(&prompt));
    let pass = Pass { samples: &samples, language, prompt: &prompt, temperature, insist: true };
    let stopping = Arc::clone(&slot.stopping);
    let parts = thread::scope(|scope| {
        let rest = scope.spawn(|| {
            let looks = samples[heard..].chunks(LOOK / frame * frame).take_while(|_| !stopping.asked());
            looks.flat_map(|look| detector.hear(look)).collect::<Vec<_>>()
        });
        let parts = slot.decode(&pass);
        activity.extend(rest.join().unwrap_or_default());
        parts
    })?;

    let parts = hypothesis(&parts, length, &activity);
    let text = parts.iter().map(|part| part.text()).collect::<Vec<_>>().join(" ");
    let segments = parts.into_iter().map(|part| segment(part, word_times)).collect();
    Ok(Transcript { text, language: Some(language), seconds: length, segments })
}

fn segment(part: Hypothesis, word_times: bool) -> Segment {
    Segment {
        start: part.start,
        end: part.end,
        text: part.text(),
        mean_log_probability: part.mean_log_probability,
        no_speech_probability: 1.0 - part.voice,
        words: if word_times { part.words.into_iter().map(Word::from).collect() } else { Vec::new() },
    }
}

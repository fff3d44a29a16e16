//! Speech: `POST /v1/audio/speech` with raw samples that are passed on as they come.
//!
//! A text is sent sentence by sentence. As a whole it would sound the same, but the server does not say which sample belongs
//! to which word, and so a conversation that is interrupted could not tell what had been heard; and the first sentence is
//! heard while the rest is still to be computed.

use std::sync::Arc;

use bytes::Bytes;
use futures::FutureExt as _;
use serde_json::{Map, Value, json};

use super::connection::{Answer, Connection, Route};
use super::pump::{Rest, Sink, hand_over, pump};
use crate::tasks::{SpeechPiece, SpeechRequest};
use crate::{EngineError, Events, Stop};

/// An hour and a half of speech at 24 kHz.
const ROUTE: Route = Route { path: "audio/speech", subject: "input", limit: 256 << 20 };

/// Speaks a text.
pub(super) async fn speak(
    connection: &Arc<Connection>,
    request: &SpeechRequest,
    stop: Stop,
) -> Result<Events<SpeechPiece>, EngineError> {
    let voice = voice(connection, request)?;
    let mut sentences = sentences(&request.text).into_iter();
    let Some(first) = sentences.next() else {
        return Err(EngineError::request("input", "the text holds nothing that can be said"));
    };
    let speech = Speech { connection: Arc::clone(connection), voice, speed: request.speed, stop: stop.clone() };
    // The first request is made here, so that a refusal is an answer and not an event.
    let answer = speech.ask(&first).await?;
    Ok(pump(Arc::clone(connection), stop, move |sink| async move {
        let end = first.end;
        speech.carry(answer, 0, end, &sink).await?;
        let mut heard = end;
        for sentence in sentences {
            let answer = speech.ask(&sentence).await?;
            speech.carry(answer, heard, sentence.end, &sink).await?;
            heard = sentence.end;
        }
        Ok::<Rest, _>(async {}.boxed())
    }))
}

/// What stays the same for all sentences of a text.
struct Speech {
    connection: Arc<Connection>,
    voice: Option<String>,
    speed: f32,
    stop: Stop,
}

impl Speech {
    /// Asks for a sentence; gives its sound when it begins.
    async fn ask(&self, sentence: &Sentence) -> Result<Answer, EngineError> {
        let mut fields = Map::from_iter([
            ("input".to_owned(), json!(sentence.text)),
            ("response_format".to_owned(), json!("pcm")),
            ("speed".to_owned(), json!(self.speed)),
        ]);
        if let Some(voice) = &self.voice {
            fields.insert("voice".to_owned(), Value::String(voice.clone()));
        }
        let answer = self.connection.post_json(&ROUTE, fields, &self.stop).await?;
        self.check_form(&answer)?;
        Ok(answer)
    }

    /// Noise in a caller's ear is worse than an error.
    fn check_form(&self, answer: &Answer) -> Result<(), EngineError> {
        let url = format!("{}/{}", self.connection.url, ROUTE.path);
        let expected = self.connection.settings.sample_rate;
        let form = answer.media_type();
        if form.starts_with("text/")
            || matches!(form.as_str(), "application/json" | "audio/wav" | "audio/x-wav" | "audio/mpeg" | "audio/ogg")
        {
            return Err(EngineError::Failed(format!(
                "`{url}` answered with `{form}` and not with raw samples (`pcm`)"
            )));
        }
        match answer.media_parameter("rate").and_then(|rate| rate.parse::<u32>().ok()) {
            Some(rate) if rate != expected => Err(EngineError::Failed(format!(
                "`{url}` answered at {rate} Hz and not at {expected}; set `sample_rate` to {rate}"
            ))),
            _ => Ok(()),
        }
    }

    /// Passes on the sound of a sentence that is over at byte `end` of the text, of which `heard` bytes were heard before.
    async fn carry(
        &self,
        mut answer: Answer,
        heard: usize,
        end: usize,
        sink: &Sink<SpeechPiece>,
    ) -> Result<(), EngineError> {
        let mut joints = Joints::default();
        while let Some(bytes) = answer.next().await? {
            let samples = joints.join(&bytes);
            if !samples.is_empty() {
                hand_over(sink, SpeechPiece { samples, text_end: heard }).await?;
            }
        }
        match joints.last {
            Some(last) if joints.odd.is_none() => {
                hand_over(sink, SpeechPiece { samples: vec![last], text_end: end }).await
            }
            Some(_) => Err(EngineError::Failed(format!(
                "the speech of `{}` ended in the middle of a sample: it does not send 16-bit samples",
                self.connection.url
            ))),
            None => Err(EngineError::Failed(format!("`{}` answered without any sound", self.connection.url))),
        }
    }
}

/// The voice to ask for; `None` leaves it to the server.
fn voice(connection: &Connection, request: &SpeechRequest) -> Result<Option<String>, EngineError> {
    let settings = &connection.settings;
    match &request.voice {
        Some(voice) if settings.voices.is_empty() || settings.voices.contains(voice) => Ok(Some(voice.clone())),
        Some(voice) => Err(EngineError::request(
            "voice",
            format!("there is no voice `{voice}`; choose one of {}", settings.voices.join(", ")),
        )),
        None => {
            let of_language = request.language.and_then(|language| settings.default_voices.get(&language));
            Ok(of_language.or(settings.voices.first()).cloned())
        }
    }
}

/// Puts 16-bit little-endian samples together, wherever the network cut them. Keeps the last one back, since only the end
/// shows that it was the last: it carries where the text ends.
#[derive(Debug, Default)]
struct Joints {
    odd: Option<u8>,
    last: Option<i16>,
}

impl Joints {
    fn join(&mut self, bytes: &Bytes) -> Vec<i16> {
        let mut samples = Vec::with_capacity(bytes.len() / 2 + 1);
        samples.extend(self.last.take());
        let mut bytes = self.odd.take().into_iter().chain(bytes.iter().copied());
        while let Some(low) = bytes.next() {
            match bytes.next() {
                Some(high) => samples.push(i16::from_le_bytes([low, high])),
                None => self.odd = Some(low),
            }
        }
        self.last = samples.pop();
        samples
    }
}

/// A sentence of a text.
#[derive(Debug, PartialEq, Eq)]
struct Sentence {
    text: String,
    /// Where it ends in the whole text, in bytes.
    end: usize,
}

/// The sentences of a text that hold something to say, made of its clauses; the last one ends with the text.
fn sentences(text: &str) -> Vec<Sentence> {
    let mut sentences = Vec::new();
    let (mut start, mut end) = (0, 0);
    let mut close = |start: &mut usize, end: usize| {
        if text[*start..end].chars().any(char::is_alphanumeric) {
            sentences.push(Sentence { text: text[*start..end].trim().to_owned(), end });
            *start = end;
        }
    };
    for clause in text_normaliser::clauses(text) {
        // Clauses are parts of the text in their order.
        let Some(place) = text[end..].find(clause) else { continue };
        end += place + clause.len();
        let bare = clause.trim_end().trim_end_matches(['"', '”', '’', '»', ')']);
        if bare.ends_with(['.', '!', '?', '…']) {
            close(&mut start, end);
        }
    }
    close(&mut start, text.len());
    if let Some(last) = sentences.last_mut() {
        last.end = text.len();
    }
    sentences
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn samples_are_whole_wherever_the_network_cut_them(
            samples in prop::collection::vec(any::<i16>(), 1..200),
            cuts in prop::collection::vec(0_usize..7, 1..200),
        ) {
            let bytes: Vec<u8> = samples.iter().flat_map(|sample| sample.to_le_bytes()).collect();
            let (mut joints, mut joined, mut rest) = (Joints::default(), Vec::new(), bytes.as_slice());
            for cut in cuts {
                let (piece, after) = rest.split_at(cut.min(rest.len()));
                joined.extend(joints.join(&Bytes::copy_from_slice(piece)));
                rest = after;
            }
            joined.extend(joints.join(&Bytes::copy_from_slice(rest)));
            joined.extend(joints.last);
            prop_assert_eq!(joined, samples);
            prop_assert_eq!(joints.odd, None);
        }
    }

    #[test]
    fn the_last_sentence_ends_with_the_text() {
        let text = "Bună ziua!\nCu ce vă ajut?\n…\n";
        let sentences = sentences(text);
        assert_eq!(
            sentences.iter().map(|sentence| sentence.text.lines().next().unwrap()).collect::<Vec<_>>(),
            ["Bună ziua!", "Cu ce vă ajut?"]
        );
        assert_eq!(sentences.last().map(|sentence| sentence.end), Some(text.len()));
        assert!(sentences[0].end < sentences[1].end);
    }

    #[test]
    fn a_text_without_words_has_no_sentences() {
        assert_eq!(super::sentences(" … !\n"), []);
        assert_eq!(super::sentences(""), []);
    }
}

//! Recordings: `POST /v1/audio/transcriptions` with a WAV file and `verbose_json`.

use audio::{OutputFormat, Pcm};
use protocol::Language;
use reqwest::multipart::{Form, Part};
use serde::Deserialize;

use super::connection::{Connection, Route};
use crate::tasks::{Segment, Transcript, TranscriptionRequest, Word};
use crate::{EngineError, Stop};

/// Hours of speech with the times of all words.
const ROUTE: Route = Route { path: "audio/transcriptions", subject: "file", limit: 32 << 20 };
const RATE: u32 = 16_000;

/// Writes down a recording.
pub(super) async fn transcribe(
    connection: &Connection,
    mut request: TranscriptionRequest,
    stop: &Stop,
) -> Result<Transcript, EngineError> {
    let samples = std::mem::take(&mut request.samples);
    let seconds = samples.len() as f64 / f64::from(RATE);
    // An hour of speech takes a moment to convert: not on the runtime's threads.
    let wav =
        tokio::task::spawn_blocking(move || audio::encode(&Pcm { rate: RATE, samples }, OutputFormat::Wav, Some(RATE)))
            .await
            .map_err(|error| EngineError::Failed(format!("the conversion of the recording ended early: {error}")))?
            .map_err(|error| EngineError::Failed(format!("failed to write the recording as WAV: {error}")))?;

    let form = form(connection, &request, wav)?;
    let answered: Answered = connection.post(&ROUTE, |http| http.multipart(form), stop).await?.json(stop).await?;
    Ok(answered.transcript(seconds, &request))
}

fn form(connection: &Connection, request: &TranscriptionRequest, wav: Vec<u8>) -> Result<Form, EngineError> {
    let file = Part::bytes(wav)
        .file_name("recording.wav")
        .mime_str("audio/wav")
        .map_err(|error| EngineError::Failed(format!("failed to name the recording's type: {error}")))?;
    let mut form = Form::new()
        .part("file", file)
        .text("model", connection.model.clone())
        .text("response_format", "verbose_json")
        .text("temperature", request.temperature.to_string())
        .text("timestamp_granularities[]", "segment");
    if request.word_times {
        form = form.text("timestamp_granularities[]", "word");
    }
    if let Some(language) = request.language {
        form = form.text("language", language.code());
    }
    if let Some(prompt) = &request.prompt {
        form = form.text("prompt", prompt.clone());
    }
    Ok(form)
}

#[derive(Deserialize)]
struct Answered {
    text: String,
    /// OpenAI writes `romanian`, others `ro`.
    language: Option<String>,
    segments: Option<Vec<Stretch>>,
    /// OpenAI and vLLM have all words here, whisper.cpp and others within their segments.
    words: Option<Vec<Spoken>>,
}

#[derive(Deserialize)]
struct Stretch {
    start: f64,
    end: f64,
    text: String,
    avg_logprob: Option<f32>,
    no_speech_prob: Option<f32>,
    words: Option<Vec<Spoken>>,
}

#[derive(Deserialize)]
struct Spoken {
    #[serde(alias = "text")]
    word: String,
    start: f64,
    end: f64,
    #[serde(alias = "score")]
    probability: Option<f32>,
}

impl Answered {
    /// `seconds` is the recording's length, which we know better than the server.
    fn transcript(self, seconds: f64, request: &TranscriptionRequest) -> Transcript {
        let text = self.text.trim().to_owned();
        let mut parts = self.segments.unwrap_or_default();
        if parts.is_empty() && !text.is_empty() {
            let whole = Stretch {
                start: 0.0,
                end: seconds,
                text: text.clone(),
                avg_logprob: None,
                no_speech_prob: None,
                words: None,
            };
            parts.push(whole);
        }
        let mut segments: Vec<_> = parts.into_iter().map(|part| part.segment(request.word_times)).collect();
        if request.word_times && segments.iter().all(|segment| segment.words.is_empty()) {
            share_out(self.words.unwrap_or_default(), &mut segments);
        }
        let language = self.language.as_deref().and_then(Language::from_tag).or(request.language);
        Transcript { text, language, seconds, segments }
    }
}

impl Stretch {
    fn segment(self, word_times: bool) -> Segment {
        let mut segment = Segment {
            start: self.start,
            end: self.end,
            text: self.text.trim().to_owned(),
            mean_log_probability: self.avg_logprob.unwrap_or_default(),
            no_speech_probability: self.no_speech_prob.unwrap_or_default(),
            words: Vec::new(),
        };
        if word_times {
            segment.words = self.words.into_iter().flatten().filter_map(|spoken| spoken.word(&segment)).collect();
        }
        segment
    }
}

impl Spoken {
    /// A server that does not say how sure it is of a word is as sure as of its segment.
    fn word(self, segment: &Segment) -> Option<Word> {
        let text = self.word.trim();
        let probability = self.probability.unwrap_or_else(|| segment.mean_log_probability.exp()).clamp(0.0, 1.0);
        (!text.is_empty()).then(|| Word { text: text.to_owned(), start: self.start, end: self.end, probability })
    }
}

/// Gives each word to the last segment that begins before the word's middle.
fn share_out(words: Vec<Spoken>, segments: &mut [Segment]) {
    for spoken in words {
        let middle = f64::midpoint(spoken.start, spoken.end);
        let place = segments.partition_point(|segment| segment.start <= middle).saturating_sub(1);
        if let Some(segment) = segments.get_mut(place)
            && let Some(word) = spoken.word(segment)
        {
            segment.words.push(word);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn heard(json: &str, word_times: bool) -> Transcript {
        let request =
            TranscriptionRequest { samples: vec![], language: None, prompt: None, temperature: 0.0, word_times };
        serde_json::from_str::<Answered>(json).unwrap().transcript(4.0, &request)
    }

    #[test]
    fn words_beside_the_segments_are_given_to_their_segments() {
        let transcript = heard(
            r#"{"task":"transcribe","language":"romanian","duration":"4.0","text":" Bună ziua. Da.",
            "segments":[{"id":0,"start":0.0,"end":1.5,"text":" Bună ziua.","avg_logprob":-0.5,"no_speech_prob":0.01},
                        {"id":1,"start":1.5,"end":2.0,"text":" Da.","avg_logprob":-0.1}],
            "words":[{"word":" Bună","start":0.1,"end":0.5},{"word":"ziua","start":0.6,"end":1.4},
                     {"word":"Da","start":1.45,"end":1.9,"probability":0.9}]}"#,
            true,
        );
        assert_eq!(transcript.language, Some(Language::Ro));
        assert_eq!(transcript.text, "Bună ziua. Da.");
        let words: Vec<Vec<_>> = transcript
            .segments
            .iter()
            .map(|segment| segment.words.iter().map(|word| word.text.as_str()).collect())
            .collect();
        assert_eq!(words, [vec!["Bună", "ziua"], vec!["Da"]]);
        assert!((transcript.segments[0].words[0].probability - (-0.5_f32).exp()).abs() < 1e-6);
        assert!((transcript.segments[1].words[0].probability - 0.9).abs() < 1e-6);
    }

    #[test]
    fn a_server_that_gives_only_text_makes_one_segment_of_all() {
        let transcript = heard(r#"{"text":"Bună ziua."}"#, true);
        assert_eq!(transcript.segments.len(), 1);
        assert!((transcript.segments[0].end - 4.0).abs() < f64::EPSILON);
        assert_eq!(heard(r#"{"text":" "}"#, false), Transcript { seconds: 4.0, ..Transcript::default() });
    }

    #[test]
    fn words_within_segments_are_left_out_when_nobody_asked_for_them() {
        let json =
            r#"{"text":"Da","segments":[{"start":0,"end":1,"text":"Da","words":[{"text":"Da","start":0,"end":1}]}]}"#;
        assert_eq!(heard(json, true).segments[0].words.len(), 1);
        assert_eq!(heard(json, false).segments[0].words.len(), 0);
    }
}

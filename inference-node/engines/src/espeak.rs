//! espeak-ng as an engine: audible speech in three languages without any model file.

use async_trait::async_trait;
use espeak::{EspeakError, SAMPLE_RATE, Synthesiser, Utterance, VARIANTS};
use protocol::Language;
use tokio::sync::{mpsc, oneshot};

use crate::model::EVENTS_AHEAD;
use crate::speech::{self, Clause};
use crate::tasks::{SpeechPiece, SpeechRequest};
use crate::{EngineError, Events, Facts, Model, ModelSpec, Stop};

/// The pace at speed 1, in words a minute: a calm speaker's, for people who are told something new.
const PACE: f32 = 160.0;

/// The synthesiser with its voices.
pub(crate) struct Espeak {
    synthesiser: Synthesiser,
    languages: Vec<Language>,
}

impl Espeak {
    /// Starts it.
    pub(crate) fn load(spec: &ModelSpec) -> Result<Self, EngineError> {
        let synthesiser = start(spec)?;
        let languages = if spec.languages.is_empty() { Language::ALL.to_vec() } else { spec.languages.clone() };
        Ok(Self { synthesiser, languages })
    }

    fn voices(&self) -> Vec<String> {
        let speakers = |language: &Language| {
            let code = language.code();
            std::iter::once(code.to_owned()).chain(VARIANTS.iter().map(move |variant| format!("{code}+{variant}")))
        };
        self.languages.iter().flat_map(speakers).collect()
    }

    /// The voice and the language that a request means.
    fn choose(&self, request: &SpeechRequest) -> Result<(String, Language), EngineError> {
        let default = request.language.or(self.languages.first().copied()).unwrap_or(Language::Ro);
        let Some(voice) = &request.voice else { return Ok((default.code().to_owned(), default)) };
        let known = self.voices();
        if !known.contains(voice) {
            let message = format!("there is no voice `{voice}`; there are: {}", known.join(", "));
            return Err(EngineError::request("voice", message));
        }
        Ok((voice.clone(), Language::from_tag(voice.split('+').next().unwrap_or(voice)).unwrap_or(default)))
    }
}

#[async_trait]
impl Model for Espeak {
    fn facts(&self) -> Facts {
        Facts { sample_rate: Some(SAMPLE_RATE), voices: self.voices(), ..Facts::default() }
    }

    async fn speak(&self, request: SpeechRequest, stop: Stop) -> Result<Events<SpeechPiece>, EngineError> {
        speech::check(&request)?;
        let (voice, language) = self.choose(&request)?;
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "40 to 640 after the check")]
        let words_a_minute = (PACE * request.speed).round() as u32;
        let clauses = speech::clauses(&request.text, language);
        let (pieces, spoken) = mpsc::channel(EVENTS_AHEAD);
        let synthesiser = self.synthesiser.clone();
        tokio::spawn(async move {
            for clause in clauses {
                let utterance = Utterance { text: clause.spoken.clone(), voice: voice.clone(), words_a_minute };
                let piece = say(&synthesiser, utterance, &stop).await.map(|sound| piece(sound, &clause));
                let failed = piece.is_err();
                if stop.is_cancelled() || pieces.send(piece).await.is_err() || failed {
                    return;
                }
            }
        });
        Ok(spoken)
    }
}

/// Starts the library, with its voices unpacked into the folder that the spec sets aside for that.
pub(crate) fn start(spec: &ModelSpec) -> Result<Synthesiser, EngineError> {
    let no_folder = || EngineError::Load("espeak-ng was given no folder to unpack its voices into".to_owned());
    let folder = spec.scratch.as_ref().ok_or_else(no_folder)?;
    Synthesiser::start(folder.as_std_path()).map_err(|error| EngineError::Load(error.to_string()))
}

fn piece(mut samples: Vec<i16>, clause: &Clause) -> SpeechPiece {
    samples.extend(speech::silence(clause.pause_ms, SAMPLE_RATE));
    SpeechPiece { samples, text_end: clause.text_end }
}

async fn say(synthesiser: &Synthesiser, utterance: Utterance, stop: &Stop) -> Result<Vec<i16>, EngineError> {
    let (sender, sound) = oneshot::channel();
    let wanted = {
        let stop = stop.clone();
        move || !stop.is_cancelled()
    };
    synthesiser.speak(utterance, wanted, move |sound| drop(sender.send(sound))).map_err(failed)?;
    sound.await.map_err(|_| EngineError::Failed(EspeakError::Ended.to_string()))?.map_err(failed)
}

#[expect(clippy::needless_pass_by_value, reason = "used as a function of `map_err`")]
fn failed(error: EspeakError) -> EngineError {
    EngineError::Failed(error.to_string())
}

//! Speech within calls: the most urgent class, samples instead of files, and an ear that lasts as long as the call.

use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use desk::language::Language;
use desk::ports::live_speech::{Hearing, Listen, LiveSpeech, Samples, Understood, Words};
use desk::ports::speech::{Abilities, SpeechError};
use futures::channel::mpsc as channel;
use futures::{Stream, StreamExt};
use protocol::{Class, Task};
use serde::Deserialize;
use tokio::sync::mpsc;
use tokio::time::Instant;
use tracing::Instrument;

use super::NodesSpeech;
use super::asking::{Asked, Failed, Saying, unavailable};
use crate::ability::{LINGER, Wanted};
use crate::answer::Body;
use crate::client::Call;
use crate::error::{NodeError, chain};
use crate::languages::{from_wire, to_wire};
use crate::listening::{Form, ListenError, Listening, Said, Wish};
use crate::openai;

const LISTENING: &str = "listening";
/// Pieces of sound on their way: five seconds of a call's packets. What comes while they wait would be understood too late.
const SOUND_WAITING: usize = 256;
/// Events on their way to the call.
const EVENTS_WAITING: usize = 256;
/// Silence after which a sentence is written down, in milliseconds. Short: whether the caller's turn is over is decided by the
/// dialogue, which knows what was said, and goes on with the next sentence where it is not.
const END_OF_SENTENCE_MS: u32 = 300;

#[async_trait]
impl LiveSpeech for NodesSpeech {
    fn abilities(&self) -> Abilities {
        let able = |task, live| {
            let wanted = |language| Wanted { task, language: Some(to_wire(language)), live };
            let languages = Language::ALL.into_iter();
            languages.filter(|language| !self.nodes.models(wanted(*language), LINGER).is_empty()).collect()
        };
        Abilities { spoken: able(Task::Speech, false), heard: able(Task::Transcription, true) }
    }

    async fn say(&self, words: Words<'_>) -> Result<Samples, SpeechError> {
        let started = Instant::now();
        let Words { text, language, pace, rate, ahead } = words;
        let asked = Asked::Say(Saying { text, language: to_wire(language), pace: pace.0, rate: Some(rate) });
        let class = if ahead { Class::Batch } else { Class::Voice };
        let answer = self.ask(&asked, class).await?;
        let Body::Streamed(sound) = answer.body else { return Err(unavailable(asked.what(), Failed::Nobody)) };
        metrics::histogram!("sfetnic_call_first_sound_seconds").record(started.elapsed().as_secs_f64());
        Ok(samples(sound))
    }

    async fn listen(&self, listen: Listen) -> Result<Hearing, SpeechError> {
        if self.nodes.is_empty() {
            return Err(SpeechError::NotOffered { what: LISTENING });
        }
        let language = listen.language.map(to_wire);
        let wanted = Wanted { task: Task::Transcription, language, live: true };
        let models = self.nodes.find(wanted).await;
        let mut failed = Failed::Nobody;
        for model in models {
            match self.open(&listen, &model).await {
                Ok(listening) => return Ok(self.hear_on(listening)),
                Err(error) => {
                    tracing::warn!(model, error = chain(&error), "a model does not listen to a call");
                    failed = match error {
                        ListenError::Work(error) => Failed::Work(error),
                        ListenError::Refused(reason) => return Err(SpeechError::Refused { reason }),
                        ListenError::BrokeOff(_) => Failed::Nobody,
                    };
                }
            }
        }
        Err(unavailable(LISTENING, failed))
    }
}

impl NodesSpeech {
    async fn open(&self, listen: &Listen, model: &str) -> Result<Listening, ListenError> {
        let mut query = vec![("model", model.to_owned()), ("format", "pcm16".to_owned())];
        query.push(("rate", listen.rate.to_string()));
        query.push(("session", listen.call.clone()));
        query.extend(listen.language.map(|language| ("language", language.code().to_owned())));
        let call = Call { query, class: Class::Voice, trace: service::trace::header(), epoch: None };
        let wish = Wish {
            model: model.to_owned(),
            call,
            form: Form::Pcm16,
            rate: Some(listen.rate),
            session: openai::session(&listen.call),
            passed_on: false,
        };
        Listening::open(Arc::clone(&self.nodes), wish).await
    }

    /// Runs a session for as long as both ends of its ear are held.
    fn hear_on(&self, listening: Listening) -> Hearing {
        let (sound, mut heard) = channel::channel::<Vec<i16>>(SOUND_WAITING);
        let (tell, understood) = mpsc::channel(EVENTS_WAITING);
        let (say, said) = mpsc::channel(SOUND_WAITING);
        let (event, mut events) = mpsc::channel::<String>(EVENTS_WAITING);
        let stop = self.nodes.stop.clone();
        let feeding = async move {
            let settings = serde_json::json!({
                "type": "session.update",
                "session": { "turn_detection": { "type": "server_vad", "silence_duration_ms": END_OF_SENTENCE_MS } },
            });
            if say.send(Said::Event(settings.to_string())).await.is_err() {
                return;
            }
            while let Some(samples) = heard.next().await {
                if say.send(Said::Sound(to_bytes(&samples))).await.is_err() {
                    return;
                }
            }
            drop(say.send(Said::End).await);
            // The session ends by itself once the last words are written down.
            std::future::pending::<()>().await;
        };
        let teller = tell.clone();
        let telling = async move {
            let mut sentence = String::new();
            while let Some(event) = events.recv().await {
                if let Some(understood) = understand(&event, &mut sentence)
                    && teller.send(Ok(understood)).await.is_err()
                {
                    return;
                }
            }
        };
        let session = async move {
            let last = listening.run(said, event).await;
            if let Err(error) = last {
                tracing::warn!(error = chain(&error), "a call is not listened to any more");
                let failed = match error {
                    ListenError::Work(error) => Failed::Work(error),
                    _ => Failed::Nobody,
                };
                drop(tell.send(Err(unavailable(LISTENING, failed))).await);
            }
        };
        self.nodes.tasks.spawn(
            async move {
                tokio::select! {
                    // What was understood is told to the end: the teller ends when the session has dropped its end.
                    ((), ()) = async { tokio::join!(session, telling) } => {}
                    () = feeding => {}
                    () = stop.cancelled() => {}
                }
            }
            .in_current_span(),
        );
        let understood = futures::stream::unfold(understood, |mut told| async { Some((told.recv().await?, told)) });
        Hearing { sound, understood: understood.boxed() }
    }
}

fn to_bytes(samples: &[i16]) -> Bytes {
    samples.iter().flat_map(|sample| sample.to_le_bytes()).collect::<Vec<u8>>().into()
}

/// The samples of a node's headerless sound. A piece may end within a sample.
fn samples(sound: impl Stream<Item = Result<Bytes, NodeError>> + Send + Unpin + 'static) -> Samples {
    let pieces = futures::stream::unfold((sound, None::<u8>), |(mut sound, odd)| async move {
        let piece = sound.next().await?;
        let piece = match piece {
            Ok(bytes) => bytes,
            Err(error) => return Some((Err(unavailable("speaking", error.into())), (sound, None))),
        };
        let mut bytes = Vec::with_capacity(piece.len() + 1);
        bytes.extend(odd);
        bytes.extend_from_slice(&piece);
        let odd = if bytes.len().is_multiple_of(2) { None } else { bytes.pop() };
        let samples = bytes.chunks_exact(2).map(|two| i16::from_le_bytes([two[0], two[1]])).collect();
        Some((Ok(samples), (sound, odd)))
    });
    pieces.boxed()
}

/// A node's event, as far as a call needs it.
#[derive(Deserialize)]
#[serde(tag = "type")]
enum Event {
    #[serde(rename = "input_audio_buffer.speech_started")]
    Started { audio_start_ms: u64 },
    #[serde(rename = "input_audio_buffer.speech_stopped")]
    Stopped { audio_end_ms: u64 },
    #[serde(rename = "conversation.item.input_audio_transcription.delta")]
    Delta {
        delta: String,
        #[serde(default)]
        unstable: String,
    },
    #[serde(rename = "conversation.item.input_audio_transcription.completed")]
    Completed {
        transcript: String,
        #[serde(default)]
        language: Option<String>,
        #[serde(default)]
        confidence: f32,
    },
    #[serde(other)]
    Other,
}

/// What an event means; `sentence` holds the stable words of the one that is being said.
fn understand(event: &str, sentence: &mut String) -> Option<Understood> {
    match serde_json::from_str(event).ok()? {
        Event::Started { audio_start_ms } => {
            sentence.clear();
            Some(Understood::Began { at_ms: audio_start_ms })
        }
        Event::Stopped { audio_end_ms } => Some(Understood::Ended { at_ms: audio_end_ms }),
        Event::Delta { delta, unstable } => {
            sentence.push_str(&delta);
            Some(Understood::Partly { stable: sentence.trim_start().to_owned(), unstable })
        }
        Event::Completed { transcript, language, confidence } => {
            sentence.clear();
            let language = language.as_deref().and_then(protocol::Language::from_tag).map(from_wire);
            Some(Understood::Written { text: transcript.trim().to_owned(), language, confidence })
        }
        Event::Other => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_sample_that_two_pieces_share_stays_whole() {
        let pieces: Vec<Result<Bytes, NodeError>> =
            vec![Ok(Bytes::from_static(&[1, 0, 2])), Ok(Bytes::from_static(&[0, 3, 0]))];
        let heard: Vec<Vec<i16>> = samples(futures::stream::iter(pieces)).map(Result::unwrap).collect().await;
        assert_eq!(heard.concat(), [1, 2, 3]);
    }

    #[test]
    fn words_grow_until_the_sentence_is_written_down() {
        let mut sentence = String::new();
        let delta = |text: &str, unstable: &str| {
            serde_json::json!({
                "type": "conversation.item.input_audio_transcription.delta", "delta": text, "unstable": unstable,
            })
            .to_string()
        };
        let partly = |stable: &str, unstable: &str| {
            Some(Understood::Partly { stable: stable.to_owned(), unstable: unstable.to_owned() })
        };
        assert_eq!(understand(&delta(" vreau", " să"), &mut sentence), partly("vreau", " să"));
        assert_eq!(understand(&delta(" să vorbesc", ""), &mut sentence), partly("vreau să vorbesc", ""));
        let written = serde_json::json!({
            "type": "conversation.item.input_audio_transcription.completed", "transcript": " vreau să vorbesc cu un om",
            "language": "ro", "confidence": 0.5,
        });
        let Some(Understood::Written { text, language, confidence }) = understand(&written.to_string(), &mut sentence)
        else {
            panic!("nothing was written down")
        };
        assert_eq!((text.as_str(), language, confidence), ("vreau să vorbesc cu un om", Some(Language::Ro), 0.5));
        assert_eq!(understand(&delta("da", ""), &mut sentence), partly("da", ""));
    }

    #[test]
    fn other_events_and_what_is_no_event_mean_nothing() {
        for event in ["", "{}", "{\"type\":\"session.created\"}", "[1]"] {
            assert_eq!(understand(event, &mut String::new()), None);
        }
    }
}

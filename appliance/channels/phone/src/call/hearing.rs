//! A call's ear at a node: opened when words are wanted, opened again when it breaks, and closed when a person has the call.

use std::sync::Arc;
use std::time::Duration;

use desk::language::Language;
use desk::ports::live_speech::{Hearing, Listen, LiveSpeech, Understood};
use desk::ports::speech::SpeechError;
use dialogue::Words;
use futures::StreamExt;
use futures::future::{BoxFuture, FutureExt};
use media::Frame;
use tokio::time::Instant;

/// The pause before a broken ear is opened again; doubled each time.
const AGAIN: Duration = Duration::from_millis(500);
/// The longest such pause.
const LONGEST_PAUSE: Duration = Duration::from_secs(8);
/// Silence sent at once when the caller's turn is over, so that the node need not wait for it to write the sentence down.
const CONCLUDING_MS: u32 = 400;

/// What is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Wanted {
    language: Option<Language>,
    rate: u32,
}

/// A call's ear.
pub(super) struct Listening {
    speech: Arc<dyn LiveSpeech>,
    /// What keeps the call's sessions at one node.
    call: String,
    wanted: Option<Wanted>,
    /// The rate of the frames that come.
    rate: u32,
    opening: Option<BoxFuture<'static, Result<Hearing, SpeechError>>>,
    open: Option<Hearing>,
    not_before: Option<Instant>,
    pause: Duration,
    /// Whether the call was told that nothing is understood.
    lost: bool,
}

/// What the ear tells the call.
#[derive(Debug)]
pub(super) enum News {
    /// Words.
    Words(Words),
    /// A sentence ended so many milliseconds after the first sound.
    SentenceEnded,
    /// Nothing is understood any more; the ear tries on.
    Lost,
    /// It is understood again.
    Back,
}

impl Listening {
    pub(super) fn new(speech: Arc<dyn LiveSpeech>, call: String) -> Self {
        let (wanted, opening, open, not_before) = (None, None, None, None);
        Self { speech, call, wanted, rate: 8_000, opening, open, not_before, pause: AGAIN, lost: false }
    }

    /// Words are wanted, in a language or in whichever is spoken.
    pub(super) fn want(&mut self, language: Option<Language>) {
        let wanted = Wanted { language, rate: self.rate };
        if self.wanted != Some(wanted) {
            self.wanted = Some(wanted);
            self.close();
        }
    }

    /// No words are wanted.
    pub(super) fn want_nothing(&mut self) {
        self.wanted = None;
        self.close();
    }

    fn close(&mut self) {
        (self.opening, self.open, self.not_before, self.pause) = (None, None, None, AGAIN);
    }

    /// More sound of the caller. What the node does not take in time is lost: sound that waits is late.
    pub(super) fn hear(&mut self, frame: &Frame) {
        if frame.rate != self.rate {
            self.rate = frame.rate;
            if let Some(wanted) = self.wanted {
                self.want(wanted.language);
            }
        }
        if let Some(open) = &mut self.open
            && open.sound.try_send(frame.samples.to_vec()).is_err()
        {
            metrics::counter!("sfetnic_phone_frames_not_taken_total").increment(1);
        }
    }

    /// The caller's turn is over: the node is given the silence that it waits for.
    pub(super) fn conclude(&mut self) {
        if let Some(open) = &mut self.open {
            let samples = vec![0; (self.rate / 1_000 * CONCLUDING_MS) as usize];
            drop(open.sound.try_send(samples));
        }
    }

    /// The next news. Never returns while no words are wanted. Cancel safe.
    pub(super) async fn next(&mut self) -> News {
        loop {
            let Some(wanted) = self.wanted else { return std::future::pending().await };
            if let Some(open) = &mut self.open {
                match open.understood.next().await {
                    Some(Ok(understood)) => {
                        if let Some(news) = news(understood) {
                            return news;
                        }
                    }
                    Some(Err(error)) => {
                        tracing::warn!(%error, "the call is not understood any more");
                        self.open = None;
                    }
                    None => self.open = None,
                }
                continue;
            }
            if let Some(opening) = &mut self.opening {
                let opened = opening.await;
                self.opening = None;
                match opened {
                    Ok(hearing) => {
                        self.open = Some(hearing);
                        self.pause = AGAIN;
                        if std::mem::replace(&mut self.lost, false) {
                            return News::Back;
                        }
                    }
                    Err(error) => {
                        tracing::debug!(%error, "nobody listens to the call");
                        self.not_before = Some(Instant::now() + self.pause);
                        self.pause = (self.pause * 2).min(LONGEST_PAUSE);
                        if !std::mem::replace(&mut self.lost, true) {
                            return News::Lost;
                        }
                    }
                }
                continue;
            }
            if let Some(at) = self.not_before {
                tokio::time::sleep_until(at).await;
                self.not_before = None;
            }
            let speech = Arc::clone(&self.speech);
            let listen = Listen { language: wanted.language, rate: wanted.rate, call: self.call.clone() };
            self.opening = Some(async move { speech.listen(listen).await }.boxed());
        }
    }
}

fn news(understood: Understood) -> Option<News> {
    Some(match understood {
        Understood::Began { .. } => return None,
        Understood::Ended { .. } => News::SentenceEnded,
        Understood::Partly { stable, unstable } => {
            let stable_chars = stable.chars().count();
            let (confidence, language) = (None, None);
            News::Words(Words { text: stable + &unstable, stable_chars, complete: false, confidence, language })
        }
        Understood::Written { text, language, confidence } => {
            let stable_chars = text.chars().count();
            News::Words(Words { text, stable_chars, complete: true, confidence: Some(confidence), language })
        }
    })
}

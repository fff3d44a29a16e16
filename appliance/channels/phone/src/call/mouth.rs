//! What a call says: one utterance at a time, clause by clause, the next clause made while the one before is heard.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use desk::language::Language;
use desk::ports::live_speech::{LiveSpeech, Pace, Words};
use desk::ports::speech::SpeechError;
use dialogue::{Clause, Progress, Prompts, Spoke, Utterance, UtteranceId};
use futures::StreamExt;
use futures::future::{BoxFuture, FutureExt};
use media::{Line, Playing, Prepared, Sound};
use tokio::time::Instant;

use crate::shelf::{RATE, Shelf};

/// How much sound of a clause may lie ready: a clause is a breath long, and the node that speaks is free sooner.
const AHEAD: Duration = Duration::from_secs(30);
/// Clauses that lie ready behind the one that is heard.
const CLAUSES_AHEAD: usize = 1;
/// What a second of speech holds, in characters; for how far a clause has come before all of it is made.
const CHARS_PER_SECOND: f64 = 14.0;

/// Where sound comes from.
#[derive(Clone)]
pub(super) struct Voice {
    pub(super) shelf: Arc<Shelf>,
    pub(super) prompts: Arc<Prompts>,
    pub(super) speech: Arc<dyn LiveSpeech>,
}

/// The mouth of a call.
pub(super) struct Mouth {
    voice: Voice,
    current: Option<Speaking>,
}

struct Speaking {
    id: UtteranceId,
    language: Language,
    pace: f32,
    clauses: Vec<Clause>,
    complete: bool,
    /// The next clause to be made.
    next: usize,
    making: Option<(usize, BoxFuture<'static, Result<Made, SpeechError>>)>,
    /// The first is heard, the others wait behind it.
    playing: VecDeque<Said>,
    /// Clauses that went out whole.
    done: usize,
    /// How long those were heard that are not playing any more.
    heard: Duration,
    /// Some of it was given to the line.
    given: bool,
    /// When the first packet of it left.
    first_sound: Option<Instant>,
    /// The clause that is playing was told.
    told: Option<usize>,
    /// Silent for the moment: what is made meanwhile waits too.
    paused: bool,
}

/// A clause as sound.
struct Made {
    sound: Sound,
    kept: Kept,
}

/// A clause's sound, kept so that it can be said again from its beginning.
#[derive(Clone)]
enum Kept {
    Prepared(Arc<Prepared>),
    /// Samples that came so far, and whether all did.
    Streamed(Arc<Mutex<(Vec<i16>, bool)>>),
}

struct Said {
    clause: usize,
    playing: Playing,
    kept: Kept,
}

/// What the mouth tells the call.
pub(super) enum Told {
    /// How far it has come.
    Spoke(Spoke),
    /// A clause is made; [`Mouth::play`] says it.
    Made(ReadyClause),
    /// The first packet of the utterance has left.
    Sounded,
}

/// A clause that is to be given to the line.
pub(super) struct ReadyClause {
    clause: usize,
    made: Made,
}

impl Voice {
    /// Begins to make a clause.
    fn make(&self, clause: &Clause, language: Language, pace: f32) -> BoxFuture<'static, Result<Made, SpeechError>> {
        let (text, language) = match clause {
            Clause::Prompt(id) => (self.prompts.text(id, language), Prompts::voice(id, language)),
            Clause::Text(text) => (text.clone(), language),
        };
        // Another pace than the usual is worth a node's work; without one the prompt is said as it is.
        let ready = self.shelf.sound(language, &text);
        let usual = (pace - 1.0).abs() < f32::EPSILON;
        if let Some(prepared) = ready.clone().filter(|_| usual || !self.speech.abilities().speaks(language)) {
            let made = Made { sound: Sound::Prepared(Arc::clone(&prepared)), kept: Kept::Prepared(prepared) };
            return futures::future::ready(Ok(made)).boxed();
        }
        let speech = Arc::clone(&self.speech);
        async move {
            let words = Words { text: &text, language, pace: Pace(pace), rate: RATE, ahead: false };
            let mut samples = match speech.say(words).await {
                Ok(samples) => samples,
                Err(error) => {
                    let Some(prepared) = ready else { return Err(error) };
                    return Ok(Made { sound: Sound::Prepared(Arc::clone(&prepared)), kept: Kept::Prepared(prepared) });
                }
            };
            let (mut writer, sound) = media::stream(RATE, AHEAD);
            let kept = Arc::new(Mutex::new((Vec::new(), false)));
            let keeping = Arc::clone(&kept);
            tokio::spawn(async move {
                while let Some(piece) = samples.next().await {
                    let piece = match piece {
                        Ok(piece) => piece,
                        Err(error) => {
                            tracing::warn!(%error, "a clause broke off");
                            break;
                        }
                    };
                    keeping.lock().unwrap_or_else(PoisonError::into_inner).0.extend_from_slice(&piece);
                    if writer.push(&piece).await.is_err() {
                        return;
                    }
                }
                keeping.lock().unwrap_or_else(PoisonError::into_inner).1 = true;
                writer.finish();
            });
            Ok(Made { sound: Sound::Streamed(sound), kept: Kept::Streamed(kept) })
        }
        .boxed()
    }
}

impl Kept {
    /// How long it is, where all of it is there.
    fn duration(&self) -> Option<Duration> {
        match self {
            Self::Prepared(prepared) => Some(prepared.duration()),
            Self::Streamed(kept) => {
                let kept = kept.lock().unwrap_or_else(PoisonError::into_inner);
                kept.1.then(|| Duration::from_secs_f64(kept.0.len() as f64 / f64::from(RATE)))
            }
        }
    }

    /// It once more, where all of it is there.
    fn again(&self) -> Option<Made> {
        let prepared = match self {
            Self::Prepared(prepared) => Arc::clone(prepared),
            Self::Streamed(kept) => {
                let kept = kept.lock().unwrap_or_else(PoisonError::into_inner);
                Arc::new(Prepared::from_pcm(kept.1.then_some(&kept.0)?, RATE))
            }
        };
        Some(Made { sound: Sound::Prepared(Arc::clone(&prepared)), kept: Self::Prepared(prepared) })
    }
}

impl Speaking {
    fn spoke(&self, progress: Progress) -> Spoke {
        let (mut heard, mut partly) = (self.heard, 0.0);
        if let Some(front) = self.playing.front() {
            let position = front.playing.position();
            heard += position;
            partly = self.share(front, position);
        }
        Spoke { utterance: self.id, clauses: self.done, partly, heard, progress }
    }

    /// How much of a clause went out, 0 to 1.
    fn share(&self, said: &Said, position: Duration) -> f32 {
        let whole = said.kept.duration().map_or_else(
            || {
                let chars = match self.clauses.get(said.clause) {
                    Some(Clause::Text(text)) => text.chars().count(),
                    _ => 40,
                };
                chars as f64 / CHARS_PER_SECOND / f64::from(self.pace)
            },
            |duration| duration.as_secs_f64(),
        );
        #[expect(clippy::cast_possible_truncation, reason = "a share")]
        let share = (position.as_secs_f64() / whole.max(0.02)) as f32;
        share.clamp(0.0, 1.0)
    }

    fn stop_all(&mut self) {
        for said in &self.playing {
            said.playing.stop();
        }
    }
}

impl Mouth {
    pub(super) fn new(voice: Voice) -> Self {
        Self { voice, current: None }
    }

    /// Begins an utterance; what was said before is over.
    pub(super) fn say(&mut self, utterance: Utterance) {
        self.silence();
        self.current = Some(Speaking {
            id: utterance.id,
            language: utterance.language,
            pace: utterance.pace.factor(),
            clauses: utterance.clauses,
            complete: utterance.complete,
            next: 0,
            making: None,
            playing: VecDeque::new(),
            done: 0,
            heard: Duration::ZERO,
            given: false,
            first_sound: None,
            told: None,
            paused: false,
        });
    }

    /// More of the utterance that is being said.
    pub(super) fn append(&mut self, utterance: UtteranceId, clauses: Vec<Clause>, last: bool) {
        if let Some(speaking) = self.current.as_mut().filter(|speaking| speaking.id == utterance) {
            speaking.clauses.extend(clauses);
            speaking.complete = last;
        }
    }

    /// Is silent at once. Tells how far the utterance came, and what was playing, whose end tells when the last of it left.
    pub(super) fn stop(&mut self, utterance: UtteranceId) -> Option<(Spoke, Option<Playing>)> {
        let mut speaking = self.current.take_if(|speaking| speaking.id == utterance)?;
        speaking.stop_all();
        let playing = speaking.playing.front().map(|said| said.playing.clone());
        Some((speaking.spoke(Progress::Stopped), playing))
    }

    /// How far the present utterance has come.
    pub(super) fn so_far(&self) -> Option<Spoke> {
        self.current.as_ref().map(|speaking| speaking.spoke(Progress::Playing))
    }

    /// Is silent at once, whatever was said.
    pub(super) fn silence(&mut self) {
        if let Some(mut speaking) = self.current.take() {
            speaking.stop_all();
        }
    }

    /// Is silent, perhaps only for a moment.
    pub(super) fn pause(&mut self, utterance: UtteranceId) {
        if let Some(speaking) = self.current.as_mut().filter(|speaking| speaking.id == utterance) {
            speaking.paused = true;
            if let Some(front) = speaking.playing.front() {
                front.playing.pause();
            }
        }
    }

    /// Goes on from the beginning of a clause.
    pub(super) fn resume(&mut self, utterance: UtteranceId, clause: usize, line: &Line) {
        let Some(speaking) = self.current.as_mut().filter(|speaking| speaking.id == utterance) else { return };
        let again = match speaking.playing.front() {
            Some(front) if front.clause == clause => front.kept.again(),
            _ => None,
        };
        speaking.heard += speaking.playing.front().map_or(Duration::ZERO, |front| front.playing.position());
        speaking.stop_all();
        speaking.playing.clear();
        speaking.making = None;
        speaking.done = clause;
        speaking.next = clause;
        speaking.told = None;
        speaking.paused = false;
        if let Some(made) = again {
            speaking.next = clause + 1;
            self.play(ReadyClause { clause, made }, line);
        }
    }

    /// Whether nothing of the present utterance, if there is one, was given to the line.
    pub(super) fn silent(&self) -> bool {
        self.current.as_ref().is_none_or(|speaking| !speaking.given)
    }

    /// When the first packet of the present utterance left.
    pub(super) fn first_sound(&self) -> Option<(UtteranceId, Instant)> {
        self.current.as_ref().and_then(|speaking| Some((speaking.id, speaking.first_sound?)))
    }

    /// Gives a clause to the line.
    pub(super) fn play(&mut self, ready: ReadyClause, line: &Line) {
        let Some(speaking) = &mut self.current else { return };
        let ReadyClause { clause, made: Made { sound, kept } } = ready;
        let playing = line.play(sound);
        if speaking.paused {
            playing.pause();
        }
        speaking.given = true;
        speaking.playing.push_back(Said { clause, playing, kept });
    }

    /// The next thing to be told. Never returns while nothing is said. Cancel safe.
    pub(super) async fn next(&mut self) -> Told {
        let Some(speaking) = &mut self.current else { return std::future::pending().await };
        // The clause that now begins to be heard.
        if let Some(front) = speaking.playing.front()
            && speaking.told != Some(front.clause)
        {
            speaking.told = Some(front.clause);
            return Told::Spoke(speaking.spoke(Progress::Playing));
        }
        if speaking.making.is_none()
            && speaking.playing.len() <= CLAUSES_AHEAD
            && let Some(clause) = speaking.clauses.get(speaking.next)
        {
            let making = self.voice.make(clause, speaking.language, speaking.pace);
            speaking.making = Some((speaking.next, making));
            speaking.next += 1;
        }
        if speaking.making.is_none() && speaking.playing.is_empty() {
            if !speaking.complete {
                // What follows is still being thought of.
                return std::future::pending().await;
            }
            let spoke = speaking.spoke(Progress::Ended);
            self.current = None;
            return Told::Spoke(spoke);
        }
        let Speaking { making, playing, first_sound, .. } = speaking;
        let made = async {
            match making {
                Some((clause, making)) => (*clause, making.await),
                None => std::future::pending().await,
            }
        };
        let started = async {
            match playing.front().filter(|_| first_sound.is_none()) {
                // What ends without a packet is told as ended.
                Some(front) => match front.playing.started().await {
                    Some(at) => at,
                    None => std::future::pending().await,
                },
                None => std::future::pending().await,
            }
        };
        let ended = async {
            match playing.front() {
                Some(front) => front.playing.ended().await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            // A clause of one packet has begun before it ends.
            biased;
            at = started => {
                speaking.first_sound = Some(at.into());
                Told::Sounded
            }
            (clause, made) = made => {
                speaking.making = None;
                match made {
                    Ok(made) => Told::Made(ReadyClause { clause, made }),
                    Err(error) => {
                        tracing::warn!(%error, "a clause could not be spoken");
                        speaking.stop_all();
                        let spoke = speaking.spoke(Progress::Failed);
                        self.current = None;
                        Told::Spoke(spoke)
                    }
                }
            }
            ended = ended => {
                speaking.heard += ended.heard;
                if let Some(said) = speaking.playing.pop_front() {
                    speaking.done = said.clause + 1;
                }
                Told::Spoke(speaking.spoke(Progress::Playing))
            }
        }
    }
}

//! Live audio, written down turn by turn as it comes.
//!
//! One task per stream takes audio, finds turns, and has at most one pass of whisper.cpp running: over the growing audio of the
//! open turn, as often as is wanted and the engine allows, or the last one over a closed turn. Audio is never queued behind a
//! pass: who speaks live is heard at once, and a partial pass is given up when its turn ends. Audio that comes faster than
//! anybody speaks is a recording; it waits for each pass, so that it gives the same partial results as live audio would.
//!
//! Bounds: a turn has a longest length and is cut there; while two closed turns wait for their last pass no audio is taken; no
//! event is made that nobody takes.

use std::collections::VecDeque;
use std::future::{Future, pending};
use std::pin::Pin;
use std::time::{Duration, Instant};

use protocol::Language;
use tokio::sync::mpsc;
use tracing::Instrument;

use super::decode::{Pass, SHORTEST};
use super::hypothesis::hypothesis;
use super::silero::Detectors;
use super::slots::{Slot, Slots};
use super::spoken::{Limits, Spoken, rules, samples_in};
use super::turn::{Change, Turns};
use super::voice_activity::{Activity, Earshot, VoiceActivity, seconds, tame};
use super::words::{HeardWord, sureness};
use super::{RATE, language};
use crate::model::EVENTS_AHEAD;
use crate::tasks::{EndOfTurn, ListenEvent, ListenRequest, Word};
use crate::{EngineError, Events, Stop};

/// Closed turns that may wait for their last pass.
const CLOSED_TURNS: usize = 2;
/// Pieces of audio waiting that show a recording: live audio is taken as it comes.
const WAITING_PIECES: usize = 8;
/// What a second opinion hears before the silence at the end of a turn, in samples.
const BEFORE_SILENCE: usize = RATE as usize / 2;

/// Starts to listen.
///
/// # Errors
/// [`EngineError::Request`] when the request is wrong.
pub(crate) fn listen(
    slots: &Slots,
    detectors: &Detectors,
    hears: f64,
    request: ListenRequest,
    audio: mpsc::Receiver<Vec<f32>>,
    stop: Stop,
) -> Result<Events<ListenEvent>, EngineError> {
    let language = language::wanted(request.language, slots.languages())?;
    let EndOfTurn { silence_ms, padding_ms, threshold } = request.end_of_turn;
    if !(0.0..=1.0).contains(&threshold) {
        return Err(EngineError::request("threshold", "the threshold must be from 0 to 1"));
    }
    if !(100..=10_000).contains(&silence_ms) {
        return Err(EngineError::request("silence_duration_ms", "the silence must be from 100 to 10000 ms"));
    }
    if padding_ms > 5_000 {
        return Err(EngineError::request("prefix_padding_ms", "the padding must be at most 5000 ms"));
    }
    let settings = slots.settings();
    let (events, receiver) = mpsc::channel(EVENTS_AHEAD);
    let listener = Listener {
        turns: Turns::new(rules(&request.end_of_turn, settings.turn_seconds)),
        limits: Limits::new(hears, f64::from(settings.trim_after_seconds)),
        every: Duration::from_millis(u64::from(settings.partial_every_ms)),
        padding: samples_in(padding_ms) as usize,
        silence: samples_in(silence_ms) as usize,
        slots: slots.clone(),
        detectors: detectors.clone(),
        detector: Earshot::new(),
        language,
        prompt: request.prompt.unwrap_or_default(),
        audio,
        audio_ended: false,
        events,
        stop,
        input: VecDeque::new(),
        before: VecDeque::new(),
        open: None,
        closed: VecDeque::new(),
        next: 0,
        pass: None,
        last_cost: Duration::ZERO,
    };
    // It ends with the audio, with `stop`, or when nobody takes its events any more.
    tokio::spawn(listener.run().in_current_span());
    Ok(receiver)
}

struct Listener {
    turns: Turns,
    limits: Limits,
    /// How often partial results are wanted.
    every: Duration,
    /// Samples kept from before a turn.
    padding: usize,
    /// Samples of silence that end a turn.
    silence: usize,
    slots: Slots,
    detectors: Detectors,
    detector: Earshot,
    language: Option<Language>,
    prompt: String,
    audio: mpsc::Receiver<Vec<f32>>,
    audio_ended: bool,
    events: mpsc::Sender<Result<ListenEvent, EngineError>>,
    stop: Stop,
    /// Samples that were not looked at yet.
    input: VecDeque<f32>,
    /// The last frames outside of turns, with their voice activity.
    before: VecDeque<(Vec<f32>, f32)>,
    open: Option<Spoken>,
    closed: VecDeque<Spoken>,
    /// The number of the next turn.
    next: u32,
    pass: Option<Running>,
    /// How long the last partial pass took.
    last_cost: Duration,
}

/// A pass that is being computed; dropped, it is given up.
struct Running {
    last: bool,
    began: Instant,
    /// The length of its audio in seconds.
    length: f64,
    result: Pin<Box<dyn Future<Output = Result<Heard, EngineError>> + Send>>,
}

/// What a pass heard.
#[derive(Debug, Default)]
struct Heard {
    words: Vec<HeardWord>,
    /// The language, if it was found out, and how sure that is.
    language: Option<(Language, f32)>,
}

impl Listener {
    async fn run(mut self) {
        let ended = self.listen().await;
        match ended {
            Ok(()) | Err(EngineError::Cancelled) => {}
            Err(error) => {
                tokio::select! {
                    () = self.stop.cancelled() => {}
                    _ = self.events.send(Err(error)) => {}
                }
            }
        }
    }

    async fn listen(&mut self) -> Result<(), EngineError> {
        loop {
            while self.may_go_on() && self.input.len() >= Earshot::FRAME {
                let frame: Vec<f32> = self.input.drain(..Earshot::FRAME).collect();
                self.hear(frame).await?;
                self.begin_pass();
            }
            if self.audio_ended && self.input.len() < Earshot::FRAME {
                if let Some(change) = self.turns.cut() {
                    self.change(change).await?;
                }
                if self.open.is_none() && self.closed.is_empty() {
                    return Ok(());
                }
            }
            self.begin_pass();
            let wants_audio = !self.audio_ended && self.may_go_on();
            tokio::select! {
                biased;
                () = self.stop.cancelled() => return Err(EngineError::Cancelled),
                () = self.events.closed() => return Err(EngineError::Cancelled),
                heard = finished(&mut self.pass) => self.take(heard).await?,
                piece = self.audio.recv(), if wants_audio => match piece {
                    Some(mut samples) => {
                        tame(&mut samples);
                        self.input.extend(samples);
                    }
                    None => self.audio_ended = true,
                },
            }
        }
    }

    /// Whether more audio may be looked at now.
    fn may_go_on(&self) -> bool {
        let recording = || self.audio.len() >= WAITING_PIECES || self.open.as_ref().is_some_and(Spoken::ahead);
        self.closed.len() < CLOSED_TURNS && !(self.pass.is_some() && recording())
    }

    async fn hear(&mut self, frame: Vec<f32>) -> Result<(), EngineError> {
        let probability = self.detector.hear_frame(&frame);
        let change = self.turns.hear(probability);
        match &mut self.open {
            Some(turn) => turn.hear(&frame, probability),
            None => self.before.push_back((frame, probability)),
        }
        if let Some(change) = change {
            self.change(change).await?;
        }
        // What a turn may begin with: the padding, and the frames in which it was noticed.
        let kept = self.padding / Earshot::FRAME + 8;
        while self.before.len() > kept {
            self.before.pop_front();
        }
        if self.open.as_ref().is_some_and(|turn| turn.length() >= self.limits.full)
            && let Some(change) = self.turns.cut()
        {
            self.change(change).await?;
        }
        Ok(())
    }

    async fn change(&mut self, change: Change) -> Result<(), EngineError> {
        match change {
            Change::Started { at } => {
                let heard = self.turns.position() - at;
                let kept = (self.padding + heard as usize).div_ceil(Earshot::FRAME);
                let frames = self.before.split_off(self.before.len().saturating_sub(kept));
                self.before.clear();
                let start = self.turns.position() - (frames.len() * Earshot::FRAME) as u64;
                let (audio, probabilities): (Vec<_>, Vec<_>) = frames.into_iter().unzip();
                self.open = Some(Spoken::new(self.next, start, audio.concat(), probabilities, self.language));
                self.next += 1;
                self.say(ListenEvent::SpeechStarted { turn: self.next - 1, at_ms: milliseconds(at) }).await
            }
            Change::Stopped { at, cut } => {
                if !cut && self.still_speaking().await {
                    self.turns.resume();
                    return Ok(());
                }
                let Some(turn) = self.open.take() else { return Ok(()) };
                if self.pass.as_ref().is_some_and(|pass| !pass.last) {
                    self.pass = None;
                }
                let number = turn.number;
                self.closed.push_back(turn);
                self.say(ListenEvent::SpeechStopped { turn: number, at_ms: milliseconds(at) }).await
            }
        }
    }

    /// The second opinion at the end of a turn: whether Silero's model hears somebody speak in the second half of the silence.
    async fn still_speaking(&mut self) -> bool {
        let (Some(mut silero), Some(turn)) = (self.detectors.silero(), &self.open) else { return false };
        let tail = turn.audio[turn.audio.len().saturating_sub(self.silence + BEFORE_SILENCE)..].to_vec();
        let half = seconds(self.silence) / 2.0;
        let span = tracing::Span::current();
        let opinion = tokio::task::spawn_blocking(move || {
            let activity = Activity::new(silero.frame(), span.in_scope(|| silero.hear(&tail)));
            let length = seconds(tail.len());
            activity.peak(length - half, length)
        });
        opinion.await.is_ok_and(|peak| peak >= 0.5)
    }

    /// Begins a pass if none is running and one is due.
    fn begin_pass(&mut self) {
        if self.pass.is_some() {
            return;
        }
        let (turn, last) = match (self.closed.front_mut(), &mut self.open) {
            (Some(turn), _) => (turn, true),
            (None, Some(turn)) => {
                // An engine that takes longer than that is asked less often; a recording waits for it anyway.
                let every = if turn.ahead() { self.every } else { self.every.max(self.last_cost) };
                if turn.unheard() < every.as_secs_f64() {
                    return;
                }
                (turn, false)
            }
            (None, None) => return,
        };
        turn.pass_begins();
        let samples = if last { std::mem::take(&mut turn.audio) } else { turn.audio.clone() };
        let job = Job {
            length: seconds(samples.len()),
            samples,
            activity: turn.activity.clone(),
            start: turn.start(),
            language: turn.settled_language(),
            prompt: [self.prompt.as_str(), &turn.text_before()].join(" ").trim().to_owned(),
            last,
        };
        let (slots, stop, detectors) = (self.slots.clone(), self.stop.clone(), self.detectors.clone());
        let length = job.length;
        let result = Box::pin(async move {
            let of = slots.clone();
            slots.run(&stop, move |slot| job.compute(slot, &of, &detectors)).await
        });
        self.pass = Some(Running { last, began: Instant::now(), length, result });
    }

    /// Takes what a pass heard.
    async fn take(&mut self, heard: Result<Heard, EngineError>) -> Result<(), EngineError> {
        let Some(pass) = self.pass.take() else { return Ok(()) };
        let heard = heard?;
        let turn = if pass.last { self.closed.front_mut() } else { self.open.as_mut() };
        let Some(turn) = turn else { return Ok(()) };
        if let Some((language, probability)) = heard.language {
            turn.take_language(language, probability, pass.length);
        }
        if !pass.last {
            self.last_cost = pass.began.elapsed();
            let number = turn.number;
            let step = turn.take_words(heard.words);
            turn.trim(&self.limits);
            return match step {
                Some(step) => {
                    self.say(ListenEvent::Partial { turn: number, stable: step.stable, unstable: step.unstable }).await
                }
                None => Ok(()),
            };
        }
        let Some(mut turn) = self.closed.pop_front() else { return Ok(()) };
        let words: Vec<Word> = turn.words.finish(heard.words).iter().cloned().map(Word::from).collect();
        let confidence = sureness(words.iter().map(|word| word.probability));
        let text = turn.words.text().to_owned();
        self.say(ListenEvent::Final { turn: turn.number, text, language: turn.language, words, confidence }).await
    }

    async fn say(&mut self, event: ListenEvent) -> Result<(), EngineError> {
        tokio::select! {
            biased;
            () = self.stop.cancelled() => Err(EngineError::Cancelled),
            sent = self.events.send(Ok(event)) => sent.map_err(|_| EngineError::Cancelled),
        }
    }
}

/// The result of the pass that is running; never, when none is.
async fn finished(pass: &mut Option<Running>) -> Result<Heard, EngineError> {
    match pass {
        Some(pass) => pass.result.as_mut().await,
        None => pending().await,
    }
}

fn milliseconds(samples: u64) -> u64 {
    samples * 1_000 / u64::from(RATE)
}

/// What a pass over a turn needs.
struct Job {
    samples: Vec<f32>,
    length: f64,
    activity: Activity,
    /// When the audio begins, in seconds.
    start: f64,
    language: Option<Language>,
    prompt: String,
    last: bool,
}

impl Job {
    fn compute(mut self, slot: &mut Slot, slots: &Slots, detectors: &Detectors) -> Result<Heard, EngineError> {
        if self.last
            && let Some(mut silero) = detectors.silero()
        {
            self.activity = Activity::new(silero.frame(), silero.hear(&self.samples));
        }
        if !self.activity.speaks() {
            return Ok(Heard::default());
        }
        if self.samples.len() < SHORTEST {
            self.samples.resize(SHORTEST, 0.0);
        }
        let found = match self.language {
            Some(_) => None,
            None => Some(language::find_out(slot, slots, &self.samples)?),
        };
        let Some(language) = self.language.or(found.map(|found| found.0)) else { return Ok(Heard::default()) };
        let prompt = if self.prompt.is_empty() { Vec::new() } else { slots.tokens(&self.prompt) };
        let pass = Pass { samples: &self.samples, language, prompt: &prompt, temperature: 0.0, insist: self.last };
        let parts = slot.decode(&pass)?;
        let words = hypothesis(&parts, self.length, &self.activity).into_iter().flat_map(|part| part.words);
        let words = words.map(|word| HeardWord { start: word.start + self.start, end: word.end + self.start, ..word });
        Ok(Heard { words: words.collect(), language: found })
    }
}

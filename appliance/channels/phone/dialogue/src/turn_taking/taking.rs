//! Voice, words and silence put together.

mod judging;

use std::time::Duration;

use desk::language::Language;

use super::activity::{Activity, Change};
use super::heard::Heard;
use super::machine::Machine;
use super::patience::{Nudge, Patience};
use super::phrase::{finish, is_listening, is_of_a_machine, is_wordless};
use super::spent::Spent;
use super::surroundings::{Listener, Surroundings};
use crate::event::{SoundFrame, Words};
use crate::settings::{Silence, Turns};

/// Without a frame for so long the line is taken for silent.
const NO_FRAMES: Duration = Duration::from_secs(1);
/// Pauses shorter than this do not end a machine's message.
const MACHINE_PAUSE: Duration = Duration::from_secs(1);

/// Whose turn it is, as far as we are concerned.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Floor {
    /// The caller's.
    Caller,
    /// Nobody's: we work on an answer. The caller may add something.
    Busy,
    /// Ours.
    Ours {
        /// Whether the caller may interrupt.
        interruptible: bool,
    },
    /// Not our conversation.
    Closed,
}

/// What the caller said, from the beginning of his voice to its end.
#[derive(Debug, Clone, PartialEq)]
pub struct Turn {
    /// The words.
    pub text: String,
    /// The least confidence of its stretches.
    pub confidence: Option<f32>,
    /// The language found last.
    pub language: Option<Language>,
    /// From the end of the voice to the decision.
    pub after: Duration,
}

/// What follows from what was heard.
#[derive(Debug, Clone, PartialEq)]
pub enum Decision {
    /// The caller begins to speak.
    Began,
    /// Ask for complete words.
    Conclude,
    /// The caller has finished.
    Ended(Turn),
    /// The caller said something in which no word was found.
    Wordless,
    /// Perhaps an interruption: pause.
    Hold,
    /// An interruption: stop.
    Yield {
        /// From the beginning of the voice to the decision.
        after: Duration,
    },
    /// It was none: go on.
    GoOn,
    /// It has been silent for long.
    Nudge(Nudge),
    /// The line sounds otherwise now.
    Surroundings(Surroundings),
    /// A machine's tone has ended.
    Tone,
}

/// Follows one call.
#[derive(Debug, Clone)]
pub struct TurnTaking {
    settings: Turns,
    activity: Activity,
    listener: Listener,
    machine: Machine,
    patience: Patience,
    floor: Floor,
    language: Language,
    /// Whether words can be understood at all.
    hears: bool,
    /// Whether we rang: a long first message is a machine's.
    outbound: bool,
    /// Digits that are wanted, where a number was asked for.
    expects: Option<usize>,
    heard: Heard,
    /// What was acted on before it was closed.
    spent: Option<Spent>,
    /// Since when we pause for the caller.
    held: Option<Duration>,
    concluded: Option<Duration>,
    /// Pauses in a row that were for nothing: the line may echo our own voice.
    in_vain: u32,
    /// Since when voice goes on, short pauses aside.
    run: Option<Duration>,
    last_frame: Duration,
}

impl TurnTaking {
    /// For a call in `language`; `outbound` where we rang.
    #[must_use]
    pub fn new(settings: &Turns, silence: &Silence, language: Language, hears: bool, outbound: bool) -> Self {
        Self {
            settings: settings.clone(),
            activity: Activity::new(settings.voice_on, settings.voice_off),
            listener: Listener::default(),
            machine: Machine::default(),
            patience: Patience::new(silence),
            floor: Floor::Caller,
            language,
            hears,
            outbound,
            expects: None,
            heard: Heard::default(),
            spent: None,
            held: None,
            concluded: None,
            in_vain: 0,
            run: None,
            last_frame: Duration::ZERO,
        }
    }

    /// Whose turn it is from now on.
    pub fn set_floor(&mut self, at: Duration, floor: Floor) {
        if floor == self.floor {
            return;
        }
        self.floor = floor;
        (self.held, self.concluded) = (None, None);
        if floor == Floor::Caller && self.voice().is_none() {
            self.patience.begin(at);
        } else {
            self.patience.pause(at);
        }
        if floor == Floor::Closed {
            self.heard = Heard::default();
        }
    }

    /// The language that is spoken from now on.
    pub fn set_language(&mut self, language: Language) {
        self.language = language;
    }

    /// Whether words can be understood from now on.
    pub fn set_hears(&mut self, hears: bool) {
        self.hears = hears;
    }

    /// How many digits are wanted, where a number is asked for.
    pub fn expect_digits(&mut self, count: Option<usize>) {
        self.expects = count;
    }

    /// What the line sounds like.
    #[must_use]
    pub fn surroundings(&self) -> Surroundings {
        self.listener.now()
    }

    /// Whether the caller is speaking.
    #[must_use]
    pub fn caller_speaks(&self) -> bool {
        self.voice().is_some() || !self.heard.text().is_empty()
    }

    /// The caller did something that shows that he is there.
    pub fn is_there(&mut self) {
        self.patience.reset();
    }

    /// The caller asked for time.
    pub fn give_time(&mut self) {
        self.patience.stretch(6);
    }

    /// A key: what was being said gives way to it.
    pub fn key(&mut self) {
        self.patience.reset();
        self.spend();
        self.heard = Heard::default();
        (self.held, self.concluded) = (None, None);
    }

    /// The next frame of sound, which ends at `at`.
    pub fn sound(&mut self, at: Duration, frame: &SoundFrame) -> Vec<Decision> {
        let mut decisions = Vec::new();
        self.last_frame = at;
        decisions.extend(self.listener.hear(frame, self.settings.voice_off).map(Decision::Surroundings));
        match self.activity.hear(at, frame) {
            Some(Change::Began) => {
                let began = self.activity.since().unwrap_or(at);
                let goes_on = self.activity.ended().is_some_and(|ended| began.saturating_sub(ended) < MACHINE_PAUSE);
                self.run = self.run.filter(|_| goes_on).or(Some(began));
                if self.is_trusted() {
                    self.patience.pause(at);
                    self.heard.since.get_or_insert(began);
                    self.concluded = None;
                    decisions.push(Decision::Began);
                }
            }
            Some(Change::Ended) if self.is_trusted() => self.heard.voiced += self.activity.voiced(),
            _ => {}
        }
        let talks_long = self.run.is_some_and(|since| Machine::is_long(since, at)) && self.activity.since().is_some();
        if self.outbound && talks_long && self.surroundings() != Surroundings::Machine {
            self.listener.is_machine();
            decisions.push(Decision::Surroundings(Surroundings::Machine));
        }
        if self.machine.tone_ended(frame) && self.surroundings() == Surroundings::Machine {
            decisions.push(Decision::Tone);
        }
        self.judge(at, &mut decisions);
        decisions
    }

    /// What was understood so far.
    pub fn words(&mut self, at: Duration, words: &Words) -> Vec<Decision> {
        let mut decisions = Vec::new();
        if self.floor == Floor::Closed {
            return decisions;
        }
        let Some(words) = self.unspent(words) else { return decisions };
        let words = &words;
        if is_of_a_machine(&words.text) && self.surroundings() != Surroundings::Machine {
            self.listener.is_machine();
            decisions.push(Decision::Surroundings(Surroundings::Machine));
        }
        if !is_wordless(&words.text) {
            self.listener.words();
            self.patience.reset();
            self.heard.last_words = Some(at);
        }
        if self.floor == (Floor::Ours { interruptible: false }) {
            self.heard = Heard::default();
            return decisions;
        }
        self.heard.keep(at, words);
        let text = self.heard.text();
        self.heard.finish = (!text.is_empty()).then(|| finish(&text, self.language, self.expects));
        if matches!(self.floor, Floor::Ours { .. }) {
            self.words_over_ours(at, words, &mut decisions);
        }
        self.judge(at, &mut decisions);
        decisions
    }

    /// The open stretch is acted on as it stands.
    fn spend(&mut self) {
        self.spent = Spent::of(&self.heard.partial, self.activity.ended()).or_else(|| self.spent.take());
    }

    /// What of a stretch was not acted on yet.
    fn unspent(&mut self, words: &Words) -> Option<Words> {
        let Some(spent) =
            self.spent.take_if(|spent| words.complete || !spent.is_of(words)).or_else(|| self.spent.clone())
        else {
            return Some(words.clone());
        };
        if !spent.is_of(words) {
            return Some(words.clone());
        }
        spent.rest(words, self.activity.ended(), self.activity.since().is_some())
    }

    /// Time goes by.
    pub fn tick(&mut self, at: Duration) -> Vec<Decision> {
        let mut decisions = Vec::new();
        if self.activity.since().is_some() && at >= self.last_frame + NO_FRAMES {
            let silence = SoundFrame { speech: 0.0, level_db: -90.0, length: NO_FRAMES };
            return self.sound(at, &silence);
        }
        self.judge(at, &mut decisions);
        decisions
    }

    /// When [`TurnTaking::tick`] is wanted.
    #[must_use]
    pub fn due(&self) -> Option<Duration> {
        let frames = self.activity.since().map(|_| self.last_frame + NO_FRAMES);
        let step = match self.floor {
            Floor::Closed | Floor::Ours { interruptible: false } => None,
            Floor::Ours { .. } => self.held.map(|_| self.hold_ends()),
            Floor::Caller | Floor::Busy if self.voice().is_some() => None,
            Floor::Caller | Floor::Busy => self.turn_ends(),
        };
        let patience = if self.floor == Floor::Caller { self.patience.due() } else { None };
        [frames, step, patience].into_iter().flatten().min()
    }

    /// Noise and music have voice of their own.
    fn is_trusted(&self) -> bool {
        !matches!(self.surroundings(), Surroundings::Noise | Surroundings::Music)
    }

    fn voice(&self) -> Option<Duration> {
        self.activity.since().filter(|_| self.is_trusted())
    }

    fn quiet_from(&self) -> Duration {
        let voice = if self.is_trusted() { self.activity.ended() } else { None };
        voice.max(self.heard.last_words.filter(|_| voice.is_none())).unwrap_or_default()
    }

    /// Words while we speak: real ones interrupt, signs of listening do not.
    fn words_over_ours(&mut self, at: Duration, words: &Words, decisions: &mut Vec<Decision>) {
        if !is_listening(&words.text) {
            let after = at.saturating_sub(self.heard.since.unwrap_or(at));
            self.held = None;
            self.in_vain = 0;
            self.floor = Floor::Caller;
            decisions.push(Decision::Yield { after });
        } else if words.complete {
            self.heard = Heard::default();
            if self.held.take_if(|_| self.activity.since().is_none()).is_some() {
                decisions.push(Decision::GoOn);
            }
        }
    }
}

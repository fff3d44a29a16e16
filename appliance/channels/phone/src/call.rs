//! One call, from its answer to its end: what happens on the line goes to the dialogue, what the dialogue wants is done.
//!
//! Everything that takes time (the desk, people, the node's voice) happens beside and comes back as news, so that the caller is
//! heard and can interrupt at every moment.

mod act;
mod clerk;
mod connecting;
mod ending;
mod hearing;
mod interrupted;
mod mouth;
mod recorder;
mod standing;
mod supervision;
mod talk;
mod timings;

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use desk::call::{Direction, Ending, NotRecorded, Standing, TransferTarget};
use desk::ids::{CallId, DepartmentId, OperatorId};
use desk::language::Language;
use desk::phone_number::PhoneNumber;
use desk::ports::calls::CallChange;
use dialogue::{Dialogue, Event, Prompts, Setup, SoundFrame, UtteranceId};
use media::{Ear, Heard, Line, Playing};
use signalling::{CallEvent, CallEvents, EndedBy};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio::time::Instant;
use tokio_util::task::AbortOnDropHandle;

use crate::house::House;
use crate::live::{Command, OnBoard};
use crate::people::{Person, Unreached};
use clerk::Clerk;
use ending::Counted;
use hearing::Listening;
use mouth::{Mouth, Told, Voice};
use recorder::Recorder;
use supervision::Supervised;
pub(crate) use talk::agree;
use timings::Timings;

/// News on their way to a call. They come one by one; what does not fit waits at its sender.
const NEWS: usize = 64;
/// The largest step by which the dialogue's clock may be late before a tick.
const LONGEST_SLEEP: Duration = Duration::from_secs(3_600);

/// What comes back from what happens beside a call.
pub(crate) enum News {
    /// Something for the dialogue.
    Dialogue(Box<Event>),
    /// A person is on the other line.
    Reached(Box<Person>),
    /// Nobody was reached.
    Unreached(Unreached),
    /// Whose matter it is.
    Belongs(DepartmentId),
    /// The last packet of an interrupted answer left so long after the decision.
    Silenced {
        /// Whose answer it was.
        submission: u64,
        /// How long.
        after: Duration,
    },
    /// The exchange took the call on its way to another number, or did not.
    Referred {
        /// The number.
        to: PhoneNumber,
        /// Whether it went.
        went: bool,
    },
    /// Somebody of the staff answered his telephone to take part.
    Supervisor(Box<supervision::Joined>),
    /// Somebody of the staff could not be reached to take part.
    NoSupervisor(OperatorId),
}

/// A call that was answered, as its channel hands it over.
pub(crate) struct Begun {
    pub(crate) id: CallId,
    pub(crate) direction: Direction,
    pub(crate) caller: Option<PhoneNumber>,
    pub(crate) setup: Setup,
    pub(crate) line: Line,
    pub(crate) leg: signalling::Call,
    pub(crate) events: CallEvents,
    pub(crate) seen: OnBoard,
    pub(crate) commands: mpsc::Receiver<Command>,
    /// The conversation that it goes on with.
    pub(crate) conversation: Option<desk::conversation::Conversation>,
    /// Who of the staff wanted it, and gets the citizen at once.
    pub(crate) wanted_by: Option<OperatorId>,
}

/// How a person is being looked for.
struct Search {
    _task: AbortOnDropHandle<()>,
    /// Whom it is for.
    to: TransferTarget,
    department: Option<DepartmentId>,
    overflow: Arc<AtomicBool>,
    /// How long it may take yet, as it was last reckoned.
    estimate: Option<Duration>,
}

impl Search {
    fn of(task: JoinHandle<()>, department: Option<DepartmentId>, to: TransferTarget) -> Self {
        Self { _task: AbortOnDropHandle::new(task), to, department, overflow: Arc::default(), estimate: None }
    }
}

/// What is being said, for the record.
struct Spoken {
    line: u32,
    submission: Option<u64>,
}

struct Call {
    house: Arc<House>,
    id: CallId,
    caller: Option<PhoneNumber>,
    language: Language,
    answered: Instant,
    dialogue: Dialogue,
    line: Line,
    leg: signalling::Call,
    mouth: Mouth,
    listening: Listening,
    clerk: Clerk,
    seen: OnBoard,
    timings: Timings,
    news: mpsc::Sender<News>,
    /// What follows from actions that are being done, for the dialogue.
    follows: VecDeque<Event>,
    /// The texts that this call began with.
    prompts: Arc<Prompts>,
    /// What is or was last said, by its name.
    spoken: HashMap<UtteranceId, Spoken>,
    standing: Standing,
    department: Option<DepartmentId>,
    search: Option<Search>,
    talk: Option<talk::Talk>,
    supervised: Option<Supervised>,
    music: Option<Playing>,
    music_wanted: bool,
    recorder: Option<Recorder>,
    /// Why there is no recording, as far as it is known.
    not_recorded: NotRecorded,
    /// How it ends, once that is decided.
    ending: Option<Ending>,
    operator_hung_up: bool,
    /// Who of the staff wanted this call, until he was rung; and who is looked for where he does not answer.
    wanted_by: Option<OperatorId>,
    instead: Option<dialogue::Connect>,
    /// On whose word somebody is being rung; `None`: the dialogue's.
    commanded_by: Option<OperatorId>,
    /// The worst jitter that was seen.
    worst_jitter: Duration,
}

/// Leads a call to its end.
pub(crate) async fn run(house: Arc<House>, begun: Begun) {
    let Begun { id, direction, caller, setup, mut line, leg, events, seen, commands, conversation, wanted_by } = begun;
    let (news, told) = mpsc::channel(NEWS);
    let clerk = Clerk::new(Arc::clone(&house), id, caller.as_ref().map(PhoneNumber::as_str), news.clone());
    if let Some(conversation) = conversation {
        clerk.goes_on(conversation);
    }
    let Some(ear) = line.ear() else { return };
    let voice = Voice {
        shelf: Arc::clone(&house.shelf),
        prompts: Arc::clone(&setup.prompts),
        speech: Arc::clone(&house.parts.speech),
    };
    let prompts = Arc::clone(&setup.prompts);
    let policy = setup.settings.recording;
    let call = Call {
        listening: Listening::new(Arc::clone(&house.parts.speech), id.to_string()),
        mouth: Mouth::new(voice),
        language: setup.caller.language.or(setup.settings.languages.first().copied()).unwrap_or_default(),
        dialogue: Dialogue::new(setup),
        answered: Instant::now(),
        timings: Timings::default(),
        spoken: HashMap::new(),
        standing: Standing::Ringing,
        department: None,
        search: None,
        talk: None,
        supervised: None,
        music: None,
        music_wanted: false,
        recorder: None,
        not_recorded: if policy == dialogue::Recording::Off { NotRecorded::Policy } else { NotRecorded::NotAsked },
        ending: None,
        operator_hung_up: false,
        wanted_by,
        instead: None,
        commanded_by: None,
        worst_jitter: Duration::ZERO,
        follows: VecDeque::new(),
        prompts,
        house,
        id,
        caller,
        line,
        leg,
        clerk,
        seen,
        news,
    };
    let _counted = Counted::new(direction);
    Box::pin(call.lead(ear, events, told, commands)).await;
}

/// What woke the call.
enum Woken {
    Ear(Heard),
    Signal(Option<CallEvent>),
    Mouth(Told),
    Hearing(hearing::News),
    News(News),
    Command(Command),
    Person(talk::PersonEvent),
    Supervision(supervision::Happened),
    Music,
    Due,
    Stopping,
}

impl Call {
    async fn lead(
        mut self,
        mut ear: Ear,
        mut events: CallEvents,
        mut told: mpsc::Receiver<News>,
        mut commands: mpsc::Receiver<Command>,
    ) {
        self.clerk.note(CallChange { answered_at: Some(self.house.parts.time.now()), ..CallChange::default() });
        self.happens(Event::Answered);
        let stop = self.house.stop.clone();
        while self.ending.is_none() {
            let due = self.due();
            let woken = {
                let Self { mouth, listening, talk, supervised, music, .. } = &mut self;
                tokio::select! {
                    biased;
                    event = events.next() => Woken::Signal(event),
                    heard = ear.next() => Woken::Ear(heard),
                    told = mouth.next() => Woken::Mouth(told),
                    news = listening.next() => Woken::Hearing(news),
                    Some(news) = told.recv() => Woken::News(news),
                    Some(command) = commands.recv() => Woken::Command(command),
                    event = talk::next(talk.as_mut()) => Woken::Person(event),
                    happened = supervision::next(supervised.as_mut()) => Woken::Supervision(happened),
                    () = ended(music.as_ref()) => Woken::Music,
                    () = tokio::time::sleep_until(due) => Woken::Due,
                    () = stop.cancelled() => Woken::Stopping,
                }
            };
            self.woken(woken).await;
            ear.want_frames(self.talk.is_none());
        }
        self.end().await;
    }

    async fn woken(&mut self, woken: Woken) {
        match woken {
            Woken::Ear(heard) => self.heard(heard),
            Woken::Signal(event) => self.signalled(event).await,
            Woken::Mouth(Told::Made(clause)) => self.mouth.play(clause, &self.line),
            Woken::Mouth(Told::Sounded) => self.first_sound(),
            Woken::Mouth(Told::Spoke(spoke)) => {
                self.happens(Event::Spoke(spoke));
                self.play_music();
            }
            Woken::Hearing(news) => self.understood(news),
            Woken::News(news) => self.news(news).await,
            Woken::Command(command) => self.command(command),
            Woken::Person(event) => self.person(event).await,
            Woken::Supervision(happened) => self.supervision(happened),
            Woken::Music => {
                self.music = None;
                self.play_music();
            }
            Woken::Due => self.happens(Event::Tick),
            Woken::Stopping => {
                self.ending = Some(Ending::WeHungUp);
                self.leg.hang_up(signalling::Cause::normal()).await;
            }
        }
    }

    /// The time since the call was answered.
    fn at(&self) -> Duration {
        self.answered.elapsed()
    }

    fn due(&self) -> Instant {
        let due = self.dialogue.due().map_or(LONGEST_SLEEP, |due| due.min(self.at() + LONGEST_SLEEP));
        self.answered + due
    }

    /// Tells the dialogue, and does what it wants; then what follows from that.
    fn happens(&mut self, event: Event) {
        let mut next = Some(event);
        while let Some(event) = next {
            let at = self.at();
            for action in self.dialogue.on(at, event) {
                self.act(action);
            }
            next = self.follows.pop_front();
        }
        self.stands();
    }

    fn heard(&mut self, heard: Heard) {
        match heard {
            Heard::Frame(frame) => {
                self.listening.hear(&frame);
                let length =
                    Duration::from_micros(frame.samples.len() as u64 * 1_000_000 / u64::from(frame.rate.max(1)));
                self.happens(Event::Sound(SoundFrame { speech: frame.speech, level_db: frame.level_db, length }));
            }
            Heard::Digit { digit, .. } => self.happens(Event::Digit(digit)),
            Heard::TimedOut => {
                tracing::info!("no sound comes any more");
                self.ending = Some(Ending::MediaLost);
                let leg = self.leg.clone();
                self.house.tasks.spawn(async move { leg.hang_up(signalling::Cause::temporary_failure()).await });
            }
            Heard::Started | Heard::Held | Heard::Resumed | Heard::Closed => {}
        }
    }

    fn understood(&mut self, news: hearing::News) {
        match news {
            hearing::News::Words(words) => {
                self.timings.words(self.at());
                self.seen.partial(if words.complete { "" } else { &words.text });
                self.happens(Event::Words(words));
            }
            hearing::News::SentenceEnded => {}
            hearing::News::Lost | hearing::News::Back => {
                let abilities = self.house.parts.speech.abilities();
                self.happens(Event::Abilities(abilities));
            }
        }
    }

    async fn signalled(&mut self, event: Option<CallEvent>) {
        match event {
            Some(CallEvent::Digit { digit, .. }) => self.happens(Event::Digit(digit)),
            Some(CallEvent::Answer(answer)) => {
                if let Err(error) = self.line.accept(&answer) {
                    tracing::warn!(%error, "the caller's answer to our offer cannot be used");
                    self.ending = Some(Ending::Failed);
                    self.leg.hang_up(signalling::Cause::sip(error.status(), "Not acceptable")).await;
                }
            }
            Some(CallEvent::Offer(offer)) => talk::agree(&mut self.line, offer).await,
            // A citizen's exchange does not send us elsewhere.
            Some(CallEvent::Referred(refer)) => refer.refuse(603).await,
            Some(CallEvent::Ended { by, status, .. }) => {
                self.ending = Some(match by {
                    EndedBy::Them => Ending::CallerHungUp,
                    EndedBy::Us => self.ending.unwrap_or(Ending::WeHungUp),
                    EndedBy::Timer | EndedBy::Network => Ending::Failed,
                });
                tracing::debug!(?by, status, "the call ended");
                if let Some(spoke) = self.mouth.so_far() {
                    self.happens(Event::Spoke(spoke));
                }
                self.happens(Event::HungUp);
            }
            None => self.ending = Some(Ending::Failed),
        }
    }

    /// The first sound of an answer has left.
    fn first_sound(&mut self) {
        if let Some((utterance, at)) = self.mouth.first_sound()
            && let Some(submission) = self.spoken.get(&utterance).and_then(|spoken| spoken.submission)
        {
            self.timings.sounded(at.duration_since(self.answered), submission);
            if let Some(mut line) = self.spoken.get(&utterance).and_then(|spoken| self.seen.said(spoken.line)) {
                line.timing = self.timings.of(submission);
                self.seen.line(line);
            }
        }
    }

    /// Plays the music of waiting while it is wanted and nothing is said.
    fn play_music(&mut self) {
        if self.music_wanted && self.mouth.silent() && self.music.is_none() && self.talk.is_none() {
            self.music = Some(self.line.play(media::Sound::Prepared(Arc::clone(&self.house.music))));
        }
    }

    fn stop_music(&mut self) {
        if let Some(music) = self.music.take() {
            music.stop();
        }
    }
}

/// Returns when a sound has ended; never where there is none.
async fn ended(playing: Option<&Playing>) {
    match playing {
        Some(playing) => drop(playing.ended().await),
        None => std::future::pending().await,
    }
}

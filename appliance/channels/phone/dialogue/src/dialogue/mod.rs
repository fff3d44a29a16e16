//! The conversation itself: events in, actions out.
//!
//! The state (`state`) is one `Mode`, what is being said (`mouth`), and what is being thought about. Events are taken in
//! here; what follows from them lies beside: `caller` (what he said), `keys`, `answer` (what the desk replies),
//! `person` (transfer, queue, call-back), `values` (exact ones) and `line` (silence and sounds); `say` speaks.

mod answer;
mod caller;
mod keys;
mod line;
mod mouth;
mod person;
mod say;
mod state;
mod values;

use std::collections::VecDeque;
use std::time::Duration;

use desk::language::Language;
use desk::ports::speech::Abilities;
use desk::reference::Reference;
use jiff::Timestamp;

use crate::action::{Action, Clause, Ending, Note, Said, Submission, Via, Why};
use crate::clauses::Stream;
use crate::emergency::Watch;
use crate::event::{Answered, Event, Spoke};
use crate::menus::LevelId;
use crate::prompts::{Fixed, PromptId};
use crate::settings::{Recording, millis, seconds};
use crate::setup::{Direction, Setup};
use crate::standing::Standing;
use crate::turn_taking::{Floor, TurnTaking};
use mouth::{Draft, Mouth, Report, Then};
use state::{Mode, Offered, Purpose, Question, Rest, Thinking, Told};

/// Waiting for the desk to note a call-back, or to send a message.
const DESK_PATIENCE: Duration = Duration::from_secs(15);
/// Waiting for a transfer to be answered or to fail.
const TRANSFER_PATIENCE: Duration = Duration::from_secs(90);
/// A wait longer than "un moment" covers.
const LONG_MOMENT: Duration = Duration::from_secs(5);
/// The time to choose a language by key before the menu opens by itself.
const LANGUAGE_PAUSE: Duration = Duration::from_secs(3);
/// Questions kept for the briefing.
const ASKED: usize = 3;

/// One telephone conversation. Has no clock and does nothing itself.
#[derive(Debug)]
pub struct Dialogue {
    setup: Setup,
    language: Language,
    abilities: Abilities,
    mode: Mode,
    mouth: Mouth,
    turns: TurnTaking,
    danger: Watch,
    thinking: Option<Thinking>,
    /// An answer that came while the caller was speaking.
    kept: Option<Box<Answered>>,
    submissions: u64,
    /// The last submission of whose answer something was said, or that was given up.
    spoken_of: u64,
    offered: Option<Offered>,
    rest: Option<Rest>,
    /// What was said last that is worth repeating.
    said: Vec<Clause>,
    /// The number that was said last, for spelling.
    number: Option<String>,
    menus: Vec<LevelId>,
    asked: VecDeque<String>,
    case: Option<Reference>,
    in_danger: bool,
    misunderstood: u8,
    turns_taken: u32,
    closings: u8,
    /// Whether we asked last whether there is anything else.
    closing_asked: bool,
    hearing: Option<(Language, bool)>,
    records: bool,
    told: Told,
    /// Since when music plays to us.
    music: Option<Duration>,
    /// When the menu opens by itself where nothing can be heard.
    menu_at: Option<Duration>,
    /// How long an answer to a wish of the desk's side is waited for.
    desk_until: Option<Duration>,
    now: Duration,
    out: Vec<Action>,
}

impl Dialogue {
    /// A conversation that begins with [`Event::Answered`].
    #[must_use]
    pub fn new(setup: Setup) -> Self {
        let first = setup.settings.languages.first().copied().unwrap_or_default();
        let known = setup.caller.language.filter(|language| setup.settings.languages.contains(language));
        let language = known.unwrap_or(first);
        let abilities = setup.abilities.clone();
        let outbound = matches!(setup.direction, Direction::CallBack { .. });
        let (settings, hears) = (&setup.settings, abilities.hears(language));
        let turns = TurnTaking::new(&settings.turns, &settings.silence, language, hears, outbound);
        let case = match &setup.direction {
            Direction::CallBack { reference, .. } => Some(*reference),
            Direction::Inbound => setup.caller.open_case,
        };
        Self {
            language,
            abilities,
            mode: Mode::Ringing,
            mouth: Mouth::default(),
            turns,
            danger: Watch::default(),
            thinking: None,
            kept: None,
            submissions: 0,
            spoken_of: 0,
            offered: None,
            rest: None,
            said: Vec::new(),
            number: None,
            menus: Vec::new(),
            asked: VecDeque::new(),
            case,
            in_danger: false,
            misunderstood: 0,
            turns_taken: 0,
            closings: 0,
            closing_asked: false,
            hearing: None,
            records: false,
            told: Told::default(),
            music: None,
            menu_at: None,
            desk_until: None,
            now: Duration::ZERO,
            out: Vec::new(),
            setup,
        }
    }

    /// What is to be done after `event`, which happened `at` after the call was answered.
    pub fn on(&mut self, at: Duration, event: Event) -> Vec<Action> {
        // A clock that runs backwards between two sources is held still.
        self.now = self.now.max(at);
        if self.mode == Mode::Over {
            return Vec::new();
        }
        match event {
            Event::Answered if self.mode == Mode::Ringing => self.answered(),
            Event::HungUp => {
                self.mode = Mode::Over;
                let heard = self.mouth.broken_off(&self.setup.prompts);
                self.out.extend(heard);
            }
            _ if self.mode == Mode::Ringing => {}
            Event::Answered => {}
            Event::Digit(_)
            | Event::ReplyPiece { .. }
            | Event::Reply(_)
            | Event::ReplyFailed { .. }
            | Event::Owner(_)
            | Event::Queue(_)
            | Event::CallBackBooked { .. }
            | Event::CallBackFailed
            | Event::Sent { .. }
            | Event::Abilities(_)
                if self.mouth.is_last() => {}
            Event::Sound(frame) => {
                let decisions = self.turns.sound(self.now, &frame);
                self.decided(decisions);
            }
            Event::Words(words) => self.words(&words),
            Event::Digit(key) => self.key(key),
            Event::Spoke(spoke) => self.spoke(&spoke),
            Event::ReplyPiece { submission, text } => self.reply_piece(submission, &text),
            Event::Reply(answered) => self.reply(answered),
            Event::ReplyFailed { submission } => self.reply_failed(submission),
            Event::Owner(owner) => self.owner(&owner),
            Event::Queue(news) => self.queue_news(&news),
            Event::Transfer(news) => self.transfer_news(news),
            Event::CallBackBooked { reference, from, until } => self.booked(reference, from, until),
            Event::CallBackFailed => self.not_booked(),
            Event::Sent { delivered } => self.sent(delivered),
            Event::Ask(kind) => self.ask_value(kind, Purpose::Asked),
            Event::Abilities(abilities) => self.able(abilities),
            Event::Tick => {}
        }
        self.time();
        self.settle_floor();
        let mut out = std::mem::take(&mut self.out);
        for action in &mut out {
            if let (Action::Heard(heard), Some(rest)) = (action, &self.rest) {
                heard.more = heard.submission == rest.submission;
            }
        }
        out
    }

    /// When [`Event::Tick`] is wanted next; `None` while nothing but an event moves the conversation.
    #[must_use]
    pub fn due(&self) -> Option<Duration> {
        if matches!(self.mode, Mode::Over | Mode::Ringing) {
            return None;
        }
        if self.mouth.is_last() {
            return [self.turns.due(), self.mouth.due()].into_iter().flatten().min();
        }
        let settings = &self.setup.settings;
        let thinking = self.thinking.as_ref().and_then(|thinking| {
            let moment = match thinking.moments {
                _ if self.turns.caller_speaks() => None,
                _ if self.mouth.speaks() && !self.mouth.is_open_for(thinking.submission) => None,
                0 => Some(thinking.since + millis(settings.turns.moment_ms)),
                1 => Some(thinking.since + LONG_MOMENT),
                _ => None,
            };
            [moment, Some(thinking.since + millis(settings.turns.answer_ms))].into_iter().flatten().min()
        });
        let mode = match &self.mode {
            Mode::Waiting(wait) => wait.due(&settings.waiting),
            Mode::Transferring { until, .. } | Mode::Machine { until } => Some(*until),
            Mode::Value { entry, .. } => entry.due(),
            _ => None,
        };
        let music = self.music.map(|since| since + seconds(settings.silence.on_hold_seconds));
        let end = (self.mode != Mode::WithPerson).then(|| self.longest());
        [self.turns.due(), self.mouth.due(), thinking, mode, music, self.menu_at, self.desk_until, end]
            .into_iter()
            .flatten()
            .min()
    }

    /// Where the call stands.
    #[must_use]
    pub fn standing(&self) -> Standing {
        match &self.mode {
            Mode::Ringing => Standing::Ringing,
            Mode::Over => Standing::Over,
            Mode::WithPerson => Standing::WithPerson,
            Mode::Transferring { .. } => Standing::Transferring,
            Mode::Waiting(wait) => Standing::Waiting { position: wait.position },
            _ if self.turns.caller_speaks() && !self.mouth.speaks() => Standing::CallerSpeaks,
            Mode::Greeting if self.mouth.speaks() => Standing::Greeting,
            Mode::Menu { .. } | Mode::Value { .. } => Standing::Keypad,
            _ if self.thinking.as_ref().is_some_and(|thinking| thinking.moments == 0) && !self.mouth.speaks() => {
                Standing::Thinking
            }
            _ if self.mouth.speaks() => Standing::Speaking,
            _ if self.thinking.is_some() || self.mode == Mode::Booking => Standing::Thinking,
            _ => Standing::Listening,
        }
    }

    /// The language in which the caller is served.
    #[must_use]
    pub fn language(&self) -> Language {
        self.language
    }

    fn longest(&self) -> Duration {
        seconds(u64::from(self.setup.settings.longest_minutes.max(1)) * 60)
    }

    /// The moment of the wall clock that `now` is.
    fn wall_clock(&self) -> Timestamp {
        let passed = jiff::SignedDuration::try_from(self.now).unwrap_or_default();
        self.setup.answered_at.saturating_add(passed).unwrap_or(self.setup.answered_at)
    }

    /// The call begins.
    fn answered(&mut self) {
        self.mode = Mode::Greeting;
        self.listen();
        if let Direction::CallBack { department, .. } = self.setup.direction.clone() {
            self.say(vec![prompt(Fixed::CallBackGreeting)]);
            return self.seek(Some(department), Why::Asked, true);
        }
        if self.setup.full {
            let mut clauses = vec![prompt(Fixed::AllBusy)];
            if !self.setup.settings.waiting.call_backs {
                clauses.push(prompt(Fixed::GoodbyeNobody));
                return self.say_last(clauses, Ending::Nobody);
            }
            clauses.push(prompt(Fixed::CallBackQuestion));
            self.question(Question::CallBack { department: None });
            return self.say(clauses);
        }
        self.greet();
    }

    fn greet(&mut self) {
        let settings = self.setup.settings.clone();
        let mut clauses = vec![prompt(Fixed::Greeting)];
        let notice = match settings.recording {
            Recording::Off => None,
            Recording::Notice => Some(Fixed::RecordingNotice),
            Recording::Consent => Some(Fixed::RecordingAsk),
        };
        clauses.extend(notice.map(prompt));
        if let Some(case) = self.setup.caller.open_case {
            let reference = crate::prompts::dictated(&String::from(case), self.language);
            clauses.push(self.text(crate::prompts::Filled::OpenCase, &[("reference", &reference)]));
        }
        if self.setup.caller.language.is_none() {
            let others = settings.languages.iter().filter(|language| **language != self.language);
            clauses.extend(others.map(|language| Clause::Prompt(PromptId::OfferLanguage(*language))));
        }
        clauses.push(prompt(if self.abilities.hears(self.language) { Fixed::Ask } else { Fixed::KeypadNow }));
        let mut draft = Draft::new(self.speakable(clauses), self.language);
        draft.notice = (settings.recording == Recording::Notice).then_some(1);
        self.say_draft(draft);
    }

    /// What goes by time alone.
    fn time(&mut self) {
        if self.mode == Mode::Over {
            return;
        }
        let decisions = self.turns.tick(self.now);
        self.decided(decisions);
        let report = self.mouth.tick(self.now, &self.setup.prompts, &mut self.out);
        self.reported(&report);
        if self.mode == Mode::Over || self.mouth.is_last() {
            return;
        }
        if self.now >= self.longest() && self.mode != Mode::WithPerson {
            self.leave_queue();
            return self.say_last(vec![prompt(Fixed::GoodbyeLong)], Ending::TooLong);
        }
        self.think();
        self.wait();
        self.value_time();
        self.line_time();
    }

    /// Says who has the floor, from the state that an event has led to.
    fn settle_floor(&mut self) {
        let floor = match self.mode {
            Mode::Over | Mode::Ringing | Mode::WithPerson => Floor::Closed,
            _ if self.mouth.speaks() => Floor::Ours { interruptible: self.mouth.interruptible() },
            Mode::Waiting(_) | Mode::Transferring { .. } | Mode::Booking | Mode::Machine { .. } => Floor::Busy,
            _ if self.thinking.is_some() => Floor::Busy,
            _ => Floor::Caller,
        };
        self.turns.set_floor(self.now, floor);
    }

    /// Listens, in the language of the conversation, if it can be heard.
    fn listen(&mut self) {
        let hears = self.abilities.hears(self.language);
        self.turns.set_hears(hears);
        let wanted = hears.then_some((self.language, self.setup.settings.languages.len() > 1));
        if wanted == self.hearing {
            return;
        }
        self.hearing = wanted;
        self.out.push(match wanted {
            Some((language, detect)) => Action::Hear { language, detect },
            None => Action::HearNothing,
        });
    }

    fn deafen(&mut self) {
        if self.hearing.take().is_some() {
            self.out.push(Action::HearNothing);
        }
    }

    fn spoke(&mut self, spoke: &Spoke) {
        let report = self.mouth.spoke(self.now, spoke, &self.setup.prompts, &mut self.out);
        self.reported(&report);
    }

    fn reported(&mut self, report: &Report) {
        match report {
            Report::None => {}
            Report::Noticed => self.record(true),
            Report::Over { then: Then::HangUp(ending), .. } => self.hang_up(*ending),
            Report::Over { lost: true, .. } if matches!(self.mode, Mode::Open | Mode::Question { .. }) => {
                // The answer is there, but no voice speaks it.
                self.say(vec![prompt(Fixed::AnswerFailed), prompt(Fixed::Connecting)]);
                self.seek(None, Why::Failure, true);
            }
            Report::Over { .. } => {
                if self.mode == Mode::Greeting && !self.mouth.speaks() {
                    if self.abilities.hears(self.language) {
                        self.mode = Mode::Open;
                    } else {
                        // The keys still choose the language for a moment; then they belong to the menu.
                        self.menu_at = Some(self.now + LANGUAGE_PAUSE);
                    }
                }
            }
        }
    }

    /// Hands something to the desk; an answer still on its way is no longer waited for.
    fn submit(&mut self, said: Said, via: Via, confidence: Option<f32>) {
        self.submissions += 1;
        let number = self.submissions;
        let asked = match &said {
            Said::Text(text) => text.clone(),
            Said::Pick { label, .. } => label.clone(),
        };
        self.asked.push_back(asked.clone());
        if self.asked.len() > ASKED {
            self.asked.pop_front();
        }
        if let Some(kept) = self.kept.take() {
            self.unheard(&kept);
        }
        (self.offered, self.rest, self.closing_asked) = (None, None, false);
        self.mode = Mode::Open;
        self.thinking =
            Some(Thinking { submission: number, since: self.now, asked, moments: 0, stream: Stream::default() });
        self.out.push(Action::Submit(Submission { number, said, language: self.language, via, confidence }));
    }

    fn record(&mut self, on: bool) {
        if on && self.told.refused_recording || on == self.records {
            return;
        }
        self.records = on;
        self.out.push(Action::Record { on });
    }

    fn hang_up(&mut self, ending: Ending) {
        self.leave_queue();
        self.mouth.stop(&self.setup.prompts, &mut self.out);
        self.deafen();
        self.out.push(Action::HangUp(ending));
        self.mode = Mode::Over;
    }

    fn note(&mut self, note: Note) {
        self.out.push(Action::Note(note));
    }
}

fn prompt(fixed: Fixed) -> Clause {
    Clause::Prompt(PromptId::Fixed(fixed))
}

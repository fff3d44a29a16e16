//! A call that is played: a line that runs frame by frame, a voice that takes its time, and the tests for caller and desk.

#![allow(dead_code, reason = "not every test plays every part")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a played call that fails ends the test")]

use std::sync::Arc;
use std::time::Duration;

use desk::article::{ArticleId, Facts};
use desk::calendar::Calendar;
use desk::case::{CaseKind, Priority};
use desk::department::Departments;
use desk::guide::Guide;
use desk::language::Language;
use desk::outcome::{Answer, Choice, ChoiceTarget, HandOff, HandOffReason, Outcome, Quote, Reply};
use desk::ports::speech::Abilities;
use desk::reference::Reference;
use dialogue::{
    Action, Answered, Caller, CaseFacts, Clause, Connect, Dialogue, Direction, Ending, Event, Menus, Note, Progress,
    Prompts, Settings, Setup, SoundFrame, Spoke, Standing, Submission, Utterance, Words,
};

const FRAME: Duration = Duration::from_millis(20);
/// Characters that a voice speaks in a second.
const CHARS: f32 = 15.0;

/// A caller of whom the number is known, on a Sunday noon, and everything works.
pub(crate) fn setup() -> Setup {
    let guide: Guide = toml::from_str(
        r#"
        id = "cont"
        department = "portal-hub"
        state = "published"
        start = "ce"
        title = { ro = "Cont", hu = "Fiók", en = "Account" }
        [[steps]]
        id = "ce"
        say = { ro = "Ce s-a întâmplat?", hu = "Mi történt?", en = "What happened?" }
        [[steps.choices]]
        label = { ro = "Am uitat parola", hu = "Elfelejtettem a jelszót", en = "I forgot the password" }
        next = "parola"
        [[steps.choices]]
        label = { ro = "Vreau un om", hu = "Embert kérek", en = "I want a person" }
        next = "om"
        [[steps]]
        id = "parola"
        say = { ro = "Căutați parola uitată pe pagină.", hu = "Keresse a jelszót.", en = "Look for the password." }
        end = "answered"
        [[steps]]
        id = "om"
        say = { ro = "Vă preia un coleg.", hu = "Egy munkatárs átveszi.", en = "A colleague takes over." }
        end = "hand_off"
        "#,
    )
    .unwrap();
    let departments = Departments::default();
    let settings = Settings::default();
    let prompts = Prompts::new(&settings.institution, Menus::new(&[guide], &departments));
    Setup {
        settings: Arc::new(settings),
        prompts: Arc::new(prompts),
        departments: Arc::new(departments),
        calendar: Arc::new(Calendar::default()),
        abilities: Abilities { spoken: Language::ALL.to_vec(), heard: Language::ALL.to_vec() },
        caller: Caller { number: Some("+40722123456".into()), ..Caller::default() },
        direction: Direction::Inbound,
        full: false,
        answered_at: "2026-11-22T10:00:00Z".parse().unwrap(),
    }
}

pub(crate) fn choice(label: &str) -> Choice {
    Choice { label: label.to_owned(), target: ChoiceTarget::Person }
}

pub(crate) fn answer(text: &str, choices: Vec<Choice>) -> Outcome {
    let quote = Quote {
        article: ArticleId("pasaport".into()),
        language: Language::Ro,
        version: 1,
        title: "Pașaport simplu".into(),
        institution: "DGP".into(),
        url: None,
        valid_from: None,
        checked_on: None,
        unconfirmed: false,
        excerpt: String::new(),
    };
    Outcome::Answer(Answer {
        text: text.to_owned(),
        facts: Facts::default(),
        quotes: vec![quote],
        choices,
        guide: None,
        confidence: 0.9,
        generated: false,
    })
}

pub(crate) fn long_list() -> Outcome {
    answer("Aduceți:\n- actul vechi\n- cererea\n- certificatul\n- dovada adresei\n- chitanța", Vec::new())
}

/// A hand-off with the case that it opens.
pub(crate) fn hand_off(reference: Reference) -> (Outcome, CaseFacts) {
    let outcome = Outcome::HandOff(HandOff {
        reason: HandOffReason::NeedsDecision,
        department: "petitii".into(),
        case_kind: CaseKind::Petition,
        priority: Priority::Normal,
        notice: "Un coleg preia cererea dumneavoastră.".into(),
    });
    (outcome, CaseFacts { reference, department: None, due: Some(jiff::civil::date(2026, 12, 22)) })
}

/// What the desk sends: an outcome, with a case or without.
pub(crate) trait Outcomes {
    fn parts(self) -> (Outcome, Option<CaseFacts>);
}

impl Outcomes for Outcome {
    fn parts(self) -> (Outcome, Option<CaseFacts>) {
        (self, None)
    }
}

impl Outcomes for (Outcome, CaseFacts) {
    fn parts(self) -> (Outcome, Option<CaseFacts>) {
        (self.0, Some(self.1))
    }
}

pub(crate) fn answered(submission: u64, outcome: impl Outcomes) -> Event {
    let (outcome, case) = outcome.parts();
    let reply = Reply { outcome, language: Language::Ro, trace: Vec::new() };
    Event::Reply(Box::new(Answered { submission, turn: 2, reply, case }))
}

/// A voice that speaks one utterance.
struct Voice {
    utterance: Utterance,
    paused: bool,
    clause: usize,
    spoken: Duration,
    heard: Duration,
}

pub(crate) struct Call {
    dialogue: Dialogue,
    prompts: Arc<Prompts>,
    now: Duration,
    voice: Option<Voice>,
    log: Vec<Action>,
}

impl Call {
    /// A call that was just answered.
    pub(crate) fn begin(setup: Setup) -> Self {
        let prompts = setup.prompts.clone();
        let dialogue = Dialogue::new(setup);
        let mut call = Self { dialogue, prompts, now: Duration::ZERO, voice: None, log: Vec::new() };
        call.event(Event::Answered);
        call
    }

    /// A call whose greeting is over.
    pub(crate) fn open() -> Self {
        let mut call = Self::begin(setup());
        call.finish_speaking();
        call
    }

    pub(crate) fn event(&mut self, event: Event) {
        for action in self.dialogue.on(self.now, event) {
            self.carry_out(action);
        }
    }

    fn carry_out(&mut self, action: Action) {
        match &action {
            Action::Say(utterance) => {
                assert!(self.voice.is_none(), "two utterances at once");
                assert!(!utterance.clauses.is_empty());
                let (spoken, heard) = (Duration::ZERO, Duration::ZERO);
                self.voice = Some(Voice { utterance: utterance.clone(), paused: false, clause: 0, spoken, heard });
            }
            Action::Append { utterance, clauses, last } => {
                let voice = self.voice.as_mut().expect("an utterance to append to");
                assert!(voice.utterance.id == *utterance && !voice.utterance.complete);
                voice.utterance.clauses.extend(clauses.clone());
                voice.utterance.complete = *last;
            }
            Action::Stop { utterance } => {
                let voice = self.voice.take().expect("an utterance to stop");
                assert_eq!(voice.utterance.id, *utterance);
                self.log.push(action);
                return self.event(Event::Spoke(self.report(&voice, Progress::Stopped)));
            }
            Action::Pause { .. } => self.voice.as_mut().expect("an utterance to pause").paused = true,
            Action::Resume { clause, .. } => {
                let voice = self.voice.as_mut().expect("an utterance to resume");
                (voice.paused, voice.clause, voice.spoken) = (false, *clause, Duration::ZERO);
            }
            _ => {}
        }
        self.log.push(action);
    }

    fn words(&self, clause: &Clause, language: Language) -> String {
        match clause {
            Clause::Prompt(id) => self.prompts.text(id, language),
            Clause::Text(text) => text.clone(),
        }
    }

    fn length(&self, voice: &Voice) -> Option<Duration> {
        let clause = voice.utterance.clauses.get(voice.clause)?;
        let chars = self.words(clause, voice.utterance.language).chars().count();
        Some(Duration::from_secs_f32(chars as f32 / CHARS))
    }

    fn report(&self, voice: &Voice, progress: Progress) -> Spoke {
        let length = self.length(voice).unwrap_or(FRAME);
        let partly = voice.spoken.as_secs_f32() / length.as_secs_f32().max(0.001);
        Spoke { utterance: voice.utterance.id, clauses: voice.clause, partly, heard: voice.heard, progress }
    }

    /// One frame of the line.
    fn step(&mut self, frame: SoundFrame) {
        self.now += FRAME;
        self.event(Event::Sound(frame));
        if let Some(mut voice) = self.voice.take_if(|voice| !voice.paused) {
            voice.spoken += FRAME;
            voice.heard += FRAME;
            let mut progress = None;
            match self.length(&voice) {
                Some(length) if voice.spoken >= length => {
                    (voice.clause, voice.spoken) = (voice.clause + 1, Duration::ZERO);
                    progress = Some(Progress::Playing);
                }
                None if voice.utterance.complete => progress = Some(Progress::Ended),
                _ => {}
            }
            let spoke = progress.map(|progress| self.report(&voice, progress));
            if progress != Some(Progress::Ended) {
                self.voice = Some(voice);
            }
            if let Some(spoke) = spoke {
                self.event(Event::Spoke(spoke));
            }
        }
        if self.dialogue.due().is_some_and(|due| due <= self.now) {
            self.event(Event::Tick);
        }
    }

    fn run(&mut self, seconds: f32, speech: f32, level: f32, wavers: f32) {
        for frame in 0..(seconds * 50.0) as u32 {
            let level_db = level + if frame % 10 < 5 { wavers } else { -wavers };
            self.step(SoundFrame { speech, level_db, length: FRAME });
        }
    }

    pub(crate) fn wait(&mut self, seconds: f32) {
        self.run(seconds, 0.02, -70.0, 1.0);
    }

    pub(crate) fn voice(&mut self, seconds: f32) {
        self.run(seconds, 0.95, -25.0, 6.0);
    }

    pub(crate) fn music(&mut self, seconds: f32) {
        self.run(seconds, 0.7, -25.0, 6.0);
    }

    pub(crate) fn noise(&mut self, seconds: f32) {
        self.run(seconds, 0.7, -30.0, 1.0);
    }

    pub(crate) fn shout(&mut self, seconds: f32) {
        self.run(seconds, 0.95, -5.0, 3.0);
    }

    /// The voice breaks down.
    pub(crate) fn voice_fails(&mut self) {
        if let Some(voice) = self.voice.take() {
            let spoke = self.report(&voice, Progress::Failed);
            self.event(Event::Spoke(spoke));
        }
    }

    pub(crate) fn tone(&mut self, seconds: f32) {
        self.run(seconds, 0.2, -12.0, 0.0);
    }

    /// Lets us finish what we say, which must end.
    pub(crate) fn finish_speaking(&mut self) {
        for _ in 0..200 {
            if self.voice.is_none() {
                return;
            }
            self.wait(0.5);
        }
        panic!("we never finish");
    }

    /// The caller speaks, is understood, and falls silent.
    pub(crate) fn says(&mut self, text: &str) {
        self.utter(text, None, Some(0.95));
    }

    pub(crate) fn says_in(&mut self, text: &str, language: Option<Language>) {
        self.utter(text, language, Some(0.95));
    }

    pub(crate) fn says_unsure(&mut self, text: &str) {
        self.utter(text, None, Some(0.2));
    }

    fn utter(&mut self, text: &str, language: Option<Language>, confidence: Option<f32>) {
        self.voice(0.8);
        let words = |complete| Words { text: text.to_owned(), stable_chars: 0, complete, confidence, language };
        self.event(Event::Words(words(false)));
        self.voice(0.3);
        self.wait(0.3);
        self.event(Event::Words(words(true)));
        // As long as it takes until something follows, and no longer.
        let before = self.log.len();
        for _ in 0..150 {
            let followed = self.log[before..].iter().any(|action| {
                matches!(action, Action::Submit(_) | Action::Say(_) | Action::Connect(_) | Action::HangUp(_))
            });
            if followed {
                return;
            }
            self.wait(0.02);
        }
    }

    /// Words that are still growing.
    pub(crate) fn partial(&mut self, text: &str, stable_chars: usize) {
        self.voice(0.6);
        let words = Words { text: text.to_owned(), stable_chars, complete: false, confidence: None, language: None };
        self.event(Event::Words(words));
    }

    /// The caller asks; the number of the submission.
    pub(crate) fn asks(&mut self, text: &str) -> u64 {
        self.says(text);
        self.submitted().expect("a submission").number
    }

    pub(crate) fn key(&mut self, key: char) {
        self.event(Event::Digit(key));
        self.wait(0.1);
    }

    pub(crate) fn standing(&self) -> Standing {
        self.dialogue.standing()
    }

    pub(crate) fn is_speaking(&self) -> bool {
        self.voice.is_some()
    }

    pub(crate) fn actions<T>(&self, chosen: impl Fn(&Action) -> Option<T>) -> Vec<T> {
        self.log.iter().filter_map(chosen).collect()
    }

    pub(crate) fn noted(&self, is: impl Fn(&Note) -> bool) -> bool {
        self.log.iter().any(|action| matches!(action, Action::Note(note) if is(note)))
    }

    pub(crate) fn submitted(&self) -> Option<Submission> {
        self.actions(|action| match action {
            Action::Submit(submission) => Some(submission.clone()),
            _ => None,
        })
        .pop()
    }

    pub(crate) fn connect(&self) -> Option<Connect> {
        self.actions(|action| match action {
            Action::Connect(connect) => Some(connect.clone()),
            _ => None,
        })
        .pop()
    }

    pub(crate) fn ended(&self) -> Option<Ending> {
        self.actions(|action| match action {
            Action::HangUp(ending) => Some(*ending),
            _ => None,
        })
        .pop()
    }

    pub(crate) fn utterance(&self) -> Option<Utterance> {
        self.actions(|action| match action {
            Action::Say(utterance) => Some(utterance.clone()),
            _ => None,
        })
        .pop()
    }

    fn texts(&self, action: &Action) -> Vec<String> {
        let language = self.utterance().map(|utterance| utterance.language).unwrap_or_default();
        match action {
            Action::Say(said) => said.clauses.iter().map(|clause| self.words(clause, said.language)).collect(),
            Action::Append { clauses, .. } => clauses.iter().map(|clause| self.words(clause, language)).collect(),
            _ => Vec::new(),
        }
    }

    /// The last utterance with all that was appended to it.
    pub(crate) fn said(&self) -> String {
        let last = self.log.iter().rposition(|action| matches!(action, Action::Say(_))).unwrap_or(0);
        self.log[last..].iter().flat_map(|action| self.texts(action)).collect::<Vec<_>>().join(" ")
    }

    pub(crate) fn said_since_submission(&self) -> String {
        let last = self.log.iter().rposition(|action| matches!(action, Action::Submit(_))).unwrap_or(0);
        self.log[last..].iter().flat_map(|action| self.texts(action)).collect::<Vec<_>>().join(" ")
    }

    pub(crate) fn all_said(&self) -> String {
        self.log.iter().flat_map(|action| self.texts(action)).collect::<Vec<_>>().join(" ")
    }

    /// Whether nothing that was said needed a node.
    pub(crate) fn only_prompts(&self) -> bool {
        let fixed = |clauses: &[Clause]| clauses.iter().all(|clause| matches!(clause, Clause::Prompt(_)));
        self.log.iter().all(|action| match action {
            Action::Say(said) => fixed(&said.clauses),
            Action::Append { clauses, .. } => fixed(clauses),
            _ => true,
        })
    }

    /// The call as a script: who said what, and what was done.
    pub(crate) fn script(&self) -> String {
        let mut lines = Vec::new();
        for action in &self.log {
            match action {
                Action::Say(_) | Action::Append { .. } => lines.push(format!("we: {}", self.texts(action).join(" "))),
                Action::Stop { .. } => lines.push("(we stop)".to_owned()),
                Action::Submit(submission) => lines.push(format!("to the desk: {:?}", submission.said)),
                Action::Connect(connect) => lines.push(format!("(a person is sought: {:?})", connect.why)),
                Action::BookCallBack(wish) => lines.push(format!("(a call-back to {})", wish.number)),
                Action::SetLanguage(language) => lines.push(format!("(language: {language})")),
                Action::HangUp(ending) => lines.push(format!("(the end: {ending:?})")),
                _ => {}
            }
        }
        lines.join("\n")
    }
}

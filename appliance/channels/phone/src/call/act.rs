//! Doing what the dialogue wants, action by action.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use desk::call::Consent;
use desk::call_back::{CallBack, CallBackReason, CallBackState};
use desk::ids::{CallBackId, IdempotencyKey};
use desk::outcome::{HandOffReason, Outcome};
use desk::phone_number::PhoneNumber;
use desk::ports::PortResult;
use desk::ports::calls::CallChange;
use desk::ports::live_calls::Line as Said;
use desk::turn::Author;
use dialogue::{Action, CallBackWish, Clause, Event, HeardOf, Note, QueueNews, Submission, TransferNews, Utterance};
use media::Playing;

use super::recorder::Recorder;
use super::timings::millis;
use super::{Call, News, Spoken};
use crate::people;
use crate::texts;

/// How many utterances are remembered for the record.
const REMEMBERED: usize = 64;

impl Call {
    pub(super) fn act(&mut self, action: Action) {
        match action {
            Action::Say(utterance) => self.say(utterance),
            Action::Append { utterance, clauses, last } => {
                let more = self.words(&clauses);
                self.add_words(utterance, &more);
                self.mouth.append(utterance, clauses, last);
            }
            Action::Stop { utterance } => {
                if let Some((spoke, playing)) = self.mouth.stop(utterance) {
                    self.measure_silence(utterance, playing);
                    self.follows.push_back(Event::Spoke(spoke));
                }
            }
            Action::Pause { utterance } => self.mouth.pause(utterance),
            Action::Resume { utterance, clause } => self.mouth.resume(utterance, clause, &self.line),
            Action::Hear { language, detect } => self.listening.want((!detect).then_some(language)),
            Action::HearNothing => self.listening.want_nothing(),
            Action::Conclude => self.listening.conclude(),
            Action::Submit(submission) => self.submit(submission),
            Action::Heard(heard) => {
                self.was_heard(&heard);
                self.clerk.heard(heard);
            }
            Action::Told(told) => {
                self.transcribe(Author::Citizen, told.chosen.clone());
                self.clerk.told(told);
            }
            Action::Connect(connect) => match self.wanted_by.take() {
                Some(operator) => {
                    self.instead = Some(connect);
                    self.commanded_by = Some(operator);
                    self.ring(operator);
                    self.follows.push_back(Event::Transfer(TransferNews::Ringing));
                }
                None => {
                    self.commanded_by = None;
                    self.connect(connect);
                }
            },
            Action::Overflow { .. } => {
                if let Some(search) = &self.search {
                    search.overflow.store(true, Ordering::Relaxed);
                }
            }
            Action::LeaveQueue => {
                self.search = None;
                self.back_to_assistant();
            }
            Action::Music { on } => {
                self.music_wanted = on;
                if on { self.play_music() } else { self.stop_music() }
            }
            Action::BookCallBack(wish) => self.book(wish),
            // Nobody asks through the dialogue's `Ask` yet; what the dialogue itself asks for it submits.
            Action::Value { .. } => {}
            // No way to send messages is set up: the dialogue offers none unless its settings say so.
            Action::SendMessage { .. } => self.follows.push_back(Event::Sent { delivered: false }),
            Action::Record { on } => self.record(on),
            Action::SetLanguage(language) => {
                self.language = language;
                self.seen.language(language);
                self.clerk.note(CallChange { language: Some(language), ..CallChange::default() });
                self.clerk.language(language);
            }
            Action::HangUp(_) => {
                self.ending = Some(desk::call::Ending::WeHungUp);
                let leg = self.leg.clone();
                self.house.tasks.spawn(async move { leg.hang_up(signalling::Cause::normal()).await });
            }
            Action::Note(note) => self.note(&note),
        }
    }

    /// Measures how long after the decision the last of what was being said left.
    fn measure_silence(&self, utterance: dialogue::UtteranceId, playing: Option<Playing>) {
        let Some(playing) = playing else { return };
        let submission = self.spoken.get(&utterance).and_then(|spoken| spoken.submission);
        let (decided, news) = (std::time::Instant::now(), self.news.clone());
        self.house.tasks.spawn(async move {
            let Some(last) = playing.ended().await.stopped_at else { return };
            let after = last.saturating_duration_since(decided);
            metrics::histogram!("sfetnic_phone_silenced_seconds").record(after.as_secs_f64());
            if let Some(submission) = submission {
                // The call may be over.
                drop(news.send(News::Silenced { submission, after }).await);
            }
        });
    }

    fn say(&mut self, utterance: Utterance) {
        self.stop_music();
        self.line.set_gain(f32::from(utterance.gain_db));
        let words = self.words(&utterance.clauses);
        let line = self.transcribe(Author::Assistant, words);
        if self.spoken.len() >= REMEMBERED {
            self.spoken.clear();
        }
        self.spoken.insert(utterance.id, Spoken { line, submission: utterance.answers });
        self.mouth.say(utterance);
    }

    fn words(&self, clauses: &[Clause]) -> String {
        let texts = clauses.iter().map(|clause| match clause {
            Clause::Prompt(id) => self.prompts.text(id, self.language),
            Clause::Text(text) => text.clone(),
        });
        texts.collect::<Vec<_>>().join(" ")
    }

    /// A line of the live transcript.
    fn transcribe(&self, author: Author, text: String) -> u32 {
        self.seen.line(self.line_of(author, text))
    }

    fn add_words(&self, utterance: dialogue::UtteranceId, more: &str) {
        if let Some(spoken) = self.spoken.get(&utterance)
            && let Some(mut line) = self.seen.said(spoken.line)
        {
            line.text = format!("{} {more}", line.text);
            self.seen.line(line);
        }
    }

    fn submit(&mut self, submission: Submission) {
        let text = match &submission.said {
            dialogue::Said::Text(text) => text.clone(),
            dialogue::Said::Pick { label, .. } => label.clone(),
        };
        self.seen.partial("");
        self.seen.line(Said { confidence: submission.confidence, ..self.line_of(Author::Citizen, text) });
        self.timings.submitted(self.at(), submission.number);
        self.clerk.submit(submission);
    }

    fn line_of(&self, author: Author, text: String) -> Said {
        Said {
            number: 0,
            author,
            text,
            began_ms: millis(self.at()),
            interrupted: false,
            confidence: None,
            sources: Vec::new(),
            timing: None,
        }
    }

    /// What the caller really heard of an answer stands in the record.
    fn was_heard(&mut self, heard: &HeardOf) {
        let spoken = self.spoken.values().find(|spoken| spoken.submission == Some(heard.submission));
        if let Some(mut line) = spoken.and_then(|spoken| self.seen.said(spoken.line)) {
            line.text.clone_from(&heard.text);
            line.interrupted = !heard.whole;
            line.timing = self.timings.of(heard.submission);
            self.seen.line(line);
        }
    }

    /// What came of a submission, for the record, before the dialogue hears of it.
    pub(super) fn replied(&mut self, event: &Event) {
        match event {
            Event::ReplyPiece { submission, .. } => self.timings.answered(self.at(), *submission, None),
            Event::Reply(answered) => {
                self.timings.answered(self.at(), answered.submission, Some(answered.turn));
                if let Some(case) = &answered.case
                    && let Some(department) = &case.department
                {
                    self.belongs_to(department.clone());
                }
            }
            _ => {}
        }
    }

    /// Adds what an answer rests on to its line, once it is being said.
    pub(super) fn sourced(&mut self, answered: &dialogue::Answered) {
        let Outcome::Answer(answer) = &answered.reply.outcome else { return };
        let spoken = self.spoken.values().find(|spoken| spoken.submission == Some(answered.submission));
        if let Some(mut line) = spoken.and_then(|spoken| self.seen.said(spoken.line)) {
            line.confidence = Some(answer.confidence);
            line.sources.clone_from(&answer.quotes);
            line.timing = self.timings.of(answered.submission);
            self.seen.line(line);
        }
    }

    pub(super) fn belongs_to(&mut self, department: desk::ids::DepartmentId) {
        if self.department.as_ref() != Some(&department) {
            self.department = Some(department.clone());
            self.seen.department(department.clone());
            self.clerk.note(CallChange { department: Some(department), ..CallChange::default() });
        }
    }

    fn record(&mut self, on: bool) {
        if on && self.recorder.is_none() {
            let consent = match self.house.settings.recording {
                dialogue::Recording::Consent => Consent::Given,
                _ => Consent::Informed,
            };
            self.recorder = Some(Recorder::start(&self.house, self.id, &self.line, self.at(), consent));
        } else if !on && let Some(recorder) = self.recorder.take() {
            recorder.discard();
            self.not_recorded = desk::call::NotRecorded::Refused;
        } else if !on {
            self.not_recorded = desk::call::NotRecorded::Refused;
        }
        self.seen.recorded(self.recorder.is_some());
    }

    fn note(&mut self, note: &Note) {
        match note {
            Note::TurnEnded { decided_after } => self.timings.decided(self.at(), *decided_after),
            Note::Interrupted { decided_after } => {
                metrics::histogram!("sfetnic_phone_interruption_decided_seconds").record(decided_after.as_secs_f64());
            }
            Note::FalseInterruption => metrics::counter!("sfetnic_phone_false_interruptions_total").increment(1),
            Note::NotUnderstood => metrics::counter!("sfetnic_phone_not_understood_total").increment(1),
            Note::Danger => {
                metrics::counter!("sfetnic_phone_danger_total").increment(1);
                tracing::warn!("words of danger: the caller was told of 112");
            }
            Note::Keypad => metrics::counter!("sfetnic_phone_keypad_total").increment(1),
            Note::Surroundings(_) | Note::Confirmed(_) | Note::Language(_) => {}
        }
        tracing::debug!(?note, "noted");
    }

    /// What happened beside the call.
    pub(super) async fn news(&mut self, news: News) {
        match news {
            News::Dialogue(event) => {
                self.replied(&event);
                if let (Event::Queue(QueueNews::Waiting { estimate, .. }), Some(search)) = (&*event, &mut self.search) {
                    search.estimate = *estimate;
                }
                let answered = match &*event {
                    Event::Reply(answered) => Some(answered.clone()),
                    _ => None,
                };
                self.happens(*event);
                if let Some(answered) = answered {
                    self.sourced(&answered);
                }
            }
            News::Reached(person) => self.joined(*person).await,
            News::Unreached(error) => {
                self.search = None;
                let by = self.commanded_by.take();
                self.unreached(by, error);
                if self.talk.is_some() {
                    // Whoever has the caller keeps him.
                    return self.stands();
                }
                if let Some(connect) = self.instead.take() {
                    return self.connect(connect);
                }
                self.back_to_assistant();
                match error {
                    // An operator's own telephone: the caller goes on where he was.
                    _ if by.is_some() => self.happens(Event::Transfer(TransferNews::Failed)),
                    people::Unreached::Nobody => self.happens(Event::Queue(QueueNews::Nobody)),
                    _ => self.happens(Event::Transfer(TransferNews::Failed)),
                }
            }
            News::Belongs(department) => self.belongs_to(department),
            News::Silenced { submission, after } => self.timings.silenced(submission, after),
            News::Referred { to, went } => self.referred(&to, went).await,
            News::Supervisor(joined) => self.supervisor(*joined),
            News::NoSupervisor(operator) => self.no_supervisor(operator),
        }
    }

    /// Promises a call-back, beside the call.
    fn book(&mut self, wish: CallBackWish) {
        let (house, clerk) = (Arc::clone(&self.house), self.clerk.clone());
        let call = self.id;
        let department = wish.department.clone().or_else(|| self.department.clone());
        self.house.tasks.spawn(async move {
            let booked: PortResult<Event> = async {
                let number: PhoneNumber = wish
                    .number
                    .parse()
                    .map_err(|_| desk::ports::PortError::Refused("this is no telephone number".to_owned()))?;
                let notice = texts::call_back(wish.language);
                let case = clerk.case(department, HandOffReason::Requested, wish.language, notice, notice).await?;
                let now = house.parts.time.now();
                let (from, until) = texts::promised(&house, &case.department, now);
                let promise = CallBack {
                    id: CallBackId::new(),
                    case: case.id,
                    number,
                    department: case.department.clone(),
                    language: wish.language,
                    reason: CallBackReason::InsteadOfWaiting,
                    not_before: from,
                    not_after: until,
                    next_at: from,
                    state: CallBackState::Waiting,
                    attempts: 0,
                    last_call: None,
                    operator: None,
                    version: 1,
                    created_at: now,
                };
                let key = IdempotencyKey(format!("call back:{call}:{}", case.id));
                let kept = house.parts.call_backs.promise(promise, key).await?;
                let reference = case.reference;
                Ok(Event::CallBackBooked { reference, from: kept.not_before, until: kept.not_after })
            }
            .await;
            clerk
                .tell(booked.unwrap_or_else(|error| {
                    tracing::error!(%error, "a call-back could not be promised");
                    Event::CallBackFailed
                }))
                .await;
        });
    }
}

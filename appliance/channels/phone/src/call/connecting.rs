//! From the assistant to a person and back: who is looked for, and who has the conversation.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use desk::call::TransferTarget;
use desk::conversation::Owner;
use desk::language::Language;
use desk::outcome::HandOffReason;
use dialogue::{Connect, Event, TransferNews, Why};
use signalling::CallerId;
use tokio::sync::mpsc;

use super::talk::Talk;
use super::{Call, News, Search};
use crate::{people, texts};

impl Call {
    /// Looks for a person, beside the call.
    pub(super) fn connect(&mut self, connect: Connect) {
        let reason = match connect.why {
            Why::Asked => HandOffReason::Requested,
            Why::HandOff => HandOffReason::NeedsDecision,
            Why::Danger => HandOffReason::Distress,
            Why::NotUnderstood => HandOffReason::LowConfidence,
            Why::Failure => HandOffReason::Failure,
        };
        let overflow = Arc::new(AtomicBool::new(false));
        let search = self.search_of(connect.briefing.spoken(Language::Ro), Arc::clone(&overflow));
        let (house, clerk, news, language) =
            (Arc::clone(&self.house), self.clerk.clone(), self.news.clone(), self.language);
        let department = connect.department.or_else(|| self.department.clone());
        let asked = connect.briefing.asked.last().cloned().unwrap_or_default();
        let wanted = department.clone();
        let task = tokio::spawn(async move {
            // A person owes an answer from here on, whether or not one takes the call.
            let notice = texts::connecting(language);
            let department = match clerk.case(wanted.clone(), reason, language, &asked, notice).await {
                Ok(case) => {
                    let department = wanted.unwrap_or(case.department);
                    drop(news.send(News::Belongs(department.clone())).await);
                    department
                }
                Err(error) => {
                    tracing::warn!(%error, "a call is connected without a case");
                    wanted.unwrap_or_else(|| house.departments.front_desk())
                }
            };
            let (tell, mut told) = mpsc::channel(8);
            let reaching = people::of_department(&house, &search, &department, &tell);
            tokio::pin!(reaching);
            let reached = loop {
                tokio::select! {
                    reached = &mut reaching => break reached,
                    Some(queue) = told.recv() => clerk.tell(Event::Queue(queue)).await,
                }
            };
            let outcome = match reached {
                Ok(person) => News::Reached(Box::new(person)),
                Err(error) => News::Unreached(error),
            };
            drop(news.send(outcome).await);
        });
        if let Some(department) = department.clone() {
            self.belongs_to(department);
        }
        let to = TransferTarget::Department(department.clone().unwrap_or_else(|| self.house.departments.front_desk()));
        self.search = Some(Search { overflow, ..Search::of(task, department, to) });
    }

    pub(super) fn search_of(&self, briefing: String, overflow: Arc<AtomicBool>) -> people::Search {
        let number = self.caller.as_ref().map(|number| number.as_str().to_owned());
        let display = Some(self.house.settings.institution.ro.clone());
        let caller = CallerId { anonymous: false, number, display };
        people::Search { call: self.id, caller, briefing, overflow, replaces: None }
    }

    /// A person has answered: caller and person hear each other. Whoever had the caller before has him no more.
    pub(super) async fn joined(&mut self, person: people::Person) {
        let department = self.search.take().and_then(|search| search.department);
        (self.commanded_by, self.instead) = (None, None);
        if let Some(before) = self.talk.take() {
            before.end().await;
        }
        self.stop_music();
        self.music_wanted = false;
        self.mouth.silence();
        let operator = person.operator;
        self.talk = Some(Talk::begin(&self.house, &self.line, person, department));
        self.mix();
        self.happens(Event::Transfer(TransferNews::Answered));
        if let Some(operator) = operator {
            let (clerk, language) = (self.clerk.clone(), self.language);
            self.house.tasks.spawn(async move {
                if let Err(error) = clerk.owner(Owner::Operator(operator), language).await {
                    tracing::warn!(%error, "the conversation could not be given to whoever took the call");
                }
            });
        }
    }

    /// The caller is the assistant's again: it may answer him, though his case stays a person's.
    pub(super) fn back_to_assistant(&mut self) {
        let (clerk, language) = (self.clerk.clone(), self.language);
        if clerk.conversation().is_none() {
            return;
        }
        self.house.tasks.spawn(async move {
            if let Err(error) = clerk.owner(Owner::Assistant, language).await {
                tracing::warn!(%error, "the conversation could not be given back to the assistant");
            }
        });
    }
}

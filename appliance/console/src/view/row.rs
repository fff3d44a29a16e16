//! A row of the queue: one line.

use std::collections::HashMap;

use desk::case::{CaseState, Priority};
use desk::conversation::Owner;
use desk::ids::OperatorId;
use desk::operator::Operator;
use ui::dates;

use crate::parts::App;
use crate::queue::{Item, Place};
use crate::texts::{Texts, level};
use crate::view::clock::{self, Due};

/// A row as the page shows it.
pub(crate) struct Row {
    pub(crate) address: String,
    pub(crate) id: String,
    pub(crate) state: String,
    pub(crate) state_class: &'static str,
    pub(crate) priority: String,
    pub(crate) priority_class: &'static str,
    pub(crate) level: &'static str,
    pub(crate) department: String,
    pub(crate) subject: String,
    pub(crate) reference: String,
    pub(crate) language: &'static str,
    pub(crate) language_name: &'static str,
    pub(crate) channel: String,
    pub(crate) waits: Option<String>,
    pub(crate) due: Option<Due>,
    pub(crate) holder: String,
}

pub(crate) fn state_class(state: CaseState) -> &'static str {
    match state {
        CaseState::New => "new",
        CaseState::InProgress => "progress",
        CaseState::WaitingForCitizen => "paused",
        CaseState::Forwarded | CaseState::Resolved | CaseState::Closed => "done",
    }
}

pub(crate) fn priority_class(priority: Priority) -> &'static str {
    match priority {
        Priority::Low => "low",
        Priority::Normal => "normal",
        Priority::High => "high",
        Priority::Urgent => "urgent",
    }
}

impl Row {
    pub(crate) fn new(
        app: &App,
        operator: &Operator,
        item: &Item,
        names: &HashMap<OperatorId, String>,
        t: &Texts,
    ) -> Self {
        let (now, language) = (app.now(), operator.language);
        let conversation = &item.conversation;
        let case = item.case.as_ref();
        let config = app.config();
        let front_desk = config.departments.front_desk();
        let department = match (&case, &conversation.owner) {
            (Some(case), _) => &case.department,
            (None, Owner::Queue(department)) => department,
            (None, _) => &front_desk,
        };
        let state = case.map_or(CaseState::New, |case| case.state);
        let priority = case.map_or(Priority::Normal, |case| case.priority);
        let answered_in = case.map_or(conversation.language, |case| case.language);
        Self {
            address: format!("/console/conversations/{}", conversation.id),
            id: conversation.id.to_string(),
            state: t.state(state).to_owned(),
            state_class: state_class(state),
            priority: t.priority(priority).to_owned(),
            priority_class: priority_class(priority),
            level: case.map_or("L1", |case| level(case.level)),
            department: config.departments.name(department, language).to_owned(),
            subject: case.map_or_else(|| t.conversation.title.clone(), |case| one_line(&case.subject)),
            reference: case.map(|case| case.reference.to_string()).unwrap_or_default(),
            language: answered_in.code(),
            language_name: answered_in.endonym(),
            channel: t.channel(conversation.channel).to_owned(),
            waits: conversation.waiting_since.map(|since| dates::short_duration(now.duration_since(since), language)),
            due: case.and_then(|case| clock::due(case, &app.parts.terms, now, language, t)),
            holder: match (&conversation.owner, item.place(operator)) {
                (_, Place::Mine) => t.conversation.yours.clone(),
                (Owner::Operator(holder), _) => names.get(holder).cloned().unwrap_or_default(),
                (Owner::Assistant, _) => t.conversation.assistant.clone(),
                (Owner::Queue(_), _) => String::new(),
            },
        }
    }
}

/// The words on one line; the row cuts them where its column ends.
fn one_line(text: &str) -> String {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if line.is_empty() { "—".to_owned() } else { line }
}

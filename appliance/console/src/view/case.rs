//! The case as operators see it, with what may be done about it.

use std::collections::HashMap;

use desk::case::{Case, CaseKind, CaseState, Level, Priority};
use desk::ids::OperatorId;
use desk::operator::Operator;
use ui::dates;

use crate::parts::App;
use crate::texts::{Texts, level};
use crate::view::clock::{self, ClockView};
use crate::view::row::{priority_class, state_class};

/// One entry of a list to choose from.
pub(crate) struct Choice {
    pub(crate) value: String,
    pub(crate) label: String,
    pub(crate) chosen: bool,
}

/// The case's panel.
pub(crate) struct CaseView {
    pub(crate) id: String,
    pub(crate) version: u64,
    pub(crate) reference: String,
    pub(crate) registered: Option<String>,
    pub(crate) kind: String,
    pub(crate) department: String,
    pub(crate) level: &'static str,
    pub(crate) priority: String,
    pub(crate) priority_class: &'static str,
    pub(crate) state: String,
    pub(crate) state_class: &'static str,
    pub(crate) holder: String,
    pub(crate) opened: String,
    pub(crate) reason: String,
    pub(crate) clocks: Vec<ClockView>,
    pub(crate) past_clocks: Vec<ClockView>,
    pub(crate) kinds: Vec<Choice>,
    pub(crate) departments: Vec<Choice>,
    pub(crate) levels: Vec<Choice>,
    pub(crate) priorities: Vec<Choice>,
    pub(crate) may_wait: bool,
    pub(crate) may_resume: bool,
    pub(crate) may_forward: bool,
    pub(crate) open: bool,
}

/// The name of an enum's value on the wire, as forms carry it.
pub(crate) fn wire(value: impl serde::Serialize) -> String {
    match serde_json::to_value(value) {
        Ok(serde_json::Value::String(name)) => name,
        _ => String::new(),
    }
}

impl CaseView {
    pub(crate) fn new(
        app: &App,
        operator: &Operator,
        case: &Case,
        names: &HashMap<OperatorId, String>,
        t: &Texts,
    ) -> Self {
        let (now, language) = (app.now(), operator.language);
        let departments = &app.config().departments;
        let (clocks, past_clocks) = case
            .clocks
            .iter()
            .map(|clock| clock::view(clock, &app.parts.terms, now, language, t))
            .partition(|clock: &ClockView| clock.open);
        let mut listed: Vec<Choice> = departments
            .0
            .iter()
            .map(|department| Choice {
                value: department.id.0.clone(),
                label: department.name.get(language).clone(),
                chosen: department.id == case.department,
            })
            .collect();
        // A department that is no longer configured stays the case's until somebody chooses another.
        if !listed.iter().any(|option| option.chosen) {
            listed
                .insert(0, Choice { value: case.department.0.clone(), label: case.department.0.clone(), chosen: true });
        }
        Self {
            id: case.id.to_string(),
            version: case.version,
            reference: case.reference.to_string(),
            registered: case.registered.as_ref().map(ToString::to_string),
            kind: t.kind(case.kind).to_owned(),
            department: departments.name(&case.department, language).to_owned(),
            level: level(case.level),
            priority: t.priority(case.priority).to_owned(),
            priority_class: priority_class(case.priority),
            state: t.state(case.state).to_owned(),
            state_class: state_class(case.state),
            holder: case.assignee.and_then(|id| names.get(&id).cloned()).unwrap_or_else(|| t.case.nobody.clone()),
            opened: dates::moment(case.created_at, now, language),
            reason: t.reason(case.reason).to_owned(),
            clocks,
            past_clocks,
            kinds: CaseKind::ALL
                .map(|kind| Choice { value: wire(kind), label: t.kind(kind).to_owned(), chosen: kind == case.kind })
                .into(),
            departments: listed,
            levels: [Level::L1, Level::L2, Level::L3]
                .map(|one| Choice { value: wire(one), label: level(one).to_owned(), chosen: one == case.level })
                .into(),
            priorities: [Priority::Low, Priority::Normal, Priority::High, Priority::Urgent]
                .map(|one| Choice { value: wire(one), label: t.priority(one).to_owned(), chosen: one == case.priority })
                .into(),
            may_wait: case.state.check_move(CaseState::WaitingForCitizen).is_ok(),
            may_resume: case.state == CaseState::WaitingForCitizen,
            may_forward: case.state.check_move(CaseState::Forwarded).is_ok(),
            open: case.state.is_open(),
        }
    }
}

//! Calls that have ended, newest first, with filters that stand in the address.

use askama::Template;
use axum::extract::{Query, State};
use axum::response::Response;
use desk::call::{Ending, Holder};
use desk::ids::{CallId, DepartmentId};
use desk::language::Language;
use desk::operator::Operator;
use desk::ports::calls::{CallFilter, CallScope};
use jiff::Timestamp;
use jiff::civil::Date;
use serde::Deserialize;
use ui::Page;

use crate::access;
use crate::auth::signed_in::SignedIn;
use crate::pages::problem::Problem;
use crate::pages::queue::names;
use crate::pages::shell::{self, Shell};
use crate::parts::App;
use crate::texts::{Texts, texts};
use crate::view::call::{PastRow, Sight};

/// How many a page shows.
const PAGE: u32 = 50;

/// What is asked for; an empty or unreadable value asks for nothing.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Asked {
    how: String,
    department: String,
    language: String,
    caller: String,
    from: String,
    until: String,
    recorded: String,
    before: String,
}

struct Choice {
    value: String,
    label: String,
    chosen: bool,
}

#[derive(Template)]
#[template(path = "call_history.html")]
struct HistoryPage {
    page: Page,
    shell: Shell,
    t: &'static Texts,
    endings: Vec<Choice>,
    departments: Vec<Choice>,
    languages: Vec<Choice>,
    caller: String,
    from: String,
    until: String,
    recorded: bool,
    rows: Vec<PastRow>,
    filtered: bool,
    older: Option<String>,
    live: usize,
}

pub(crate) async fn page(
    State(app): State<App>,
    SignedIn(operator): SignedIn,
    Query(asked): Query<Asked>,
) -> Result<Response, Problem> {
    let t = texts(operator.language);
    let names = names(&*app.parts.accounts).await?;
    let sight = Sight { app: &app, t, language: operator.language, now: app.now(), names: &names };
    let found = app.parts.telephone.calls.list(filter(&asked, &operator)).await?;
    let older = found.last().filter(|_| found.len() >= PAGE as usize).map(|last| address(&asked, &last.id.to_string()));
    let waiting = crate::calls::going(&app, &operator).await?;
    let page = HistoryPage {
        page: shell::frame(operator.language, &t.calls.history),
        shell: Shell::new(&app, &operator, "calls"),
        t,
        endings: Ending::ALL.into_iter().map(|how| choice(how.name(), t.ending(how), &asked.how)).collect(),
        departments: departments(&app, &operator, &asked.department),
        languages: Language::ALL
            .into_iter()
            .map(|language| choice(language.code(), language.endonym(), &asked.language))
            .collect(),
        caller: asked.caller.clone(),
        from: asked.from.clone(),
        until: asked.until.clone(),
        recorded: !asked.recorded.is_empty(),
        rows: found.iter().map(|call| PastRow::new(call, &sight)).collect(),
        filtered: asked.is_filtered(),
        older,
        live: waiting.iter().filter(|going| going.live.standing.holder() != Holder::Nobody).count(),
    };
    Ok(ui::page(&page, operator.language))
}

impl Asked {
    fn is_filtered(&self) -> bool {
        [&self.how, &self.department, &self.language, &self.caller, &self.from, &self.until, &self.recorded]
            .into_iter()
            .any(|value| !value.is_empty())
    }
}

fn choice(value: &str, label: &str, chosen: &str) -> Choice {
    Choice { value: value.to_owned(), label: label.to_owned(), chosen: value == chosen }
}

fn departments(app: &App, operator: &Operator, chosen: &str) -> Vec<Choice> {
    let listed = app.config().departments.0.iter();
    listed
        .filter(|department| access::sees_all(operator) || operator.departments.contains(&department.id))
        .map(|department| choice(&department.id.0, department.name.get(operator.language), chosen))
        .collect()
}

fn filter(asked: &Asked, operator: &Operator) -> CallFilter {
    let chosen = (!asked.department.is_empty()).then(|| DepartmentId(asked.department.clone()));
    // A department that is not this account's to see is no way around it.
    let departments = match chosen {
        Some(department) if access::sees_all(operator) || operator.serves(&department) => Some(vec![department]),
        _ => access::departments(operator),
    };
    CallFilter {
        scope: CallScope::Ended,
        departments,
        how: Ending::ALL.into_iter().find(|how| how.name() == asked.how),
        recorded: !asked.recorded.is_empty(),
        language: asked.language.parse().ok(),
        caller_ends_with: digits(&asked.caller),
        from: asked.from.parse().ok().and_then(midnight),
        until: asked.until.parse::<Date>().ok().and_then(|day| day.tomorrow().ok()).and_then(midnight),
        before: asked.before.parse::<CallId>().ok(),
        limit: PAGE,
    }
}

/// The digits typed, without a leading zero of the national spelling: numbers are kept with their country's code.
fn digits(typed: &str) -> Option<String> {
    let digits: String = typed.chars().filter(char::is_ascii_digit).take(15).collect();
    let digits = digits.trim_start_matches('0').to_owned();
    (!digits.is_empty()).then_some(digits)
}

/// Midnight in Bucharest, where the day begins.
fn midnight(day: Date) -> Option<Timestamp> {
    day.in_tz("Europe/Bucharest").ok().map(|midnight| midnight.timestamp())
}

/// The address of the calls before `before`, under the same filters.
fn address(asked: &Asked, before: &str) -> String {
    let fields = [
        ("how", asked.how.as_str()),
        ("department", &asked.department),
        ("language", &asked.language),
        ("caller", &asked.caller),
        ("from", &asked.from),
        ("until", &asked.until),
        ("recorded", &asked.recorded),
        ("before", before),
    ];
    let query: Vec<String> = fields
        .into_iter()
        .filter(|(_, value)| !value.is_empty())
        .map(|(name, value)| format!("{name}={}", crate::pages::problem::percent(value)))
        .collect();
    format!("/console/calls/history?{}", query.join("&"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_found_however_it_is_typed() {
        assert_eq!(digits("0721 000 000").as_deref(), Some("721000000"));
        assert_eq!(digits("+40 721"), Some("40721".to_owned()));
        assert_eq!(digits("abc"), None);
    }

    #[test]
    fn a_day_is_a_day_in_bucharest() {
        let day: Date = "2026-12-01".parse().unwrap();
        assert_eq!(midnight(day).unwrap().to_string(), "2026-11-30T22:00:00Z");
    }
}

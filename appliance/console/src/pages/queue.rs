//! The queue: what waits, what one holds, what is open elsewhere; and the way from a reference to its conversation.

use std::collections::HashMap;

use askama::Template;
use axum::extract::{Query, State};
use axum::response::{Redirect, Response};
use desk::ids::{DepartmentId, OperatorId};
use desk::operator::Operator;
use desk::ports::PortResult;
use desk::ports::accounts::Accounts;
use desk::reference::Reference;
use serde::Deserialize;
use ui::{Page, fill};

use crate::access;
use crate::auth::signed_in::SignedIn;
use crate::pages::notice::{NoticeLine, NoticeQuery};
use crate::pages::problem::Problem;
use crate::pages::shell::{self, Shell};
use crate::parts::App;
use crate::queue::{self, LIMIT, Place};
use crate::texts::{Texts, texts};
use crate::view::row::Row;

/// Which rows are asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Scope {
    #[default]
    All,
    Waiting,
    Mine,
}

#[derive(Debug, Default, Deserialize)]
pub(crate) struct Filter {
    #[serde(default)]
    show: Scope,
    #[serde(default)]
    department: String,
}

struct Section {
    id: &'static str,
    title: &'static str,
    rows: Vec<Row>,
    empty: Option<&'static str>,
    with_holder: bool,
}

struct DepartmentChoice {
    id: String,
    name: String,
    chosen: bool,
}

struct Tab {
    value: &'static str,
    label: &'static str,
    count: Option<usize>,
    current: bool,
}

#[derive(Template)]
#[template(path = "queue.html")]
struct QueuePage {
    page: Page,
    shell: Shell,
    t: &'static Texts,
    notice: Option<NoticeLine>,
    tabs: Vec<Tab>,
    departments: Vec<DepartmentChoice>,
    department: String,
    sections: Vec<Section>,
    quiet: bool,
    filtered: bool,
    cut: Option<String>,
}

/// The names of all accounts.
pub(crate) async fn names(accounts: &dyn Accounts) -> PortResult<HashMap<OperatorId, String>> {
    Ok(accounts.all().await?.into_iter().map(|operator| (operator.id, operator.display_name)).collect())
}

pub(crate) async fn page(
    State(app): State<App>,
    SignedIn(operator): SignedIn,
    Query(filter): Query<Filter>,
    Query(notice): Query<NoticeQuery>,
) -> Result<Response, Problem> {
    let t = texts(operator.language);
    let names = names(&*app.parts.accounts).await?;
    let items = queue::items(&*app.parts.conversations, &*app.parts.cases, &operator).await?;
    let cut = items.len() >= LIMIT as usize;
    let count = |place| items.iter().filter(|item| item.place(&operator) == place).count();
    let (waiting, mine) = (count(Place::Waiting), count(Place::Mine));
    let chosen = (!filter.department.is_empty()).then(|| DepartmentId(filter.department.clone()));
    let rows = |place| -> Vec<Row> {
        items
            .iter()
            .filter(|item| item.place(&operator) == place)
            .filter(|item| chosen.as_ref().is_none_or(|department| item.in_department(department)))
            .map(|item| Row::new(&app, &operator, item, &names, t))
            .collect()
    };
    let filtered = filter.show != Scope::All || chosen.is_some();
    let sections = sections(filter.show, rows, t);
    let quiet = sections.iter().all(|section| section.rows.is_empty());
    let title = if waiting > 0 { format!("({waiting}) {}", t.queue.title) } else { t.queue.title.clone() };
    let page = QueuePage {
        page: shell::frame(operator.language, &title),
        shell: Shell::new(&app, &operator, "queue"),
        t,
        notice: notice.line(t),
        tabs: vec![
            Tab { value: "all", label: &t.queue.all, count: None, current: filter.show == Scope::All },
            Tab {
                value: "waiting",
                label: &t.queue.waiting,
                count: Some(waiting),
                current: filter.show == Scope::Waiting,
            },
            Tab { value: "mine", label: &t.queue.mine, count: Some(mine), current: filter.show == Scope::Mine },
        ],
        departments: choices(&app, &operator, &filter.department),
        department: filter.department.clone(),
        sections: if quiet { Vec::new() } else { sections },
        quiet,
        filtered,
        cut: cut.then(|| fill(&t.queue.cut, &[("count", &LIMIT.to_string())])),
    };
    Ok(ui::page(&page, operator.language))
}

fn sections(scope: Scope, rows: impl Fn(Place) -> Vec<Row>, t: &'static Texts) -> Vec<Section> {
    let section = |id, title: &'static str, place, empty, with_holder| Section {
        id,
        title,
        rows: rows(place),
        empty,
        with_holder,
    };
    let waiting = || section("waiting", &t.queue.waiting, Place::Waiting, Some(t.queue.empty_title.as_str()), false);
    let mine = || section("mine", &t.queue.mine, Place::Mine, Some(t.queue.none_mine.as_str()), false);
    match scope {
        Scope::Waiting => vec![waiting()],
        Scope::Mine => vec![mine()],
        Scope::All => {
            let others = [
                section("elsewhere", &t.queue.elsewhere, Place::Elsewhere, None, true),
                section("assistant", &t.queue.assistant, Place::Assistant, None, false),
            ];
            let mut all = vec![waiting(), mine()];
            all.extend(others.into_iter().filter(|section| !section.rows.is_empty()));
            all
        }
    }
}

fn choices(app: &App, operator: &Operator, chosen: &str) -> Vec<DepartmentChoice> {
    app.config()
        .departments
        .0
        .iter()
        .filter(|department| access::sees_all(operator) || operator.departments.contains(&department.id))
        .map(|department| DepartmentChoice {
            id: department.id.0.clone(),
            name: department.name.get(operator.language).clone(),
            chosen: department.id.0 == chosen,
        })
        .collect()
}

#[derive(Deserialize)]
pub(crate) struct Sought {
    #[serde(default)]
    reference: String,
}

/// From a reference, as a citizen says it, to its conversation.
pub(crate) async fn find(
    State(app): State<App>,
    _: SignedIn,
    Query(sought): Query<Sought>,
) -> Result<Redirect, Problem> {
    let reference: Reference = sought.reference.trim().parse().map_err(|_| Problem::NotFound)?;
    let case = app.parts.cases.by_reference(reference).await?;
    Ok(Redirect::to(&format!("/console/conversations/{}", case.conversation)))
}

//! Accounts, for administrators: who may sign in and what they see.

use askama::Template;
use axum::extract::{Form, Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use axum_extra::extract::Form as ListForm;
use desk::ids::DepartmentId;
use desk::journal::Actor;
use desk::language::Language;
use desk::operator::{Operator, Role};
use serde::Deserialize;
use ui::{Page, fill};

use crate::accounts::{self, AccountError, Issued, NewAccount};
use crate::auth::signed_in::Administrator;
use crate::pages::problem::Problem;
use crate::pages::shell::{self, Shell};
use crate::parts::App;
use crate::texts::{Texts, texts};
use crate::view::case::{Choice, wire};

struct AccountRow {
    username: String,
    display_name: String,
    role: String,
    departments: String,
    language: &'static str,
    active: bool,
    must_change: bool,
    own: bool,
}

struct IssuedView {
    intro: String,
    password: String,
}

#[derive(Template)]
#[template(path = "accounts.html")]
struct AccountsPage {
    page: Page,
    shell: Shell,
    t: &'static Texts,
    rows: Vec<AccountRow>,
    roles: Vec<Choice>,
    departments: Vec<Choice>,
    languages: Vec<Choice>,
    username: String,
    display_name: String,
    error: Option<String>,
    issued: Option<IssuedView>,
}

/// What an act leaves on the page.
#[derive(Default)]
struct Leftover {
    new: Option<New>,
    error: Option<String>,
    issued: Option<Issued>,
}

#[derive(Deserialize)]
pub(crate) struct New {
    #[serde(default)]
    username: String,
    #[serde(default)]
    display_name: String,
    role: Role,
    language: Language,
    #[serde(default)]
    department: Vec<String>,
}

pub(crate) async fn page(State(app): State<App>, Administrator(operator): Administrator) -> Result<Response, Problem> {
    show(&app, &operator, StatusCode::OK, Leftover::default()).await
}

pub(crate) async fn create(
    State(app): State<App>,
    Administrator(operator): Administrator,
    ListForm(new): ListForm<New>,
) -> Result<Response, Problem> {
    let account = NewAccount {
        username: new.username.clone(),
        display_name: new.display_name.clone(),
        role: new.role,
        departments: new.department.iter().cloned().map(DepartmentId).collect(),
        language: new.language,
    };
    let made = accounts::create(&*app.parts.accounts, account, Actor::Operator(operator.id), app.now()).await;
    answer(&app, &operator, made, Some(new)).await
}

pub(crate) async fn reset(
    State(app): State<App>,
    Administrator(operator): Administrator,
    Path(username): Path<String>,
) -> Result<Response, Problem> {
    let issued = accounts::reset(&*app.parts.accounts, &username, Actor::Operator(operator.id)).await;
    answer(&app, &operator, issued, None).await
}

/// A one-time password is shown by the very response to its making: it is in no address and in no history.
async fn answer(
    app: &App,
    operator: &Operator,
    outcome: Result<Issued, AccountError>,
    new: Option<New>,
) -> Result<Response, Problem> {
    match outcome {
        Ok(issued) => {
            show(app, operator, StatusCode::OK, Leftover { issued: Some(issued), ..Leftover::default() }).await
        }
        Err(error) => {
            let error = Some(words(error, texts(operator.language))?);
            show(app, operator, StatusCode::UNPROCESSABLE_ENTITY, Leftover { error, new, issued: None }).await
        }
    }
}

#[derive(Deserialize)]
pub(crate) struct Active {
    active: bool,
}

pub(crate) async fn set_active(
    State(app): State<App>,
    Administrator(operator): Administrator,
    Path(username): Path<String>,
    Form(Active { active }): Form<Active>,
) -> Result<Response, Problem> {
    let actor = Actor::Operator(operator.id);
    match accounts::set_active(&*app.parts.accounts, &username, active, actor).await {
        Ok(_) => Ok(Redirect::to("/console/accounts").into_response()),
        Err(error) => {
            let error = Some(words(error, texts(operator.language))?);
            show(&app, &operator, StatusCode::CONFLICT, Leftover { error, ..Leftover::default() }).await
        }
    }
}

/// What the administrator is told; what only an engineer can mend is a problem page.
fn words(error: AccountError, t: &Texts) -> Result<String, Problem> {
    match error {
        AccountError::Username(_) => Ok(t.accounts.bad_username.clone()),
        AccountError::DisplayName => Ok(t.accounts.bad_name.clone()),
        AccountError::Taken(_) => Ok(t.accounts.taken.clone()),
        AccountError::LastAdministrator => Ok(t.accounts.last.clone()),
        AccountError::Unknown(_) => Err(Problem::NotFound),
        AccountError::Password(error) => Err(error.into()),
        AccountError::Store(error) => Err(error.into()),
    }
}

async fn show(app: &App, operator: &Operator, status: StatusCode, leftover: Leftover) -> Result<Response, Problem> {
    let (language, t) = (operator.language, texts(operator.language));
    let departments = &app.config().departments;
    let rows = app.parts.accounts.all().await?.into_iter().map(|account| AccountRow {
        role: t.role(account.role).to_owned(),
        departments: if account.departments.is_empty() {
            t.accounts.every.clone()
        } else {
            account.departments.iter().map(|id| departments.name(id, language)).collect::<Vec<_>>().join(", ")
        },
        language: account.language.endonym(),
        active: account.active,
        must_change: account.must_change_password,
        own: account.id == operator.id,
        username: account.username,
        display_name: account.display_name,
    });
    let new = leftover.new;
    let (role, tongue) = new.as_ref().map_or((Role::Operator, language), |new| (new.role, new.language));
    let page = AccountsPage {
        page: shell::frame(language, &t.accounts.title),
        shell: Shell::new(app, operator, "accounts"),
        t,
        rows: rows.collect(),
        roles: [Role::Operator, Role::Editor, Role::Supervisor, Role::Administrator]
            .map(|one| Choice { value: wire(one), label: t.role(one).to_owned(), chosen: one == role })
            .into(),
        departments: departments
            .0
            .iter()
            .map(|one| Choice {
                value: one.id.0.clone(),
                label: one.name.get(language).clone(),
                chosen: new.as_ref().is_some_and(|new| new.department.contains(&one.id.0)),
            })
            .collect(),
        languages: Language::ALL
            .map(|one| Choice { value: one.code().to_owned(), label: one.endonym().to_owned(), chosen: one == tongue })
            .into(),
        username: new.as_ref().map(|new| new.username.clone()).unwrap_or_default(),
        display_name: new.map(|new| new.display_name).unwrap_or_default(),
        error: leftover.error,
        issued: leftover.issued.map(|issued| IssuedView {
            intro: fill(&t.accounts.issued_for, &[("username", &issued.operator.username)]),
            password: issued.one_time_password,
        }),
    };
    Ok(ui::layout::page_with(status, &page, language))
}

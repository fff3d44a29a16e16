//! Changing one's password; forced where it is a one-time one.

use askama::Template;
use axum::extract::{Form, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use axum_extra::extract::CookieJar;
use desk::journal::Actor;
use desk::operator::Operator;
use serde::Deserialize;
use ui::Page;

use crate::auth::password::{self, Weakness};
use crate::auth::session;
use crate::auth::signed_in::{Peer, Session};
use crate::pages::problem::Problem;
use crate::pages::shell::{self, Shell};
use crate::parts::App;
use crate::texts::{Texts, texts};

#[derive(Template)]
#[template(path = "password.html")]
struct PasswordPage {
    page: Page,
    shell: Shell,
    t: &'static Texts,
    username: String,
    forced: bool,
    current_error: Option<String>,
    new_error: Option<String>,
}

fn blank(app: &App, operator: &Operator) -> PasswordPage {
    let t = texts(operator.language);
    PasswordPage {
        page: shell::frame(operator.language, &t.password.title),
        shell: Shell::new(app, operator, "password"),
        t,
        username: operator.username.clone(),
        forced: operator.must_change_password,
        current_error: None,
        new_error: None,
    }
}

pub(crate) async fn form(State(app): State<App>, session: Session) -> Response {
    ui::page(&blank(&app, &session.operator), session.operator.language)
}

#[derive(Deserialize)]
pub(crate) struct Change {
    current: String,
    new: String,
    repeat: String,
}

pub(crate) async fn submit(
    State(app): State<App>,
    session: Session,
    Peer(address): Peer,
    jar: CookieJar,
    Form(change): Form<Change>,
) -> Result<Response, Problem> {
    let Session { operator, .. } = session;
    let t = texts(operator.language);
    let again =
        |page: PasswordPage| Ok(ui::layout::page_with(StatusCode::UNPROCESSABLE_ENTITY, &page, operator.language));
    let weakness = password::check(&change.new, &change.repeat, &operator.username).err();
    let weakness = weakness.or_else(|| (change.new == change.current).then_some(Weakness::Unchanged));
    if let Some(weakness) = weakness {
        let new_error = Some(words(weakness, t).to_owned());
        return again(PasswordPage { new_error, ..blank(&app, &operator) });
    }
    let now = app.now();
    let (_, hash) = app.parts.accounts.by_username(&operator.username).await?;
    // Guessing the present password from an open session is limited as a sign-in is.
    let throttled = app.throttle.wait(&operator.username, address, now).is_some();
    if throttled || !app.passwords.verify(change.current, Some(hash)).await? {
        app.throttle.failed(&operator.username, address, now);
        let current_error = Some(t.password.wrong.clone());
        return again(PasswordPage { current_error, ..blank(&app, &operator) });
    }
    let hash = app.passwords.hash(change.new).await?;
    let changed = Operator { must_change_password: false, ..operator };
    let operator = app.parts.accounts.save(changed.clone(), Some(hash), Actor::Operator(changed.id)).await?;
    app.parts.accounts.close_sessions_of(operator.id).await?;
    let token = session::open(&*app.parts.accounts, &app.config().session, operator.id, now).await?;
    let jar = jar.add(session::cookie(&token, app.config().tls));
    Ok((jar, Redirect::to("/console?notice=password")).into_response())
}

fn words(weakness: Weakness, t: &Texts) -> &str {
    match weakness {
        Weakness::Short => &t.password.short,
        Weakness::Long => &t.password.long,
        Weakness::HoldsUsername => &t.password.holds_username,
        Weakness::Monotonous => &t.password.monotonous,
        Weakness::Differs => &t.password.differs,
        Weakness::Unchanged => &t.password.unchanged,
    }
}

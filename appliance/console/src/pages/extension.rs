//! The telephone at which calls reach one's account.

use askama::Template;
use axum::extract::{Form, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use desk::operator::Operator;
use desk::phone_number::PhoneNumber;
use serde::Deserialize;
use ui::Page;

use crate::auth::signed_in::SignedIn;
use crate::pages::problem::Problem;
use crate::pages::shell::{self, Shell};
use crate::parts::App;
use crate::texts::{Texts, texts};

/// The longest text that is read as a number.
const LONGEST: usize = 32;

#[derive(Template)]
#[template(path = "extension.html")]
struct ExtensionPage {
    page: Page,
    shell: Shell,
    t: &'static Texts,
    number: String,
    error: Option<&'static str>,
}

fn blank(app: &App, operator: &Operator) -> ExtensionPage {
    let t = texts(operator.language);
    ExtensionPage {
        page: shell::frame(operator.language, &t.extension.title),
        shell: Shell::new(app, operator, "extension"),
        t,
        number: operator.extension.as_ref().map(PhoneNumber::to_string).unwrap_or_default(),
        error: None,
    }
}

pub(crate) async fn form(State(app): State<App>, SignedIn(operator): SignedIn) -> Response {
    ui::page(&blank(&app, &operator), operator.language)
}

#[derive(Deserialize)]
pub(crate) struct Typed {
    #[serde(default)]
    number: String,
}

/// Keeps the number; an empty field forgets it.
pub(crate) async fn submit(
    State(app): State<App>,
    signed_in: SignedIn,
    Form(typed): Form<Typed>,
) -> Result<Response, Problem> {
    let operator = signed_in.0.clone();
    let text = typed.number.trim();
    let extension = if text.is_empty() { Ok(None) } else { text.parse::<PhoneNumber>().map(Some) };
    let Ok(extension) = extension else {
        let t = texts(operator.language);
        let number = text.chars().take(LONGEST).collect();
        let page = ExtensionPage { number, error: Some(&t.extension.wrong), ..blank(&app, &operator) };
        return Ok(ui::layout::page_with(StatusCode::UNPROCESSABLE_ENTITY, &page, operator.language));
    };
    // Read again: what else of the account has changed meanwhile stays.
    let account = app.parts.accounts.operator(operator.id).await?;
    app.parts.accounts.save(Operator { extension, ..account }, None, signed_in.actor()).await?;
    Ok(Redirect::to("/console/calls?notice=extension").into_response())
}

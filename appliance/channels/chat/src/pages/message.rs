//! The forms of the page without scripts: send, say whether it was of use, begin anew.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::{Form, Multipart, State};
use axum::http::HeaderMap;
use axum::http::header::SET_COOKIE;
use axum::response::{IntoResponse, Redirect, Response};
use desk::language::Language;
use desk::turn::Pick;
use serde::Deserialize;
use ui::{Problem, ProblemKind};

use super::{PageProblem, home, home_path};
use crate::access::{Caller, cookie_end, cookie_for};
use crate::api::{keep_file, keep_opinion, multipart_problem};
use crate::app::App;
use crate::intake::{self, Message};
use crate::texts::texts;

/// How long the page waits for the answer before it is shown without it.
const PATIENCE: Duration = Duration::from_secs(8);

/// What the form brings.
#[derive(Default)]
struct Sent {
    text: String,
    say: String,
    pick: Option<Pick>,
    key: Option<String>,
    language: Option<Language>,
    files: Vec<(String, Vec<u8>)>,
}

fn same_origin(caller: &Caller) -> Result<(), Problem> {
    if caller.same_origin { Ok(()) } else { Err(Problem::new(ProblemKind::Forbidden, caller.language)) }
}

async fn read(caller: &Caller, form: &mut Multipart) -> Result<Sent, Problem> {
    let mut sent = Sent::default();
    while let Some(field) = form.next_field().await.map_err(|error| multipart_problem(&error, caller))? {
        let name = field.name().unwrap_or_default().to_owned();
        let file_name = field.file_name().map(str::to_owned);
        let bytes = field.bytes().await.map_err(|error| multipart_problem(&error, caller))?;
        if name == "file" {
            if !bytes.is_empty() {
                sent.files.push((file_name.unwrap_or_default(), bytes.to_vec()));
            }
            continue;
        }
        let value = String::from_utf8_lossy(&bytes).into_owned();
        match name.as_str() {
            "text" if sent.text.trim().is_empty() => sent.text = value,
            "say" => sent.say = value,
            "pick" => sent.pick = pick(&value),
            "key" => sent.key = Some(value),
            "lang" => sent.language = value.parse().ok(),
            _ => {}
        }
    }
    Ok(sent)
}

fn pick(value: &str) -> Option<Pick> {
    let (turn, number) = value.split_once(':')?;
    Some(Pick { turn: turn.parse().ok()?, number: number.parse().ok()? })
}

/// `POST /mesaj`: makes the message durable, waits a while for the answer and shows the conversation. What is refused is shown
/// beside the form with what was typed.
pub(crate) async fn send(
    State(app): State<Arc<App>>,
    caller: Caller,
    mut form: Multipart,
) -> Result<Response, PageProblem> {
    same_origin(&caller)?;
    let sent = read(&caller, &mut form).await?;
    let key = sent.key.filter(|key| !key.is_empty()).unwrap_or_else(crate::secret::random_key);
    intake::check_key(&key, caller.language)?;
    let language = sent.language;
    let mut headers = HeaderMap::new();
    let access = match caller.current(&app).await? {
        Some(mut access) => {
            if let Some(language) = language.filter(|language| *language != access.conversation.language) {
                let changed = app.parts.conversations.set_language(access.conversation.id, language).await;
                access.conversation = changed.map_err(|error| Problem::from_port(&error, language))?;
            }
            access
        }
        None => {
            let language = language.unwrap_or(caller.language);
            let access = intake::begin(&app, &caller, language, None, &format!("page:{key}")).await?;
            let cookie = cookie_for(access.conversation.id, &access.secret, app.parts.config.secure_cookies);
            if let Ok(cookie) = cookie.parse() {
                headers.insert(SET_COOKIE, cookie);
            }
            access
        }
    };
    let language = access.conversation.language;
    let mut caller = caller;
    caller.language = language;
    let mut tokens = Vec::new();
    let mut problem = None;
    for (name, bytes) in sent.files {
        match keep_file(&app, &caller, &name, bytes).await {
            Ok(file) => tokens.push(app.parts.secret_key.upload_token(access.conversation.id, &file)),
            Err(refused) => problem = Some(refused),
        }
    }
    let text = if sent.say == "person" { texts(language).composer.person_says.clone() } else { sent.text.clone() };
    if problem.is_none() {
        let message = Message { text, pick: sent.pick, attachments: tokens, language: Some(language) };
        match intake::take(&app, &caller, &access.conversation, message, &key).await {
            Ok(taken) => {
                let number = taken.recorded.turn.number;
                intake::wait(taken.answer, PATIENCE).await;
                let address = format!("{}#turn-{number}", home_path(language));
                return Ok((headers, Redirect::to(&address)).into_response());
            }
            Err(refused) => problem = Some(refused),
        }
    }
    let page = home::render(&app, &caller, language, Some(&access), problem.as_ref(), sent.text).await?;
    Ok((headers, page).into_response())
}

/// What the citizen says of an answer.
#[derive(Deserialize)]
pub(crate) struct Opinion {
    number: u64,
    useful: String,
    #[serde(default)]
    why: String,
}

/// `POST /parere`.
pub(crate) async fn opinion(
    State(app): State<Arc<App>>,
    caller: Caller,
    Form(opinion): Form<Opinion>,
) -> Result<Response, PageProblem> {
    same_origin(&caller)?;
    let access = caller.current(&app).await?;
    let access = access.ok_or_else(|| Problem::new(ProblemKind::Unauthorised, caller.language))?;
    let why = Some(opinion.why).filter(|why| !why.is_empty());
    keep_opinion(&app, &caller, &access, opinion.number, opinion.useful == "yes", why).await?;
    let address = format!("{}#turn-{}", home_path(access.conversation.language), opinion.number);
    Ok(Redirect::to(&address).into_response())
}

/// `POST /nou`: the browser forgets the conversation.
pub(crate) async fn leave(State(app): State<Arc<App>>, caller: Caller) -> Result<Response, PageProblem> {
    same_origin(&caller)?;
    let mut headers = HeaderMap::new();
    if let Ok(cookie) = cookie_end(app.parts.config.secure_cookies).parse() {
        headers.insert(SET_COOKIE, cookie);
    }
    Ok((headers, Redirect::to(&home_path(caller.language))).into_response())
}

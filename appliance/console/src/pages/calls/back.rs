//! Promises to ring somebody, as operators move them: dialled now, no longer needed, made anew from a conversation.

use axum::extract::{Form, Path, State};
use axum::response::{IntoResponse, Redirect, Response};
use desk::call_back::{CallBack, CallBackReason, CallBackState};
use desk::contact::Channel;
use desk::ids::{CallBackId, ConversationId, IdempotencyKey};
use desk::operator::Operator;
use desk::phone_number::PhoneNumber;
use desk::ports::{PortError, PortResult};
use jiff::SignedDuration;
use serde::Deserialize;

use crate::auth::signed_in::SignedIn;
use crate::pages::conversation;
use crate::pages::notice::Notice;
use crate::pages::problem::Problem;
use crate::parts::App;
use crate::{access, calls};

/// How long an operator's own call-back may take before it is late.
const AT_ONCE: SignedDuration = SignedDuration::from_mins(30);

/// The version that the page showed.
#[derive(Deserialize)]
pub(crate) struct Seen {
    version: u64,
}

/// Has the citizen dialled now and connected to this operator.
pub(crate) async fn dial(
    State(app): State<App>,
    SignedIn(operator): SignedIn,
    Path(id): Path<CallBackId>,
    Form(seen): Form<Seen>,
) -> Result<Response, Problem> {
    seen_by(&app, &operator, id).await?;
    if operator.extension.is_none() {
        return Ok(back(Notice::NoExtension));
    }
    let dialled = app.parts.telephone.call_backs.dial_now(id, seen.version, operator.id).await;
    Ok(back(told(dialled, Notice::Dialling)?))
}

/// Nobody needs to be rung any more.
pub(crate) async fn cancel(
    State(app): State<App>,
    SignedIn(operator): SignedIn,
    Path(id): Path<CallBackId>,
    Form(seen): Form<Seen>,
) -> Result<Response, Problem> {
    seen_by(&app, &operator, id).await?;
    let cancelled = app.parts.telephone.call_backs.cancel(id, seen.version, operator.id).await;
    Ok(back(told(cancelled, Notice::CallBackCancelled)?))
}

/// What a conversation's page sends.
#[derive(Deserialize)]
pub(crate) struct Wanted {
    /// What a button pressed twice repeats.
    key: uuid::Uuid,
}

/// Rings the citizen of a telephone conversation whose case this operator has.
pub(crate) async fn promise(
    State(app): State<App>,
    SignedIn(operator): SignedIn,
    Path(id): Path<ConversationId>,
    Form(wanted): Form<Wanted>,
) -> Result<Response, Problem> {
    let sheet = conversation::Sheet::load(&app, &operator, id).await?;
    let Some(case) = sheet.case.as_ref().filter(|_| sheet.is_with(&operator)) else {
        return Ok(conversation::back(id, Notice::NotOpen));
    };
    if operator.extension.is_none() {
        return Ok(conversation::back(id, Notice::NoExtension));
    }
    if calls::on_the_line(&app, id).await?.is_some() {
        return Ok(conversation::back(id, Notice::OnTheLine));
    }
    let Some(number) = number(&app, id).await? else {
        return Ok(conversation::back(id, Notice::NoNumber));
    };
    let now = app.now();
    let new = CallBack {
        id: CallBackId::new(),
        case: case.id,
        number,
        department: case.department.clone(),
        language: sheet.conversation.language,
        reason: CallBackReason::Requested,
        not_before: now,
        not_after: now.checked_add(AT_ONCE).unwrap_or(now),
        next_at: now,
        state: CallBackState::Waiting,
        attempts: 0,
        last_call: None,
        operator: Some(operator.id),
        version: 1,
        created_at: now,
    };
    let key = IdempotencyKey(format!("operator:{}:{}", operator.id, wanted.key));
    app.parts.telephone.call_backs.promise(new, key).await?;
    Ok(conversation::back(id, Notice::Dialling))
}

/// Where the citizen can be rung: the number he called from last, or one that he gave.
async fn number(app: &App, id: ConversationId) -> PortResult<Option<PhoneNumber>> {
    let called = app.parts.telephone.calls.of_conversation(id).await?;
    if let Some(number) = called.into_iter().rev().find_map(|call| call.caller) {
        return Ok(Some(number));
    }
    let conversation = app.parts.conversations.conversation(id).await?;
    let contact = app.parts.conversations.contact(conversation.contact).await?;
    let phones = contact.addresses.iter().filter(|address| address.channel == Channel::Phone);
    Ok(phones.filter_map(|address| address.value.parse().ok()).next())
}

/// Only those of the department, and whoever sees all, move a promise.
async fn seen_by(app: &App, operator: &Operator, id: CallBackId) -> Result<(), Problem> {
    let stands = app.parts.telephone.call_backs.call_back(id).await?;
    if access::sees_all(operator) || operator.serves(&stands.department) { Ok(()) } else { Err(Problem::NotAllowed) }
}

fn told(result: PortResult<CallBack>, done: Notice) -> Result<Notice, Problem> {
    match result {
        Ok(_) => Ok(done),
        Err(PortError::Conflict { .. } | PortError::Refused(_)) => Ok(Notice::CallBackMoved),
        Err(error) => Err(error.into()),
    }
}

fn back(notice: Notice) -> Response {
    Redirect::to(&format!("/console/calls?notice={}", notice.code())).into_response()
}

//! What an operator does with a conversation. Every act is a compare-and-swap on the version that the page showed: whoever is
//! late is told who was faster, and loses nothing typed.

use axum::extract::{Form, Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use desk::contact::Channel;
use desk::conversation::{ConversationState, Owner};
use desk::ids::{ConversationId, IdempotencyKey, TurnId};
use desk::journal::Actor;
use desk::operator::Operator;
use desk::ports::PortError;
use desk::ports::conversations::NewReply;
use desk::ports::presence::Typist;
use desk::turn::{Author, Content, MAX_TEXT_CHARS, NewTurn};
use serde::Deserialize;
use ui::fill;

use super::load::Sheet;
use super::render::{Leftover, show};
use crate::auth::signed_in::SignedIn;
use crate::calls;
use crate::pages::notice::{Notice, NoticeLine};
use crate::pages::problem::Problem;
use crate::parts::App;
use crate::texts::texts;

/// The version that the page showed.
#[derive(Deserialize)]
pub(crate) struct Seen {
    version: u64,
}

/// The address of the conversation with a notice, at its end.
pub(crate) fn back(id: ConversationId, notice: Notice) -> Response {
    Redirect::to(&format!("/console/conversations/{id}?notice={}#end", notice.code())).into_response()
}

/// Makes the conversation this operator's.
pub(crate) async fn take(
    State(app): State<App>,
    signed_in: SignedIn,
    Path(id): Path<ConversationId>,
    Form(seen): Form<Seen>,
) -> Result<Response, Problem> {
    // The assistant would fall silent in the middle of a call: it is the call that is taken.
    if calls::on_the_line(&app, id).await?.is_some() {
        return Ok(back(id, Notice::OnTheLine));
    }
    let to = Owner::Operator(signed_in.0.id);
    transfer(&app, &signed_in, id, seen.version, to, Notice::Taken).await
}

/// Gives it back to the assistant.
pub(crate) async fn give_back(
    State(app): State<App>,
    signed_in: SignedIn,
    Path(id): Path<ConversationId>,
    Form(seen): Form<Seen>,
) -> Result<Response, Problem> {
    transfer(&app, &signed_in, id, seen.version, Owner::Assistant, Notice::GivenBack).await
}

/// Puts it into its department's queue again.
pub(crate) async fn queue(
    State(app): State<App>,
    signed_in: SignedIn,
    Path(id): Path<ConversationId>,
    Form(seen): Form<Seen>,
) -> Result<Response, Problem> {
    let sheet = Sheet::load(&app, &signed_in.0, id).await?;
    let to = Owner::Queue(sheet.queue(&app));
    transfer(&app, &signed_in, id, seen.version, to, Notice::Queued).await
}

async fn transfer(
    app: &App,
    signed_in: &SignedIn,
    id: ConversationId,
    version: u64,
    to: Owner,
    notice: Notice,
) -> Result<Response, Problem> {
    let sheet = Sheet::load(app, &signed_in.0, id).await?;
    // A button pressed twice, or the same page in two windows: it stands as wanted.
    if sheet.is_open() && sheet.conversation.owner == to {
        return Ok(back(id, notice));
    }
    match app.parts.conversations.transfer(id, version, to.clone(), signed_in.actor()).await {
        Ok(_) => Ok(back(id, notice)),
        Err(PortError::Conflict { .. } | PortError::Refused(_)) => late(app, &signed_in.0, id, String::new()).await,
        Err(error) => Err(error.into()),
    }
}

/// Ends the conversation.
pub(crate) async fn close(
    State(app): State<App>,
    signed_in: SignedIn,
    Path(id): Path<ConversationId>,
    Form(seen): Form<Seen>,
) -> Result<Response, Problem> {
    let sheet = Sheet::load(&app, &signed_in.0, id).await?;
    if !sheet.is_open() {
        return Ok(back(id, Notice::Closed));
    }
    end(&app, &signed_in.0, &sheet, seen.version, signed_in.actor(), Notice::Closed).await
}

async fn end(
    app: &App,
    operator: &Operator,
    sheet: &Sheet,
    version: u64,
    actor: Actor,
    notice: Notice,
) -> Result<Response, Problem> {
    let id = sheet.conversation.id;
    if !sheet.is_with(operator) {
        return late(app, operator, id, String::new()).await;
    }
    match app.parts.conversations.close(id, version, actor).await {
        Ok(_) => Ok(back(id, notice)),
        Err(PortError::Conflict { .. } | PortError::Refused(_)) => late(app, operator, id, String::new()).await,
        Err(error) => Err(error.into()),
    }
}

/// What is sent to the citizen.
#[derive(Deserialize)]
pub(crate) struct Reply {
    version: u64,
    key: uuid::Uuid,
    #[serde(default)]
    text: String,
    #[serde(default)]
    then: Then,
}

/// What follows the reply.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Then {
    #[default]
    Stay,
    Close,
}

/// Sends the citizen what was typed.
pub(crate) async fn reply(
    State(app): State<App>,
    signed_in: SignedIn,
    Path(id): Path<ConversationId>,
    Form(reply): Form<Reply>,
) -> Result<Response, Problem> {
    let operator = &signed_in.0;
    let t = texts(operator.language);
    // Browsers send lines with a carriage return; the turn keeps none.
    let text = reply.text.replace("\r\n", "\n").trim().to_owned();
    let reply_error: Option<&'static str> = if text.is_empty() {
        Some(&t.conversation.empty_reply)
    } else if text.chars().count() > MAX_TEXT_CHARS {
        Some(&t.conversation.long_reply)
    } else {
        None
    };
    if reply_error.is_some() {
        let leftover = Leftover { typed: reply.text, reply_error, notice: None };
        return show(&app, operator, id, None, StatusCode::UNPROCESSABLE_ENTITY, leftover).await;
    }
    let sheet = Sheet::load(&app, operator, id).await?;
    // Nobody would read it.
    if sheet.conversation.channel == Channel::Phone {
        let notice = Some(NoticeLine::warning(t.conversation.phone_text.clone()));
        let leftover = Leftover { typed: reply.text, reply_error: None, notice };
        return show(&app, operator, id, None, StatusCode::CONFLICT, leftover).await;
    }
    let new = NewReply {
        turn: NewTurn {
            id: TurnId::new(),
            conversation: id,
            author: Author::Operator(operator.id),
            language: sheet.conversation.language,
            content: Content::text(text),
            key: IdempotencyKey(format!("operator:{}:{}", operator.id, reply.key)),
        },
        expected_version: reply.version,
        owner: None,
        case: None,
        settles: None,
    };
    // The version alone does not say whose the conversation is: only its holder speaks. One that was closed goes on to the
    // database, which knows a repeated key from a new text.
    if !sheet.is_with(operator) {
        return late(&app, operator, id, reply.text).await;
    }
    let recorded = match app.parts.conversations.reply(new).await {
        Ok(recorded) => recorded,
        Err(PortError::Conflict { .. } | PortError::Refused(_)) => return late(&app, operator, id, reply.text).await,
        Err(error) => return Err(error.into()),
    };
    match reply.then {
        Then::Stay => Ok(back(id, Notice::Replied)),
        Then::Close if recorded.conversation.state == ConversationState::Closed => Ok(back(id, Notice::ReplyClosed)),
        Then::Close => {
            let version = recorded.conversation.version;
            let sheet = Sheet { conversation: recorded.conversation, case: sheet.case };
            end(&app, operator, &sheet, version, signed_in.actor(), Notice::ReplyClosed).await
        }
    }
}

/// The page as it stands for somebody who was late, with what was typed.
async fn late(app: &App, operator: &Operator, id: ConversationId, typed: String) -> Result<Response, Problem> {
    let t = texts(operator.language);
    let conversation = app.parts.conversations.conversation(id).await?;
    let notice = match (&conversation.state, &conversation.owner) {
        (ConversationState::Closed, _) => NoticeLine::of(Notice::NotOpen, t),
        (_, Owner::Operator(holder)) if *holder == operator.id => NoticeLine::of(Notice::ChangedByOther, t),
        (_, Owner::Operator(holder)) => {
            let name = app.parts.accounts.operator(*holder).await?.display_name;
            let text = if typed.is_empty() { &t.notice.taken_by } else { &t.notice.taken_by_typed };
            NoticeLine::warning(fill(text, &[("name", &name)]))
        }
        (_, Owner::Queue(_) | Owner::Assistant) => NoticeLine::warning(t.notice.taken_by_nobody.clone()),
    };
    let leftover = Leftover { notice: Some(notice), typed, reply_error: None };
    show(app, operator, id, None, StatusCode::CONFLICT, leftover).await
}

/// Tells the citizen that the holder of the conversation is typing.
pub(crate) async fn typing(
    State(app): State<App>,
    SignedIn(operator): SignedIn,
    Path(id): Path<ConversationId>,
) -> Result<StatusCode, Problem> {
    let sheet = Sheet::load(&app, &operator, id).await?;
    if sheet.is_open() && sheet.is_with(&operator) {
        app.parts.presence.typing(id, Typist::Operator(operator.id));
    }
    Ok(StatusCode::NO_CONTENT)
}

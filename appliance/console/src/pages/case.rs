//! What an operator does with a case: kind, department, level, priority; waiting, extension, forwarding.

use axum::extract::{Form, Path, State};
use axum::response::Response;
use desk::calendar::day_of;
use desk::case::{Case, CaseKind, Level, Priority};
use desk::conversation::{ConversationState, Owner};
use desk::ids::{CaseId, DepartmentId, IdempotencyKey, TurnId};
use desk::journal::Event;
use desk::ports::PortError;
use desk::ports::conversations::NewReply;
use desk::registry::RegistryEntry;
use desk::turn::{Author, Content, NewTurn};
use serde::Deserialize;
use ui::{dates, fill};

use crate::amend::{self, Amendment};
use crate::auth::signed_in::SignedIn;
use crate::pages::conversation::{Sheet, back};
use crate::pages::notice::Notice;
use crate::pages::problem::Problem;
use crate::parts::App;
use crate::texts::texts;

/// The longest name of a body to which a case is forwarded.
const MAX_BODY_CHARS: usize = 200;

#[derive(Deserialize)]
pub(crate) struct Seen {
    version: u64,
}

#[derive(Deserialize)]
pub(crate) struct Changed {
    version: u64,
    kind: CaseKind,
    department: String,
    level: Level,
    priority: Priority,
}

#[derive(Deserialize)]
pub(crate) struct Extended {
    version: u64,
    term: String,
}

#[derive(Deserialize)]
pub(crate) struct Forwarded {
    version: u64,
    #[serde(default)]
    body: String,
}

/// The case as the page showed it, with its conversation.
async fn load(app: &App, signed_in: &SignedIn, id: CaseId) -> Result<(Case, Sheet), Problem> {
    let case = app.parts.cases.case(id).await?;
    let sheet = Sheet::load(app, &signed_in.0, case.conversation).await?;
    Ok((case, sheet))
}

/// Writes the case if it still stands as the page showed it.
async fn write(app: &App, signed_in: &SignedIn, case: Case, done: Notice) -> Result<Response, Problem> {
    let conversation = case.conversation;
    match app.parts.cases.update(case, signed_in.actor(), Event::CaseChanged, None).await {
        Ok(_) => Ok(back(conversation, done)),
        Err(PortError::Conflict { .. }) => Ok(back(conversation, Notice::ChangedByOther)),
        Err(error) => Err(error.into()),
    }
}

/// Saves kind, department, level and priority. A registered kind gets its number; a queue's conversation goes along.
pub(crate) async fn change(
    State(app): State<App>,
    signed_in: SignedIn,
    Path(id): Path<CaseId>,
    Form(changed): Form<Changed>,
) -> Result<Response, Problem> {
    let (mut case, sheet) = load(&app, &signed_in, id).await?;
    let department = DepartmentId(changed.department);
    let known = app.config().departments.0.iter().any(|one| one.id == department);
    if !known && department != case.department {
        return Err(Problem::BadRequest);
    }
    if case.version != changed.version {
        return Ok(back(case.conversation, Notice::ChangedByOther));
    }
    let amendment = Amendment { kind: changed.kind, department, level: changed.level, priority: changed.priority };
    if !amend::amend(&mut case, &amendment, &app.parts.terms, app.now()) {
        return Ok(back(case.conversation, Notice::Already));
    }
    let wants_number = case.kind.is_registered() && case.registered.is_none();
    let (case_id, queue) = (case.id, case.department.clone());
    let response = write(&app, &signed_in, case, Notice::Changed).await?;
    if wants_number {
        register(&app, &signed_in, case_id).await?;
    }
    let conversation = &sheet.conversation;
    if matches!(&conversation.owner, Owner::Queue(old) if *old != queue) {
        let to = Owner::Queue(queue);
        match app.parts.conversations.transfer(conversation.id, conversation.version, to, signed_in.actor()).await {
            // Somebody took it meanwhile: it is with a person, which is what a queue is for.
            Ok(_) | Err(PortError::Conflict { .. } | PortError::Refused(_)) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(response)
}

/// Gives the case its number if it is still of a registered kind. The day is that of the registration, not of the question.
async fn register(app: &App, signed_in: &SignedIn, id: CaseId) -> Result<(), Problem> {
    let case = app.parts.cases.case(id).await?;
    if case.kind.is_registered() && case.registered.is_none() {
        let entry = RegistryEntry {
            case: id,
            block: app.config().block.clone(),
            day: day_of(app.now()),
            department: case.department,
            annexes: 0,
        };
        app.parts.cases.register(entry, signed_in.actor()).await?;
    }
    Ok(())
}

/// We wait for the citizen: terms that may pause do.
pub(crate) async fn wait(
    State(app): State<App>,
    signed_in: SignedIn,
    Path(id): Path<CaseId>,
    Form(seen): Form<Seen>,
) -> Result<Response, Problem> {
    let (mut case, _) = load(&app, &signed_in, id).await?;
    if case.version != seen.version || amend::wait(&mut case, app.now()).is_err() {
        return Ok(back(case.conversation, Notice::ChangedByOther));
    }
    write(&app, &signed_in, case, Notice::Waiting).await
}

/// We wait no longer.
pub(crate) async fn resume(
    State(app): State<App>,
    signed_in: SignedIn,
    Path(id): Path<CaseId>,
    Form(seen): Form<Seen>,
) -> Result<Response, Problem> {
    let (mut case, _) = load(&app, &signed_in, id).await?;
    if case.version != seen.version || amend::resume(&mut case, app.now()).is_err() {
        return Ok(back(case.conversation, Notice::ChangedByOther));
    }
    write(&app, &signed_in, case, Notice::Resumed).await
}

/// Extends a term once, as its rule allows.
pub(crate) async fn extend(
    State(app): State<App>,
    signed_in: SignedIn,
    Path(id): Path<CaseId>,
    Form(extended): Form<Extended>,
) -> Result<Response, Problem> {
    let (mut case, _) = load(&app, &signed_in, id).await?;
    let stale = case.version != extended.version;
    if stale || amend::extend(&mut case, &extended.term, &app.parts.terms, app.now()).is_err() {
        return Ok(back(case.conversation, Notice::ChangedByOther));
    }
    write(&app, &signed_in, case, Notice::Extended).await
}

/// Sends the case to the body whose matter it is: the citizen is told first, then our terms end. Both steps are harmless when
/// repeated, so that a failure between them is mended by pressing again.
pub(crate) async fn forward(
    State(app): State<App>,
    signed_in: SignedIn,
    Path(id): Path<CaseId>,
    Form(forwarded): Form<Forwarded>,
) -> Result<Response, Problem> {
    let (mut case, sheet) = load(&app, &signed_in, id).await?;
    let body = forwarded.body.split_whitespace().collect::<Vec<_>>().join(" ");
    if !(3..=MAX_BODY_CHARS).contains(&body.chars().count()) {
        return Err(Problem::BadRequest);
    }
    let holds = sheet.is_with(&signed_in.0) && sheet.conversation.state == ConversationState::Open;
    let now = app.now();
    if !holds || case.version != forwarded.version || amend::forward(&mut case, now).is_err() {
        return Ok(back(case.conversation, Notice::ChangedByOther));
    }
    let language = sheet.conversation.language;
    let text = fill(
        &texts(language).citizen.forwarded,
        &[("body", &body), ("date", &dates::date(day_of(now), language)), ("reference", &case.reference.to_string())],
    );
    let told = NewReply {
        turn: NewTurn {
            id: TurnId::new(),
            conversation: case.conversation,
            author: Author::Operator(signed_in.0.id),
            language,
            content: Content::text(text),
            key: IdempotencyKey(format!("forwarded:{}:{}", case.id, case.version)),
        },
        expected_version: sheet.conversation.version,
        owner: None,
        case: None,
        settles: None,
    };
    match app.parts.conversations.reply(told).await {
        Ok(_) => {}
        Err(PortError::Conflict { .. }) => return Ok(back(case.conversation, Notice::ChangedByOther)),
        Err(error) => return Err(error.into()),
    }
    // The reply may count as a change of the case too: its content decides, not the version read before it.
    let mut case = app.parts.cases.case(id).await?;
    if amend::forward(&mut case, now).is_err() {
        return Ok(back(case.conversation, Notice::ChangedByOther));
    }
    write(&app, &signed_in, case, Notice::Forwarded).await
}

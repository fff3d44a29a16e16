//! What an operator does with a live call. His role is looked at here; whether the call stands so that it can be done, the
//! server that has it decides.

use axum::extract::{Form, Path, State};
use axum::response::{IntoResponse, Redirect, Response};
use desk::call::TransferTarget;
use desk::ids::{CallId, DepartmentId};
use desk::operator::Operator;
use desk::ports::live_calls::{CallCommand, CommandError, Supervision};
use serde::Deserialize;

use crate::access;
use crate::auth::signed_in::SignedIn;
use crate::calls::{self, Commanded, Sheet};
use crate::pages::notice::Notice;
use crate::pages::problem::Problem;
use crate::parts::App;

/// The buttons.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Button {
    TakeOver,
    ToDepartment,
    ToOperator,
    ToNumber,
    HangUp,
    Listen,
    Whisper,
    Join,
    Leave,
}

#[derive(Deserialize)]
pub(crate) struct Pressed {
    command: Button,
    #[serde(default)]
    department: String,
    #[serde(default)]
    operator: String,
    #[serde(default)]
    number: String,
}

pub(crate) async fn submit(
    State(app): State<App>,
    SignedIn(operator): SignedIn,
    Path(id): Path<CallId>,
    Form(pressed): Form<Pressed>,
) -> Result<Response, Problem> {
    let sheet = Sheet::load(&app, &operator, id).await?;
    if !sheet.goes_on() {
        return Ok(back(id, Notice::CallEnded));
    }
    let colleagues = calls::colleagues(&app, &operator).await?;
    let command = match understood(&app, &operator, &colleagues, &sheet, &pressed) {
        Ok(command) => command,
        Err(Refused::NotAllowed) => return Err(Problem::NotAllowed),
        Err(Refused::Notice(notice)) => return Ok(back(id, notice)),
    };
    let notice = match calls::command(&app, &operator, &sheet.call, command.clone()).await? {
        Commanded::Done => done(&command, sheet.supervises(operator.id)),
        Commanded::OnItsWay => Notice::OnItsWay,
        Commanded::Failed(error) => failed(error),
    };
    Ok(back(id, notice))
}

/// Why a button leads to no command.
enum Refused {
    NotAllowed,
    Notice(Notice),
}

fn understood(
    app: &App,
    operator: &Operator,
    colleagues: &[Operator],
    sheet: &Sheet,
    pressed: &Pressed,
) -> Result<CallCommand, Refused> {
    let abilities = app.parts.telephone.live.abilities();
    let rings = |command| operator.extension.as_ref().map(|_| command).ok_or(Refused::Notice(Notice::NoExtension));
    let supervise = |mode| {
        if abilities.supervision && access::may_supervise(operator) {
            rings(CallCommand::Supervise { mode })
        } else {
            Err(Refused::NotAllowed)
        }
    };
    match pressed.command {
        Button::TakeOver => rings(CallCommand::TakeOver),
        Button::ToDepartment => {
            let department = DepartmentId(pressed.department.clone());
            let known = app.config().departments.0.iter().any(|one| one.id == department);
            let target = known.then_some(CallCommand::Transfer(TransferTarget::Department(department)));
            target.ok_or(Refused::Notice(Notice::WrongTarget))
        }
        Button::ToOperator => {
            let chosen = colleagues.iter().find(|colleague| colleague.id.to_string() == pressed.operator);
            let target = chosen.map(|colleague| CallCommand::Transfer(TransferTarget::Operator(colleague.id)));
            target.ok_or(Refused::Notice(Notice::WrongTarget))
        }
        Button::ToNumber if !abilities.transfer_to_numbers => Err(Refused::NotAllowed),
        Button::ToNumber => {
            let number = pressed.number.parse().map_err(|_| Refused::Notice(Notice::WrongTarget))?;
            Ok(CallCommand::Transfer(TransferTarget::Number(number)))
        }
        Button::HangUp if access::may_hang_up(operator, sheet.standing()) => Ok(CallCommand::HangUp),
        Button::HangUp => Err(Refused::NotAllowed),
        Button::Listen => supervise(Supervision::Listen),
        Button::Whisper => supervise(Supervision::Whisper),
        Button::Join => supervise(Supervision::Join),
        Button::Leave => Ok(CallCommand::LeaveSupervision),
    }
}

/// `along`: whether this operator takes part already.
fn done(command: &CallCommand, along: bool) -> Notice {
    match command {
        CallCommand::TakeOver => Notice::YourPhoneRings,
        CallCommand::Supervise { .. } if along => Notice::PartChanged,
        CallCommand::Supervise { .. } => Notice::RingsToTakePart,
        CallCommand::Transfer(_) => Notice::Transferring,
        CallCommand::HangUp => Notice::HangingUp,
        CallCommand::LeaveSupervision => Notice::LeftCall,
    }
}

pub(crate) fn failed(error: CommandError) -> Notice {
    match error {
        CommandError::NotHere => Notice::CallEnded,
        CommandError::NoExtension => Notice::NoExtension,
        CommandError::NotAnswered => Notice::NotAnswered,
        CommandError::NotAllowed => Notice::NotAllowed,
        CommandError::NotNow => Notice::NotNow,
        CommandError::Failed => Notice::CommandFailed,
        CommandError::Expired => Notice::CommandExpired,
    }
}

fn back(id: CallId, notice: Notice) -> Response {
    Redirect::to(&format!("/console/calls/{id}?notice={}", notice.code())).into_response()
}

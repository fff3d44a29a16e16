//! Live calls wherever they are: this server's own from the telephone itself, the others' from the database; and commands
//! to them, which reach another server as intents.

use std::time::Duration;

use desk::call::{Call, Standing};
use desk::ids::{CallId, ConversationId, IntentId, OperatorId};
use desk::journal::{Actor, Event, NewEntry};
use desk::operator::Operator;
use desk::ports::calls::{CallFilter, CallScope};
use desk::ports::live_calls::{CallCommand, CallIntent, CommandError, IntentResult, LiveTranscript};
use desk::ports::{PortError, PortResult};

use crate::access;
use crate::parts::App;
use crate::view::call::Going;

/// How many live calls a page lists; more than this installation carries at once.
const LIVE: u32 = 1_000;
/// How long a page waits for another server's word on a command, and how often it looks.
const ANSWER: Duration = Duration::from_secs(4);
const LOOK: Duration = Duration::from_millis(150);

/// Every call that goes on and that `operator` may see, oldest first.
pub(crate) async fn going(app: &App, operator: &Operator) -> PortResult<Vec<Going>> {
    let telephone = &app.parts.telephone;
    let mut all: Vec<Going> = telephone.live.list().into_iter().map(|live| Going { live, here: true }).collect();
    let filter = CallFilter {
        scope: CallScope::Live,
        departments: access::departments(operator),
        limit: LIVE,
        ..CallFilter::default()
    };
    let kept = telephone.calls.list(filter).await?;
    // What this server has written of its own calls is older than what it knows.
    all.extend(kept.into_iter().filter(|call| call.server != telephone.server).map(Going::elsewhere));
    all.retain(|going| access::may_see_call(operator, going.live.department.as_ref(), &going.live.standing));
    all.sort_by_key(|going| (going.live.started_at, going.live.id));
    Ok(all)
}

/// One call, live or ended.
pub(crate) struct Sheet {
    /// As it is kept.
    pub(crate) call: Call,
    /// As it goes on here.
    pub(crate) live: Option<LiveTranscript>,
}

impl Sheet {
    /// Reads the call; `NotFound` where it is not this operator's to see, as where there is none.
    pub(crate) async fn load(app: &App, operator: &Operator, id: CallId) -> PortResult<Self> {
        let call = app.parts.telephone.calls.call(id).await?;
        let live = if call.ended.is_some() { None } else { app.parts.telephone.live.transcript(id) };
        let sheet = Self { call, live };
        if access::may_see_call(operator, sheet.department(), sheet.standing()) {
            Ok(sheet)
        } else {
            Err(PortError::NotFound { what: "the call" })
        }
    }

    pub(crate) fn goes_on(&self) -> bool {
        self.call.ended.is_none()
    }

    /// Who has the citizen, by whoever knows best.
    pub(crate) fn standing(&self) -> &Standing {
        self.live.as_ref().map_or(&self.call.standing, |live| &live.call.standing)
    }

    pub(crate) fn department(&self) -> Option<&desk::ids::DepartmentId> {
        let live = self.live.as_ref().and_then(|live| live.call.department.as_ref());
        live.or(self.call.department.as_ref())
    }

    /// Whether `operator` takes part in a call that another leads.
    pub(crate) fn supervises(&self, operator: OperatorId) -> bool {
        let mut along = self.live.iter().flat_map(|live| &live.call.supervisors);
        along.any(|one| one.operator == operator)
    }

    pub(crate) fn conversation(&self) -> Option<ConversationId> {
        self.live.as_ref().and_then(|live| live.call.conversation).or(self.call.conversation)
    }
}

/// The call in which the citizen of a conversation is on the line now.
pub(crate) async fn on_the_line(app: &App, conversation: ConversationId) -> PortResult<Option<Call>> {
    let calls = app.parts.telephone.calls.of_conversation(conversation).await?;
    Ok(calls.into_iter().find(|call| call.ended.is_none()))
}

/// The others of the staff who can be given a call, by name.
pub(crate) async fn colleagues(app: &App, operator: &Operator) -> PortResult<Vec<Operator>> {
    let mut colleagues = app.parts.accounts.all().await?;
    colleagues.retain(|one| one.active && one.extension.is_some() && one.id != operator.id);
    colleagues.sort_by(|one, other| one.display_name.cmp(&other.display_name));
    Ok(colleagues)
}

/// What became of a command.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Commanded {
    /// It is done, or under way.
    Done,
    /// Another server has it; its word is not here yet.
    OnItsWay,
    /// It could not begin.
    Failed(CommandError),
}

/// Gives `command` to the call; noted in the journal before anything happens.
pub(crate) async fn command(app: &App, by: &Operator, call: &Call, command: CallCommand) -> PortResult<Commanded> {
    let telephone = &app.parts.telephone;
    if call.server == telephone.server {
        let mut entry = NewEntry::new(Actor::Operator(by.id), Event::CallCommanded)
            .subject(call.id.to_string())
            .detail(format!("command={} server={}", command.name(), call.server));
        entry.conversation = call.conversation;
        app.parts.feed.note(entry).await?;
        return Ok(match telephone.live.command(call.id, by.id, command).await {
            Ok(()) => Commanded::Done,
            Err(error) => Commanded::Failed(error),
        });
    }
    let id = IntentId::new();
    let intent = CallIntent { id, call: call.id, server: call.server, by: by.id, command, at: app.now() };
    telephone.intents.post(intent).await?;
    let deadline = tokio::time::Instant::now() + ANSWER;
    while tokio::time::Instant::now() < deadline {
        match telephone.intents.result(id).await? {
            Some(IntentResult::Done) => return Ok(Commanded::Done),
            Some(IntentResult::Failed(error)) => return Ok(Commanded::Failed(error)),
            None => tokio::time::sleep(LOOK).await,
        }
    }
    Ok(Commanded::OnItsWay)
}

//! A conversation with all that its page shows, read for one operator.

use std::collections::HashMap;

use desk::call::Call;
use desk::case::Case;
use desk::contact::{Channel, Contact};
use desk::conversation::{Conversation, ConversationState, Owner};
use desk::ids::{ConversationId, DepartmentId, OperatorId, TurnId};
use desk::operator::Operator;
use desk::turn::{Feedback, Turn};

use crate::access;
use crate::pages::problem::Problem;
use crate::pages::queue::names;
use crate::parts::App;
use crate::queue::case_if_there;

/// How many turns a page shows at once.
pub(crate) const TURNS: u32 = 200;

/// A conversation with its case: enough to act on it.
pub(crate) struct Sheet {
    pub(crate) conversation: Conversation,
    pub(crate) case: Option<Case>,
}

impl Sheet {
    /// Reads it, if this account may see it.
    pub(crate) async fn load(app: &App, operator: &Operator, id: ConversationId) -> Result<Self, Problem> {
        let conversation = app.parts.conversations.conversation(id).await?;
        let case = match conversation.case {
            Some(case) => case_if_there(&*app.parts.cases, case).await?,
            None => None,
        };
        if access::may_see(operator, &conversation, case.as_ref()) {
            Ok(Self { conversation, case })
        } else {
            Err(Problem::NotAllowed)
        }
    }

    pub(crate) fn is_open(&self) -> bool {
        self.conversation.state == ConversationState::Open
    }

    pub(crate) fn is_with(&self, operator: &Operator) -> bool {
        self.conversation.owner == Owner::Operator(operator.id)
    }

    /// The queue that it goes back to.
    pub(crate) fn queue(&self, app: &App) -> DepartmentId {
        self.case.as_ref().map_or_else(|| app.config().departments.front_desk(), |case| case.department.clone())
    }
}

/// What the page shows beside the sheet.
pub(crate) struct Contents {
    pub(crate) contact: Contact,
    pub(crate) turns: Vec<Turn>,
    pub(crate) feedback: HashMap<TurnId, Feedback>,
    pub(crate) names: HashMap<OperatorId, String>,
    /// Where it is a telephone conversation.
    pub(crate) calls: Vec<Call>,
}

impl Contents {
    /// Reads the turns before number `before` (all up to now if `None`), and notes that this operator saw them.
    pub(crate) async fn load(
        app: &App,
        operator: &Operator,
        sheet: &Sheet,
        before: Option<u64>,
    ) -> Result<Self, Problem> {
        let conversation = &sheet.conversation;
        app.audit.viewed(&*app.parts.feed, operator.id, conversation.id, conversation.case, None, app.now()).await?;
        let before = before.unwrap_or(u64::MAX >> 1);
        let conversations = &*app.parts.conversations;
        Ok(Self {
            contact: conversations.contact(conversation.contact).await?,
            turns: conversations.turns_before(conversation.id, before, TURNS).await?,
            feedback: conversations.feedback_of(conversation.id).await?.into_iter().collect(),
            names: names(&*app.parts.accounts).await?,
            calls: match conversation.channel {
                Channel::Phone => app.parts.telephone.calls.of_conversation(conversation.id).await?,
                Channel::Chat | Channel::Email => Vec::new(),
            },
        })
    }
}

//! What waits for a person, what one holds, and what is open elsewhere, as one list in the order of urgency.

use std::cmp::Reverse;
use std::collections::HashMap;
use std::collections::hash_map::Entry;

use desk::case::{Case, Priority};
use desk::conversation::{Conversation, ConversationState, Owner};
use desk::ids::{ConversationId, DepartmentId};
use desk::operator::Operator;
use desk::ports::cases::{CaseFilter, Cases};
use desk::ports::conversations::{ConversationFilter, Conversations};
use desk::ports::{PortError, PortResult};
use jiff::Timestamp;

use crate::access;

/// How many a list reads; those less urgent come into view as these are settled.
pub(crate) const LIMIT: u32 = 300;

/// A conversation with the case that it became.
#[derive(Debug, Clone)]
pub(crate) struct Item {
    pub(crate) conversation: Conversation,
    pub(crate) case: Option<Case>,
}

/// Where an item stands for one operator.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    /// In a queue: nobody has it.
    Waiting,
    /// With this operator.
    Mine,
    /// With a colleague.
    Elsewhere,
    /// The assistant answers on while the case is open.
    Assistant,
}

impl Item {
    pub(crate) fn place(&self, operator: &Operator) -> Place {
        match &self.conversation.owner {
            Owner::Queue(_) => Place::Waiting,
            Owner::Operator(holder) if *holder == operator.id => Place::Mine,
            Owner::Operator(_) => Place::Elsewhere,
            Owner::Assistant => Place::Assistant,
        }
    }

    pub(crate) fn in_department(&self, department: &DepartmentId) -> bool {
        self.case.as_ref().is_some_and(|case| case.department == *department)
            || matches!(&self.conversation.owner, Owner::Queue(queue) if queue == department)
    }

    /// Urgent first; then what is due first; then who has waited longest.
    fn urgency(&self) -> (Reverse<Priority>, Timestamp, Timestamp, ConversationId) {
        let priority = self.case.as_ref().map_or(Priority::Normal, |case| case.priority);
        let due = self.case.as_ref().and_then(Case::due).unwrap_or(Timestamp::MAX);
        let since = self.conversation.waiting_since.unwrap_or(Timestamp::MAX);
        (Reverse(priority), due, since, self.conversation.id)
    }
}

/// Everything open that `operator` may see, in the order of urgency.
pub(crate) async fn items(
    conversations: &dyn Conversations,
    cases: &dyn Cases,
    operator: &Operator,
) -> PortResult<Vec<Item>> {
    let departments = access::departments(operator);
    let open = CaseFilter { departments: departments.clone(), open: true, limit: LIMIT, ..CaseFilter::default() };
    let mut found: HashMap<ConversationId, Item> = HashMap::new();
    for case in cases.list(open).await? {
        let conversation = conversations.conversation(case.conversation).await?;
        found.insert(conversation.id, Item { conversation, case: Some(case) });
    }
    let queued = ConversationFilter { queues: departments, waiting: true, open: true, limit: LIMIT, operator: None };
    let held = ConversationFilter { operator: Some(operator.id), open: true, limit: LIMIT, ..Default::default() };
    for filter in [queued, held] {
        for conversation in conversations.list(filter).await? {
            if let Entry::Vacant(place) = found.entry(conversation.id) {
                let case = match conversation.case {
                    Some(id) => case_if_there(cases, id).await?,
                    None => None,
                };
                place.insert(Item { conversation, case });
            }
        }
    }
    let mut items: Vec<Item> = found.into_values().filter(belongs).collect();
    items.sort_by_key(Item::urgency);
    Ok(items)
}

/// A closed conversation is listed only while its case is still open: somebody owes something.
fn belongs(item: &Item) -> bool {
    item.conversation.state == ConversationState::Open || item.case.as_ref().is_some_and(|case| case.state.is_open())
}

/// The case, unless it is gone.
pub(crate) async fn case_if_there(cases: &dyn Cases, id: desk::ids::CaseId) -> PortResult<Option<Case>> {
    match cases.case(id).await {
        Ok(case) => Ok(Some(case)),
        Err(PortError::NotFound { .. }) => Ok(None),
        Err(error) => Err(error),
    }
}

//! What an account may see: its departments' matters, and what it holds itself; supervisors see all.

use desk::call::{Call, Standing};
use desk::case::Case;
use desk::conversation::{Conversation, Owner};
use desk::ids::DepartmentId;
use desk::operator::{Operator, Role};

/// Whether `operator` may open the conversation.
pub(crate) fn may_see(operator: &Operator, conversation: &Conversation, case: Option<&Case>) -> bool {
    if sees_all(operator) {
        return true;
    }
    let queued = match &conversation.owner {
        Owner::Operator(holder) if *holder == operator.id => return true,
        Owner::Queue(department) => operator.serves(department),
        Owner::Operator(_) | Owner::Assistant => false,
    };
    queued || case.is_some_and(|case| operator.serves(&case.department) || case.assignee == Some(operator.id))
}

/// Whether every department's matters are this account's to see.
pub(crate) fn sees_all(operator: &Operator) -> bool {
    operator.role >= Role::Supervisor || operator.departments.is_empty()
}

/// The departments to ask the database for; `None`: all.
pub(crate) fn departments(operator: &Operator) -> Option<Vec<DepartmentId>> {
    (!sees_all(operator)).then(|| operator.departments.clone())
}

/// Whether `operator` may open the call: one of his departments, one that is nobody's yet, or one that he has.
pub(crate) fn may_see_call(operator: &Operator, department: Option<&DepartmentId>, standing: &Standing) -> bool {
    sees_all(operator)
        || department.is_none_or(|department| operator.serves(department))
        || *standing == (Standing::WithPerson { operator: Some(operator.id) })
}

/// Whether `operator` may hear the recording of a call.
pub(crate) fn may_hear(operator: &Operator, call: &Call) -> bool {
    operator.role >= Role::Supervisor && call.recording.is_kept()
}

/// Whether `operator` may take part in calls that others lead.
pub(crate) fn may_supervise(operator: &Operator) -> bool {
    operator.role >= Role::Supervisor
}

/// Whether `operator` may end a call that stands so: a supervisor any, others the one that they have.
pub(crate) fn may_hang_up(operator: &Operator, standing: &Standing) -> bool {
    operator.role >= Role::Supervisor || *standing == (Standing::WithPerson { operator: Some(operator.id) })
}

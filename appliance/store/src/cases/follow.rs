//! How a case follows its conversation: a new owner, the citizen's return, the end.

use desk::case::{Case, CaseState};
use desk::conversation::Owner;
use desk::ids::CaseId;
use desk::journal::{Actor, Event, NewEntry};
use jiff::Timestamp;

use super::rows::{case, put_changed, select_cases};
use crate::columns;
use crate::error::{StoreError, StoreResult};
use crate::store::Store;
use crate::write::Write;

/// The case as this server has it; what is written on it is checked by its version.
async fn stored(store: &Store, id: CaseId) -> StoreResult<Option<Case>> {
    let sql = select_cases!("WHERE c.id = ?1");
    match store.read(sql, vec![id.0.into()], case).await?.pop() {
        Some(case) => Ok(Some(case)),
        None => Ok(store.read_latest(sql, vec![id.0.into()], case).await?.pop()),
    }
}

fn put(write: &mut Write, before: &Case, mut after: Case, actor: Actor, now: Timestamp) -> StoreResult<()> {
    after.version = before.version + 1;
    after.updated_at = now;
    put_changed(write, before.version, &after)?;
    let entry = NewEntry::new(actor, Event::CaseChanged)
        .conversation(after.conversation)
        .case(after.id)
        .detail(format!("state={} version={}", columns::name("a state", &after.state)?, after.version));
    write.journal(entry, now)
}

/// The case's assignee, department and state follow the conversation's owner while it is open.
pub(crate) async fn follow_owner(
    store: &Store,
    write: &mut Write,
    id: CaseId,
    owner: &Owner,
    now: Timestamp,
) -> StoreResult<()> {
    let before = stored(store, id).await?.ok_or(StoreError::Lost("the case"))?;
    if !before.state.is_open() {
        return Ok(());
    }
    let mut after = before.clone();
    match owner {
        Owner::Operator(operator) => {
            after.assignee = Some(*operator);
            if after.state == CaseState::New {
                after.state = CaseState::InProgress;
            }
        }
        Owner::Queue(_) | Owner::Assistant => {
            after.assignee = None;
            if after.state == CaseState::InProgress {
                after.state = CaseState::New;
            }
        }
    }
    if let Owner::Queue(department) = owner {
        after.department = department.clone();
    }
    if after == before { Ok(()) } else { put(write, &before, after, Actor::System, now) }
}

/// A case that waited for the citizen goes on, and its clocks with it.
pub(crate) async fn citizen_came_back(store: &Store, write: &mut Write, id: CaseId, now: Timestamp) -> StoreResult<()> {
    let before = stored(store, id).await?.ok_or(StoreError::Lost("the case"))?;
    if before.state != CaseState::WaitingForCitizen {
        return Ok(());
    }
    let mut after = before.clone();
    after.state = if after.assignee.is_some() { CaseState::InProgress } else { CaseState::New };
    for clock in &mut after.clocks {
        clock.resume(now);
    }
    put(write, &before, after, Actor::Citizen, now)
}

/// An open case is resolved and its clocks are met.
pub(crate) async fn resolve(
    store: &Store,
    write: &mut Write,
    id: CaseId,
    actor: Actor,
    now: Timestamp,
) -> StoreResult<()> {
    let before = stored(store, id).await?.ok_or(StoreError::Lost("the case"))?;
    if !before.state.is_open() {
        return Ok(());
    }
    let mut after = before.clone();
    after.state = CaseState::Resolved;
    for clock in &mut after.clocks {
        clock.meet(now);
    }
    put(write, &before, after, actor, now)
}

/// An open case goes up by a level; `mark` says why.
pub(crate) async fn raise(store: &Store, write: &mut Write, id: CaseId, mark: &str, now: Timestamp) -> StoreResult<()> {
    let before = stored(store, id).await?.ok_or(StoreError::Lost("the case"))?;
    if !before.state.is_open() {
        return Ok(());
    }
    let after = Case { level: before.level.up(), version: before.version + 1, updated_at: now, ..before.clone() };
    put_changed(write, before.version, &after)?;
    write.run(
        "INSERT INTO case_marks (case_id, mark, at) VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING",
        vec![id.0.into(), mark.into(), columns::time(now)],
    );
    let entry = NewEntry::new(Actor::System, Event::CaseEscalated)
        .conversation(after.conversation)
        .case(id)
        .subject(mark)
        .detail(format!("level={} version={}", columns::name("a level", &after.level)?, after.version));
    write.journal(entry, now)
}

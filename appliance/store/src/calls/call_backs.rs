//! Promises to ring somebody: the desk's [`CallBacks`] in the database.

use async_trait::async_trait;
use desk::call_back::{CallBack, CallBackState};
use desk::ids::{CallBackId, CallId, CaseId, DepartmentId, IdempotencyKey, OperatorId};
use desk::journal::{Actor, Event, NewEntry};
use desk::ports::call_backs::{Attempted, CallBackFilter, CallBacks, check_operator_may_change};
use desk::ports::{PortError, PortResult};
use hiqlite::Params;
use jiff::Timestamp;

use crate::cases;
use crate::columns::{self, Columns};
use crate::error::{StoreError, StoreResult};
use crate::leases::{CALL_BACK_LEASE, Fence};
use crate::store::Store;
use crate::write::Write;

/// Promises to ring somebody, in the database.
#[derive(Debug, Clone)]
pub struct CallBackRepository {
    store: Store,
}

impl Store {
    /// Promises to ring somebody, in the database.
    #[must_use]
    pub fn call_backs(&self) -> CallBackRepository {
        CallBackRepository { store: self.clone() }
    }
}

macro_rules! select_call_backs {
    ($rest:literal) => {
        concat!(
            "SELECT id, case_id, number, department, language, reason, not_before, not_after, next_at, state, attempts,
             last_call, operator, version, created_at FROM call_backs ",
            $rest
        )
    };
}

fn call_back(row: &mut Columns<'_, '_>) -> StoreResult<CallBack> {
    Ok(CallBack {
        id: CallBackId(row.uuid("id")?),
        case: CaseId(row.uuid("case_id")?),
        number: row.parsed("number")?,
        department: DepartmentId(row.text("department")?),
        language: row.parsed("language")?,
        reason: row.name("reason")?,
        not_before: row.time("not_before")?,
        not_after: row.time("not_after")?,
        next_at: row.time("next_at")?,
        state: row.name("state")?,
        attempts: u32::try_from(row.count("attempts")?).unwrap_or(u32::MAX),
        last_call: row.uuid_if_any("last_call")?.map(CallId),
        operator: row.uuid_if_any("operator")?.map(OperatorId),
        version: row.count("version")?,
        created_at: row.time("created_at")?,
    })
}

fn note(actor: Actor, id: CallBackId, what: &str) -> NewEntry {
    NewEntry::new(actor, Event::CallBackChanged).subject(id.to_string()).detail(what)
}

impl CallBackRepository {
    async fn latest(&self, sql: &'static str, params: Params) -> PortResult<CallBack> {
        let found = self.store.read_latest(sql, params, call_back).await?.pop();
        found.ok_or(PortError::NotFound { what: "the call-back" })
    }

    /// Applies a compare-and-swap and returns what stands after it.
    async fn swap(&self, id: CallBackId, write: Write) -> PortResult<CallBack> {
        match self.store.apply(write).await {
            Ok(()) => self.latest(select_call_backs!("WHERE id = ?1"), vec![id.0.into()]).await,
            Err(StoreError::Lost("the lease")) => {
                Err(PortError::Refused("the call-backs' lease has gone to another server".to_owned()))
            }
            Err(error) => Err(error.into()),
        }
    }

    /// As [`Self::swap`], for an operator: says why he may not, where that is the cause.
    async fn swap_for_operator(&self, id: CallBackId, write: Write) -> PortResult<CallBack> {
        match self.swap(id, write).await {
            Err(conflict @ PortError::Conflict { .. }) => {
                let stands = self.latest(select_call_backs!("WHERE id = ?1"), vec![id.0.into()]).await?;
                check_operator_may_change(stands.state)?;
                Err(conflict)
            }
            result => result,
        }
    }
}

#[async_trait]
impl CallBacks for CallBackRepository {
    async fn promise(&self, new: CallBack, key: IdempotencyKey) -> PortResult<CallBack> {
        let mut write = Write::new();
        write.run(
            "INSERT INTO call_backs (id, key, case_id, number, department, language, reason, not_before, not_after, next_at,
             state, attempts, last_call, operator, version, created_at)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16)",
            vec![
                new.id.0.into(),
                key.0.clone().into(),
                new.case.0.into(),
                new.number.as_str().into(),
                new.department.0.clone().into(),
                new.language.code().into(),
                columns::name("a reason", &new.reason)?.into(),
                columns::time(new.not_before),
                columns::time(new.not_after),
                columns::time(new.next_at),
                columns::name("a state", &new.state)?.into(),
                new.attempts.into(),
                columns::uuid_if_any(new.last_call.map(|call| call.0)),
                columns::uuid_if_any(new.operator.map(|operator| operator.0)),
                columns::count(new.version),
                columns::time(new.created_at),
            ],
        );
        write.journal(note(Actor::System, new.id, "promised").case(new.case), self.store.now())?;
        match self.store.apply(write).await {
            Ok(()) => Ok(new),
            Err(StoreError::Clash(_)) => self.latest(select_call_backs!("WHERE key = ?1"), vec![key.0.into()]).await,
            Err(error) => Err(error.into()),
        }
    }

    async fn call_back(&self, id: CallBackId) -> PortResult<CallBack> {
        let sql = select_call_backs!("WHERE id = ?1");
        match self.store.read(sql, vec![id.0.into()], call_back).await?.pop() {
            Some(found) => Ok(found),
            None => self.latest(sql, vec![id.0.into()]).await,
        }
    }

    async fn due(&self, now: Timestamp, limit: u32) -> PortResult<Vec<CallBack>> {
        let sql = select_call_backs!(
            "WHERE state IN ('waiting', 'dialling') AND next_at <= ?1 ORDER BY next_at, id LIMIT ?2"
        );
        Ok(self.store.read(sql, vec![columns::time(now), limit.into()], call_back).await?)
    }

    async fn take(
        &self,
        id: CallBackId,
        version: u64,
        epoch: u64,
        call: CallId,
        until: Timestamp,
    ) -> PortResult<CallBack> {
        let mut write = Write::new();
        Fence::new(CALL_BACK_LEASE, epoch).require(&mut write);
        write.require(
            "the call-back",
            "UPDATE call_backs SET state = 'dialling', attempts = attempts + 1, last_call = ?3, next_at = ?4,
             version = version + 1
             WHERE id = ?1 AND version = ?2 AND state IN ('waiting', 'dialling') RETURNING id",
            vec![id.0.into(), columns::count(version), call.0.into(), columns::time(until)],
        );
        write.journal(note(Actor::System, id, &format!("dialling call={call}")), self.store.now())?;
        self.swap(id, write).await
    }

    async fn settle(&self, id: CallBackId, version: u64, outcome: Attempted) -> PortResult<CallBack> {
        let before = self.call_back(id).await?;
        let (state, next_at, what) = match outcome {
            Attempted::Kept => (CallBackState::Kept, None, "kept"),
            Attempted::Again(at) => (CallBackState::Waiting, Some(at), "again"),
            Attempted::GivenUp => (CallBackState::GivenUp, None, "given up"),
        };
        let now = self.store.now();
        let mut write = Write::new();
        write.require(
            "the call-back",
            "UPDATE call_backs SET state = ?3, next_at = COALESCE(?4, next_at), version = version + 1
             WHERE id = ?1 AND version = ?2 AND state = 'dialling' RETURNING id",
            vec![
                id.0.into(),
                columns::count(version),
                columns::name("a state", &state)?.into(),
                columns::time_if_any(next_at),
            ],
        );
        if outcome == Attempted::GivenUp {
            cases::raise(&self.store, &mut write, before.case, &format!("call_back:{id}"), now).await?;
        }
        write.journal(note(Actor::System, id, what).case(before.case), now)?;
        self.swap(id, write).await
    }

    async fn dial_now(&self, id: CallBackId, version: u64, by: OperatorId) -> PortResult<CallBack> {
        let now = self.store.now();
        let mut write = Write::new();
        write.require(
            "the call-back",
            "UPDATE call_backs SET next_at = ?3, operator = ?4, version = version + 1
             WHERE id = ?1 AND version = ?2 AND state = 'waiting' RETURNING id",
            vec![id.0.into(), columns::count(version), columns::time(now), by.0.into()],
        );
        write.journal(note(Actor::Operator(by), id, "dial now"), now)?;
        self.swap_for_operator(id, write).await
    }

    async fn cancel(&self, id: CallBackId, version: u64, by: OperatorId) -> PortResult<CallBack> {
        let mut write = Write::new();
        write.require(
            "the call-back",
            "UPDATE call_backs SET state = 'cancelled', version = version + 1
             WHERE id = ?1 AND version = ?2 AND state = 'waiting' RETURNING id",
            vec![id.0.into(), columns::count(version)],
        );
        write.journal(note(Actor::Operator(by), id, "cancelled"), self.store.now())?;
        self.swap_for_operator(id, write).await
    }

    async fn list(&self, filter: CallBackFilter) -> PortResult<Vec<CallBack>> {
        let (mut parts, mut params) = (vec!["1 = 1".to_owned()], Params::new());
        if let Some(departments) = &filter.departments {
            params.push(columns::json("departments", departments)?.into());
            parts.push(format!("department IN (SELECT value FROM json_each(?{}))", params.len()));
        }
        if let Some(case) = filter.case {
            params.push(case.0.into());
            parts.push(format!("case_id = ?{}", params.len()));
        }
        let order = if filter.open {
            parts.push("state IN ('waiting', 'dialling')".to_owned());
            "not_after, id"
        } else {
            "created_at DESC, id"
        };
        params.push(filter.limit.into());
        let sql =
            format!("{} {} ORDER BY {order} LIMIT ?{}", select_call_backs!("WHERE"), parts.join(" AND "), params.len());
        Ok(self.store.read(sql, params, call_back).await?)
    }
}

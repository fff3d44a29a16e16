//! Cases and their registry numbers: the desk's [`Cases`] in the database.

mod follow;
mod registry;
mod rows;

use std::collections::HashMap;

use async_trait::async_trait;
use desk::case::Case;
use desk::conversation::Conversation;
use desk::ids::{CaseId, ConversationId};
use desk::journal::{Actor, Event, NewEntry};
use desk::ports::cases::{CaseFilter, Cases};
use desk::ports::{PortError, PortResult};
use desk::reference::Reference;
use desk::registry::{RegistryEntry, RegistryNumber};
use desk::watchdog::Watched;
use hiqlite::Params;

pub(crate) use self::follow::{citizen_came_back, follow_owner, raise, resolve};
pub(crate) use self::rows::put_new;
use self::rows::{case, put_changed, select_cases};
use crate::columns;
use crate::conversations::rows::{conversation, select_conversations};
use crate::error::StoreError;
use crate::store::Store;
use crate::write::Write;

/// Cases in the database.
#[derive(Debug, Clone)]
pub struct CaseRepository {
    store: Store,
}

impl Store {
    /// Cases in the database.
    #[must_use]
    pub fn cases(&self) -> CaseRepository {
        CaseRepository { store: self.clone() }
    }
}

impl CaseRepository {
    /// The one row of `sql`; asked of the leader if this server does not have it yet.
    async fn one(&self, sql: &'static str, params: Params) -> PortResult<Case> {
        if let Some(found) = self.store.read(sql, params.clone(), case).await?.pop() {
            return Ok(found);
        }
        let found = self.store.read_latest(sql, params, case).await?.pop();
        found.ok_or(PortError::NotFound { what: "the case" })
    }
}

#[async_trait]
impl Cases for CaseRepository {
    async fn case(&self, id: CaseId) -> PortResult<Case> {
        self.one(select_cases!("WHERE c.id = ?1"), vec![id.0.into()]).await
    }

    async fn by_reference(&self, reference: Reference) -> PortResult<Case> {
        self.one(select_cases!("WHERE c.reference = ?1"), vec![String::from(reference).into()]).await
    }

    async fn list(&self, filter: CaseFilter) -> PortResult<Vec<Case>> {
        let (mut parts, mut params) = (Vec::new(), Params::new());
        if filter.open {
            parts.push("c.open = 1".to_owned());
        }
        if let Some(departments) = &filter.departments {
            params.push(columns::json("departments", departments)?.into());
            parts.push(format!("c.department IN (SELECT value FROM json_each(?{}))", params.len()));
        }
        if let Some(assignee) = filter.assignee {
            params.push(assignee.0.into());
            parts.push(format!("c.assignee = ?{}", params.len()));
        }
        if let Some(contact) = filter.contact {
            params.push(contact.0.into());
            parts.push(format!("c.contact = ?{}", params.len()));
        }
        let condition = if parts.is_empty() { String::new() } else { format!("WHERE {}", parts.join(" AND ")) };
        params.push(filter.limit.into());
        let sql =
            format!("{} {condition} ORDER BY c.priority DESC, c.due, c.id LIMIT ?{}", select_cases!(""), params.len());
        Ok(self.store.read(sql, params, case).await?)
    }

    async fn update(&self, case: Case, actor: Actor, event: Event, mark: Option<String>) -> PortResult<Case> {
        let stored = self.case(case.id).await?;
        if stored.version != case.version {
            // Older than this server's copy, or newer: only the write can tell, and it does.
            tracing::trace!(case = %case.id, "a case is written on a version that is not the one here");
        } else if stored.state != case.state {
            stored.state.check_move(case.state).map_err(|error| PortError::Refused(error.to_string()))?;
        }
        let now = self.store.now();
        let before = case.version;
        let case = Case { version: before + 1, updated_at: now, ..case };
        let mut write = Write::new();
        put_changed(&mut write, before, &case)?;
        let detail = format!(
            "state={} level={} department={} version={}",
            columns::name("a state", &case.state)?,
            columns::name("a level", &case.level)?,
            case.department,
            case.version
        );
        let mut entry = NewEntry::new(actor, event).conversation(case.conversation).case(case.id).detail(detail);
        if let Some(mark) = mark {
            write.run(
                "INSERT INTO case_marks (case_id, mark, at) VALUES (?1, ?2, ?3)",
                vec![case.id.0.into(), mark.clone().into(), columns::time(now)],
            );
            entry = entry.subject(mark);
        }
        write.journal(entry, now)?;
        match self.store.apply(write).await {
            Ok(()) => Ok(case),
            // The mark is there: another has done it.
            Err(StoreError::Clash(_)) => Err(PortError::Conflict { what: "the case" }),
            Err(error) => Err(error.into()),
        }
    }

    async fn register(&self, entry: RegistryEntry, actor: Actor) -> PortResult<RegistryNumber> {
        registry::register(&self.store, entry, actor).await
    }

    async fn watched(&self, limit: u32) -> PortResult<Vec<Watched>> {
        let cases = self
            .store
            .read(select_cases!("WHERE c.open = 1 ORDER BY c.due, c.id LIMIT ?1"), vec![limit.into()], case)
            .await?;
        let ids: Vec<String> = cases.iter().map(|case| crate::secrets::to_hex(case.id.0.as_bytes())).collect();
        let conversation_ids: Vec<String> =
            cases.iter().map(|case| crate::secrets::to_hex(case.conversation.0.as_bytes())).collect();
        let conversations = self
            .store
            .read(
                select_conversations!("WHERE id IN (SELECT unhex(value) FROM json_each(?1))"),
                vec![columns::json("ids", &conversation_ids)?.into()],
                conversation,
            )
            .await?;
        let conversations: HashMap<ConversationId, Conversation> =
            conversations.into_iter().map(|conversation| (conversation.id, conversation)).collect();
        let marks = self
            .store
            .read(
                "SELECT case_id, mark FROM case_marks WHERE case_id IN (SELECT unhex(value) FROM json_each(?1))
                 ORDER BY at",
                vec![columns::json("ids", &ids)?.into()],
                |row| Ok((CaseId(row.uuid("case_id")?), row.text("mark")?)),
            )
            .await?;
        let mut marks_of: HashMap<CaseId, Vec<String>> = HashMap::new();
        for (case, mark) in marks {
            marks_of.entry(case).or_default().push(mark);
        }
        let watched = cases.into_iter().filter_map(|case| {
            // Several cases may share one conversation.
            let conversation = conversations.get(&case.conversation)?.clone();
            let marks = marks_of.remove(&case.id).unwrap_or_default();
            Some(Watched { case, conversation, marks })
        });
        Ok(watched.collect())
    }
}

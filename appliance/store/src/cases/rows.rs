//! Cases, read back and written.

use desk::case::{Case, Priority};
use desk::ids::{CaseId, ContactId, ConversationId, DepartmentId, OperatorId};
use desk::reference::Reference;
use desk::registry::RegistryNumber;
use hiqlite::Params;
use jiff::civil::Date;

use crate::columns::{self, Columns};
use crate::error::StoreResult;
use crate::write::Write;

/// A question about cases, each with its number in the registry.
macro_rules! select_cases {
    ($rest:literal) => {
        concat!(
            "SELECT c.id, c.reference, c.conversation, c.contact, c.kind, c.department, c.level, c.priority, c.state,
             c.assignee, c.reason, c.subject, c.language, c.clocks, c.version, c.created_at, c.updated_at,
             r.year AS registry_year, r.block AS registry_block, r.number AS registry_number, r.day AS registry_day
             FROM cases c LEFT JOIN registry r ON r.case_id = c.id ",
            $rest
        )
    };
}
pub(super) use select_cases;

pub(super) fn priority_rank(priority: Priority) -> i64 {
    match priority {
        Priority::Low => 0,
        Priority::Normal => 1,
        Priority::High => 2,
        Priority::Urgent => 3,
    }
}

fn priority_from(rank: i64) -> Priority {
    match rank {
        i64::MIN..=0 => Priority::Low,
        1 => Priority::Normal,
        2 => Priority::High,
        _ => Priority::Urgent,
    }
}

pub(super) fn case(row: &mut Columns<'_, '_>) -> StoreResult<Case> {
    let registered = match row.text_if_any("registry_block")? {
        Some(block) => Some(RegistryNumber {
            year: i16::try_from(row.integer("registry_year")?).unwrap_or(i16::MAX),
            block,
            number: row.count("registry_number")?,
            day: row.parsed::<Date>("registry_day")?,
        }),
        None => None,
    };
    Ok(Case {
        id: CaseId(row.uuid("id")?),
        reference: row.parsed::<Reference>("reference")?,
        conversation: ConversationId(row.uuid("conversation")?),
        contact: ContactId(row.uuid("contact")?),
        kind: row.name("kind")?,
        department: DepartmentId(row.text("department")?),
        level: row.name("level")?,
        priority: priority_from(row.integer("priority")?),
        state: row.name("state")?,
        assignee: row.uuid_if_any("assignee")?.map(OperatorId),
        reason: row.name("reason")?,
        subject: row.text("subject")?,
        language: row.parsed("language")?,
        clocks: row.json("clocks")?,
        registered,
        version: row.count("version")?,
        created_at: row.time("created_at")?,
        updated_at: row.time("updated_at")?,
    })
}

/// Adds a new case; its reference must not be taken.
pub(crate) fn put_new(write: &mut Write, case: &Case) -> StoreResult<()> {
    let params: Params = vec![
        case.id.0.into(),
        String::from(case.reference).into(),
        case.conversation.0.into(),
        case.contact.0.into(),
        columns::name("a kind", &case.kind)?.into(),
        case.department.0.clone().into(),
        columns::name("a level", &case.level)?.into(),
        priority_rank(case.priority).into(),
        columns::name("a state", &case.state)?.into(),
        i64::from(case.state.is_open()).into(),
        columns::uuid_if_any(case.assignee.map(|operator| operator.0)),
        columns::name("a reason", &case.reason)?.into(),
        case.subject.clone().into(),
        case.language.code().into(),
        columns::json("clocks", &case.clocks)?.into(),
        due(case).into(),
        columns::count(case.version),
        columns::time(case.created_at),
        columns::time(case.updated_at),
    ];
    write.run(
        "INSERT INTO cases (id, reference, conversation, contact, kind, department, level, priority, state, open, assignee,
         reason, subject, language, clocks, due, version, created_at, updated_at)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19)",
        params,
    );
    Ok(())
}

/// Replaces what may change of a case, if its stored version is still `before`.
pub(super) fn put_changed(write: &mut Write, before: u64, case: &Case) -> StoreResult<()> {
    write.require(
        "the case",
        "UPDATE cases SET version = ?3, kind = ?4, department = ?5, level = ?6, priority = ?7, state = ?8, open = ?9,
         assignee = ?10, subject = ?11, language = ?12, clocks = ?13, due = ?14, updated_at = ?15
         WHERE id = ?1 AND version = ?2 RETURNING id",
        vec![
            case.id.0.into(),
            columns::count(before),
            columns::count(case.version),
            columns::name("a kind", &case.kind)?.into(),
            case.department.0.clone().into(),
            columns::name("a level", &case.level)?.into(),
            priority_rank(case.priority).into(),
            columns::name("a state", &case.state)?.into(),
            i64::from(case.state.is_open()).into(),
            columns::uuid_if_any(case.assignee.map(|operator| operator.0)),
            case.subject.clone().into(),
            case.language.code().into(),
            columns::json("clocks", &case.clocks)?.into(),
            due(case).into(),
            columns::time(case.updated_at),
        ],
    );
    Ok(())
}

/// What is due sorts first; nothing due sorts last.
fn due(case: &Case) -> i64 {
    case.due().map_or(i64::MAX, columns::nanos)
}

//! Calls, read back and written.

use desk::call::{Call, Ended, Recording};
use desk::ids::{CallId, ConversationId, DepartmentId};
use desk::ports::calls::{CallFilter, CallScope, StaleRecording};
use hiqlite::{Param, Params};

use crate::columns::{self, Columns};
use crate::error::StoreResult;
use crate::write::Write;

/// A question about calls: everything before `WHERE` is the same for all.
macro_rules! select_calls {
    ($rest:literal) => {
        concat!(
            "SELECT id, conversation, server, direction, caller, dialled, peer, language, started_at, answered_at, ended_at,
             ending, standing, department, transferred_to, recording, timings, quality FROM calls ",
            $rest
        )
    };
}
pub(super) use select_calls;

pub(super) fn call(row: &mut Columns<'_, '_>) -> StoreResult<Call> {
    let ended = match row.time_if_any("ended_at")? {
        Some(at) => Some(Ended { at, how: row.name("ending")? }),
        None => None,
    };
    Ok(Call {
        id: CallId(row.uuid("id")?),
        conversation: row.uuid_if_any("conversation")?.map(ConversationId),
        server: row.count("server")?,
        direction: row.name("direction")?,
        caller: row.parsed_if_any("caller")?,
        dialled: row.text("dialled")?,
        peer: row.text("peer")?,
        language: row.parsed("language")?,
        started_at: row.time("started_at")?,
        answered_at: row.time_if_any("answered_at")?,
        ended,
        standing: row.json("standing")?,
        department: row.text_if_any("department")?.map(DepartmentId),
        transferred_to: row.json_if_any("transferred_to")?,
        recording: row.json("recording")?,
        timings: row.json("timings")?,
        quality: row.json("quality")?,
    })
}

pub(super) fn stale(row: &mut Columns<'_, '_>) -> StoreResult<StaleRecording> {
    let recording: Recording = row.json("recording")?;
    Ok(StaleRecording { call: CallId(row.uuid("id")?), parts: recording.parts().to_vec() })
}

/// The columns `recording`, `blob` (its first part) and `keep_until`.
pub(super) fn recording_columns(recording: &Recording) -> StoreResult<[Param; 3]> {
    let text = columns::json("a recording", recording)?;
    let keep_until = match recording {
        Recording::Kept { keep_until, .. } => Some(*keep_until),
        Recording::None { .. } => None,
    };
    let first = recording.parts().first().map(|part| part.0.clone());
    Ok([text.into(), first.into(), columns::time_if_any(keep_until)])
}

pub(super) fn put_new(write: &mut Write, call: &Call) -> StoreResult<()> {
    let [recording, blob, keep_until] = recording_columns(&call.recording)?;
    let ending = call.ended.map(|ended| columns::name("an ending", &ended.how)).transpose()?;
    let target = call.transferred_to.as_ref().map(|target| columns::json("a target", target)).transpose()?;
    let params: Params = vec![
        call.id.0.into(),
        columns::uuid_if_any(call.conversation.map(|conversation| conversation.0)),
        columns::count(call.server),
        columns::name("a direction", &call.direction)?.into(),
        call.caller.clone().map(String::from).into(),
        call.dialled.clone().into(),
        call.peer.clone().into(),
        call.language.code().into(),
        columns::time(call.started_at),
        columns::time_if_any(call.answered_at),
        columns::time_if_any(call.ended.map(|ended| ended.at)),
        ending.into(),
        columns::json("a standing", &call.standing)?.into(),
        call.department.clone().map(|department| department.0).into(),
        target.into(),
        recording,
        blob,
        keep_until,
        columns::json("timings", &call.timings)?.into(),
        columns::json("quality", &call.quality)?.into(),
    ];
    write.run(
        "INSERT INTO calls (id, conversation, server, direction, caller, dialled, peer, language, started_at, answered_at,
         ended_at, ending, standing, department, transferred_to, recording, blob, keep_until, timings, quality)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20)",
        params,
    );
    Ok(())
}

/// The list that `filter` asks for, as a statement with its parameters.
pub(super) fn question(filter: &CallFilter) -> StoreResult<(String, Params)> {
    let (mut parts, mut params) = (vec!["1 = 1".to_owned()], Params::new());
    // Takes the place of `?` in `part`, which holds one parameter.
    let mut holds = |part: &str, param: Param| {
        params.push(param);
        parts.push(part.replace('?', &format!("?{}", params.len())));
    };
    if let Some(departments) = &filter.departments {
        let departments = columns::json("departments", departments)?;
        holds("(department IS NULL OR department IN (SELECT value FROM json_each(?)))", departments.into());
    }
    if let Some(how) = filter.how {
        holds("ending = ?", columns::name("an ending", &how)?.into());
    }
    if let Some(language) = filter.language {
        holds("language = ?", language.code().into());
    }
    if let Some(digits) = &filter.caller_ends_with {
        let digits: String = digits.chars().filter(char::is_ascii_digit).collect();
        holds("caller LIKE ?", format!("%{digits}").into());
    }
    if let Some(from) = filter.from {
        holds("started_at >= ?", columns::time(from));
    }
    if let Some(until) = filter.until {
        holds("started_at < ?", columns::time(until));
    }
    if let Some(before) = filter.before {
        holds("(started_at, id) < (SELECT started_at, id FROM calls WHERE id = ?)", before.0.into());
    }
    match filter.scope {
        CallScope::Live => parts.push("ended_at IS NULL".to_owned()),
        CallScope::Ended => parts.push("ended_at IS NOT NULL".to_owned()),
        CallScope::All => {}
    }
    if filter.recorded {
        parts.push("blob IS NOT NULL".to_owned());
    }
    params.push(filter.limit.into());
    let sql = format!(
        "{} {} ORDER BY started_at DESC, id DESC LIMIT ?{}",
        select_calls!("WHERE"),
        parts.join(" AND "),
        params.len()
    );
    Ok((sql, params))
}

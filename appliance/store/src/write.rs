//! Transactions: a list of statements that all happen or none, recognised when they are repeated.
//!
//! hiqlite's transactions are declared, not interactive: what a later statement needs of an earlier one it takes by
//! reference ([`Write::require`]), and a reference to a row that is not there rolls everything back. That is how every
//! compare-and-swap works here. Each transaction first enters its own id into `applied`; after a lost acknowledgement it is
//! sent again as it was, and if the id is there already, it had been applied.

use std::borrow::Cow;

use desk::journal::NewEntry;
use hiqlite::{Param, Params, StmtIndex};
use jiff::Timestamp;
use uuid::Uuid;

use crate::columns;
use crate::error::StoreResult;

/// A transaction in the making.
#[derive(Debug)]
pub(crate) struct Write {
    id: Uuid,
    statements: Vec<(Cow<'static, str>, Params)>,
    /// Which statements must find a row, and what was changed meanwhile if they do not.
    required: Vec<(usize, &'static str)>,
    bytes: usize,
}

impl Write {
    pub(crate) fn new() -> Self {
        let id = Uuid::now_v7();
        let mut write = Self { id, statements: Vec::with_capacity(8), required: Vec::new(), bytes: 0 };
        write.run("INSERT INTO applied (id) VALUES (?1)", vec![id.into()]);
        write
    }

    /// Adds a statement. Its parameters are written `?1`, `?2`: SQLite numbers `$1` by first appearance, not by its digit.
    pub(crate) fn run(&mut self, sql: &'static str, params: Params) -> StmtIndex {
        // Values and text take their length; 16 covers what the log adds to each.
        self.bytes += sql.len() + 16;
        self.bytes += params
            .iter()
            .map(|param| {
                16 + match param {
                    Param::Text(text) => text.len(),
                    Param::Blob(bytes) => bytes.len(),
                    _ => 0,
                }
            })
            .sum::<usize>();
        self.statements.push((Cow::Borrowed(sql), params));
        StmtIndex(self.statements.len() - 1)
    }

    /// Adds a statement that must return a row; if it returns none, nothing of the transaction happens and the writer
    /// gets [`StoreError::Lost`](crate::StoreError::Lost) with `what`.
    pub(crate) fn require(&mut self, what: &'static str, sql: &'static str, params: Params) -> StmtIndex {
        let index = self.run(sql, params);
        self.required.push((index.0, what));
        // The reference alone is what rolls back.
        self.run("SELECT ?1", vec![index.column(0_usize).into()]);
        index
    }

    /// Adds a row of the journal.
    pub(crate) fn journal(&mut self, entry: NewEntry, at: Timestamp) -> StoreResult<()> {
        let (actor_kind, actor_id) = columns::actor_columns(entry.actor);
        self.run(
            "INSERT INTO journal (at, actor_kind, actor_id, event, conversation, case_id, subject, detail)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
            vec![
                columns::time(at),
                actor_kind.into(),
                actor_id.into(),
                columns::name("an event", &entry.event)?.into(),
                columns::uuid_if_any(entry.conversation.map(|id| id.0)),
                columns::uuid_if_any(entry.case.map(|id| id.0)),
                entry.subject.into(),
                entry.detail.into(),
            ],
        );
        Ok(())
    }

    /// Its size in the log, nearly.
    pub(crate) fn bytes(&self) -> usize {
        self.bytes
    }

    pub(crate) fn id(&self) -> Uuid {
        self.id
    }

    pub(crate) fn statements(&self) -> Vec<(Cow<'static, str>, Params)> {
        self.statements.clone()
    }

    pub(crate) fn len(&self) -> usize {
        self.statements.len()
    }

    /// Adds the statements of another transaction, so that both happen or neither.
    pub(crate) fn append(&mut self, other: &Self) {
        let offset = self.statements.len();
        let moved = |param: &Param| match param {
            Param::StmtOutputIndexed(statement, column) => Param::StmtOutputIndexed(statement + offset, *column),
            param => param.clone(),
        };
        self.statements.extend(
            other.statements.iter().map(|(sql, params)| (sql.clone(), params.iter().map(moved).collect::<Params>())),
        );
        self.required.extend(other.required.iter().map(|(statement, what)| (statement + offset, *what)));
        self.bytes += other.bytes;
    }

    /// Which required statement found no row, in hiqlite's words, and what was changed meanwhile.
    pub(crate) fn lost(&self, message: &str) -> Option<(usize, &'static str)> {
        let index: usize = message.strip_prefix("StmtIndex(")?.split(')').next()?.parse().ok()?;
        self.required.iter().find(|(required, _)| *required == index).copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::node::MAX_ENTRY_BYTES;

    #[test]
    fn a_missing_row_names_what_was_changed() {
        let mut write = Write::new();
        write.require("the conversation", "SELECT 1", vec![]);
        let message = "StmtIndex(1) does not have observable row output, or index out of bounds";
        assert_eq!(write.lost(message), Some((1, "the conversation")));
        assert_eq!(write.lost("StmtIndex(7) does not"), None);
        assert_eq!(write.lost("column index out of bounds"), None);
    }

    #[test]
    fn a_transaction_knows_its_size() {
        let mut write = Write::new();
        write.run("INSERT", vec!["x".repeat(MAX_ENTRY_BYTES).into()]);
        assert!(write.bytes() > MAX_ENTRY_BYTES);
    }

    #[test]
    fn joined_transactions_keep_their_references_apart() {
        let (mut one, mut two) = (Write::new(), Write::new());
        one.require("the first", "SELECT 1", vec![]);
        two.require("the second", "SELECT 2", vec![]);
        let offset = one.len();
        one.append(&two);
        assert_eq!(one.statements[offset + 2].1, vec![Param::StmtOutputIndexed(offset + 1, 0)]);
        assert_eq!(one.lost("StmtIndex(1) does not"), Some((1, "the first")));
        assert_eq!(one.lost(&format!("StmtIndex({}) does not", offset + 1)), Some((offset + 1, "the second")));
    }
}

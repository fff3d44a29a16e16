//! The institution's staff: accounts and what each may do.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::ids::{DepartmentId, OperatorId};
use crate::language::Language;
use crate::phone_number::PhoneNumber;

/// What an account may do; each role holds those before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Answers citizens.
    Operator,
    /// Also edits and publishes the knowledge base.
    Editor,
    /// Also assigns work and sees every department.
    Supervisor,
    /// Also manages accounts and configuration.
    Administrator,
}

/// A member of staff.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Operator {
    /// Its id.
    pub id: OperatorId,
    /// The name used to sign in; lower case.
    pub username: String,
    /// The name that citizens see.
    pub display_name: String,
    /// What the account may do.
    pub role: Role,
    /// Whose queues it serves; empty: every department's.
    pub departments: Vec<DepartmentId>,
    /// The console's language.
    pub language: Language,
    /// Whether it may sign in.
    pub active: bool,
    /// Whether the password is a one-time one that must be changed first.
    pub must_change_password: bool,
    /// The telephone at which calls reach it: an extension, or a number.
    pub extension: Option<PhoneNumber>,
    /// When the account was made.
    pub created_at: Timestamp,
}

impl Operator {
    /// Whether the queue of `department` is this account's to serve.
    #[must_use]
    pub fn serves(&self, department: &DepartmentId) -> bool {
        self.role >= Role::Supervisor || self.departments.is_empty() || self.departments.contains(department)
    }
}

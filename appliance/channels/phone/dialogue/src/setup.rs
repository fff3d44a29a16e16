//! What is known of a call before its first sound.

use std::sync::Arc;

use desk::calendar::Calendar;
use desk::department::Departments;
use desk::ids::DepartmentId;
use desk::language::Language;
use desk::ports::speech::Abilities;
use desk::reference::Reference;
use jiff::Timestamp;

use crate::prompts::Prompts;
use crate::settings::Settings;

/// What is known of a call before its first sound.
#[derive(Debug, Clone)]
pub struct Setup {
    /// How telephone conversations are led here.
    pub settings: Arc<Settings>,
    /// The fixed texts and menus.
    pub prompts: Arc<Prompts>,
    /// The departments with their hours.
    pub departments: Arc<Departments>,
    /// The days on which offices work.
    pub calendar: Arc<Calendar>,
    /// What can be spoken and heard now.
    pub abilities: Abilities,
    /// Who is on the line.
    pub caller: Caller,
    /// Who rang whom.
    pub direction: Direction,
    /// Whether the house is full: the caller is told, offered a call-back, and let go.
    pub full: bool,
    /// When the call was answered, by the clock on the wall.
    pub answered_at: Timestamp,
}

/// Who is on the line.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Caller {
    /// The number, E.164; `None` when it is withheld.
    pub number: Option<String>,
    /// The language of earlier calls.
    pub language: Option<Language>,
    /// A case of his that is still open.
    pub open_case: Option<Reference>,
}

/// Who rang whom.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Direction {
    /// A citizen rang.
    #[default]
    Inbound,
    /// We ring back, as promised.
    CallBack {
        /// The case that carries the promise.
        reference: Reference,
        /// The department that takes the call once the citizen is there.
        department: DepartmentId,
    },
}

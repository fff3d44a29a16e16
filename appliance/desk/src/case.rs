//! A matter that a person owes an answer to: its kind, level, priority, state and clocks.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::clock::Clock;
use crate::ids::{CaseId, ContactId, ConversationId, DepartmentId, OperatorId};
use crate::language::Language;
use crate::outcome::HandOffReason;
use crate::reference::Reference;
use crate::registry::RegistryNumber;

/// What kind of matter it is; the law's terms follow from it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CaseKind {
    /// A question that the assistant could not answer.
    Question,
    /// Something of the institution's does not work.
    Incident,
    /// A petition (OG 27/2002).
    Petition,
    /// A request for public information (Law 544/2001).
    PublicInformation,
}

impl CaseKind {
    /// Every kind.
    pub const ALL: [Self; 4] = [Self::Question, Self::Incident, Self::Petition, Self::PublicInformation];

    /// Whether the law wants it in the registry.
    #[must_use]
    pub fn is_registered(self) -> bool {
        matches!(self, Self::Petition | Self::PublicInformation)
    }
}

/// How far up the matter has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
pub enum Level {
    /// The first desk.
    #[default]
    L1,
    /// The department's specialists.
    L2,
    /// Those who run or decide it.
    L3,
}

impl Level {
    /// The next level up; the highest stays.
    #[must_use]
    pub fn up(self) -> Self {
        match self {
            Self::L1 => Self::L2,
            Self::L2 | Self::L3 => Self::L3,
        }
    }
}

/// How urgent it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Priority {
    /// Can wait.
    Low,
    /// As usual.
    #[default]
    Normal,
    /// Before others.
    High,
    /// At once: somebody may be in danger.
    Urgent,
}

/// Where the matter stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CaseState {
    /// Nobody has taken it.
    New,
    /// Somebody works on it.
    InProgress,
    /// The citizen owes us something; clocks that may pause do.
    WaitingForCitizen,
    /// Sent to the body whose matter it is.
    Forwarded,
    /// Answered; the citizen may still come back.
    Resolved,
    /// Ended.
    Closed,
}

/// A state may not follow another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a case cannot go from {from:?} to {to:?}")]
pub struct IllegalMove {
    /// Where it stands.
    pub from: CaseState,
    /// Where it was to go.
    pub to: CaseState,
}

impl CaseState {
    /// Checks that `to` may follow this state.
    ///
    /// # Errors
    /// [`IllegalMove`] otherwise.
    pub fn check_move(self, to: Self) -> Result<(), IllegalMove> {
        use CaseState::{Closed, Forwarded, InProgress, New, Resolved, WaitingForCitizen};
        let legal = matches!(
            (self, to),
            (New, InProgress | WaitingForCitizen | Forwarded | Resolved | Closed)
                | (InProgress, New | WaitingForCitizen | Forwarded | Resolved | Closed)
                | (WaitingForCitizen, InProgress | New | Resolved | Closed)
                | (Resolved, InProgress | New | Closed)
                | (Forwarded, Closed | InProgress)
                | (Closed, New | InProgress)
        );
        if legal { Ok(()) } else { Err(IllegalMove { from: self, to }) }
    }

    /// Whether somebody still owes something.
    #[must_use]
    pub fn is_open(self) -> bool {
        matches!(self, Self::New | Self::InProgress | Self::WaitingForCitizen)
    }
}

/// A matter that a person owes an answer to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Case {
    /// Its id.
    pub id: CaseId,
    /// What the citizen is told: short, speakable on a phone.
    pub reference: Reference,
    /// The conversation in which it arose.
    pub conversation: ConversationId,
    /// Whose it is.
    pub contact: ContactId,
    /// What kind of matter it is.
    pub kind: CaseKind,
    /// Whose desk it is on.
    pub department: DepartmentId,
    /// How far up it has come.
    pub level: Level,
    /// How urgent it is.
    pub priority: Priority,
    /// Where it stands.
    pub state: CaseState,
    /// Who works on it; `None` while it waits in the department's queue.
    pub assignee: Option<OperatorId>,
    /// Why the assistant gave it to a person.
    pub reason: HandOffReason,
    /// What the citizen asked, in the citizen's words.
    pub subject: String,
    /// The language in which the citizen is answered.
    pub language: Language,
    /// By when what is owed, and under which rule.
    pub clocks: Vec<Clock>,
    /// The registry's number, where the law wants one.
    pub registered: Option<RegistryNumber>,
    /// Counts every change; what a compare-and-swap compares.
    pub version: u64,
    /// When it was opened.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
}

impl Case {
    /// The next moment at which something is owed, of the clocks that run.
    #[must_use]
    pub fn due(&self) -> Option<Timestamp> {
        self.clocks.iter().filter(|clock| clock.is_running()).map(|clock| clock.due).min()
    }
}

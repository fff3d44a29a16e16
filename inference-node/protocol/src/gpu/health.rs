//! What may be done with a GPU, and why.

use serde::{Deserialize, Serialize};

use super::UnixMillis;

/// What may be done with a GPU (or with a whole node), from best to worst: the greater, the less.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Health {
    /// Work may be placed on it.
    #[default]
    Ok,
    /// What runs goes on, nothing new is placed: it recovers by itself, or is reset when that is convenient.
    AdmitNothingNew,
    /// Nothing new; what runs is finished or moved, then somebody looks at it.
    Drain,
    /// Nothing new; what runs is finished, moved or lost, then the GPU is reset (or the machine restarted) before it is used again.
    NeedsReset,
}

impl Health {
    /// Whether new work may be placed.
    #[must_use]
    pub fn admits(self) -> bool {
        self == Self::Ok
    }

    /// Its name as on the wire: `admit-nothing-new`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::AdmitNothingNew => "admit-nothing-new",
            Self::Drain => "drain",
            Self::NeedsReset => "needs-reset",
        }
    }
}

impl std::fmt::Display for Health {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(self.name())
    }
}

/// The verdict on a GPU with its reasons.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct HealthReport {
    /// The worst verdict of all reasons.
    pub verdict: Health,
    /// Why, worst first. Those whose own verdict is `ok` are advice.
    pub reasons: Vec<Reason>,
}

impl HealthReport {
    /// The verdict that follows from `reasons`.
    #[must_use]
    pub fn of(mut reasons: Vec<Reason>) -> Self {
        reasons.sort_by(|a, b| b.verdict.cmp(&a.verdict).then_with(|| a.code.cmp(&b.code)));
        Self { verdict: reasons.first().map(|worst| worst.verdict).unwrap_or_default(), reasons }
    }

    /// Whether `other` says the same to those who place work: equal verdicts for the same codes, whatever the figures in the texts.
    #[must_use]
    pub fn says_the_same(&self, other: &Self) -> bool {
        let key = |report: &Self| -> Vec<(String, Health)> {
            report.reasons.iter().map(|reason| (reason.code.clone(), reason.verdict)).collect()
        };
        self.verdict == other.verdict && key(self) == key(other)
    }
}

/// One thing that counts for or against a GPU.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reason {
    /// For machines: `xid-79`, `temperature-over-slowdown`. Never changes its meaning.
    pub code: String,
    /// What follows from it.
    pub verdict: Health,
    /// For people: what was seen, with figures.
    pub message: String,
    /// What to do.
    pub remedy: Remedy,
    /// What to do, in a sentence.
    pub advice: String,
    /// Who says so: document and section.
    pub source: String,
    /// Since when.
    pub since_unix_ms: UnixMillis,
    /// When it ends.
    pub lasting: Lasting,
}

/// When a [`Reason`] ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "until", rename_all = "kebab-case")]
pub enum Lasting {
    /// As soon as the readings no longer show it.
    Seen,
    /// With a reset of the GPU, a restart of the machine or a reload of the driver.
    Reset,
    /// By itself at this moment, unless it comes again.
    Time {
        /// The moment.
        unix_ms: UnixMillis,
    },
}

/// What is to be done about a [`Reason`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Remedy {
    /// Nothing: it is worth knowing.
    Nothing,
    /// Look at the program that caused it and restart it.
    RestartProgram,
    /// Look after cooling, power, cables, seating.
    CheckMachine,
    /// Change a setting.
    ChangeSetting,
    /// Update driver or firmware.
    UpdateDriver,
    /// Reset the GPU when nothing runs on it.
    ResetGpu,
    /// Restart the machine.
    RestartMachine,
    /// Run the maker's diagnosis, and have the card replaced if it fails.
    ReplaceGpu,
}

//! What an operator may set: how much memory stays unsold, and how much a move must gain.

use serde::{Deserialize, Serialize};

/// The planner's settings. The defaults suit a fleet whose models take about a minute to load.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// Bytes of each GPU that are never promised: room for a foreign program that grows between two readings.
    pub margin_bytes: u64,
    /// The same in thousandths of the GPU's memory; the greater of the two holds.
    pub margin_permille: u32,
    /// By how many thousandths what is placed must be worth more than what is unloaded for it, beyond equality.
    pub gain_permille: u32,
    /// Bytes that may be moved to make room, in thousandths of the bytes placed thereby.
    pub move_permille: u32,
    /// Replicas that may be moved to make room for one.
    pub moves: usize,
    /// A replica is moved for a gain no sooner than so many milliseconds after it came to where it is; a node attracts such
    /// moves no sooner than so long after it joined. Hard rules (health, drain, memory taken away) wait for nothing, and a
    /// model's minimum does not wait for what is beyond the minimum of another.
    pub settle_ms: u64,
    /// Demand must have been lower for so many milliseconds before replicas are given up.
    pub fall_after_ms: u64,
    /// Replicas are added when those that are there would be busier than so many thousandths of the time.
    pub rise_permille: u32,
    /// Replicas are given up when those that remain would be no busier than so many thousandths of the time.
    pub fall_permille: u32,
    /// How many places are looked at for making room by moving others: bounds the time of one decision.
    pub looks: usize,
    /// How many times a single decision of the incremental planner may make room by moving or unloading others. The full
    /// plan has no such bound.
    pub efforts: usize,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            margin_bytes: 512 << 20,
            margin_permille: 10,
            gain_permille: 250,
            move_permille: 1_000,
            moves: 12,
            settle_ms: 60_000,
            fall_after_ms: 600_000,
            rise_permille: 800,
            fall_permille: 600,
            looks: 12,
            efforts: 2,
        }
    }
}

impl Settings {
    /// Bytes of a GPU with so much memory that are never promised.
    #[must_use]
    pub fn margin_of(&self, total_bytes: u64) -> u64 {
        let share = u128::from(total_bytes) * u128::from(self.margin_permille) / 1_000;
        self.margin_bytes.max(u64::try_from(share).unwrap_or(u64::MAX)).min(total_bytes)
    }
}

//! Registry numbers: yearly, chronological, in blocks; never reused, never burnt by a retry.

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::ids::{CaseId, DepartmentId};

/// A block of numbers that one unit gives out for one topic in one year (OMAI 118/2021; a town hall has one block).
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Block {
    /// Its name, shown before the number where there are several: `PET`, `544`.
    pub name: String,
    /// Its first number.
    pub first: u64,
    /// Its last number.
    pub last: u64,
}

/// A number in the registry.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct RegistryNumber {
    /// The calendar year.
    pub year: i16,
    /// The block.
    pub block: String,
    /// The number within it.
    pub number: u64,
    /// The day of registration, in Bucharest.
    pub day: Date,
}

impl std::fmt::Display for RegistryNumber {
    /// As a reply carries it: `PET-1042/12.12.2026`.
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            formatter,
            "{}-{}/{:02}.{:02}.{}",
            self.block,
            self.number,
            self.day.day(),
            self.day.month(),
            self.day.year()
        )
    }
}

/// What is entered beside the number. A retry with the same case gets the same number.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RegistryEntry {
    /// The case registered; what makes a retry harmless.
    pub case: CaseId,
    /// The block it takes its number from.
    pub block: Block,
    /// The day of registration, in Bucharest.
    pub day: Date,
    /// Who handles it.
    pub department: DepartmentId,
    /// How many annexes came with it.
    pub annexes: u32,
}

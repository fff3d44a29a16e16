//! A recording's source: both directions of a line, side by side.

/// 20 ms of a line, A-law at 8 kHz.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TapPair {
    /// What the caller said.
    pub left: [u8; 160],
    /// What the caller was told: by us or by whom the line is joined with.
    pub right: [u8; 160],
}

/// Both directions of a line from the moment it was taken. What is not fetched in time is dropped and counted.
#[derive(Debug)]
pub struct Tap {}

impl Tap {
    /// The next 20 ms; `None` when the line is closed.
    pub async fn next(&mut self) -> Option<TapPair> {
        unimplemented!()
    }

    /// Pairs that were dropped because nobody fetched them.
    pub fn dropped(&self) -> u64 {
        unimplemented!()
    }
}

//! How long work tells what it is doing, and is told to stop.

/// Told about work on large files; may ask it to stop.
///
/// The methods are called from the thread that works, about once per megabyte: they must not block for long. Files are
/// worked on one after the other.
pub trait Progress {
    /// Work on `file` begins; it has `bytes` bytes.
    fn start(&self, file: &str, bytes: u64);

    /// `bytes` more of it are done.
    fn advance(&self, bytes: u64);

    /// The file is done. Not called for one that failed.
    fn finish(&self);

    /// Whether to stop, with [`StoreError::Cancelled`](crate::StoreError::Cancelled). What was copied is kept for the next
    /// import.
    fn cancelled(&self) -> bool {
        false
    }
}

/// Tells nobody and is never stopped.
#[derive(Debug, Clone, Copy, Default)]
pub struct Silent;

impl Progress for Silent {
    fn start(&self, _: &str, _: u64) {}

    fn advance(&self, _: u64) {}

    fn finish(&self) {}
}

//! Documents of outside programs are read on a thread of their own: a reader that panics or never ends costs one file,
//! not the import.

use std::sync::mpsc::{RecvTimeoutError, sync_channel};
use std::thread;
use std::time::Duration;

use super::Refusal;
use super::plain::Found;

/// How long one document may take.
pub(super) const LIMIT: Duration = Duration::from_secs(30);
/// Enough for the deepest nesting that the readers let through.
const STACK_BYTES: usize = 32 << 20;

/// Reads `bytes` with `reader` within [`LIMIT`].
///
/// A reader that is late is left to itself, for a thread cannot be stopped from outside; the readers watch the same
/// limit where they can.
pub(super) fn read(
    kind: &'static str,
    bytes: &[u8],
    reader: impl FnOnce(&[u8]) -> Result<Found, Refusal> + Send + 'static,
) -> Result<Found, Refusal> {
    let (sender, receiver) = sync_channel(1);
    let bytes = bytes.to_vec();
    let work = move || {
        // Nobody listens any more when the reader is late.
        let _ = sender.send(reader(&bytes));
    };
    let thread = thread::Builder::new().name("import".to_owned()).stack_size(STACK_BYTES);
    let started = thread.spawn(work).map_err(|error| Refusal::Read(error.into()))?;
    match receiver.recv_timeout(LIMIT) {
        Ok(result) => result,
        Err(RecvTimeoutError::Timeout) => Err(Refusal::Slow { seconds: LIMIT.as_secs() }),
        Err(RecvTimeoutError::Disconnected) => {
            let reason = match started.join() {
                Ok(()) => "its reader gave nothing back",
                Err(_) => "its structure contradicts itself",
            };
            Err(Refusal::Damaged { kind, reason: reason.to_owned() })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reader_that_panics_costs_one_file() {
        let refused = read("PDF", b"x", |bytes| {
            assert!(bytes.is_empty(), "on purpose");
            Ok(Found::default())
        });
        assert!(matches!(refused, Err(Refusal::Damaged { kind: "PDF", .. })));
    }
}

//! What the engine says when it fails, in this program's terms.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::EngineError;

/// Does something that may panic: the engine takes much for granted about its files.
///
/// # Errors
/// What `work` returns, and [`EngineError::Load`] or [`EngineError::OutOfMemory`] when it panics.
pub(crate) fn guarded<T>(work: impl FnOnce() -> Result<T, EngineError>) -> Result<T, EngineError> {
    catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|panic| Err(loading(&panic_text(panic.as_ref()))))
}

/// A failure to load.
pub(crate) fn loading(text: &str) -> EngineError {
    memory(text).unwrap_or_else(|| EngineError::Load(first_lines(text)))
}

/// A failure to compute.
pub(crate) fn computing(text: &str) -> EngineError {
    memory(text).unwrap_or_else(|| EngineError::Failed(first_lines(text)))
}

/// A failure that comes from too little memory. The libraries below only tell it in words.
fn memory(text: &str) -> Option<EngineError> {
    const SIGNS: &[&str] = &[
        "out of memory",
        "out_of_memory",
        "outofmemory",
        "memory allocation",
        "num gpu blocks is 0",
        "failed to allocate",
    ];
    let lower = text.to_lowercase();
    SIGNS.iter().any(|sign| lower.contains(sign)).then(|| EngineError::OutOfMemory(first_lines(text)))
}

/// A text without the backtrace that may follow it.
fn first_lines(text: &str) -> String {
    let end = text.find("\n   0:").or_else(|| text.find("\nStack backtrace:")).unwrap_or(text.len());
    text[..end].trim_end().to_owned()
}

fn panic_text(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    text.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_else(|| "it panicked".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_becomes_an_error() {
        let error = guarded::<()>(|| panic!("no key `{}`", "x")).unwrap_err();
        assert_eq!(error, EngineError::Load("no key `x`".to_owned()));
    }

    #[test]
    fn too_little_memory_is_recognised() {
        for text in ["DriverError(CUDA_ERROR_OUT_OF_MEMORY, \"out of memory\")", "Num GPU blocks is 0. This means"] {
            assert!(matches!(computing(text), EngineError::OutOfMemory(_)), "{text}");
        }
        assert!(
            matches!(computing("shape mismatch\n   0: backtrace"), EngineError::Failed(text) if text == "shape mismatch")
        );
    }
}

//! The header `traceparent`, read and written (W3C Trace Context, level 2, §3.2).

use std::fmt;

use opentelemetry::trace::{SpanContext, SpanId, TraceFlags, TraceId, TraceState};

/// Characters of version 00: `00-TRACE-SPAN-FLAGS`.
const LENGTH: usize = 55;

/// Where a piece of work stands: its trace, the span that it belongs under, and whether spans of the trace are exported.
///
/// What `tracestate` says beside it is for the systems that wrote it; it is not carried, as the recommendation permits (§3.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TraceParent {
    trace: TraceId,
    span: SpanId,
    flags: TraceFlags,
}

impl TraceParent {
    /// The beginning of a trace that nobody exports.
    #[must_use]
    pub fn new() -> Self {
        // All zeros is no identity (§3.2.2.3).
        let trace = TraceId::from_bytes(rand::random::<u128>().max(1).to_be_bytes());
        let span = SpanId::from_bytes(rand::random::<u64>().max(1).to_be_bytes());
        Self { trace, span, flags: TraceFlags::NOT_SAMPLED }
    }

    /// Reads the header. `None` when it is none: then a new trace begins (§3.2.2, §4.3).
    #[must_use]
    pub fn read(header: &str) -> Option<Self> {
        // A later version may have more after the flags, parted by another dash; ours may not.
        let (known, more) = header.split_at_checked(LENGTH)?;
        let mut parts = known.split('-');
        let (version, trace, span, flags) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
        let version = hexadecimal(version, 2).filter(|version| *version != "ff")?;
        if parts.next().is_some() || !more.is_empty() && (version == "00" || !more.starts_with('-')) {
            return None;
        }
        let trace = TraceId::from_hex(hexadecimal(trace, 32)?).ok().filter(|trace| *trace != TraceId::INVALID)?;
        let span = SpanId::from_hex(hexadecimal(span, 16)?).ok().filter(|span| *span != SpanId::INVALID)?;
        let flags = u8::from_str_radix(hexadecimal(flags, 2)?, 16).ok()?;
        // Of the flags only the first is known here.
        Some(Self { trace, span, flags: TraceFlags::new(flags) & TraceFlags::SAMPLED })
    }

    /// The same as the exporter knows it.
    pub(super) fn of(context: &SpanContext) -> Option<Self> {
        let flags = context.trace_flags() & TraceFlags::SAMPLED;
        context.is_valid().then(|| Self { trace: context.trace_id(), span: context.span_id(), flags })
    }

    pub(super) fn remote(self) -> SpanContext {
        SpanContext::new(self.trace, self.span, self.flags, true, TraceState::default())
    }

    /// The trace, as logs show it.
    pub(super) fn trace(self) -> TraceId {
        self.trace
    }
}

impl Default for TraceParent {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Display for TraceParent {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "00-{}-{}-{:02x}", self.trace, self.span, self.flags.to_u8())
    }
}

fn hexadecimal(text: &str, length: usize) -> Option<&str> {
    // Upper case is no header (§3.2.2).
    (text.len() == length && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))).then_some(text)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const EXAMPLE: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

    #[test]
    fn the_example_of_the_recommendation_is_read_and_written() {
        let parent = TraceParent::read(EXAMPLE).unwrap();
        assert_eq!(parent.to_string(), EXAMPLE);
        assert_eq!(parent.trace().to_string(), "4bf92f3577b34da6a3ce929d0e0e4736");
    }

    #[test]
    fn a_later_version_is_read_as_far_as_it_is_known() {
        let later = EXAMPLE.replacen("00", "cc", 1);
        assert_eq!(TraceParent::read(&later).unwrap().to_string(), EXAMPLE);
        assert_eq!(TraceParent::read(&format!("{later}-what-comes")).unwrap().to_string(), EXAMPLE);
        assert_eq!(TraceParent::read(&format!("{later}.what")), None);
    }

    #[test]
    fn what_is_no_header_is_none() {
        let upper = EXAMPLE.to_uppercase();
        let longer = format!("{EXAMPLE}-00");
        let wrong = [
            "",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7",
            "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01",
            "ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e473-600f067aa0ba902b7-01",
            &upper,
            &longer,
        ];
        for header in wrong {
            assert_eq!(TraceParent::read(header), None, "{header}");
        }
    }

    #[test]
    fn a_new_trace_is_read_again() {
        let parent = TraceParent::new();
        assert_eq!(TraceParent::read(&parent.to_string()), Some(parent));
        assert_ne!(parent, TraceParent::new());
    }

    proptest! {
        #[test]
        fn no_text_panics(text in ".{0,70}") {
            let _ = TraceParent::read(&text);
        }
    }
}

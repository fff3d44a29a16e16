//! A part of a file (RFC 9110 §14): what a player asks for when somebody moves its slider.

use std::ops::Range;

/// What a `Range` header asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Part {
    /// Everything: no header, another unit, several ranges, or one that cannot be read; a server may ignore those.
    Whole,
    /// These bytes.
    Bytes(Range<usize>),
    /// Bytes that are not there.
    Unsatisfiable,
}

/// Reads the header's value for a file of `length` bytes.
pub(crate) fn part(header: Option<&str>, length: usize) -> Part {
    let Some(range) = header.and_then(|value| value.trim().strip_prefix("bytes=")) else { return Part::Whole };
    let Some((first, last)) = range.trim().split_once('-') else { return Part::Whole };
    let (first, last) = (first.trim(), last.trim());
    if first.is_empty() {
        // The last so many bytes.
        return match number(last) {
            Some(0) => Part::Unsatisfiable,
            Some(_) if length == 0 => Part::Unsatisfiable,
            Some(count) => Part::Bytes(length.saturating_sub(count)..length),
            None => Part::Whole,
        };
    }
    let Some(first) = number(first) else { return Part::Whole };
    let end = match (last.is_empty(), number(last)) {
        (true, _) => length,
        (false, Some(last)) if last >= first => last.saturating_add(1).min(length),
        (false, _) => return Part::Whole,
    };
    if first < length { Part::Bytes(first..end) } else { Part::Unsatisfiable }
}

fn number(digits: &str) -> Option<usize> {
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    // A number too long for this machine is beyond every file.
    Some(digits.parse().unwrap_or(usize::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_player_gets_the_part_that_it_asks_for() {
        assert_eq!(part(None, 100), Part::Whole);
        assert_eq!(part(Some("bytes=0-"), 100), Part::Bytes(0..100));
        assert_eq!(part(Some("bytes=10-19"), 100), Part::Bytes(10..20));
        assert_eq!(part(Some("bytes=90-200"), 100), Part::Bytes(90..100));
        assert_eq!(part(Some("bytes=-10"), 100), Part::Bytes(90..100));
        assert_eq!(part(Some("bytes=-1000"), 100), Part::Bytes(0..100));
    }

    #[test]
    fn what_is_not_there_is_said_and_what_is_unreadable_is_ignored() {
        assert_eq!(part(Some("bytes=100-"), 100), Part::Unsatisfiable);
        assert_eq!(part(Some("bytes=-0"), 100), Part::Unsatisfiable);
        assert_eq!(part(Some("bytes=0-"), 0), Part::Unsatisfiable);
        assert_eq!(part(Some("bytes=99999999999999999999999-"), 100), Part::Unsatisfiable);
        for unreadable in ["bytes=20-10", "bytes=a-b", "bytes=-", "items=0-1", "bytes=0-1,5-6", "bytes", "bytes=+1-2"] {
            assert_eq!(part(Some(unreadable), 100), Part::Whole, "{unreadable}");
        }
    }
}

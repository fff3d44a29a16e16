//! Punctuation, signs and what is left of markdown.

use crate::scan::{Kind, Line};
use crate::speech::Speech;
use crate::tongue::Tongue;

/// Reads a single mark: a pause, a word, or nothing.
pub(crate) fn mark(line: &Line<'_>, at: usize, tongue: &dyn Tongue, speech: &mut Speech) -> usize {
    let sign = line.mark(at);
    let previous = at.checked_sub(1).map_or(Kind::End, |place| line.kind(place));
    let in_word = is_letters(previous) && line.is_word(at + 1);
    let between = is_letters(previous) || previous == Kind::Number;
    let alone = matches!(previous, Kind::Space | Kind::End) && matches!(line.kind(at + 1), Kind::Space | Kind::End);
    match sign {
        ',' | ';' | ':' | '.' | '?' | '!' | '…' => speech.pause(sign),
        '-' | '\'' | '’' if in_word => speech.join(if sign == '-' { "-" } else { "'" }),
        '-' | '–' | '—' if alone || sign == '—' => speech.pause(','),
        '-' | '–' => speech.space(),
        '(' | ')' | '[' | ']' | '{' | '}' | '|' => speech.pause(','),
        '→' | '⇒' | '•' | '·' => speech.pause(','),
        '/' => {
            if between && (line.is_word(at + 1) || line.is_number(at + 1)) {
                speech.say(tongue.slash(line, at));
            }
            speech.space();
        }
        // Emphasis is not said; a product stands between numbers.
        '*' | '_' | '#' | '~' | '=' | '+' | '<' | '>' | '&' | '@' | '×' | '^' => {
            if is_meant(line, at, alone) {
                speech.say(tongue.sign(sign).unwrap_or_default());
            }
            speech.space();
        }
        _ => {
            speech.say(tongue.sign(sign).unwrap_or_default());
            speech.space();
        }
    }
    at + 1
}

fn is_letters(kind: Kind) -> bool {
    matches!(kind, Kind::Lower | Kind::Capital | Kind::Upper | Kind::Mixed)
}

/// Whether a sign that may be markdown is meant to be said.
fn is_meant(line: &Line<'_>, at: usize, alone: bool) -> bool {
    let number_after = line.is_number(line.skip_space(at + 1));
    let number_before = at.checked_sub(1).is_some_and(|place| {
        line.is_number(place)
            || (line.is_space(place) && place.checked_sub(1).is_some_and(|place| line.is_number(place)))
    });
    let something_around = at > 0 && !matches!(line.kind(at + 1), Kind::End);
    match line.mark(at) {
        '#' => line.is_number(at + 1) || (alone && number_after),
        '*' | '^' | '×' => number_before && number_after,
        '~' => number_after,
        '_' => false,
        '<' | '>' => number_after || (alone && something_around),
        '=' => (alone && something_around) || number_after,
        '+' => (alone && something_around) || number_after || number_before,
        '&' | '@' => something_around,
        _ => false,
    }
}

/// Tokens between the brackets of a link, at most: a line of nothing but brackets is not searched again and again.
const LONGEST_LABEL: usize = 100;

/// Passes over what is not said of a link `[label](address)` and of a mark for a source, `[1]`; returns the place after.
pub(crate) fn bracket(line: &Line<'_>, at: usize) -> Option<usize> {
    if line.mark(at) == '[' {
        let source = line.is_number(at + 1)
            && line.mark(at + 2) == ']'
            && line.text(at + 1).len() < 3
            && line.mark(at + 3) != '(';
        if source && line.before(at).is_some() {
            return Some(at + 3);
        }
        let close = (at..line.len().min(at + LONGEST_LABEL)).find(|&place| line.mark(place) == ']')?;
        address_end(line, at, close)?;
        return Some(at + 1);
    }
    let open = (at.saturating_sub(LONGEST_LABEL)..at).rev().find(|&place| line.mark(place) == '[')?;
    address_end(line, open, at)
}

/// The place after the `(address)` behind a label with something to say.
fn address_end(line: &Line<'_>, open: usize, close: usize) -> Option<usize> {
    if line.mark(close + 1) != '(' || !(open..close).any(|place| line.is_word(place) || line.is_number(place)) {
        return None;
    }
    let places = close + 2..line.len().min(close + LONGEST_LABEL);
    let end = places.take_while(|&place| !line.is_space(place)).find(|&place| line.mark(place) == ')')?;
    Some(end + 1)
}

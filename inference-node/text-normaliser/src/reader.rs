//! The walk over a text: line by line, token by token; each place is given to the first reading that knows it.

use crate::addresses::address;
use crate::clean::clean;
use crate::codes::code;
use crate::layout::{Layout, layout};
use crate::letters::say_capitals;
use crate::marks::{bracket, mark};
use crate::moments;
use crate::phones::phone;
use crate::scan::{Kind, Line, scan};
use crate::speech::Speech;
use crate::tongue::{Lead, Tongue};

/// Reads a whole text.
pub(crate) fn read(text: &str, tongue: &dyn Tongue) -> String {
    let text = clean(text);
    let mut speech = Speech::with_capacity(text.len() + text.len() / 4);
    let mut tokens = Vec::new();
    let mut lines = text.lines().map(layout).peekable();
    while let Some((kind, body)) = lines.next() {
        if kind == Layout::Blank {
            continue;
        }
        scan(body, &mut tokens);
        read_line(&Line::new(body, &tokens), tongue, &mut speech);
        if !body.ends_with(',') {
            speech.drop_comma();
        }
        match (kind, lines.peek()) {
            (Layout::Item, Some((Layout::Item, _))) => speech.finish(','),
            (Layout::Item | Layout::Heading, _) | (_, Some((Layout::Blank, _))) => speech.finish('.'),
            _ => {}
        }
        speech.line_end();
    }
    speech.into_text()
}

fn read_line(line: &Line<'_>, tongue: &dyn Tongue, speech: &mut Speech) {
    let mut at = 0;
    while at < line.len() {
        let next = match line.kind(at) {
            Kind::Space => {
                speech.space();
                at + 1
            }
            Kind::Lower if is_plain(line, at, tongue) => {
                speech.copy(line.text(at));
                at + 1
            }
            Kind::Number => number(line, at, Lead::default(), tongue, speech),
            Kind::Mark => read_mark(line, at, tongue, speech),
            _ => word(line, at, tongue, speech),
        };
        // Every reading moves on; should one fail to, its token is passed over rather than read for ever.
        at = next.max(at + 1);
    }
}

/// Bytes of the longest abbreviation with a point, and some.
const LONGEST_SHORT_FORM: usize = 12;

/// Most words: small letters, with nothing behind them that could make them something else.
fn is_plain(line: &Line<'_>, at: usize, tongue: &dyn Tongue) -> bool {
    match line.kind(at + 1) {
        Kind::Space | Kind::End => !tongue.is_special(line.text(at)),
        Kind::Mark => match line.mark(at + 1) {
            ',' | ';' | '?' | '!' => !tongue.is_special(line.text(at)),
            '.' => line.text(at).len() > LONGEST_SHORT_FORM && matches!(line.kind(at + 2), Kind::Space | Kind::End),
            _ => false,
        },
        _ => false,
    }
}

fn word(line: &Line<'_>, at: usize, tongue: &dyn Tongue, speech: &mut Speech) -> usize {
    if let Some(next) = address(line, at, tongue, speech) {
        return next;
    }
    if let Some(next) = tongue.word(line, at, speech).or_else(|| code(line, at, tongue, speech)) {
        return next;
    }
    if line.kind(at) == Kind::Upper {
        say_capitals(line, at, tongue, speech);
    } else {
        speech.copy(line.text(at));
    }
    at + 1
}

fn number(line: &Line<'_>, at: usize, lead: Lead, tongue: &dyn Tongue, speech: &mut Speech) -> usize {
    if lead.currency.is_none() && !lead.negative {
        let known = date_or_hours(line, at, tongue, speech)
            .or_else(|| address(line, at, tongue, speech))
            .or_else(|| phone(line, at, tongue.style(), speech))
            .or_else(|| code(line, at, tongue, speech));
        if let Some(next) = known {
            return next;
        }
    }
    tongue.number(line, at, lead, speech)
}

fn date_or_hours(line: &Line<'_>, at: usize, tongue: &dyn Tongue, speech: &mut Speech) -> Option<usize> {
    if let Some((date, next)) = moments::date(line, at) {
        return Some(tongue.date(line, date, next, speech));
    }
    let point = matches!(line.mark(at + 1), '.') && tongue.point_is_hour(line, at);
    let (hours, next) = moments::hours(line, at, point)?;
    Some(tongue.hours(line, at, hours, next, speech))
}

fn read_mark(line: &Line<'_>, at: usize, tongue: &dyn Tongue, speech: &mut Speech) -> usize {
    let sign = line.mark(at);
    if let Some(next) = tongue.mark(line, at, speech) {
        return next;
    }
    match sign {
        '+' | '(' => {
            if let Some(next) = phone(line, at, tongue.style(), speech) {
                return next;
            }
        }
        '€' | '$' | '£' if line.is_number(line.skip_space(at + 1)) && !line.is_number(at.wrapping_sub(1)) => {
            let lead = Lead { currency: Some(sign), negative: false };
            return number(line, line.skip_space(at + 1), lead, tongue, speech);
        }
        // A minus stands right before its number and right after nothing.
        '-' | '–' if line.is_number(at + 1) && (at == 0 || line.is_space(at - 1) || line.mark(at - 1) == '(') => {
            return number(line, at + 1, Lead { negative: true, currency: None }, tongue, speech);
        }
        '[' | ']' => {
            if let Some(next) = bracket(line, at) {
                return next;
            }
        }
        _ => {}
    }
    mark(line, at, tongue, speech)
}

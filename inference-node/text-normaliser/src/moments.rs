//! Dates and hours as they are written in figures.

use crate::scan::Line;

/// A day of the calendar.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Date {
    pub(crate) day: u64,
    pub(crate) month: u64,
    pub(crate) year: u64,
}

/// An hour of the day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Hour {
    pub(crate) hour: u64,
    pub(crate) minute: u64,
    pub(crate) second: Option<u64>,
    /// Written `08`, so that it is meant on 24 hours.
    pub(crate) leading_zero: bool,
}

/// An hour, or the time from one to another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Hours {
    pub(crate) from: Hour,
    pub(crate) to: Option<Hour>,
}

/// The date at a place where digits stand, with the place after it: `12.03.2026`, `12. 3. 2026`, `12/03/26`, `2026-03-12`.
/// The point after the day of `2026.03.12.` is left to the language.
pub(crate) fn date(line: &Line<'_>, at: usize) -> Option<(Date, usize)> {
    let mark = line.mark(at + 1);
    if !matches!(mark, '.' | '/' | '-') {
        return None;
    }
    let step = |from: usize| {
        let after = if mark == '.' { line.skip_space(from + 2) } else { from + 2 };
        (line.mark(from + 1) == mark && line.is_number(after)).then_some(after)
    };
    let second = step(at)?;
    let third = step(second)?;
    let (a, b, c) = (line.text(at), line.text(second), line.text(third));
    // A further part makes it something else: a version, an address of the network, a file's number.
    if line.mark(third + 1) == mark && line.is_number(third + 2) {
        return None;
    }
    let (year, month, day) = match (a.len(), b.len(), c.len()) {
        (4, 1 | 2, 1 | 2) => (a.parse().ok()?, b, c),
        (1 | 2, 1 | 2, 4) => (c.parse().ok()?, b, a),
        (2, 2, 2) if mark != '-' => (2000 + c.parse::<u64>().ok()?, b, a),
        _ => return None,
    };
    let (mut month, mut day) = (month.parse::<u64>().ok()?, day.parse::<u64>().ok()?);
    if month > 12 && day <= 12 && a.len() != 4 {
        (month, day) = (day, month);
    }
    let holds = (1..=12).contains(&month) && (1..=31).contains(&day) && (1000..=2999).contains(&year);
    holds.then_some((Date { day, month, year }, third + 1))
}

/// The second of two dates with a dash between, with the place after it; `next` is the place after the first.
pub(crate) fn until(line: &Line<'_>, next: usize) -> Option<(Date, usize)> {
    let dash = line.skip_space(next);
    let second = line.skip_space(dash + 1);
    if line.is_dash(dash) && line.is_number(second) { date(line, second) } else { None }
}

/// The hour or the hours at a place where digits stand, with the place after. `point` allows `8.30` beside `8:30`.
pub(crate) fn hours(line: &Line<'_>, at: usize, point: bool) -> Option<(Hours, usize)> {
    let (from, next) = hour(line, at, point)?;
    let dash = line.skip_space(next);
    if line.is_dash(dash)
        && let Some((to, after)) = hour(line, line.skip_space(dash + 1), point)
    {
        return Some((Hours { from, to: Some(to) }, after));
    }
    Some((Hours { from, to: None }, next))
}

fn hour(line: &Line<'_>, at: usize, point: bool) -> Option<(Hour, usize)> {
    let mark = line.mark(at + 1);
    let (written, minutes) = (line.text(at), line.text(at + 2));
    let shaped = (mark == ':' || (point && mark == '.'))
        && line.is_number(at)
        && line.is_number(at + 2)
        && written.len() <= 2
        && minutes.len() == 2;
    if !shaped {
        return None;
    }
    let (hour, minute) = (written.parse::<u64>().ok()?, minutes.parse::<u64>().ok()?);
    let mut next = at + 3;
    let mut second = None;
    if line.mark(next) == mark && line.is_number(next + 1) {
        second = Some(line.text(next + 1).parse::<u64>().ok().filter(|&second| second < 60)?);
        next += 2;
    }
    // Nothing of this kind goes on: `10:20:30:40` is no hour.
    if line.mark(next) == mark && line.is_number(next + 1) {
        return None;
    }
    let leading_zero = written.len() == 2 && written.starts_with('0');
    (hour <= 24 && minute < 60).then_some((Hour { hour, minute, second, leading_zero }, next))
}

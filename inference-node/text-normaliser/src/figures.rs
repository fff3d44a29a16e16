//! Numbers as they are written: `1.234,56`, `1 234 567`, `3,5`, `007`.

use crate::scan::Line;
use crate::tongue::Style;

/// The largest number said as a number; longer ones are said digit by digit.
const LARGEST: u64 = 1_000_000_000_000_000;

/// A number as it stands in a line.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Figure<'t> {
    /// Its whole part; `None` when it is too long to be said as a number.
    pub(crate) whole: Option<u64>,
    /// Digits after the decimal mark; empty when there is none.
    pub(crate) fraction: &'t str,
    /// The first run of digits, all of them when `grouped` is false.
    pub(crate) digits: &'t str,
    /// Its thousands are set apart.
    pub(crate) grouped: bool,
    /// The place after it.
    pub(crate) next: usize,
}

impl Figure<'_> {
    /// A whole number without a leading zero.
    pub(crate) fn count(&self) -> Option<u64> {
        if self.fraction.is_empty() && !self.has_leading_zero() { self.whole } else { None }
    }

    pub(crate) fn has_leading_zero(&self) -> bool {
        self.digits.len() > 1 && self.digits.starts_with('0')
    }

    /// Looks like a mark of identity and not like an amount: long and not round, or with leading zeros.
    pub(crate) fn is_identity(&self) -> bool {
        !self.grouped && (self.has_leading_zero() || (self.digits.len() > 6 && !self.digits.ends_with("000")))
    }
}

/// The number at a place where digits stand.
pub(crate) fn figure<'t>(line: &Line<'t>, at: usize, style: &Style) -> Figure<'t> {
    let digits = line.text(at);
    let (mut whole, mut grouped, mut next) = (digits.parse::<u64>().ok(), false, at + 1);
    if (1..=3).contains(&digits.len()) && !digits.starts_with('0') {
        for group in [style.group, ' ', style.decimal] {
            let end = groups(line, at + 1, group);
            // `1,234` is a decimal where the comma is one; `1,234,567` cannot be.
            let enough = if group == style.decimal { 2 } else { 1 };
            if (end - at - 1) / 2 < enough {
                continue;
            }
            (grouped, next) = (true, end);
            whole = (at..end)
                .step_by(2)
                .try_fold(0_u64, |sum, place| sum.checked_mul(1000)?.checked_add(line.text(place).parse().ok()?));
            break;
        }
    }
    let mut fraction = "";
    if line.mark(next) == style.decimal && line.is_number(next + 1) && !continues(line, next + 2, style.decimal) {
        fraction = line.text(next + 1);
        next += 2;
    }
    Figure { whole: whole.filter(|&whole| whole <= LARGEST), fraction, digits, grouped, next }
}

/// The place after groups of three digits that follow at `at`, each after the mark or, for `' '`, after a space.
fn groups(line: &Line<'_>, at: usize, mark: char) -> usize {
    let mut end = at;
    loop {
        let parted = if mark == ' ' {
            line.is_space(end) && line.text(end).chars().count() == 1
        } else {
            line.mark(end) == mark
        };
        if !(parted && line.is_number(end + 1) && line.text(end + 1).len() == 3) {
            return end;
        }
        end += 2;
    }
}

fn continues(line: &Line<'_>, at: usize, mark: char) -> bool {
    line.mark(at) == mark && line.is_number(at + 1)
}

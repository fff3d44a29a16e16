//! What a language brings: its words for digits and signs, and its readings of numbers, dates, hours and short forms.

use crate::moments::{Date, Hours};
use crate::scan::Line;
use crate::speech::Speech;

/// Signs and small words that every shared reading needs.
pub(crate) struct Style {
    /// Names of 0 to 9, as in a telephone number.
    pub(crate) digits: [&'static str; 10],
    /// Parts whole and fraction.
    pub(crate) decimal: char,
    /// Parts groups of three digits, beside spaces.
    pub(crate) group: char,
    /// In addresses: `.`, `/`, `-`, `_`, `@`.
    pub(crate) dot: &'static str,
    pub(crate) slash: &'static str,
    pub(crate) dash: &'static str,
    pub(crate) underscore: &'static str,
    pub(crate) at: &'static str,
    /// Before a telephone number with a country code, and between numbers.
    pub(crate) plus: &'static str,
}

/// What stood before a number and was left to it.
#[derive(Clone, Copy, Default)]
pub(crate) struct Lead {
    pub(crate) negative: bool,
    /// A currency sign before the amount, as in `€20`.
    pub(crate) currency: Option<char>,
}

/// A language's readings. Each is given the line and a place in it, writes what is said, and returns the place after.
pub(crate) trait Tongue: Sync {
    fn style(&self) -> &'static Style;

    /// Writes a number as one counts it.
    fn cardinal(&self, value: u64, text: &mut String);

    /// A word that is not said as it is written, with what belongs to it: an abbreviation, a Roman numeral.
    fn word(&self, line: &Line<'_>, at: usize, speech: &mut Speech) -> Option<usize>;

    /// Whether a word in small letters, with a space or comma behind it, may need [`Tongue::word`]. Asked of nearly every word.
    fn is_special(&self, word: &str) -> bool;

    /// A number that is no date, hour, telephone number or code, with what it counts.
    fn number(&self, line: &Line<'_>, at: usize, lead: Lead, speech: &mut Speech) -> usize;

    /// A date; `next` is the place after it.
    fn date(&self, line: &Line<'_>, date: Date, next: usize, speech: &mut Speech) -> usize;

    /// An hour or the time from one hour to another, found at `at`; `next` is the place after it.
    fn hours(&self, line: &Line<'_>, at: usize, hours: Hours, next: usize, speech: &mut Speech) -> usize;

    /// Whether `8.30` at this place is an hour.
    fn point_is_hour(&self, line: &Line<'_>, at: usize) -> bool;

    /// A word in capitals that is said in its own way.
    fn acronym(&self, word: &str) -> Option<&'static str>;

    /// Whether a word after a number is a unit or a currency, so that `5MB` is an amount and not a code.
    fn is_unit(&self, word: &str) -> bool;

    /// A mark with what belongs to it, such as a number in brackets behind an article of a law.
    fn mark(&self, _line: &Line<'_>, _at: usize, _speech: &mut Speech) -> Option<usize> {
        None
    }

    /// A sign that stands by itself.
    fn sign(&self, mark: char) -> Option<&'static str>;

    /// A slash between two words.
    fn slash(&self, line: &Line<'_>, at: usize) -> &'static str;
}

/// Says digits one by one.
pub(crate) fn say_digits(style: &Style, digits: &str, speech: &mut Speech) {
    for digit in digits.bytes() {
        if let Some(name) = style.digits.get(usize::from(digit.wrapping_sub(b'0'))) {
            speech.say(name);
        }
    }
}

/// Says digits one by one, a pause after every `size` of them; a last group of one joins the group before.
pub(crate) fn say_grouped(style: &Style, digits: &str, size: usize, speech: &mut Speech) {
    let mut rest = digits;
    while !rest.is_empty() {
        let cut = if rest.len() <= size + 1 { rest.len() } else { size };
        let (group, more) = rest.split_at_checked(cut).unwrap_or((rest, ""));
        say_digits(style, group, speech);
        if !more.is_empty() {
            speech.pause(',');
        }
        rest = more;
    }
}

//! Telephone numbers, said in the groups in which they are written, or in those that people use.

use crate::scan::Line;
use crate::speech::Speech;
use crate::tongue::{Style, say_digits, say_grouped};

/// Longest number by E.164.
const MOST_DIGITS: usize = 15;

/// Says the telephone number at a place, if one begins there, and returns the place after it.
///
/// Known are numbers with a country code (`+40 21 319 99 00`) and national ones of ten or eleven digits that begin with 0.
pub(crate) fn phone(line: &Line<'_>, at: usize, style: &Style, speech: &mut Speech) -> Option<usize> {
    let abroad = line.mark(at) == '+';
    let bracket = line.mark(at) == '(';
    let mut place = if abroad || bracket { at + 1 } else { at };
    if !line.is_number(place) || (!abroad && !line.text(place).starts_with('0')) {
        return None;
    }
    let (mut groups, mut total, mut end) = (Vec::new(), 0, None);
    while line.is_number(place) && total + line.text(place).len() <= MOST_DIGITS {
        groups.push(line.text(place));
        total += line.text(place).len();
        place += 1;
        let national = !abroad && matches!(total, 10 | 11);
        if (abroad && total >= 8) || national {
            end = Some((place, groups.len()));
        }
        if national {
            break;
        }
        place = next_group(line, place);
    }
    let (end, count) = end?;
    groups.truncate(count);
    // A date or a file's number begins with two digits and has only three groups.
    if !abroad && groups.iter().map(|group| group.len()).eq([2, 2, 4]) {
        return None;
    }
    if abroad {
        speech.say(style.plus);
    }
    say(&groups, abroad, style, speech);
    Some(end)
}

/// The place of the next group of digits: after one space or mark, or after brackets round an area code.
fn next_group(line: &Line<'_>, place: usize) -> usize {
    let after_bracket = if line.mark(place) == ')' { place + 1 } else { place };
    let after = match line.mark(after_bracket) {
        '-' | '.' | '/' => after_bracket + 1,
        _ => line.skip_space(after_bracket),
    };
    if line.mark(after) == '(' { after + 1 } else { after }
}

fn say(groups: &[&str], abroad: bool, style: &Style, speech: &mut Speech) {
    if let [single] = groups {
        let sizes: &[usize] = match (abroad, single.get(..3)) {
            (true, _) => &[2, 3, 3],
            (false, Some("021" | "031")) => &[3, 3, 2],
            _ => &[4, 3],
        };
        let mut rest = *single;
        for &size in sizes {
            let (group, more) = rest.split_at_checked(size).unwrap_or((rest, ""));
            say_digits(style, group, speech);
            speech.pause(',');
            rest = more;
        }
        say_grouped(style, rest, 3, speech);
        return;
    }
    for (number, group) in groups.iter().enumerate() {
        if number > 0 {
            speech.pause(',');
        }
        say_grouped(style, group, if group.len() == 6 { 3 } else { 4 }, speech);
    }
}

//! Days of the week in a timetable.

use super::words::say_like;
use crate::scan::{Kind, Line};
use crate::speech::Speech;

/// Days of the week before hours: `L-V 8:00-16:00`, and `luni-vineri` anywhere.
pub(crate) fn days(line: &Line<'_>, at: usize, speech: &mut Speech) -> Option<usize> {
    let first = day(line.text(at))?;
    let dash = line.skip_space(at + 1);
    let last = if line.is_dash(dash) { day(line.text(line.skip_space(dash + 1))) } else { None };
    let next = if last.is_some() { line.skip_space(dash + 1) + 1 } else { at + 1 };
    if line.kind(at) == Kind::Upper {
        let hour = (next..next + 3).find(|&place| !line.is_space(place) && line.mark(place) != ':')?;
        if !(line.is_number(hour) && matches!(line.mark(hour + 1), ':' | '.' | '-' | '–')) {
            return None;
        }
    } else if last.is_none() {
        return None;
    }
    say_like(if line.kind(at) == Kind::Upper { "" } else { line.text(at) }, first, speech);
    if let Some(last) = last {
        speech.say("până");
        speech.say(last);
    }
    Some(next)
}

fn day(word: &str) -> Option<&'static str> {
    Some(match word {
        "L" | "luni" | "Luni" => "luni",
        "Ma" | "marți" | "Marți" => "marți",
        "Mi" | "miercuri" | "Miercuri" => "miercuri",
        "J" | "joi" | "Joi" => "joi",
        "V" | "vineri" | "Vineri" => "vineri",
        "S" | "sâmbătă" | "Sâmbătă" => "sâmbătă",
        "D" | "duminică" | "Duminică" => "duminică",
        _ => return None,
    })
}

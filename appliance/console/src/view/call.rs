//! Calls as rows: who rings, who has him, since when; how it ended.

use std::collections::HashMap;

use desk::call::{Call, Direction, Holder, Recording, Standing, TransferTarget, first_sound};
use desk::ids::{DepartmentId, OperatorId};
use desk::language::Language;
use desk::phone_number::PhoneNumber;
use desk::ports::live_calls::LiveCall;
use jiff::Timestamp;
use ui::{dates, fill};

use crate::parts::App;
use crate::texts::Texts;

/// What rows are made with.
pub(crate) struct Sight<'a> {
    pub(crate) app: &'a App,
    pub(crate) t: &'static Texts,
    pub(crate) language: Language,
    pub(crate) now: Timestamp,
    pub(crate) names: &'a HashMap<OperatorId, String>,
}

impl Sight<'_> {
    pub(crate) fn department(&self, department: Option<&DepartmentId>) -> String {
        department.map_or_else(
            || self.t.calls.no_department.clone(),
            |id| self.app.config().departments.name(id, self.language).to_owned(),
        )
    }

    fn name(&self, operator: OperatorId) -> String {
        self.names.get(&operator).cloned().unwrap_or_else(|| self.t.role.operator.clone())
    }

    /// A number as people read it.
    pub(crate) fn caller(&self, number: Option<&PhoneNumber>) -> String {
        number.map_or_else(|| self.t.calls.withheld.clone(), PhoneNumber::grouped)
    }

    pub(crate) fn target(&self, target: &TransferTarget) -> String {
        match target {
            TransferTarget::Department(id) => self.department(Some(id)),
            TransferTarget::Operator(id) => self.name(*id),
            TransferTarget::Number(number) => number.grouped(),
        }
    }

    /// What happens on the line, in words.
    pub(crate) fn standing(&self, standing: &Standing) -> String {
        let s = &self.t.standing;
        match standing {
            Standing::Ringing => s.ringing.clone(),
            Standing::Greeting => s.greeting.clone(),
            Standing::Listening => s.listening.clone(),
            Standing::CallerSpeaks => s.caller_speaks.clone(),
            Standing::Thinking => s.thinking.clone(),
            Standing::Speaking => s.speaking.clone(),
            Standing::Keypad => s.keypad.clone(),
            Standing::Queue { position, .. } => fill(&s.queue, &[("position", &position.to_string())]),
            Standing::OnHold => s.on_hold.clone(),
            Standing::Transferring { to } => fill(&s.transferring, &[("to", &self.target(to))]),
            Standing::WithPerson { operator: Some(operator) } => {
                fill(&s.with_person, &[("name", &self.name(*operator))])
            }
            Standing::WithPerson { operator: None } => s.with_outside.clone(),
            Standing::Ended => s.ended.clone(),
        }
    }
}

/// The tone of a standing's tag; its words say the same.
pub(crate) fn tone(standing: &Standing) -> &'static str {
    match standing.holder() {
        Holder::Waiting => "warn",
        Holder::Person => "good",
        Holder::Assistant => "info",
        Holder::Nobody => "",
    }
}

/// Seconds as a telephone shows them: `2:07`, `1:02:07`.
pub(crate) fn clock(seconds: u64) -> String {
    let (hours, minutes, seconds) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    if hours > 0 { format!("{hours}:{minutes:02}:{seconds:02}") } else { format!("{minutes}:{seconds:02}") }
}

/// The time that has passed since `since`.
pub(crate) fn passed(since: Timestamp, now: Timestamp) -> String {
    clock(u64::try_from(now.duration_since(since).as_secs()).unwrap_or(0))
}

/// A call that goes on, as both sources tell of it: this server's own, and what the others have written.
pub(crate) struct Going {
    pub(crate) live: LiveCall,
    /// Whether this server has it.
    pub(crate) here: bool,
}

impl Going {
    /// What is known of a call that another server has.
    pub(crate) fn elsewhere(call: Call) -> Self {
        let standing_since = call.answered_at.unwrap_or(call.started_at);
        Self {
            live: LiveCall {
                id: call.id,
                conversation: call.conversation,
                direction: call.direction,
                caller: call.caller,
                language: call.language,
                department: call.department,
                started_at: call.started_at,
                standing: call.standing,
                standing_since,
                recorded: call.recording.is_kept(),
                supervisors: Vec::new(),
                trouble: None,
            },
            here: false,
        }
    }
}

/// A row of the live calls.
pub(crate) struct LiveRow {
    pub(crate) id: String,
    pub(crate) standing: String,
    pub(crate) tone: &'static str,
    /// When the standing began, for the clock that ticks; `None` where only the other server knows.
    pub(crate) standing_since: Option<String>,
    pub(crate) standing_for: String,
    pub(crate) started_at: String,
    pub(crate) lasts: String,
    pub(crate) caller: String,
    pub(crate) outgoing: bool,
    pub(crate) department: String,
    pub(crate) language: &'static str,
    pub(crate) language_name: &'static str,
    pub(crate) estimate: Option<String>,
    pub(crate) supervised: bool,
}

impl LiveRow {
    pub(crate) fn new(going: &Going, sight: &Sight<'_>) -> Self {
        let call = &going.live;
        let estimate = match call.standing {
            Standing::Queue { estimate_seconds: Some(seconds), .. } => {
                let minutes = seconds.div_ceil(60).max(1).to_string();
                Some(fill(&sight.t.calls.estimate, &[("minutes", &minutes)]))
            }
            _ => None,
        };
        Self {
            id: call.id.to_string(),
            standing: sight.standing(&call.standing),
            tone: tone(&call.standing),
            standing_since: going.here.then(|| call.standing_since.to_string()),
            standing_for: if going.here { passed(call.standing_since, sight.now) } else { String::new() },
            started_at: call.started_at.to_string(),
            lasts: passed(call.started_at, sight.now),
            caller: sight.caller(call.caller.as_ref()),
            outgoing: call.direction == Direction::Out,
            department: sight.department(call.department.as_ref()),
            language: call.language.code(),
            language_name: call.language.endonym(),
            estimate,
            supervised: !call.supervisors.is_empty(),
        }
    }
}

/// A row of the history.
pub(crate) struct PastRow {
    pub(crate) id: String,
    pub(crate) started: String,
    pub(crate) started_full: String,
    pub(crate) started_iso: String,
    pub(crate) caller: String,
    pub(crate) outgoing: bool,
    pub(crate) department: String,
    pub(crate) language: &'static str,
    pub(crate) language_name: &'static str,
    pub(crate) lasted: String,
    pub(crate) ending: String,
    pub(crate) went_wrong: bool,
    pub(crate) first_sound: Option<String>,
    pub(crate) recorded: bool,
}

impl PastRow {
    pub(crate) fn new(call: &Call, sight: &Sight<'_>) -> Self {
        use desk::call::Ending;
        let how = call.ended.map(|ended| ended.how);
        Self {
            id: call.id.to_string(),
            started: dates::moment(call.started_at, sight.now, sight.language),
            started_full: dates::full(call.started_at, sight.language),
            started_iso: call.started_at.to_string(),
            caller: sight.caller(call.caller.as_ref()),
            outgoing: call.direction == Direction::Out,
            department: call.department.as_ref().map(|id| sight.department(Some(id))).unwrap_or_default(),
            language: call.language.code(),
            language_name: call.language.endonym(),
            lasted: clock(call.seconds(sight.now)),
            ending: how.map_or_else(|| sight.standing(&call.standing), |how| sight.t.ending(how).to_owned()),
            went_wrong: matches!(how, Some(Ending::MediaLost | Ending::Failed | Ending::ServerLost)),
            first_sound: first_sound(&call.timings).map(|(median, _)| milliseconds(median, sight.t)),
            recorded: matches!(call.recording, Recording::Kept { .. }),
        }
    }
}

/// `480 ms`, `2,1 s`.
pub(crate) fn milliseconds(millis: u32, t: &Texts) -> String {
    if millis < 1_000 { format!("{millis} ms") } else { format!("{} s", decimal(u64::from(millis / 100), 1, t)) }
}

/// `scaled` with its last `digits` behind the language's mark: 214 with one digit is `21,4`.
pub(crate) fn decimal(scaled: u64, digits: u32, t: &Texts) -> String {
    let unit = 10_u64.pow(digits);
    let width = digits as usize;
    format!("{}{}{:0width$}", scaled / unit, t.timing.mark, scaled % unit)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::texts::texts;

    #[test]
    fn times_are_shown_as_on_a_telephone() {
        assert_eq!(clock(7), "0:07");
        assert_eq!(clock(127), "2:07");
        assert_eq!(clock(3_727), "1:02:07");
        let (romanian, english) = (texts(Language::Ro), texts(Language::En));
        assert_eq!(milliseconds(480, romanian), "480 ms");
        assert_eq!(milliseconds(2_140, romanian), "2,1 s");
        assert_eq!(milliseconds(2_140, english), "2.1 s");
        assert_eq!(decimal(205, 2, english), "2.05");
    }
}

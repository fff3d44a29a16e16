//! One telephone call as it is kept: who rang whom, who had the caller, how it ended, what each stage of each answer took,
//! and whether it was recorded.
//!
//! What changes many times a second (who speaks, half-heard words) is no part of it: that lives with the server that has
//! the call ([`crate::ports::live_calls`]). What is kept changes a few times a call, and each change is a durable write.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::ids::{CallId, ConversationId, DepartmentId, OperatorId};
use crate::language::Language;
use crate::phone_number::PhoneNumber;
pub use crate::recording::{Consent, NotRecorded, Recording};

/// How many answers of a call keep their timings; a longer call keeps the first ones.
pub const MAX_TIMINGS: usize = 200;

/// Who rang whom.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Direction {
    /// A citizen rang us.
    In,
    /// We rang a citizen, as promised.
    Out,
}

/// Who has the citizen, and what happens on the line. A server that does not have the call knows it only as it was last
/// written ([`Standing::is_worth_writing`]).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Standing {
    /// It rings: at our side, or at the citizen's when we dial.
    Ringing,
    /// The citizen hears the greeting and that a machine answers.
    Greeting,
    /// The assistant waits for words.
    Listening,
    /// The citizen speaks.
    CallerSpeaks,
    /// The assistant looks for the answer.
    Thinking,
    /// The assistant speaks.
    Speaking,
    /// The citizen is asked for keys, or presses them.
    Keypad,
    /// The citizen waits for a person.
    Queue {
        /// For whom.
        department: DepartmentId,
        /// The place in the queue, from 1.
        position: u32,
        /// How long it may still take, in seconds, where that can be told.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        estimate_seconds: Option<u32>,
    },
    /// The citizen, or the exchange before him, has put us on hold.
    OnHold,
    /// A person is being rung.
    Transferring {
        /// Who or what is rung.
        to: TransferTarget,
    },
    /// A person speaks with the citizen.
    WithPerson {
        /// Who; `None` where the number reached is nobody's of ours.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        operator: Option<OperatorId>,
    },
    /// It has ended.
    Ended,
}

/// Who has the citizen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Holder {
    /// The machine.
    Assistant,
    /// Nobody yet: a queue, or a person who is being rung.
    Waiting,
    /// A person.
    Person,
    /// Nobody any more.
    Nobody,
}

impl Standing {
    /// Who has the citizen.
    #[must_use]
    pub fn holder(&self) -> Holder {
        match self {
            Self::Queue { .. } | Self::Transferring { .. } => Holder::Waiting,
            Self::WithPerson { .. } => Holder::Person,
            Self::Ended => Holder::Nobody,
            _ => Holder::Assistant,
        }
    }

    /// Whether a change from this standing to `next` is to be made durable: when the citizen changes hands, and when he is
    /// put on hold. Who of two speaks changes too often.
    #[must_use]
    pub fn is_worth_writing(&self, next: &Self) -> bool {
        let place = |standing: &Self| match standing {
            Self::Queue { department, .. } => Some(department.clone()),
            _ => None,
        };
        self.holder() != next.holder()
            || place(self) != place(next)
            || (*self == Self::OnHold) != (*next == Self::OnHold)
            || (*self == Self::Ringing) != (*next == Self::Ringing)
            || (next.holder() != Holder::Assistant && place(next).is_none() && self != next)
    }

    /// A name for texts and the journal.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Ringing => "ringing",
            Self::Greeting => "greeting",
            Self::Listening => "listening",
            Self::CallerSpeaks => "caller_speaks",
            Self::Thinking => "thinking",
            Self::Speaking => "speaking",
            Self::Keypad => "keypad",
            Self::Queue { .. } => "queue",
            Self::OnHold => "on_hold",
            Self::Transferring { .. } => "transferring",
            Self::WithPerson { .. } => "with_person",
            Self::Ended => "ended",
        }
    }
}

/// Where a call is handed on to.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(tag = "to", content = "id", rename_all = "snake_case")]
pub enum TransferTarget {
    /// To whoever is free in a department.
    Department(DepartmentId),
    /// To a member of staff, at his extension.
    Operator(OperatorId),
    /// To a number.
    Number(PhoneNumber),
}

/// How a call ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Ending {
    /// The citizen hung up.
    CallerHungUp,
    /// We hung up, after the goodbye.
    WeHungUp,
    /// A member of staff ended it in the console.
    OperatorHungUp,
    /// It went on elsewhere, out of our hands.
    Transferred,
    /// The citizen hung up before it was answered.
    Abandoned,
    /// The citizen whom we rang did not answer, or was busy.
    NotAnswered,
    /// Every line was taken: it was refused, or a call-back was promised.
    RejectedBusy,
    /// It was refused by a rule: a peer that may not call, too many calls a minute.
    Refused,
    /// No sound came any more.
    MediaLost,
    /// The exchange or we failed.
    Failed,
    /// The server that had it died.
    ServerLost,
}

impl Ending {
    /// Every ending, in the order of a filter's list.
    pub const ALL: [Self; 11] = [
        Self::CallerHungUp,
        Self::WeHungUp,
        Self::OperatorHungUp,
        Self::Transferred,
        Self::Abandoned,
        Self::NotAnswered,
        Self::RejectedBusy,
        Self::Refused,
        Self::MediaLost,
        Self::Failed,
        Self::ServerLost,
    ];

    /// The name in the database, in texts and in addresses of pages.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::CallerHungUp => "caller_hung_up",
            Self::WeHungUp => "we_hung_up",
            Self::OperatorHungUp => "operator_hung_up",
            Self::Transferred => "transferred",
            Self::Abandoned => "abandoned",
            Self::NotAnswered => "not_answered",
            Self::RejectedBusy => "rejected_busy",
            Self::Refused => "refused",
            Self::MediaLost => "media_lost",
            Self::Failed => "failed",
            Self::ServerLost => "server_lost",
        }
    }
}

/// When and how a call ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ended {
    /// When.
    pub at: Timestamp,
    /// How.
    pub how: Ending,
}

/// What each stage of one answer took, in milliseconds, counted from the moment in which the citizen had stopped speaking.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct TurnTiming {
    /// The number, in the conversation, of the citizen's turn; `None` where it became none (a key, a repetition).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub turn: Option<u64>,
    /// When the citizen began to speak, counted from the start of the call.
    pub began_ms: u64,
    /// When the citizen stopped, counted from the start of the call.
    pub stopped_ms: u64,
    /// Until it was decided that the citizen had finished.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub decided_ms: Option<u32>,
    /// Until the words were there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub words_ms: Option<u32>,
    /// Until the first clause of the answer was there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub answer_ms: Option<u32>,
    /// Until the first sound of the answer left.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sound_ms: Option<u32>,
    /// From the citizen's interruption of this answer to its last audible packet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub silenced_ms: Option<u32>,
}

/// How well the sound of the citizen reached us (RFC 3550).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Quality {
    /// Packets that came.
    pub received: u64,
    /// Packets that did not.
    pub lost: u64,
    /// The mean interarrival jitter, in microseconds.
    pub jitter_us: u32,
    /// The worst interarrival jitter, in microseconds.
    pub worst_jitter_us: u32,
}

impl Quality {
    /// The share of packets that did not come, in hundredths of a percent.
    #[must_use]
    pub fn lost_per_myriad(&self) -> u64 {
        self.lost.saturating_mul(10_000).checked_div(self.received.saturating_add(self.lost)).unwrap_or(0)
    }
}

/// One telephone call.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Call {
    /// Its id.
    pub id: CallId,
    /// The conversation that it carries, once there is one.
    pub conversation: Option<ConversationId>,
    /// The number of the server that has it.
    pub server: u64,
    /// Who rang whom.
    pub direction: Direction,
    /// The citizen's number; `None` where it is withheld. Personal data.
    pub caller: Option<PhoneNumber>,
    /// The number that was dialled: ours where the citizen rang.
    pub dialled: String,
    /// The exchange it came through, by its name in the configuration.
    pub peer: String,
    /// The language spoken with the citizen.
    pub language: Language,
    /// When it came in, or was dialled.
    pub started_at: Timestamp,
    /// When it was answered.
    pub answered_at: Option<Timestamp>,
    /// When and how it ended; `None` while it goes on.
    pub ended: Option<Ended>,
    /// Who has the citizen.
    pub standing: Standing,
    /// Whose matter it is, once that is known.
    pub department: Option<DepartmentId>,
    /// Where it was handed on to.
    pub transferred_to: Option<TransferTarget>,
    /// Its sound, or why there is none.
    pub recording: Recording,
    /// What each answer took, at most [`MAX_TIMINGS`].
    pub timings: Vec<TurnTiming>,
    /// How well it was heard.
    pub quality: Quality,
}

impl Call {
    /// How long citizen and institution were connected, at `now` while it goes on, in whole seconds.
    #[must_use]
    pub fn seconds(&self, now: Timestamp) -> u64 {
        let until = self.ended.map_or(now, |ended| ended.at);
        self.answered_at.map_or(0, |since| u64::try_from(until.duration_since(since).as_secs()).unwrap_or(0))
    }
}

/// How long a call took to be spoken to, summed up: the median and the slowest of its answers, in milliseconds from the end
/// of speech to the first sound.
#[must_use]
pub fn first_sound(timings: &[TurnTiming]) -> Option<(u32, u32)> {
    let mut waits: Vec<u32> = timings.iter().filter_map(|timing| timing.sound_ms).collect();
    waits.sort_unstable();
    Some((*waits.get(waits.len().checked_sub(1)? / 2)?, *waits.last()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn queue(position: u32) -> Standing {
        Standing::Queue { department: DepartmentId::from("pasapoarte"), position, estimate_seconds: None }
    }

    #[test]
    fn who_speaks_is_not_written_but_who_has_the_citizen_is() {
        assert!(!Standing::Listening.is_worth_writing(&Standing::CallerSpeaks));
        assert!(!Standing::Thinking.is_worth_writing(&Standing::Speaking));
        assert!(!queue(3).is_worth_writing(&queue(2)));
        assert!(Standing::Ringing.is_worth_writing(&Standing::Greeting));
        assert!(Standing::Speaking.is_worth_writing(&queue(1)));
        assert!(Standing::Listening.is_worth_writing(&Standing::OnHold));
        let (one, another) = (OperatorId::new(), OperatorId::new());
        let with = |operator| Standing::WithPerson { operator: Some(operator) };
        assert!(with(one).is_worth_writing(&with(another)));
        assert!(!with(one).is_worth_writing(&with(one)));
    }

    #[test]
    fn the_share_of_lost_packets_is_told_even_where_none_came() {
        assert_eq!(Quality::default().lost_per_myriad(), 0);
        assert_eq!(Quality { received: 990, lost: 10, ..Quality::default() }.lost_per_myriad(), 100);
    }

    #[test]
    fn the_wait_for_an_answer_is_summed_up_by_its_median_and_its_worst() {
        let timing = |sound_ms| TurnTiming { sound_ms, ..TurnTiming::default() };
        assert_eq!(first_sound(&[timing(None)]), None);
        assert_eq!(
            first_sound(&[timing(Some(900)), timing(None), timing(Some(400)), timing(Some(500))]),
            Some((500, 900))
        );
    }
}

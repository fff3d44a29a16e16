//! The console's texts in every language, typed: a key that a file lacks fails a test.

use desk::call::Ending;
use desk::case::{CaseKind, CaseState, Level, Priority};
use desk::contact::{Assurance, Channel};
use desk::language::Language;
use desk::operator::Role;
use desk::outcome::HandOffReason;
use serde::Deserialize;
use ui::Translations;

static TEXTS: Translations<Texts> = Translations::new(
    include_str!("../texts/ro.toml"),
    include_str!("../texts/hu.toml"),
    include_str!("../texts/en.toml"),
);

/// The texts in `language`.
pub(crate) fn texts(language: Language) -> &'static Texts {
    TEXTS.get(language)
}

macro_rules! texts {
    ($($(#[$doc:meta])* $name:ident { $($field:ident: $kind:ty),* $(,)? })*) => {$(
        $(#[$doc])*
        #[derive(Debug, Deserialize)]
        #[serde(deny_unknown_fields)]
        pub(crate) struct $name { $(pub(crate) $field: $kind),* }
    )*};
}

texts! {
    /// All of them, by page.
    Texts {
        shell: Shell, sign_in: SignIn, password: Password, queue: Queue, conversation: Conversation, case: Case,
        notice: Notice, keys: Keys, accounts: Accounts, cluster: Cluster, calls: Calls, call: Call,
        call_back: CallBack, standing: Standing, ending: EndingWords, timing: Timing, extension: Extension, problem: Problem, kind: Kind, state: State, priority: PriorityWords,
        reason: Reason, channel: ChannelWords, assurance: AssuranceWords, role: RoleWords, citizen: Citizen,
    }
    Shell {
        console: String, queue: String, calls: String, extension: String, accounts: String, cluster: String, sign_out: String, language: String,
        offline: String, find: String, find_hint: String, signed_in_as: String,
    }
    Cluster {
        title: String, lead: String, empty_title: String, empty_text: String, nodes: String, models: String, no_models: String,
        heard: String, silent: String, never: String, unwell: String, gpu_ok: String, gpu_admits_nothing: String,
        gpu_draining: String, gpu_needs_reset: String, temperature: String, busy: String, memory: String, of: String,
        processor: String, model: String, live: String, place: String, calls: String, chats: String, letters: String, rest: String,
        serves: String, serves_not: String, note: String, drained: String, steps: String, load_waits: String,
        load_goes: String, unload_waits: String, unload_empties: String, unload_goes: String, interrupts: String,
    }
    Calls {
        title: String, now: String, history: String, waiting: String, assistant: String, people: String,
        empty_title: String, empty_text: String, none_title: String, none_text: String, backs: String, backs_empty: String,
        state: String, since: String, caller: String, department: String, language: String, lasts: String, withheld: String,
        no_department: String, outgoing: String, estimate: String, supervised: String, due: String, was_due: String, why: String,
        reference: String, tried: String, dial: String, cancel: String, dialling: String, acts: String, rings_at: String,
        no_extension: String, set_extension: String, show: String, started: String, ending: String, first_sound: String,
        recording: String, recorded: String, only_recorded: String, every_ending: String, every_language: String,
        number_ends: String, from: String, until: String, filter: String, older: String, past_empty_title: String,
        past_empty_text: String, empty_filtered: String, show_all: String,
    }
    Call {
        back: String, started: String, lasts: String, transcript: String, nothing_said: String, elsewhere: String,
        interrupted: String, take: String, take_hint: String, transfer: String, to_department: String, to_operator: String, to_number: String,
        number_hint: String, send: String, supervise: String, listen: String, whisper: String, join: String, leave: String,
        listening: String, whispering: String, joined: String, along: String, hang_up: String, hang_up_sure: String,
        hang_up_yes: String, acts: String, no_extension: String, conversation: String, recording: String, recording_now: String,
        recording_about: String, recording_not_yours: String, consent_informed: String, consent_given: String,
        unrecorded_policy: String, unrecorded_refused: String, unrecorded_not_asked: String, unrecorded_failed: String,
        unrecorded_erased: String, about: String, dialled: String, answered_after: String, transferred_to: String,
        first_sound: String, first_sound_is: String, quality: String, quality_is: String, peer: String, server: String,
        id: String, seek: String,
    }
    CallBack { all_busy: String, instead_of_waiting: String, closed: String, requested: String, cut_off: String }
    Standing {
        ringing: String, greeting: String, listening: String, caller_speaks: String, thinking: String, speaking: String,
        keypad: String, queue: String, on_hold: String, transferring: String, with_person: String, with_outside: String,
        ended: String,
    }
    EndingWords {
        caller_hung_up: String, we_hung_up: String, operator_hung_up: String, transferred: String, abandoned: String,
        not_answered: String, rejected_busy: String, refused: String, media_lost: String, failed: String, server_lost: String,
    }
    Timing { mark: String, decided: String, words: String, answer: String, sound: String, silenced: String }
    Extension { title: String, lead: String, number: String, hint: String, save: String, wrong: String }
    SignIn {
        title: String, lead: String, username: String, password: String, submit: String, wrong: String, wait: String,
        ended: String, signed_out: String, help: String, missing: String, problem: String,
    }
    Password {
        title: String, first: String, rule: String, current: String, new: String, repeat: String, submit: String,
        short: String, long: String, holds_username: String, monotonous: String, differs: String, unchanged: String,
        wrong: String, back: String,
    }
    Queue {
        title: String, waiting: String, mine: String, elsewhere: String, assistant: String, all: String, department: String,
        every_department: String, filter: String, state: String, priority: String, level: String, subject: String,
        language: String, channel: String, waits: String, term: String, reference: String, nothing_due: String,
        paused: String, empty_title: String, empty_text: String, empty_filtered: String, show_all: String, none_mine: String,
        cut: String, show: String, not_waiting: String,
    }
    Conversation {
        title: String, back: String, why: String, transcript: String, earlier: String, citizen: String,
        assistant: String, answer: String, clarify: String, hand_off: String, remark: String, confidence: String,
        generated: String, sources: String, valid_from: String, checked_on: String, version: String, choices: String, picked: String, heard: String, heard_nothing: String,
        bring: String, cost: String, time: String, place: String, trace: String, stage: String, decision: String, micros: String,
        useful: String, not_useful: String, take: String, take_hint: String, reply_label: String,
        reply_hint: String, send: String, send_close: String, give_back: String, give_back_hint: String, to_queue: String, to_queue_hint: String, close: String,
        close_hint: String, more: String, held_by: String, with_assistant: String, in_queue: String, yours: String, closed: String,
        closed_text: String, empty_reply: String, long_reply: String, typed: String, typed_hint: String, typing: String,
        contact: String, unnamed: String, no_address: String, browser: String, opened: String, nothing_said: String,
        draft_kept: String, on_the_line: String, on_the_line_text: String, open_call: String, phone_title: String,
        phone_text: String, ring: String, ring_hint: String, calls: String, call_at: String,
    }
    Case {
        title: String, none: String, none_text: String, registered: String, kind: String, department: String, level: String,
        priority: String, state: String, holder: String, nobody: String, opened: String, save: String, change: String,
        clocks: String, paused_since: String, met: String, lifted: String, extended: String, no_clock: String, wait: String,
        wait_hint: String, resume: String, extend: String, extend_hint: String, forward: String, forward_to: String, forward_hint: String, forward_by: String, own_target: String,
        forward_send: String, forward_needs: String, kind_hint: String, waited: String,
    }
    Notice {
        taken: String, taken_by: String, taken_by_typed: String, taken_by_nobody: String, replied: String, closed: String, reply_closed: String, given_back: String,
        queued: String, changed: String, changed_by_other: String, waiting: String, resumed: String, extended: String,
        forwarded: String, language: String, password: String, not_open: String, already: String,
        your_phone_rings: String, rings_to_take_part: String, part_changed: String, transferring: String, hanging_up: String, left_call: String, on_its_way: String, call_ended: String, no_extension: String, not_answered: String, not_allowed: String, not_now: String,
        command_failed: String, command_expired: String, wrong_target: String, dialling: String, call_back_cancelled: String, call_back_moved: String,
        on_the_line: String, no_number: String, extension: String,
    }
    Keys {
        title: String, close: String, next: String, previous: String, open: String, take: String, reply: String, help: String,
        queue: String,
    }
    Accounts {
        title: String, lead: String, add: String, username: String, username_hint: String, display_name: String, display_name_hint: String, role: String,
        departments: String, every: String, departments_hint: String, language: String, create: String, reset: String, disable: String,
        enable: String, active: String, disabled: String, must_change: String, issued: String, issued_text: String, issued_for: String,
        bad_username: String, bad_name: String, taken: String, last: String, state: String, actions: String, you: String,
    }
    Problem {
        not_found: String, not_found_text: String, not_allowed: String, not_allowed_text: String, origin: String, origin_text: String,
        unavailable: String, unavailable_text: String, conflict: String, conflict_text: String, refused: String, refused_text: String,
        internal: String, internal_text: String, bad: String, bad_text: String, back: String,
    }
    Kind { question: String, incident: String, petition: String, public_information: String }
    State {
        new: String, in_progress: String, waiting_for_citizen: String, forwarded: String, resolved: String, closed: String,
    }
    PriorityWords { low: String, normal: String, high: String, urgent: String }
    Reason {
        requested: String, not_in_knowledge: String, low_confidence: String, distress: String, needs_decision: String,
        guide_end: String, failure: String,
    }
    ChannelWords { chat: String, email: String, phone: String }
    AssuranceWords { claimed: String, asserted: String, confirmed: String, identified: String }
    RoleWords { operator: String, editor: String, supervisor: String, administrator: String }
    /// What citizens are told, in their own language.
    Citizen { forwarded: String }
}

impl Texts {
    pub(crate) fn kind(&self, kind: CaseKind) -> &str {
        match kind {
            CaseKind::Question => &self.kind.question,
            CaseKind::Incident => &self.kind.incident,
            CaseKind::Petition => &self.kind.petition,
            CaseKind::PublicInformation => &self.kind.public_information,
        }
    }

    pub(crate) fn state(&self, state: CaseState) -> &str {
        match state {
            CaseState::New => &self.state.new,
            CaseState::InProgress => &self.state.in_progress,
            CaseState::WaitingForCitizen => &self.state.waiting_for_citizen,
            CaseState::Forwarded => &self.state.forwarded,
            CaseState::Resolved => &self.state.resolved,
            CaseState::Closed => &self.state.closed,
        }
    }

    pub(crate) fn priority(&self, priority: Priority) -> &str {
        match priority {
            Priority::Low => &self.priority.low,
            Priority::Normal => &self.priority.normal,
            Priority::High => &self.priority.high,
            Priority::Urgent => &self.priority.urgent,
        }
    }

    pub(crate) fn reason(&self, reason: HandOffReason) -> &str {
        match reason {
            HandOffReason::Requested => &self.reason.requested,
            HandOffReason::NotInKnowledge => &self.reason.not_in_knowledge,
            HandOffReason::LowConfidence => &self.reason.low_confidence,
            HandOffReason::Distress => &self.reason.distress,
            HandOffReason::NeedsDecision => &self.reason.needs_decision,
            HandOffReason::GuideEnd => &self.reason.guide_end,
            HandOffReason::Failure => &self.reason.failure,
        }
    }

    pub(crate) fn ending(&self, ending: Ending) -> &str {
        match ending {
            Ending::CallerHungUp => &self.ending.caller_hung_up,
            Ending::WeHungUp => &self.ending.we_hung_up,
            Ending::OperatorHungUp => &self.ending.operator_hung_up,
            Ending::Transferred => &self.ending.transferred,
            Ending::Abandoned => &self.ending.abandoned,
            Ending::NotAnswered => &self.ending.not_answered,
            Ending::RejectedBusy => &self.ending.rejected_busy,
            Ending::Refused => &self.ending.refused,
            Ending::MediaLost => &self.ending.media_lost,
            Ending::Failed => &self.ending.failed,
            Ending::ServerLost => &self.ending.server_lost,
        }
    }

    pub(crate) fn channel(&self, channel: Channel) -> &str {
        match channel {
            Channel::Chat => &self.channel.chat,
            Channel::Email => &self.channel.email,
            Channel::Phone => &self.channel.phone,
        }
    }

    pub(crate) fn assurance(&self, assurance: Assurance) -> &str {
        match assurance {
            Assurance::Claimed => &self.assurance.claimed,
            Assurance::Asserted => &self.assurance.asserted,
            Assurance::Confirmed => &self.assurance.confirmed,
            Assurance::Identified => &self.assurance.identified,
        }
    }

    pub(crate) fn role(&self, role: Role) -> &str {
        match role {
            Role::Operator => &self.role.operator,
            Role::Editor => &self.role.editor,
            Role::Supervisor => &self.role.supervisor,
            Role::Administrator => &self.role.administrator,
        }
    }
}

/// A level as rows show it: the same in every language.
pub(crate) fn level(level: Level) -> &'static str {
    match level {
        Level::L1 => "L1",
        Level::L2 => "L2",
        Level::L3 => "L3",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_language_has_every_text_with_the_same_places() {
        TEXTS.check().unwrap();
    }

    #[test]
    fn romanian_is_written_with_a_comma_below() {
        let file = include_str!("../texts/ro.toml");
        assert!(!file.contains(['ş', 'ţ', 'Ş', 'Ţ']));
    }
}

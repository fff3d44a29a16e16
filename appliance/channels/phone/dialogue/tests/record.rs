//! What of a call stands in its record: what was really heard, and its sound, where the caller lets it.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a failed step fails the test")]

mod played;

use dialogue::{Action, Event, HeardOf, Note, Recording};
use played::{Call, answer, answered, setup};

/// What the record was told of answers that were spoken.
fn heard(call: &Call) -> Vec<HeardOf> {
    call.actions(|action| match action {
        Action::Heard(heard) => Some(heard.clone()),
        _ => None,
    })
}

/// A call of an institution that records after a notice.
fn with_notice() -> Call {
    let mut setup = setup();
    let mut settings = (*setup.settings).clone();
    settings.recording = Recording::Notice;
    setup.settings = settings.into();
    Call::begin(setup)
}

/// When its sound was recorded, and when not any more.
fn records(call: &Call) -> Vec<bool> {
    call.actions(|action| match action {
        Action::Record { on } => Some(*on),
        _ => None,
    })
}

#[test]
fn the_record_holds_what_the_caller_really_heard_of_an_interrupted_answer() {
    let mut call = Call::open();
    let number = call.asks("cum obțin buletinul");
    let text =
        "Mergeți la ghișeul de evidență. Luați actul vechi și cererea. Plătiți taxa la bancă. Așteptați zece zile.";
    call.event(answered(number, answer(text, Vec::new())));
    call.wait(4.0);
    call.says("stați, nu asta am întrebat");
    let heard = heard(&call);
    let heard = heard.last().expect("what was heard");
    assert!(
        !heard.whole && heard.text.starts_with("Mergeți la ghișeul") && !heard.text.contains("Așteptați"),
        "{heard:?}"
    );
    assert!(call.noted(|note| matches!(note, Note::Interrupted { .. })));
}

#[test]
fn whoever_hangs_up_in_the_middle_of_an_answer_has_heard_its_beginning() {
    let mut call = Call::open();
    let number = call.asks("cum obțin buletinul");
    let text = "Mergeți la ghișeul de evidență. Luați actul vechi și cererea. Plătiți taxa la bancă.";
    call.event(answered(number, answer(text, Vec::new())));
    call.wait(4.0);
    call.event(Event::HungUp);
    let heard = heard(&call);
    let [heard] = heard.as_slice() else { panic!("{heard:?}") };
    assert!(!heard.whole && heard.text.starts_with("Mergeți") && !heard.text.contains("bancă"), "{heard:?}");
}

#[test]
fn an_answer_of_which_more_could_be_told_was_not_heard_to_its_end() {
    let mut call = Call::open();
    let number = call.asks("cum obțin buletinul");
    let steps: Vec<String> = (1..=14).map(|step| format!("Pasul cu numărul {step} este la ghișeul {step}.")).collect();
    call.event(answered(number, answer(&steps.join(" "), Vec::new())));
    call.finish_speaking();
    let heard = |call: &Call| heard(call).iter().map(|heard| (heard.whole, heard.more)).collect::<Vec<_>>();
    assert_eq!(heard(&call), [(true, true)], "{}", call.said());
    call.says("da");
    call.finish_speaking();
    assert_eq!(heard(&call), [(true, true), (true, false)], "{}", call.said());
}

#[test]
fn recording_begins_once_the_notice_was_heard_and_ends_on_a_key() {
    let mut call = with_notice();
    call.wait(2.0);
    assert!(records(&call).is_empty(), "not before the notice");
    call.finish_speaking();
    assert_eq!(records(&call), [true]);
    call.key('9');
    assert_eq!(records(&call), [true, false]);
}

#[test]
fn whoever_knows_the_notice_refuses_a_recording_before_it_is_told() {
    let mut call = with_notice();
    call.wait(1.0);
    call.key('9');
    call.finish_speaking();
    assert_eq!(records(&call), [false]);
    assert!(call.said().contains("nu se înregistrează"), "{}", call.said());
}

#[test]
fn whoever_asks_for_a_person_before_the_notice_hears_it_while_he_waits_and_may_refuse_there() {
    let mut call = with_notice();
    call.wait(1.0);
    call.key('0');
    assert!(records(&call).is_empty() && call.said().ends_with("Rămâneți la telefon."), "{}", call.said());
    call.finish_speaking();
    assert_eq!(records(&call), [true]);
    call.key('9');
    assert_eq!(records(&call), [true, false]);
    assert!(call.said().ends_with("nu se înregistrează."), "{}", call.said());
}

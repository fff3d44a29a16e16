//! What holds for any call, whatever comes: never two utterances at once, never endless silence without a plan, always
//! an end.

mod played;

use std::time::Duration;

use desk::conversation::Owner;
use desk::ids::OperatorId;
use desk::language::Language;
use desk::ports::speech::Abilities;
use desk::reference::Reference;
use dialogue::exact::Kind;
use dialogue::{
    Action, Clause, Dialogue, Direction, Event, Progress, QueueNews, SoundFrame, Spoke, Standing, TransferNews,
    UtteranceId, Words,
};
use played::{answer, answered, choice, hand_off, long_list, setup};
use proptest::prelude::*;

/// Words that a conversation turns on, and some that mean nothing.
fn sayings() -> impl Strategy<Value = String> {
    let known = [
        "da",
        "nu",
        "operator",
        "repetați",
        "mai rar",
        "la revedere",
        "meniu",
        "magyarul",
        "english please",
        "arde casa",
        "cât costă un pașaport",
        "am un număr de caz",
        "sunați-mă",
        "zero șapte doi doi unu doi trei patru cinci șase",
        "stop",
        "stați puțin",
        "am șase ani",
        "vreau să",
        "unu",
        "lăsați un mesaj",
        "aha",
        "ăăă",
        "trimiteți-mi prin sms",
        "înapoi",
    ];
    prop_oneof![4 => prop::sample::select(known.map(str::to_owned).to_vec()), 1 => ".{0,30}"]
}

fn abilities() -> impl Strategy<Value = Abilities> {
    let languages = || prop_oneof![Just(Vec::new()), Just(vec![Language::Ro]), Just(Language::ALL.to_vec())];
    (languages(), languages()).prop_map(|(spoken, heard)| Abilities { spoken, heard })
}

fn events() -> impl Strategy<Value = Event> {
    let frames = (0.0_f32..1.0, -90.0_f32..0.0, 1_u64..400).prop_map(|(speech, level_db, length)| {
        Event::Sound(SoundFrame { speech, level_db, length: Duration::from_millis(length) })
    });
    let words = (sayings(), any::<bool>(), 0_usize..40, prop::option::of(0.0_f32..1.0), 0_usize..4).prop_map(
        |(text, complete, stable_chars, confidence, language)| {
            let language = Language::ALL.get(language).copied();
            Event::Words(Words { text, stable_chars, complete, confidence, language })
        },
    );
    let replies = (1_u64..6, 0_usize..5).prop_map(|(submission, kind)| match kind {
        0 => answered(submission, answer("Mergeți la ghișeu. Luați actul.", Vec::new())),
        1 => answered(submission, answer("Alegeți.", ["a", "b", "c", "d", "e", "f"].map(choice).to_vec())),
        2 => answered(submission, long_list()),
        3 => answered(submission, hand_off(Reference::from_random(submission))),
        _ => Event::ReplyFailed { submission },
    });
    let news = prop_oneof![
        (1_u32..9, prop::option::of(0_u64..3_000)).prop_map(|(position, estimate)| {
            Event::Queue(QueueNews::Waiting { position, estimate: estimate.map(Duration::from_secs) })
        }),
        Just(Event::Queue(QueueNews::Nobody)),
        Just(Event::Queue(QueueNews::Taken)),
        prop::sample::select(vec![
            TransferNews::Ringing,
            TransferNews::Answered,
            TransferNews::Failed,
            TransferNews::Returned
        ])
        .prop_map(Event::Transfer),
        Just(Event::Owner(Owner::Assistant)),
        Just(Event::Owner(Owner::Operator(OperatorId::default()))),
        Just(Event::CallBackFailed),
        any::<u64>().prop_map(|random| Event::CallBackBooked {
            reference: Reference::from_random(random),
            from: jiff::Timestamp::UNIX_EPOCH,
            until: jiff::Timestamp::MAX,
        }),
        any::<bool>().prop_map(|delivered| Event::Sent { delivered }),
        prop::sample::select(vec![Kind::Cnp, Kind::Reference, Kind::Phone, Kind::Date, Kind::Digits])
            .prop_map(Event::Ask),
        abilities().prop_map(Event::Abilities),
    ];
    let spoke =
        (1_u64..40, 0_usize..6, -1.0_f32..2.0, 0_usize..4).prop_map(|(utterance, clauses, partly, progress)| {
            let progress = [Progress::Playing, Progress::Ended, Progress::Stopped, Progress::Failed][progress];
            let utterance = UtteranceId(utterance);
            Event::Spoke(Spoke { utterance, clauses, partly, heard: Duration::ZERO, progress })
        });
    prop_oneof![
        6 => frames,
        6 => words,
        4 => prop::sample::select("0123456789*#A".chars().collect::<Vec<_>>()).prop_map(Event::Digit),
        4 => replies,
        2 => (1_u64..6, ".{0,40}").prop_map(|(submission, text)| Event::ReplyPiece { submission, text }),
        3 => news,
        4 => spoke,
        3 => Just(Event::Tick),
    ]
}

/// Follows what we say, as a line does.
#[derive(Default)]
struct Line {
    speaks: Option<(UtteranceId, bool)>,
    over: bool,
    submitted: u64,
}

impl Line {
    fn carry_out(&mut self, actions: &[Action]) {
        for action in actions {
            assert!(!self.over, "after the end: {action:?}");
            match action {
                Action::Say(utterance) => {
                    assert!(self.speaks.is_none(), "two utterances at once");
                    assert!(!utterance.clauses.is_empty() && utterance.clauses.len() <= 200);
                    let empty = |clause: &Clause| matches!(clause, Clause::Text(text) if text.trim().is_empty());
                    assert!(!utterance.clauses.iter().any(empty), "an empty clause: {utterance:?}");
                    self.speaks = Some((utterance.id, utterance.complete));
                }
                Action::Append { utterance, last, .. } => {
                    assert_eq!(self.speaks, Some((*utterance, false)), "nothing to append to");
                    self.speaks = Some((*utterance, *last));
                }
                Action::Stop { utterance } => {
                    assert_eq!(self.speaks.map(|(id, _)| id), Some(*utterance), "nothing to stop");
                    self.speaks = None;
                }
                Action::Pause { utterance } | Action::Resume { utterance, .. } => {
                    assert_eq!(self.speaks.map(|(id, _)| id), Some(*utterance));
                }
                Action::Submit(submission) => {
                    self.submitted += 1;
                    assert_eq!(submission.number, self.submitted);
                }
                Action::HangUp(_) => self.over = true,
                _ => {}
            }
        }
    }

    /// What the line reports as ended is no longer said.
    fn take_in(&mut self, event: &Event) {
        if let Event::Spoke(spoke) = event
            && spoke.progress != Progress::Playing
        {
            self.speaks.take_if(|(id, _)| *id == spoke.utterance);
        }
    }
}

/// A call through any events, `milliseconds` apart.
fn run(direction: Direction, full: bool, first: Abilities, events: Vec<(u64, Event)>) -> (Dialogue, Line, Duration) {
    let mut setup = setup();
    (setup.direction, setup.full, setup.abilities) = (direction, full, first);
    let (mut dialogue, mut line, mut now) = (Dialogue::new(setup), Line::default(), Duration::ZERO);
    line.carry_out(&dialogue.on(now, Event::Answered));
    for (later, event) in events {
        now += Duration::from_millis(later);
        line.take_in(&event);
        line.carry_out(&dialogue.on(now, event));
        let planned = dialogue.due().is_some();
        let with_others = matches!(dialogue.standing(), Standing::WithPerson | Standing::Over);
        assert!(planned || with_others, "{:?} without a plan", dialogue.standing());
    }
    (dialogue, line, now)
}

fn directions() -> impl Strategy<Value = Direction> {
    let back = Direction::CallBack { reference: Reference::from_random(1), department: "cazier".into() };
    prop_oneof![3 => Just(Direction::Inbound), 1 => Just(back)]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 150, ..ProptestConfig::default() })]

    #[test]
    fn whatever_comes_we_say_one_thing_at_a_time_have_a_plan_and_come_to_an_end(
        direction in directions(),
        full: bool,
        first in abilities(),
        events in prop::collection::vec((0_u64..4_000, events()), 0..120),
    ) {
        let (mut dialogue, mut line, mut now) = run(direction, full, first, events);
        // A person hangs up himself; everybody else is let go by time alone, though no report ever comes.
        line.carry_out(&dialogue.on(now, Event::Transfer(TransferNews::Returned)));
        let mut ticks = 0;
        while let Some(due) = dialogue.due() {
            now = now.max(due);
            line.carry_out(&dialogue.on(now, Event::Tick));
            ticks += 1;
            prop_assert!(ticks < 2_000, "a tick that leads nowhere at {now:?}: {:?}", dialogue.standing());
        }
        prop_assert_eq!(dialogue.standing(), Standing::Over);
        prop_assert!(line.over);
    }

    #[test]
    fn a_caller_who_is_never_understood_still_reaches_a_person_or_an_end(turns in 3_usize..12) {
        let mut setup = setup();
        setup.caller.number = None;
        let mut call = played::Call::begin(setup);
        call.finish_speaking();
        for _ in 0..turns {
            if call.connect().is_some() || call.ended().is_some() {
                return Ok(());
            }
            call.says_unsure("castron fulger");
            call.finish_speaking();
        }
        prop_assert!(call.connect().is_some());
    }
}

#[test]
fn a_call_of_which_nothing_is_ever_reported_ends() {
    let (mut dialogue, mut line, mut now) = run(Direction::Inbound, false, setup().abilities, Vec::new());
    for _ in 0..200 {
        let Some(due) = dialogue.due() else { break };
        now = now.max(due);
        line.carry_out(&dialogue.on(now, Event::Tick));
    }
    assert!(line.over && now < Duration::from_secs(300), "{now:?}");
}

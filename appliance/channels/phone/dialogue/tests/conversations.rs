//! Whole conversations, with a caller, a desk and a voice that are played.

#![allow(clippy::unwrap_used, reason = "a failed step fails the test")]

mod played;

use std::time::Duration;

use desk::department::Departments;
use desk::guide::Guide;
use desk::language::Language;
use desk::ports::speech::Abilities;
use desk::reference::Reference;
use dialogue::exact::{Kind, Value};
use dialogue::{
    Action, Direction, Ending, Event, Institution, Menus, Note, Pace, Prompts, QueueNews, Said, Standing, TransferNews,
    Via, Why,
};
use jiff::Timestamp;
use played::{Call, answer, answered, choice, hand_off, long_list, setup};

fn booked(reference: Reference) -> Event {
    let from = Timestamp::UNIX_EPOCH + jiff::SignedDuration::from_secs(1_795_420_800);
    Event::CallBackBooked { reference, from, until: from + jiff::SignedDuration::from_hours(2) }
}

#[test]
fn a_question_is_asked_answered_with_its_source_and_the_call_ends_with_goodbye() {
    let mut call = Call::begin(setup());
    assert!(call.said().contains("asistent automat"), "{}", call.said());
    call.finish_speaking();
    call.says("cât costă un pașaport");
    let submission = call.submitted().expect("submitted");
    assert_eq!((&submission.said, submission.via), (&Said::Text("cât costă un pașaport".into()), Via::Voice));
    call.event(answered(submission.number, answer("Taxa este de 258 de lei.", Vec::new())));
    assert!(call.said().contains("258 de lei") && call.said().contains("Sursa: Pașaport simplu"), "{}", call.said());
    call.finish_speaking();
    call.says("nu, mulțumesc");
    call.finish_speaking();
    assert_eq!(call.ended(), Some(Ending::Goodbye));
}

#[test]
fn a_sign_of_listening_does_not_stop_an_answer_and_a_false_interruption_resumes_its_clause() {
    let mut call = Call::open();
    let number = call.asks("cum obțin buletinul");
    call.event(answered(number, answer(&"Aceasta este o propoziție despre acte. ".repeat(6), Vec::new())));
    call.wait(2.0);
    call.voice(0.6);
    call.wait(3.0);
    assert!(call.noted(|note| *note == Note::FalseInterruption));
    let resumed = call.actions(|action| match action {
        Action::Resume { clause, .. } => Some(*clause),
        _ => None,
    });
    assert!(!resumed.is_empty() && call.is_speaking());
    assert!(call.actions(|action| matches!(action, Action::Submit(_)).then_some(())).len() == 1);
}

#[test]
fn a_slow_answer_is_announced_and_then_spoken_in_the_same_breath() {
    let mut call = Call::open();
    let number = call.asks("cum obțin buletinul");
    call.wait(1.0);
    assert!(call.said().contains("Un moment") || call.said().contains("Imediat"), "{}", call.said());
    call.event(answered(number, answer("Mergeți la ghișeu.", Vec::new())));
    assert!(call.actions(|action| matches!(action, Action::Append { last: true, .. }).then_some(())).len() == 1);
    call.finish_speaking();
    let heard = call.actions(|action| match action {
        Action::Heard(heard) => Some(heard.clone()),
        _ => None,
    });
    assert!(
        heard[0].whole && heard[0].text.starts_with("Mergeți la ghișeu."),
        "the bridge is no part of it: {heard:?}"
    );
}

#[test]
fn an_answer_is_spoken_while_it_is_being_made_and_nothing_twice() {
    let mut call = Call::open();
    let number = call.asks("cum obțin buletinul");
    call.event(Event::ReplyPiece { submission: number, text: "Mergeți la ghișeu. ".into() });
    call.event(Event::ReplyPiece { submission: number, text: "Luați actul vechi. ".into() });
    call.event(answered(number, answer("Mergeți la ghișeu. Luați actul vechi. Plătiți taxa.", Vec::new())));
    let said = call.said_since_submission();
    assert_eq!(said.matches("Mergeți la ghișeu").count(), 1, "{said}");
    assert!(said.contains("Luați actul vechi. Plătiți taxa."), "{said}");
}

#[test]
fn an_answer_that_never_comes_leads_to_a_person() {
    let mut call = Call::open();
    let _ = call.asks("cum obțin buletinul");
    call.wait(21.0);
    assert_eq!(call.connect().map(|connect| connect.why), Some(Why::Failure));
}

#[test]
fn choices_are_picked_by_key_and_submitted_with_their_turn() {
    let mut call = Call::open();
    let number = call.asks("nu merge contul");
    let choices = vec![choice("Am uitat parola"), choice("Contul este blocat")];
    call.event(answered(number, answer("Ce se întâmplă?", choices)));
    assert!(call.said().contains("apăsați 1"), "{}", call.said());
    call.key('2');
    let submission = call.submitted().unwrap();
    assert_eq!(submission.said, Said::Pick { turn: 2, number: 2, label: "Contul este blocat".into() });
    assert_eq!(submission.via, Via::Keypad);
}

#[test]
fn a_long_list_is_cut_and_the_rest_told_on_a_yes() {
    let mut call = Call::open();
    let number = call.asks("ce acte aduc");
    call.event(answered(number, long_list()));
    assert!(call.said().contains("Mai sunt 2"), "{}", call.said());
    call.finish_speaking();
    call.says("da");
    assert!(call.said().contains("chitanța"), "{}", call.said());
}

#[test]
fn wishes_about_the_call_itself_are_granted_without_the_desk() {
    let mut call = Call::open();
    let number = call.asks("cum obțin buletinul");
    call.event(answered(number, answer("Mergeți la ghișeu.", Vec::new())));
    call.finish_speaking();
    call.says("mai rar, vă rog");
    let utterance = call.utterance().unwrap();
    assert_eq!(utterance.pace, Pace::Slow);
    assert!(call.said().contains("mai rar") && call.said().contains("Mergeți la ghișeu"), "{}", call.said());
    call.says("mai tare");
    assert_eq!(call.utterance().unwrap().gain_db, 3);
    call.says("operator");
    assert_eq!(call.connect().map(|connect| connect.why), Some(Why::Asked));
}

#[test]
fn the_language_follows_the_first_words_a_key_or_a_wish() {
    let mut call = Call::begin(setup());
    call.finish_speaking();
    call.says_in("mennyibe kerül az útlevél", Some(Language::Hu));
    assert_eq!(call.submitted().unwrap().language, Language::Hu);

    let mut call = Call::begin(setup());
    call.wait(1.0);
    call.key('3');
    assert!(call.said().contains("English"), "{}", call.said());

    let mut call = Call::open();
    call.key('2');
    assert!(call.said().contains("Magyarul folytatjuk"), "a key after the greeting is not too late: {}", call.said());

    let mut setup = setup();
    setup.abilities = Abilities::default();
    let mut call = Call::begin(setup);
    call.finish_speaking();
    call.key('2');
    assert!(call.said().contains("Főmenü"), "{}", call.said());

    let mut call = Call::open();
    call.says("magyarul kérem");
    assert!(call.actions(|action| matches!(action, Action::SetLanguage(Language::Hu)).then_some(())).len() == 1);
}

#[test]
fn danger_is_answered_with_112_before_the_sentence_is_over() {
    let mut call = Call::open();
    call.partial("ajutor arde casa", 17);
    assert!(call.said().starts_with("Sunați acum la 112"), "{}", call.said());
    assert!(!call.utterance().unwrap().interruptible);
    let connect = call.connect().unwrap();
    assert_eq!((connect.why, connect.briefing.danger), (Why::Danger, true));
}

#[test]
fn unsure_words_are_asked_about_then_led_to_the_keys_then_to_a_person() {
    let mut call = Call::open();
    call.says_unsure("banana castron fulger");
    assert!(call.said().contains("Nu am înțeles bine"), "{}", call.said());
    assert!(call.submitted().is_none());
    call.finish_speaking();
    call.says_unsure("castron banana fulger");
    assert_eq!(call.standing(), Standing::Keypad);
    call.finish_speaking();
    call.says_unsure("fulger fulger banana");
    assert_eq!(call.connect().map(|connect| connect.why), Some(Why::NotUnderstood));
}

#[test]
fn silence_is_reminded_led_to_the_keys_and_let_go() {
    let mut call = Call::open();
    call.wait(90.0);
    assert!(call.all_said().contains("Spuneți în câteva cuvinte"));
    assert!(call.all_said().contains("Meniul principal"));
    assert_eq!(call.ended(), Some(Ending::Silence));
}

#[test]
fn without_a_voice_or_an_ear_the_guides_are_served_by_keys_with_prompts_alone() {
    let mut setup = setup();
    setup.abilities = Abilities::default();
    let mut call = Call::begin(setup);
    call.finish_speaking();
    call.wait(4.0);
    assert_eq!(call.standing(), Standing::Keypad);
    assert!(call.said().contains("Meniul principal"), "{}", call.said());
    call.key('1');
    assert!(call.said().contains("Ce s-a întâmplat"), "{}", call.said());
    call.key('1');
    assert!(call.said().contains("Căutați parola uitată"), "{}", call.said());
    let told = call.actions(|action| match action {
        Action::Told(told) => Some(told.chosen.clone()),
        _ => None,
    });
    assert_eq!(told, ["Cont", "Am uitat parola"]);
    call.key('*');
    call.key('0');
    assert!(call.connect().is_some());
    assert!(call.only_prompts(), "nothing needs a node");
}

#[test]
fn the_last_node_is_lost_in_the_middle_of_a_call_and_it_goes_on_by_keys() {
    let mut call = Call::open();
    let _ = call.asks("cum obțin buletinul");
    call.event(Event::Abilities(Abilities::default()));
    assert!(call.said().contains("tastele telefonului"), "{}", call.said());
    call.finish_speaking();
    assert_eq!(call.standing(), Standing::Keypad);
    call.event(Event::Abilities(Abilities { spoken: Language::ALL.to_vec(), heard: Language::ALL.to_vec() }));
    call.finish_speaking();
    assert!(call.all_said().contains("Vă pot auzi din nou"));
}

#[test]
fn a_case_is_told_with_its_number_and_the_caller_waits_with_his_place() {
    let mut call = Call::open();
    let number = call.asks("vreau să depun o plângere");
    call.event(answered(number, hand_off(Reference::from_random(4))));
    assert!(call.said().contains("Numărul cazului este"), "{}", call.said());
    assert_eq!(call.connect().map(|connect| connect.why), Some(Why::HandOff));
    call.event(Event::Queue(QueueNews::Waiting { position: 2, estimate: Some(Duration::from_secs(200)) }));
    call.finish_speaking();
    assert!(call.all_said().contains("Numărul dumneavoastră la rând este doi"), "{}", call.all_said());
    call.wait(80.0);
    assert!(call.all_said().contains("vă sunăm noi"));
    call.event(Event::Queue(QueueNews::Taken));
    call.event(Event::Transfer(TransferNews::Answered));
    assert_eq!(call.standing(), Standing::WithPerson);
    assert!(!call.is_speaking());
}

#[test]
fn a_failed_transfer_returns_to_the_assistant_which_offers_to_ring_back() {
    let mut call = Call::open();
    call.says("operator");
    call.event(Event::Transfer(TransferNews::Ringing));
    call.event(Event::Transfer(TransferNews::Failed));
    assert!(call.said().contains("Am rămas cu dumneavoastră"), "{}", call.said());
    call.key('1');
    assert!(call.said().contains("numărul de la care vorbiți"), "{}", call.said());
    call.key('1');
    let wishes = call.actions(|action| match action {
        Action::BookCallBack(wish) => Some(wish.number.clone()),
        _ => None,
    });
    assert_eq!(wishes, ["+40722123456"]);
    call.event(booked(Reference::from_random(9)));
    call.finish_speaking();
    assert!(call.said().contains("Vă sunăm noi") && call.said().contains("mâine"), "{}", call.said());
}

#[test]
fn a_caller_without_a_number_gives_one_by_voice_and_it_is_read_back() {
    let mut setup = setup();
    setup.caller.number = None;
    let mut call = Call::begin(setup);
    call.finish_speaking();
    call.says("sunați-mă înapoi");
    call.finish_speaking();
    call.says("zero șapte doi doi unu doi trei patru cinci șase");
    assert!(call.said().contains("zero șapte doi doi, unu doi trei"), "{}", call.said());
    call.finish_speaking();
    call.says("da");
    assert!(call.actions(|action| matches!(action, Action::BookCallBack(_)).then_some(())).len() == 1);
}

#[test]
fn a_case_reference_is_keyed_confirmed_and_asked_about() {
    let mut call = Call::open();
    call.says("am un număr de caz");
    for digit in String::from(Reference::from_random(4)).chars() {
        call.key(digit);
    }
    assert!(call.said().contains("Este corect"), "{}", call.said());
    call.key('1');
    assert!(matches!(call.submitted().unwrap().said, Said::Text(text) if text.contains("stadiul cazului")));
}

#[test]
fn a_closed_department_says_when_it_opens() {
    let mut setup = setup();
    let mut departments = (*setup.departments).clone();
    departments.0[0].hours = Some(toml::from_str(r#"monday = ["08:00-16:30"]"#).unwrap());
    setup.departments = departments.into();
    let mut call = Call::begin(setup);
    call.finish_speaking();
    call.says("operator");
    assert!(call.said().contains("Deschidem mâine la ora 8"), "{}", call.said());
    assert!(call.connect().is_none());
}

#[test]
fn a_full_house_offers_to_ring_back_and_lets_go() {
    let mut setup = setup();
    setup.full = true;
    let mut call = Call::begin(setup);
    assert!(call.said().contains("ocupate"), "{}", call.said());
    call.key('1');
    call.key('1');
    call.event(booked(Reference::from_random(9)));
    call.finish_speaking();
    assert_eq!(call.ended(), Some(Ending::CallBack));
}

#[test]
fn music_on_hold_is_waited_out_in_silence() {
    let mut call = Call::open();
    let number = call.asks("cum obțin buletinul");
    call.event(answered(number, answer("Mergeți la ghișeu.", Vec::new())));
    call.finish_speaking();
    call.music(20.0);
    let before = call.all_said();
    call.music(20.0);
    assert_eq!(call.all_said(), before, "we are silent");
    call.wait(4.0);
    assert!(call.all_said().contains("Sunt încă aici"));
}

#[test]
fn an_answering_machine_gets_the_message_after_its_tone() {
    let mut setup = setup();
    setup.direction = Direction::CallBack { reference: Reference::from_random(4), department: "cazier".into() };
    let mut call = Call::begin(setup);
    call.wait(0.6);
    call.voice(7.5);
    call.tone(0.5);
    call.wait(1.0);
    assert!(call.said().contains("Nu v-am găsit"), "{}", call.said());
    call.finish_speaking();
    assert_eq!(call.ended(), Some(Ending::Machine));
}

#[test]
fn a_child_is_spoken_to_slowly_and_asked_for_an_adult() {
    let mut call = Call::open();
    call.says("alo am șase ani și mama nu e acasă");
    assert!(call.said().contains("om mare"), "{}", call.said());
    call.finish_speaking();
    let _ = call.asks("cum obțin buletinul");
    call.wait(2.0);
    assert_eq!(call.utterance().unwrap().pace, Pace::Slow);
}

#[test]
fn somebody_who_looks_for_something_is_waited_for() {
    let mut call = Call::open();
    call.says("stați puțin să caut actul");
    call.finish_speaking();
    let before = call.all_said();
    call.wait(20.0);
    assert_eq!(call.all_said(), before);
    assert!(call.ended().is_none());
}

#[test]
fn a_person_is_told_what_was_asked() {
    let mut call = Call::open();
    let number = call.asks("mi s-a blocat contul");
    call.event(answered(number, answer("Mergeți la ghișeu.", Vec::new())));
    call.finish_speaking();
    call.says("vreau să vorbesc cu un om");
    let briefing = call.connect().unwrap().briefing;
    assert_eq!(briefing.asked, ["mi s-a blocat contul"]);
    assert!(briefing.spoken(Language::Ro).contains("mi s-a blocat contul"));
}

#[test]
fn a_sign_of_listening_while_we_think_is_no_question() {
    let mut call = Call::open();
    let number = call.asks("cum obțin buletinul");
    call.says("mhm");
    assert_eq!(call.submitted().unwrap().number, number);
    call.event(answered(number, answer("Mergeți la ghișeu.", Vec::new())));
    assert!(call.said().contains("Mergeți la ghișeu"), "{}", call.said());
}

#[test]
fn an_answer_that_comes_while_the_caller_speaks_is_not_said_over_him() {
    let mut call = Call::open();
    let number = call.asks("cum obțin buletinul");
    call.voice(0.4);
    call.partial("și pentru copil", 0);
    call.event(answered(number, answer("Mergeți la ghișeu.", Vec::new())));
    assert!(!call.is_speaking());
    call.says("și pentru copil cât costă");
    assert_eq!(call.submitted().unwrap().number, number + 1, "the later question counts");
    let unheard = call.actions(|action| match action {
        Action::Heard(heard) => Some((heard.submission, heard.text.clone())),
        _ => None,
    });
    assert_eq!(unheard, [(number, String::new())], "the record knows that the first answer was not heard");
}

#[test]
fn an_answer_that_no_voice_speaks_leads_to_a_person() {
    let mut call = Call::open();
    let number = call.asks("cum obțin buletinul");
    call.event(answered(number, answer("Mergeți la ghișeu.", Vec::new())));
    call.voice_fails();
    assert_eq!(call.connect().map(|connect| connect.why), Some(Why::Failure));
}

#[test]
fn a_value_that_somebody_asked_for_comes_back_confirmed_or_not_at_all() {
    let values = |call: &Call| {
        call.actions(|action| match action {
            Action::Value { value, .. } => Some(value.clone()),
            _ => None,
        })
    };
    let mut call = Call::open();
    call.event(Event::Ask(Kind::Cnp));
    call.finish_speaking();
    call.says("unu nouă șase zero doi doi nouă patru unu zero zero unu cinci");
    assert!(call.said().contains("unu, nouă șase, zero doi"), "{}", call.said());
    call.finish_speaking();
    call.says("da, corect");
    assert_eq!(values(&call), [Some(Value::Cnp("1960229410015".into()))]);

    let mut call = Call::open();
    call.event(Event::Ask(Kind::Date));
    call.says("operator");
    assert_eq!(values(&call), [None]);
}

#[test]
fn a_wrong_check_digit_is_told_and_the_third_failure_leads_to_the_keys() {
    let mut call = Call::open();
    call.event(Event::Ask(Kind::Cnp));
    for _ in 0..3 {
        call.finish_speaking();
        call.says("unu nouă șase zero doi doi nouă patru unu zero zero unu șase");
    }
    assert!(call.said().contains("O cifră nu se potrivește") && call.said().contains("Tastați"), "{}", call.said());
}

#[test]
fn noise_is_named_once_and_the_keys_offered() {
    let mut call = Call::open();
    call.noise(20.0);
    assert_eq!(call.all_said().matches("Se aude zgomot").count(), 1);
}

#[test]
fn shouting_is_met_calmly_and_once() {
    let mut call = Call::open();
    for _ in 0..2 {
        call.shout(3.0);
        call.wait(3.0);
        call.finish_speaking();
    }
    assert_eq!(call.all_said().matches("puteți vorbi obișnuit").count(), 1);
    assert!(call.ended().is_none());
}

#[test]
fn a_machine_that_rings_us_is_let_go() {
    let mut call = Call::open();
    call.partial("vă rugăm lăsați un mesaj după semnalul sonor", 0);
    call.finish_speaking();
    assert_eq!(call.ended(), Some(Ending::Machine));
}

#[test]
fn every_guide_of_the_starter_pack_can_be_walked_by_keys() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../knowledge/starter/guides");
    let read = |entry: std::io::Result<std::fs::DirEntry>| std::fs::read_to_string(entry.unwrap().path()).unwrap();
    let guides: Vec<Guide> =
        std::fs::read_dir(folder).unwrap().map(|entry| toml::from_str(&read(entry)).unwrap()).collect();
    let departments = Departments::default();
    let menus = Menus::new(&guides, &departments);
    let prompts = Prompts::new(&Institution::default(), menus);
    for language in Language::ALL {
        let all = prompts.all(language);
        assert!(all.len() > 300, "{}", all.len());
        for (id, text) in all {
            assert!(!text.contains("://") && !text.contains("**") && !text.trim().is_empty(), "{id}: {text}");
        }
    }
    let mut setup = setup();
    (setup.prompts, setup.abilities) = (prompts.into(), Abilities::default());
    let mut call = Call::begin(setup);
    call.finish_speaking();
    call.wait(4.0);
    assert!(call.said().contains("Pentru mai multe, apăsați 9"), "{}", call.said());
    let first = call.said();
    call.key('9');
    assert_ne!(call.said(), first);
    call.key('9');
    assert_eq!(call.said(), first, "the pages go round");
}

#[test]
fn a_call_as_it_is_heard() {
    let mut call = Call::begin(setup());
    call.finish_speaking();
    call.says_in("mennyibe kerül az útlevél", Some(Language::Hu));
    let number = call.submitted().unwrap().number;
    call.wait(1.0);
    let text = "Az útlevél díja **258 lej**. Részletek: https://hub.mai.gov.ro/pasaport/taxe";
    call.event(answered(number, answer(text, vec![choice("Sürgős útlevél"), choice("Gyermek útlevele")])));
    call.finish_speaking();
    call.key('2');
    let number = call.submitted().unwrap().number;
    call.event(answered(number, long_list()));
    call.finish_speaking();
    call.says("igen");
    call.finish_speaking();
    call.says("lassabban, kérem");
    call.finish_speaking();
    call.says("ügyintézővel szeretnék beszélni");
    call.event(Event::Queue(QueueNews::Waiting { position: 3, estimate: Some(Duration::from_secs(400)) }));
    call.finish_speaking();
    call.says("hívjon vissza");
    call.key('1');
    call.event(booked(Reference::from_random(9)));
    call.finish_speaking();
    call.says("nem, köszönöm");
    call.finish_speaking();
    insta::assert_snapshot!(call.script());
}

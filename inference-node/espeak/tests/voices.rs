//! The voices speak: three languages, several speakers, without any file beside the program.
#![allow(clippy::unwrap_used, reason = "a test fails where it stands")]

use std::sync::mpsc::channel;

use espeak::{EspeakError, SAMPLE_RATE, Synthesiser, Utterance, VARIANTS};

fn say(synthesiser: &Synthesiser, text: &str, voice: &str, pace: u32) -> Result<Vec<i16>, EspeakError> {
    let (sender, receiver) = channel();
    let utterance = Utterance { text: text.to_owned(), voice: voice.to_owned(), words_a_minute: pace };
    synthesiser.speak(utterance, || true, move |sound| sender.send(sound).unwrap())?;
    receiver.recv().unwrap()
}

fn sounds(synthesiser: &Synthesiser, text: &str, voice: &str) -> String {
    let (sender, receiver) = channel();
    synthesiser.phonemes(text, voice, move |sounds| sender.send(sounds).unwrap()).unwrap();
    receiver.recv().unwrap().unwrap()
}

fn seconds(sound: &[i16]) -> f64 {
    f64::from(u32::try_from(sound.len()).unwrap()) / f64::from(SAMPLE_RATE)
}

/// One story, for a process has one synthesiser.
#[test]
fn one_thread_speaks_three_languages_with_several_voices() {
    let folder = tempfile::tempdir().unwrap();
    let synthesiser = Synthesiser::start(folder.path()).unwrap();
    assert!(matches!(Synthesiser::start(folder.path()), Err(EspeakError::Start(_))), "a second one is refused");

    for (voice, text) in [
        ("ro", "Bună ziua, cu ce vă pot ajuta?"),
        ("hu", "Jó napot kívánok, miben segíthetek?"),
        ("en", "Good morning, how can I help?"),
    ] {
        let sound = say(&synthesiser, text, voice, 160).unwrap();
        assert!((1.0..5.0).contains(&seconds(&sound)), "{voice}: {} s", seconds(&sound));
        let loudest = sound.iter().map(|sample| sample.unsigned_abs()).max().unwrap();
        assert!(loudest > 3000, "{voice} is audible: {loudest}");
    }
    let plain = say(&synthesiser, "Bună ziua", "ro", 160).unwrap();
    for variant in VARIANTS {
        let other = say(&synthesiser, "Bună ziua", &format!("ro+{variant}"), 160).unwrap();
        assert!(plain != other, "{variant} is another voice");
    }
    // A little of its sound and length is drawn at random.
    let again = say(&synthesiser, "Bună ziua", "ro", 160).unwrap();
    assert!(
        seconds(&again) / seconds(&plain) > 0.9 && seconds(&plain) / seconds(&again) > 0.9,
        "the plain voice is back"
    );

    let text = "Eliberarea cărții electronice de identitate durează cel mult treizeci de zile.";
    let (calm, quick) = (say(&synthesiser, text, "ro", 120).unwrap(), say(&synthesiser, text, "ro", 240).unwrap());
    assert!(seconds(&calm) > 1.5 * seconds(&quick), "{} s and {} s", seconds(&calm), seconds(&quick));

    assert_eq!(sounds(&synthesiser, "mașină", "ro"), "maʃˈinə");
    assert!(!sounds(&synthesiser, "Deschideți browser-ul Windows", "ro").contains('('), "no marks of languages");
    assert!(matches!(say(&synthesiser, "x", "klingon", 160), Err(EspeakError::Failed(_))));
    assert!(seconds(&say(&synthesiser, "", "ro", 160).unwrap()) < 0.5);
    assert!(!say(&synthesiser, "a\0b", "ro", 160).unwrap().is_empty(), "a zero byte does not end the text");

    // Nobody wants it any more after the first sound: the rest is not made.
    let (sender, receiver) = channel();
    let utterance = Utterance { text: text.repeat(20), voice: "ro".to_owned(), words_a_minute: 160 };
    let asked = std::sync::atomic::AtomicUsize::new(0);
    let wanted = move || asked.fetch_add(1, std::sync::atomic::Ordering::Relaxed) < 2;
    synthesiser.speak(utterance, wanted, move |sound| sender.send(sound).unwrap()).unwrap();
    let cut = receiver.recv().unwrap().unwrap();
    assert!(seconds(&cut) < 1.0, "{} s", seconds(&cut));
}

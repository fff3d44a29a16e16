//! Turn-taking on recorded timings: each story in `timings/*.toml` is a line's sound and words in time, and what must
//! follow.

#![allow(clippy::panic, clippy::expect_used, reason = "a story that cannot be read fails the test")]

use std::path::Path;
use std::time::Duration;

use desk::language::Language;
use dialogue::turn_taking::{Decision, Floor, Nudge, Surroundings, TurnTaking};
use dialogue::{Silence, SoundFrame, Turns, Words};
use serde::Deserialize;

#[derive(Deserialize)]
struct File {
    story: Vec<Story>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Story {
    name: String,
    #[serde(default)]
    language: Language,
    #[serde(default = "caller")]
    floor: String,
    #[serde(default = "yes")]
    hears: bool,
    #[serde(default)]
    outbound: bool,
    #[serde(default)]
    digits: Option<usize>,
    /// `kind milliseconds`, one after the other.
    sound: Vec<String>,
    #[serde(default)]
    words: Vec<Heard>,
    /// What must follow, in this order.
    #[serde(default)]
    expect: Vec<Expected>,
    /// What may not.
    #[serde(default)]
    never: Vec<String>,
    /// Whether nothing else may, but that the caller began to speak.
    #[serde(default)]
    only: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Heard {
    at: u64,
    text: String,
    #[serde(default)]
    complete: bool,
    #[serde(default)]
    confidence: Option<f32>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Expected {
    at: u64,
    what: String,
    #[serde(default)]
    text: Option<String>,
    #[serde(default = "tolerance")]
    within: u64,
}

fn caller() -> String {
    "caller".to_owned()
}

fn yes() -> bool {
    true
}

fn tolerance() -> u64 {
    60
}

const FRAME: u64 = 20;

/// The frames of a run of sound: probability of speech, level, and how far the level wavers.
fn frames(runs: &[String]) -> Vec<SoundFrame> {
    let mut frames = Vec::new();
    for run in runs {
        let (kind, length) = run.split_once(' ').expect("kind and length");
        let (speech, level, wavers) = match kind {
            "silence" => (0.02, -70.0, 1.0),
            "voice" => (0.92, -25.0, 6.0),
            "soft" => (0.8, -48.0, 6.0),
            "noise" => (0.7, -30.0, 1.0),
            "music" => (0.7, -25.0, 6.0),
            "shout" => (0.95, -5.0, 3.0),
            "tone" => (0.2, -12.0, 0.0),
            other => panic!("unknown sound {other}"),
        };
        for frame in 0..length.parse::<u64>().expect("milliseconds") / FRAME {
            let level_db = level + if frame % 10 < 5 { wavers } else { -wavers };
            frames.push(SoundFrame { speech, level_db, length: Duration::from_millis(FRAME) });
        }
    }
    frames
}

fn name(decision: &Decision) -> &'static str {
    match decision {
        Decision::Began => "began",
        Decision::Conclude => "conclude",
        Decision::Ended(_) => "ended",
        Decision::Wordless => "wordless",
        Decision::Hold => "hold",
        Decision::Yield { .. } => "yield",
        Decision::GoOn => "go on",
        Decision::Tone => "tone",
        Decision::Nudge(Nudge::First) => "first",
        Decision::Nudge(Nudge::Second) => "second",
        Decision::Nudge(Nudge::Keypad) => "keypad",
        Decision::Nudge(Nudge::Goodbye) => "goodbye",
        Decision::Surroundings(Surroundings::Clear) => "clear",
        Decision::Surroundings(Surroundings::Noise) => "noise",
        Decision::Surroundings(Surroundings::Music) => "music",
        Decision::Surroundings(Surroundings::Machine) => "machine",
        Decision::Surroundings(Surroundings::Shouting) => "shouting",
    }
}

/// Plays a story; what followed, with its time.
fn play(story: &Story) -> Vec<(u64, Decision)> {
    let mut turns =
        TurnTaking::new(&Turns::default(), &Silence::default(), story.language, story.hears, story.outbound);
    turns.set_floor(
        Duration::ZERO,
        match story.floor.as_str() {
            "caller" => Floor::Caller,
            "busy" => Floor::Busy,
            "ours" => Floor::Ours { interruptible: true },
            "ours to the end" => Floor::Ours { interruptible: false },
            other => panic!("unknown floor {other}"),
        },
    );
    turns.expect_digits(story.digits);
    let mut words = story.words.iter().peekable();
    let mut followed = Vec::new();
    for (at, frame) in (1..).map(|count| count * FRAME).zip(frames(&story.sound)) {
        let now = Duration::from_millis(at);
        let mut decisions = turns.sound(now, &frame);
        while let Some(heard) = words.next_if(|heard| heard.at <= at) {
            let text = heard.text.clone();
            let (complete, confidence) = (heard.complete, heard.confidence);
            let words = Words { text, stable_chars: 0, complete, confidence, language: None };
            decisions.extend(turns.words(now, &words));
        }
        if turns.due().is_some_and(|due| due <= now) {
            decisions.extend(turns.tick(now));
        }
        followed.extend(decisions.into_iter().map(|decision| (at, decision)));
    }
    followed
}

/// What is wrong with how a story went, if anything.
fn judge(story: &Story) -> Option<String> {
    let followed = play(story);
    let told: Vec<String> = followed.iter().map(|(at, decision)| format!("{at} {}", name(decision))).collect();
    let mut rest = followed.iter();
    for expected in &story.expect {
        let Some((at, decision)) = rest.find(|(_, decision)| name(decision) == expected.what) else {
            return Some(format!("no `{}`; there was {told:?}", expected.what));
        };
        if at.abs_diff(expected.at) > expected.within {
            return Some(format!("`{}` at {at}, not {}; there was {told:?}", expected.what, expected.at));
        }
        if let (Some(text), Decision::Ended(turn)) = (&expected.text, decision)
            && *text != turn.text
        {
            return Some(format!("`{}`, not `{text}`", turn.text));
        }
    }
    let others = followed.iter().filter(|(_, decision)| name(decision) != "began").count();
    if story.only && others != story.expect.len() {
        return Some(format!("more than expected: {told:?}"));
    }
    let forbidden = followed.iter().find(|(_, decision)| story.never.iter().any(|never| never == name(decision)));
    forbidden.map(|(at, decision)| format!("`{}` at {at}; there was {told:?}", name(decision)))
}

#[test]
fn every_story_goes_as_it_should() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/timings");
    let (mut count, mut wrong) = (0, Vec::new());
    let mut files: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    for path in files {
        let text = std::fs::read_to_string(&path).unwrap();
        let file: File = toml::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        for story in file.story {
            count += 1;
            wrong.extend(judge(&story).map(|why| format!("{}: {why}", story.name)));
        }
    }
    assert!(wrong.is_empty(), "{} of {count}:\n{}", wrong.len(), wrong.join("\n"));
    assert!(count >= 25, "{count}");
}

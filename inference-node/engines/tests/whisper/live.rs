use engines::tasks::{EndOfTurn, ListenEvent, ListenRequest};
use engines::{EngineError, Model, Stop};
use protocol::Language;
use tokio::sync::mpsc;

use crate::model;
use crate::recordings::SENTENCES;
use crate::sound::{RATE, noise, silence, spoken, tone};

fn request(language: Option<Language>) -> ListenRequest {
    ListenRequest { language, prompt: None, end_of_turn: EndOfTurn::default() }
}

/// Pushes audio in pieces of that many samples, as fast as it is taken, and collects all events.
async fn listened(
    model: &dyn Model,
    request: ListenRequest,
    samples: Vec<f32>,
    piece: usize,
) -> Vec<Result<ListenEvent, EngineError>> {
    let (sender, audio) = mpsc::channel(16);
    let mut events = model.listen(request, audio, Stop::new()).await.unwrap();
    let pushing = tokio::spawn(async move {
        for piece in samples.chunks(piece) {
            if sender.send(piece.to_vec()).await.is_err() {
                return;
            }
        }
    });
    let mut heard = Vec::new();
    while let Some(event) = events.recv().await {
        heard.push(event);
    }
    pushing.await.unwrap();
    heard
}

/// A turn as it was heard.
#[derive(Debug, Default, PartialEq)]
struct Turn {
    text: String,
    partials: usize,
    language: Option<Language>,
    from: u64,
    to: u64,
    confidence: f32,
}

/// Checks that events come in their order and that stable words stay, and returns the turns.
fn turns(events: Vec<Result<ListenEvent, EngineError>>) -> Vec<Turn> {
    let mut turns: Vec<Turn> = Vec::new();
    let mut stable_text: Vec<String> = Vec::new();
    let (mut started, mut stopped) = (0, 0);
    for event in events {
        match event.unwrap() {
            ListenEvent::SpeechStarted { turn, at_ms } => {
                assert_eq!((turn as usize, started), (turns.len(), stopped));
                turns.push(Turn { from: at_ms, ..Turn::default() });
                stable_text.push(String::new());
                started += 1;
            }
            ListenEvent::Partial { turn, stable, .. } => {
                assert_eq!(
                    (turn as usize + 1, started),
                    (turns.len(), stopped + 1),
                    "a partial result outside its turn"
                );
                turns[turn as usize].partials += 1;
                stable_text[turn as usize].push_str(&stable);
            }
            ListenEvent::SpeechStopped { turn, at_ms } => {
                assert_eq!((turn as usize + 1, started), (turns.len(), stopped + 1));
                assert!(at_ms > turns[turn as usize].from);
                turns[turn as usize].to = at_ms;
                stopped += 1;
            }
            ListenEvent::Final { turn, text, language, words, confidence } => {
                let stable = &stable_text[turn as usize];
                assert!(text.starts_with(stable), "`{text}` takes back `{stable}`");
                assert!(words.windows(2).all(|pair| pair[0].start < pair[1].start), "{words:?}");
                assert_eq!(words.iter().map(|word| word.text.as_str()).collect::<Vec<_>>().join(" "), text);
                assert!((0.0..=1.0).contains(&confidence), "{confidence}");
                turns[turn as usize].confidence = confidence;
                turns[turn as usize].text = text;
                turns[turn as usize].language = language;
            }
        }
    }
    assert_eq!(started, stopped);
    turns
}

#[tokio::test]
async fn a_sentence_is_heard_while_it_is_spoken() {
    let model = model(1).await;
    for (language, sentence) in SENTENCES {
        let samples = [spoken(language, sentence), silence(1.0)].concat();
        let turns = turns(listened(&*model, request(Some(language)), samples, RATE / 50).await);
        assert_eq!(turns.len(), 1, "{turns:?}");
        assert_eq!(turns[0].text, sentence);
        assert!(turns[0].confidence > 0.9, "{turns:?}");
        assert!(turns[0].partials > 0, "{turns:?}");
        assert!((300..900).contains(&turns[0].from), "{turns:?}");
    }
}

#[tokio::test]
async fn each_turn_has_its_own_language() {
    let model = model(1).await;
    let samples = SENTENCES.map(|(language, sentence)| [spoken(language, sentence), silence(0.8)].concat()).concat();
    let turns = turns(listened(&*model, request(None), samples, 333).await);
    let heard: Vec<_> = turns.iter().map(|turn| (turn.language.unwrap(), turn.text.as_str())).collect();
    assert_eq!(heard, SENTENCES);
    assert!(turns.windows(2).all(|pair| pair[0].to < pair[1].from));
}

#[tokio::test]
async fn the_end_of_the_audio_ends_the_turn() {
    let (language, sentence) = SENTENCES[0];
    let speech = spoken(language, sentence);
    let until_the_last_sound = speech[..speech.len() - 2 * RATE / 5].to_vec();
    let turns = turns(listened(&*model(1).await, request(Some(language)), until_the_last_sound, 4_096).await);
    assert_eq!(turns.iter().map(|turn| turn.text.as_str()).collect::<Vec<_>>(), [sentence]);
}

#[tokio::test]
async fn where_nobody_speaks_there_are_no_words() {
    let model = model(1).await;
    for sound in [silence(3.0), noise(3.0, 0.3), tone(3.0, &[425.0]), Vec::new()] {
        let turns = turns(listened(&*model, request(Some(Language::Ro)), sound, 320).await);
        assert!(turns.iter().all(|turn| turn.text.is_empty()), "{turns:?}");
    }
}

#[tokio::test]
async fn speech_without_end_is_cut_into_turns() {
    let (language, sentence) = SENTENCES[0];
    let speech = spoken(language, sentence);
    let without_pauses: Vec<f32> =
        speech.into_iter().filter(|sample| sample.abs() > 1e-4).cycle().take(25 * RATE).collect();
    let turns = turns(listened(&*model(1).await, request(Some(language)), without_pauses, 320).await);
    // The small model hears ten seconds at once.
    assert!(turns.iter().all(|turn| turn.to - turn.from <= 125_000), "{turns:?}");
}

#[tokio::test]
async fn a_stopped_stream_ends_without_another_word() {
    let model = model(1).await;
    let (_sender, audio) = mpsc::channel(16);
    let stop = Stop::new();
    let mut events = model.listen(request(None), audio, stop.clone()).await.unwrap();
    stop.cancel();
    assert!(events.recv().await.is_none());
    let (language, sentence) = SENTENCES[0];
    assert_eq!(crate::text(&*model, spoken(language, sentence), Some(language)).await, sentence);
}

#[tokio::test]
async fn a_listener_who_leaves_frees_the_state() {
    let model = model(1).await;
    let (language, sentence) = SENTENCES[0];
    let (sender, audio) = mpsc::channel(16);
    let events = model.listen(request(Some(language)), audio, Stop::new()).await.unwrap();
    for piece in spoken(language, sentence).chunks(320) {
        sender.send(piece.to_vec()).await.unwrap();
    }
    drop(events);
    sender.closed().await;
    assert_eq!(crate::text(&*model, spoken(language, sentence), Some(language)).await, sentence);
}

#[tokio::test]
async fn an_impossible_end_of_turn_is_refused() {
    let model = model(1).await;
    for end_of_turn in [
        EndOfTurn { threshold: 1.5, ..EndOfTurn::default() },
        EndOfTurn { silence_ms: 0, ..EndOfTurn::default() },
        EndOfTurn { padding_ms: 60_000, ..EndOfTurn::default() },
    ] {
        let (_sender, audio) = mpsc::channel(1);
        let refused = model.listen(ListenRequest { end_of_turn, ..request(None) }, audio, Stop::new()).await;
        assert!(matches!(refused, Err(EngineError::Request { .. })));
    }
}

use engines::tasks::Transcript;
use engines::{EngineError, Stop};
use protocol::Language;

use crate::sound::{RATE, busy, noise, silence, spoken, tone};
use crate::{model, request, text};

/// A sentence in each language.
pub(crate) const SENTENCES: [(Language, &str); 3] = [
    (Language::Ro, "vreau să schimb programarea"),
    (Language::Hu, "időpontot szeretnék kérni"),
    (Language::En, "i want to make a complaint"),
];

#[tokio::test]
async fn a_sentence_in_each_language_is_understood() {
    let model = model(1).await;
    for (language, sentence) in SENTENCES {
        assert_eq!(text(&*model, spoken(language, sentence), Some(language)).await, sentence);
    }
}

#[tokio::test]
async fn the_language_is_found_out() {
    let model = model(1).await;
    for (language, sentence) in SENTENCES {
        let heard = model.transcribe(request(spoken(language, sentence), None), Stop::new()).await.unwrap();
        assert_eq!((heard.language, heard.text.as_str()), (Some(language), sentence));
    }
}

#[tokio::test]
async fn a_language_that_the_model_does_not_know_is_refused() {
    let mut spec = crate::spec(1);
    spec.languages = vec![Language::Ro];
    let model = engines::load(spec).await.unwrap();
    let refused = model.transcribe(request(silence(1.0), Some(Language::Hu)), Stop::new()).await;
    assert!(matches!(refused, Err(EngineError::Request { parameter, .. }) if parameter == "language"));
}

#[tokio::test]
async fn words_have_times_that_grow_and_lie_where_they_were_said() {
    let (language, sentence) = SENTENCES[0];
    let samples = [silence(2.0), spoken(language, sentence), silence(1.0)].concat();
    let length = samples.len() as f64 / RATE as f64;
    let heard = model(1).await.transcribe(request(samples, Some(language)), Stop::new()).await.unwrap();
    let words: Vec<_> = heard.segments.iter().flat_map(|segment| &segment.words).collect();
    assert_eq!(words.iter().map(|word| word.text.as_str()).collect::<Vec<_>>().join(" "), sentence);
    assert!(
        words.windows(2).all(|pair| pair[0].start < pair[1].start && pair[0].end <= pair[1].start + 1e-9),
        "{words:?}"
    );
    assert!(words[0].start > 2.2 && words[words.len() - 1].end < length - 1.0, "{words:?}");
    assert!(words.iter().all(|word| word.start < word.end && (0.0..=1.0).contains(&word.probability)));
    assert!((heard.seconds - length).abs() < 1e-9);
    let segment = &heard.segments[0];
    assert!(segment.mean_log_probability < 0.0 && segment.no_speech_probability < 0.5, "{segment:?}");
}

#[tokio::test]
async fn words_have_no_times_unless_they_are_wanted() {
    let (language, sentence) = SENTENCES[0];
    let mut request = request(spoken(language, sentence), Some(language));
    request.word_times = false;
    let heard = model(1).await.transcribe(request, Stop::new()).await.unwrap();
    assert_eq!(heard.text, sentence);
    assert!(heard.segments.iter().all(|segment| segment.words.is_empty()));
}

#[tokio::test]
async fn where_nobody_speaks_nothing_is_written() {
    let model = model(1).await;
    let sounds = [
        ("nothing at all", Vec::new()),
        ("a tenth of a second", silence(0.1)),
        ("silence", silence(4.0)),
        ("faint noise", noise(4.0, 0.01)),
        ("loud noise", noise(4.0, 0.5)),
        ("the test tone", tone(4.0, &[1004.0])),
        ("a dial tone", tone(4.0, &[425.0])),
        ("an American dial tone", tone(4.0, &[350.0, 440.0])),
        ("a busy line", busy(6.0)),
        ("numbers that are none", vec![f32::NAN; RATE]),
    ];
    for (name, samples) in sounds {
        for language in [Some(Language::Ro), None] {
            let heard = model.transcribe(request(samples.clone(), language), Stop::new()).await.unwrap();
            assert_eq!((heard.text.as_str(), heard.segments.len()), ("", 0), "{name}");
        }
    }
}

#[tokio::test]
async fn two_states_hear_the_same_as_one() {
    let (one, two) = (model(1).await, model(2).await);
    // Spoken once: espeak-ng never says the same twice in quite the same way.
    let [first, second, _] = SENTENCES.map(|(language, sentence)| request(spoken(language, sentence), Some(language)));
    let alone: [Transcript; 2] = [
        one.transcribe(first.clone(), Stop::new()).await.unwrap(),
        one.transcribe(second.clone(), Stop::new()).await.unwrap(),
    ];
    for _ in 0..3 {
        let (left, right) =
            tokio::join!(two.transcribe(first.clone(), Stop::new()), two.transcribe(second.clone(), Stop::new()));
        assert_eq!([left.unwrap(), right.unwrap()], alone);
    }
}

#[tokio::test]
async fn a_cancelled_transcription_stops_and_leaves_the_model_usable() {
    let model = model(1).await;
    let (language, sentence) = SENTENCES[0];
    let speech = spoken(language, sentence);
    // Minutes of speech: far more than is computed before the request is cancelled.
    let long: Vec<f32> = speech.iter().copied().cycle().take(4 * 60 * RATE).collect();
    let stop = Stop::new();
    let running = tokio::spawn({
        let (model, stop, long) = (model.clone(), stop.clone(), long.clone());
        async move { model.transcribe(request(long, Some(language)), stop).await }
    });
    // The only state is taken once this second request has to wait.
    tokio::task::yield_now().await;
    stop.cancel();
    assert_eq!(running.await.unwrap(), Err(EngineError::Cancelled));
    assert_eq!(text(&*model, speech.clone(), Some(language)).await, sentence);

    // Whoever goes away without a word is noticed too.
    let forgotten = model.transcribe(request(long, Some(language)), Stop::new());
    assert!(tokio::time::timeout(std::time::Duration::from_millis(50), forgotten).await.is_err());
    assert_eq!(text(&*model, speech, Some(language)).await, sentence);
}

#[tokio::test]
async fn an_impossible_temperature_is_refused() {
    let mut request = request(silence(1.0), None);
    request.temperature = f32::NAN;
    let refused = model(1).await.transcribe(request, Stop::new()).await;
    assert!(matches!(refused, Err(EngineError::Request { parameter, .. }) if parameter == "temperature"));
}

#[tokio::test]
async fn a_voice_activity_model_is_asked_when_there_is_one() {
    let mut spec = crate::spec(1);
    spec.voice_activity = Some(crate::small_model("tiny-vad/ggml-tiny-vad.bin"));
    let model = engines::load(spec).await.unwrap();
    let (language, sentence) = SENTENCES[0];
    // Longer than a glance, so that its state has to be carried from one to the next.
    let samples = [silence(6.0), spoken(language, sentence), silence(6.0)].concat();
    assert_eq!(text(&*model, samples, Some(language)).await, sentence);
    assert_eq!(text(&*model, silence(9.0), Some(language)).await, "");
}

//! Language models and embeddings, with the small models that `make models-test` makes.
#![cfg(feature = "mistral")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails where it stands")]

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use camino::{Utf8Path, Utf8PathBuf};
use engines::tasks::{
    ChatEvent, ChatMessage, ChatRequest, ChatRole, EmbeddingsRequest, FinishReason, ResponseFormat, Usage,
};
use engines::{EngineError, Events, Model, ModelSpec, Stop, load};
use protocol::{EngineKind, Task};
use serde_json::{Value, json};

const GGUF: (&str, Option<&str>) = ("tiny-llama", Some("tiny-llama-q8_0.gguf"));
const SAFETENSORS: (&str, Option<&str>) = ("tiny-llama-safetensors", Some("model.safetensors"));
const EMBEDDING: (&str, Option<&str>) = ("tiny-embeddings", Some("model.safetensors"));

/// The folder with the small models.
fn small_models() -> Utf8PathBuf {
    let folder = std::env::var("SMALL_MODELS")
        .unwrap_or_else(|_| format!("{}/.cache/sfetnic/small-models", std::env::var("HOME").unwrap()));
    assert!(
        Utf8Path::new(&folder).is_dir(),
        "`{folder}` is missing: make it with `make models-test`, or name another folder in SMALL_MODELS"
    );
    folder.into()
}

fn spec(task: Task, folder: &Utf8Path, weights: Option<&str>, more: &Value) -> ModelSpec {
    let mut spec = json!({
        "id": "small", "task": task, "engine": EngineKind::Mistral, "languages": [], "folder": folder, "weights": weights,
        "device": "cpu", "threads": 2, "slots": 1, "settings": {},
    });
    spec.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    serde_json::from_value(spec).unwrap()
}

async fn load_chat((folder, weights): (&str, Option<&str>), more: Value) -> Arc<dyn Model> {
    load(spec(Task::Chat, &small_models().join(folder), weights, &more)).await.unwrap()
}

fn say(text: &str) -> ChatRequest {
    ChatRequest {
        messages: vec![ChatMessage { role: ChatRole::User, content: text.to_owned() }],
        max_tokens: Some(24),
        temperature: Some(0.0),
        top_p: None,
        seed: None,
        stop: Vec::new(),
        frequency_penalty: None,
        presence_penalty: None,
        format: ResponseFormat::Text,
    }
}

/// A whole message.
#[derive(Debug, PartialEq, Eq)]
struct Said {
    pieces: Vec<String>,
    reason: FinishReason,
    usage: Usage,
}

impl Said {
    fn text(&self) -> String {
        self.pieces.concat()
    }
}

async fn hear(mut events: Events<ChatEvent>) -> Result<Said, EngineError> {
    let mut pieces = Vec::new();
    while let Some(event) = events.recv().await {
        match event? {
            ChatEvent::Text(text) => {
                assert!(!text.is_empty());
                pieces.push(text);
            }
            ChatEvent::Finished { reason, usage } => {
                assert!(events.recv().await.is_none(), "nothing follows the end");
                return Ok(Said { pieces, reason, usage });
            }
        }
    }
    panic!("the message has no end");
}

async fn ask(model: &Arc<dyn Model>, request: ChatRequest) -> Result<Said, EngineError> {
    hear(model.chat(request, Stop::new()).await?).await
}

/// Two characters of a text somewhere in its middle.
fn middle(text: &str) -> String {
    let letters: Vec<char> = text.chars().collect();
    letters[letters.len() / 2..letters.len() / 2 + 2].iter().collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn greedy_answers_are_the_same_every_time_in_both_formats() {
    let mut prompt_tokens = HashSet::new();
    for files in [GGUF, SAFETENSORS] {
        let model = load_chat(files, json!({})).await;
        let first = ask(&model, say("Bună ziua!")).await.unwrap();
        let second = ask(&model, say("Bună ziua!")).await.unwrap();
        assert_eq!(first.text(), second.text());
        assert!(!first.text().is_empty());
        prompt_tokens.insert(first.usage.prompt_tokens);
    }
    assert_eq!(prompt_tokens.len(), 1, "both have the same tokenizer and template");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_ends_at_its_longest_length_and_is_counted() {
    let model = load_chat(GGUF, json!({})).await;
    for longest in [1, 3, 7] {
        let said = ask(&model, ChatRequest { max_tokens: Some(longest), ..say("Unu doi trei") }).await.unwrap();
        assert!(said.usage.completion_tokens <= longest);
        if said.reason == FinishReason::Length {
            assert_eq!(said.usage.completion_tokens, longest);
        }
        assert!(said.usage.prompt_tokens > 3);
    }
    let said = ask(&model, ChatRequest { max_tokens: Some(1), ..say("Unu doi trei") }).await.unwrap();
    assert_eq!(said.reason, FinishReason::Length);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_without_a_longest_length_ends_with_the_context() {
    let model = load_chat(GGUF, json!({"context": 64})).await;
    assert_eq!(model.facts().context, Some(64));
    let request = ChatRequest { max_tokens: None, temperature: Some(1.0), seed: Some(3), ..say("a") };
    let said = ask(&model, request).await.unwrap();
    assert!(said.usage.prompt_tokens + said.usage.completion_tokens <= 64, "{:?}", said.usage);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stop_text_ends_the_message_and_is_not_part_of_it() {
    let model = load_chat(GGUF, json!({})).await;
    let whole = ask(&model, say("Povestește ceva")).await.unwrap().text();
    let stop = middle(&whole);
    let said = ask(&model, ChatRequest { stop: vec![stop.clone()], ..say("Povestește ceva") }).await.unwrap();
    assert_eq!(said.reason, FinishReason::Stop);
    assert_eq!(said.text(), whole[..whole.find(&stop).unwrap()]);
    // The engine is free for the next one.
    assert_eq!(ask(&model, say("Povestește ceva")).await.unwrap().text(), whole);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_seed_draws_the_same_again_and_another_seed_something_else() {
    let model = load_chat(GGUF, json!({"slots": 2})).await;
    let drawn = |seed| ChatRequest { temperature: Some(8.0), top_p: Some(0.95), seed: Some(seed), ..say("Zi ceva") };
    let first = ask(&model, drawn(1)).await.unwrap().text();
    // Another request at the same time does not take chances away from this one.
    let (again, other) = tokio::join!(ask(&model, drawn(1)), ask(&model, drawn(2)));
    assert_eq!(again.unwrap().text(), first);
    assert_ne!(other.unwrap().text(), first);
}

#[tokio::test(flavor = "multi_thread")]
async fn characters_come_whole() {
    let model = load_chat(GGUF, json!({})).await;
    // At this temperature bytes come nearly at random, so most characters are broken or take several tokens.
    for seed in 0..8 {
        let request = ChatRequest { temperature: Some(20.0), seed: Some(seed), max_tokens: Some(60), ..say("x") };
        let said = ask(&model, request).await.unwrap();
        assert!(said.usage.completion_tokens > 0);
    }
    // A grammar that leaves nothing but characters of several tokens.
    let schema = json!({"type": "object", "properties": {"a": {"enum": ["ășț😀ÿ€"]}}, "required": ["a"], "additionalProperties": false});
    let request = ChatRequest { format: ResponseFormat::JsonSchema(schema), max_tokens: Some(200), ..say("Scrie") };
    let said = ask(&model, request).await.unwrap();
    assert!(said.pieces.iter().all(|piece| !piece.contains('\u{fffd}')), "{:?}", said.pieces);
    assert_eq!(serde_json::from_str::<Value>(&said.text()).unwrap(), json!({"a": "ășț😀ÿ€"}));
}

#[tokio::test(flavor = "multi_thread")]
async fn json_keeps_to_its_schema() {
    let model = load_chat(GGUF, json!({})).await;
    let schema = json!({
        "type": "object",
        "properties": {
            "intent": {"enum": ["question", "complaint"]},
            "urgent": {"type": "boolean"},
            "count": {"type": "integer", "minimum": 0, "maximum": 9},
        },
        "required": ["intent", "urgent", "count"],
        "additionalProperties": false,
    });
    for temperature in [0.0, 1.0] {
        let request = ChatRequest {
            format: ResponseFormat::JsonSchema(schema.clone()),
            temperature: Some(temperature),
            seed: Some(5),
            max_tokens: Some(400),
            ..say("Ce vrea?")
        };
        let said = ask(&model, request).await.unwrap();
        assert_eq!(said.reason, FinishReason::Stop, "{}", said.text());
        let value: Value = serde_json::from_str(&said.text()).unwrap();
        assert!(["question", "complaint"].contains(&value["intent"].as_str().unwrap()));
        assert!(value["urgent"].is_boolean());
        assert!((0..10).contains(&value["count"].as_i64().unwrap()));
        assert_eq!(value.as_object().unwrap().len(), 3);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn any_json_object_begins_as_one() {
    let model = load_chat(GGUF, json!({})).await;
    let request = ChatRequest { format: ResponseFormat::JsonObject, max_tokens: Some(40), ..say("Ce vrea?") };
    let said = ask(&model, request).await.unwrap();
    assert!(said.text().trim_start().starts_with('{'), "{}", said.text());
    if said.reason == FinishReason::Stop {
        assert!(serde_json::from_str::<Value>(&said.text()).unwrap().is_object());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_impossible_schema_is_the_requests_fault() {
    let model = load_chat(GGUF, json!({})).await;
    let format = ResponseFormat::JsonSchema(json!({"type": "nonsense"}));
    let error = ask(&model, ChatRequest { format, ..say("a") }).await.unwrap_err();
    assert!(matches!(&error, EngineError::Request { parameter, .. } if parameter == "response_format"), "{error:?}");
    ask(&model, say("a")).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn too_long_a_conversation_is_refused_with_the_numbers() {
    let model = load_chat(GGUF, json!({"context": 100})).await;
    let error = ask(&model, say(&"cuvânt ".repeat(200))).await.unwrap_err();
    let EngineError::Request { parameter, message } = error else { panic!("{error:?}") };
    assert_eq!(parameter, "messages");
    assert!(message.contains("100"), "{message}");
}

#[tokio::test(flavor = "multi_thread")]
async fn wrong_parameters_are_named() {
    let model = load_chat(GGUF, json!({})).await;
    for (request, named) in [
        (ChatRequest { max_tokens: Some(0), ..say("a") }, "max_tokens"),
        (ChatRequest { temperature: Some(-1.0), ..say("a") }, "temperature"),
        (ChatRequest { top_p: Some(1.5), ..say("a") }, "top_p"),
        (ChatRequest { frequency_penalty: Some(3.0), ..say("a") }, "frequency_penalty"),
        (ChatRequest { presence_penalty: Some(f64::NAN), ..say("a") }, "presence_penalty"),
    ] {
        let error = ask(&model, request).await.unwrap_err();
        assert!(matches!(&error, EngineError::Request { parameter, .. } if parameter == named), "{named}: {error:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cancelled_request_frees_its_slot_for_the_next() {
    let model = load_chat(GGUF, json!({})).await;
    let long = || ChatRequest { max_tokens: None, temperature: Some(3.0), ..say("Vorbește mult") };
    for _ in 0..3 {
        // Stopped.
        let stop = Stop::new();
        let mut events = model.chat(long(), stop.clone()).await.unwrap();
        events.recv().await.unwrap().unwrap();
        stop.cancel();
        let mut last = None;
        while let Some(event) = events.recv().await {
            last = Some(event);
        }
        assert!(matches!(last, Some(Err(EngineError::Cancelled)) | Some(Ok(_)) | None));
        // Dropped.
        let mut events = model.chat(long(), Stop::new()).await.unwrap();
        events.recv().await.unwrap().unwrap();
        drop(events);
        // Dropped before its first piece.
        let early = tokio::time::timeout(Duration::from_millis(1), model.chat(long(), Stop::new())).await;
        drop(early);
        // Stopped while it waits for a slot.
        let holder = model.chat(long(), Stop::new()).await.unwrap();
        let stop = Stop::new();
        stop.cancel();
        assert_eq!(model.chat(long(), stop).await.unwrap_err(), EngineError::Cancelled);
        drop(holder);
    }
    let said = tokio::time::timeout(Duration::from_secs(60), ask(&model, say("a"))).await.unwrap();
    said.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn requests_at_the_same_time_get_the_answers_they_would_get_alone() {
    let questions =
        ["Unu", "Unu doi", "Unu doi trei", "Altceva, mult mai lung decât celelalte", "Unu doi trei patru", "Zece"];
    let alone = load_chat(GGUF, json!({"settings": {"prefix_cache_slots": 0}})).await;
    let mut expected = Vec::new();
    for question in questions {
        expected.push(ask(&alone, say(question)).await.unwrap().text());
    }
    let together = load_chat(GGUF, json!({"slots": 3})).await;
    for round in 0..3 {
        let answers = questions.map(|question| {
            let model = together.clone();
            tokio::spawn(async move { ask(&model, say(question)).await.unwrap().text() })
        });
        for (answer, (question, expected)) in answers.into_iter().zip(questions.iter().zip(&expected)) {
            assert_eq!(&answer.await.unwrap(), expected, "round {round}, {question}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reader_who_does_not_read_holds_nobody_back() {
    let model = load_chat(GGUF, json!({"slots": 2})).await;
    let idle = model.chat(ChatRequest { max_tokens: Some(300), ..say("Mult") }, Stop::new()).await.unwrap();
    let said = tokio::time::timeout(Duration::from_secs(60), ask(&model, say("a"))).await.unwrap();
    said.unwrap();
    hear(idle).await.unwrap();
}

/// The conversation in which a message was answered, with a further message.
fn go_on(before: &ChatRequest, answer: &str, text: &str) -> ChatRequest {
    let mut request = before.clone();
    for (role, content) in [(ChatRole::Assistant, answer), (ChatRole::User, text)] {
        request.messages.push(ChatMessage { role, content: content.to_owned() });
    }
    request
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_computed_of_a_conversation_is_not_computed_again() {
    let forgetful = load_chat(GGUF, json!({"settings": {"prefix_cache_slots": 0}})).await;
    let model = load_chat(GGUF, json!({})).await;
    let mut request = say("Bună ziua! Ce acte îmi trebuie pentru pașaport?");
    let mut before = 0;
    for text in ["Mulțumesc. Cât costă?", "Și unde depun cererea?", "La revedere"] {
        let said = ask(&model, request.clone()).await.unwrap();
        let anew = ask(&forgetful, request.clone()).await.unwrap();
        assert_eq!(said.text(), anew.text());
        assert_eq!(anew.usage.cached_tokens, 0);
        assert!(said.usage.cached_tokens >= before, "{before} tokens are known: {:?}", said.usage);
        before = said.usage.prompt_tokens;
        request = go_on(&request, &said.text(), text);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn finished_requests_are_forgotten_and_answers_stay_the_same() {
    let model = load_chat(GGUF, json!({"settings": {"prefix_cache_slots": 2}})).await;
    let first = say("Aceeași întrebare");
    let second = go_on(&first, "Același răspuns", "Altă întrebare");
    let mut answers = HashSet::new();
    let mut cached = Vec::new();
    for number in 0..8 {
        let said = ask(&model, if number % 2 == 0 { first.clone() } else { second.clone() }).await.unwrap();
        answers.insert((number % 2, said.text()));
        cached.push(said.usage.cached_tokens > 0);
    }
    assert_eq!(answers.len(), 2, "{answers:?}");
    assert!(!cached[0] && cached[1], "{cached:?}");
    assert!(cached[2..].contains(&false), "all was forgotten now and then: {cached:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn damaged_weights_are_a_clear_error_and_the_next_load_works() {
    let whole = std::fs::read(small_models().join("tiny-llama/tiny-llama-q8_0.gguf")).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let folder = Utf8Path::from_path(folder.path()).unwrap();
    for length in [0, 3, 100, whole.len() / 3, whole.len() - 1000] {
        std::fs::write(folder.join("cut.gguf"), &whole[..length]).unwrap();
        let error = load(spec(Task::Chat, folder, Some("cut.gguf"), &json!({}))).await.err().unwrap();
        let EngineError::Load(message) = error else { panic!("{error:?}") };
        assert!(message.contains("cut.gguf"), "{length}: {message}");
    }
    let model = load_chat(GGUF, json!({})).await;
    ask(&model, say("a")).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_of_noise_never_ends_the_process() {
    let whole = std::fs::read(small_models().join("tiny-llama/tiny-llama-q8_0.gguf")).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let folder = Utf8Path::from_path(folder.path()).unwrap();
    for at in (0..4000).step_by(271) {
        let mut noisy = whole.clone();
        noisy[at..at + 8].fill(0xff);
        std::fs::write(folder.join("noisy.gguf"), noisy).unwrap();
        // Some noise does no harm; all other must be an error.
        let _ = load(spec(Task::Chat, folder, Some("noisy.gguf"), &json!({}))).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_missing_file_is_an_error_at_once_and_nothing_is_fetched() {
    let source = small_models();
    for (model, task, names) in [
        (SAFETENSORS.0, Task::Chat, &["config.json", "tokenizer.json", "model.safetensors"][..]),
        (EMBEDDING.0, Task::Embeddings, &["config.json", "tokenizer.json", "modules.json", "1_Pooling/config.json"]),
    ] {
        for name in names {
            let folder = tempfile::tempdir().unwrap();
            let folder = Utf8Path::from_path(folder.path()).unwrap();
            copy(&source.join(model), folder);
            std::fs::remove_file(folder.join(name)).unwrap();
            let missing = spec(task, folder, Some("model.safetensors"), &json!({}));
            let loaded = tokio::time::timeout(Duration::from_secs(20), load(missing)).await.expect("an error at once");
            let message = loaded.err().unwrap().to_string();
            assert!(message.contains(name) && message.contains("missing"), "{name}: {message}");
        }
    }
}

fn copy(from: &Utf8Path, to: &Utf8Path) {
    for entry in from.read_dir_utf8().unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            std::fs::create_dir(&target).unwrap();
            copy(entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), target).unwrap();
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn files_beside_a_gguf_file_go_before_its_header() {
    let folder = tempfile::tempdir().unwrap();
    let folder = Utf8Path::from_path(folder.path()).unwrap();
    copy(&small_models().join(GGUF.0), folder);
    let plain = load(spec(Task::Chat, folder, GGUF.1, &json!({}))).await.unwrap();
    let tokens = |said: Said| said.usage.prompt_tokens;
    let before = tokens(ask(&plain, say("Unu doi")).await.unwrap());

    let template = "{% for message in messages %}{{ message['content'] }}{{ message['content'] }}{% endfor %}";
    std::fs::write(folder.join("chat_template.jinja"), template).unwrap();
    let doubled = load(spec(Task::Chat, folder, GGUF.1, &json!({}))).await.unwrap();
    let once = tokens(ask(&doubled, say("a\n")).await.unwrap());
    let twice = tokens(ask(&doubled, say("a\na\n")).await.unwrap());
    assert_eq!(twice, 2 * once);

    std::fs::remove_file(folder.join("chat_template.jinja")).unwrap();
    std::fs::copy(small_models().join(SAFETENSORS.0).join("tokenizer.json"), folder.join("tokenizer.json")).unwrap();
    let beside = load(spec(Task::Chat, folder, GGUF.1, &json!({}))).await.unwrap();
    assert_eq!(tokens(ask(&beside, say("Unu doi")).await.unwrap()), before);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_template_that_refuses_a_conversation_is_the_requests_fault() {
    let folder = tempfile::tempdir().unwrap();
    let folder = Utf8Path::from_path(folder.path()).unwrap();
    copy(&small_models().join(GGUF.0), folder);
    std::fs::write(folder.join("chat_template.jinja"), "{{ raise_exception('roles must alternate') }}").unwrap();
    let model = load(spec(Task::Chat, folder, GGUF.1, &json!({}))).await.unwrap();
    let error = ask(&model, say("a")).await.unwrap_err();
    let EngineError::Request { parameter, message } = error else { panic!("{error:?}") };
    assert_eq!(parameter, "messages");
    assert!(message.contains("roles must alternate"), "{message}");
}

#[tokio::test(flavor = "multi_thread")]
async fn unknown_settings_and_missing_devices_are_errors() {
    let folder = small_models().join(GGUF.0);
    for (more, named) in [
        (json!({"settings": {"paged_attenton": true}}), "paged_attenton"),
        (json!({"context": 1_000_000}), "1000000"),
        #[cfg(not(feature = "cuda"))]
        (json!({"device": {"cuda": 0}}), "--features cuda"),
    ] {
        let message = load(spec(Task::Chat, &folder, GGUF.1, &more)).await.err().unwrap().to_string();
        assert!(message.contains(named), "{message}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn texts_become_vectors_of_length_one() {
    let spec = spec(Task::Embeddings, &small_models().join(EMBEDDING.0), EMBEDDING.1, &json!({}));
    let model = load(spec).await.unwrap();
    let texts = ["Programul primăriei", "Taxe și impozite", "Programul primăriei", "x"].map(str::to_owned).to_vec();
    let made = model.embed(EmbeddingsRequest { texts: texts.clone() }, Stop::new()).await.unwrap();
    assert_eq!(made.vectors.len(), texts.len());
    for vector in &made.vectors {
        assert_eq!(Some(u32::try_from(vector.len()).unwrap()), model.facts().dimensions);
        let length: f32 = vector.iter().map(|number| number * number).sum();
        assert!((length - 1.0).abs() < 1e-5, "{length}");
    }
    assert_eq!(made.vectors[0], made.vectors[2]);
    assert_ne!(made.vectors[0], made.vectors[1]);
    assert!(made.prompt_tokens >= 4);

    // Many at once, in their order.
    let many: Vec<String> = (0..50).map(|number| format!("text {}", number % 7)).collect();
    let made = model.embed(EmbeddingsRequest { texts: many }, Stop::new()).await.unwrap();
    assert_eq!(made.vectors.len(), 50);
    assert!((0..43).all(|number| made.vectors[number] == made.vectors[number + 7]));
    assert_ne!(made.vectors[0], made.vectors[1]);
}

#[tokio::test(flavor = "multi_thread")]
async fn too_long_a_text_is_refused_and_an_abandoned_request_does_no_harm() {
    let spec = spec(Task::Embeddings, &small_models().join(EMBEDDING.0), EMBEDDING.1, &json!({"context": 64}));
    let model = load(spec).await.unwrap();
    let long = EmbeddingsRequest { texts: vec!["a".to_owned(), "cuvânt ".repeat(200)] };
    let error = model.embed(long, Stop::new()).await.unwrap_err();
    let EngineError::Request { parameter, message } = error else { panic!("{error:?}") };
    assert_eq!(parameter, "input");
    assert!(message.contains("text 1") && message.contains("64"), "{message}");

    let many = || EmbeddingsRequest { texts: vec!["un text oarecare".to_owned(); 200] };
    let _ = tokio::time::timeout(Duration::from_millis(2), model.embed(many(), Stop::new())).await;
    let stop = Stop::new();
    stop.cancel();
    assert_eq!(model.embed(many(), stop).await.unwrap_err(), EngineError::Cancelled);
    model.embed(EmbeddingsRequest { texts: vec!["a".to_owned()] }, Stop::new()).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_model_refuses_the_work_of_another_task() {
    let model = load_chat(GGUF, json!({})).await;
    let error = model.embed(EmbeddingsRequest { texts: vec!["a".to_owned()] }, Stop::new()).await.unwrap_err();
    assert!(matches!(error, EngineError::Unsupported(_)));
}

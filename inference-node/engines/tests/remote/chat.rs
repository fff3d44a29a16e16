//! Conversations with a model of the other server.

use std::collections::HashSet;
use std::time::Duration;

use engines::tasks::{ChatEvent, ChatMessage, ChatRequest, ChatRole, FinishReason, ResponseFormat, Usage};
use engines::{EngineError, Events, Model, Stop};
use proptest::prelude::*;
use protocol::Task;
use serde_json::{Value, json};

use crate::peer::{End, Peer, Reply};
use crate::{error_of, load, spec, try_load};

const GREETING: &str = r#"{"choices":[{"index":0,"delta":{"content":"Bună "}}]}"#;
const NAME: &str = r#"{"choices":[{"index":0,"delta":{"content":"ziua, Ștefan"}}]}"#;
const END: &str = r#"{"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}"#;

fn say(text: &str) -> ChatRequest {
    ChatRequest {
        messages: vec![
            ChatMessage { role: ChatRole::System, content: "Repeat.".to_owned() },
            ChatMessage { role: ChatRole::User, content: text.to_owned() },
        ],
        max_tokens: None,
        temperature: None,
        top_p: None,
        seed: None,
        stop: Vec::new(),
        frequency_penalty: None,
        presence_penalty: None,
        format: ResponseFormat::Text,
    }
}

/// All that comes: the text, and how it ended.
async fn all(mut events: Events<ChatEvent>) -> (String, Result<(FinishReason, Usage), EngineError>) {
    let mut text = String::new();
    let mut end = None;
    while let Some(event) = events.recv().await {
        assert!(end.is_none(), "{event:?} came after the end");
        match event {
            Ok(ChatEvent::Text(more)) => {
                assert!(!more.is_empty());
                text.push_str(&more);
            }
            Ok(ChatEvent::Finished { reason, usage }) => end = Some(Ok((reason, usage))),
            Err(error) => end = Some(Err(error)),
        }
    }
    (text, end.expect("it did not end"))
}

async fn ask(model: &dyn Model) -> (String, Result<(FinishReason, Usage), EngineError>) {
    match model.chat(say("Bună ziua"), Stop::new()).await {
        Ok(events) => all(events).await,
        Err(error) => (String::new(), Err(error)),
    }
}

#[tokio::test]
async fn a_message_comes_in_pieces_with_what_it_took() {
    let peer = Peer::start().await;
    let model = load(Task::Chat, &peer.url).await;
    let mut events = model.chat(say("unu doi trei"), Stop::new()).await.unwrap();
    assert_eq!(events.recv().await, Some(Ok(ChatEvent::Text("unu ".to_owned()))));
    let (text, end) = all(events).await;
    assert_eq!(text, "doi trei");
    let usage = Usage { prompt_tokens: 6, completion_tokens: 3, cached_tokens: 2 };
    assert_eq!(end, Ok((FinishReason::Stop, usage)));
}

#[tokio::test]
async fn all_that_a_request_asks_for_reaches_the_server() {
    let peer = Peer::start().await;
    let settings =
        json!({"request": {"chat_template_kwargs": {"enable_thinking": false}, "temperature": 0.9, "top_k": 4}});
    let model = try_load(spec(Task::Chat, &peer.url, &settings)).await.unwrap();
    let schema = json!({"type": "object"});
    let request = ChatRequest {
        max_tokens: Some(9),
        temperature: Some(0.25),
        top_p: Some(0.5),
        seed: Some(u64::MAX),
        stop: vec!["\n".to_owned()],
        frequency_penalty: Some(-1.5),
        presence_penalty: Some(1.0),
        format: ResponseFormat::JsonSchema(schema.clone()),
        ..say("Da")
    };
    all(model.chat(request, Stop::new()).await.unwrap()).await.1.unwrap();
    let expected = json!({
        "model": "m",
        "messages": [{"role": "system", "content": "Repeat."}, {"role": "user", "content": "Da"}],
        "stream": true,
        "stream_options": {"include_usage": true},
        "max_tokens": 9,
        "temperature": 0.25,
        "top_p": 0.5,
        "top_k": 4,
        "seed": i64::MAX,
        "stop": ["\n"],
        "frequency_penalty": -1.5,
        "presence_penalty": 1.0,
        "response_format": {"type": "json_schema", "json_schema": {"name": "message", "schema": schema, "strict": true}},
        "chat_template_kwargs": {"enable_thinking": false},
    });
    assert_eq!(peer.asked()[0].json(), expected);

    let request = ChatRequest { format: ResponseFormat::JsonObject, ..say("Da") };
    all(model.chat(request, Stop::new()).await.unwrap()).await.1.unwrap();
    let asked = peer.asked()[1].json();
    assert_eq!(asked["response_format"], json!({"type": "json_object"}));
    assert_eq!((&asked["seed"], &asked["stop"], &asked["max_tokens"]), (&Value::Null, &Value::Null, &Value::Null));
}

#[tokio::test]
async fn a_server_that_does_not_count_gives_zeros() {
    let peer = Peer::start().await;
    let model = try_load(spec(Task::Chat, &peer.url, &json!({"usage": false}))).await.unwrap();
    assert_eq!(ask(&*model).await, ("Bună ziua".to_owned(), Ok((FinishReason::Stop, Usage::default()))));
    assert_eq!(peer.asked()[0].json().get("stream_options"), None);
}

#[tokio::test]
async fn comments_other_events_and_line_ends_of_any_kind_do_no_harm() {
    let peer = Peer::start().await;
    let model = load(Task::Chat, &peer.url).await;
    let body = format!(
        "\u{feff}: queued\r\n\r\n:\n\nevent: ping\n\nid: 4\r\ndata:{GREETING}\r\n\r\nretry: 10\ndata: {NAME}\n\ndata: {}\r\rdata: {END}\n\n\
         data: [DONE] \n\ndata: what follows is not read\n\n",
        r#"{"choices":[{"index":1,"delta":{"content":"another choice"}}]}"#,
    );
    peer.next(Reply::Pieces { media_type: "text/event-stream", pieces: vec![body.into_bytes()], end: End::Properly });
    assert_eq!(ask(&*model).await, ("Bună ziua, Ștefan".to_owned(), Ok((FinishReason::Stop, Usage::default()))));
}

#[tokio::test]
async fn reasons_for_the_end_are_understood() {
    let peer = Peer::start().await;
    let model = load(Task::Chat, &peer.url).await;
    for (name, expected) in
        [("length", FinishReason::Length), ("eos", FinishReason::Stop), ("stop", FinishReason::Stop)]
    {
        let end = json!({"choices": [{"index": 0, "delta": {}, "finish_reason": name}]}).to_string();
        // Some servers end the stream without the mark.
        peer.next(Reply::events([GREETING, &end], End::Properly));
        assert_eq!(ask(&*model).await, ("Bună ".to_owned(), Ok((expected, Usage::default()))));
    }
    for (name, by_request) in [("content_filter", true), ("abort", false)] {
        let end = json!({"choices": [{"index": 0, "delta": {}, "finish_reason": name}]}).to_string();
        peer.next(Reply::events([GREETING, &end], End::Properly));
        let error = ask(&*model).await.1.unwrap_err();
        assert_eq!(matches!(error, EngineError::Request { .. }), by_request, "{error:?}");
    }
}

#[tokio::test]
async fn a_server_that_does_not_stream_is_understood_all_the_same() {
    let peer = Peer::start().await;
    let model = load(Task::Chat, &peer.url).await;
    let message = json!({"index": 0, "message": {"role": "assistant", "content": "Da."}, "finish_reason": "stop"});
    let usage = json!({"prompt_tokens": 5, "completion_tokens": 2});
    peer.next(Reply::json(200, &json!({"object": "chat.completion", "choices": [message], "usage": usage})));
    let usage = Usage { prompt_tokens: 5, completion_tokens: 2, cached_tokens: 0 };
    assert_eq!(ask(&*model).await, ("Da.".to_owned(), Ok((FinishReason::Stop, usage))));
    peer.next(Reply::json(200, &json!({"error": {"message": "no memory", "code": 500}})));
    assert!(ask(&*model).await.1.unwrap_err().to_string().contains("no memory"));
}

#[tokio::test]
async fn an_error_in_the_middle_comes_after_the_text_before_it() {
    let peer = Peer::start().await;
    let model = load(Task::Chat, &peer.url).await;
    for (object, wanted) in [
        (r#"{"error":{"message":"too long","code":400,"param":"messages"}}"#, "too long"),
        (r#"{"error":{"message":"busy","code":503}}"#, "the engine is overloaded"),
        (r#"{"object":"error","message":"engine died","code":500}"#, "engine died"),
        (r#"{"error":"out of\nmemory"}"#, "out of memory"),
        (r#"{"choices":[{"#, "no chunk of a message"),
        (r#"{"choices":[{"index":0,"delta":{"content":7}}]}"#, "no chunk of a message"),
    ] {
        peer.next(Reply::events([GREETING, object, NAME, END, "[DONE]"], End::Properly));
        let (text, end) = ask(&*model).await;
        assert_eq!(text, "Bună ");
        let error = end.unwrap_err().to_string();
        assert!(error.contains(wanted), "{error}");
    }
}

#[tokio::test]
async fn a_stream_that_breaks_off_or_falls_silent_is_lost() {
    let peer = Peer::start().await;
    let model = try_load(spec(Task::Chat, &peer.url, &json!({"idle_ms": 2000, "check_ms": 3_600_000}))).await.unwrap();
    for (end, wanted) in
        [(End::Cut, "broke off"), (End::Properly, "before the message was complete"), (End::Silence, "nothing came")]
    {
        peer.next(Reply::events([GREETING, NAME], end));
        let (text, end) = ask(&*model).await;
        assert_eq!(text, "Bună ziua, Ștefan");
        assert!(matches!(&end, Err(EngineError::Lost(why)) if why.contains(wanted)), "{end:?}");
    }
    assert!(model.health().is_err(), "three in a row");
}

#[tokio::test]
async fn a_server_that_never_begins_to_answer_is_lost() {
    let peer = Peer::start().await;
    let model = try_load(spec(Task::Chat, &peer.url, &json!({"answer_ms": 300}))).await.unwrap();
    peer.next(Reply::Silence);
    let end = ask(&*model).await.1;
    assert!(matches!(&end, Err(EngineError::Lost(why)) if why.contains("did not begin to answer")), "{end:?}");
    peer.somebody_left().await;
}

#[tokio::test]
async fn refusals_say_whose_fault_it_is() {
    let peer = Peer::start().await;
    let model = load(Task::Chat, &peer.url).await;
    let error = json!({"error": {"message": "must be at most 2", "param": "temperature", "code": null}});
    peer.next(Reply::json(400, &error));
    assert_eq!(ask(&*model).await.1, Err(EngineError::request("temperature", "must be at most 2")));
    peer.next(Reply::json(400, &json!({"object": "error", "message": "context of 4096", "param": null, "code": 400})));
    assert_eq!(ask(&*model).await.1, Err(EngineError::request("messages", "context of 4096")));

    let busy = |headers| Reply::Whole { status: 429, headers, body: Vec::new() };
    peer.next(busy(vec![("retry-after", "2".to_owned())]));
    assert_eq!(ask(&*model).await.1, Err(EngineError::Overloaded { retry_after_ms: Some(2000) }));
    peer.next(busy(Vec::new()));
    assert_eq!(ask(&*model).await.1, Err(EngineError::Overloaded { retry_after_ms: None }));

    for (status, wanted) in [
        (401, "name a file that holds one as `key_file`"),
        (404, "see that the server has the model `m`"),
        (308, "final address"),
        (500, "500 Internal Server Error"),
    ] {
        peer.next(Reply::json(status, &json!({"detail": "why not"})));
        let end = ask(&*model).await.1;
        assert!(matches!(&end, Err(EngineError::Failed(why)) if why.contains(wanted)), "{end:?}");
    }
    peer.next(Reply::Whole { status: 502, headers: Vec::new(), body: b"<html>Bad Gateway</html>".to_vec() });
    let end = ask(&*model).await.1;
    assert!(matches!(&end, Err(EngineError::Lost(why)) if !why.contains('<')), "{end:?}");
}

#[tokio::test]
async fn a_huge_refusal_is_read_only_in_part() {
    let peer = Peer::start().await;
    let model = load(Task::Chat, &peer.url).await;
    peer.next(Reply::Whole { status: 500, headers: Vec::new(), body: vec![b'x'; 8 << 20] });
    let why = error_of(ask(&*model).await.1).to_string();
    assert!(why.len() < 1000, "{}", why.len());
}

#[tokio::test]
async fn dropping_the_receiver_closes_the_connection() {
    let peer = Peer::start().await;
    let model = load(Task::Chat, &peer.url).await;
    peer.next(Reply::events([GREETING], End::Silence));
    let mut events = model.chat(say("Da"), Stop::new()).await.unwrap();
    events.recv().await.unwrap().unwrap();
    drop(events);
    peer.somebody_left().await;
    assert_eq!(model.health(), Ok(()));
}

#[tokio::test]
async fn stopping_closes_the_connection_even_when_nobody_takes_what_came() {
    let peer = Peer::start().await;
    let model = load(Task::Chat, &peer.url).await;
    peer.next(Reply::events(std::iter::repeat_n(GREETING, 500), End::Silence));
    let stop = Stop::new();
    let mut events = model.chat(say("Da"), stop.clone()).await.unwrap();
    events.recv().await.unwrap().unwrap();
    stop.cancel();
    peer.somebody_left().await;
    let mut last = None;
    while let Some(event) = events.recv().await {
        last = Some(event);
    }
    assert_eq!(last, Some(Err(EngineError::Cancelled)));
}

#[tokio::test]
async fn stopping_before_the_answer_begins_closes_the_connection() {
    let peer = Peer::start().await;
    let model = load(Task::Chat, &peer.url).await;
    peer.next(Reply::Silence);
    let stop = Stop::new();
    let asking = tokio::spawn({
        let (model, stop) = (model.clone(), stop.clone());
        async move { model.chat(say("Da"), stop).await }
    });
    while peer.asked().is_empty() {
        tokio::task::yield_now().await;
    }
    stop.cancel();
    assert_eq!(error_of(asking.await.unwrap()), EngineError::Cancelled);
    peer.somebody_left().await;
}

#[tokio::test]
async fn connections_are_used_again() {
    let peer = Peer::start().await;
    let model = load(Task::Chat, &peer.url).await;
    for _ in 0..6 {
        peer.next(Reply::events([GREETING, END, "[DONE]"], End::Late));
        ask(&*model).await.1.unwrap();
        // The message is complete before the body's end comes.
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    let connections: HashSet<_> = peer.asked().iter().map(|asked| asked.from).collect();
    assert!(connections.len() < 6, "a connection for each request");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn wherever_the_network_cuts_a_stream_the_message_is_the_same(cuts in prop::collection::vec(1_usize..9, 1..80)) {
        let bytes: Vec<u8> = [": hello", &format!("data: {GREETING}"), &format!("data: {NAME}"), &format!("data: {END}"), "data: [DONE]"]
            .iter()
            .flat_map(|event| format!("{event}\r\n\r\n").into_bytes())
            .collect();
        let mut rest = bytes.as_slice();
        let mut pieces = Vec::new();
        for cut in cuts {
            let (piece, after) = rest.split_at(cut.min(rest.len()));
            pieces.push(piece.to_vec());
            rest = after;
        }
        pieces.push(rest.to_vec());
        pieces.retain(|piece| !piece.is_empty());
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let (text, end) = runtime.block_on(async {
            let peer = Peer::start().await;
            let model = load(Task::Chat, &peer.url).await;
            peer.next(Reply::Pieces { media_type: "text/event-stream", pieces, end: End::Properly });
            ask(&*model).await
        });
        prop_assert_eq!(text, "Bună ziua, Ștefan");
        prop_assert_eq!(end, Ok((FinishReason::Stop, Usage::default())));
    }
}

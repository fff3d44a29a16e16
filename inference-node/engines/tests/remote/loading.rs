//! What loading finds out about the other server.

use engines::EngineError;
use protocol::Task;
use serde_json::json;

use crate::peer::{Peer, Reply};
use crate::{error_of, load, spec, try_load};

async fn refusal(task: Task, url: &str) -> String {
    match error_of(try_load(spec(task, url, &json!({}))).await) {
        EngineError::Load(why) => why,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_listed_model_is_loaded_with_what_its_server_says_of_it() {
    let peer = Peer::start().await;
    let facts = load(Task::Chat, &peer.url).await.facts();
    assert_eq!((facts.context, facts.sample_rate, facts.dimensions), (Some(4096), None, None));
    let facts = load(Task::Speech, &format!("{}/", peer.url)).await.facts();
    assert_eq!(facts.sample_rate, Some(24_000));
    let facts = load(Task::Embeddings, &peer.url).await.facts();
    assert_eq!(facts.dimensions, Some(2));
}

#[tokio::test]
async fn a_missing_model_is_named_with_those_that_are_there() {
    let peer = Peer::start().await;
    peer.list(Reply::json(200, &json!({"data": [{"id": "qwen"}, {"id": "gemma"}]})));
    let why = refusal(Task::Chat, &peer.url).await;
    assert_eq!(why, format!("`{}/models` lists no model `m`; it has `qwen`, `gemma`", peer.url));
}

#[tokio::test]
async fn when_nobody_listens_the_message_says_where_and_what_to_do() {
    let peer = Peer::start_alone(2).await;
    let url = peer.url.clone();
    let _back = peer.go_away().await;
    let why = refusal(Task::Chat, &url).await;
    assert!(why.starts_with(&format!("failed to reach `{url}/models`")), "{why}");
    assert!(why.ends_with("see that the server runs and that `url` in the manifest is right"), "{why}");
}

#[tokio::test]
async fn a_server_that_is_still_loading_says_so() {
    let peer = Peer::start().await;
    peer.list(Reply::json(503, &json!({"error": {"code": 503, "message": "Loading model"}})));
    let why = refusal(Task::Chat, &peer.url).await;
    assert!(why.contains("503 Service Unavailable: Loading model; it may still be loading its model"), "{why}");
}

#[tokio::test]
async fn a_server_without_a_listing_is_taken_by_its_health() {
    let peer = Peer::start().await;
    peer.list(Reply::json(404, &json!({"error": "File Not Found"})));
    assert_eq!(load(Task::Chat, &peer.url).await.facts().context, None);
    let why = refusal(Task::Chat, peer.url.trim_end_matches("/v1")).await;
    assert!(why.contains("`url` must usually end in `/v1`"), "{why}");
}

#[tokio::test]
async fn a_page_that_is_no_listing_is_refused() {
    let peer = Peer::start().await;
    peer.list(Reply::Whole { status: 200, headers: Vec::new(), body: b"<html>It works!</html>".to_vec() });
    let why = refusal(Task::Chat, &peer.url).await;
    assert!(why.contains("does not list models"), "{why}");
}

#[tokio::test]
async fn a_listing_without_end_is_cut_off() {
    let peer = Peer::start().await;
    peer.list(Reply::Whole { status: 200, headers: Vec::new(), body: vec![b' '; 5 << 20] });
    let why = refusal(Task::Chat, &peer.url).await;
    assert!(why.contains("is longer than 4194304 bytes"), "{why}");
}

#[tokio::test]
async fn the_key_is_sent_and_a_wrong_one_is_named_by_its_file_alone() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("key");
    std::fs::write(&file, "sk-very-secret\n").unwrap();
    let peer = Peer::start().await;
    let mut spec = spec(Task::Embeddings, &peer.url, &json!({}));
    spec.remote.as_mut().unwrap().key_file = Some(file.to_str().unwrap().into());

    let model = try_load(spec.clone()).await.unwrap();
    assert_eq!(peer.asked()[0].headers["authorization"], "Bearer sk-very-secret");

    let echo = json!({"error": {"message": "bad key sk-very-secret"}});
    peer.next(Reply::json(500, &echo));
    let request = engines::tasks::EmbeddingsRequest { texts: vec!["a".to_owned()] };
    let why = error_of(model.embed(request, engines::Stop::new()).await).to_string();
    assert!(why.ends_with("500 Internal Server Error: bad key [key]"), "{why}");

    peer.list(Reply::json(401, &echo));
    let why = error_of(try_load(spec.clone()).await).to_string();
    assert!(why.contains(file.to_str().unwrap()) && !why.contains("secret"), "{why}");

    std::fs::remove_file(&file).unwrap();
    let why = error_of(try_load(spec).await).to_string();
    assert!(why.contains("failed to read the key from"), "{why}");
}

#[tokio::test]
async fn a_password_in_the_address_and_a_misspelt_setting_are_refused() {
    let why = refusal(Task::Chat, "http://user:hunter2@127.0.0.1:1/v1").await;
    assert!(why.contains("`key_file`") && !why.contains("hunter2"), "{why}");
    let why = refusal(Task::Chat, "127.0.0.1").await;
    assert!(why.contains("such as `http://10.0.0.7:8000/v1`"), "{why}");
    let misspelt = spec(Task::Chat, "http://127.0.0.1:1/v1", &json!({"idle_seconds": 3}));
    let why = error_of(try_load(misspelt).await).to_string();
    assert!(why.contains("unknown field `idle_seconds`"), "{why}");
}

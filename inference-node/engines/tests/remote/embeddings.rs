//! Vectors from the other server.

use engines::tasks::EmbeddingsRequest;
use engines::{EngineError, Stop};
use protocol::Task;
use serde_json::json;

use crate::peer::{Peer, Reply};
use crate::{error_of, load};

fn texts(texts: &[&str]) -> EmbeddingsRequest {
    EmbeddingsRequest { texts: texts.iter().map(|text| (*text).to_owned()).collect() }
}

#[tokio::test]
async fn vectors_come_in_the_order_of_their_texts_and_at_length_one() {
    let peer = Peer::start().await;
    let model = load(Task::Embeddings, &peer.url).await;
    let made = model.embed(texts(&["abc", ""]), Stop::new()).await.unwrap();
    assert_eq!(made.vectors, [vec![0.6, 0.8], vec![0.0, 1.0]]);
    assert_eq!(made.prompt_tokens, 7);
}

#[tokio::test]
async fn a_missing_vector_or_one_of_another_length_is_an_error() {
    let peer = Peer::start().await;
    let model = load(Task::Embeddings, &peer.url).await;
    for data in [
        json!([{"index": 0, "embedding": [1.0]}]),
        json!([{"index": 0, "embedding": [1.0]}, {"index": 0, "embedding": [1.0]}]),
        json!([{"index": 0, "embedding": [1.0]}, {"index": 1, "embedding": [1.0, 2.0]}]),
        json!([{"index": 0, "embedding": [1.0]}, {"index": 1, "embedding": [0.0]}]),
        json!("none"),
    ] {
        peer.next(Reply::json(200, &json!({"data": data})));
        let error = error_of(model.embed(texts(&["a", "b"]), Stop::new()).await);
        assert!(matches!(error, EngineError::Failed(_)), "{error:?}");
    }
}

#[tokio::test]
async fn other_work_than_the_manifests_is_refused() {
    let peer = Peer::start().await;
    let model = load(Task::Chat, &peer.url).await;
    let error = error_of(model.embed(texts(&["a"]), Stop::new()).await);
    assert!(matches!(error, EngineError::Unsupported(_)), "{error:?}");
    assert!(peer.asked().is_empty());
}

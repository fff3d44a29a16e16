//! How the node learns that the other server cannot serve.

use std::time::Duration;

use engines::tasks::EmbeddingsRequest;
use engines::{EngineError, Model, Stop};
use protocol::Task;
use serde_json::json;

use crate::peer::{Peer, Reply};
use crate::{error_of, spec, try_load};

async fn wait_until(model: &dyn Model, healthy: bool) {
    let seen = async {
        while model.health().is_ok() != healthy {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(60), seen).await.expect("its health did not change");
}

#[tokio::test]
async fn a_server_that_goes_away_is_unhealthy_until_it_is_back() {
    let peer = Peer::start_alone(3).await;
    let model = try_load(spec(Task::Chat, &peer.url, &json!({"check_ms": 20}))).await.unwrap();
    assert_eq!(model.health(), Ok(()));
    let back = peer.go_away().await;
    wait_until(&*model, false).await;
    assert!(matches!(model.health(), Err(EngineError::Lost(_))));
    let _peer = back.await;
    wait_until(&*model, true).await;
}

#[tokio::test]
async fn a_server_that_no_longer_has_the_model_is_unhealthy() {
    let peer = Peer::start().await;
    let model = try_load(spec(Task::Chat, &peer.url, &json!({"check_ms": 20}))).await.unwrap();
    peer.list(Reply::json(200, &json!({"data": []})));
    wait_until(&*model, false).await;
    let why = model.health().unwrap_err().to_string();
    assert!(why.contains("lists no model `m`; it has none"), "{why}");
}

#[tokio::test]
async fn three_failed_requests_make_it_unhealthy_and_a_good_one_heals_it() {
    let peer = Peer::start().await;
    let model = try_load(spec(Task::Embeddings, &peer.url, &json!({"check_ms": 3_600_000}))).await.unwrap();
    let request = EmbeddingsRequest { texts: vec!["a".to_owned()] };
    for _ in 0..3 {
        assert_eq!(model.health(), Ok(()));
        peer.next(Reply::json(500, &json!({"error": {"message": "CUDA error"}})));
        error_of(model.embed(request.clone(), Stop::new()).await);
    }
    assert!(model.health().is_err());
    model.embed(request, Stop::new()).await.unwrap();
    assert_eq!(model.health(), Ok(()));
}

//! The page of nodes and models.

mod support;

use axum::http::StatusCode;
use desk::operator::Role;
use support::Desk;

#[tokio::test]
async fn an_administrator_sees_nodes_gpus_models_and_what_waits() {
    let desk = Desk::open().await;
    let mut browser = desk.working("radu", "Radu Ion", Role::Administrator, &[]).await;
    let answer = browser.get("/console/cluster").await;
    assert_eq!(answer.status, StatusCode::OK);
    for seen in [
        "gpu-1",
        "NVIDIA H200",
        "61 °C",
        "70.0 din 140.0 GB",
        "trebuie repornită",
        "XID 79",
        "nu s-a auzit încă",
        "connection refused",
        "qwen",
        "3/8",
        "nu primește",
        "scos din serviciu",
        "Ce mai este de făcut",
        "qwen se încarcă pe gpu-1, placa 1.",
        "qwen termină ce a început pe gpu-3, placa 1; apoi va fi descărcat.",
        "qwen va fi descărcat de pe gpu-2, placa 1. Până la reîncărcare, modelul nu răspunde nicăieri.",
    ] {
        assert!(answer.text.contains(seen), "{seen}");
    }
}

#[tokio::test]
async fn nobody_else_sees_it() {
    let desk = Desk::open().await;
    let mut browser = desk.working("ana", "Ana Pop", Role::Supervisor, &[]).await;
    assert_eq!(browser.get("/console/cluster").await.status, StatusCode::FORBIDDEN);
    assert!(!browser.get("/console").await.text.contains("/console/cluster"));
}

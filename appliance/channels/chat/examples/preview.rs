//! The citizens' pages on a database of their own in a temporary folder, with a small assistant: to look at and to drive from a
//! browser. `POST /preview/operator?conversation=ID&text=…` lets an operator take over and speak.
#![allow(clippy::print_stdout, reason = "says where the pages are")]

#[path = "../tests/support/mod.rs"]
mod support;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::{Query, State};
use axum::routing::post;
use chat::{ChatConfig, Limits, Rate};
use desk::conversation::Owner;
use desk::ids::ConversationId;
use desk::ports::presence::{Presence, Typist};
use serde::Deserialize;
use support::World;

#[derive(Deserialize)]
struct Say {
    conversation: ConversationId,
    text: Option<String>,
}

async fn operator(State(world): State<Arc<World>>, Query(say): Query<Say>) {
    let conversation = world.conversation(say.conversation).await;
    if conversation.owner != Owner::Operator(world.operator.id) {
        world.take_over(say.conversation).await;
    }
    match say.text {
        Some(text) => world.operator_says(say.conversation, &text).await,
        None => world.presence.typing(say.conversation, Typist::Operator(world.operator.id)),
    }
}

#[tokio::main]
async fn main() -> std::io::Result<()> {
    let port = std::env::args().nth(1).and_then(|port| port.parse().ok()).unwrap_or(8080);
    let other_site = format!("http://localhost:{port}");
    let many = Rate { per_minute: 1_000_000, burst: 1_000_000 };
    // One machine plays all citizens here.
    let limits = Limits {
        connections_per_address: 20_000,
        conversations: many,
        turns_per_address: many,
        requests: many,
        ..Limits::default()
    };
    let config = ChatConfig { demo: true, allowed_origins: vec![other_site], limits, ..ChatConfig::default() };
    let world = Arc::new(World::with(config, Duration::from_millis(400)).await);
    let pages = world.chat.router().merge(ui::assets::router());
    let preview = axum::Router::new().route("/preview/operator", post(operator)).with_state(world.clone());
    let listener = tokio::net::TcpListener::bind(SocketAddr::from(([127, 0, 0, 1], port))).await?;
    println!("http://127.0.0.1:{port}/");
    axum::serve(listener, pages.merge(preview).into_make_service_with_connect_info::<SocketAddr>()).await
}

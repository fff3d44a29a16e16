//! The telephone over the admin socket: how it stands, and its calls.

use axum::extract::{Path, Query, State};
use axum::routing::get;
use axum::{Json, Router};
use desk::call::Call;
use desk::ids::CallId;
use desk::ports::calls::CallFilter;
use desk::turn::{Author, Turn};
use serde::{Deserialize, Serialize};

use super::{Admin, AdminError};

/// The most calls that one request returns.
const MAX_CALLS: u32 = 1_000;
/// The most turns of a call's conversation.
const MAX_TURNS: u32 = 1_000;

/// How the telephone stands.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct PhoneStatus {
    /// Whether there is one.
    pub enabled: bool,
    /// Where it listens: `udp 127.0.0.1:5060`.
    pub listens: Vec<String>,
    /// How each call that goes on here stands.
    pub standings: Vec<String>,
    /// Fixed texts that are ready to be said, and how many there are.
    pub prompts: (usize, usize),
    /// Exchanges, and whether they answer.
    pub exchanges: Vec<(String, bool)>,
    /// Extensions, and how many telephones are registered under each.
    pub extensions: Vec<(String, usize)>,
}

/// A call with what was said in it.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct CallRecord {
    /// The call.
    pub call: Call,
    /// The turns of its conversation that were made during it.
    pub turns: Vec<Said>,
}

/// Something said.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Said {
    /// The number of the turn.
    pub number: u64,
    /// `citizen`, `assistant` or `operator`.
    pub by: String,
    /// The words.
    pub text: String,
    /// Of an answer of which not all was heard: what was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub heard: Option<String>,
    /// What an answer rests on.
    pub sources: Vec<String>,
}

#[derive(Debug, Deserialize)]
struct Last {
    last: u32,
}

pub(super) fn routes() -> Router<Admin> {
    Router::new().route("/phone", get(status)).route("/phone/calls", get(calls)).route("/phone/calls/{id}", get(call))
}

async fn status(State(parts): State<Admin>) -> Json<PhoneStatus> {
    let Some(phone) = &parts.phone else {
        let (listens, exchanges, extensions) = (Vec::new(), Vec::new(), Vec::new());
        return Json(PhoneStatus {
            enabled: false,
            listens,
            standings: Vec::new(),
            prompts: (0, 0),
            exchanges,
            extensions,
        });
    };
    let signalling = phone.signalling().await;
    let listens = phone.addresses().into_iter().map(|(transport, address)| format!("{transport} {address}"));
    Json(PhoneStatus {
        enabled: true,
        listens: listens.collect(),
        standings: phone.live().list().iter().map(|call| call.standing.name().to_owned()).collect(),
        prompts: phone.prompts(),
        exchanges: signalling.peers.into_iter().map(|peer| (peer.name, peer.up)).collect(),
        extensions: signalling.extensions.into_iter().map(|one| (one.user, one.bindings)).collect(),
    })
}

async fn calls(State(parts): State<Admin>, Query(query): Query<Last>) -> Result<Json<Vec<Call>>, AdminError> {
    let filter = CallFilter { limit: query.last.clamp(1, MAX_CALLS), ..CallFilter::default() };
    Ok(Json(parts.calls.list(filter).await?))
}

async fn call(State(parts): State<Admin>, Path(id): Path<uuid::Uuid>) -> Result<Json<CallRecord>, AdminError> {
    let call = parts.calls.call(CallId(id)).await?;
    let turns = match call.conversation {
        Some(conversation) => parts.conversations.turns(conversation, 0, MAX_TURNS).await?,
        None => Vec::new(),
    };
    let until = call.ended.map(|ended| ended.at);
    let during =
        turns.into_iter().filter(|turn| turn.at >= call.started_at && until.is_none_or(|until| turn.at <= until));
    Ok(Json(CallRecord { turns: during.map(said).collect(), call }))
}

fn said(turn: Turn) -> Said {
    let by = match turn.author {
        Author::Citizen => "citizen",
        Author::Assistant => "assistant",
        Author::Operator(_) => "operator",
    };
    let sources = match &turn.content.outcome {
        Some(desk::outcome::Outcome::Answer(answer)) => answer.quotes.iter().map(|quote| quote.title.clone()).collect(),
        _ => Vec::new(),
    };
    Said { number: turn.number, by: by.to_owned(), text: turn.content.text, heard: turn.heard, sources }
}

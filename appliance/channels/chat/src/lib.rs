//! The web chat: citizens' pages, the embeddable element and the public API.
//!
//! Everything a citizen says is durable before it is acknowledged; everything a page shows it has loaded by number after hearing,
//! through the journal, that something changed. So several servers work alike and a page that reconnects loses nothing.

mod access;
mod api;
mod app;
mod cards;
mod config;
mod figures;
mod files;
mod follower;
mod intake;
mod limits;
mod live;
mod pages;
mod recordings;
mod routes;
mod secret;
mod speakable;
mod texts;
mod transcript;
mod view;

pub use api::openapi;
pub use app::{Chat, ChatParts};
pub use config::{ChatConfig, Limits, Rate};
pub use secret::SecretKey;

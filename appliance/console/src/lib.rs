//! The operators' desk: sign-in, the queue of what waits for a person, one conversation with its case, and accounts.
//!
//! Pages are rendered here and work without scripts; a small script makes them live. Every act is a compare-and-swap through
//! the ports, so that two operators never both believe to hold a conversation.

pub mod accounts;

mod access;
mod amend;
mod audit;
mod auth;
mod calls;
mod pages;
mod parts;
mod queue;
mod routes;
mod texts;
mod view;

pub use auth::password::PasswordError;
pub use auth::session::SessionPolicy;
pub use parts::{ConsoleConfig, ConsoleParts, Telephone};
pub use routes::router;

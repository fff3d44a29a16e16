//! The pages: each module answers its addresses, and renders what `view` prepares.

pub(crate) mod accounts;
pub(crate) mod attachment;
pub(crate) mod calls;
pub(crate) mod case;
pub(crate) mod cluster;
pub(crate) mod conversation;
pub(crate) mod events;
pub(crate) mod extension;
pub(crate) mod language;
pub(crate) mod notice;
pub(crate) mod password;
pub(crate) mod problem;
pub(crate) mod queue;
pub(crate) mod shell;
pub(crate) mod sign_in;

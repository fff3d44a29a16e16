//! What the database promises to the desk, told port by port. All stories share one database; each makes its own
//! conversations and cases in it.

#![expect(clippy::unwrap_used, reason = "a story ends at the first thing that goes wrong")]

mod accounts;
mod backup;
mod call_backs;
mod calls;
mod cases;
mod conversations;
mod drained;
mod journal;
mod knowledge;
mod leases;
mod outbox;
mod support;

//! The replicated database: one repository per aggregate, journal, leases, registry, outbox, backup.
//!
//! hiqlite underneath: SQLite on every server, changed only by transactions that a Raft quorum has on its disks. On one
//! server the same code runs alone.

mod accounts;
mod articles;
mod backup;
mod calls;
mod cases;
mod columns;
mod commit;
mod config;
mod conversations;
mod drained;
mod error;
mod journal;
mod leases;
mod node;
mod outgoing;
mod restored;
mod secrets;
mod store;
mod write;

pub use accounts::AccountRepository;
pub use articles::ArticleRepository;
pub use backup::{BackupError, BackupKey, Manifest, OnProgress, Progress, Summary, restore, verify as verify_backup};
pub use calls::{CallBackRepository, CallIntentRepository, CallRepository};
pub use cases::CaseRepository;
pub use config::{ClusterTls, Peer, StoreConfig};
pub use conversations::ConversationRepository;
pub use drained::{DrainedNode, DrainedNodes};
pub use error::StoreError;
pub use journal::{Broken, JournalFeed, Sealed, Sealer, Verification, verify_journal_file};
pub use leases::{
    CALL_BACK_LEASE, DISPATCHER_LEASE, Fence, Lease, LeaseKeeper, Leases, OUTBOX_LEASE, SEALER_LEASE, TELEPHONE_LEASE,
    WATCHDOG_LEASE,
};
pub use outgoing::OutboxRepository;
pub use store::{Health, Store};

//! The journal: tailed by pages and servers, sealed into a hash chain, verified online and from a file.

mod feed;
mod rows;
mod seal;
pub(crate) mod tail;
mod verify;

pub use feed::JournalFeed;
pub(crate) use seal::salted_digest;
pub use seal::{Sealed, Sealer};
pub use verify::{Broken, Verification, verify_journal_file};

//! Bytes that come with turns — attachments, later recordings and issued documents: named by their content, encrypted before
//! they leave the process, in a local folder or in any store that speaks S3.
//!
//! **Names.** The domain knows bytes by the SHA-256 of their content ([`desk::ids::BlobId`]). The store sees another name,
//! derived from digest and master key: who can list it cannot tell whether it holds a file that he knows. What it does see is
//! how long each object is and when it came.
//!
//! **Encryption.** Each content has its own key, derived from master key and digest, and is sealed in chunks that cannot be
//! changed, cut off, swapped or exchanged for others. The same content gives the same object, byte by byte, so keeping it
//! twice is harmless, and a damaged file heals when its content is kept again. Without its digest an object cannot be read
//! even by the holder of the master key: once the database has forgotten the digest, no copy left in a backup or in the
//! store's own versions gives the content back.
//!
//! **Durability.** When `keep` returns, the local folder has been synced down to its entries, or the S3 store has confirmed.
//! `object_store` serves S3 only: its local folder cannot be told which permissions its files shall have.
//!
//! **Layout.** `ab/cd/abcd…` in both places, so that a folder's objects can be copied to a bucket as they are when one server
//! becomes three. `key.check` tells at the start that the master key is another than the one in use, before anything is
//! written under the wrong one; `incoming/` holds what is being written and need not be backed up.
//!
//! **Testing against S3.** Tests run without a server. Those in `tests/places/s3.rs` want one, and say so when they skip themselves:
//!
//! ```sh
//! python3 -m venv /tmp/moto && /tmp/moto/bin/pip install 'moto[server]'
//! /tmp/moto/bin/moto_server -H 127.0.0.1 -p 5566 &
//! curl -X PUT http://127.0.0.1:5566/blobs-test
//! S3_TEST_ENDPOINT=http://127.0.0.1:5566 cargo test -p blobs --test places s3:: -- --nocapture
//! ```
//!
//! Another server: `S3_TEST_BUCKET`, `S3_TEST_REGION`, `S3_TEST_ACCESS_KEY`, `S3_TEST_SECRET_KEY` and, for a private
//! authority behind `https://`, `S3_TEST_CA_FILE` say how to reach it.

mod blobs;
mod config;
mod content;
mod error;
mod folder;
mod keys;
mod s3;
mod sealing;

pub use blobs::Blobs;
pub use config::{BlobsConfig, S3Config};
pub use error::{BlobError, Damage};

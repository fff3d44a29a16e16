//! What is kept comes back and what was touched does not, in a local folder and in a store that speaks S3.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a test ends by panicking, and says why it is skipped"
)]

mod folder;
mod s3;
mod story;

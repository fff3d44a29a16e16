//! Against the tools that the rest of the world uses: what ffmpeg and sox write is read, what is written they read.

#![allow(clippy::unwrap_used, clippy::panic)]

mod decoding;
mod encoding;
mod g711;
mod mutations;
mod signal;
mod tools;

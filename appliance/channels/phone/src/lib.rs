//! The telephone channel.

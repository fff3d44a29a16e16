//! The telephone: who is on the line, whom we promised to ring, what was said and heard in earlier calls.

mod back;
mod command;
mod history;
mod live;
mod one;
mod range;
mod recording;

pub(crate) use back::{cancel, dial, promise};
pub(crate) use command::submit as command;
pub(crate) use history::page as history;
pub(crate) use live::page as live;
pub(crate) use one::page as one;
pub(crate) use recording::fetch as recording;

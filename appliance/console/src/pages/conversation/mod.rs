//! One conversation: everything that the assistant saw and why it handed it off, the case, and what may be done.

mod acts;
mod load;
mod render;

pub(crate) use acts::{back, close, give_back, queue, reply, take, typing};
pub(crate) use load::Sheet;
pub(crate) use render::page;

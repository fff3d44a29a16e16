//! Who speaks when: voice and words in, decisions out. Pure, and tested on recorded timings (`tests/timings`).
//!
//! The end of a turn is told from silence *and* from what was said: a complete question is answered after a short
//! pause, an unfinished sentence is waited for. Voice over ours pauses us at once, which costs little; only words (or a
//! key) make it an interruption, and without any we go on where we stopped.

mod activity;
mod heard;
mod machine;
mod patience;
mod phrase;
mod spent;
mod surroundings;
mod taking;

pub use activity::{Activity, Change};
pub use machine::Machine;
pub use patience::{Nudge, Patience};
pub use phrase::{Finish, finish, is_listening, is_of_a_machine, is_wordless};
pub use surroundings::{Listener, Surroundings};
pub use taking::{Decision, Floor, Turn, TurnTaking};

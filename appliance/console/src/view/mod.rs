//! What pages show, prepared: words chosen, times said, nothing left for a template to decide.

pub(crate) mod call;
pub(crate) mod call_line;
pub(crate) mod case;
pub(crate) mod clock;
pub(crate) mod contact;
pub(crate) mod phone;
pub(crate) mod row;
pub(crate) mod trace;
pub(crate) mod turn;
